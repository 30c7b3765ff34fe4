/* Connections to other hosts: one SMTP client engine on one connection, kept for a few seconds for the next message. */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "crypt/hash.h"
#include "role/relay.h"
#include "smtp/proxy.h"

#define QUIT_MS 10000
#define TLS_BROKEN_MS MINUTES_MS(10)
#define PORT_SUBMISSIONS 465 /* TLS from the start, RFC 8314 3.3 */
#define INPUT_MAX 65536

_Static_assert(INPUT_MAX >= SMTP_CLIENT_INPUT_MIN, "the engine needs a whole reply");

struct relay_link {
	struct list_node node;         /* of peer->idle */
	struct list_node all;          /* of relay->links */
	struct relay *relay;
	struct relay_peer *peer;
	struct connector *connector;
	struct conn *conn;
	struct smtp_client *client;
	struct relay_delivery *delivery; /* NULL: idle or closing */
	struct timer *idle;
	unsigned messages;             /* begun on this connection */
	bool plain;                    /* TLS failed before */
	bool reused;                   /* it may have died while it was idle */
	bool closing;
	bool introduced;               /* the server was told of a client: the connection is for this one letter */
	/* What the engine said, for after its pump. */
	bool want_tls, opened, done, failed, closed, again, pumping;
	enum smtp_client_stage stage;
	struct smtp_reply reason;
	struct buf reason_text;
};

const char *relay_tls_name(enum relay_tls tls)
{
	static const char *const names[] = {
		[RELAY_TLS_OPPORTUNISTIC] = "opportunistic", [RELAY_TLS_ENCRYPTED] = "encrypted", [RELAY_TLS_VERIFIED] = "verified", [RELAY_TLS_DANE] = "dane",
	};
	return names[tls];
}

static void link_pump(struct relay_link *l);
static void link_park(struct relay_link *l);

static int64_t now_ms(const struct relay *r)
{
	return loop_now(r->ctx->loop).mono_ms;
}

/* ---- peers ---- */

static void peer_free(struct relay *r, struct relay_peer *p)
{
	map_remove(&r->peers, slice_str(p->key));
	tls_ticket_free(&p->ticket);
	memory_free((void *)p->hop.host.p);
	memory_free((void *)p->hop.address.p);
	memory_free((void *)p->hop.tlsa.p);
	memory_free((void *)p->hop.domain.p);
	memory_free(p->key);
	memory_free(p);
}

static void peer_tidy(struct relay *r, struct relay_peer *p)
{
	bool used = p->open > 0 || p->held > 0 || !list_empty(&p->waiting);
	bool worth = p->ticket != NULL || p->plain_until_ms > now_ms(r);
	if (!used && (!worth || r->peers.count > RELAY_PEERS_MAX))
		peer_free(r, p);
}

static struct relay_peer *peer_get(struct relay *r, const struct relay_hop *hop)
{
	struct buf key = BUF_INIT(1024);
	/* A connection that reached less must not be used for who needs more; one that was checked with other records neither. */
	buf_printf(&key, "%.*s %.*s %u %d %d %s %016llx %.*s", SLICE_ARG(hop->host), SLICE_ARG(hop->address), hop->port, hop->smart_host, (int)hop->client,
	           relay_tls_name(hop->tls),
	           (unsigned long long)hash_checksum(hop->tlsa), hop->tls == RELAY_TLS_DANE ? (int)hop->domain.n : 0, (const char *)hop->domain.p);
	struct relay_peer *p = map_get(&r->peers, buf_slice(&key));
	if (p == NULL) {
		p = memory_alloc(sizeof *p);
		p->hop = *hop;
		p->hop.host = slice_make(memory_dup_str(hop->host), hop->host.n);
		p->hop.address = slice_make(memory_dup_str(hop->address), hop->address.n);
		p->hop.tlsa = slice_make(memory_dup_str(hop->tlsa), hop->tlsa.n);
		p->hop.domain = slice_make(memory_dup_str(hop->domain), hop->domain.n);
		p->key = memory_dup_str(buf_slice(&key));
		list_init(&p->idle);
		list_init(&p->waiting);
		map_put(&r->peers, buf_slice(&key), p);
	}
	buf_free(&key);
	return p;
}

