/* PARENT_ADMIN: status, reload, stop, check. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/log.h"
#include "crypt/ca.h"
#include "crypt/tls.h"
#include "ipc/admin.h"
#include "role/check_codes.h"
#include "role/parent.h"
#include "sso/jwk.h"
#include "sso/provider_row.h"
#include "sys/file.h"

#define CERTIFICATE_WARN_DAYS 14
#define CRL_MAX (4 * 1024 * 1024)
#define STATUS_MAX 200000 /* below what PARENT_ADMIN may carry */

static void json_text(struct buf *out, struct slice s)
{
	buf_append_byte(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_append_byte(out, '\\');
		if (s.p[i] < 0x20)
			buf_printf(out, "\\u%04x", s.p[i]);
		else
			buf_append_byte(out, s.p[i]);
	}
	buf_append_byte(out, '"');
}

static void reply(struct ipc_call *call, enum admin_status status, struct buf *result)
{
	if (result->failed) {
		buf_clear(result);
		buf_append_str(result, "{\"error\":\"the answer is too large\"}");
		status = ADMIN_FAILED;
	}
	ipc_reply(call, &(struct ipc_parent_admin_reply){.status = (uint8_t)status, .result = buf_slice(result)});
	buf_free(result);
}

static void reply_error(struct ipc_call *call, enum admin_status status, const char *text)
{
	struct buf result = BUF_INIT(ADMIN_JSON_MAX);
	buf_append_str(&result, "{\"error\":");
	json_text(&result, slice_str(text));
	buf_append_str(&result, "}");
	reply(call, status, &result);
}

/* ---- status ---- */

static const char *state_name(enum child_state state)
{
	switch (state) {
	case CHILD_DOWN:
		return "down";
	case CHILD_STARTING:
		return "starting";
	case CHILD_READY:
		return "ready";
	case CHILD_STOPPING:
		return "stopping";
	case CHILD_GONE:
		return "gone";
	}
	UNREACHABLE();
}

static void append_role(struct buf *out, const struct child *child, int64_t now)
{
	struct parent_process p = {0};
	if (child->pid > 0)
		parent_process_look(child->pid, &p);
	buf_printf(out, "{\"role\":\"%s\",\"index\":%u,\"pid\":%d,\"state\":\"%s\",\"restarts\":%u,\"uptime_s\":%lld,\"cpu_ms\":%llu,\"rss\":%llu",
		role_name(child->role), child->index, (int)child->pid, state_name(child->state), child->restarts,
		(long long)(child->pid > 0 ? (now - child->started_at) / 1000 : 0), (unsigned long long)p.cpu_ms, (unsigned long long)p.rss);
	if (buf_len(&child->error) > 0) {
		buf_append_str(out, ",\"last_error\":");
		json_text(out, buf_slice(&child->error));
	}
	buf_printf(out, ",\"landlock\":%s,\"seccomp\":%s,\"status\":{%.*s}}", child->jail.landlock ? "true" : "false",
		child->jail.seccomp ? "true" : "false", SLICE_ARG(buf_slice(&child->status)));
}

static void append_self(struct buf *out, const struct parent *parent, int64_t now)
{
	struct parent_process p;
	parent_process_look(getpid(), &p);
	buf_printf(out, "{\"role\":\"parent\",\"index\":0,\"pid\":%d,\"state\":\"ready\",\"restarts\":0,\"uptime_s\":%lld,\"cpu_ms\":%llu,"
		"\"rss\":%llu,\"status\":{}}",
		(int)getpid(), (long long)((now - parent->since_mono_ms) / 1000), (unsigned long long)p.cpu_ms, (unsigned long long)p.rss);
}

static const char *sandbox_summary(const struct parent *parent)
{
	for (size_t i = 0; i < parent->child_count; i++)
		if (parent->children[i].state == CHILD_READY && !parent->children[i].jail.landlock)
			return "without Landlock: roles of one user are not isolated from each other's files";
	return "full";
}

static void append_since(struct buf *out, int64_t wall_ms)
{
	struct calendar c = calendar_from_unix(wall_ms / 1000);
	buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day, c.hour, c.minute, c.second);
}

