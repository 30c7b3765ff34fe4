/*
 * MDN/send (RFC 9007 2.1): the receipt that the sender of an email asked for. It goes from nobody (RFC 8098 3), so that nothing answers it; one receipt for one
 * email, which $mdnsent keeps in mind.
 */
#include <string.h>

#include "jmap/email_body.h"
#include "jmap/mdn.h"
#include "jmap/sent.h"
#include "jmap/write.h"
#include "mime/address.h"
#include "mime/encoded_word.h"
#include "mime/header.h"

#define TO_MAX 10 /* addresses that one receipt goes to */

struct receipt {
	struct jmap_set_item item;
	struct jmap_email email;
	struct jmap_shown shown;
	struct jmap_send send;
	struct slice final;            /* Final-Recipient as it was written; empty: that of the identity */
	struct jmap_letter *letter;
	bool asked;
};

struct sending {
	struct jmap_sender sender;
	bool asked_sender;
	struct slice address;          /* of the identity */
	json_t *send, *on_success, *properties;
	struct receipt *list;
	size_t count, at;
};

static void forget(struct jmap_call *call)
{
	struct sending *x = call->state;

	json_decref(x->properties);
}

/* ---- what it answers ---- */

static int open_email(struct jmap_call *call, struct receipt *r)
{
	struct slice id = SLICE_NONE;
	int rc = ERR_NOT_FOUND;

	if (jmap_id_resolve(call, jmap_text(json_object_get(r->item.object, "forEmailId")), &id))
		rc = jmap_email_find_text(jmap_mail(call), id, &call->arena, &r->email);
	r->shown = (struct jmap_shown){.call = call, .arena = &call->arena, .email = &r->email};
	return rc == 0 ? jmap_shown_open(&r->shown) : rc;
}

/* Everybody whom Disposition-Notification-To names (RFC 8098 2.1). */
static void take_recipients(struct jmap_call *call, struct receipt *r)
{
	struct mime_field field;
	const struct mime_address *list = NULL;

	r->send.recipients = arena_alloc_array(&call->arena, TO_MAX, sizeof *r->send.recipients);
	if (mime_header_find(jmap_shown_header(&r->shown), SLICE("Disposition-Notification-To"), &field))
		list = mime_address_parse(mime_unfold(&call->arena, field.value), &call->arena);
	for (const struct mime_address *a = mime_address_next(list); a != NULL && r->send.recipient_count < TO_MAX; a = mime_address_next(a->next)) {
		struct slice spec = mime_address_spec(a, &call->arena);

		if (spec.n > 0 && build_email_ok(spec))
			r->send.recipients[r->send.recipient_count++].address = spec;
	}
}

static bool is_marked(struct jmap_call *call, const struct receipt *r)
{
	struct flag_set bits;

	return jmap_keyword_bits(jmap_mail(call), SLICE("$mdnsent"), false, &bits) == 0 && (r->email.flags.keywords & bits.keywords) != 0;
}

/* ---- the message ---- */

static int read_slice(void *arg, uint64_t offset, size_t n, struct buf *out, struct error *err)
{
	buf_append(out, slice_sub(*(struct slice *)arg, (size_t)offset, (size_t)offset + n));
	return 0;
}

static void add_field(struct jmap_call *call, struct build_field ***end, const char *name, struct slice value)
{
	struct build_field *f = ARENA_NEW(&call->arena, struct build_field);

	f->name = slice_str(name);
	f->value = value;
	**end = f;
	*end = &f->next;
}

static struct slice addresses_value(struct jmap_call *call, const struct build_address *list, size_t count)
{
	struct buf out = BUF_INIT(BUILD_VALUE_MAX);
	struct slice ret;

