/* A blob as the content of a part, or as a letter. */
#include "jmap/write.h"

#define PENDING_MAX (2u << 20)

static void restart(struct jmap_source *s)
{
	if (s->open)
		jmap_blob_stop(&s->reader);
	buf_clear(&s->pending);
	jmap_blob_start(&s->reader, &s->blob);
	s->open = true;
	s->at = 0;
}

/* Of an encoded part nobody knows it before. */
static int count(struct jmap_source *s)
{
	int rc = 0;

	restart(s);
	s->size = 0;
	while (rc == 0 && !s->reader.end) {
		buf_clear(&s->pending);
		rc = jmap_blob_next(&s->reader, &s->pending);
		s->size += buf_len(&s->pending);
	}
	return rc;
}

int jmap_source_open(struct jmap_call *call, struct slice id, struct jmap_source *ret)
{
	int rc;

	*ret = (struct jmap_source){.pending = BUF_INIT(PENDING_MAX)};
	rc = jmap_blob_open(call->jmap, arena_dup(&call->arena, id), &call->arena, &ret->blob);
	if (rc == 0)
		rc = jmap_blob_give(&ret->blob);
	ret->size = ret->blob.size;
	if (rc == 0 && ret->size == JMAP_BLOB_UNKNOWN)
		rc = count(ret);
	jmap_source_close(ret); /* nothing is held before it is read */
	return rc;
}

void jmap_source_close(struct jmap_source *s)
{
	if (s->open)
		jmap_blob_stop(&s->reader);
	s->open = false;
	buf_free_secret(&s->pending);
}

int jmap_source_read(void *arg, uint64_t offset, size_t n, struct buf *out, struct error *err)
{
	struct jmap_source *s = arg;
	int rc = 0;

	if (offset == 0)
		restart(s);
	if (offset != s->at)
		return error_set(err, ERR_INVALID, "a blob is read from its front");
	while (rc == 0 && buf_len(&s->pending) < n && !s->reader.end)
		rc = jmap_blob_next(&s->reader, &s->pending);
	if (rc < 0)
		return rc;
	buf_append(out, slice_sub(buf_slice(&s->pending), 0, n));
	s->at += slice_sub(buf_slice(&s->pending), 0, n).n;
	buf_consume(&s->pending, n);
	return 0;
}
