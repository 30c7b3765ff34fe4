#include "ipc/ipc.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/error.h"
#include "base/memory.h"
#include "ipc/ipc_private.h"

#define SLOTS_MAX 65536u
#define ID(slot, generation) ((slot) | ((generation) & 0x7fffu) << 16)
#define ID_SLOT(id) ((id) & 0xffffu)

static void on_soon(void *arg);
static void on_deadline(void *arg);

struct ipc *ipc_create(struct loop *loop, enum role role, unsigned index)
{
	struct ipc *ipc = memory_alloc(sizeof *ipc);
	ipc->magic = IPC_MAGIC;
	ipc->loop = loop;
	ipc->role = role;
	ipc->index = index;
	for (unsigned i = 0; i < IPC_TYPE_COUNT; i++)
		list_init(&ipc->waiting[i]);
	list_init(&ipc->verdicts);
	list_init(&ipc->dead);
	ipc->soon = timer_create_on(loop, on_soon, ipc);
	ipc->deadline = timer_create_on(loop, on_deadline, ipc);
	buf_init(&ipc->scratch, IPC_MESSAGE_MAX);
	ipc->receive = memory_alloc((size_t)IPC_BATCH * IPC_MESSAGE_MAX);
	return ipc;
}

static void free_verdicts(struct ipc *ipc)
{
	LIST_FOREACH(node, &ipc->verdicts) {
		list_remove(node);
		memory_free(LIST_ITEM(node, struct ipc_verdict, node));
	}
}

void ipc_destroy(struct ipc **ipc)
{
	struct ipc *i = *ipc;
	*ipc = NULL;
	if (i == NULL)
		return;
	ENSURE_MAGIC(i, IPC_MAGIC);
	if (i->destroyed != NULL)
		*i->destroyed = true;
	free_verdicts(i);
	for (enum role role = 0; role < ROLE_COUNT; role++) {
		for (unsigned n = 0; n < i->peers[role].room; n++)
			if (i->peers[role].channels[n] != NULL)
				ipc_channel_free(i->peers[role].channels[n]);
		memory_free(i->peers[role].channels);
	}
	LIST_FOREACH(node, &i->dead)
		ipc_channel_free(LIST_ITEM(node, struct ipc_channel, node));
	timer_destroy(&i->soon);
	timer_destroy(&i->deadline);
	buf_free_secret(&i->scratch);
	memory_free(i->receive);
	i->magic = 0;
	memory_free(i);
}

/* ---- peers ---- */

struct ipc_channel *ipc_channel_find(const struct ipc *ipc, enum role peer, unsigned index)
{
	return index < ipc->peers[peer].room ? ipc->peers[peer].channels[index] : NULL;
}

void ipc_channel_add(struct ipc *ipc, enum role peer, unsigned peer_index, int fd)
{
	ENSURE(peer < ROLE_COUNT && peer_index < IPC_INSTANCES_MAX);
	if (peer_index >= ipc->peers[peer].room) {
		unsigned room = peer_index + 8;
		ipc->peers[peer].channels = memory_grow(ipc->peers[peer].channels, room * sizeof(struct ipc_channel *));
		for (unsigned i = ipc->peers[peer].room; i < room; i++)
			ipc->peers[peer].channels[i] = NULL;
		ipc->peers[peer].room = room;
	}
	struct ipc_channel *old = ipc->peers[peer].channels[peer_index];
	if (old != NULL)
		ipc_channel_end(old);
	ipc->peers[peer].channels[peer_index] = ipc_channel_new(ipc, peer, peer_index, fd);
	if (ipc->peers[peer].instances <= peer_index)
		ipc->peers[peer].instances = peer_index + 1;
}

void ipc_set_instances(struct ipc *ipc, enum role role, unsigned count)
{
	ipc->peers[role].instances = count;
}

unsigned ipc_instances(const struct ipc *ipc, enum role role)
{
	return ipc->peers[role].instances;
}

bool ipc_idle(const struct ipc *ipc)
{
	for (unsigned role = 0; role < ROLE_COUNT; role++) {
		for (unsigned i = 0; i < ipc->peers[role].room; i++) {
			const struct ipc_channel *channel = ipc->peers[role].channels[i];

			if (channel != NULL && (!list_empty(&channel->calls) || !list_empty(&channel->backlog) || !list_empty(&channel->queue)
			                        || ipc_socket_waiting(channel->fd)))
				return false;
		}
	}
	return true;
}

