#include "filter/notice_text.h"

#include "base/ensure.h"

static const char *const languages[NOTICE_LANGUAGES] = {[NOTICE_EN] = "en", [NOTICE_ZH_CN] = "zh-CN", [NOTICE_ZH_TW] = "zh-TW"};

const struct notice_frame notice_frames[NOTICE_LANGUAGES] = {
	[NOTICE_EN] = {"This is the mail system at {host}.", "This letter was written by the system; nobody reads answers to it."},
	[NOTICE_ZH_CN] = {"这里是 {host} 的邮件系统。", "本邮件由系统自动发出，请勿回复。"},
	[NOTICE_ZH_TW] = {"這裡是 {host} 的郵件系統。", "本郵件由系統自動發出，請勿回覆。"},
};

const struct notice_words notice_words[NOTICE_COUNT][NOTICE_LANGUAGES] = {
	[NOTICE_SIGNIN_CODE] = {
		{"Your sign-in code", "Your code: {code}\n\nIt works once and for {minutes} minutes. Give it to nobody, whoever asks.\n\n"
			"If you are not signing in now, somebody knows your password: change it."},
		{"您的登录验证码", "您的验证码：{code}\n\n验证码仅可使用一次，{minutes} 分钟内有效。无论谁索要，都请勿告知。\n\n"
			"如果您此刻没有登录，说明有人知道您的密码，请立即修改密码。"},
		{"您的登入驗證碼", "您的驗證碼：{code}\n\n驗證碼僅可使用一次，{minutes} 分鐘內有效。無論誰索取，都請勿告知。\n\n"
			"如果您此刻沒有登入，表示有人知道您的密碼，請立即變更密碼。"},
	},
	[NOTICE_SIGNIN_UNUSUAL] = {
		{"An unusual sign-in to your account", "Somebody signed in to your account in a way that is unusual for you.\n\n"
			"  Time: {time}\n  Service: {service}\n  Address: {ip}\n  Unusual: {why}\n\n"
			"If it was you, there is nothing to do. If it was not, change your password and end all sessions, then tell your administrator."},
		{"您的账号有异常登录", "有人以异常的方式登录了您的账号。\n\n  时间：{time}\n  服务：{service}\n  地址：{ip}\n  异常：{why}\n\n"
			"如果是您本人，无需处理。如果不是，请修改密码并结束所有会话，然后告知管理员。"},
		{"您的帳號有異常登入", "有人以異常的方式登入了您的帳號。\n\n  時間：{time}\n  服務：{service}\n  位址：{ip}\n  異常：{why}\n\n"
			"如果是您本人，無須處理。如果不是，請變更密碼並結束所有工作階段，然後告知管理員。"},
	},
	[NOTICE_SIGNIN_UNUSUAL_OFFICER] = {
		{"An unusual sign-in to an account", "A sign-in is unusual for its account. The owner was told as well.\n\n"
			"  Account: {address}\n  Time: {time}\n  Service: {service}\n  Address: {ip}\n  Unusual: {why}\n\n"
			"You get this because you are a security officer."},
		{"有账号出现异常登录", "某账号出现异常登录，账号所有者也已收到通知。\n\n  账号：{address}\n  时间：{time}\n  服务：{service}\n  地址：{ip}\n  异常：{why}\n\n"
			"您是安全管理员，因此收到本通知。"},
		{"有帳號出現異常登入", "某帳號出現異常登入，帳號擁有者也已收到通知。\n\n  帳號：{address}\n  時間：{time}\n  服務：{service}\n  位址：{ip}\n  異常：{why}\n\n"
			"您是資安管理員，因此收到本通知。"},
	},
	[NOTICE_DEVICE_WAITS] = {
		{"A new device waits for approval", "A new device wants to use your account. Until it is approved it gets nothing.\n\n"
			"  Device: {device}\n  Service: {service}\n  Address: {ip}\n  Time: {time}\n\n"
			"If it is not yours, block it and change your password."},
		{"有新设备等待批准", "有新设备要使用您的账号，批准之前它无法访问任何内容。\n\n  设备：{device}\n  服务：{service}\n  地址：{ip}\n  时间：{time}\n\n"
			"如果不是您的设备，请将其阻止并修改密码。"},
		{"有新裝置等待核准", "有新裝置要使用您的帳號，核准之前它無法存取任何內容。\n\n  裝置：{device}\n  服務：{service}\n  位址：{ip}\n  時間：{time}\n\n"
			"如果不是您的裝置，請將其封鎖並變更密碼。"},
	},
	[NOTICE_PASSWORD_CHANGED] = {
		{"Your password was changed", "The password of your account was changed at {time}.\n\nIf it was not you, tell your administrator at once."},
		{"您的密码已修改", "您账号的密码已于 {time} 修改。\n\n如果不是您本人操作，请立即告知管理员。"},
		{"您的密碼已變更", "您帳號的密碼已於 {time} 變更。\n\n如果不是您本人操作，請立即告知管理員。"},
	},
	[NOTICE_PASSWORD_RESET] = {
		{"Your password was reset", "A new password was set for your account at {time} by {actor}.\n\nIf you did not expect this, tell your security officer at once."},
		{"您的密码已被重置", "{actor} 已于 {time} 为您的账号设置新密码。\n\n如果您对此不知情，请立即告知安全管理员。"},
		{"您的密碼已被重設", "{actor} 已於 {time} 為您的帳號設定新密碼。\n\n如果您對此不知情，請立即告知資安管理員。"},
	},
	[NOTICE_FACTOR_ADDED] = {
		{"A second factor was added", "A second factor was added to your account at {time}: {kind}.\n\nIf it was not you, remove it, change your password and tell "
			"your administrator."},
		{"已添加第二验证因素", "您的账号已于 {time} 添加第二验证因素：{kind}。\n\n如果不是您本人操作，请将其移除，修改密码并告知管理员。"},
		{"已新增第二驗證因素", "您的帳號已於 {time} 新增第二驗證因素：{kind}。\n\n如果不是您本人操作，請將其移除，變更密碼並告知管理員。"},
	},
	[NOTICE_FACTOR_REMOVED] = {
		{"A second factor was removed", "A second factor of your account was removed at {time} by {actor}: {kind}.\n\nIf you did not expect this, change your password "
			"and tell your administrator."},
		{"第二验证因素已移除", "{actor} 已于 {time} 移除您账号的第二验证因素：{kind}。\n\n如果您对此不知情，请修改密码并告知管理员。"},
		{"第二驗證因素已移除", "{actor} 已於 {time} 移除您帳號的第二驗證因素：{kind}。\n\n如果您對此不知情，請變更密碼並告知管理員。"},
	},
	[NOTICE_RECOVERY_USED] = {
		{"Your recovery code was used", "At {time} a new password was set for your account with its recovery code. That code is spent.\n\n"
			"If it was not you, tell your administrator at once."},
		{"您的恢复码已被使用", "有人于 {time} 使用恢复码为您的账号设置了新密码，该恢复码已失效。\n\n如果不是您本人操作，请立即告知管理员。"},
		{"您的復原碼已被使用", "有人於 {time} 使用復原碼為您的帳號設定了新密碼，該復原碼已失效。\n\n如果不是您本人操作，請立即告知管理員。"},
	},
	[NOTICE_MAILBOX_OPENED] = {
		{"Somebody else opened your mailbox", "{actor} opened your mailbox at {time} from {ip}, as a delegate.\n\n"
			"You see all such openings in your account. If this person should not have access, remove the delegation."},
		{"他人打开了您的邮箱", "{actor} 已于 {time} 作为代理人从 {ip} 打开您的邮箱。\n\n您可以在账号中查看所有此类访问。如果此人不应有权访问，请移除委托。"},
		{"他人開啟了您的信箱", "{actor} 已於 {time} 作為代理人從 {ip} 開啟您的信箱。\n\n您可以在帳號中檢視所有此類存取。如果此人不應有權存取，請移除委託。"},
	},
	[NOTICE_MAILBOX_RECOVERED] = {
		{"Your mailbox was opened with escrowed keys", "Your mailbox was given to {actor} at {time}, with the keys of the custodians. Approved by: {approver}."},
		{"您的邮箱已通过托管密钥打开", "您的邮箱已于 {time} 通过托管人的密钥交给 {actor}。批准人：{approver}。"},
		{"您的信箱已透過託管金鑰開啟", "您的信箱已於 {time} 透過託管人的金鑰交給 {actor}。核准人：{approver}。"},
	},
	[NOTICE_TLS_EXPIRES] = {
		{"A TLS certificate is about to expire", "The TLS certificate of {host} expires at {until}. After that, programs refuse to connect. Renew it and reload the server."},
		{"TLS 证书即将过期", "{host} 的 TLS 证书将于 {until} 过期，届时客户端将拒绝连接。请更新证书并重新加载服务器。"},
		{"TLS 憑證即將到期", "{host} 的 TLS 憑證將於 {until} 到期，屆時用戶端將拒絕連線。請更新憑證並重新載入伺服器。"},
	},
	[NOTICE_SENDING_SUSPENDED] = {
		{"Sending from your account is suspended", "Since {time} your account cannot send mail: {why}. You still receive mail.\n\nAsk your administrator."},
		{"您的账号已暂停发信", "您的账号自 {time} 起无法发送邮件：{why}。收信不受影响。\n\n请联系管理员。"},
		{"您的帳號已暫停寄信", "您的帳號自 {time} 起無法傳送郵件：{why}。收信不受影響。\n\n請聯絡管理員。"},
	},
	[NOTICE_SENDING_SUSPENDED_OFFICER] = {
		{"An account can no longer send", "An account lost the right to send. It still reads and receives mail; what waited to leave is held. The owner was told as "
			"well.\n\n  Account: {address}\n  Time: {time}\n  Reason: {why}\n  By: {actor}\n\n"
			"To give the right back, with the mail that is held or without it:\n\n  letterlock user sending {address} allow --release\n"
			"  letterlock user sending {address} allow --drop\n\nYou get this because you are a security officer."},
		{"某账号已暂停发信", "某账号已失去发信权限，读信和收信不受影响，待发邮件已暂停投递，账号所有者也已收到通知。\n\n  账号：{address}\n  时间：{time}\n  原因：{why}\n"
			"  操作者：{actor}\n\n恢复发信，并投递或丢弃已暂停的邮件：\n\n  letterlock user sending {address} allow --release\n"
			"  letterlock user sending {address} allow --drop\n\n您是安全管理员，因此收到本通知。"},
		{"某帳號已暫停寄信", "某帳號已失去寄信權限，讀信和收信不受影響，待寄郵件已暫停投遞，帳號擁有者也已收到通知。\n\n  帳號：{address}\n  時間：{time}\n  原因：{why}\n"
			"  操作者：{actor}\n\n恢復寄信，並投遞或捨棄已暫停的郵件：\n\n  letterlock user sending {address} allow --release\n"
			"  letterlock user sending {address} allow --drop\n\n您是資安管理員，因此收到本通知。"},
	},
	[NOTICE_ACCOUNT_ISOLATED] = {
		{"What your account may do was changed", "Since {time} this holds for your account: {kind}.\n\nIf you do not know why, ask your security officer."},
		{"您账号的权限已变更", "您的账号自 {time} 起：{kind}。\n\n如不清楚原因，请联系安全管理员。"},
		{"您帳號的權限已變更", "您的帳號自 {time} 起：{kind}。\n\n如不清楚原因，請聯絡資安管理員。"},
	},
	[NOTICE_SENDING_RESTORED] = {
		{"Your account can send again", "Since {time} your account can send mail again."},
		{"您的账号已恢复发信", "您的账号已于 {time} 恢复发信。"},
		{"您的帳號已恢復寄信", "您的帳號已於 {time} 恢復寄信。"},
	},
	[NOTICE_ACCOUNT_UNUSED] = {
		{"Your account will be disabled", "Your account has not been used for a long time. It will be disabled at {until}.\n\nTo keep it, sign in before then."},
		{"您的账号将被停用", "您的账号长期未使用，将于 {until} 停用。\n\n如需保留，请在此之前登录。"},
		{"您的帳號將被停用", "您的帳號長期未使用，將於 {until} 停用。\n\n如需保留，請在此之前登入。"},
	},
	[NOTICE_QUARANTINE_HELD] = {
		{"Messages for you are held in quarantine", "{count} message(s) for you that arrived before {time} are held in quarantine, because they may be dangerous.\n\n"
			"Nobody but you can read them, and the security officers where your organisation has set up a mailbox for that. If you expect something that "
			"has not arrived, ask your security officer to look for it. What nobody asks for is deleted after a while."},
		{"有发给您的邮件被隔离", "截至 {time}，有 {count} 封发给您的邮件因可能存在危险而被隔离。\n\n"
			"除您本人以及（贵单位设有审核邮箱时的）安全管理员外，任何人都无法阅读这些邮件。如果您在等待的邮件没有收到，请联系安全管理员查找。"
			"无人查询的隔离邮件将在一段时间后删除。"},
		{"有寄給您的郵件被隔離", "截至 {time}，有 {count} 封寄給您的郵件因可能有危險而被隔離。\n\n"
			"除了您本人以及（貴單位設有審核信箱時的）資安管理員外，任何人都無法閱讀這些郵件。如果您在等的郵件沒有收到，請聯絡資安管理員查找。"
			"無人查詢的隔離郵件將在一段時間後刪除。"},
	},
	[NOTICE_SIEVE_FAILED] = {
		{"Your mail filter ended with an error", "The script that sorts your mail ended with an error at {time}, in line {line}:\n\n  {what}\n\n"
			"The message is in your inbox; no message is lost by this. You are told once a day at most. Please correct the script."},
		{"您的邮件过滤规则出错", "{time}，整理您邮件的过滤脚本在第 {line} 行出错：\n\n  {what}\n\n该邮件已放入收件箱，不会因此丢失任何邮件。"
			"此类通知每天最多发送一次。请修改该脚本。"},
		{"您的郵件篩選規則發生錯誤", "{time}，整理您郵件的篩選指令碼在第 {line} 行發生錯誤：\n\n  {what}\n\n該郵件已放入收件匣，不會因此遺失任何郵件。"
			"此類通知每天最多傳送一次。請修正該指令碼。"},
	},
	[NOTICE_SIEVE_REDIRECT] = {
		{"Mail was not forwarded", "Your mail filter wanted to forward a message to {to} at {time}. The rules of your organisation do not allow that, "
			"or nobody is there.\n\nThe message is in your mailbox. You are told once a day at most. If the forwarding is needed, ask your "
			"security officer."},
		{"邮件未转发", "{time}，您的邮件过滤规则要把一封邮件转发到 {to}。贵单位的规定不允许这样做，或该地址不存在。\n\n该邮件仍在您的邮箱中。"
			"此类通知每天最多发送一次。如确需转发，请联系安全管理员。"},
		{"郵件未轉寄", "{time}，您的郵件篩選規則要把一封郵件轉寄到 {to}。貴單位的規定不允許這樣做，或該地址不存在。\n\n該郵件仍在您的信箱中。"
			"此類通知每天最多傳送一次。如確需轉寄，請聯絡資安管理員。"},
	},
	[NOTICE_DNS_WRONG] = {
		{"DNS records of a mail domain are wrong", "Two checks in a row found wrong records of {domain} in DNS, the last one at {time}:\n\n  {what}\n\n"
			"Mail may be lost or refused because of it. What the records must be: letterlock domain check {domain}"},
		{"邮件域名的 DNS 记录有误", "连续两次检查发现 {domain} 的 DNS 记录有误，最近一次为 {time}：\n\n  {what}\n\n"
			"邮件可能因此丢失或被拒收。查看正确的记录：letterlock domain check {domain}"},
		{"郵件網域的 DNS 記錄有誤", "連續兩次檢查發現 {domain} 的 DNS 記錄有誤，最近一次為 {time}：\n\n  {what}\n\n"
			"郵件可能因此遺失或被拒收。檢視正確的記錄：letterlock domain check {domain}"},
	},
	[NOTICE_REPORTS_FAIL] = {
		{"Mail in the name of your domain fails", "Other organisations report {count} messages in the name of {domain} that failed its policy (DMARC). Most came from:\n\n  {what}\n\n"
			"Find out whose these senders are. Is it a service of yours, let it sign with DKIM for {domain} or name it in SPF. Is it a stranger, nothing is wrong: a policy "
			"of quarantine or reject keeps such mail from its readers. Once your own senders pass, that stricter policy is the next step; with all reports it stands in: "
			"letterlock domain reports {domain}"},
		{"有以您的域名发送的邮件未通过验证", "其他单位报告，有 {count} 封以 {domain} 名义发送的邮件未通过该域名的策略（DMARC）。主要来源：\n\n  {what}\n\n"
			"请查明这些发件来源。如果是贵单位使用的服务，请为 {domain} 启用 DKIM 签名，或将其加入 SPF。如果是陌生来源，则无需处理：quarantine 或 reject "
			"策略会阻止此类邮件。待自有发件来源全部通过后，下一步应采用更严格的策略；建议和全部报告请见：letterlock domain reports {domain}"},
		{"有以您的網域寄送的郵件未通過驗證", "其他單位回報，有 {count} 封以 {domain} 名義寄送的郵件未通過該網域的政策（DMARC）。主要來源：\n\n  {what}\n\n"
			"請查明這些寄件來源。如果是貴單位使用的服務，請為 {domain} 啟用 DKIM 簽章，或將其加入 SPF。如果是陌生來源，則無需處理：quarantine 或 reject "
			"政策會阻止此類郵件。待自有寄件來源全部通過後，下一步應採用更嚴格的政策；建議與全部回報請見：letterlock domain reports {domain}"},
	},
	[NOTICE_REPORTS_TLS_FAIL] = {
		{"Connections to your mail servers could not be secured", "Other organisations report {count} connections for mail to {domain} whose TLS failed:\n\n  {what}\n\n"
			"Look at the certificate of your mail servers (name, end, authority), at the MTA-STS policy and at TLSA records: letterlock domain check {domain}. While a policy is "
			"enforced, mail may be late or return to its senders. All reports: letterlock domain reports {domain}"},
		{"到贵单位邮件服务器的连接未能加密", "其他单位报告，有 {count} 次发往 {domain} 的邮件连接 TLS 失败：\n\n  {what}\n\n"
			"请检查邮件服务器的证书（名称、有效期、颁发机构）、MTA-STS 策略和 TLSA 记录：letterlock domain check {domain}。策略处于强制模式时，邮件可能延迟或被退回。"
			"查看全部报告：letterlock domain reports {domain}"},
		{"到貴單位郵件伺服器的連線未能加密", "其他單位回報，有 {count} 次寄往 {domain} 的郵件連線 TLS 失敗：\n\n  {what}\n\n"
			"請檢查郵件伺服器的憑證（名稱、有效期限、核發機構）、MTA-STS 政策和 TLSA 記錄：letterlock domain check {domain}。政策處於強制模式時，郵件可能延遲或被退回。"
			"檢視全部回報：letterlock domain reports {domain}"},
	},
	[NOTICE_CERTIFICATE_EXPIRES] = {
		{"A certificate of your device is about to expire", "The certificate of your device \"{device}\" ends at {until}. After that the device cannot sign in with it.\n\n"
			"To keep it signed in, ask for a new certificate before then: letterlock device certificate request"},
		{"您设备的证书即将过期", "您的设备“{device}”的证书将于 {until} 过期，届时该设备无法再用此证书登录。\n\n"
			"如需继续使用，请在此之前申请新证书：letterlock device certificate request"},
		{"您裝置的憑證即將到期", "您的裝置「{device}」的憑證將於 {until} 到期，屆時該裝置無法再用此憑證登入。\n\n"
			"如需繼續使用，請在此之前申請新憑證：letterlock device certificate request"},
	},
	[NOTICE_CONTACT_CHANGED_OFFICER] = {
		{"Where alarms to a colleague go was changed", "The contact address of {address} was changed at {time} by {actor}. Letters of the system to this account, alarms "
			"too, go there now.\n\nAsk the colleague. You get this because you are a security officer."},
		{"同事的告警联系地址已更改", "{address} 的联系地址已由 {actor} 于 {time} 更改。发给该账号的系统邮件（包括告警）今后将发往新地址。\n\n"
			"请向该同事核实。您是安全管理员，因此收到本通知。"},
		{"同事的警示聯絡地址已變更", "{address} 的聯絡地址已由 {actor} 於 {time} 變更。寄給該帳號的系統郵件（包括警示）今後將寄往新地址。\n\n"
			"請向該同事核實。您是資安管理員，因此收到本通知。"},
	},
	[NOTICE_BREAK_GLASS_OFFICER] = {
		{"ALARM: the emergency access was used", "Somebody used the emergency access of the local root.\n\n  Who: {actor}\n  What: {op} {object}\n  Reason given: {reason}\n"
			"  Time: {time}\n\nFind out whether this had to be. The audit log has every act. You get this because you are a security officer."},
		{"告警：紧急访问已被使用", "有人使用了本机 root 的紧急访问。\n\n  操作者：{actor}\n  操作：{op} {object}\n  所述理由：{reason}\n  时间：{time}\n\n"
			"请核实是否确有必要。审计日志记录了每一项操作。您是安全管理员，因此收到本通知。"},
		{"警示：緊急存取已被使用", "有人使用了本機 root 的緊急存取。\n\n  操作者：{actor}\n  操作：{op} {object}\n  所述理由：{reason}\n  時間：{time}\n\n"
			"請核實是否確有必要。稽核日誌記錄了每一項操作。您是資安管理員，因此收到本通知。"},
	},
};

