/* Health for load balancers and metrics for Prometheus, from what every role says in its status. No labels of people or addresses. */
#include <jansson.h>
#include <string.h>

#include "base/memory.h"
#include "ipc/admin.h"
#include "role/manage.h"

/* Members of a role's status that have a name of their own; every other number is letterlock_status{role,instance,name}. */
static const struct metric {
	const char *role, *member, *name, *labels; /* labels: with their comma, behind instance */
	bool counter;
} metrics[] = {
	{"mx", "accepted", "letterlock_smtp_connections_total", "", true},
	{"mx", "refused", "letterlock_smtp_connections_refused_total", "", true},
	{"mx", "connections", "letterlock_smtp_connections", "", false},
	{"mx", "messages", "letterlock_smtp_messages_total", "", true},
	{"mx", "transit_bytes", "letterlock_smtp_transit_bytes", "", false},
	{"client", "accepted", "letterlock_client_connections_total", "", true},
	{"client", "refused", "letterlock_client_connections_refused_total", "", true},
	{"client", "connections", "letterlock_client_connections", "", false},
	{"client", "messages", "letterlock_submission_messages_total", "", true},
	{"auth", "sign_ins", "letterlock_auth_attempts_total", ",result=\"ok\"", true},
	{"auth", "failures", "letterlock_auth_attempts_total", ",result=\"refused\"", true},
	{"mail", "sessions", "letterlock_sessions", "", false},
	{"mail", "sessions_total", "letterlock_sessions_total", "", true},
	{"mail", "accounts_open", "letterlock_accounts_open", "", false},
	{"mail", "filed", "letterlock_messages_filed_total", "", true},
	{"queue", "accepted", "letterlock_queue_accepted_total", "", true},
	{"auth", "certificate_expiry_s", "letterlock_tls_certificate_expiry_seconds", "", false},
	{"queue", "waiting", "letterlock_queue_messages", ",state=\"waiting\"", false},
	{"queue", "running", "letterlock_queue_messages", ",state=\"running\"", false},
	{"queue", "held", "letterlock_queue_messages", ",state=\"held\"", false},
	{"queue", "delivered", "letterlock_delivery_attempts_total", ",result=\"delivered\"", true},
	{"queue", "deferred", "letterlock_delivery_attempts_total", ",result=\"deferred\"", true},
	{"queue", "bounced", "letterlock_delivery_attempts_total", ",result=\"bounced\"", true},
	{"filter", "messages", "letterlock_filter_messages_total", ",result=\"sealed\"", true},
	{"filter", "refused", "letterlock_filter_messages_total", ",result=\"refused\"", true},
	{"filter", "failed", "letterlock_filter_messages_total", ",result=\"failed\"", true},
	{"resolver", "queries", "letterlock_dns_queries_total", ",result=\"all\"", true},
	{"resolver", "failures", "letterlock_dns_queries_total", ",result=\"failed\"", true},
	{"resolver", "bogus", "letterlock_dns_queries_total", ",result=\"bogus\"", true},
	{"audit", "events_sign_in", "letterlock_audit_events_total", ",class=\"sign_in\"", true},
	{"audit", "events_account", "letterlock_audit_events_total", ",class=\"account\"", true},
	{"audit", "events_mail", "letterlock_audit_events_total", ",class=\"mail\"", true},
	{"audit", "events_access", "letterlock_audit_events_total", ",class=\"access\"", true},
	{"audit", "events_admin", "letterlock_audit_events_total", ",class=\"admin\"", true},
	{"audit", "events_policy", "letterlock_audit_events_total", ",class=\"policy\"", true},
	{"audit", "events_key", "letterlock_audit_events_total", ",class=\"key\"", true},
	{"audit", "events_audit", "letterlock_audit_events_total", ",class=\"audit\"", true},
	{"audit", "events_system", "letterlock_audit_events_total", ",class=\"system\"", true},
	{"audit", "chain_ok", "letterlock_audit_chain_ok", "", false},
	{"audit", "size", "letterlock_audit_records", "", false},
	{"scan", "letters", "letterlock_scanner_letters_total", "", true},
	{"scan", "clamd_up", "letterlock_scanner_up", ",scanner=\"clamd\"", false},
	{"scan", "icap_up", "letterlock_scanner_up", ",scanner=\"icap\"", false},
	{"scan", "clamd_signature_age_s", "letterlock_scanner_signature_age_seconds", ",scanner=\"clamd\"", false},
	{"scan", "clamd_signature_state", "letterlock_scanner_signature_state", ",scanner=\"clamd\"", false},
	{"manage", "requests_2xx", "letterlock_http_requests_total", ",code_class=\"2xx\"", true},
	{"manage", "requests_3xx", "letterlock_http_requests_total", ",code_class=\"3xx\"", true},
	{"manage", "requests_4xx", "letterlock_http_requests_total", ",code_class=\"4xx\"", true},
	{"manage", "requests_5xx", "letterlock_http_requests_total", ",code_class=\"5xx\"", true},
	{"web", "requests_2xx", "letterlock_http_requests_total", ",code_class=\"2xx\"", true},
	{"web", "requests_3xx", "letterlock_http_requests_total", ",code_class=\"3xx\"", true},
	{"web", "requests_4xx", "letterlock_http_requests_total", ",code_class=\"4xx\"", true},
	{"web", "requests_5xx", "letterlock_http_requests_total", ",code_class=\"5xx\"", true},
};

