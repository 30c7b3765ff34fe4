/* Blob/get (RFC 9404 4.2). */
#include "base/codec.h"
#include "base/ensure.h"
#include "base/utf8.h"
#include "crypt/digest.h"
#include "jmap/blob.h"
#include "jmap/method.h"
#include "jmap/private.h"

enum property { ID, SIZE, DATA, TEXT, BASE64, SHA, SHA256, SHA512, PROPERTIES };
static const char *const names[PROPERTIES] = {
	[ID] = "id", [SIZE] = "size", [DATA] = "data", [TEXT] = "data:asText", [BASE64] = "data:asBase64", [SHA] = "digest:sha",
	[SHA256] = "digest:sha-256", [SHA512] = "digest:sha-512",
};
#define BIT(p) (UINT64_C(1) << (p))

/* Attachments as pictures (docs/previews.md). */
void jmap_preview_account(struct jmap *j, struct emit *e)
{
	bool may_download = j->shown != NULL ? j->shown->may_download : (j->host.mail->refuses & ACCOUNT_REFUSES_DOWNLOAD) == 0;

	emit_object(e);
	emit_member_text(e, "previewUrl", SLICE("/jmap/preview/{accountId}/{blobId}?page={page}&width={width}&name={name}"));
	emit_member_text(e, "infoUrl", SLICE("/jmap/preview/{accountId}/{blobId}?info=1&name={name}"));
	emit_member_bool(e, "viewOnly", j->host.view_only || !may_download);
	emit_object_end(e);
}

struct getting {
	struct jmap_get get;
	uint64_t offset, length; /* UINT64_MAX: all */
	size_t read;             /* bytes, in this step */
	struct slice looking;    /* the id of which blob_look was asked; empty: of none */
	int looked;
};

static void put_base64(struct emit *e, const char *name, struct slice bytes)
{
	struct buf text = BUF_INIT(JMAP_BLOB_SET_MAX * 2);

	base64_encode(bytes, &text);
	emit_member_text(e, name, buf_slice(&text));
	buf_free_secret(&text);
}

/* `bytes`: the range. */
static void put_data(struct emit *e, const struct getting *g, struct slice bytes, bool cut)
{
	bool readable = utf8_valid(bytes), text = jmap_wants(&g->get, TEXT) || jmap_wants(&g->get, DATA);
	static const struct { enum property property; enum digest_algorithm digest; } digests[] = {
		{SHA, DIGEST_SHA1}, {SHA256, DIGEST_SHA256}, {SHA512, DIGEST_SHA512},
	};
	uint8_t hash[DIGEST_MAX];

	for (size_t i = 0; i < ARRAY_LEN(digests); i++)
		if (jmap_wants(&g->get, digests[i].property)) {
			digest_compute(digests[i].digest, bytes, hash);
			put_base64(e, names[digests[i].property], slice_make(hash, digest_size(digests[i].digest)));
		}
	if (text && readable)
		emit_member_text(e, names[TEXT], bytes);
	else if (jmap_wants(&g->get, TEXT))
		emit_member_null(e, names[TEXT]);
	if (jmap_wants(&g->get, BASE64) || (jmap_wants(&g->get, DATA) && !readable))
		put_base64(e, names[BASE64], bytes);
	if (text && !readable)
		emit_member_bool(e, "isEncodingProblem", true);
	if (cut)
		emit_member_bool(e, "isTruncated", true);
}

static bool wants_data(const struct getting *g)
{
	return (g->get.wanted & (BIT(DATA) | BIT(TEXT) | BIT(BASE64) | BIT(SHA) | BIT(SHA256) | BIT(SHA512))) != 0;
}