static const struct { const char *word, *in[NOTICE_LANGUAGES]; } words[] = {
	{"totp", {"a program with six digits (TOTP)", "动态口令应用（TOTP）", "動態密碼應用程式（TOTP）"}},
	{"webauthn", {"a security key or passkey", "安全密钥或通行密钥", "安全金鑰或通行密鑰"}},
	{"codes", {"reserve codes", "备用码", "備用碼"}},
	{"list", {"a printed list of codes", "打印的代码表", "列印的代碼表"}},
	{"mail", {"codes by mail", "邮件验证码", "郵件驗證碼"}},
	{"sms", {"codes by SMS", "短信验证码", "簡訊驗證碼"}},
	{"all", {"all of them", "全部", "全部"}},
	{"web", {"web", "网页", "網頁"}},
	{"submission", {"sending mail", "发信", "寄信"}},
	{"imap", {"IMAP", "IMAP", "IMAP"}},
	{"pop3", {"POP3", "POP3", "POP3"}},
	{"many messages", {"many messages", "发信过多", "寄信過多"}},
	{"a flood of messages", {"a flood of messages", "短时间内大量发信", "短時間內大量寄信"}},
	{"many recipients in other organisations", {"many recipients in other organisations", "组织外收件人过多", "組織外收件者過多"}},
	{"many recipients it never wrote to", {"many recipients it never wrote to", "大量首次联系的收件人", "大量首次聯絡的收件者"}},
	{"many recipients that do not exist", {"many recipients that do not exist", "大量不存在的收件人", "大量不存在的收件者"}},
	{"many messages that came back", {"many messages that came back", "大量退信", "大量退信"}},
	{"far more than its habit", {"far more than its habit", "远超平时发信量", "遠超平時寄信量"}},
	{"none", {"nothing is restricted", "无限制", "無限制"}},
	{"no-external", {"no mail to other organisations", "不能向组织外发信", "不能向組織外寄信"}},
	{"no-sending", {"no sending", "不能发信", "不能寄信"}},
	{"read-only", {"reading only", "只读", "唯讀"}},
	{"no-session", {"no sign-in", "不能登录", "不能登入"}},
	{"a security officer did it", {"a security officer did it", "由安全管理员操作", "由資安管理員操作"}},
	{"new network", {"a network that is new for you", "首次出现的网络", "首次出現的網路"}},
	{"failed tries before", {"failed tries before it", "此前有多次失败尝试", "此前有多次失敗嘗試"}},
	{"many names were tried from there", {"many names were tried from there", "该网络曾尝试大量用户名", "該網路曾嘗試大量使用者名稱"}},
	{"off hours", {"outside of working hours", "非工作时间", "非工作時間"}},
	{"an hour of the day that is not usual for the account", {"an hour of the day that is not usual for you", "非常用时段", "非慣用時段"}},
	{"new country", {"a country that is new for you", "首次出现的国家或地区", "首次出現的國家或地區"}},
	{"nobody travels that fast", {"two places so far apart that nobody travels that fast", "两地相距过远，短时间内无法到达", "兩地相距過遠，短時間內無法抵達"}},
};

enum notice_language notice_language_of(struct slice language)
{
	for (unsigned i = 0; i < NOTICE_LANGUAGES; i++)
		if (slice_eq_nocase(language, slice_str(languages[i])))
			return (enum notice_language)i;
	return NOTICE_EN;
}

enum notice notice_find(struct slice name)
{
	unsigned i = 0;
	while (i < NOTICE_COUNT && !slice_eq(name, slice_str(notice_name((enum notice)i))))
		i++;
	return (enum notice)i;
}

struct slice notice_word(struct slice word, enum notice_language language)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_eq(word, slice_str(words[i].word)))
			return slice_str(words[i].in[language]);
	return word;
}
