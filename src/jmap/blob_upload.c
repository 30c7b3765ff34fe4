/* Blob/upload (RFC 9404 4.1): small blobs within a request, also made of others. */
#include "base/codec.h"
#include "base/utf8.h"
#include "jmap/blob.h"
#include "jmap/method.h"

#define TYPE_MAX 255

/* One object of `create`. */
struct making {
	struct jmap_call *call;
	struct buf bytes;
	size_t read;       /* of other blobs, whatever is taken of them */
	const char *error;
	const char *property;
};

static bool fail(struct making *m, const char *error, const char *property)
{
	m->error = error;
	m->property = property;
	return false;
}

static bool take_blob(struct making *m, const json_t *source)
{
	const json_t *offset = json_object_get(source, "offset"), *length = json_object_get(source, "length");
	struct buf all = BUF_INIT(JMAP_BLOB_SET_MAX);
	struct jmap_blob blob;
	struct slice id, text;
	uint64_t from = 0, n = UINT64_MAX;
	bool good = jmap_id_resolve(m->call, jmap_text(json_object_get(source, "blobId")), &id)
		&& jmap_blob_open(m->call->jmap, id, &m->call->arena, &blob) == 0;

	if (!good)
		return fail(m, "blobNotFound", NULL);
	if ((offset != NULL && !json_is_null(offset) && (!json_is_integer(offset) || json_integer_value(offset) < 0))
	    || (length != NULL && !json_is_null(length) && (!json_is_integer(length) || json_integer_value(length) < 0)))
		return fail(m, "invalidProperties", "data");
	from = json_is_integer(offset) ? (uint64_t)json_integer_value(offset) : 0;
	n = json_is_integer(length) ? (uint64_t)json_integer_value(length) : UINT64_MAX;
	good = jmap_blob_take(&blob) == 0 && jmap_blob_read(&blob, &all) == 0;
	text = buf_slice(&all);
	m->read += text.n;
	if (!good || m->read > JMAP_BLOB_READ_MAX)
		good = fail(m, "tooLarge", NULL);
	else if (from > text.n || (n != UINT64_MAX && n > text.n - from))
		good = fail(m, "invalidProperties", "data");
	else
		buf_append(&m->bytes, slice_sub(text, (size_t)from, n == UINT64_MAX ? text.n : (size_t)(from + n)));
	buf_free_secret(&all);
	return good;
}

static bool take_source(struct making *m, const json_t *source)
{
	const json_t *text = json_object_get(source, "data:asText"), *base64 = json_object_get(source, "data:asBase64"),
		*blob = json_object_get(source, "blobId");

	if ((text != NULL) + (base64 != NULL) + (blob != NULL) != 1 || (text != NULL && !json_is_string(text))
	    || (base64 != NULL && !json_is_string(base64)))
		return fail(m, "invalidProperties", "data");
	if (blob != NULL && !take_blob(m, source))
		return false;
	if (text != NULL)
		buf_append(&m->bytes, jmap_text(text));
	else if (base64 != NULL && base64_decode_strict(jmap_text(base64), &m->bytes) != 0)
		return fail(m, m->bytes.failed ? "tooLarge" : "invalidProperties", "data");
	return !m->bytes.failed || fail(m, "tooLarge", NULL);
}

static bool is_type(struct slice type)
{
	for (size_t i = 0; i < type.n; i++)
		if (type.p[i] < 0x20 || type.p[i] >= 0x7f)
			return false;
	return type.n <= TYPE_MAX && (type.n == 0 || slice_find(type, '/') > 0);
}

static bool take_object(struct making *m, const json_t *object)
{
	const json_t *data = json_object_get(object, "data"), *type = json_object_get(object, "type"), *source;
	size_t i;

	if (!json_is_array(data) || json_array_size(data) > JMAP_BLOB_SOURCES_MAX)
		return fail(m, "invalidProperties", "data");
	if ((type != NULL && !json_is_null(type) && !json_is_string(type)) || !is_type(jmap_text(type)))
		return fail(m, "invalidProperties", "type");
	json_array_foreach(data, i, source)
		if (!take_source(m, source))
			return false;
	return true;
}

static void put_error(json_t *failed, const char *key, const struct making *m)
{
	json_t *error = json_pack("{s:s}", "type", m->error);

	if (m->property != NULL)
		json_object_set_new(error, "properties", json_pack("[s]", m->property));
	json_object_set_new(failed, key, error);
}