static bool is_asked_by(const struct ipc *ipc, unsigned peer)
{
	for (unsigned type = 0; type < IPC_TYPE_COUNT; type++) {
		const struct ipc_row *row = ipc_row((enum ipc_type)type);

		if (row->receiver == ipc->role && (row->senders & 1u << peer) != 0)
			return true;
	}
	return false;
}

void ipc_shut(struct ipc *ipc)
{
	for (unsigned role = 0; role < ROLE_COUNT; role++) {
		for (unsigned i = 0; is_asked_by(ipc, role) && i < ipc->peers[role].room; i++) {
			if (ipc->peers[role].channels[i] != NULL)
				(void)shutdown(ipc->peers[role].channels[i]->fd, SHUT_RD);
		}
	}
}

/* The live instance with the least in hand; equals take turns. */
static struct ipc_channel *least_busy(struct ipc *ipc, enum role role)
{
	struct ipc_channel *best = NULL;
	unsigned room = ipc->peers[role].room;
	unsigned start = room > 0 ? ipc->peers[role].next++ % room : 0;
	for (unsigned i = 0; i < room; i++) {
		struct ipc_channel *c = ipc->peers[role].channels[(start + i) % room];
		if (c != NULL && !c->shut && (best == NULL || c->outstanding < best->outstanding))
			best = c;
	}
	return best;
}

void ipc_handle(struct ipc *ipc, enum ipc_type type, ipc_handler_fn *fn, void *arg)
{
	ENSURE_MAGIC(ipc, IPC_MAGIC);
	ENSURE(ipc_row(type)->receiver == ipc->role);
	ipc->handlers[type].fn = fn;
	ipc->handlers[type].arg = arg;
}

void ipc_on_violation(struct ipc *ipc, ipc_violation_fn *fn, void *arg)
{
	ipc->violation = fn;
	ipc->violation_arg = arg;
}

void ipc_on_shortage(struct ipc *ipc, ipc_shortage_fn *fn, void *arg)
{
	ipc->shortage = fn;
	ipc->shortage_arg = arg;
}

void ipc_set_deadline(struct ipc *ipc, int64_t ms)
{
	ipc->deadline_override = ms;
}

size_t ipc_outstanding(const struct ipc *ipc)
{
	return ipc->outstanding;
}

size_t ipc_open_calls(const struct ipc *ipc)
{
	return ipc->open_calls;
}

/* ---- outcomes that are told from the loop ---- */

void ipc_soon(struct ipc *ipc)
{
	timer_start(ipc->soon, 0);
}

static void tell_soon(struct ipc *ipc, ipc_reply_fn *fn, void *arg, enum ipc_outcome outcome)
{
	if (fn == NULL)
		return;
	struct ipc_verdict *v = memory_alloc(sizeof *v);
	v->fn = fn;
	v->arg = arg;
	v->outcome = outcome;
	list_append(&ipc->verdicts, &v->node);
	ipc_soon(ipc);
}

/* ---- requests that wait ---- */

static bool grow_slots(struct ipc_channel *channel)
{
	uint32_t count = channel->slot_count == 0 ? 64 : channel->slot_count * 2;
	if (count > SLOTS_MAX)
		return false;
	channel->slots = memory_grow(channel->slots, count * sizeof *channel->slots);
	for (uint32_t i = channel->slot_count; i < count; i++)
		channel->slots[i] = NULL;
	channel->slot_hint = channel->slot_count;
	channel->slot_count = count;
	return true;
}

/* A free slot, or SLOTS_MAX when there is none. */
static uint32_t find_slot(struct ipc_channel *channel)
{
	if (channel->outstanding >= channel->slot_count && !grow_slots(channel))
		return SLOTS_MAX;
	while (channel->slots[channel->slot_hint] != NULL)
		channel->slot_hint = (channel->slot_hint + 1) & (channel->slot_count - 1);
	return channel->slot_hint;
}

static void arm_deadline(struct ipc *ipc, int64_t at)
{
	int64_t now = loop_now(ipc->loop).mono_ms;
	if (ipc->deadline_at != 0 && ipc->deadline_at <= at)
		return;
	ipc->deadline_at = at;
	timer_start(ipc->deadline, at - now);
}

