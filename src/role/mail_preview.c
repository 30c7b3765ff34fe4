#include "role/mail_preview.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "auth/reading.h"
#include "base/codec.h"
#include "base/memory.h"
#include "extract/extract.h"
#include "jmap/blob.h"
#include "jmap/emit.h"
#include "jmap/mail.h"
#include "role/mail_confidential.h"
#include "role/mail_scan.h"
#include "sys/file.h"

#define STEP (1u << 20)     /* bytes that are read in one round of the loop */
#define INFO_MAX 2000

struct preview {
	struct mail_exchange *x;     /* held */
	struct jmap_blob blob;
	struct jmap_blob_reader reader;
	struct buf piece;
	uint64_t size;
	int document;
	unsigned part;               /* of what is inside of a confidential letter */
	bool info, reading;
	uint32_t page, width;
	struct slice name, mark;     /* in the arena of the exchange */
};

/* What the browser is told, and with which code of HTTP where it wanted a picture. */
static const unsigned codes[EXTRACT_STATUS_COUNT] = {
	[EXTRACT_OK] = 200, [EXTRACT_DAMAGED] = 422, [EXTRACT_ENCRYPTED] = 422, [EXTRACT_NO_READER] = 415, [EXTRACT_TOO_LARGE] = 413,
	[EXTRACT_NO_PAGE] = 404, [EXTRACT_NOTHING] = 422, [EXTRACT_FAILED] = 422, [EXTRACT_BUSY] = 503,
};

static void preview_free(struct preview *p)
{
	struct mail_exchange *x = p->x;

	if (p->reading)
		jmap_blob_stop(&p->reader);
	buf_free_secret(&p->piece);
	file_close(&p->document);
	x->person->previews--;
	memory_free(p);
	mail_http_drop(x);
}

/* ---- the answer ---- */

static void give_info(const struct preview *p, const char *status, const struct ipc_extract_reply *reply)
{
	struct buf body = BUF_INIT(INFO_MAX);
	struct emit e = EMIT_INIT(&body);
	struct http_field fields[] = {HTTP_FIELD("Cache-Control", "private, no-store"), HTTP_FIELD("X-Content-Type-Options", "nosniff")};
	enum inspect_type type = reply->type < FILE_TYPE_COUNT ? (enum inspect_type)reply->type : FILE_unknown;

	emit_object(&e);
	emit_member_text(&e, "status", slice_str(status));
	emit_member_text(&e, "type", slice_str(inspect_type_name(type)));
	emit_member_text(&e, "label", slice_str(inspect_type_label(type)));
	emit_member_number(&e, "pages", reply->pages);
	emit_member_bool(&e, "cut", reply->cut != 0);
	emit_member_bool(&e, "marked", p->mark.n > 0);
	emit_object_end(&e);
	mail_http_answer(p->x, 200, "application/json", fields, ARRAY_LEN(fields), buf_slice(&body));
	buf_free(&body);
}

static void give_picture(const struct preview *p, const struct ipc_extract_reply *reply)
{
	struct http_field fields[] = {
		HTTP_FIELD("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'"),
		HTTP_FIELD("Cache-Control", "private, no-store"), HTTP_FIELD("X-Content-Type-Options", "nosniff"), HTTP_FIELD("Cross-Origin-Resource-Policy", "same-origin"),
	};
	struct file_map map = FILE_MAP_NONE;

	if (reply->media > EXTRACT_JPEG || memfd_map(reply->result, EXTRACT_RESULT_MAX, &map, NULL) != 0)
		mail_http_problem(p->x, 503, NULL, NULL);
	else
		mail_http_answer(p->x, 200, extract_media_name(reply->media), fields, ARRAY_LEN(fields), map.content);
	file_unmap(&map);
}

static void give(const struct preview *p, const struct ipc_extract_reply *reply)
{
	enum extract_status status = reply->status < EXTRACT_STATUS_COUNT ? (enum extract_status)reply->status : EXTRACT_FAILED;

	if (p->info)
		give_info(p, extract_status_name(reply->status), reply);
	else if (status != EXTRACT_OK)
		mail_http_problem(p->x, codes[status], extract_status_name(status), NULL);
	else
		give_picture(p, reply);
}

static void on_extracted(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct preview *p = arg;
	struct ipc_extract_reply busy = {.status = EXTRACT_BUSY, .result = -1};
	const struct ipc_extract_reply *reply = outcome == IPC_OK ? message : &busy;
	int result = reply->result;

	if (!mail_http_is_gone(p->x))
		give(p, reply);
	file_close(&result);
	preview_free(p);
}

/* ---- the document ---- */

static void give_up(struct preview *p, enum extract_status status)
{
	if (!mail_http_is_gone(p->x))
		give(p, &(struct ipc_extract_reply){.status = (uint8_t)status, .result = -1});
	preview_free(p);
}

