#include "net/traffic.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "net/limiter.h"

struct peer {
	uint64_t key;        /* 0: free */
	uint8_t network[8];
	uint8_t network_n, listener;
	bool told;           /* of its jump, in this minute */
	uint32_t minutes;    /* in which it came */
	uint32_t now;        /* connections of this minute */
	float usual;         /* of the minutes in which it came */
	unsigned tls;        /* the oldest that it used while it was learnt; 0: plain */
};

struct listener {
	bool few, told;
	uint32_t minutes, now;
	float usual;
	struct traffic_totals totals;
};

struct traffic {
	traffic_fn *fn;
	void *arg;
	uint8_t key[HASH_KEY_SIZE];
	struct listener listeners[TRAFFIC_LISTENERS];
	struct peer peers[TRAFFIC_SLOTS];
};

struct traffic *traffic_create(traffic_fn *fn, void *arg)
{
	struct traffic *t = memory_alloc(sizeof *t);
	t->fn = fn;
	t->arg = arg;
	random_bytes(t->key, sizeof t->key);
	return t;
}

void traffic_destroy(struct traffic **traffic)
{
	MEMORY_FREE(traffic);
}

void traffic_listener(struct traffic *t, unsigned listener, bool few)
{
	ENSURE(listener < TRAFFIC_LISTENERS);
	t->listeners[listener].few = few;
}

static void tell(struct traffic *t, enum traffic_finding finding, unsigned listener, const struct peer *p, uint64_t count)
{
	char text[INET6_ADDRSTRLEN] = "", full[INET6_ADDRSTRLEN + 8] = "";
	uint8_t address[16] = {0};
	if (p != NULL && (p->network_n == 3 || p->network_n == 6)) {
		memcpy(address, p->network, p->network_n);
		(void)inet_ntop(p->network_n == 3 ? AF_INET : AF_INET6, address, text, sizeof text);
		(void)snprintf(full, sizeof full, "%s/%d", text, p->network_n == 3 ? 24 : 48);
	}
	t->fn(t->arg, finding, listener, slice_str(full), count);
}

/* The slot of the network at this listener; *ret_fresh: it was not there. */
static struct peer *find(struct traffic *t, struct slice address, unsigned listener, bool *ret_fresh)
{
	uint8_t text[65] = {(uint8_t)listener};
	struct slice network = limiter_address(LIMIT_SCOPE_NETWORK, address, text + 1);
	uint64_t hash;
	hash_blake2b(slice_make(text, network.n + 1), t->key, (uint8_t *)&hash, sizeof hash);
	hash = hash != 0 ? hash : 1;
	struct peer *set = &t->peers[hash & (TRAFFIC_SLOTS - 1) & ~(uint64_t)(TRAFFIC_WAYS - 1)], *at = set;
	for (unsigned i = 0; i < TRAFFIC_WAYS; i++) {
		if (set[i].key == hash) {
			*ret_fresh = false;
			return &set[i];
		}
		if (at->key != 0 && (set[i].key == 0 || set[i].minutes < at->minutes))
			at = &set[i];
	}
	*ret_fresh = true;
	*at = (struct peer){.key = hash, .listener = (uint8_t)listener, .network_n = (uint8_t)(network.n < sizeof at->network ? network.n : 0)};
	memcpy(at->network, text + 1, at->network_n);
	return at;
}

static bool jumped(uint32_t now, float usual, uint32_t minutes)
{
	return minutes >= TRAFFIC_LEARN && now > TRAFFIC_JUMP_LEAST && (float)now > usual * TRAFFIC_JUMP;
}

static void look_at_tls(struct traffic *t, struct peer *p, const struct traffic_one *one, bool fresh)
{
	if (!one->knows_tls)
		return;
	if (!fresh && one->tls < p->tls && p->minutes >= TRAFFIC_LEARN)
		tell(t, TRAFFIC_DOWNGRADE, one->listener, p, one->tls);
	if (fresh || one->tls < p->tls)
		p->tls = one->tls;
}

void traffic_add(struct traffic *t, const struct traffic_one *one, int64_t now_ms)
{
	bool fresh;
	if (one->listener >= TRAFFIC_LISTENERS)
		return;
	struct listener *l = &t->listeners[one->listener];
	struct peer *p = find(t, one->address, one->listener, &fresh);
	l->totals.connections++;
	l->totals.bytes_in += one->bytes_in;
	l->totals.bytes_out += one->bytes_out;
	l->totals.refused += one->refused;
	l->totals.plain += one->knows_tls && one->tls == 0;
	l->totals.ms += one->ms;
	l->now++;
	p->now++;
	if (fresh && l->few && l->minutes >= TRAFFIC_LEARN)
		tell(t, TRAFFIC_NEW, one->listener, p, 1);
	look_at_tls(t, p, one, fresh);
	if (!p->told && jumped(p->now, p->usual, p->minutes)) {
		p->told = true;
		tell(t, TRAFFIC_JUMPED, one->listener, p, p->now);
	}
	if (!l->told && jumped(l->now, l->usual, l->minutes)) {
		l->told = true;
		tell(t, TRAFFIC_JUMPED, one->listener, NULL, l->now);
	}
}

/* A moving mean of 64 minutes, a plain one until then. */
static float mean(float usual, uint32_t now, uint32_t minutes)
{
	float weight = minutes < 64 ? (float)(minutes + 1) : 64;
	return usual + ((float)now - usual) / weight;
}

void traffic_minute(struct traffic *t, int64_t now_ms)
{
	for (size_t i = 0; i < TRAFFIC_SLOTS; i++) {
		struct peer *p = &t->peers[i];
		if (p->key == 0 || p->now == 0)
			continue;
		p->usual = mean(p->usual, p->now, p->minutes);
		p->minutes += p->minutes < UINT32_MAX;
		p->now = 0;
		p->told = false;
	}
	for (size_t i = 0; i < TRAFFIC_LISTENERS; i++) {
		struct listener *l = &t->listeners[i];
		l->usual = mean(l->usual, l->now, l->minutes);
		l->minutes += l->minutes < UINT32_MAX;
		l->now = 0;
		l->told = false;
	}
}

const struct traffic_totals *traffic_of(const struct traffic *t, unsigned listener)
{
	ENSURE(listener < TRAFFIC_LISTENERS);
	return &t->listeners[listener].totals;
}
