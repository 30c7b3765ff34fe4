#include "filter/dsn_text.h"

#include "base/ensure.h"

static const struct dsn_words languages[] = {
	{
		.language = "en",
		.sender = "Mail Delivery System",
		.subject = {[DSN_FAILURE] = "Your message could not be delivered", [DSN_DELAY] = "Your message is delayed",
			[DSN_SUCCESS] = "Your message was delivered"},
		.greeting = "This is the mail system at %.*s.",
		.intro = {
			[DSN_FAILURE] = "Your message could not be delivered to the recipients below. It will not be tried again for them.",
			[DSN_DELAY] = "Your message could not be delivered to the recipients below yet. You need not send it again: delivery is still "
				"being tried.",
			[DSN_SUCCESS] = "You asked to be told: your message has reached the recipients below.",
		},
		.action = {[DSN_FAILED] = "not delivered", [DSN_DELAYED] = "delayed", [DSN_DELIVERED] = "delivered",
			[DSN_RELAYED] = "passed on to a server that sends no confirmations", [DSN_EXPANDED] = "delivered to a list"},
		.answered = "The server %.*s said:",
		.until = "It will be tried until ",
		.closing = {
			[DSN_FAILURE] = "Check the address and what the other server said. If that does not help, ask your administrator and quote this "
				"message.",
			[DSN_DELAY] = "If it cannot be delivered in time, you will be told.",
			[DSN_SUCCESS] = "Delivered does not mean that it was read.",
		},
		.attached_header = "The header of your message is attached.",
		.attached_whole = "Your message is attached.",
	},
	{
		.language = "zh-CN",
		.sender = "邮件投递系统",
		.subject = {[DSN_FAILURE] = "您的邮件未能送达", [DSN_DELAY] = "您的邮件延迟投递", [DSN_SUCCESS] = "您的邮件已送达"},
		.greeting = "这里是 %.*s 的邮件系统。",
		.intro = {
			[DSN_FAILURE] = "您的邮件未能送达以下收件人，系统不会再次尝试。",
			[DSN_DELAY] = "您的邮件暂时未能送达以下收件人。您无需重新发送，系统仍在尝试投递。",
			[DSN_SUCCESS] = "按照您的要求通知您：您的邮件已送达以下收件人。",
		},
		.action = {[DSN_FAILED] = "未送达", [DSN_DELAYED] = "已延迟", [DSN_DELIVERED] = "已送达",
			[DSN_RELAYED] = "已转交给不发送回执的服务器", [DSN_EXPANDED] = "已送达邮件列表"},
		.answered = "服务器 %.*s 的答复：",
		.until = "系统将尝试投递至 ",
		.closing = {
			[DSN_FAILURE] = "请检查收件人地址和对方服务器的答复。如仍有问题，请联系您的管理员，并附上本通知。",
			[DSN_DELAY] = "如果最终未能送达，您将收到通知。",
			[DSN_SUCCESS] = "已送达不代表收件人已阅读。",
		},
		.attached_header = "附件为您的邮件的信头。",
		.attached_whole = "附件为您的邮件。",
	},
	{
		.language = "zh-TW",
		.sender = "郵件投遞系統",
		.subject = {[DSN_FAILURE] = "您的郵件無法送達", [DSN_DELAY] = "您的郵件延遲投遞", [DSN_SUCCESS] = "您的郵件已送達"},
		.greeting = "這裡是 %.*s 的郵件系統。",
		.intro = {
			[DSN_FAILURE] = "您的郵件無法送達以下收件者，系統不會再次嘗試。",
			[DSN_DELAY] = "您的郵件暫時無法送達以下收件者。您無須重新傳送，系統仍在嘗試投遞。",
			[DSN_SUCCESS] = "依照您的要求通知您：您的郵件已送達以下收件者。",
		},
		.action = {[DSN_FAILED] = "未送達", [DSN_DELAYED] = "已延遲", [DSN_DELIVERED] = "已送達",
			[DSN_RELAYED] = "已轉交給不傳送回條的伺服器", [DSN_EXPANDED] = "已送達郵件清單"},
		.answered = "伺服器 %.*s 的回覆：",
		.until = "系統將嘗試投遞至 ",
		.closing = {
			[DSN_FAILURE] = "請檢查收件者地址和對方伺服器的回覆。如仍有問題，請聯絡您的管理員，並附上本通知。",
			[DSN_DELAY] = "如果最終無法送達，您將收到通知。",
			[DSN_SUCCESS] = "已送達不代表收件者已閱讀。",
		},
		.attached_header = "附件為您的郵件的信頭。",
		.attached_whole = "附件為您的郵件。",
	},
};

const struct dsn_words *dsn_words_of(struct slice language)
{
	for (size_t i = 0; i < ARRAY_LEN(languages); i++)
		if (slice_eq_nocase(language, slice_str(languages[i].language)))
			return &languages[i];
	return &languages[0];
}