/* The document is sealed. */
static void ask(struct preview *p)
{
	struct ipc_extract request = {.cid = slice_str(p->x->person->cid), .want = p->info ? EXTRACT_LOOK : EXTRACT_PAGE, .page = p->page,
		.width = p->width, .name = p->name, .mark = p->info ? SLICE_NONE : p->mark, .document = p->document};

	ipc_request(mail_http_context(p->x)->ipc, IPC_EXTRACT, IPC_ANY, &request, on_extracted, p);
}

static int read_some(struct preview *p)
{
	int rc = 0;

	while (rc == 0 && !p->reader.end && buf_len(&p->piece) < STEP)
		rc = jmap_blob_next(&p->reader, &p->piece);
	p->size += buf_len(&p->piece);
	if (rc == 0 && p->size > EXTRACT_DOCUMENT_MAX)
		rc = ERR_LIMIT;
	if (rc == 0)
		rc = file_write_all(p->document, buf_slice(&p->piece), NULL);
	buf_clear(&p->piece);
	return rc;
}

static void read_on(void *arg)
{
	struct preview *p = arg;
	int rc = ERR_CLOSED;

	if (!mail_http_is_gone(p->x)) {
		mail_http_enter(p->x->person);
		restricted_account_depict(p->x->person->seen, true);
		rc = read_some(p);
		restricted_account_depict(p->x->person->seen, false);
		mail_http_leave(p->x->person);
	}
	if (rc < 0)
		give_up(p, rc == ERR_LIMIT ? EXTRACT_TOO_LARGE : EXTRACT_BUSY);
	else if (p->reader.end && memfd_seal(p->document, NULL) == 0)
		ask(p);
	else if (p->reader.end)
		give_up(p, EXTRACT_BUSY);
	else
		loop_defer(mail_http_context(p->x)->loop, read_on, p);
}

/* ---- of a confidential letter ---- */

static void decode(const struct mime_part *part, struct slice raw, struct buf *out)
{
	if (slice_eq(part->encoding, SLICE("base64")))
		(void)base64_decode_lenient(raw, out);
	else if (slice_eq(part->encoding, SLICE("quoted-printable")))
		(void)quoted_printable_decode(raw, out);
	else
		buf_append(out, raw);
}

/* The bytes of the part become the document. */
static int take_inner(struct preview *p, const struct mail_view_inner *inner)
{
	struct arena *arena = &p->x->arena;
	const struct mime_part *part = NULL;
	struct digest digest;
	struct buf content;
	int rc = digest_decode_structure(inner->digest, arena, &digest);

	if (rc == 0)
		part = jmap_part_find(digest.root, p->part);
	if (part == NULL)
		return rc < 0 ? rc : ERR_NOT_FOUND;
	buf_init(&content, part->body_end - part->body_start + 16);
	decode(part, slice_sub(inner->letter, (size_t)part->body_start, (size_t)part->body_end), &content);
	p->size = buf_len(&content);
	rc = content.failed || p->size > EXTRACT_DOCUMENT_MAX ? ERR_LIMIT : file_write_all(p->document, buf_slice(&content), NULL);
	buf_free_secret(&content);
	return rc == 0 ? memfd_seal(p->document, NULL) : rc;
}

/* ---- the request ---- */

static uint32_t number_of(struct mail_exchange *x, struct slice name, uint32_t otherwise)
{
	struct slice text;
	uint32_t value;

	return mail_http_query(x, name, &text) && slice_to_u32(text, &value) == 0 ? value : otherwise;
}

/* Who looks, from where, and when. */
static struct slice mark_of(struct mail_exchange *x)
{
	const struct mail_http *person = x->person;
	struct slice who = person->use.actor[0] != 0 ? slice_str(person->use.actor) : person->account->login;
	time_t now = (time_t)moment_unix(loop_now(mail_http_context(x)->loop));
	struct tm tm;

	if (gmtime_r(&now, &tm) == NULL)
		return who;
	return arena_printf(&x->arena, "%.*s \xc2\xb7 %s \xc2\xb7 %04d-%02d-%02d %02d:%02d UTC", SLICE_ARG(who), person->address,
		tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min);
}

static int blob_open(struct mail_exchange *x, struct jmap_blob *ret)
{
	struct slice rest = slice_from(x->path, sizeof "/jmap/preview/" - 1), account = SLICE_NONE;
	int rc;

	if (!slice_split(&rest, '/', &account) || !slice_eq(account, jmap_account_name(x->person->jmap)))
		return ERR_NOT_FOUND;
	rc = jmap_blob_open(x->person->jmap, arena_dup(&x->arena, rest), &x->arena, ret);
	restricted_account_depict(x->person->seen, true);
	if (rc == 0)
		rc = jmap_blob_give(ret);
	restricted_account_depict(x->person->seen, false);
	return rc;
}