static bool peer_has_room(const struct relay *r, const struct relay_peer *p)
{
	uint64_t max = r->ctx->config->relay_per_destination;
	return p->open < (max > 0 ? max : 1);
}

/* Lets waiting deliveries go on. The peer may be gone afterwards. */
static void peer_serve(struct relay *r, struct relay_peer *p)
{
	p->held++; /* a link that fails at once must not take it away */
	while (!list_empty(&p->waiting) && (!list_empty(&p->idle) || peer_has_room(r, p))) {
		struct relay_delivery *d = LIST_ITEM(p->waiting.next, struct relay_delivery, waiting);
		list_remove(&d->waiting);
		relay_link_request(r, &d->route.hops[d->hop], d);
	}
	p->held--;
	peer_tidy(r, p);
}

/* ---- end of a link ---- */

static void link_free(struct relay_link *l)
{
	struct relay *r = l->relay;
	struct relay_peer *p = l->peer;
	ENSURE(l->delivery == NULL);
	list_remove(&l->node);
	list_remove(&l->all);
	connector_cancel(&l->connector);
	smtp_client_destroy(&l->client);
	conn_destroy(&l->conn);
	timer_destroy(&l->idle);
	buf_free(&l->reason_text);
	memory_free(l);
	p->open--;
	peer_serve(r, p);
}

static bool signs_in(const struct relay_link *l)
{
	return l->peer->hop.smart_host && l->relay->ctx->config->relay_user.n > 0;
}

/* Never in the clear, whatever fails. */
static bool needs_tls(const struct relay_link *l)
{
	return signs_in(l) || l->peer->hop.tls > RELAY_TLS_OPPORTUNISTIC;
}

/* For reports: the session ended where TLS was to begin. */
static void report_failure(const struct relay_link *l, enum smtp_client_stage stage)
{
	bool offered = l->client != NULL && smtp_client_peer(l->client)->starttls;
	bool missing = needs_tls(l) && l->client != NULL && smtp_client_peer(l->client)->esmtp && !offered && !conn_is_secure(l->conn);
	if (l->delivery != NULL && l->conn != NULL && !l->reused && (stage == SMTP_STAGE_TLS || missing))
		relay_report_failed(l->delivery, &l->peer->hop, l->conn, offered);
}

/* The link is of no use any more. Its delivery tries the same hop anew where that can help, else it is told. */
static void link_fail(struct relay_link *l, enum smtp_client_stage stage, const struct smtp_reply *why)
{
	struct relay_delivery *d = l->delivery;
	struct relay *r = l->relay;
	struct buf text = BUF_INIT(4096);
	buf_append(&text, why->text);
	struct smtp_reply reason = {.code = why->code, .text = buf_slice(&text)};
	char enhanced[16] = "";
	memcpy(enhanced, why->enhanced.p != NULL ? (const char *)why->enhanced.p : "", why->enhanced.n < 15 ? why->enhanced.n : 0);
	reason.enhanced = slice_str(enhanced);
	report_failure(l, stage);
	bool tls_failed = stage == SMTP_STAGE_TLS && !l->plain && !needs_tls(l);
	bool stale = l->reused && stage < SMTP_STAGE_BODY;
	if (tls_failed)
		l->peer->plain_until_ms = now_ms(r) + TLS_BROKEN_MS;
	l->delivery = NULL;
	if (d != NULL)
		d->link = NULL;
	link_free(l);
	if (d != NULL && (tls_failed || stale))
		relay_link_request(r, &d->route.hops[d->hop], d);
	else if (d != NULL)
		relay_delivery_failed(d, stage, &reason);
	buf_free(&text);
}

static void link_quit(struct relay_link *l)
{
	list_remove(&l->node);
	l->closing = true;
	conn_idle_limit(l->conn, QUIT_MS);
	smtp_client_quit(l->client);
	link_pump(l);
}