static struct ipc_pending *add_pending(struct ipc_channel *channel, enum ipc_type type, ipc_reply_fn *fn, void *arg)
{
	struct ipc *ipc = channel->ipc;
	uint32_t slot = find_slot(channel);
	if (slot >= SLOTS_MAX)
		return NULL;
	int64_t limit = ipc->deadline_override > 0 ? ipc->deadline_override : ipc_row(type)->deadline_ms;
	struct ipc_pending *p = memory_alloc(sizeof *p);
	*p = (struct ipc_pending){.channel = channel, .type = type, .fn = fn, .arg = arg};
	p->id = ID(slot, ++channel->generation);
	p->deadline = loop_now(ipc->loop).mono_ms + limit;
	channel->slots[slot] = p;
	channel->outstanding++;
	channel->sent[type]++;
	ipc->outstanding++;
	list_append(&ipc->waiting[type], &p->node);
	arm_deadline(ipc, p->deadline);
	return p;
}

/* Unlinks and frees; the caller has kept what it needs. */
static void drop_pending(struct ipc_pending *p)
{
	struct ipc_channel *channel = p->channel;
	channel->slots[ID_SLOT(p->id)] = NULL;
	channel->slot_hint = ID_SLOT(p->id);
	channel->outstanding--;
	channel->sent[p->type]--;
	channel->ipc->outstanding -= !p->late;
	list_remove(&p->node);
	memory_free(p);
}

/* The caller has its outcome; the peer still works on it, so it goes on counting. */
static void keep_late(struct ipc_pending *p)
{
	p->late = true;
	p->fn = NULL;
	p->channel->ipc->outstanding--;
	list_remove(&p->node);
}

void ipc_request_absent(struct ipc_channel *channel, uint32_t id)
{
	uint32_t slot = ID_SLOT(id);

	if (slot < channel->slot_count && channel->slots[slot] != NULL && channel->slots[slot]->id == id)
		channel->slots[slot]->absent = true;
}

static void finish(struct ipc_pending *p, enum ipc_outcome outcome, const void *reply)
{
	ipc_reply_fn *fn = p->fn;
	void *arg = p->arg;
	drop_pending(p);
	if (fn != NULL)
		fn(arg, outcome, reply);
}

static void on_deadline(void *arg)
{
	struct ipc *ipc = arg;
	int64_t now = loop_now(ipc->loop).mono_ms, next = 0;
	bool destroyed = false;
	ipc->deadline_at = 0;
	for (unsigned i = 0; i < IPC_TYPE_COUNT; i++) {
		while (!list_empty(&ipc->waiting[i])) {
			struct ipc_pending *p = LIST_ITEM(ipc->waiting[i].next, struct ipc_pending, node);
			if (p->deadline > now) {
				next = next == 0 || p->deadline < next ? p->deadline : next;
				break;
			}
			ipc_reply_fn *fn = p->fn;
			void *fn_arg = p->arg;
			keep_late(p);
			ipc->destroyed = &destroyed;
			if (fn != NULL)
				fn(fn_arg, IPC_TIMEOUT, NULL);
			if (destroyed)
				return;
			ipc->destroyed = NULL;
		}
	}
	if (next != 0)
		arm_deadline(ipc, next);
}

/* A filter may end on the bytes of one message: those that lay behind it have no part in that. */
static bool says_begun(const struct ipc_row *row)
{
	return row->receiver == ROLE_FILTER;
}

static bool never_begun(const struct ipc_pending *p)
{
	return p->absent || (says_begun(ipc_row(p->type)) && !p->begun);
}

/* A channel that has ended: everybody who waits for it hears it, then it is freed. */
static bool reap(struct ipc_channel *channel, const bool *destroyed)
{
	for (uint32_t i = 0; i < channel->slot_count; i++) {
		if (channel->slots[i] == NULL)
			continue;
		finish(channel->slots[i], never_begun(channel->slots[i]) ? IPC_ABSENT : IPC_GONE, NULL);
		if (*destroyed)
			return false;
	}
	ipc_channel_free(channel);
	return true;
}

static bool tell_verdicts(struct ipc *ipc, const bool *destroyed)
{
	/* Only those that are here now: a caller that tries again at once waits for the next round. */
	struct list_node round;
	list_init(&round);
	LIST_FOREACH(node, &ipc->verdicts) {
		list_remove(node);
		list_append(&round, node);
	}
	LIST_FOREACH(node, &round) {
		struct ipc_verdict *v = LIST_ITEM(node, struct ipc_verdict, node);
		list_remove(node);
		if (!*destroyed)
			v->fn(v->arg, v->outcome, NULL);
		memory_free(v);
	}
	return !*destroyed;
}

static bool read_stalled(struct ipc *ipc, const bool *destroyed)
{
	struct ipc_channel *channel = ipc_channel_find(ipc, ROLE_KEY, 0);
	if (channel == NULL)
		return true;
	while (!channel->dead && !list_empty(&channel->backlog)) {
		struct ipc_message *m = LIST_ITEM(channel->backlog.next, struct ipc_message, node);
		list_remove(&m->node);
		ipc_dispatch(channel, slice_make(m->bytes, m->n), &m->fds, false);
		explicit_bzero(m->bytes, m->n);
		memory_free(m);
		if (*destroyed)
			return false;
	}
	return true;
}

