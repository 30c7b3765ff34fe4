#include "jmap/parse.h"

#include "jmap/write.h"

#define PIECE 262144u

static int copy(struct jmap_call *call, struct jmap_source *source, struct jmap_parse *p)
{
	const struct jmap_host *host = jmap_host(call->jmap);
	struct buf piece = BUF_INIT(PIECE);
	int rc = 0;

	for (uint64_t at = 0; rc == 0 && at < source->size; at += buf_len(&piece)) {
		buf_clear(&piece);
		rc = jmap_source_read(source, at, source->size - at < PIECE ? (size_t)(source->size - at) : PIECE, &piece, NULL);
		if (rc == 0)
			rc = buf_len(&piece) == 0 ? ERR_IO : host->letter_add(host->arg, p->message.letter, buf_slice(&piece));
	}
	p->message.size = source->size;
	buf_free_secret(&piece);
	return rc;
}

static int load(struct jmap_call *call, struct jmap_parse *p, struct slice blob)
{
	const struct jmap_host *host = jmap_host(call->jmap);
	struct jmap_source source;
	struct slice id;
	int rc = jmap_id_resolve(call, blob, &id) ? jmap_source_open(call, id, &source) : ERR_NOT_FOUND;

	if (rc < 0)
		return rc;
	p->message.blob = arena_dup(&call->arena, id);
	p->message.letter = host->letter_new(host->arg);
	rc = p->message.letter != NULL ? copy(call, &source, p) : ERR_TEMPORARY;
	jmap_source_close(&source);
	return rc;
}

/* RFC 5322 2.2: it begins with a field, whatever comes behind it. */
static bool begins_with_field(struct jmap_call *call, struct jmap_parse *p)
{
	struct jmap_shown s = jmap_parse_shown(call, p);
	struct slice header = jmap_shown_header(&s);
	ptrdiff_t colon = slice_find(header, ':');

	for (ptrdiff_t i = 0; i < colon; i++)
		if (header.p[i] < 33 || header.p[i] > 126)
			return false;
	return colon > 0;
}

static int decode(struct jmap_call *call, struct jmap_parse *p)
{
	if (p->parsing.code < 0)
		return p->parsing.code;
	if (digest_decode_structure(p->parsing.digest, &p->arena, &p->digest) < 0)
		return ERR_TEMPORARY;
	return p->digest.opaque || !begins_with_field(call, p) ? ERR_INVALID : 0;
}

enum jmap_step jmap_parse_run(struct jmap_call *call, struct jmap_parse *p, struct slice blob, int *ret)
{
	const struct jmap_host *host = jmap_host(call->jmap);

	if (p->asked) {
		*ret = decode(call, p);
		return JMAP_DONE;
	}
	*ret = host->letter_parse != NULL ? load(call, p, blob) : ERR_TEMPORARY;
	if (*ret == 0 && p->message.size == 0)
		*ret = ERR_INVALID;
	if (*ret < 0)
		return JMAP_DONE;
	p->asked = true;
	host->letter_parse(host->arg, p->message.letter, call, &p->arena, &p->parsing);
	return JMAP_WAIT;
}

void jmap_parse_end(struct jmap_call *call, struct jmap_parse *p)
{
	const struct jmap_host *host = jmap_host(call->jmap);

	if (p->message.letter != NULL)
		host->letter_free(host->arg, &p->message.letter);
	arena_free(&p->arena);
	*p = (struct jmap_parse){.asked = false};
}

struct jmap_shown jmap_parse_shown(struct jmap_call *call, struct jmap_parse *p)
{
	return (struct jmap_shown){.call = call, .arena = &p->arena, .parsed = &p->message, .digest = &p->digest};
}