static void make(struct jmap_call *call, const char *key, const json_t *object, json_t *made, json_t *failed)
{
	const struct jmap_host *host = jmap_host(call->jmap);
	struct making m = {.call = call, .bytes = BUF_INIT(JMAP_BLOB_SET_MAX)};
	struct slice type = jmap_text(json_object_get(object, "type"));
	struct buf id = BUF_INIT(40);
	uint8_t bytes[16];
	int rc = take_object(&m, object) ? 0 : ERR_INVALID;

	if (rc == 0)
		rc = host->blob_put == NULL ? ERR_TEMPORARY : host->blob_put(host->arg, type, buf_slice(&m.bytes), bytes);
	if (rc < 0) {
		if (m.error == NULL)
			(void)fail(&m, rc == ERR_LIMIT ? "overQuota" : "serverFail", NULL);
		put_error(failed, key, &m);
	} else {
		buf_append_byte(&id, 'U');
		hex_encode(slice_make(bytes, sizeof bytes), &id);
		jmap_id_created(call, slice_str(key), buf_slice(&id));
		json_object_set_new(made, key, json_pack("{s:s%, s:s%, s:I}", "id", buf_slice(&id).p, buf_len(&id), "type",
			type.n > 0 ? (const char *)type.p : "application/octet-stream", type.n > 0 ? type.n : sizeof "application/octet-stream" - 1,
			"size", (json_int_t)buf_len(&m.bytes)));
	}
	buf_free(&id);
	buf_free_secret(&m.bytes);
}

struct uploading {
	json_t *create, *made, *failed;
	void *at;          /* the next of `create` */
	size_t source;     /* of its sources, the next one that has to be looked at */
	bool asked;        /* the scanners, about that one */
	int looked;        /* what they say; negative: it is not made */
};

static void forget(struct jmap_call *call)
{
	struct uploading *u = call->state;

	json_decref(u->made);
	json_decref(u->failed);
}

static bool begin(struct jmap_call *call)
{
	static const char *const names[] = {"create", NULL};
	struct uploading *u;
	json_t *create = NULL;

	if (!jmap_args_check(call, names) || !jmap_arg_object(call, "create", &create))
		return false;
	if (create == NULL || json_object_size(create) > JMAP_SET_MAX) {
		(void)jmap_error(call, create == NULL ? "invalidArguments" : "requestTooLarge", NULL);
		return false;
	}
	u = ARENA_NEW(&call->arena, struct uploading);
	*u = (struct uploading){.create = create, .made = json_object(), .failed = json_object(), .at = json_object_iter(create)};
	call->state = u;
	call->forget = forget;
	return true;
}

static bool is_of_letter(struct jmap_call *call, const json_t *source, struct jmap_blob *ret)
{
	struct slice id;

	return json_object_get(source, "blobId") != NULL && jmap_id_resolve(call, jmap_text(json_object_get(source, "blobId")), &id)
	       && jmap_blob_open(call->jmap, id, &call->arena, ret) == 0 && !ret->uploaded && jmap_blob_may(ret) == 0;
}

/* What comes out of a letter is looked at first, as when it is downloaded: an upload is not any more. False: it is not known yet. */
static bool look(struct jmap_call *call, struct uploading *u)
{
	const struct jmap_host *host = jmap_host(call->jmap);
	const json_t *data = json_object_get(json_object_iter_value(u->at), "data");
	struct jmap_blob blob;

	u->source += u->asked;
	u->asked = false;
	while (u->looked == 0 && host->blob_look != NULL && u->source < json_array_size(data) && u->source < JMAP_BLOB_SOURCES_MAX) {
		if (is_of_letter(call, json_array_get(data, u->source), &blob)) {
			u->asked = true;
			u->looked = ERR_TEMPORARY;
			host->blob_look(host->arg, call, &blob, &u->looked);
			return false;
		}
		u->source++;
	}
	return true;
}

static void make_next(struct jmap_call *call, struct uploading *u)
{
	const char *key = json_object_iter_key(u->at);

	if (u->looked == 0)
		make(call, key, json_object_iter_value(u->at), u->made, u->failed);
	else
		put_error(u->failed, key, &(struct making){.error = u->looked == ERR_DENIED ? "forbidden" : "serverFail"});
	u->at = json_object_iter_next(u->create, u->at);
	u->source = 0;
	u->looked = 0;
}

static void put_result(struct emit *e, const char *name, const json_t *objects)
{
	emit_key(e, name);
	if (json_object_size(objects) > 0)
		emit_json(e, objects);
	else
		emit_null(e);
}

/* One blob at a time: others are served in between. */
enum jmap_step jmap_method_blob_upload(struct jmap_call *call)
{
	struct uploading *u;

	if (call->state == NULL && !begin(call))
		return JMAP_DONE;
	u = call->state;
	if (u->at != NULL && !look(call, u))
		return JMAP_WAIT;
	if (u->at != NULL) {
		make_next(call, u);
		return JMAP_AGAIN;
	}
	jmap_answer_begin(call, NULL);
	emit_member_text(jmap_out(call), "accountId", jmap_account_name(call->jmap));
	put_result(jmap_out(call), "created", u->made);
	put_result(jmap_out(call), "notCreated", u->failed);
	jmap_answer_end(call);
	return JMAP_DONE;
}
