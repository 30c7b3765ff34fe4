#include "role/mail_view.h"

#include "base/codec.h"
#include "base/ensure.h"
#include "base/log.h"
#include "base/memory.h"
#include "filter/view.h"
#include "http/url.h"
#include "jmap/email_body.h"
#include "mime/structure.h"
#include "role/mail_view_head.h"
#include "sys/file.h"

#define WORD_MAX 16384 /* bytes of one field of a query */

/* Words of the query; `flag`: what "name=value" sets. */
static const struct wish {
	struct slice name, value;
	unsigned flag;
} wishes[] = {
	{SLICE_INIT("text"), SLICE_INIT("1"), FILTER_VIEW_TEXT}, {SLICE_INIT("images"), SLICE_INIT("1"), FILTER_VIEW_IMAGES},
	{SLICE_INIT("theme"), SLICE_INIT("dark"), FILTER_VIEW_DARK},
	{SLICE_INIT("print"), SLICE_INIT("1"), FILTER_VIEW_PRINT}, {SLICE_INIT("quote"), SLICE_INIT("1"), FILTER_VIEW_QUOTE},
};
static const struct slice languages[] = {SLICE_INIT("en"), SLICE_INIT("zh-CN"), SLICE_INIT("zh-TW")};

struct view {
	struct role_context *ctx;
	mail_view_fn *fn;
	void *arg;
	unsigned flags;          /* enum filter_view_flag */
	uint32_t part;           /* 0: the letter */
	struct slice language;   /* static */
	unsigned status;         /* when it fails */
	struct arena arena;
	struct buf bundle;
	/* The letter. */
	struct account *mail;
	const struct mail_view_inner *inner; /* only while the request is taken */
	struct jmap_email email;
	uint32_t prefix;
	uint64_t image_bytes;
};

static void view_free(struct view *v)
{
	buf_free_secret(&v->bundle);
	arena_free(&v->arena);
	memory_free(v);
}

static void view_fail(void *arg)
{
	struct view *v = arg;

	v->fn(v->arg, &(struct mail_view_answer){.status = v->status});
	view_free(v);
}

static void fail_soon(struct view *v, unsigned status)
{
	v->status = status;
	loop_defer(v->ctx->loop, view_fail, v);
}

/* ---- the query ---- */

static void wish_take(struct view *v, struct slice name, struct slice value)
{
	for (size_t i = 0; i < ARRAY_LEN(wishes); i++)
		if (slice_eq(name, wishes[i].name) && slice_eq(value, wishes[i].value))
			v->flags |= wishes[i].flag;
	if (slice_eq(name, SLICE("frame")) && slice_eq(value, SLICE("0")))
		v->flags &= ~(unsigned)FILTER_VIEW_SCRIPT;
	for (size_t i = 0; slice_eq(name, SLICE("lang")) && i < ARRAY_LEN(languages); i++)
		if (slice_eq_nocase(value, languages[i]))
			v->language = languages[i];
	if (slice_eq(name, SLICE("part")) && slice_to_u32(value, &v->part) < 0)
		v->part = UINT32_MAX;
}

static struct view *view_new(struct role_context *ctx, struct slice query, mail_view_fn *fn, void *arg)
{
	struct view *v = memory_alloc(sizeof *v);
	struct buf name = BUF_INIT(WORD_MAX), value = BUF_INIT(WORD_MAX);

	*v = (struct view){.ctx = ctx, .fn = fn, .arg = arg, .flags = FILTER_VIEW_SCRIPT, .language = languages[0], .arena = ARENA_INIT,
		.bundle = BUF_INIT(FILTER_VIEW_BUNDLE_MAX)};
	while (http_query_next(&query, &name, &value) > 0)
		wish_take(v, buf_slice(&name), buf_slice(&value));
	buf_free(&name);
	buf_free(&value);
	return v;
}

static void apply_policy(struct view *v, unsigned reading)
{
	if ((reading & AUTH_READING_TEXT) != 0)
		v->flags |= FILTER_VIEW_TEXT;
	if ((reading & (AUTH_READING_TEXT | AUTH_READING_NO_IMAGES)) != 0)
		v->flags &= ~(unsigned)FILTER_VIEW_IMAGES;
	if ((v->flags & FILTER_VIEW_PRINT) != 0)
		v->flags &= ~(unsigned)FILTER_VIEW_SCRIPT;
	if ((v->flags & FILTER_VIEW_QUOTE) != 0)
		v->flags &= ~(unsigned)(FILTER_VIEW_IMAGES | FILTER_VIEW_SCRIPT | FILTER_VIEW_PRINT);
}

/* ---- parts ---- */

static struct slice param(const struct mime_part *part, struct slice name)
{
	for (const struct mime_param *p = part->params; p != NULL; p = p->next)
		if (slice_eq(p->name, name))
			return p->value;
	return SLICE_NONE;
}

