/* An email as a JSON object, by the properties that are asked for (RFC 8621 4.1 and 4.2). */
#include "jmap/email_show.h"

#include <string.h>

#include "jmap/date.h"
#include "jmap/email_header.h"
#include "mime/header.h"

enum property {
	ID, BLOB, THREAD, MAILBOXES, KEYWORDS, SIZE, RECEIVED, HEADERS, MESSAGE_ID, IN_REPLY_TO, REFERENCES, SENDER, FROM, TO, CC, BCC, REPLY_TO, SUBJECT,
	SENT, STRUCTURE, VALUES, TEXT_BODY, HTML_BODY, ATTACHMENTS, HAS_ATTACHMENT, PREVIEW, CONFIDENTIAL, PROPERTIES,
};
static const char *const names[PROPERTIES] = {
	[ID] = "id", [BLOB] = "blobId", [THREAD] = "threadId", [MAILBOXES] = "mailboxIds", [KEYWORDS] = "keywords", [SIZE] = "size",
	[RECEIVED] = "receivedAt", [HEADERS] = "headers", [MESSAGE_ID] = "messageId", [IN_REPLY_TO] = "inReplyTo", [REFERENCES] = "references",
	[SENDER] = "sender", [FROM] = "from", [TO] = "to", [CC] = "cc", [BCC] = "bcc", [REPLY_TO] = "replyTo", [SUBJECT] = "subject", [SENT] = "sentAt",
	[STRUCTURE] = "bodyStructure", [VALUES] = "bodyValues", [TEXT_BODY] = "textBody", [HTML_BODY] = "htmlBody", [ATTACHMENTS] = "attachments",
	[HAS_ATTACHMENT] = "hasAttachment", [PREVIEW] = "preview", [CONFIDENTIAL] = "confidential",
};
#define BIT(property) (UINT64_C(1) << (property))
#define BY_DEFAULT ((BIT(PROPERTIES) - 1) & ~(BIT(HEADERS) | BIT(STRUCTURE) | BIT(CONFIDENTIAL)))
/* RFC 8621 4.9: a message that is no email has no metadata. */
#define OF_EMAIL (BIT(ID) | BIT(THREAD) | BIT(MAILBOXES) | BIT(KEYWORDS) | BIT(RECEIVED))
#define BY_DEFAULT_PARSED (BY_DEFAULT & ~(OF_EMAIL | BIT(BLOB) | BIT(SIZE)))
#define OF_DIGEST ((BIT(PROPERTIES) - 1) & ~(BIT(ID) | BIT(BLOB) | BIT(THREAD) | BIT(MAILBOXES) | BIT(KEYWORDS) | BIT(SIZE) | BIT(RECEIVED)))
#define OF_BODY (BIT(STRUCTURE) | BIT(VALUES) | BIT(TEXT_BODY) | BIT(HTML_BODY) | BIT(ATTACHMENTS))

/* ---- properties ---- */

static void print_mailboxes(struct emit *e, const struct jmap_email *email)
{
	struct buf id = BUF_INIT(33);

	emit_object(e);
	for (size_t i = 0; i < email->row_count; i++) {
		if (i > 0 && memcmp(&email->rows[i].mailbox, &email->rows[i - 1].mailbox, 16) == 0)
			continue; /* twice in one mailbox */
		buf_clear(&id);
		jmap_id_print('F', email->rows[i].mailbox.id, &id);
		emit_key_text(e, buf_slice(&id));
		emit_bool(e, true);
	}
	emit_object_end(e);
	buf_free(&id);
}

static void print_parsed(struct jmap_shown *s, const struct jmap_email_wish *wish)
{
	struct emit *e = jmap_out(s->call);

	for (unsigned i = 0; i < PROPERTIES; i++)
		if ((OF_EMAIL >> i & 1) != 0 && (i == ID ? wish->id_asked : jmap_wants(&wish->get, i)))
			emit_member_null(e, names[i]);
	if (jmap_wants(&wish->get, BLOB))
		emit_member_text(e, names[BLOB], s->parsed->blob);
	if (jmap_wants(&wish->get, SIZE))
		emit_member_number(e, names[SIZE], (int64_t)s->digest->size);
}

