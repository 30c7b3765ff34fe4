#include "ipc/codec.h"

#include <string.h>

#include "base/ensure.h"
#include "base/error.h"

#define R(role) (1u << ROLE_##role)
#define EVERYBODY 0xffffffffu
static const struct ipc_row rows[IPC_TYPE_COUNT] = {
#define IPC_REQUEST(ID, lname, senders, receiver, max, outstanding, deadline) \
	{#lname, senders, ROLE_##receiver, max, outstanding, deadline},
#include "ipc/messages.h"
#undef IPC_REQUEST
};
#undef R
#undef EVERYBODY

#define IPC_REQUEST(ID, lname, senders, receiver, max, outstanding, deadline) \
	_Static_assert((max) + IPC_HEADER <= IPC_MESSAGE_MAX, #lname " is larger than any message may be"); \
	_Static_assert(ROLE_##receiver != ROLE_KEY || (max) + IPC_HEADER <= IPC_KEY_MESSAGE_MAX, #lname " is too large for key");
#include "ipc/messages.h"
#undef IPC_REQUEST

const struct ipc_row *ipc_row(enum ipc_type type)
{
	ENSURE(type < IPC_TYPE_COUNT);
	return &rows[type];
}

bool ipc_may_talk(enum role a, enum role b)
{
	for (unsigned i = 0; i < IPC_TYPE_COUNT; i++) {
		if (rows[i].receiver == b && rows[i].senders & 1u << a)
			return true;
		if (rows[i].receiver == a && rows[i].senders & 1u << b)
			return true;
	}
	return false;
}

const char *role_name(enum role role)
{
	static const char *const names[ROLE_COUNT] = {
#define ROLE(id, name) name,
#include "ipc/roles.h"
#undef ROLE
	};
	ENSURE(role < ROLE_COUNT);
	return names[role];
}

int role_from_name(struct slice name, enum role *ret_role)
{
	for (enum role role = 0; role < ROLE_COUNT; role++) {
		if (slice_eq(name, slice_str(role_name(role)))) {
			*ret_role = role;
			return 0;
		}
	}
	return ERR_NOT_FOUND;
}

void ipc_header_put(struct buf *out, const struct ipc_header *header)
{
	buf_put_u8(out, (uint8_t)header->kind);
	buf_put_u8(out, 0);
	buf_put_u16(out, (uint16_t)header->type);
	buf_put_u32(out, header->id);
}

int ipc_header_get(struct slice *in, struct ipc_header *ret_header)
{
	uint8_t kind, zero;
	uint16_t type;
	uint32_t id;
	if (!slice_get_u8(in, &kind) || !slice_get_u8(in, &zero) || !slice_get_u16(in, &type) || !slice_get_u32(in, &id))
		return ERR_INVALID;
	if (kind < IPC_KIND_REQUEST || kind > IPC_KIND_BEGUN || zero != 0 || type >= IPC_TYPE_COUNT)
		return ERR_INVALID;
	*ret_header = (struct ipc_header){.kind = (enum ipc_kind)kind, .type = (enum ipc_type)type, .id = id};
	return 0;
}

/* ---- one writer and one reader for each field type ---- */

struct writer {
	struct buf *out;
	struct ipc_fds *fds;
};

static void put_u8(struct writer *w, ipc_u8 v)
{
	buf_put_u8(w->out, v);
}
static void put_u16(struct writer *w, ipc_u16 v)
{
	buf_put_u16(w->out, v);
}
static void put_u32(struct writer *w, ipc_u32 v)
{
	buf_put_u32(w->out, v);
}
static void put_u64(struct writer *w, ipc_u64 v)
{
	buf_put_u64(w->out, v);
}
static void put_bytes(struct writer *w, ipc_bytes v)
{
	buf_put_bytes(w->out, v);
}
static void put_id(struct writer *w, ipc_id v)
{
	buf_append_bytes(w->out, v.b, sizeof v.b);
}
static void put_key(struct writer *w, ipc_key v)
{
	buf_append_bytes(w->out, v.b, sizeof v.b);
}
static void put_fd(struct writer *w, ipc_fd fd)
{
	buf_put_u8(w->out, fd >= 0);
	if (fd < 0)
		return;
	ENSURE(w->fds->count < IPC_FDS_MAX);
	w->fds->fd[w->fds->count++] = fd;
}

struct reader {
	struct slice in;
	const struct ipc_fds *fds;
	unsigned fds_used;
	bool bad;
};

static ipc_u8 get_u8(struct reader *r)
{
	ipc_u8 v = 0;
	r->bad |= !slice_get_u8(&r->in, &v);
	return v;
}
static ipc_u16 get_u16(struct reader *r)
{
	ipc_u16 v = 0;
	r->bad |= !slice_get_u16(&r->in, &v);
	return v;
}
static ipc_u32 get_u32(struct reader *r)
{
	ipc_u32 v = 0;
	r->bad |= !slice_get_u32(&r->in, &v);
	return v;
}
static ipc_u64 get_u64(struct reader *r)
{
	ipc_u64 v = 0;
	r->bad |= !slice_get_u64(&r->in, &v);
	return v;
}
static ipc_bytes get_bytes(struct reader *r)
{
	ipc_bytes v = SLICE_NONE;
	r->bad |= !slice_get_bytes(&r->in, &v);
	return v;
}
static ipc_id get_id(struct reader *r)
{
	ipc_id v = {0};
	r->bad |= !slice_get_fixed(&r->in, v.b, sizeof v.b);
	return v;
}
static ipc_key get_key(struct reader *r)
{
	ipc_key v = {0};
	r->bad |= !slice_get_fixed(&r->in, v.b, sizeof v.b);
	return v;
}
static ipc_fd get_fd(struct reader *r)
{
	uint8_t present = 0;
	r->bad |= !slice_get_u8(&r->in, &present) || present > 1;
	if (present != 1)
		return -1;
	if (r->fds_used >= r->fds->count) {
		r->bad = true;
		return -1;
	}
	return r->fds->fd[r->fds_used++];
}

/* ---- the functions of each row ---- */

#define PUT(type, name) put_##type(w, m->name);
#define GET(type, name) m->name = get_##type(r);
#define IPC_REQUEST(ID, lname, senders, receiver, max, outstanding, deadline) \
	static void put_##lname##_request(struct writer *w, const void *p) \
	{ \
		const struct ipc_##lname *m = p; \
		(void)m; \
		IPC_FIELDS_##ID(PUT) \
	} \
	static void put_##lname##_reply(struct writer *w, const void *p) \
	{ \
		const struct ipc_##lname##_reply *m = p; \
		(void)m; \
		IPC_REPLY_##ID(PUT) \
	} \
	static void get_##lname##_request(struct reader *r, union ipc_any *any) \
	{ \
		struct ipc_##lname *m = &any->lname; \
		(void)m; \
		IPC_FIELDS_##ID(GET) \
	} \
	static void get_##lname##_reply(struct reader *r, union ipc_any *any) \
	{ \
		struct ipc_##lname##_reply *m = &any->lname##_reply; \
		(void)m; \
		IPC_REPLY_##ID(GET) \
	}
#include "ipc/messages.h"
#undef IPC_REQUEST

static const struct {
	void (*put_request)(struct writer *, const void *);
	void (*put_reply)(struct writer *, const void *);
	void (*get_request)(struct reader *, union ipc_any *);
	void (*get_reply)(struct reader *, union ipc_any *);
} codecs[IPC_TYPE_COUNT] = {
#define IPC_REQUEST(ID, lname, senders, receiver, max, outstanding, deadline) \
	{put_##lname##_request, put_##lname##_reply, get_##lname##_request, get_##lname##_reply},
#include "ipc/messages.h"
#undef IPC_REQUEST
};

int ipc_encode(enum ipc_type type, enum ipc_kind kind, const void *fields, struct buf *out, struct ipc_fds *fds)
{
	ENSURE(type < IPC_TYPE_COUNT);
	struct writer w = {.out = out, .fds = fds};
	size_t before = buf_len(out);
	fds->count = 0;
	if (kind == IPC_KIND_REQUEST)
		codecs[type].put_request(&w, fields);
	else
		codecs[type].put_reply(&w, fields);
	if (out->failed || buf_len(out) - before > rows[type].max)
		return ERR_LIMIT;
	return 0;
}

int ipc_decode(enum ipc_type type, enum ipc_kind kind, struct slice in, const struct ipc_fds *fds, union ipc_any *fields)
{
	ENSURE(type < IPC_TYPE_COUNT);
	if (in.n > rows[type].max)
		return ERR_INVALID;
	struct reader r = {.in = in, .fds = fds};
	if (kind == IPC_KIND_REQUEST)
		codecs[type].get_request(&r, fields);
	else
		codecs[type].get_reply(&r, fields);
	return r.bad || r.in.n != 0 || r.fds_used != fds->count ? ERR_INVALID : 0;
}