static void on_idle(void *arg)
{
	link_quit(arg);
}

/* ---- events of the engine: noted, and acted on when its pump has returned ---- */

static void on_starttls(void *owner)
{
	((struct relay_link *)owner)->want_tls = true;
}

static void on_opened(void *owner)
{
	((struct relay_link *)owner)->opened = true;
}

static void on_recipient(void *owner, size_t index, const struct smtp_reply *reply)
{
	struct relay_link *l = owner;
	if (l->delivery != NULL)
		relay_delivery_recipient(l->delivery, index, reply);
}

static void on_message_done(void *owner)
{
	((struct relay_link *)owner)->done = true;
}

static int on_body(void *owner, struct buf *out)
{
	struct relay_link *l = owner;
	return l->delivery != NULL ? relay_delivery_body(l->delivery, out) : ERR_CLOSED;
}

static void on_failed(void *owner, enum smtp_client_stage stage, const struct smtp_reply *reply)
{
	struct relay_link *l = owner;
	l->failed = true;
	l->stage = stage;
	buf_clear(&l->reason_text);
	buf_append(&l->reason_text, reply->enhanced);
	buf_append(&l->reason_text, reply->text);
	l->reason = (struct smtp_reply){.code = reply->code, .enhanced = slice_sub(buf_slice(&l->reason_text), 0, reply->enhanced.n)};
	l->reason.text = slice_from(buf_slice(&l->reason_text), reply->enhanced.n);
}

static void on_closed(void *owner)
{
	((struct relay_link *)owner)->closed = true;
}

static void on_wake(void *owner)
{
	((struct relay_link *)owner)->again = true;
}

static const struct smtp_client_events client_events = {
	.starttls = on_starttls, .opened = on_opened, .recipient = on_recipient, .message_done = on_message_done, .body = on_body,
	.failed = on_failed, .closed = on_closed, .wake = on_wake,
};

static void take_ticket(struct relay_link *l)
{
	struct tls_ticket *ticket = conn_take_ticket(l->conn);
	if (ticket == NULL)
		return;
	tls_ticket_free(&l->peer->ticket);
	l->peer->ticket = ticket;
}

static void secure(struct relay_link *l)
{
	const struct relay_hop *hop = &l->peer->hop;
	bool verify = signs_in(l) || hop->tls == RELAY_TLS_VERIFIED;
	if (hop->tls == RELAY_TLS_DANE) {
		conn_secure_client_dane(l->conn, l->relay->dane, hop->host, hop->tlsa, hop->domain);
		return;
	}
	conn_offer_ticket(l->conn, &l->peer->ticket);
	conn_secure_client(l->conn, verify ? l->relay->verified : l->relay->opportunistic, hop->host);
}

/* The next transaction, or the end of the delivery. */
static void link_next(struct relay_link *l)
{
	struct relay_delivery *d = l->delivery;
	const struct smtp_client_message *message = d != NULL ? relay_delivery_message(d) : NULL;
	if (message != NULL) {
		l->messages++;
		smtp_client_send(l->client, message);
		return;
	}
	take_ticket(l);
	l->delivery = NULL;
	if (d != NULL)
		relay_delivery_done(d);
	link_park(l);
}

/* Acts on one thing the engine said. False: the link may be gone. */
static bool link_react(struct relay_link *l)
{
	if (l->failed) {
		link_fail(l, l->stage, &l->reason);
		return false;
	}
	if (l->closed) {
		l->closed = false;
		conn_finish(l->conn);
		return false;
	}
	if (l->want_tls) {
		l->want_tls = false;
		secure(l);
	}
	if (l->opened && l->delivery != NULL && !l->reused && !l->plain)
		relay_report_opened(l->delivery, &l->delivery->route.hops[l->delivery->hop], l->conn);
	if (l->opened || l->done) {
		l->opened = l->done = false;
		link_next(l);
	}
	return true;
}