static enum filter_view_part kind_of(const struct mime_part *part)
{
	if (slice_eq(part->subtype, SLICE("html")))
		return FILTER_PART_HTML;
	if (!slice_eq_nocase(param(part, SLICE("format")), SLICE("flowed")))
		return FILTER_PART_PLAIN;
	return slice_eq_nocase(param(part, SLICE("delsp")), SLICE("yes")) ? FILTER_PART_FLOWED_DELSP : FILTER_PART_FLOWED;
}

/* Bytes of the letter as they stand there. */
static int bytes_read(struct view *v, uint64_t from, uint64_t n, struct buf *out)
{
	const struct jmap_email_row *row = &v->email.rows[0];
	int code = v->mail->ops->give != NULL ? v->mail->ops->give(v->mail, &row->mailbox, row->uid, from, n, NULL) : 0;

	return code == 0 ? v->mail->ops->read(v->mail, &row->mailbox, row->uid, from, n, out, NULL) : code;
}

/* The bytes of a part, transfer encoding undone. 0, or ERR_DENIED (this view of the account does not give it) and other codes. */
static int part_read(struct view *v, const struct mime_part *part, uint64_t max, struct buf *out)
{
	uint64_t from = v->prefix + part->body_start, size = part->body_end - part->body_start, n = size < max ? size : max;
	struct buf raw = BUF_INIT(n);
	int code = 0;

	if (v->inner != NULL)
		buf_append(&raw, slice_sub(v->inner->letter, (size_t)from, (size_t)(from + n)));
	else
		code = bytes_read(v, from, n, &raw);
	if (code == 0 && slice_eq(part->encoding, SLICE("base64")))
		(void)base64_decode_lenient(buf_slice(&raw), out);
	else if (code == 0 && slice_eq(part->encoding, SLICE("quoted-printable")))
		(void)quoted_printable_decode(buf_slice(&raw), out);
	else if (code == 0)
		buf_append(out, buf_slice(&raw));
	buf_free_secret(&raw);
	return code;
}

static int text_add(struct view *v, const struct mime_part *part)
{
	struct buf content = BUF_INIT(MAIL_VIEW_TEXT_MAX + 16);
	int code = part_read(v, part, MAIL_VIEW_TEXT_MAX, &content);

	if (code == 0)
		filter_view_add(&(struct filter_view_item){.kind = kind_of(part), .charset = param(part, SLICE("charset")),
			.content = buf_slice(&content)},
			&v->bundle);
	buf_free_secret(&content);
	return code;
}

static struct slice without_angles(struct slice id)
{
	return id.n > 2 && id.p[0] == '<' && id.p[id.n - 1] == '>' ? slice_sub(id, 1, id.n - 1) : id;
}

static int image_add(struct view *v, const struct mime_part *part)
{
	uint64_t size = part->body_end - part->body_start;
	struct buf content = BUF_INIT(size + 16);
	int code = 0;

	v->image_bytes += size;
	if (v->image_bytes <= MAIL_VIEW_IMAGES_MAX)
		code = part_read(v, part, size, &content);
	if (code == 0 && buf_len(&content) > 0)
		filter_view_add(&(struct filter_view_item){.kind = FILTER_PART_IMAGE, .id = without_angles(part->id), .location = part->location,
			.type = jmap_part_type(part, &v->arena), .content = buf_slice(&content)}, &v->bundle);
	buf_free_secret(&content);
	return code;
}

/* Images that the text may name. */
static int images_add(struct view *v, const struct mime_part *root)
{
	int code = 0;

	for (const struct mime_part *part = root; part != NULL && code == 0; part = mime_part_next(part))
		if (slice_eq(part->type, SLICE("image")) && (part->has_id || part->has_location))
			code = image_add(v, part);
	return code;
}

static bool is_text(const struct mime_part *part)
{
	return slice_eq(part->type, SLICE("text"));
}

static size_t texts_count(const struct jmap_parts *l)
{
	size_t count = 0;

	for (size_t i = 0; i < l->count; i++)
		count += is_text(l->list[i]);
	return count;
}

/* The texts of a letter: its HTML side, or its plain one. */
static int body_add(struct view *v, const struct mime_part *root)
{
	struct jmap_bodies bodies;
	const struct jmap_parts *side;
	int code = 0;

	jmap_bodies_find(root, &v->arena, &bodies);
	side = (v->flags & FILTER_VIEW_TEXT) != 0 && texts_count(&bodies.text) > 0 ? &bodies.text : &bodies.html;
	for (size_t i = 0; i < side->count && code == 0; i++)
		if (is_text(side->list[i]))
			code = text_add(v, side->list[i]);
	return code;
}

/* On paper nothing else says who wrote it. */
static void head_add(struct view *v, const struct mime_envelope *envelope)
{
	struct buf text = BUF_INIT(MAIL_VIEW_HEAD_MAX);

	mail_view_head(envelope, v->language, &v->arena, &text);
	filter_view_add(&(struct filter_view_item){.kind = FILTER_PART_PLAIN, .charset = SLICE("utf-8"), .content = buf_slice(&text)}, &v->bundle);
	buf_free(&text);
}