	build_address_value(&(struct build_group){.addresses = list, .count = count}, 1, &out);
	ret = arena_dup(&call->arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

static struct slice recipients_value(struct jmap_call *call, const struct receipt *r)
{
	struct build_address list[TO_MAX] = {{.email = SLICE_NONE}};

	for (size_t i = 0; i < r->send.recipient_count; i++)
		list[i].email = r->send.recipients[i].address;
	return addresses_value(call, list, r->send.recipient_count);
}

static struct slice text_value(struct jmap_call *call, struct slice text)
{
	struct buf out = BUF_INIT(BUILD_VALUE_MAX);
	struct slice ret;

	build_text_value(text, &out);
	ret = arena_dup(&call->arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

static struct slice subject_of(struct jmap_call *call, const struct receipt *r)
{
	const struct mime_envelope *v = &r->shown.digest->envelope;
	struct slice given = jmap_text(json_object_get(r->item.object, "subject"));

	if (given.n > 0)
		return given;
	return arena_printf(&call->arena, "Read: %.*s", SLICE_ARG(v->has_subject ? mime_words_decode_arena(v->subject, &call->arena) : SLICE_NONE));
}

static struct slice random_id(struct jmap_call *call, struct slice address)
{
	const struct jmap_host *host = jmap_host(call->jmap);
	ptrdiff_t at = slice_rfind(address, '@');
	struct buf out = BUF_INIT(BUILD_ID_MAX);
	uint8_t random[16];
	struct slice ret;

	host->random(host->arg, random, sizeof random);
	buf_append_byte(&out, '<');
	for (size_t i = 0; i < sizeof random; i++)
		buf_printf(&out, "%02x", random[i]);
	buf_append(&out, at >= 0 ? slice_from(address, (size_t)at) : SLICE("@localhost"));
	buf_append_byte(&out, '>');
	ret = arena_dup(&call->arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

static struct slice date_of(struct jmap_call *call)
{
	struct buf out = BUF_INIT(100);
	struct slice ret;

	build_date_value(jmap_now(call), 0, &out);
	ret = arena_dup(&call->arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

static struct build_field *fields_of(struct jmap_call *call, const struct sending *x, const struct receipt *r)
{
	const struct mime_envelope *v = &r->shown.digest->envelope;
	struct build_address from = {.name = x->sender.name, .email = x->address};
	struct build_field *first = NULL, **end = &first;

	add_field(call, &end, "From", addresses_value(call, &from, 1));
	add_field(call, &end, "To", recipients_value(call, r));
	add_field(call, &end, "Subject", text_value(call, subject_of(call, r)));
	add_field(call, &end, "Date", date_of(call));
	add_field(call, &end, "Message-ID", random_id(call, x->address));
	if (v->has_message_id) {
		add_field(call, &end, "In-Reply-To", slice_trim(v->message_id));
		add_field(call, &end, "References", slice_trim(v->message_id));
	}
	add_field(call, &end, "Auto-Submitted", SLICE("auto-replied"));
	return first;
}

static struct slice text_of(struct jmap_call *call, const struct sending *x, const struct receipt *r)
{
	const struct mime_envelope *v = &r->shown.digest->envelope;
	const json_t *given = json_object_get(r->item.object, "textBody");

	if (json_is_string(given))
		return jmap_text(given);
	return arena_printf(&call->arena, "Your message\n\n    To: %.*s\n    Subject: %.*s\n\nwas displayed to its recipient. This does not say that it was read or "
		"understood.\n", SLICE_ARG(x->address), SLICE_ARG(v->has_subject ? mime_words_decode_arena(v->subject, &call->arena) : SLICE_NONE));
}

static int write_with(struct jmap_call *call, const struct sending *x, struct receipt *r, struct build_part *notification, struct jmap_source *original)
{
	const struct jmap_host *host = jmap_host(call->jmap);
	struct build_part copy = {.type = SLICE("message/rfc822"), .read = jmap_source_read, .read_arg = original, .size = original != NULL ? original->size : 0};
	struct build_part text = {.type = SLICE("text/plain"), .is_text = true, .text = text_of(call, x, r), .next = notification};
	struct build_part root = {.type = SLICE("multipart/report"), .report_type = SLICE("disposition-notification"), .children = &text};
	struct build_message message = {.fields = fields_of(call, x, r), .root = &root};
	struct jmap_letter_sink sink = {.call = call};
	struct error err = {0};
	int rc;

	notification->next = original != NULL ? &copy : NULL;
	host->random(host->arg, message.seed, sizeof message.seed);
	r->letter = sink.letter = host->letter_new(host->arg);
	rc = r->letter != NULL ? build_message(&message, jmap_letter_write, &sink, &err) : ERR_TEMPORARY;
	if (rc < 0 && r->letter != NULL)
		host->letter_free(host->arg, &r->letter);
	return rc;
}

static int write_receipt(struct jmap_call *call, const struct sending *x, struct receipt *r, struct slice fields)
{
	struct build_part notification = {.type = SLICE("message/disposition-notification"), .read = read_slice, .read_arg = &fields, .size = fields.n};
	struct buf id = BUF_INIT(64);
	struct jmap_source original;
	int rc;

	if (!json_is_true(json_object_get(r->item.object, "includeOriginalMessage")))
		return write_with(call, x, r, &notification, NULL);
	jmap_blob_print(r->email.id, 0, &id);
	rc = jmap_source_open(call, arena_dup(&call->arena, buf_slice(&id)), &original);
	buf_free(&id);
	if (rc == 0) {
		rc = write_with(call, x, r, &notification, &original);
		jmap_source_close(&original);
	}
	return rc;
}

/* ---- one receipt ---- */

static bool properties_good(struct receipt *r)
{
	static const struct { const char *name; json_type type; } known[] = {
		{"forEmailId", JSON_STRING}, {"subject", JSON_STRING}, {"textBody", JSON_STRING}, {"includeOriginalMessage", JSON_TRUE},
		{"reportingUA", JSON_STRING}, {"disposition", JSON_OBJECT}, {"mdnGateway", JSON_STRING}, {"originalRecipient", JSON_STRING},
		{"finalRecipient", JSON_STRING}, {"error", JSON_ARRAY}, {"extensionFields", JSON_OBJECT},
	};
	const char *name;
	json_t *value;

	json_object_foreach(r->item.object, name, value) {
		bool good = false;

		for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
			good = good || (strcmp(name, known[i].name) == 0 && (json_is_null(value) || json_typeof(value) == known[i].type
				|| (known[i].type == JSON_TRUE && json_is_false(value))));
		if (!good)
			(void)jmap_set_invalid(&r->item, name);
	}
	if (jmap_text(json_object_get(r->item.object, "textBody")).n > JMAP_MDN_TEXT_MAX)
		(void)jmap_set_invalid(&r->item, "textBody");
	return r->item.error == NULL;
}

/* "rfc822; person@example.org": somebody whom this session may be. */
static bool take_final(struct jmap_call *call, const struct sending *x, struct receipt *r)
{
	struct slice given = jmap_text(json_object_get(r->item.object, "finalRecipient")), type, address = given;

	r->final = given.n > 0 ? given : arena_printf(&call->arena, "rfc822; %.*s", SLICE_ARG(x->address));
	if (given.n == 0)
		return true;
	if (slice_find(given, ';') >= 0)
		(void)slice_split(&address, ';', &type);
	return jmap_sender_owns(&x->sender, slice_trim(address));
}

static enum jmap_step begin_receipt(struct jmap_call *call, const struct sending *x, struct receipt *r)
{
	const struct jmap_host *host = jmap_host(call->jmap);
	struct buf fields = BUF_INIT(JMAP_MDN_FIELDS_MAX);
	const char *bad;
	int rc;

	if (!properties_good(r))
		return JMAP_DONE;
	rc = open_email(call, r);
	if (rc < 0)
		return rc == ERR_NOT_FOUND ? jmap_set_error(&r->item, "notFound", SLICE_NONE) : jmap_set_error_code(&r->item, rc);
	take_recipients(call, r);
	if (r->send.recipient_count == 0)
		return jmap_set_error(&r->item, "notFound", SLICE("Its sender asks for no receipt."));
	if (is_marked(call, r))
		return jmap_set_error(&r->item, "mdnAlreadySent", SLICE_NONE);
	if (!take_final(call, x, r))
		return jmap_set_error(&r->item, "forbiddenFrom", SLICE_NONE);
	if (!jmap_mdn_write(r->item.object, r->final, slice_trim(r->shown.digest->envelope.message_id), &fields, &bad))
		(void)jmap_set_invalid(&r->item, bad);
	else if ((rc = write_receipt(call, x, r, buf_slice(&fields))) < 0)
		(void)jmap_set_error_code(&r->item, rc);
	buf_free(&fields);
	if (r->item.error != NULL)
		return JMAP_DONE;
	host->random(host->arg, r->send.id, sizeof r->send.id);
	r->send.unlisted = true;
	r->send.body_8bit = true;
	r->asked = true;
	host->letter_send(host->arg, &r->letter, call, &r->send);
	return JMAP_WAIT;
}

static void mark(struct jmap_call *call, struct receipt *r)
{
	struct jmap_set_item item = {.properties = json_array()};
	struct buf id = BUF_INIT(64);

	jmap_id_print('M', r->email.id, &id);
	item.key = arena_dup(&call->arena, buf_slice(&id));
	item.object = json_pack("{s:b}", "keywords/$mdnsent", 1);
	(void)jmap_email_update(call, &item); /* what cannot be marked may be answered twice: no reason to call the receipt unsent */
	json_decref(item.object);
	json_decref(item.properties);
	buf_free(&id);
}

static enum jmap_step end_receipt(struct jmap_call *call, struct receipt *r)
{
	static const char *const types[] = {
		[JMAP_SEND_FORBIDDEN_FROM] = "forbiddenFrom", [JMAP_SEND_FORBIDDEN] = "forbidden", [JMAP_SEND_LIMITED] = "rateLimit",
		[JMAP_SEND_RECIPIENTS] = "forbidden", [JMAP_SEND_TOO_MANY] = "forbidden", [JMAP_SEND_TOO_LARGE] = "tooLarge", [JMAP_SEND_REFUSED] = "forbidden",
		[JMAP_SEND_TEMPORARY] = "serverFail",
	};

	if (r->send.result != JMAP_SEND_DONE)
		return jmap_set_error(&r->item, types[r->send.result], r->send.text);
	mark(call, r);
	return JMAP_DONE;
}

/* ---- the answer ---- */

static void put_sent(struct jmap_call *call, const struct receipt *r)
{
	struct emit *e = jmap_out(call);
	const struct mime_envelope *v = &r->shown.digest->envelope;

	emit_object(e);
	if (jmap_text(json_object_get(r->item.object, "finalRecipient")).n == 0)
		emit_member_text(e, "finalRecipient", r->final);
	if (v->has_message_id)
		emit_member_text(e, "originalMessageId", slice_trim(v->message_id));
	emit_object_end(e);
}

static void put_error(struct jmap_call *call, const struct receipt *r)
{
	struct emit *e = jmap_out(call);

	emit_object(e);
	emit_member_text(e, "type", slice_str(r->item.error));
	if (r->item.description.n > 0)
		emit_member_text(e, "description", r->item.description);
	if (json_array_size(r->item.properties) > 0) {
		emit_key(e, "properties");
		emit_json(e, r->item.properties);
	}
	emit_object_end(e);
}

static void put_list(struct jmap_call *call, const struct sending *x, const char *name, bool failed)
{
	struct emit *e = jmap_out(call);
	bool any = false;

	emit_key(e, name);
	for (size_t i = 0; i < x->count; i++) {
		if ((x->list[i].item.error != NULL) != failed)
			continue;
		if (!any)
			emit_object(e);
		any = true;
		emit_key_text(e, x->list[i].item.key);
		(failed ? put_error : put_sent)(call, &x->list[i]);
	}
	if (any)
		emit_object_end(e);
	else
		emit_null(e);
}

/* What onSuccessUpdateEmail wants of the email that "#key" answered, in an Email/set of its own. */
static void follow(struct jmap_call *call, const struct sending *x, json_t *updated, json_t *failed)
{
	const char *key;
	json_t *patch;

	json_object_foreach(x->on_success, key, patch) {
		for (size_t i = 0; i < x->count; i++) {
			const struct receipt *r = &x->list[i];
			struct jmap_set_item item = {.object = patch, .properties = x->properties};
			struct buf id = BUF_INIT(64);

			if (r->item.error != NULL || key[0] != '#' || !slice_eq(slice_str(key + 1), r->item.key) || !json_is_object(patch))
				continue;
			jmap_id_print('M', r->email.id, &id);
			item.key = arena_dup(&call->arena, buf_slice(&id));
			buf_free(&id);
			(void)jmap_email_update(call, &item);
			if (item.error == NULL)
				json_object_setn_new(updated, (const char *)item.key.p, item.key.n, json_null());
			else
				json_object_setn_new(failed, (const char *)item.key.p, item.key.n, json_pack("{s:s}", "type", item.error));
		}
	}
}

static void answer_following(struct jmap_call *call, const struct sending *x, struct slice before)
{
	json_t *updated = json_object(), *failed = json_object();
	struct emit *e = jmap_out(call);
	struct slice after;

	follow(call, x, updated, failed);
	if (jmap_state_of(call, JMAP_TYPE_EMAIL, &after)) {
		jmap_answer_begin(call, "Email/set");
		emit_member_text(e, "accountId", jmap_account_name(call->jmap));
		emit_member_text(e, "oldState", before);
		emit_member_text(e, "newState", after);
		emit_key(e, "updated");
		emit_json(e, updated);
		emit_key(e, "notUpdated");
		json_object_size(failed) > 0 ? emit_json(e, failed) : emit_null(e);
		jmap_answer_end(call);
	}
	json_decref(updated);
	json_decref(failed);
}

static enum jmap_step answer(struct jmap_call *call, const struct sending *x)
{
	struct slice before;

	jmap_answer_begin(call, NULL);
	emit_member_text(jmap_out(call), "accountId", jmap_account_name(call->jmap));
	put_list(call, x, "sent", false);
	put_list(call, x, "notSent", true);
	jmap_answer_end(call);
	if (json_object_size(x->on_success) > 0 && jmap_state_of(call, JMAP_TYPE_EMAIL, &before))
		answer_following(call, x, before);
	return JMAP_DONE;
}

/* ---- the method ---- */

static bool take_items(struct jmap_call *call, struct sending *x)
{
	const char *key;
	json_t *value;

	if (x->send == NULL || json_object_size(x->send) > JMAP_SET_MAX) {
		(void)jmap_error(call, x->send == NULL ? "invalidArguments" : "requestTooLarge", NULL);
		return false;
	}
	x->list = arena_alloc_array(&call->arena, json_object_size(x->send) + 1, sizeof *x->list);
	json_object_foreach(x->send, key, value) {
		struct receipt *r = &x->list[x->count++];

		r->item = (struct jmap_set_item){.key = slice_str(key), .object = value, .properties = json_array()};
		json_array_append_new(x->properties, r->item.properties);
		if (!json_is_object(value)) {
			(void)jmap_error(call, "invalidArguments", "An object of \"send\" is none.");
			return false;
		}
	}
	return true;
}

static bool begin(struct jmap_call *call)
{
	static const char *const names[] = {"identityId", "send", "onSuccessUpdateEmail", NULL};
	struct sending *x = ARENA_NEW(&call->arena, struct sending);

	x->properties = json_array();
	call->state = x;
	call->forget = forget;
	if (!jmap_args_check(call, names) || !jmap_arg_object(call, "send", &x->send) || !jmap_arg_object(call, "onSuccessUpdateEmail", &x->on_success)
	    || !take_items(call, x))
		return false;
	if (jmap_host(call->jmap)->letter_send == NULL || (jmap_mail(call)->refuses & ACCOUNT_REFUSES_CHANGE) != 0) {
		(void)jmap_error(call, "forbidden", NULL);
		return false;
	}
	return true;
}

/* JMAP_DONE: *ret_good, or the error is given. */
static enum jmap_step introduce(struct jmap_call *call, struct sending *x, bool *ret_good)
{
	struct slice identity = SLICE_NONE;

	if (!x->asked_sender) {
		x->asked_sender = true;
		jmap_host(call->jmap)->sender(jmap_host(call->jmap)->arg, call, &x->sender);
		return JMAP_WAIT;
	}
	if (x->address.n > 0)
		*ret_good = true;
	else if (x->sender.code < 0)
		(void)jmap_error_code(call, x->sender.code);
	else if (jmap_arg_text(call, "identityId", &identity)) {
		x->address = jmap_identity_address(&x->sender, identity);
		*ret_good = x->address.n > 0 && x->address.p[0] != '@';
		if (!*ret_good)
			(void)jmap_error(call, "invalidArguments", "\"identityId\" is nobody's.");
	}
	return JMAP_DONE;
}

enum jmap_step jmap_mdn_send(struct jmap_call *call)
{
	struct sending *x;
	bool good = false;

	if (call->state == NULL && !begin(call))
		return JMAP_DONE;
	x = call->state;
	if (introduce(call, x, &good) == JMAP_WAIT)
		return JMAP_WAIT;
	if (!good)
		return JMAP_DONE;
	for (; x->at < x->count; x->at++) {
		struct receipt *r = &x->list[x->at];

		if ((r->asked ? end_receipt(call, r) : begin_receipt(call, x, r)) == JMAP_WAIT)
			return JMAP_WAIT;
	}
	return answer(call, x);
}
