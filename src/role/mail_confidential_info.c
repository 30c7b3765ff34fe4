/* What a page is told of a confidential letter: /jmap/view/{accountId}/{emailId}?info=1 */
#include "jmap/date.h"
#include "jmap/email_body.h"
#include "jmap/emit.h"
#include "role/mail_confidential.h"

#define INFO_MAX (4u << 20)

struct asked {
	struct mail_exchange *x;
	struct mail_confidential letter;
};

static const struct http_field fields[] = {HTTP_FIELD("Cache-Control", "private, no-store"), HTTP_FIELD("X-Content-Type-Options", "nosniff")};

static void put_end(struct emit *e, const struct mail_confidential *letter)
{
	emit_member_text(e, "state", letter->expired ? SLICE("expired") : SLICE("open"));
	emit_key(e, "expires");
	if (letter->secret->ends)
		emit_date(e, letter->secret->expires_unix);
	else
		emit_null(e);
}

static void put_attachment(struct emit *e, const struct mail_confidential *letter, const struct mime_part *part, struct arena *arena)
{
	struct buf id = BUF_INIT(64);

	jmap_blob_print(letter->email_id, jmap_part_number(part), &id);
	id.data[id.start] = 'C';
	emit_object(e);
	emit_member_text(e, "blobId", buf_slice(&id));
	emit_member_text(e, "name", jmap_part_name(part, arena));
	emit_member_text(e, "type", jmap_part_type(part, arena));
	emit_member_number(e, "size", (int64_t)(part->body_end - part->body_start));
	emit_object_end(e);
	buf_free(&id);
}

static bool put_attachments(struct emit *e, const struct mail_confidential *letter, struct slice encoded, struct arena *arena)
{
	struct jmap_bodies bodies;
	struct digest digest;

	if (encoded.n > 0 && digest_decode_structure(encoded, arena, &digest) < 0)
		return false;
	emit_key(e, "attachments");
	emit_array(e);
	if (encoded.n > 0) {
		jmap_bodies_find(digest.root, arena, &bodies);
		for (size_t i = 0; i < bodies.attachments.count; i++)
			put_attachment(e, letter, bodies.attachments.list[i], arena);
	}
	emit_array_end(e);
	return true;
}

static void answer(struct mail_exchange *x, const struct mail_confidential *letter, struct slice digest)
{
	struct buf body = BUF_INIT(INFO_MAX);
	struct emit e = EMIT_INIT(&body);

	emit_object(&e);
	put_end(&e, letter);
	if (put_attachments(&e, letter, digest, &x->arena)) {
		emit_object_end(&e);
		mail_http_answer(x, 200, "application/json", fields, ARRAY_LEN(fields), buf_slice(&body));
	} else {
		mail_http_problem(x, 503, NULL, NULL);
	}
	buf_free(&body);
}

static void on_opened(void *arg, unsigned status, const struct mail_view_inner *inner)
{
	struct asked *a = arg;

	if (status == 200)
		answer(a->x, &a->letter, inner->digest);
	else
		mail_http_problem(a->x, status, NULL, NULL);
	mail_http_drop(a->x);
}

void mail_confidential_info(struct mail_exchange *x, const struct mail_confidential *letter)
{
	struct asked *a = ARENA_NEW(&x->arena, struct asked);

	*a = (struct asked){.x = x, .letter = *letter};
	if (letter->expired) {
		answer(x, letter, SLICE_NONE);
		return;
	}
	mail_http_hold(x);
	mail_confidential_open(x, letter, MAIL_CONFIDENTIAL_READ, on_opened, a);
}

struct slice mail_confidential_end(const struct mail_confidential *letter, struct arena *arena)
{
	struct buf text = BUF_INIT(JMAP_DATE_MAX);
	struct slice ret;

	if (!letter->secret->ends)
		return SLICE("yes");
	jmap_date_print(letter->secret->expires_unix, &text);
	ret = arena_printf(arena, "expires=%.*s", SLICE_ARG(buf_slice(&text)));
	buf_free(&text);
	return ret;
}