static int put_blob(struct jmap_call *call, struct getting *g, const struct jmap_blob *blob)
{
	struct emit *e = jmap_out(call);
	bool data = wants_data(g), cut;
	struct buf all = BUF_INIT(JMAP_BLOB_SET_MAX);
	uint64_t end;
	int rc = 0;

	if (data || blob->size == JMAP_BLOB_UNKNOWN)
		rc = jmap_blob_take(blob) < 0 ? ERR_DENIED : jmap_blob_read(blob, &all);
	g->read += buf_len(&all);
	if (rc == 0) {
		uint64_t size = data || blob->size == JMAP_BLOB_UNKNOWN ? buf_len(&all) : blob->size;

		cut = g->offset > size || (g->length != UINT64_MAX && g->length > size - g->offset);
		end = g->length == UINT64_MAX || cut ? size : g->offset + g->length;
		emit_object(e);
		emit_member_text(e, "id", blob->id);
		if (data)
			put_data(e, g, slice_sub(buf_slice(&all), (size_t)g->offset, (size_t)end), cut);
		if (jmap_wants(&g->get, SIZE))
			emit_member_number(e, "size", (int64_t)size);
		emit_object_end(e);
	}
	buf_free_secret(&all);
	return rc;
}

static bool begin(struct jmap_call *call)
{
	static const char *const more[] = {"offset", "length", NULL};
	struct getting *g = arena_alloc(&call->arena, sizeof *g);

	g->length = UINT64_MAX;
	if (!jmap_get_args(call, names, PROPERTIES, BIT(DATA) | BIT(SIZE), NULL, more, &g->get)
	    || !jmap_arg_unsigned(call, "offset", INT64_MAX, &g->offset) || !jmap_arg_unsigned(call, "length", INT64_MAX, &g->length))
		return false;
	if (g->get.all) {
		(void)jmap_error(call, "invalidArguments", "\"ids\" is missing.");
		return false;
	}
	call->state = g;
	jmap_answer_begin(call, NULL);
	emit_member_text(jmap_out(call), "accountId", jmap_account_name(call->jmap));
	emit_key(jmap_out(call), "list");
	emit_array(jmap_out(call));
	return true;
}

/* JMAP_WAIT: it is not known yet whether its bytes may be given; else *ret is 0 or says why not. */
static enum jmap_step look(struct jmap_call *call, struct getting *g, const struct jmap_blob *blob, struct slice text, int *ret)
{
	const struct jmap_host *host = &call->jmap->host;
	bool asked = g->looking.n > 0;

	*ret = asked ? g->looked : 0;
	if (asked || !wants_data(g) || host->blob_look == NULL || jmap_blob_may(blob) < 0)
		return JMAP_DONE;
	g->looking = text;
	g->looked = ERR_TEMPORARY;
	host->blob_look(host->arg, call, blob, &g->looked);
	return JMAP_WAIT;
}

enum jmap_step jmap_method_blob_get(struct jmap_call *call)
{
	struct getting *g;
	struct slice text, id;

	if (call->state == NULL && !begin(call))
		return JMAP_DONE;
	g = call->state;
	g->read = 0;
	while (jmap_room(call) && g->read < JMAP_BLOB_SET_MAX) { /* digests of much are short: others are served in between */
		struct jmap_blob blob;
		int rc;

		if (g->looking.n > 0) {
			text = g->looking;
		} else if (!jmap_get_next(&g->get, &text)) {
			jmap_get_end(call, &g->get);
			return JMAP_DONE;
		}
		rc = jmap_id_resolve(call, text, &id) ? jmap_blob_open(call->jmap, id, &call->arena, &blob) : ERR_NOT_FOUND;
		if (rc == 0 && look(call, g, &blob, text, &rc) == JMAP_WAIT)
			return JMAP_WAIT;
		g->looking = SLICE_NONE;
		if (rc == 0)
			rc = put_blob(call, g, &blob);
		if (rc == ERR_LIMIT)
			return jmap_error(call, "requestTooLarge", "A blob is larger than maxSizeBlobSet.");
		if (rc < 0)
			jmap_get_missing(call, &g->get, text);
	}
	return JMAP_AGAIN;
}
