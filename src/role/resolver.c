/*
 * The resolver role: libunbound with DNSSEC validation in a thread of its own, whose answers come in through a descriptor. Names of
 * the file dns.zone are answered from memory; the operator wrote them, so they count as validated.
 */
#include <string.h>
#include <unbound.h>

#include "base/ensure.h"
#include "base/log.h"
#include "base/map.h"
#include "base/memory.h"
#include "role/role.h"
#include "role/zone.h"
#include "sys/file.h"

#define NAME_MAX_LENGTH 255
#define RECORDS_MAX 60000 /* bytes of all records of an answer */
#define ANCHOR_MAX 65536
#define RCODE_SERVFAIL 2

enum resolve_status { RESOLVE_OK = 0, RESOLVE_FAILED = 1 };

/* One libunbound context; a reload makes a new one and the former ends with its last query. */
struct context {
	struct resolver *resolver;
	struct ub_ctx *ub;
	struct watcher *watcher;
	struct map local; /* owner names of dns.zone */
	size_t pending;
	bool retired;
};

struct resolver {
	struct role_context *ctx;
	struct context *context;
	struct buf anchor; /* read before the jail closes */
	uint64_t queries, failures, bogus;
};

struct query {
	struct context *context;
	struct ipc_call *call;
	bool local;
};

/* ---- making a context ---- */

static int add_record(void *arg, struct slice owner, struct slice line, struct error *err)
{
	struct context *c = arg;
	char *text = memory_dup_str(line);
	int r = ub_ctx_data_add(c->ub, text);
	memory_free(text);
	if (r != 0)
		return error_set(err, ERR_INVALID, "%s", ub_strerror(r));
	map_put(&c->local, owner, c);
	return 0;
}

static void set_options(struct ub_ctx *ub)
{
	static const char *const options[][2] = {
		{"do-not-query-localhost:", "no"}, {"qname-minimisation:", "yes"}, {"harden-below-nxdomain:", "yes"}, {"harden-dnssec-stripped:", "yes"},
		{"edns-buffer-size:", "1232"}, {"outgoing-range:", "512"}, {"num-queries-per-thread:", "2048"}, {"msg-cache-size:", "16m"},
		{"rrset-cache-size:", "32m"}, {"cache-max-negative-ttl:", "900"}, {"serve-expired:", "no"}, {"use-syslog:", "no"}, {"verbosity:", "0"},
	};
	/* An option that this version does not know keeps its default. */
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		ub_ctx_set_option(ub, options[i][0], options[i][1]);
}

/* "192.0.2.1", "192.0.2.1:5353", "[2001:db8::1]:53" as libunbound's "address@port". */
static int add_server(struct ub_ctx *ub, struct slice server, struct error *err)
{
	struct slice host = server;
	uint16_t port = 53;
	char text[80];
	config_parse_host_port(server, &host, &port);
	struct buf b = BUF_INIT(sizeof text);
	buf_printf(&b, "%.*s@%u", SLICE_ARG(host), port);
	int r = b.failed || buf_len(&b) >= sizeof text ? ERR_INVALID : 0;
	if (r == 0) {
		memcpy(text, buf_slice(&b).p, buf_len(&b));
		text[buf_len(&b)] = '\0';
		r = ub_ctx_set_fwd(ub, text) == 0 ? 0 : ERR_INVALID;
	}
	buf_free(&b);
	return r == 0 ? 0 : error_set(err, ERR_INVALID, "dns.servers: \"%.*s\" is not an address", SLICE_ARG(server));
}

static void add_anchors(struct resolver *r, struct ub_ctx *ub)
{
	struct slice text = buf_slice(&r->anchor), line;
	while (slice_split(&text, '\n', &line)) {
		line = slice_trim(line);
		if (line.n == 0 || line.p[0] == ';')
			continue;
		char *anchor = memory_dup_str(line);
		ub_ctx_add_ta(ub, anchor);
		memory_free(anchor);
	}
}

static int configure(struct context *c, struct error *err)
{
	const struct role_context *ctx = c->resolver->ctx;
	const struct config *config = ctx->config;
	set_options(c->ub);
	for (size_t i = 0; i < config->dns_servers.count; i++)
		if (add_server(c->ub, config->dns_servers.items[i], err) != 0)
			return ERR_INVALID;
	if (!config->dns_offline)
		add_anchors(c->resolver, c->ub);
	if (ub_ctx_async(c->ub, 1) != 0)
		return error_set(err, ERR_IO, "libunbound: no thread mode");
	/* RFC 6761 6.2 lets resolvers refuse "test."; the demo and the tests live there. */
	int r = config->dns_offline ? ub_ctx_zone_add(c->ub, ".", "static") : ub_ctx_zone_add(c->ub, "test.", "transparent");
	if (r != 0)
		return error_set(err, ERR_INVALID, "libunbound: %s", ub_strerror(r));
	return zone_parse(ctx->dns_zone, add_record, c, err);
}

static void context_free(struct context *c)
{
	watcher_destroy(&c->watcher);
	if (c->ub != NULL)
		ub_ctx_delete(c->ub);
	map_free(&c->local);
	memory_free(c);
}

static void on_answers(void *arg, int events)
{
	struct context *c = arg;
	ub_process(c->ub);
	if (c->retired && c->pending == 0)
		context_free(c);
}

