#include "store/envelope.h"

#include "base/error.h"

#define ENVELOPE_VERSION 3

/* The switches of an envelope as one byte. */
enum { BIT_SMTPUTF8 = 1, BIT_8BIT = 2, BIT_BINARY = 4, BIT_REQUIRETLS = 8, BIT_OPAQUE = 16 };

static uint8_t switches_pack(const struct envelope *e)
{
	return (uint8_t)((e->smtputf8 ? BIT_SMTPUTF8 : 0) | (e->body_8bit ? BIT_8BIT : 0) | (e->body_binary ? BIT_BINARY : 0)
	                 | (e->requiretls ? BIT_REQUIRETLS : 0) | (e->opaque ? BIT_OPAQUE : 0));
}

static void switches_unpack(struct envelope *e, uint8_t bits)
{
	e->smtputf8 = bits & BIT_SMTPUTF8;
	e->body_8bit = bits & BIT_8BIT;
	e->body_binary = bits & BIT_BINARY;
	e->requiretls = bits & BIT_REQUIRETLS;
	e->opaque = bits & BIT_OPAQUE;
}

/* The texts in the order in which they stand in the encoded form. */
#define ENVELOPE_TEXTS(T) \
	T(cid) T(client_address) T(helo) T(protocol) T(tls) T(hostname) T(reverse_path) T(ret) T(envid) T(sender) T(sealer) T(recipients) T(mailbox_id) T(flags)

void envelope_encode(const struct envelope *e, struct buf *out)
{
	buf_put_u8(out, ENVELOPE_VERSION);
	buf_put_u8(out, (uint8_t)e->source);
	buf_put_u8(out, switches_pack(e));
	buf_put_u64(out, (uint64_t)e->received_ms);
	buf_put_u64(out, (uint64_t)e->due_ms);
	buf_put_u64(out, (uint64_t)e->internal_date);
	buf_put_u32(out, e->recipient_count);
#define T(name) buf_put_bytes(out, e->name);
	ENVELOPE_TEXTS(T)
#undef T
}

int envelope_decode(struct slice data, struct envelope *ret)
{
	struct envelope e = {0};
	uint8_t version, source, bits;
	uint64_t received, due, internal;

	if (!slice_get_u8(&data, &version) || version != ENVELOPE_VERSION || !slice_get_u8(&data, &source)
	    || source < ENVELOPE_SMTP || source > ENVELOPE_BEHIND || !slice_get_u8(&data, &bits) || !slice_get_u64(&data, &received)
	    || !slice_get_u64(&data, &due) || !slice_get_u64(&data, &internal) || !slice_get_u32(&data, &e.recipient_count))
		return ERR_INVALID;
	e.source = (enum envelope_source)source;
	e.received_ms = (int64_t)received;
	e.due_ms = (int64_t)due;
	e.internal_date = (int64_t)internal;
	switches_unpack(&e, bits);
#define T(name) \
	if (!slice_get_bytes(&data, &e.name)) \
		return ERR_INVALID;
	ENVELOPE_TEXTS(T)
#undef T
	if (data.n != 0)
		return ERR_INVALID;
	*ret = e;
	return 0;
}