/* What the parent knows of every process. */
static const struct metric process_metrics[] = {
	{NULL, "restarts", "letterlock_role_restarts_total", "", true},
	{NULL, "rss", "letterlock_role_resident_bytes", "", false},
	{NULL, "uptime_s", "letterlock_role_uptime_seconds", "", false},
};

static const char *text_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text != NULL ? text : "";
}

/* Names come from our own processes; all the same nothing but a word goes out. */
static bool is_word(const char *text)
{
	for (const char *p = text; *p != 0; p++)
		if (!ascii_is_alnum((uint8_t)*p) && *p != '_' && *p != '-' && *p != '.')
			return false;
	return *text != 0;
}

static const struct metric *metric_find(const char *role, const char *member)
{
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++)
		if (strcmp(metrics[i].role, role) == 0 && strcmp(metrics[i].member, member) == 0)
			return &metrics[i];
	return NULL;
}

static void put_type(struct buf *out, const struct metric *m)
{
	buf_printf(out, "# TYPE %s %s\n", m->name, m->counter ? "counter" : "gauge");
}

static void put_sample(struct buf *out, const struct metric *m, const json_t *role, const json_t *value)
{
	if (json_is_integer(value))
		buf_printf(out, "%s{role=\"%s\",instance=\"%lld\"%s} %lld\n", m->name, text_of(role, "role"),
		           (long long)json_integer_value(json_object_get(role, "index")), m->labels, (long long)json_integer_value(value));
}

/* Is it one of the counters that audit keeps? They say more. */
static bool is_counted(struct slice counters, const char *name)
{
	struct buf line = BUF_INIT(200);
	bool found;

	buf_printf(&line, "# TYPE %s ", name);
	found = slice_search(counters, buf_slice(&line)) >= 0;
	buf_free(&line);
	return found;
}

/* All samples of one name stand together, as the text format asks for. */
static void put_named(struct buf *out, const json_t *roles, struct slice counters)
{
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++) {
		json_t *role;
		size_t at;

		if (is_counted(counters, metrics[i].name))
			continue;
		if (i == 0 || strcmp(metrics[i].name, metrics[i - 1].name) != 0)
			put_type(out, &metrics[i]);
		json_array_foreach(roles, at, role)
			if (strcmp(text_of(role, "role"), metrics[i].role) == 0)
				put_sample(out, &metrics[i], role, json_object_get(json_object_get(role, "status"), metrics[i].member));
	}
}

static void put_processes(struct buf *out, const json_t *roles)
{
	json_t *role;
	size_t at;

	buf_append_str(out, "# TYPE letterlock_role_up gauge\n");
	json_array_foreach(roles, at, role)
		buf_printf(out, "letterlock_role_up{role=\"%s\",instance=\"%lld\"} %d\n", text_of(role, "role"),
		           (long long)json_integer_value(json_object_get(role, "index")), strcmp(text_of(role, "state"), "ready") == 0);
	for (size_t i = 0; i < ARRAY_LEN(process_metrics); i++) {
		put_type(out, &process_metrics[i]);
		json_array_foreach(roles, at, role)
			put_sample(out, &process_metrics[i], role, json_object_get(role, process_metrics[i].member));
	}
	buf_append_str(out, "# TYPE letterlock_role_cpu_seconds_total counter\n");
	json_array_foreach(roles, at, role)
		buf_printf(out, "letterlock_role_cpu_seconds_total{role=\"%s\",instance=\"%lld\"} %.3f\n", text_of(role, "role"),
		           (long long)json_integer_value(json_object_get(role, "index")),
		           (double)json_integer_value(json_object_get(role, "cpu_ms")) / 1000);
}

/* Numbers without a name of their own. */
static void put_others(struct buf *out, const json_t *roles)
{
	json_t *role, *value;
	const char *member;
	size_t at;

	buf_append_str(out, "# TYPE letterlock_status gauge\n");
	json_array_foreach(roles, at, role)
		json_object_foreach(json_object_get(role, "status"), member, value)
			if (json_is_integer(value) && is_word(member) && metric_find(text_of(role, "role"), member) == NULL)
				buf_printf(out, "letterlock_status{role=\"%s\",instance=\"%lld\",name=\"%s\"} %lld\n", text_of(role, "role"),
				           (long long)json_integer_value(json_object_get(role, "index")), member, (long long)json_integer_value(value));
}