static void answer_status(struct parent *parent, struct ipc_call *call)
{
	int64_t now = loop_now(parent->loop).mono_ms;
	struct buf out = BUF_INIT(STATUS_MAX);
	buf_append_str(&out, "{\"version\":\"" LETTERLOCK_VERSION "\",\"since\":\"");
	append_since(&out, parent->since_ms);
	buf_printf(&out, "\",\"sandbox\":\"%s\",\"roles\":[", sandbox_summary(parent));
	append_self(&out, parent, now);
	for (size_t i = 0; i < parent->child_count; i++) {
		buf_append_byte(&out, ',');
		append_role(&out, &parent->children[i], now);
	}
	buf_append_str(&out, "]}");
	reply(call, ADMIN_OK, &out);
}

static void answer_check(struct parent *parent, struct ipc_call *call);

static void finish_status(struct parent *parent)
{
	timer_stop(parent->status_timer);
	for (size_t c = 0; c < parent->status_call_count; c++) {
		if (parent->status_checks[c])
			answer_check(parent, parent->status_calls[c]);
		else
			answer_status(parent, parent->status_calls[c]);
	}
	parent->status_call_count = 0;
}

void parent_admin_answered(struct parent *parent)
{
	for (size_t i = 0; i < parent->child_count; i++)
		if (parent->children[i].asked && parent->children[i].state == CHILD_READY)
			return;
	finish_status(parent);
}

static void on_status_limit(void *arg)
{
	finish_status(arg);
}

/* Every role is asked what it has to say; then status or check is answered. */
static void ask_roles(struct parent *parent, struct ipc_call *call, bool check)
{
	if (parent->status_call_count == PARENT_CALLS_MAX) {
		reply_error(call, ADMIN_UNAVAILABLE, "too many requests for the status at once");
		return;
	}
	parent->status_checks[parent->status_call_count] = check;
	parent->status_calls[parent->status_call_count++] = call;
	if (parent->status_call_count > 1)
		return;
	for (size_t i = 0; i < parent->child_count; i++) {
		struct child *child = &parent->children[i];
		bool owes = child->asked && child->state == CHILD_READY; /* then its socket must not fill up */
		child->asked = child->state == CHILD_READY;
		if (!child->asked || owes)
			buf_clear(&child->status);
		else
			child_send(child, CONTROL_STATUS);
	}
	timer_start(parent->status_timer, PARENT_STATUS_MS);
	parent_admin_answered(parent);
}

static void do_status(struct parent *parent, struct ipc_call *call)
{
	ask_roles(parent, call, false);
}

static void do_check(struct parent *parent, struct ipc_call *call)
{
	ask_roles(parent, call, true);
}

/* ---- reload, stop, check ---- */

static void do_reload(struct parent *parent, struct ipc_call *call)
{
	struct buf restart = BUF_INIT(4096), result = BUF_INIT(ADMIN_JSON_MAX);
	struct error err = {0};
	if (parent_reload(parent, &restart, &err) != 0) {
		reply_error(call, ADMIN_CONFIG, err.private_text);
	} else {
		buf_append_str(&result, "{\"restart\":");
		json_text(&result, buf_slice(&restart));
		if (parent_confirm_within(parent) > 0)
			buf_printf(&result, ",\"confirm_within\":%lld", (long long)((parent_confirm_within(parent) + 999) / 1000));
		buf_append_str(&result, "}");
		reply(call, ADMIN_OK, &result);
	}
	buf_free(&restart);
	buf_free(&result);
}

static void do_confirm(struct parent *parent, struct ipc_call *call)
{
	struct buf result = BUF_INIT(16);
	if (!parent_confirm(parent)) {
		reply_error(call, ADMIN_NOT_FOUND, "no change waits to be confirmed");
		return;
	}
	buf_append_str(&result, "{}");
	reply(call, ADMIN_OK, &result);
}

static void stop_now(void *arg)
{
	parent_begin_stop(arg);
}

static void do_stop(struct parent *parent, struct ipc_call *call)
{
	struct buf result = BUF_INIT(16);
	buf_append_str(&result, "{}");
	reply(call, ADMIN_OK, &result);
	loop_defer(parent->loop, stop_now, parent);
}

struct findings {
	struct buf *out;
	unsigned count;
};

