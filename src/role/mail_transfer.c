/* Upload and download (RFC 8620 6.1, 6.2). */
#include <string.h>

#include "base/codec.h"
#include "base/memory.h"
#include "http/message.h"
#include "http/url.h"
#include "jmap/blob.h"
#include "jmap/emit.h"
#include "role/mail_blob.h"
#include "role/mail_scan.h"

#define NAME_MAX_BYTES 1000
#define FIELD_MAX 4000

/* Of the path behind "/jmap/upload/" or "/jmap/download/". */
static bool take_account(const struct mail_exchange *x, struct slice *rest)
{
	struct slice account;

	return slice_split(rest, '/', &account) && slice_eq(account, jmap_account_name(x->person->jmap));
}

/* ---- upload ---- */

static bool type_valid(struct slice type)
{
	return type.n < 256 && slice_find(type, '/') > 0;
}

void mail_upload_begin(struct mail_exchange *x)
{
	struct slice rest = slice_from(x->path, sizeof "/jmap/upload/" - 1), type = mail_http_field(x, SLICE("Content-Type"));

	if (!take_account(x, &rest) || rest.n > 0) {
		mail_http_problem(x, 404, NULL, NULL);
		return;
	}
	x->state = mail_blob_create(x->person->account, type_valid(type) ? type : SLICE("application/octet-stream"));
	if (x->state == NULL)
		mail_http_problem(x, 503, NULL, NULL);
}

static void upload_fail(struct mail_exchange *x, int rc)
{
	struct mail_blob *b = x->state;

	x->state = NULL;
	mail_blob_drop(&b);
	if (rc == ERR_LIMIT)
		mail_http_problem(x, 413, "maxSizeUpload", NULL);
	else
		mail_http_problem(x, rc == ERR_NO_SPACE ? 507 : 503, NULL, NULL);
}

void mail_upload_piece(struct mail_exchange *x, struct slice bytes)
{
	int rc;

	if (x->state == NULL)
		return;
	rc = mail_blob_write(x->state, bytes, jmap_host(x->person->jmap)->upload_max);
	if (rc < 0)
		upload_fail(x, rc);
}

static void give_upload(struct mail_exchange *x, const uint8_t id[16], uint64_t size)
{
	struct buf body = BUF_INIT(1024);
	struct emit e = EMIT_INIT(&body);
	struct slice type = mail_http_field(x, SLICE("Content-Type"));

	emit_object(&e);
	emit_member_text(&e, "accountId", jmap_account_name(x->person->jmap));
	emit_key(&e, "blobId");
	emit_id(&e, 'U', id);
	emit_member_text(&e, "type", type_valid(type) ? type : SLICE("application/octet-stream"));
	emit_member_number(&e, "size", (int64_t)size);
	emit_object_end(&e);
	mail_http_answer(x, 201, "application/json", NULL, 0, buf_slice(&body));
	buf_free(&body);
}

void mail_upload_handle(struct mail_exchange *x)
{
	struct mail_blob *b = x->state;
	uint8_t id[16];
	uint64_t size = 0;

	if (b == NULL)
		return;
	x->state = NULL;
	if (mail_blob_finish(b, id, &size) == 0)
		give_upload(x, id, size);
}

void mail_upload_gone(struct mail_exchange *x)
{
	struct mail_blob *b = x->state;

	x->state = NULL;
	mail_blob_drop(&b);
}

/* ---- download ---- */

struct download {
	struct mail_exchange *x;
	struct jmap_blob blob;
	struct jmap_blob_reader reader;
	struct buf out;
	bool asks;           /* only whether it would be given */
};

static void download_end(struct mail_exchange *x)
{
	struct download *d = x->state;

	x->state = NULL;
	if (d == NULL)
		return;
	jmap_blob_stop(&d->reader);
	buf_free_secret(&d->out);
}

/* What the client asked for, when it can stand in a field; a browser never shows it, whatever it is. */
static struct slice type_of(struct mail_exchange *x, const struct jmap_blob *blob)
{
	struct slice type = SLICE_NONE;

	if (!mail_http_query(x, SLICE("accept"), &type) || !type_valid(type))
		type = blob->type;
	for (size_t i = 0; i < type.n; i++)
		if (type.p[i] < 0x20 || type.p[i] >= 0x7f)
			return SLICE("application/octet-stream");
	return type_valid(type) ? type : SLICE("application/octet-stream");
}

