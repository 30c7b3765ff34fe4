/* Sign-ins of people who use mail over HTTP. */
#include "role/mail_link.h"
#include "role/mail_visit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth/permit.h"
#include "base/memory.h"
#include "http/problem.h"

/* ---- life ---- */

void mail_http_keep(struct mail_http *p)
{
	ENSURE_MAGIC(p, MAIL_HTTP_MAGIC);
	p->held++;
}

static void person_free(struct mail_http *p)
{
	struct mail_account *a = p->account;
	int64_t ms = (moment_unix(loop_now(a->role->ctx->loop)) - p->since) * 1000;

	list_remove(&p->node);
	jmap_destroy(&p->jmap);
	restricted_account_destroy(&p->seen);
	buf_free(&p->extensions);
	timer_destroy(&p->idle);
	a->role->session_count--;
	a->sessions--;
	mail_use_end(&p->use, ms);
	log_event(EV_SESSION_END, LOG_STR("cid", p->cid), LOG_STR("ip", p->address), LOG_TEXT("user", a->login), LOG_NUM("messages", p->use.letters),
	          LOG_NUM("bytes", p->use.bytes), LOG_NUM("ms", ms), p->use.actor[0] != 0 ? LOG_STR("actor", p->use.actor) : LOG_END);
	p->magic = 0;
	memory_free(p);
	mail_account_drop(a);
}

void mail_http_let(struct mail_http *p)
{
	ENSURE_MAGIC(p, MAIL_HTTP_MAGIC);
	ENSURE(p->held > 0);
	if (--p->held == 0)
		person_free(p);
}

void mail_http_enter(struct mail_http *p)
{
	if (p->entered++ == 0)
		mail_account_runs(p->account);
	p->account->at_work = &p->use;
}

void mail_http_leave(struct mail_http *p)
{
	ENSURE(p->entered > 0);
	if (--p->entered == 0)
		p->account->at_work = NULL;
}

/* It serves nothing any more. */
static void person_end(struct mail_http *p)
{
	if (p->over)
		return;
	p->over = true;
	LIST_FOREACH(node, &p->links)
		mail_link_end(LIST_ITEM(node, struct mail_link, node));
	mail_http_let(p);
}

static void on_person_idle(void *arg)
{
	person_end(arg);
}

static void open_account(struct mail_http *p)
{
	const uint64_t changing = AUTH_BIT(AUTH_MAIL_SEND) | AUTH_BIT(AUTH_MAIL_FORWARD) | AUTH_BIT(AUTH_MAIL_DELETE);
	unsigned refuses = ((p->rights & AUTH_BIT(AUTH_MAIL_DELETE)) == 0 ? ACCOUNT_REFUSES_DELETE : 0u)
		| ((p->rights & changing) == 0 ? ACCOUNT_REFUSES_CHANGE : 0u)
		| ((p->rights & AUTH_BIT(AUTH_MAIL_DOWNLOAD)) == 0 ? ACCOUNT_REFUSES_DOWNLOAD : 0u);

	p->seen = restricted_account_create(store_account_mailboxes(p->account->store), refuses, mail_use_watch(&p->use), &p->use);
	restricted_account_author(p->seen, slice_str(p->use.actor));
}

static void copy_text(char *to, size_t size, struct slice from)
{
	snprintf(to, size, "%.*s", SLICE_ARG(from));
}

static struct mail_http *person_create(struct mail_account *a, const struct mail_ticket *t, const struct ipc_mail_attach *request)
{
	struct mail_http *p = memory_alloc(sizeof *p);

	p->magic = MAIL_HTTP_MAGIC;
	p->held = 1;
	p->account = a;
	p->ticket = t->id;
	p->stands = t->stands;
	p->rights = t->rights;
	p->reading = t->reading;
	p->since = moment_unix(loop_now(a->role->ctx->loop));
	list_init(&p->links);
	buf_init(&p->extensions, 2000);
	copy_text(p->cid, sizeof p->cid, request->cid);
	copy_text(p->address, sizeof p->address, request->address);
	mail_use_begin(&p->use, a, t, p->cid, p->address);
	mail_account_hold(a);
	a->sessions++;
	a->role->session_count++;
	a->role->session_total++;
	list_append(&a->role->people, &p->node);
	p->idle = timer_create_on(a->role->ctx->loop, on_person_idle, p);
	open_account(p);
	mail_jmap_start(p);
	log_event(EV_SESSION_START, LOG_STR("cid", p->cid), LOG_STR("service", "jmap"), LOG_STR("ip", p->address), LOG_TEXT("user", a->login),
	          LOG_NUM("credential", p->stands.credential), p->use.actor[0] != 0 ? LOG_STR("actor", p->use.actor) : LOG_END);
	return p;
}