static int parts_add(struct view *v, const struct mime_part *root)
{
	const struct mime_part *part = v->part > 0 ? jmap_part_find(root, v->part) : NULL;
	int code;

	if (v->part > 0 && part == NULL)
		return ERR_NOT_FOUND;
	if (part != NULL && is_text(part))
		code = text_add(v, part);
	else if (part != NULL && part->envelope == NULL)
		code = ERR_NOT_FOUND;
	else
		code = body_add(v, part != NULL ? part->children : root);
	return code == 0 && (v->flags & FILTER_VIEW_TEXT) == 0 ? images_add(v, root) : code;
}

static int digest_read(struct view *v, struct slice email, struct slice *ret)
{
	int code = jmap_email_find_text(v->mail, email, &v->arena, &v->email);

	return code == 0 ? v->mail->ops->digest(v->mail, &v->email.rows[0].mailbox, v->email.rows[0].uid, false, &v->arena, ret, &v->prefix, NULL)
		: code;
}

static int letter_read(struct view *v, struct slice email)
{
	struct digest *digest = ARENA_NEW(&v->arena, struct digest);
	struct slice encoded = v->inner != NULL ? v->inner->digest : SLICE_NONE;
	int code = v->inner == NULL ? digest_read(v, email, &encoded) : 0;

	if (code == 0 && v->inner != NULL)
		filter_view_add(&(struct filter_view_item){.kind = FILTER_PART_MARK, .content = v->inner->mark}, &v->bundle);
	if (code == 0)
		code = digest_decode_structure(encoded, &v->arena, digest);
	if (code == 0 && (v->flags & FILTER_VIEW_PRINT) != 0 && v->part == 0)
		head_add(v, &digest->envelope);
	if (code == 0)
		code = parts_add(v, digest->root);
	return code == 0 && v->bundle.failed ? ERR_LIMIT : code;
}

/* ---- the document ---- */

static void answer(struct view *v, const struct ipc_filter_view_reply *reply, struct slice document)
{
	struct buf policy = BUF_INIT(MAIL_VIEW_POLICY_MAX);
	bool quote = (v->flags & FILTER_VIEW_QUOTE) != 0;
	struct mail_view_answer a = {.status = 200, .type = "text/html; charset=utf-8", .body = document};

	if (quote)
		html_view_policy(false, false, false, &policy);
	else
		html_view_policy((v->flags & FILTER_VIEW_IMAGES) != 0, (v->flags & FILTER_VIEW_SCRIPT) != 0, (v->flags & FILTER_VIEW_PRINT) != 0,
			&policy);
	a.policy = buf_slice(&policy);
	a.counts = arena_printf(&v->arena, "remote=%u, missing=%u, links=%u, deceiving=%u, cut=%u, dark=%u", reply->remote, reply->missing,
		reply->links, reply->deceiving, reply->cut, reply->dark);
	v->fn(v->arg, &a);
	buf_free(&policy);
}

static void on_view(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct view *v = arg;
	const struct ipc_filter_view_reply *reply = message;
	struct file_map map = FILE_MAP_NONE;
	struct error err = {0};
	int document = outcome == IPC_OK ? reply->document : -1;
	bool good = outcome == IPC_OK && reply->status == 0;

	if (good && document >= 0)
		good = memfd_map(document, HTML_DOCUMENT_MAX, &map, &err) == 0;
	if (good)
		answer(v, reply, document >= 0 ? map.content : reply->small);
	else
		v->fn(v->arg, &(struct mail_view_answer){.status = 503});
	file_close(&document);
	file_unmap(&map);
	view_free(v);
}

static void ask(struct view *v, struct slice cid)
{
	struct slice bundle = buf_slice(&v->bundle);
	struct ipc_filter_view request = {.cid = cid, .flags = v->flags, .leave = SLICE(HTML_LEAVE), .language = v->language, .parts = -1};
	struct error err = {0};

	if (bundle.n <= IPC_SMALL_MAX)
		request.small = bundle;
	else if ((request.parts = memfd_from_slice("parts", bundle, &err)) < 0) {
		fail_soon(v, 503);
		return;
	}
	ipc_request(v->ctx->ipc, IPC_FILTER_VIEW, IPC_ANY, &request, on_view, v);
	file_close(&request.parts);
}

static unsigned status_of(int code)
{
	switch (code) {
	case ERR_NOT_FOUND: return 404;
	case ERR_DENIED: return 403;
	default: return 503;
	}
}

void mail_view(struct role_context *ctx, const struct mail_view_request *request, mail_view_fn *fn, void *arg)
{
	struct view *v = view_new(ctx, request->query, fn, arg);
	int code;

	v->mail = request->mail;
	v->inner = request->inner;
	apply_policy(v, request->reading);
	code = letter_read(v, request->email);
	v->inner = NULL;
	if (code == 0)
		ask(v, request->cid);
	else
		fail_soon(v, status_of(code));
}
