/* What comes over the listeners of this process, measured against what is usual (net/traffic.h). */
#include <stdio.h>

#include "base/log.h"
#include "role/edge_limits.h"

static void on_finding(void *arg, enum traffic_finding finding, unsigned listener, struct slice network, uint64_t count)
{
	static const enum log_event events[TRAFFIC_FINDINGS] = {
		[TRAFFIC_NEW] = EV_TRAFFIC_NEW, [TRAFFIC_JUMPED] = EV_TRAFFIC_JUMP, [TRAFFIC_DOWNGRADE] = EV_TRAFFIC_DOWNGRADE,
	};

	log_event(events[finding], LOG_STR("service", edge_service_name(listener)), LOG_TEXT("ip", network), LOG_NUM("count", (int64_t)count));
}

static void on_minute(void *arg)
{
	struct edge *edge = arg;

	traffic_minute(edge->traffic, loop_now(edge->ctx->loop).mono_ms);
	timer_start(edge->traffic_timer, TRAFFIC_MINUTE_MS);
}

void edge_traffic_create(struct edge *edge)
{
	edge->traffic = traffic_create(on_finding, edge);
	edge->traffic_timer = timer_create_on(edge->ctx->loop, on_minute, edge);
	for (unsigned i = 0; edge_service_name(i) != NULL; i++)
		traffic_listener(edge->traffic, i, edge->ctx->role == ROLE_MANAGE);
	timer_start(edge->traffic_timer, TRAFFIC_MINUTE_MS);
}

static unsigned version_of(const struct tls_session *tls)
{
	static const struct { const char *name; unsigned number; } versions[] = {{"TLSv1.2", 0x0303}, {"TLSv1.3", 0x0304}};

	for (size_t i = 0; tls != NULL && i < ARRAY_LEN(versions); i++)
		if (slice_eq(tls_version(tls), slice_str(versions[i].name)))
			return versions[i].number;
	return tls != NULL ? 0x0300 : 0;
}

void edge_traffic_end(struct edge_client *c)
{
	struct traffic_one one = {.address = edge_address(c), .listener = edge_service_index(c->service), .tls = version_of(conn_tls(c->conn)),
		.knows_tls = c->proven, .refused = c->refused, .ms = loop_now(c->edge->ctx->loop).mono_ms - c->opened_ms};

	conn_bytes(c->conn, &one.bytes_in, &one.bytes_out);
	traffic_add(c->edge->traffic, &one, loop_now(c->edge->ctx->loop).mono_ms);
}

void edge_traffic_status(struct edge *edge, struct buf *out)
{
	for (unsigned i = 0; edge_service_name(i) != NULL; i++) {
		const struct traffic_totals *t = traffic_of(edge->traffic, i);
		const char *name = edge_service_name(i);

		if (t->connections == 0)
			continue;
		buf_printf(out, ",\"%s_connections\":%llu,\"%s_bytes_in\":%llu,\"%s_bytes_out\":%llu,\"%s_refused\":%llu,\"%s_plain\":%llu,\"%s_ms\":%lld", name,
		           (unsigned long long)t->connections, name, (unsigned long long)t->bytes_in, name, (unsigned long long)t->bytes_out, name,
		           (unsigned long long)t->refused, name, (unsigned long long)t->plain, name, (long long)t->ms);
	}
}