static void finding(struct findings *f, const char *where, const char *what, const char *safe)
{
	buf_append_str(f->out, f->count++ > 0 ? ",{\"where\":" : "{\"where\":");
	json_text(f->out, slice_str(where));
	buf_append_str(f->out, ",\"what\":");
	json_text(f->out, slice_str(what));
	buf_append_str(f->out, ",\"safe\":");
	json_text(f->out, slice_str(safe));
	buf_append_str(f->out, "}");
}

static void codes_finding(void *arg, const char *option, const char *what)
{
	finding(arg, option, what, "other second factors work");
}

static void check_config(struct parent *parent, struct findings *f)
{
	struct config_problems problems = {0};
	struct config *next = config_read(parent->config_path, &problems);
	struct buf restart = BUF_INIT(4096);
	for (size_t i = 0; i < problems.count; i++)
		finding(f, "configuration", (const char *)problems.items[i].text.p, "the running server keeps the former configuration");
	if (next != NULL)
		config_needs_restart(parent->config, next, &restart);
	if (buf_len(&restart) > 0) {
		buf_append_byte(&restart, '\0');
		finding(f, "options that wait for a restart", (const char *)buf_slice(&restart).p, "the running server keeps the former values");
	}
	check_codes(next != NULL ? next : parent->config, parent->uid, codes_finding, f);
	buf_free(&restart);
	config_free(&next);
	config_problems_free(&problems);
}

static void check_acme(const struct config *c, struct findings *f)
{
	struct slice kind = c->tls_acme_challenge;
	if (!slice_eq(kind, SLICE("http-01")) && !slice_eq(kind, SLICE("tls-alpn-01")) && !slice_eq(kind, SLICE("dns-01")))
		finding(f, "tls.acme_challenge", "it is http-01, tls-alpn-01 or dns-01", "http-01 is used");
	if (c->tls_acme.n > 0 && !slice_starts(c->tls_acme, SLICE("https://")))
		finding(f, "tls.acme", "it is not an https address", "nothing is ordered");
}

static void check_certificate(struct parent *parent, struct findings *f)
{
	check_acme(parent->config, f);
	if (buf_len(&parent->tls_chain) == 0)
		return;
	int64_t left = ca_not_after(buf_slice(&parent->tls_chain)) - moment_unix(loop_now(parent->loop));
	if (left < 0)
		finding(f, "tls.certificate", "it has expired", "clients that check refuse to connect; mail from outside still comes in");
	else if (left < CERTIFICATE_WARN_DAYS * 86400)
		finding(f, "tls.certificate", "it expires within 14 days", "nothing is refused yet");
}

static void check_roles(struct parent *parent, struct findings *f)
{
	for (size_t i = 0; i < parent->child_count; i++) {
		const struct child *c = &parent->children[i];
		if (c->state != CHILD_READY)
			finding(f, role_name(c->role), "this process is not running; letterlock status shows its last error", "mail that was accepted is kept");
		else if (!c->jail.landlock)
			finding(f, role_name(c->role), "the kernel has no Landlock", "system calls are still limited");
	}
}

static void check_crl(struct parent *parent, struct findings *f)
{
	struct buf crl = BUF_INIT(CRL_MAX);
	struct error err = {0};
	int64_t ends, now = moment_unix(loop_now(parent->loop));
	struct slice path = parent->config->auth_client_crl;
	if (path.n == 0)
		return;
	if (file_read((const char *)path.p, &crl, &err) != 0 || tls_crl_read(buf_slice(&crl), &ends, &err) != 0)
		finding(f, "auth.client_crl", err.private_text, "the running server keeps the former list");
	else if (ends <= now)
		finding(f, "auth.client_crl", "a list of revoked certificates is stale", "certificates of its authority sign in nobody until a newer one is there");
	else if (ends < now + 86400)
		finding(f, "auth.client_crl", "a list of revoked certificates becomes stale within a day", "nothing is refused yet");
	buf_free(&crl);
}

