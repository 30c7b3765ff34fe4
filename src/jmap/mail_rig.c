#include "jmap/mail_rig.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "mailbox/restricted.h"
#include "mime/text.h"

static int64_t now(void *arg)
{
	return 1700000000;
}

static void randomness(void *arg, void *p, size_t n)
{
	static uint8_t last;

	memset(p, 7, n);
	if (n > 0)
		((uint8_t *)p)[n - 1] = ++last;
}

static void ready(void *owner)
{
}

static void begin(struct mail_rig *r)
{
	struct jmap_host host = {.address = SLICE("ann@example.org"), .username = SLICE("ann@example.org"), .upload_max = 1 << 20, .slice = 3, .now = now,
	                         .random = randomness};

	host.mail = r->seen != NULL ? r->seen : r->mail;
	r->jmap = jmap_create(&host);
}

void mail_rig_start(struct mail_rig *r)
{
	static bool warm;

	if (!warm)
		mime_warm();
	warm = true;
	*r = (struct mail_rig){.mail = ram_account_create()};
	begin(r);
}

void mail_rig_restrict(struct mail_rig *r, unsigned refuses)
{
	jmap_destroy(&r->jmap);
	restricted_account_destroy(&r->seen);
	r->seen = restricted_account_create(r->mail, refuses, NULL, NULL);
	begin(r);
}

void mail_rig_stop(struct mail_rig *r)
{
	json_decref(r->answer);
	jmap_destroy(&r->jmap);
	restricted_account_destroy(&r->seen);
	ram_account_destroy(&r->mail);
}

json_t *mail_rig_request(struct mail_rig *r, struct slice body)
{
	static const struct jmap_request_events events = {.ready = ready};
	struct jmap_request *request = jmap_request_create(r->jmap, &events, NULL);
	struct buf out = BUF_INIT(SIZE_MAX / 4), all = BUF_INIT(SIZE_MAX / 4);
	struct jmap_problem problem;
	enum jmap_progress progress = JMAP_RUN_BROKEN;
	json_t *ret = NULL;

	if (jmap_request_start(request, body, &problem) == 0) {
		while ((progress = jmap_request_run(request, &out)) == JMAP_RUN_AGAIN || progress == JMAP_RUN_WAIT) {
			ram_account_run(r->mail);
			buf_append(&all, buf_slice(&out));
			buf_clear(&out);
		}
		buf_append(&all, buf_slice(&out));
		ENSURE(progress == JMAP_RUN_DONE);
		ret = json_loadb((const char *)buf_slice(&all).p, buf_len(&all), JSON_ALLOW_NUL, NULL);
		if (ret == NULL)
			fprintf(stderr, "# %.*s\n", SLICE_ARG(buf_slice(&all)));
		ENSURE(ret != NULL);
	}
	jmap_request_leave(&request);
	ram_account_run(r->mail);
	buf_free(&out);
	buf_free(&all);
	return ret;
}

json_t *mail_rig_ask(struct mail_rig *r, const char *method, const char *format, ...)
{
	struct buf args = BUF_INIT(1 << 24), body = BUF_INIT(1 << 24);
	json_t *got;
	va_list list;

	va_start(list, format);
	buf_vprintf(&args, format, list);
	va_end(list);
	buf_printf(&body, "{\"using\":[\"urn:ietf:params:jmap:core\",\"urn:ietf:params:jmap:mail\",\"urn:ietf:params:jmap:quota\",\"urn:ietf:params:jmap:sieve\",\"urn:ietf:params:jmap:contacts\",\"urn:letterlock:jmap:preferences\"],\"methodCalls\":[[\"%s\",{\"accountId\":\"%.*s\"", method,
	           SLICE_ARG(jmap_account_name(r->jmap)));
	if (buf_len(&args) > 2)
		buf_append_byte(&body, ',');
	for (size_t i = 1; i < buf_len(&args); i++) {
		uint8_t c = buf_slice(&args).p[i];

		buf_append_byte(&body, c == '\'' ? '"' : c);
	}
	buf_append_str(&body, ",\"c\"]]}");
	got = mail_rig_request(r, buf_slice(&body));
	if (got == NULL)
		fprintf(stderr, "# refused: %.*s\n", SLICE_ARG(buf_slice(&body)));
	ENSURE(got != NULL);
	json_decref(r->answer);
	r->answer = got;
	buf_free(&args);
	buf_free(&body);
	return json_array_get(json_array_get(json_object_get(got, "methodResponses"), 0), 1);
}

struct last_row { uint32_t uid; uint8_t id[16]; };

static int take_last(void *arg, const struct message_row *row)
{
	struct last_row *last = arg;

	if (row->uid >= last->uid) {
		last->uid = row->uid;
		memcpy(last->id, row->email_id, 16);
	}
	return 0;
}

static const char *print_id(char letter, const uint8_t id[16])
{
	static char texts[16][40];
	static unsigned at;
	struct buf hex = BUF_INIT(40);
	char *text = texts[at++ % 16];

	hex_encode(slice_make(id, 16), &hex);
	snprintf(text, sizeof texts[0], "%c%.*s", letter, SLICE_ARG(buf_slice(&hex)));
	buf_free(&hex);
	return text;
}

const char *mail_rig_deliver(struct mail_rig *r, const char *mailbox, int64_t date, struct slice message)
{
	struct mailbox_ref ref;
	struct last_row last = {0};

	if (r->mail->ops->find(r->mail, slice_str(mailbox), &ref, NULL) != 0)
		ENSURE(r->mail->ops->create(r->mail, slice_str(mailbox), 0, &ref, NULL) == 0);
	ENSURE(ram_account_deliver(r->mail, slice_str(mailbox), message, date) == 0);
	r->mail->ops->messages(r->mail, &ref, 1, UINT32_MAX, 0, take_last, &last, NULL);
	ram_account_run(r->mail);
	return print_id('M', last.id);
}

const char *mail_rig_mailbox(struct mail_rig *r, const char *name)
{
	struct mailbox_ref ref;

	ENSURE(r->mail->ops->find(r->mail, slice_str(name), &ref, NULL) == 0);
	return print_id('F', ref.id);
}

const json_t *mail_rig_at(const json_t *value, const char *path)
{
	struct slice rest = slice_str(path), step;
	uint64_t index;

	while (value != NULL && slice_split(&rest, '/', &step)) {
		if (json_is_array(value))
			value = slice_to_u64(step, &index) == 0 ? json_array_get(value, (size_t)index) : NULL;
		else
			value = json_object_getn(value, (const char *)step.p, step.n);
	}
	return value;
}

const char *mail_rig_text(const json_t *value, const char *path)
{
	const char *text = json_string_value(mail_rig_at(value, path));

	return text == NULL ? "" : text;
}