/* ---- for the role ---- */

static struct mail_http *person_find(struct mail_role *m, const ipc_id *ticket)
{
	LIST_FOREACH(node, &m->people) {
		struct mail_http *p = LIST_ITEM(node, struct mail_http, node);

		if (!p->over && memcmp(&p->ticket, ticket, sizeof *ticket) == 0)
			return p;
	}
	return NULL;
}

static enum auth_status first(struct mail_role *m, const struct ipc_mail_attach *r, struct mail_http **ret, struct error *err)
{
	struct mail_ticket *t = map_get(&m->tickets, slice_make(r->ticket.b, sizeof r->ticket.b));
	size_t limit = m->ctx->config->limits_sessions_per_user;
	enum auth_status status = AUTH_OK;

	if (t == NULL || t->protocol != AUTH_PROTOCOL_JMAP || t->until_ms < mail_now(m) || m->stopping) {
		error_set(err, ERR_DENIED, "no such ticket");
		return AUTH_DENIED;
	}
	if (t->account->sessions >= MAIL_SESSIONS_PER_ACCOUNT || (limit > 0 && t->account->sessions >= limit)) {
		error_set(err, ERR_LIMIT, "sessions_per_user");
		status = AUTH_THROTTLED;
	} else if (mail_account_open(t->account, err) < 0) {
		status = AUTH_TEMPORARY;
	} else {
		*ret = person_create(t->account, t, r);
	}
	if (status != AUTH_TEMPORARY) /* good for one sign-in; what failed for a moment may be tried again */
		mail_ticket_free(m, t);
	return status;
}

bool mail_http_join(struct mail_http *p, int fd)
{
	if (p->over || p->link_count >= MAIL_HTTP_LINKS_MAX) {
		close(fd);
		return false;
	}
	mail_link_create(p, fd);
	return true;
}

enum auth_status mail_http_attach(struct mail_role *m, const struct ipc_mail_attach *r, struct error *err)
{
	struct mail_http *p = r->session >= 0 ? person_find(m, &r->ticket) : NULL;
	enum auth_status status = AUTH_OK;

	if (r->session < 0)
		return AUTH_DENIED;
	if (p == NULL)
		status = first(m, r, &p, err);
	else if (p->link_count >= MAIL_HTTP_LINKS_MAX)
		status = AUTH_THROTTLED;
	if (status == AUTH_OK)
		mail_link_create(p, r->session);
	else
		close(r->session);
	return status;
}

void mail_http_revoke(struct mail_role *m, const uint8_t *account, uint32_t credential)
{
	LIST_FOREACH(node, &m->people) {
		struct mail_http *p = LIST_ITEM(node, struct mail_http, node);

		if (account == NULL || mail_stands_on(p->account, &p->stands, account, credential))
			person_end(p);
	}
	mail_visit_revoke(m, account, credential);
}

void mail_http_pairs(struct mail_role *m, struct buf *out)
{
	LIST_FOREACH(node, &m->people) {
		struct mail_http *p = LIST_ITEM(node, struct mail_http, node);

		mail_standing_pairs(p->account, &p->stands, out);
	}
}

static void put_member(struct buf *out, const char *name, struct slice value)
{
	buf_printf(out, "\"%s\":", name);
	http_json_text(out, value);
	buf_append_byte(out, ',');
}

void mail_http_list(struct mail_role *m, struct buf *out, const char **comma)
{
	LIST_FOREACH(node, &m->people) {
		struct mail_http *p = LIST_ITEM(node, struct mail_http, node);

		if (buf_len(out) > 50000)
			return;
		buf_printf(out, "%s{", *comma);
		put_member(out, "cid", slice_str(p->cid));
		put_member(out, "protocol", SLICE("jmap"));
		put_member(out, "address", slice_str(p->address));
		put_member(out, "user", p->account->login);
		put_member(out, "actor", slice_str(p->use.actor));
		buf_printf(out, "\"since\":%lld}", (long long)p->since);
		*comma = ",";
	}
}