/* What the options of single sign-on ask for and cannot be. */
static void check_sso(struct parent *parent, struct findings *f)
{
	const struct config *c = parent->config;
	struct provider_row row;
	struct error err = {0};
	for (size_t i = 0; i < c->sso_providers.count; i++)
		if (provider_row_parse(c->sso_providers.items[i], &row, &err) != 0)
			finding(f, "sso.providers", err.private_text, "the other ways to sign in work");
	for (size_t i = 0; i < c->sso_algorithms.count; i++)
		if (jwt_algorithm(c->sso_algorithms.items[i]) == 0)
			finding(f, "sso.algorithms", "an unknown signature algorithm is listed; it is left out", "no token under it is taken");
	if (slice_starts(c->ldap_url, SLICE("ldap://")) && !c->ldap_starttls && !slice_starts(c->ldap_url, SLICE("ldap://127.0.0.1"))
	    && !slice_starts(c->ldap_url, SLICE("ldap://[::1]")))
		finding(f, "ldap.url", "ldap:// to another machine needs ldap.starttls", "no password is sent; nobody signs in by LDAP");
	if (c->auth_places.n > 0 && access((const char *)c->auth_places.p, R_OK) != 0)
		finding(f, "auth.places", "the database of places cannot be read", "every place is unknown; rules that name countries see that");
}

/* Nothing is broken, but somebody should do something: the check stays good, its warnings are shown. */
static void check_outside(const struct parent *parent, struct findings *f)
{
	const struct config *c = parent->config;
	if (c->audit_sinks.count == 0 && c->audit_cosigners.count == 0 && c->audit_timestamp_url.n == 0)
		finding(f, "audit", "nobody outside knows the audit log: set audit.cosigners, audit.timestamp_url or audit.sinks",
			"records are kept; but who has the disk and the master key could rewrite them unseen");
}

/* What a role says of itself in the member `name` of its status: a sentence of ours, without escapes. */
static void check_said(const struct parent *parent, const char *name, const char *safe, struct findings *f)
{
	for (size_t i = 0; i < parent->child_count; i++) {
		const struct child *c = &parent->children[i];
		ptrdiff_t at = slice_search(buf_slice(&c->status), slice_str(name));
		struct buf text = BUF_INIT(500);
		struct slice rest, said = SLICE_NONE;
		if (c->state != CHILD_READY || at < 0)
			continue;
		rest = slice_from(buf_slice(&c->status), (size_t)at + slice_str(name).n);
		slice_split(&rest, '"', &said);
		buf_append(&text, said);
		buf_append_byte(&text, '\0');
		if (!text.failed)
			finding(f, role_name(c->role), (const char *)buf_slice(&text).p, safe);
		buf_free(&text);
	}
}

static void answer_check(struct parent *parent, struct ipc_call *call)
{
	struct buf result = BUF_INIT(ADMIN_JSON_MAX);
	struct findings f = {.out = &result};
	buf_append_str(&result, "{\"problems\":[");
	check_config(parent, &f);
	check_certificate(parent, &f);
	check_roles(parent, &f);
	check_sso(parent, &f);
	check_crl(parent, &f);
	check_said(parent, "\"problem\":\"", "what cannot be looked at is held, not passed", &f);
	unsigned problems = f.count;
	f.count = 0;
	buf_append_str(&result, "],\"warnings\":[");
	check_outside(parent, &f);
	check_said(parent, "\"warning\":\"", "nothing is held yet", &f);
	buf_append_str(&result, "]}");
	reply(call, problems == 0 ? ADMIN_OK : ADMIN_PARTIAL, &result);
}

static const struct {
	const char *op;
	void (*run)(struct parent *parent, struct ipc_call *call);
} operations[] = {{"status", do_status}, {"metrics", do_status}, {"reload", do_reload}, {"reload.confirm", do_confirm}, {"stop", do_stop}, {"check", do_check}};

static void on_admin(void *arg, struct ipc_call *call, const void *request)
{
	const struct ipc_parent_admin *r = request;
	for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
		if (slice_eq(r->op, slice_str(operations[i].op))) {
			operations[i].run(arg, call);
			return;
		}
	}
	reply_error(call, ADMIN_INVALID, "no such operation");
}

void parent_admin_start(struct parent *parent)
{
	parent->status_timer = timer_create_on(parent->loop, on_status_limit, parent);
	ipc_handle(parent->ipc, IPC_PARENT_ADMIN, on_admin, parent);
}
