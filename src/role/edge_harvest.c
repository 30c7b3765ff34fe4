/* Who guesses addresses: so many unknown recipients from one address, and the rest has to wait, those that exist included. */
#include <arpa/inet.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "role/edge.h"

#define WINDOW_MS MINUTES_MS(10)
#define GUESSERS_MAX 20000 /* addresses that are watched; beyond, all begin anew */

/* An IPv6 address counts with its network: nobody has only one. */
static struct slice network_of(const struct edge_client *c, uint8_t bytes[16])
{
	if (inet_pton(AF_INET6, c->address, bytes) == 1)
		return slice_make(bytes, 8);
	return edge_address(c);
}

static struct edge_rate *guesser_of(struct edge_client *c, bool make)
{
	struct edge *edge = c->edge;
	uint8_t bytes[16];
	struct slice key = network_of(c, bytes);
	struct edge_rate *r = map_get(&edge->guessers, key);
	int64_t now = loop_now(edge->ctx->loop).mono_ms;
	if (r == NULL && make) {
		if (edge->guessers.count >= GUESSERS_MAX)
			edge_harvest_free(edge);
		r = memory_alloc(sizeof *r);
		r->window_ms = now;
		map_put(&edge->guessers, key, r);
	}
	if (r != NULL && now - r->window_ms >= WINDOW_MS)
		*r = (struct edge_rate){now, 0};
	return r;
}

void edge_harvest_count(struct edge_client *c)
{
	uint64_t limit = c->edge->ctx->config->limits_unknown_recipients;
	if (limit == 0 || c->identity.known)
		return;
	if (++guesser_of(c, true)->count == limit)
		log_event(EV_SMTP_HARVEST, LOG_TEXT("cid", edge_cid(c)), LOG_TEXT("ip", edge_address(c)), LOG_NUM("count", (int64_t)limit));
}

bool edge_harvest_over(struct edge_client *c)
{
	uint64_t limit = c->edge->ctx->config->limits_unknown_recipients;
	const struct edge_rate *r = limit > 0 && !c->identity.known ? guesser_of(c, false) : NULL;
	return r != NULL && r->count >= limit;
}

void edge_harvest_free(struct edge *edge)
{
	MAP_FOREACH(entry, &edge->guessers)
		memory_free(entry->value);
	map_free(&edge->guessers);
	edge->guessers = MAP_INIT;
}