/* Who gets no bytes of attachments gets pictures that say whose they are. */
static bool is_marked(const struct mail_http *p, const struct jmap_blob *blob)
{
	return !blob->uploaded && ((p->reading & AUTH_READING_VIEW_ONLY) != 0 || (p->seen->refuses & ACCOUNT_REFUSES_DOWNLOAD) != 0);
}

static void take_query(struct preview *p)
{
	struct mail_exchange *x = p->x;

	p->info = number_of(x, SLICE("info"), 0) == 1;
	p->page = number_of(x, SLICE("page"), 1);
	p->width = number_of(x, SLICE("width"), MAIL_PREVIEW_WIDTH);
	(void)mail_http_query(x, SLICE("name"), &p->name);
	p->name = slice_sub(p->name, 0, INSPECT_NAME_MAX);
}

static void begin(struct preview *p)
{
	struct mail_exchange *x = p->x;

	jmap_blob_start(&p->reader, &p->blob);
	p->reading = true;
	take_query(p);
	if (is_marked(x->person, &p->blob))
		p->mark = mark_of(x);
	loop_defer(mail_http_context(x)->loop, read_on, p);
}

/* 0 and *ret_part above 0: that part of what is inside of a confidential letter. */
static int confidential_find(struct mail_exchange *x, struct mail_confidential *ret, unsigned *ret_part)
{
	struct slice rest = slice_from(x->path, sizeof "/jmap/preview/" - 1), account = SLICE_NONE;
	uint8_t id[16];

	*ret_part = 0;
	if (!slice_split(&rest, '/', &account) || !slice_eq(account, jmap_account_name(x->person->jmap)) || !mail_confidential_blob(rest, id, ret_part))
		return 0;
	return mail_confidential_find(x, id, ret);
}

static void refuse_scanned(struct preview *p, enum mail_scan_verdict verdict)
{
	if (p->info)
		give_info(p, mail_scan_verdict_name(verdict), &(struct ipc_extract_reply){.result = -1});
	else
		mail_http_problem(p->x, mail_scan_verdict_status(verdict), mail_scan_verdict_name(verdict), NULL);
}

static void on_scanned(void *arg, enum mail_scan_verdict verdict)
{
	struct preview *p = arg;

	if (verdict != MAIL_SCAN_GO && !mail_http_is_gone(p->x))
		refuse_scanned(p, verdict);
	if (verdict != MAIL_SCAN_GO || mail_http_is_gone(p->x))
		preview_free(p);
	else if (p->part > 0)
		ask(p);
	else
		begin(p);
}

static void refuse(struct preview *p, unsigned status)
{
	mail_http_problem(p->x, status, status == 410 ? "expired" : NULL, NULL);
	preview_free(p);
}

static void on_opened(void *arg, unsigned status, const struct mail_view_inner *inner)
{
	struct preview *p = arg;
	int rc = status == 200 ? take_inner(p, inner) : 0;

	if (status != 200 || rc == ERR_NOT_FOUND)
		refuse(p, status != 200 ? status : 404);
	else if (rc < 0)
		give_up(p, rc == ERR_LIMIT ? EXTRACT_TOO_LARGE : EXTRACT_BUSY);
	else
		mail_scan_document(p->x->person, p->x->path, p->document, p->size, on_scanned, p);
}

static void begin_confidential(struct preview *p, const struct mail_confidential *letter)
{
	take_query(p);
	p->mark = mark_of(p->x);
	mail_confidential_open(p->x, letter, MAIL_CONFIDENTIAL_ATTACHMENT, on_opened, p);
}

void mail_preview(struct mail_exchange *x)
{
	struct jmap_blob blob = {0};
	struct mail_confidential letter;
	struct preview *p;
	unsigned part;
	int rc = confidential_find(x, &letter, &part);

	if (rc == 0 && part == 0)
		rc = blob_open(x, &blob);
	if (rc < 0) {
		mail_http_problem(x, rc == ERR_NOT_FOUND ? 404 : rc == ERR_DENIED ? 403 : 503, NULL, NULL);
		return;
	}
	if (x->person->previews >= MAIL_PREVIEWS_MAX) {
		mail_http_problem(x, 503, extract_status_name(EXTRACT_BUSY), NULL);
		return;
	}
	p = memory_alloc(sizeof *p);
	*p = (struct preview){.x = x, .blob = blob, .part = part, .piece = BUF_INIT(STEP + 4 * JMAP_BLOB_STEP), .document = memfd_new("document", NULL)};
	p->info = number_of(x, SLICE("info"), 0) == 1;
	x->person->previews++;
	mail_http_hold(x);
	if (p->document < 0)
		give_up(p, EXTRACT_BUSY);
	else if (part > 0)
		begin_confidential(p, &letter);
	else
		mail_scan(x->person, &p->blob, on_scanned, p);
}