/* RFC 5321 4.5.3.2.6: the end of the data gets twice the patience. */
static void set_patience(struct relay_link *l)
{
	int64_t ms = l->relay->ctx->config->relay_timeout;
	if (!l->closing)
		conn_idle_limit(l->conn, smtp_client_stage(l->client) == SMTP_STAGE_FINAL ? 2 * ms : ms);
}

static void link_pump(struct relay_link *l)
{
	if (l->pumping) {
		l->again = true;
		return;
	}
	l->pumping = true;
	do {
		l->again = false;
		smtp_client_pump(l->client, conn_input(l->conn), conn_output(l->conn));
		if (!link_react(l))
			return;
	} while (l->again);
	l->pumping = false;
	set_patience(l);
	conn_flush(l->conn);
}

/* ---- events of the connection ---- */

static void on_readable(void *owner)
{
	struct relay_link *l = owner;
	if (l->client != NULL)
		link_pump(l);
}

static void on_secured(void *owner)
{
	struct relay_link *l = owner;
	if (l->client == NULL)
		return;
	if (smtp_client_stage(l->client) == SMTP_STAGE_TLS)
		smtp_client_secured(l->client);
	link_pump(l);
}

static void on_ended(void *owner, enum conn_end why)
{
	static const struct smtp_reply lost = SMTP_REPLY_INIT(0, "4.4.2", "The connection was lost");
	static const struct smtp_reply slow = SMTP_REPLY_INIT(0, "4.4.2", "The host did not answer in time");
	struct relay_link *l = owner;
	link_fail(l, smtp_client_stage(l->client), why == CONN_TIMEOUT ? &slow : &lost);
}

static const struct conn_events conn_events = {.readable = on_readable, .drained = on_readable, .secured = on_secured, .ended = on_ended};

/* What the server is to know of the client; NULL: nothing. */
static const struct job_client *client_to_tell(const struct relay_hop *hop, const struct relay_delivery *d)
{
	const struct job_client *c = &d->job.client;
	if (hop->client == RELAY_TELL_PROXY)
		return c->address.n > 0 ? c : NULL;
	return hop->client == RELAY_TELL_XCLIENT && (c->address.n > 0 || c->login.n > 0) ? c : NULL;
}

static void introduce(struct relay_link *l, struct smtp_client_settings *set)
{
	const struct relay_hop *hop = &l->peer->hop;
	const struct job_client *c = client_to_tell(hop, l->delivery);
	l->introduced = c != NULL;
	if (hop->client == RELAY_TELL_PROXY)
		proxy_header_write(c != NULL ? c->address : SLICE_NONE, hop->address, hop->port, conn_output(l->conn));
	else if (c != NULL)
		set->known = (struct smtp_client_known){c->address, c->name, c->helo, c->login, c->esmtp};
}

static void client_start(struct relay_link *l, bool secure_now)
{
	const struct config *c = l->relay->ctx->config;
	struct smtp_client_settings set = {.helo = c->hostname, .secure = secure_now, .tls = l->plain ? SMTP_TLS_NEVER : SMTP_TLS_OPPORTUNISTIC};
	if (needs_tls(l))
		set.tls = SMTP_TLS_REQUIRED;
	if (signs_in(l)) {
		set.user = c->relay_user;
		set.password = l->relay->ctx->password;
	}
	introduce(l, &set);
	l->client = smtp_client_create(&set, &client_events, l);
}

static void on_connected(void *arg, int fd, int error)
{
	struct relay_link *l = arg;
	l->connector = NULL;
	if (fd < 0) {
		struct smtp_reply refused = {.code = 0, .enhanced = SLICE("4.4.1"), .text = slice_str(strerror(error))};
		link_fail(l, SMTP_STAGE_GREETING, &refused);
		return;
	}
	bool implicit = l->peer->hop.smart_host && l->peer->hop.port == PORT_SUBMISSIONS;
	l->conn = conn_create(l->relay->ctx->loop, fd, INPUT_MAX, &conn_events, l);
	client_start(l, implicit);
	if (implicit)
		secure(l);
	set_patience(l);
	conn_flush(l->conn); /* a PROXY header comes before the greeting */
}

