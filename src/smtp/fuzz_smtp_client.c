/* The client engine against any host. No recipient may get two results, and nothing is said to be done that was not sent to its end. */
#include "base/ensure.h"
#include "smtp/client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECIPIENTS 5

struct sender {
	struct smtp_client *client;
	struct smtp_client_message message;
	struct smtp_client_recipient recipients[RECIPIENTS];
	unsigned results[RECIPIENTS], rounds, pieces;
	bool tls, ended;
};

static void on_starttls(void *owner)
{
	((struct sender *)owner)->tls = true;
}

static void begin(void *owner)
{
	struct sender *s = owner;
	s->pieces = 3;
	for (unsigned i = 0; i < RECIPIENTS; i++)
		s->results[i] = 0;
	if (s->rounds-- == 0)
		smtp_client_quit(s->client);
	else
		smtp_client_send(s->client, &s->message);
}

static void on_recipient(void *owner, size_t index, const struct smtp_reply *reply)
{
	struct sender *s = owner;
	ENSURE(index < RECIPIENTS && s->results[index]++ == 0 && reply->code >= 200 && reply->code < 600);
}

static void on_done(void *owner)
{
	struct sender *s = owner;
	for (unsigned i = 0; i < RECIPIENTS; i++)
		ENSURE(s->results[i] == 1);
	begin(s);
}

static int on_body(void *owner, struct buf *out)
{
	struct sender *s = owner;
	ENSURE(s->pieces > 0);
	buf_append_str(out, ".line\r\n.\r\n");
	return --s->pieces > 0 ? SMTP_BODY_MORE : SMTP_BODY_DONE;
}

static void on_failed(void *owner, enum smtp_client_stage stage, const struct smtp_reply *reply)
{
	((struct sender *)owner)->ended = true;
}

static void on_closed(void *owner)
{
	((struct sender *)owner)->ended = true;
}

static void on_wake(void *owner)
{
}

static const struct smtp_client_events events = {
	.starttls = on_starttls, .opened = begin, .recipient = on_recipient, .message_done = on_done, .body = on_body, .failed = on_failed,
	.closed = on_closed, .wake = on_wake,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	struct smtp_client_settings set = {.helo = SLICE("me"), .lmtp = (data[0] & 1) != 0, .tls = (enum smtp_client_tls)(data[0] >> 1 & 1)};
	if (data[0] & 4) {
		set.user = SLICE("u");
		set.password = SLICE("p");
		set.auth_in_clear = true;
	}
	struct sender s = {.rounds = 2};
	for (unsigned i = 0; i < RECIPIENTS; i++)
		s.recipients[i].address = SLICE("a@b.example");
	s.message = (struct smtp_client_message){.reverse_path = SLICE("c@d"), .size = 30, .smtputf8 = (data[0] & 8) != 0,
	                                         .body_binary = (data[0] & 16) != 0,
	                                         .recipients = s.recipients, .recipient_count = RECIPIENTS};
	s.client = smtp_client_create(&set, &events, &s);
	struct buf in = BUF_INIT(1u << 20), out = BUF_INIT(1u << 20);
	size_t cut = data[1] % 31 + 1;
	for (size_t at = 2; at < size && !s.ended; at += cut) {
		buf_append(&in, slice_sub(slice_make(data, size), at, at + cut));
		smtp_client_pump(s.client, &in, &out);
		buf_clear(&out);
		if (s.tls) {
			s.tls = false;
			smtp_client_secured(s.client);
		}
	}
	smtp_client_destroy(&s.client);
	buf_free(&in);
	buf_free(&out);
	return 0;
}
