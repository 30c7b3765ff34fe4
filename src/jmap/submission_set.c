/* EmailSubmission/set (RFC 8621 7.5). */
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/utf8.h"
#include "jmap/date.h"
#include "jmap/submission_set.h"
#include "jmap/write.h"
#include "mime/address.h"
#include "mime/header.h"

#define PIECE 262144u

/* One creation under way. */
struct sending {
	struct jmap_send send;
	struct jmap_letter *letter;
	struct jmap_email email;
	struct jmap_sent_data data;
	struct digest digest;
	uint32_t prefix;
	bool begun;
};

/* ---- the envelope ---- */

static bool is_text_or_null(const json_t *value)
{
	return value == NULL || json_is_null(value) || json_is_string(value);
}

/* RFC 3461 4: the values stand there as they mean. */
static struct slice xtext(struct jmap_call *call, struct slice in)
{
	struct buf out = BUF_INIT(4000);
	struct slice ret;

	for (size_t i = 0; i < in.n; i++) {
		if (in.p[i] < 33 || in.p[i] > 126 || in.p[i] == '+' || in.p[i] == '=')
			buf_printf(&out, "+%02X", in.p[i]);
		else
			buf_append_byte(&out, in.p[i]);
	}
	ret = arena_dup(&call->arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

/* RFC 4865. */
static bool take_hold(struct jmap_call *call, struct slice name, struct slice value, int64_t *due)
{
	uint32_t seconds;

	if (slice_eq_nocase(name, SLICE("HOLDFOR"))) {
		if (slice_to_u32(value, &seconds) < 0)
			return false;
		*due = jmap_now(call) + seconds;
		return true;
	}
	return jmap_date_parse(value, false, due) == 0;
}

static bool take_mail_parameter(struct jmap_call *call, struct slice name, struct slice value, struct jmap_send *send)
{
	if (slice_starts_nocase(name, SLICE("HOLD")))
		return take_hold(call, name, value, &send->due);
	if (slice_eq_nocase(name, SLICE("RET"))) {
		send->ret = value;
		return slice_eq_nocase(value, SLICE("FULL")) || slice_eq_nocase(value, SLICE("HDRS"));
	}
	if (slice_eq_nocase(name, SLICE("ENVID"))) {
		send->envid = xtext(call, value);
		return value.n > 0 && value.n <= 100;
	}
	send->requiretls = send->requiretls || slice_eq_nocase(name, SLICE("REQUIRETLS"));
	send->smtputf8 = send->smtputf8 || slice_eq_nocase(name, SLICE("SMTPUTF8"));
	return slice_eq_nocase(name, SLICE("REQUIRETLS")) || slice_eq_nocase(name, SLICE("SMTPUTF8")) || slice_eq_nocase(name, SLICE("SIZE"))
	       || slice_eq_nocase(name, SLICE("BODY"));
}

static bool take_rcpt_parameter(struct jmap_call *call, struct slice name, struct slice value, struct jmap_send_recipient *r)
{
	if (slice_eq_nocase(name, SLICE("NOTIFY"))) {
		r->notify = value;
		return value.n > 0;
	}
	if (slice_eq_nocase(name, SLICE("ORCPT"))) {
		ptrdiff_t at = slice_find(value, ';');

		r->orcpt = at > 0 ? arena_printf(&call->arena, "%.*s%.*s", (int)at + 1, (const char *)value.p, SLICE_ARG(xtext(call, slice_from(value, (size_t)at + 1))))
			: SLICE_NONE;
		return at > 0;
	}
	return false;
}

static bool take_address(const json_t *object, struct slice *ret)
{
	const json_t *parameters = json_object_get(object, "parameters");

	*ret = jmap_text(json_object_get(object, "email"));
	return json_is_object(object) && build_email_ok(*ret) && (parameters == NULL || json_is_null(parameters) || json_is_object(parameters));
}

static bool take_mail_from(struct jmap_call *call, const json_t *object, struct jmap_send *send)
{
	const char *name;
	json_t *value;

	if (!take_address(object, &send->mail_from))
		return false;
	json_object_foreach(json_object_get(object, "parameters"), name, value)
		if (!is_text_or_null(value) || !take_mail_parameter(call, slice_str(name), jmap_text(value), send))
			return false;
	return true;
}

static bool take_rcpt_to(struct jmap_call *call, const json_t *list, struct jmap_send *send)
{
	const json_t *one;
	size_t i;

	send->recipients = arena_alloc_array(&call->arena, json_array_size(list) + 1, sizeof *send->recipients);
	json_array_foreach(list, i, one) {
		const char *name;
		json_t *value;

		if (!take_address(one, &send->recipients[i].address))
			return false;
		json_object_foreach(json_object_get(one, "parameters"), name, value)
			if (!is_text_or_null(value) || !take_rcpt_parameter(call, slice_str(name), jmap_text(value), &send->recipients[i]))
				return false;
	}
	send->recipient_count = json_array_size(list);
	return json_is_array(list);
}

static bool is_known(const struct jmap_send *send, struct slice address)
{
	for (size_t i = 0; i < send->recipient_count; i++)
		if (slice_eq_nocase(send->recipients[i].address, address))
			return true;
	return false;
}

static void derive_recipients(struct jmap_call *call, const struct mime_envelope *v, struct jmap_send *send)
{
	const struct mime_address *lists[] = {v->to, v->cc, v->bcc};
	size_t room = 0;

	for (size_t i = 0; i < 3; i++)
		for (const struct mime_address *a = lists[i]; a != NULL; a = a->next)
			room++;
	send->recipients = arena_alloc_array(&call->arena, room + 1, sizeof *send->recipients);
	for (size_t i = 0; i < 3; i++) {
		for (const struct mime_address *a = mime_address_next(lists[i]); a != NULL; a = mime_address_next(a->next)) {
			struct slice spec = mime_address_spec(a, &call->arena);

			if (spec.n > 0 && !is_known(send, spec))
				send->recipients[send->recipient_count++].address = spec;
		}
	}
}

static struct slice first_address(const struct mime_address *list, struct arena *arena)
{
	const struct mime_address *a = mime_address_next(list);

	return a != NULL ? mime_address_spec(a, arena) : SLICE_NONE;
}

/* RFC 8621 7.5: from the email when the client gives none. */
static bool take_envelope(struct jmap_call *call, struct jmap_set_item *item, struct sending *s)
{
	const json_t *envelope = json_object_get(item->object, "envelope");

	if (envelope == NULL || json_is_null(envelope)) {
		s->send.mail_from = first_address(s->digest.envelope.sender, &call->arena);
		derive_recipients(call, &s->digest.envelope, &s->send);
		return true;
	}
	if (json_is_object(envelope) && json_object_size(envelope) == 2 && take_mail_from(call, json_object_get(envelope, "mailFrom"), &s->send)
	    && take_rcpt_to(call, json_object_get(envelope, "rcptTo"), &s->send))
		return true;
	(void)jmap_set_invalid(item, "envelope");
	return false;
}

/* What is sent within a few seconds is sent at once. */
static bool take_time(struct jmap_call *call, struct jmap_set_item *item, struct sending *s)
{
	const json_t *at = json_object_get(item->object, "sendAt");

	if (at != NULL && !json_is_null(at) && jmap_date_parse(jmap_text(at), true, &s->send.due) < 0) {
		(void)jmap_set_invalid(item, "sendAt");
		return false;
	}
	if (s->send.due > jmap_now(call) + JMAP_SEND_DELAY_MAX) {
		(void)jmap_set_invalid(item, at != NULL ? "sendAt" : "envelope");
		return false;
	}
	if (s->send.due <= jmap_now(call))
		s->send.due = 0;
	return true;
}

/* ---- the email ---- */

static enum jmap_step take_email(struct jmap_call *call, struct jmap_set_item *item, struct sending *s)
{
	struct slice id = SLICE_NONE, encoded;
	int rc = ERR_NOT_FOUND;

	if (jmap_id_resolve(call, jmap_text(json_object_get(item->object, "emailId")), &id))
		rc = jmap_email_find_text(jmap_mail(call), id, &call->arena, &s->email);
	if (rc < 0)
		return rc == ERR_NOT_FOUND ? jmap_set_invalid(item, "emailId") : jmap_set_error_code(item, rc);
	rc = jmap_mail(call)->ops->digest(jmap_mail(call), &s->email.rows[0].mailbox, s->email.rows[0].uid, false, &call->arena, &encoded, &s->prefix, NULL);
	if (rc == 0)
		rc = digest_decode_structure(encoded, &call->arena, &s->digest);
	if (rc < 0)
		return jmap_set_error_code(item, rc);
	if (s->digest.opaque)
		return jmap_set_error(item, "invalidEmail", SLICE_NONE);
	s->data.email = arena_dup(&call->arena, id);
	s->data.thread = SLICE_NONE;
	struct buf thread = BUF_INIT(64);
	jmap_id_print('T', s->email.thread_id, &thread);
	s->data.thread = arena_dup(&call->arena, buf_slice(&thread));
	buf_free(&thread);
	return JMAP_DONE;
}

/* Everybody in From is somebody whom this session may be. */
static bool from_good(struct jmap_call *call, const struct jmap_sender *sender, const struct digest *digest)
{
	const struct mime_address *a = mime_address_next(digest->envelope.from);
	bool good = a != NULL;

	for (; a != NULL && good; a = mime_address_next(a->next))
		good = jmap_sender_owns(sender, mime_address_spec(a, &call->arena));
	return good;
}

static bool has_high(struct slice bytes)
{
	return !slice_is_ascii(bytes);
}

/* As it is stored, without what delivery put in front of it. */
static int read_letter(struct jmap_call *call, struct sending *s)
{
	const struct jmap_host *host = jmap_host(call->jmap);
	const struct jmap_email_row *row = &s->email.rows[0];
	uint64_t header_end = s->prefix + s->digest.header_size;
	struct buf piece = BUF_INIT(PIECE);
	int rc = 0;

	s->letter = host->letter_new(host->arg);
	if (s->letter == NULL)
		return ERR_TEMPORARY;
	for (uint64_t at = s->prefix; at < s->email.size && rc == 0; at += buf_len(&piece)) {
		uint64_t n = s->email.size - at < PIECE ? s->email.size - at : PIECE;

		if (at < header_end && at + n > header_end)
			n = header_end - at;
		buf_clear(&piece);
		rc = jmap_mail(call)->ops->read(jmap_mail(call), &row->mailbox, row->uid, at, n, &piece, NULL);
		if (rc == 0)
			rc = buf_len(&piece) == 0 ? ERR_DAMAGED : host->letter_add(host->arg, s->letter, buf_slice(&piece));
		s->send.body_8bit = s->send.body_8bit || has_high(buf_slice(&piece));
		s->send.confidential = s->send.confidential
			|| (at < header_end && mime_header_count(buf_slice(&piece), SLICE("Letterlock-Confidential")) > 0);
		s->send.smtputf8 = s->send.smtputf8 || (at < header_end && has_high(buf_slice(&piece)));
	}
	buf_free_secret(&piece);
	if (rc < 0)
		host->letter_free(host->arg, &s->letter);
	return rc;
}

/* ---- create ---- */

static bool properties_good(struct jmap_set_item *item)
{
	static const char *const known[] = {"identityId", "emailId", "envelope", "sendAt"};
	const char *name;
	json_t *value;

	json_object_foreach(item->object, name, value) {
		bool good = false;

		for (size_t i = 0; i < sizeof known / sizeof *known; i++)
			good = good || strcmp(name, known[i]) == 0;
		if (!good)
			(void)jmap_set_invalid(item, name);
	}
	return item->error == NULL;
}

static enum jmap_step check_sender(struct jmap_call *call, struct jmap_set_item *item, const struct jmap_sender *sender, struct sending *s)
{
	struct slice identity = jmap_text(json_object_get(item->object, "identityId"));

	if (sender->code == ERR_DENIED)
		return jmap_set_error(item, "forbiddenToSend", SLICE("You may not send from this mailbox."));
	if (sender->code < 0)
		return jmap_set_error_code(item, sender->code);
	if (jmap_identity_address(sender, identity).n == 0)
		return jmap_set_invalid(item, "identityId");
	s->data.identity = identity;
	return JMAP_DONE;
}

static enum jmap_step begin(struct jmap_call *call, struct jmap_set_item *item, const struct jmap_submission_setting *t)
{
	const struct jmap_host *host = jmap_host(call->jmap);
	struct sending *s = ARENA_NEW(&call->arena, struct sending);
	int rc;

	if (!properties_good(item) || check_sender(call, item, &t->sender, s) != JMAP_DONE || item->error != NULL)
		return JMAP_DONE;
	if (take_email(call, item, s) != JMAP_DONE || item->error != NULL || !take_envelope(call, item, s) || !take_time(call, item, s))
		return JMAP_DONE;
	if (s->send.recipient_count == 0)
		return jmap_set_error(item, "noRecipients", SLICE_NONE);
	if (s->send.recipient_count > host->recipients_max(host->arg)) {
		item->members = arena_printf(&call->arena, "\"maxRecipients\":%zu", host->recipients_max(host->arg));
		return jmap_set_error(item, "tooManyRecipients", SLICE_NONE);
	}
	if (!from_good(call, &t->sender, &s->digest))
		return jmap_set_error(item, "forbiddenFrom", SLICE_NONE);
	if ((rc = read_letter(call, s)) < 0)
		return jmap_set_error_code(item, rc);
	host->random(host->arg, s->send.id, sizeof s->send.id);
	s->data.confidential = s->send.confidential;
	s->send.data = jmap_sent_data_write(call, &s->data);
	item->state = s;
	host->letter_send(host->arg, &s->letter, call, &s->send);
	return JMAP_WAIT;
}

static void tell_refused(struct jmap_call *call, struct jmap_set_item *item, const struct jmap_send *send)
{
	json_t *list = json_array();
	char *text;

	for (size_t i = 0; i < send->recipient_count; i++)
		if (send->recipients[i].refused)
			json_array_append_new(list, json_stringn((const char *)send->recipients[i].address.p, send->recipients[i].address.n));
	text = json_dumps(list, JSON_COMPACT);
	item->members = arena_printf(&call->arena, "\"invalidRecipients\":%s", text != NULL ? text : "[]");
	free(text);
	json_decref(list);
}

static enum jmap_step refused(struct jmap_call *call, struct jmap_set_item *item, const struct jmap_send *send)
{
	static const char *const types[] = {
		[JMAP_SEND_FORBIDDEN_FROM] = "forbiddenMailFrom", [JMAP_SEND_FORBIDDEN] = "forbiddenToSend", [JMAP_SEND_LIMITED] = "rateLimit",
		[JMAP_SEND_RECIPIENTS] = "invalidRecipients", [JMAP_SEND_TOO_MANY] = "tooManyRecipients", [JMAP_SEND_TOO_LARGE] = "tooLarge",
		[JMAP_SEND_REFUSED] = "forbiddenToSend", [JMAP_SEND_TEMPORARY] = "serverFail",
	};

	if (send->result == JMAP_SEND_RECIPIENTS)
		tell_refused(call, item, send);
	return jmap_set_error(item, types[send->result], send->text);
}

static enum jmap_step created(struct jmap_call *call, struct jmap_set_item *item, const struct sending *s)
{
	struct buf id = BUF_INIT(64), at = BUF_INIT(JMAP_DATE_MAX);

	if (s->send.result != JMAP_SEND_DONE) {
		buf_free(&id);
		return refused(call, item, &s->send);
	}
	jmap_id_print('S', s->send.id, &id);
	jmap_date_print(s->send.due > 0 ? s->send.due : jmap_now(call), &at);
	item->id = arena_dup(&call->arena, buf_slice(&id));
	item->members = arena_printf(&call->arena, "\"threadId\":\"%.*s\",\"undoStatus\":\"%s\",\"sendAt\":\"%.*s\",\"dsnBlobIds\":[],\"mdnBlobIds\":[]",
	                             SLICE_ARG(s->data.thread), s->send.due > 0 ? "pending" : "final", SLICE_ARG(buf_slice(&at)));
	buf_free(&id);
	buf_free(&at);
	return JMAP_DONE;
}

static enum jmap_step create(struct jmap_call *call, struct jmap_set_item *item)
{
	const struct jmap_host *host = jmap_host(call->jmap);
	struct jmap_submission_setting *t = call->state;

	if (host->letter_send == NULL)
		return jmap_set_error(item, "forbidden", SLICE_NONE);
	if (!jmap_submission_sender_known(call, t))
		return JMAP_WAIT;
	return item->state == NULL ? begin(call, item, t) : created(call, item, item->state);
}

/* ---- what follows: an Email/set of its own ---- */

/* "#k1" is the submission that was created here, else an id; its email. */
static struct slice email_of(struct jmap_call *call, struct slice key)
{
	const struct jmap_set_item *item = key.n > 0 && key.p[0] == '#' ? jmap_set_created(call, slice_from(key, 1)) : jmap_set_find(call, key);

	if (item == NULL || item->error != NULL || item->state == NULL || item->object == NULL || json_object_get(item->object, "emailId") == NULL)
		return SLICE_NONE;
	return ((const struct sending *)item->state)->data.email;
}

struct following {
	struct jmap_set_item *items;
	size_t updates, count;
	json_t *properties;
};

static void add(struct following *f, struct slice id, json_t *patch)
{
	struct jmap_set_item *item = &f->items[f->count++];

	*item = (struct jmap_set_item){.key = id, .object = patch, .properties = json_array()};
	json_array_append_new(f->properties, item->properties);
}

static void gather(struct jmap_call *call, const struct jmap_submission_setting *t, struct following *f)
{
	const char *key;
	json_t *value;
	size_t i;

	f->properties = json_array();
	f->items = arena_alloc_array(&call->arena, json_object_size(t->on_update) + json_array_size(t->on_destroy) + 1, sizeof *f->items);
	json_object_foreach(t->on_update, key, value) {
		struct slice email = email_of(call, slice_str(key));

		if (email.n > 0 && json_is_object(value))
			add(f, email, value);
	}
	f->updates = f->count;
	json_array_foreach(t->on_destroy, i, value) {
		struct slice email = email_of(call, jmap_text(value));

		if (email.n > 0)
			add(f, email, NULL);
	}
}

static void put_section(struct jmap_call *call, const struct following *f, const char *name, bool updates, bool failed)
{
	struct emit *e = jmap_out(call);
	bool any = false, array = !updates && !failed;

	emit_key(e, name);
	for (size_t i = updates ? 0 : f->updates; i < (updates ? f->updates : f->count); i++) {
		const struct jmap_set_item *item = &f->items[i];

		if ((item->error != NULL) != failed)
			continue;
		if (!any)
			(array ? emit_array : emit_object)(e);
		any = true;
		if (array) {
			emit_text(e, item->key);
			continue;
		}
		emit_key_text(e, item->key);
		if (!failed) {
			emit_null(e);
			continue;
		}
		emit_object(e);
		emit_member_text(e, "type", slice_str(item->error));
		emit_object_end(e);
	}
	if (any)
		(array ? emit_array_end : emit_object_end)(e);
	else
		emit_null(e);
}

static enum jmap_step finish(struct jmap_call *call)
{
	struct jmap_submission_setting *t = call->state;
	struct following f = {0};
	struct slice before, after;

	if (json_object_size(t->on_update) + json_array_size(t->on_destroy) == 0)
		return JMAP_DONE;
	gather(call, t, &f);
	if (f.count > 0 && jmap_state_of(call, JMAP_TYPE_EMAIL, &before)) {
		for (size_t i = 0; i < f.count; i++)
			(void)(i < f.updates ? jmap_email_update : jmap_email_destroy)(call, &f.items[i]);
		if (jmap_state_of(call, JMAP_TYPE_EMAIL, &after)) {
			jmap_answer_begin(call, "Email/set");
			emit_member_text(jmap_out(call), "accountId", jmap_account_name(call->jmap));
			emit_member_text(jmap_out(call), "oldState", before);
			emit_member_text(jmap_out(call), "newState", after);
			put_section(call, &f, "updated", true, false);
			put_section(call, &f, "destroyed", false, false);
			put_section(call, &f, "notUpdated", true, true);
			put_section(call, &f, "notDestroyed", false, true);
			jmap_answer_end(call);
		}
	}
	json_decref(f.properties);
	return JMAP_DONE;
}

/* ---- the method ---- */

static int state(struct jmap_call *call, struct buf *out)
{
	return jmap_type_state(call->jmap, JMAP_TYPE_EMAIL_SUBMISSION, out);
}

static bool begin_set(struct jmap_call *call)
{
	struct jmap_submission_setting *t = call->state;

	return jmap_arg_object(call, "onSuccessUpdateEmail", &t->on_update) && jmap_arg_texts(call, "onSuccessDestroyEmail", &t->on_destroy);
}

enum jmap_step jmap_submission_set(struct jmap_call *call)
{
	static const char *const more[] = {"onSuccessUpdateEmail", "onSuccessDestroyEmail", NULL};
	static const struct jmap_set_ops ops = {.create = create, .update = jmap_submission_update, .destroy = jmap_submission_destroy, .begin = begin_set, .finish = finish,
		.state = state, .more = more};
	struct jmap_submission_setting *t = call->state;

	if (t == NULL) {
		call->state = t = ARENA_NEW(&call->arena, struct jmap_submission_setting);
		t->state.after = UINT64_MAX >> 1;
	}
	if (jmap_sent_load(call, &t->state) == JMAP_WAIT)
		return JMAP_WAIT;
	if (t->state.code < 0)
		return jmap_error_code(call, t->state.code);
	return jmap_set_run(call, &ops);
}