/* ---- for deliveries ---- */

static void link_connect(struct relay *r, struct relay_peer *p, struct relay_delivery *d)
{
	struct relay_link *l = memory_alloc(sizeof *l);
	l->relay = r;
	l->peer = p;
	l->delivery = d;
	l->reason_text = BUF_INIT(8192);
	l->plain = p->plain_until_ms > now_ms(r);
	l->idle = timer_create_on(r->ctx->loop, on_idle, l);
	d->link = l;
	p->open++;
	list_append(&r->links, &l->all);
	l->connector = connector_start(r->ctx->loop, p->hop.address, p->hop.port, RELAY_CONNECT_MS, on_connected, l);
}

static void link_use(struct relay_link *l, struct relay_delivery *d)
{
	list_remove(&l->node);
	timer_stop(l->idle);
	l->delivery = d;
	d->link = l;
	l->opened = true;
	l->reused = true;
	link_pump(l);
}

void relay_link_request(struct relay *r, const struct relay_hop *hop, struct relay_delivery *d)
{
	struct relay_peer *p = peer_get(r, hop);
	bool alone = client_to_tell(hop, d) != NULL;
	if (!list_empty(&p->idle) && !alone) {
		link_use(LIST_ITEM(p->idle.prev, struct relay_link, node), d);
	} else if (peer_has_room(r, p)) {
		link_connect(r, p, d);
	} else {
		list_append(&p->waiting, &d->waiting);
		if (!list_empty(&p->idle)) /* makes room when it has ended */
			link_quit(LIST_ITEM(p->idle.next, struct relay_link, node));
	}
}

static void link_park(struct relay_link *l)
{
	struct relay_peer *p = l->peer;
	uint32_t max = smtp_client_peer(l->client)->mail_max;
	if (l->relay->stopping || l->introduced || l->messages >= RELAY_MESSAGES_MAX || (max > 0 && l->messages >= max)) {
		link_quit(l);
		return;
	}
	list_append(&p->idle, &l->node);
	timer_start(l->idle, RELAY_IDLE_MS);
	peer_serve(l->relay, p);
}

void relay_link_abandon(struct relay_delivery *d)
{
	struct relay_link *l = d->link;
	list_remove(&d->waiting);
	if (l == NULL)
		return;
	d->link = NULL;
	l->delivery = NULL;
	ENSURE(!l->pumping);
	link_free(l);
}

void relay_links_close_idle(struct relay *r)
{
	MAP_FOREACH(entry, &r->peers) {
		struct relay_peer *p = entry->value;
		p->held++;
		while (!list_empty(&p->idle))
			link_quit(LIST_ITEM(p->idle.next, struct relay_link, node));
		p->held--;
		peer_tidy(r, p);
	}
}

void relay_links_free(struct relay *r)
{
	while (!list_empty(&r->links))
		link_free(LIST_ITEM(r->links.next, struct relay_link, all));
	MAP_FOREACH(entry, &r->peers)
		peer_free(r, entry->value);
	map_free(&r->peers);
}

bool relay_link_has_dsn(const struct relay_link *l)
{
	return l->client != NULL && smtp_client_peer(l->client)->dsn;
}

uint32_t relay_link_recipients_max(const struct relay_link *l)
{
	return smtp_client_peer(l->client)->recipients_max;
}

void relay_link_tls_text(const struct relay_link *l, const struct relay_hop *hop, struct buf *out)
{
	if (l->conn == NULL || !conn_is_secure(l->conn)) {
		buf_append_str(out, "none");
		return;
	}
	buf_append_str(out, signs_in(l) ? "verified" : hop->sts && hop->tls == RELAY_TLS_VERIFIED ? "sts" : relay_tls_name(hop->tls));
	buf_append_byte(out, ' ');
	buf_append(out, tls_version(conn_tls(l->conn)));
}