/* RFC 6266 4.3, RFC 8187. */
static void put_disposition(struct slice name, struct buf *out)
{
	buf_append_str(out, "attachment; filename*=UTF-8''");
	http_percent_encode(slice_sub(name, 0, NAME_MAX_BYTES), out);
}

static int download_open(struct mail_exchange *x, struct slice rest, struct download *d)
{
	struct slice id;
	int rc;

	if (!take_account(x, &rest) || !slice_split(&rest, '/', &id))
		return ERR_NOT_FOUND;
	rc = jmap_blob_open(x->person->jmap, arena_dup(&x->arena, id), &x->arena, &d->blob);
	if (rc == 0)
		rc = d->asks ? jmap_blob_may(&d->blob) : jmap_blob_take(&d->blob);
	return rc;
}

static void give_head(struct mail_exchange *x, const struct download *d)
{
	struct buf disposition = BUF_INIT(FIELD_MAX);
	ptrdiff_t slash = slice_rfind(x->path, '/');
	struct slice name = slice_from(x->path, (size_t)slash + 1);
	const char *type = (const char *)arena_dup(&x->arena, type_of(x, &d->blob)).p;

	put_disposition(name, &disposition);
	struct http_field fields[] = {
		{SLICE("Content-Disposition"), buf_slice(&disposition)},
		HTTP_FIELD("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'"),
		HTTP_FIELD("Cache-Control", "private, immutable, max-age=31536000"),
		HTTP_FIELD("X-Content-Type-Options", "nosniff"),
	};
	mail_http_begin(x, 200, type, fields, ARRAY_LEN(fields), d->blob.size == JMAP_BLOB_UNKNOWN ? HTTP_LENGTH_UNKNOWN : d->blob.size);
	buf_free(&disposition);
}

static void download_begin(struct mail_exchange *x, struct download *d)
{
	jmap_blob_start(&d->reader, &d->blob);
	buf_init(&d->out, 4 * JMAP_BLOB_STEP);
	x->state = d;
	give_head(x, d);
	mail_download_more(x);
}

static void on_scanned(void *arg, enum mail_scan_verdict verdict)
{
	struct download *d = arg;
	struct mail_exchange *x = d->x;

	if (mail_http_is_gone(x)) {
		mail_http_drop(x);
		return;
	}
	mail_http_enter(x->person);
	if (verdict != MAIL_SCAN_GO)
		mail_http_problem(x, mail_scan_verdict_status(verdict), mail_scan_verdict_name(verdict), NULL);
	else if (d->asks)
		mail_http_answer(x, 204, NULL, NULL, 0, SLICE_NONE);
	else
		download_begin(x, d);
	mail_http_leave(x->person);
	mail_http_drop(x);
}

void mail_download(struct mail_exchange *x)
{
	struct download *d = arena_alloc(&x->arena, sizeof *d);
	struct slice asks;
	int rc;

	d->x = x;
	d->asks = mail_http_query(x, SLICE("check"), &asks) && slice_eq(asks, SLICE("1"));
	rc = download_open(x, slice_from(x->path, sizeof "/jmap/download/" - 1), d);

	if (rc < 0) {
		mail_http_problem(x, rc == ERR_NOT_FOUND ? 404 : rc == ERR_DENIED ? 403 : 503, NULL, NULL);
		return;
	}
	mail_http_hold(x);
	mail_scan(x->person, &d->blob, on_scanned, d);
}

void mail_download_more(struct mail_exchange *x)
{
	struct download *d = x->state;
	int rc = 0;

	if (d == NULL)
		return;
	while (rc == 0 && buf_len(&d->out) == 0 && !d->reader.end)
		rc = jmap_blob_next(&d->reader, &d->out);
	if (rc < 0) {
		download_end(x);
		mail_http_break(x);
		return;
	}
	mail_http_write(x, buf_slice(&d->out));
	buf_clear(&d->out);
	if (d->reader.end) {
		download_end(x);
		mail_http_end(x);
	}
}

void mail_download_gone(struct mail_exchange *x)
{
	download_end(x);
}