static void on_soon(void *arg)
{
	struct ipc *ipc = arg;
	bool destroyed = false;
	ipc->destroyed = &destroyed;
	if (!tell_verdicts(ipc, &destroyed) || !read_stalled(ipc, &destroyed))
		return;
	while (!list_empty(&ipc->dead))
		if (!reap(LIST_ITEM(ipc->dead.next, struct ipc_channel, node), &destroyed))
			return;
	ipc->destroyed = NULL;
}

/* ---- sending ---- */

/* What was encoded is out or copied: passwords and account secrets do not stay behind. */
static void forget(struct ipc *ipc)
{
	struct buf *b = &ipc->scratch;
	if (buf_len(b) > 0)
		explicit_bzero(b->data + b->start, buf_len(b));
	buf_clear(b);
}

static struct slice encode(struct ipc *ipc, enum ipc_kind kind, enum ipc_type type, uint32_t id, const void *fields, struct ipc_fds *fds)
{
	struct ipc_header header = {.kind = kind, .type = type, .id = id};
	buf_clear(&ipc->scratch);
	ipc_header_put(&ipc->scratch, &header);
	fds->count = 0;
	if (kind != IPC_KIND_FAILED && kind != IPC_KIND_BEGUN && ipc_encode(type, kind, fields, &ipc->scratch, fds) != 0)
		return SLICE_NONE;
	return buf_slice(&ipc->scratch);
}

static void send_hint(struct ipc_channel *channel, enum ipc_type type, const void *request)
{
	struct ipc_fds fds;
	struct slice bytes = encode(channel->ipc, IPC_KIND_REQUEST, type, 0, request, &fds);
	if (bytes.n > 0 && channel->queued < IPC_HINTS_QUEUED)
		ipc_channel_send(channel, bytes, &fds);
}

/* False: the peer has shut its end; nothing was sent. */
static bool request_send(struct ipc_channel *channel, enum ipc_type type, const void *request, ipc_reply_fn *fn, void *arg)
{
	struct ipc *ipc = channel->ipc;
	struct ipc_pending *p = channel->sent[type] < ipc_row(type)->outstanding ? add_pending(channel, type, fn, arg) : NULL;
	struct ipc_fds fds;
	struct slice bytes;
	bool taken;

	if (p == NULL) {
		tell_soon(ipc, fn, arg, IPC_BUSY);
		return true;
	}
	bytes = encode(ipc, IPC_KIND_REQUEST, type, p->id, request, &fds);
	taken = bytes.n > 0 && ipc_channel_send(channel, bytes, &fds);
	forget(ipc);
	if (taken && !channel->shut)
		return true;
	drop_pending(p);
	if (!taken)
		tell_soon(ipc, fn, arg, IPC_BUSY);
	return !taken;
}

void ipc_request(struct ipc *ipc, enum ipc_type type, unsigned index, const void *request, ipc_reply_fn *fn, void *arg)
{
	ENSURE_MAGIC(ipc, IPC_MAGIC);
	const struct ipc_row *row = ipc_row(type);
	ENSURE(row->senders & 1u << ipc->role);
	struct ipc_channel *channel;
	do {
		channel = index == IPC_ANY ? least_busy(ipc, row->receiver) : ipc_channel_find(ipc, row->receiver, index);
		if (channel == NULL || channel->shut) {
			tell_soon(ipc, fn, arg, IPC_ABSENT);
			return;
		}
		if (row->deadline_ms == 0) {
			send_hint(channel, type, request);
			return;
		}
	} while (!request_send(channel, type, request, fn, arg)); /* another instance; one that has shut its end is not asked again */
}

void ipc_reply(struct ipc_call *call, const void *reply)
{
	struct ipc_channel *channel = call->channel;
	if (channel == NULL) {
		memory_free(call);
		return;
	}
	struct ipc_fds fds;
	struct slice bytes = encode(channel->ipc, IPC_KIND_REPLY, call->type, call->id, reply, &fds);
	if (bytes.n == 0)
		bytes = encode(channel->ipc, IPC_KIND_FAILED, call->type, call->id, NULL, &fds);
	channel->open[call->type]--;
	channel->ipc->open_calls--;
	list_remove(&call->node);
	if (!ipc_channel_send(channel, bytes, &fds)) {
		bytes = encode(channel->ipc, IPC_KIND_FAILED, call->type, call->id, NULL, &fds);
		ipc_channel_send(channel, bytes, &fds);
	}
	forget(channel->ipc);
	memory_free(call);
}