static void metrics_text(const struct manage_shared *shared, struct buf *out)
{
	json_t *root = json_loadb((const char *)buf_slice(&shared->health).p, buf_len(&shared->health), 0, NULL);
	const json_t *roles = json_object_get(root, "roles");

	if (!is_counted(buf_slice(&shared->counters), "letterlock_build_info")) {
		buf_append_str(out, "# TYPE letterlock_build_info gauge\n");
		buf_printf(out, "letterlock_build_info{version=\"%s\"} 1\n", is_word(text_of(root, "version")) ? text_of(root, "version") : "");
	}
	put_processes(out, roles);
	put_named(out, roles, buf_slice(&shared->counters));
	put_others(out, roles);
	buf_append(out, buf_slice(&shared->counters));
	json_decref(root);
}

/* ---- the state of the server: asked for at most once a second, whoever wants it ---- */

static bool is_local(const struct manage *m)
{
	return slice_starts(m->address, SLICE("127.")) || slice_eq(m->address, SLICE("::1"));
}

static bool all_ready(const json_t *roles)
{
	json_t *role;
	size_t i;

	json_array_foreach(roles, i, role)
		if (strcmp(text_of(role, "state"), "ready") != 0)
			return false;
	return json_array_size(roles) > 0;
}

static void answer_ready(struct manage *m, bool ready)
{
	struct slice body = ready ? SLICE("{\"ready\":true}") : SLICE("{\"ready\":false}");

	/* Strangers learn no more than the status code. */
	if (is_local(m))
		manage_answer(m, ready ? 200 : 503, "application/json", NULL, 0, body);
	else
		manage_answer(m, ready ? 200 : 503, NULL, NULL, 0, SLICE_NONE);
}

static void answer_waiting(struct manage *m)
{
	const struct manage_shared *s = m->shared;

	if (m->route == ROUTE_READY) {
		json_t *root = json_loadb((const char *)buf_slice(&s->health).p, buf_len(&s->health), 0, NULL);
		answer_ready(m, s->health_good && all_ready(json_object_get(root, "roles")));
		json_decref(root);
		return;
	}
	if (!s->health_good) {
		manage_problem(m, 503, "away", "The state of the server is not known now.");
		return;
	}
	struct buf text = BUF_INIT(1u << 20);
	metrics_text(s, &text);
	manage_answer(m, 200, "text/plain; version=0.0.4", NULL, 0, buf_slice(&text));
	buf_free(&text);
}

static void on_health(void *arg, enum ipc_outcome outcome, const void *data)
{
	const struct ipc_admin_health_reply *reply = data;
	struct manage_shared *s = arg;

	s->health_asked = false;
	s->health_good = outcome == IPC_OK && reply->status == ADMIN_OK;
	s->health_until_ms = loop_now(s->edge->ctx->loop).mono_ms + MANAGE_HEALTH_MS;
	buf_clear(&s->health);
	buf_clear(&s->counters);
	if (s->health_good) {
		buf_append(&s->health, reply->result);
		buf_append(&s->counters, reply->text);
	}
	while (!list_empty(&s->waiting)) {
		struct manage *m = LIST_ITEM(s->waiting.next, struct manage, waiting);
		struct edge_client *c = m->client;

		list_remove(&m->waiting);
		if (!manage_gone(m))
			answer_waiting(m);
		if (!c->ended)
			manage_pump(m);
		edge_client_drop(c);
	}
}

static void with_health(struct manage *m)
{
	struct manage_shared *s = m->shared;

	if (loop_now(s->edge->ctx->loop).mono_ms < s->health_until_ms) {
		answer_waiting(m);
		return;
	}
	edge_client_hold(m->client);
	list_append(&s->waiting, &m->waiting);
	if (s->health_asked)
		return;
	s->health_asked = true;
	ipc_request(s->edge->ctx->ipc, IPC_ADMIN_HEALTH, 0, &(struct ipc_admin_health){0}, on_health, s);
}

void manage_live(struct manage *m)
{
	manage_answer(m, 200, NULL, NULL, 0, SLICE_NONE);
}

void manage_ready(struct manage *m)
{
	with_health(m);
}

void manage_metrics(struct manage *m)
{
	if (m->token.n == 0 && m->client->edge->ctx->config->management_metrics_open && is_local(m))
		with_health(m);
	else if (m->token.n == 0)
		manage_problem(m, 401, "sign_in", "Metrics need a token with the right metrics.see.");
	else
		manage_call(m, SLICE("metrics"), SLICE("{}"));
}

void manage_metrics_granted(struct manage *m)
{
	with_health(m);
}