static struct context *context_new(struct resolver *r, struct error *err)
{
	struct context *c = memory_alloc(sizeof *c);
	c->resolver = r;
	c->ub = ub_ctx_create();
	int failed = c->ub == NULL ? error_set(err, ERR_IO, "libunbound: no context") : configure(c, err);
	if (failed != 0) {
		context_free(c);
		return NULL;
	}
	/* Finalises the context in this thread: what it opens, it opens now. The thread comes with the first query, inside of the jail. */
	struct ub_result *warm = NULL;
	if (ub_resolve(c->ub, "localhost", 1, 1, &warm) == 0)
		ub_resolve_free(warm);
	return c;
}

/* ---- queries ---- */

static void reply_failed(struct ipc_call *call, bool bogus)
{
	ipc_reply(call, &(struct ipc_resolve_reply){.status = RESOLVE_FAILED, .rcode = RCODE_SERVFAIL, .bogus = bogus});
}

static void put_records(const struct ub_result *result, struct buf *out)
{
	uint16_t count = 0;
	while (result->data != NULL && result->data[count] != NULL && count < UINT16_MAX)
		count++;
	buf_put_u16(out, count);
	for (uint16_t i = 0; i < count; i++)
		buf_put_bytes(out, slice_make(result->data[i], (size_t)result->len[i]));
}

static void answer(struct query *q, const struct ub_result *result)
{
	struct buf records = BUF_INIT(RECORDS_MAX);
	put_records(result, &records);
	if (result->bogus || records.failed) {
		reply_failed(q->call, result->bogus); /* RFC 4035 5.5: forged data is no answer */
	} else {
		ipc_reply(q->call, &(struct ipc_resolve_reply){
			.status = RESOLVE_OK,
			.rcode = (uint8_t)result->rcode,
			.secure = result->secure || q->local,
			.ttl = result->ttl > 0 ? (uint32_t)result->ttl : 0,
			.canonical = slice_str(result->canonname),
			.records = buf_slice(&records),
		});
	}
	buf_free(&records);
}

static void on_answer(void *arg, int error, struct ub_result *result)
{
	struct query *q = arg;
	struct resolver *r = q->context->resolver;
	q->context->pending--;
	if (error != 0 || result == NULL) {
		r->failures++;
		reply_failed(q->call, false);
	} else {
		r->bogus += result->bogus != 0;
		answer(q, result);
	}
	ub_resolve_free(result);
	memory_free(q);
}

/* The name as libunbound wants it; also as the key of the local names: lower case, with the final dot. */
static bool make_name(struct slice name, char *text, struct slice *ret_key)
{
	if (name.n == 0 || name.n > NAME_MAX_LENGTH - 1 || slice_find(name, '\0') >= 0)
		return false;
	for (size_t i = 0; i < name.n; i++)
		text[i] = (char)ascii_lower(name.p[i]);
	size_t n = name.n;
	if (text[n - 1] != '.')
		text[n++] = '.';
	text[n] = '\0';
	*ret_key = slice_make(text, n);
	return true;
}

static void on_resolve(void *arg, struct ipc_call *call, const void *request)
{
	struct resolver *r = arg;
	const struct ipc_resolve *in = request;
	char name[NAME_MAX_LENGTH + 2];
	struct slice key;
	int id;
	r->queries++;
	if (!make_name(in->name, name, &key)) {
		reply_failed(call, false);
		return;
	}
	struct query *q = memory_alloc(sizeof *q);
	*q = (struct query){.context = r->context, .call = call, .local = map_get(&r->context->local, key) != NULL};
	if (ub_resolve_async(r->context->ub, name, in->type, 1, q, on_answer, &id) != 0) {
		r->failures++;
		reply_failed(call, false);
		memory_free(q);
		return;
	}
	q->context->pending++;
}

/* ---- life ---- */

static void watch(struct context *c)
{
	c->watcher = watcher_create(c->resolver->ctx->loop, ub_fd(c->ub), on_answers, c);
	watcher_set(c->watcher, WATCH_READ);
}

static int resolver_start(struct role_context *ctx, struct error *err)
{
	struct resolver *r = memory_alloc(sizeof *r);
	r->ctx = ctx;
	r->anchor = BUF_INIT(ANCHOR_MAX);
	ctx->state = r;
	if (!ctx->config->dns_offline && file_read((const char *)ctx->config->dns_trust_anchor.p, &r->anchor, NULL) != 0)
		log_event(EV_ROLE_FAILED, LOG_STR("missing", "dns.trust_anchor"), LOG_STR("effect", "answers are not validated; DANE is not used"));
	r->context = context_new(r, err);
	if (r->context == NULL)
		return ERR_INVALID;
	watch(r->context);
	ipc_handle(ctx->ipc, IPC_RESOLVE, on_resolve, r);
	return 0;
}

static void resolver_reload(struct role_context *ctx)
{
	struct resolver *r = ctx->state;
	struct error err = {0};
	struct context *next = context_new(r, &err);
	if (next == NULL) {
		log_event(EV_CONFIG_REFUSED, LOG_STR("problem", err.private_text));
		return;
	}
	struct context *former = r->context;
	r->context = next;
	watch(next);
	former->retired = true;
	if (former->pending == 0)
		context_free(former);
}

static void resolver_status(struct role_context *ctx, struct buf *out)
{
	const struct resolver *r = ctx->state;
	buf_printf(out, "\"queries\":%llu,\"failures\":%llu,\"bogus\":%llu,\"waiting\":%zu,\"local_names\":%zu", (unsigned long long)r->queries,
		(unsigned long long)r->failures, (unsigned long long)r->bogus, r->context->pending, r->context->local.count);
}

const struct role_ops role_resolver = {.start = resolver_start, .reload = resolver_reload, .status = resolver_status};