static void print_row(struct jmap_shown *s, const struct jmap_get *get)
{
	struct emit *e = jmap_out(s->call);
	struct buf text = BUF_INIT(64);

	emit_key(e, "id");
	emit_id(e, 'M', s->email->id);
	if (jmap_wants(get, BLOB)) {
		jmap_blob_print(s->email->id, 0, &text);
		emit_member_text(e, names[BLOB], buf_slice(&text));
	}
	buf_free(&text);
	if (jmap_wants(get, THREAD)) {
		emit_key(e, names[THREAD]);
		emit_id(e, 'T', s->email->thread_id);
	}
	if (jmap_wants(get, MAILBOXES)) {
		emit_key(e, names[MAILBOXES]);
		print_mailboxes(e, s->email);
	}
	if (jmap_wants(get, KEYWORDS)) {
		emit_key(e, names[KEYWORDS]);
		jmap_keywords_print(jmap_mail(s->call), s->email->flags, e);
	}
	if (jmap_wants(get, SIZE))
		emit_member_number(e, names[SIZE], (int64_t)s->email->size);
	if (jmap_wants(get, RECEIVED)) {
		emit_key(e, names[RECEIVED]);
		emit_date(e, s->email->received);
	}
}

static void print_value(struct jmap_shown *s, enum property property, bool present, enum jmap_header_form form, struct slice value)
{
	struct emit *e = jmap_out(s->call);

	emit_key(e, names[property]);
	if (present)
		jmap_form_print(e, form, value, s->arena);
	else
		emit_null(e);
}

/* The envelope has them as IMAP wants them: absent is NIL. */
static void print_list(struct jmap_shown *s, const struct jmap_get *get, enum property property, const struct mime_address *list)
{
	struct emit *e = jmap_out(s->call);

	if (!jmap_wants(get, property))
		return;
	emit_key(e, names[property]);
	if (list == NULL)
		emit_null(e);
	else
		jmap_addresses_print(e, list, s->arena);
}

/* These the envelope cannot tell: Sender and Reply-To of an envelope default to From, its references to In-Reply-To. */
static void print_from_header(struct jmap_shown *s, const struct jmap_get *get, enum property property, const char *field, enum jmap_header_form form)
{
	struct emit *e = jmap_out(s->call);

	if (!jmap_wants(get, property))
		return;
	emit_key(e, names[property]);
	jmap_header_print(e, &(struct jmap_header_property){.name = slice_str(field), .form = form}, jmap_shown_header(s), s->arena);
}

static void print_envelope(struct jmap_shown *s, const struct jmap_get *get)
{
	const struct mime_envelope *v = &s->digest->envelope;

	if (jmap_wants(get, MESSAGE_ID))
		print_value(s, MESSAGE_ID, v->has_message_id, JMAP_FORM_MESSAGE_IDS, v->message_id);
	if (jmap_wants(get, IN_REPLY_TO))
		print_value(s, IN_REPLY_TO, v->has_in_reply_to, JMAP_FORM_MESSAGE_IDS, v->in_reply_to);
	print_from_header(s, get, REFERENCES, "References", JMAP_FORM_MESSAGE_IDS);
	print_from_header(s, get, SENDER, "Sender", JMAP_FORM_ADDRESSES);
	print_list(s, get, FROM, v->from);
	print_list(s, get, TO, v->to);
	print_list(s, get, CC, v->cc);
	print_list(s, get, BCC, v->bcc);
	print_from_header(s, get, REPLY_TO, "Reply-To", JMAP_FORM_ADDRESSES);
	if (jmap_wants(get, SUBJECT))
		print_value(s, SUBJECT, v->has_subject, JMAP_FORM_TEXT, v->subject);
	if (jmap_wants(get, SENT))
		print_value(s, SENT, v->has_date, JMAP_FORM_DATE, v->date);
}

static void print_headers(struct jmap_shown *s, const struct jmap_get *get)
{
	struct emit *e = jmap_out(s->call);
	struct jmap_header_property header;
	const json_t *one;
	size_t i;

	if (jmap_wants(get, HEADERS)) {
		emit_key(e, names[HEADERS]);
		jmap_headers_print(e, jmap_shown_header(s));
	}
	json_array_foreach(get->others, i, one) {
		if (!jmap_header_parse(jmap_text(one), &header))
			continue;
		emit_key_text(e, jmap_text(one));
		jmap_header_print(e, &header, jmap_shown_header(s), s->arena);
	}
}

static bool has_part(const struct jmap_parts *parts, const struct mime_part *part)
{
	for (size_t i = 0; i < parts->count; i++) {
		if (parts->list[i] == part)
			return true;
	}
	return false;
}

/* RFC 8621 4.2: texts of the parts that are asked for; each once, in the order of the message. Parts within an enclosed message are not ours. */
static void print_values(struct jmap_shown *s, const struct jmap_email_wish *g, const struct jmap_bodies *bodies, const struct mime_part *part)
{
	if (slice_eq(part->type, SLICE("text"))
	    && (g->all_values || (g->text_values && has_part(&bodies->text, part)) || (g->html_values && has_part(&bodies->html, part))))
		jmap_value_print(s, part, g->max_value);
	if (!slice_eq(part->type, SLICE("multipart")))
		return;
	for (const struct mime_part *child = part->children; child != NULL; child = child->next)
		print_values(s, g, bodies, child);
}

