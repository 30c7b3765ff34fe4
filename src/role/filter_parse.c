/* FILTER_PARSE: a message is only looked into. */
#include "mime/limits.h"
#include "mime/make.h"
#include "role/filter.h"
#include "sys/file.h"

static int parse(struct filter_role *f, int letter, struct ipc_filter_parse_reply *reply, struct buf *out, struct error *err)
{
	static const uint8_t no_id[16];
	struct digest *digest = ARENA_NEW(&f->arena, struct digest);
	struct file_map map = FILE_MAP_NONE;
	int code = memfd_map(letter, f->ctx->config->message_size, &map, err);

	if (code == 0)
		code = mime_digest_make(map.content, no_id, &f->arena, digest);
	if (code == 0) {
		digest->search_header = digest->search_text = SLICE_NONE;
		digest_encode(digest, out);
		if (out->failed)
			code = error_set(err, ERR_LIMIT, "the digest is too large");
	}
	file_unmap(&map);
	if (code < 0)
		return code;
	*reply = (struct ipc_filter_parse_reply){.digest = -1};
	if (buf_len(out) <= IPC_SMALL_MAX)
		reply->small = buf_slice(out);
	else if ((reply->digest = memfd_from_slice("digest", buf_slice(out), err)) < 0)
		return reply->digest;
	return 0;
}

void filter_on_parse(void *arg, struct ipc_call *call, const void *message)
{
	struct filter_role *f = arg;
	const struct ipc_filter_parse *request = message;
	struct ipc_filter_parse_reply reply = {.digest = -1};
	struct buf out = BUF_INIT(MIME_DIGEST_MAX);
	struct error err = {0};
	int letter = request->letter;

	filter_role_cpu_limit(FILTER_CPU_SECONDS);
	if (parse(f, letter, &reply, &out, &err) < 0) {
		filter_role_failed(f, request->cid, &err);
		reply = (struct ipc_filter_parse_reply){.status = 1, .digest = -1};
	}
	ipc_reply(call, &reply);
	file_close(&reply.digest);
	file_close(&letter);
	buf_free(&out);
	filter_role_done(f);
}