enum role ipc_call_sender(const struct ipc_call *call, unsigned *ret_index)
{
	if (ret_index != NULL)
		*ret_index = call->sender_index;
	return call->sender;
}

/* ---- receiving ---- */

static struct ipc_call *open_call(struct ipc_channel *channel, const struct ipc_header *header)
{
	struct ipc_call *call = memory_alloc(sizeof *call);
	*call = (struct ipc_call){.channel = channel, .sender = channel->peer, .sender_index = channel->index, .id = header->id, .type = header->type};
	list_append(&channel->calls, &call->node);
	channel->open[header->type]++;
	channel->ipc->open_calls++;
	return call;
}

/* What has no fields. */
static void send_bare(struct ipc_channel *channel, enum ipc_kind kind, const struct ipc_header *header)
{
	struct ipc_fds none = {.count = 0};
	if (ipc_row(header->type)->deadline_ms != 0)
		ipc_channel_send(channel, encode(channel->ipc, kind, header->type, header->id, NULL, &none), &none);
}

static void dispatch_request(struct ipc_channel *channel, const struct ipc_header *header, struct slice in, struct ipc_fds *fds, bool cut)
{
	struct ipc *ipc = channel->ipc;
	const struct ipc_row *row = ipc_row(header->type);
	union ipc_any fields;
	if (row->receiver != ipc->role || !(row->senders & 1u << channel->peer)) {
		ipc_channel_violation(channel, "a request that its row does not allow");
	} else if (channel->open[header->type] >= row->outstanding) {
		ipc_channel_violation(channel, "too many requests");
	} else if (!cut && ipc_decode(header->type, IPC_KIND_REQUEST, in, fds, &fields) != 0) {
		ipc_channel_violation(channel, "a malformed request");
	} else if (cut || ipc->handlers[header->type].fn == NULL) {
		send_bare(channel, IPC_KIND_FAILED, header);
	} else {
		struct ipc_call *call = row->deadline_ms == 0 ? NULL : open_call(channel, header);
		if (says_begun(row))
			send_bare(channel, IPC_KIND_BEGUN, header);
		ipc->handlers[header->type].fn(ipc->handlers[header->type].arg, call, &fields);
		return;
	}
	ipc_fds_close(fds);
}

static void dispatch_reply(struct ipc_channel *channel, const struct ipc_header *header, struct slice in, struct ipc_fds *fds, bool cut)
{
	uint32_t slot = ID_SLOT(header->id);
	struct ipc_pending *p = header->id < IPC_SYNC_ID && slot < channel->slot_count ? channel->slots[slot] : NULL;
	union ipc_any fields;
	if (p == NULL || p->id != header->id) {
		ipc_fds_close(fds);
		if (header->id >= IPC_SYNC_ID && channel->sent[header->type] > 0)
			channel->sent[header->type]--; /* of a blocking request whose deadline had passed */
	} else if (p->type != header->type) {
		ipc_fds_close(fds);
		ipc_channel_violation(channel, "a reply of another type");
	} else if (header->kind == IPC_KIND_BEGUN) {
		ipc_fds_close(fds);
		p->begun = true;
	} else if (p->late) {
		ipc_fds_close(fds);
		drop_pending(p);
	} else if (header->kind == IPC_KIND_FAILED || cut) {
		ipc_fds_close(fds);
		finish(p, IPC_GONE, NULL);
	} else if (ipc_decode(header->type, IPC_KIND_REPLY, in, fds, &fields) != 0) {
		ipc_fds_close(fds);
		ipc_channel_violation(channel, "a malformed reply");
	} else {
		finish(p, IPC_OK, &fields);
	}
}

void ipc_dispatch(struct ipc_channel *channel, struct slice bytes, struct ipc_fds *fds, bool cut)
{
	struct ipc_header header;
	if (ipc_header_get(&bytes, &header) != 0) {
		ipc_fds_close(fds);
		ipc_channel_violation(channel, "a malformed header");
		return;
	}
	if (cut && channel->ipc->shortage != NULL)
		channel->ipc->shortage(channel->ipc->shortage_arg, channel->peer, channel->index);
	if (header.kind == IPC_KIND_REQUEST)
		dispatch_request(channel, &header, bytes, fds, cut);
	else
		dispatch_reply(channel, &header, bytes, fds, cut);
}