static void print_parts(struct jmap_shown *s, const struct jmap_email_wish *g, enum property property, const struct jmap_parts *parts)
{
	if (!jmap_wants(&g->get, property))
		return;
	emit_key(jmap_out(s->call), names[property]);
	jmap_parts_print(s, parts, &g->parts);
}

static void print_body(struct jmap_shown *s, const struct jmap_email_wish *g)
{
	struct emit *e = jmap_out(s->call);
	struct jmap_part_wish whole = g->parts;
	struct jmap_bodies bodies;

	jmap_bodies_find(s->digest->root, s->arena, &bodies);
	if (jmap_wants(&g->get, STRUCTURE)) {
		whole.wanted |= 1u << JMAP_PART_SUBPARTS;
		emit_key(e, names[STRUCTURE]);
		jmap_part_print(s, s->digest->root, &whole);
	}
	if (jmap_wants(&g->get, VALUES)) {
		emit_key(e, names[VALUES]);
		emit_object(e);
		print_values(s, g, &bodies, s->digest->root);
		emit_object_end(e);
	}
	print_parts(s, g, TEXT_BODY, &bodies.text);
	print_parts(s, g, HTML_BODY, &bodies.html);
	print_parts(s, g, ATTACHMENTS, &bodies.attachments);
}

/* Ours: docs/confidential.md. What opens the letter is never shown. */
static void print_confidential(struct jmap_shown *s)
{
	const struct digest_secret *secret = s->digest->secret;
	struct emit *e = jmap_out(s->call);

	emit_key(e, names[CONFIDENTIAL]);
	if (secret == NULL) {
		emit_null(e);
		return;
	}
	emit_object(e);
	emit_member_text(e, "state", secret->ends && secret->expires_unix <= jmap_now(s->call) ? SLICE("expired") : SLICE("open"));
	emit_key(e, "expires");
	if (secret->ends)
		emit_date(e, secret->expires_unix);
	else
		emit_null(e);
	emit_object_end(e);
}

/* ---- one email ---- */

static void print_digest(struct jmap_shown *s, const struct jmap_email_wish *wish)
{
	print_envelope(s, &wish->get);
	print_headers(s, &wish->get);
	if ((wish->get.wanted & OF_BODY) != 0)
		print_body(s, wish);
	if (jmap_wants(&wish->get, HAS_ATTACHMENT))
		emit_member_bool(jmap_out(s->call), names[HAS_ATTACHMENT], s->digest->has_attachment);
	if (jmap_wants(&wish->get, PREVIEW))
		emit_member_text(jmap_out(s->call), names[PREVIEW], s->digest->preview);
	if (jmap_wants(&wish->get, CONFIDENTIAL))
		print_confidential(s);
}

int jmap_email_print(struct jmap_shown *s, const struct jmap_email_wish *wish)
{
	bool digest = s->parsed == NULL && ((wish->get.wanted & OF_DIGEST) != 0 || wish->get.others != NULL);
	int rc = digest ? jmap_shown_open(s) : 0;

	if (rc < 0)
		return rc;
	emit_object(jmap_out(s->call));
	if (s->parsed != NULL)
		print_parsed(s, wish);
	else
		print_row(s, &wish->get);
	if (s->digest != NULL)
		print_digest(s, wish);
	emit_object_end(jmap_out(s->call));
	return 0;
}

/* ---- what is wished ---- */

static bool is_header(struct slice name)
{
	struct jmap_header_property header;

	return jmap_header_parse(name, &header);
}

static bool names_id(const json_t *list)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (slice_eq(jmap_text(one), SLICE("id")))
			return true;
	return false;
}

bool jmap_email_wish_take(struct jmap_call *call, bool parsed, struct jmap_email_wish *ret)
{
	static const char *const more[] = {"bodyProperties", "fetchTextBodyValues", "fetchHTMLBodyValues", "fetchAllBodyValues", "maxBodyValueBytes", NULL};

	ret->id_asked = names_id(json_object_get(call->args, "properties"));
	return jmap_get_args(call, names, PROPERTIES, parsed ? BY_DEFAULT_PARSED : BY_DEFAULT, is_header, more, &ret->get)
	       && jmap_part_wish_take(call, &ret->parts) && jmap_arg_bool(call, "fetchTextBodyValues", &ret->text_values)
	       && jmap_arg_bool(call, "fetchHTMLBodyValues", &ret->html_values) && jmap_arg_bool(call, "fetchAllBodyValues", &ret->all_values)
	       && jmap_arg_unsigned(call, "maxBodyValueBytes", INT64_MAX, &ret->max_value);
}
