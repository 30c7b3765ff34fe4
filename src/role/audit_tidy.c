/* The end of retention: once an hour, segments whose records are all older than they have to be kept lose them; their hashes stay. */
#include "base/log.h"
#include "base/memory.h"
#include "role/audit.h"

struct tidy {
	struct audit_role *role;
	struct audit_view *view;
	struct audit_retired retired;
	struct error err;
	uint64_t from;
	int64_t before_ms;
	bool mail;                /* only records of class mail */
	int rc;
};

static bool keep(void *arg, struct slice text)
{
	const struct tidy *t = arg;
	/* Values of fields cannot look like this: their quotes are escaped. */
	return t->mail && slice_search(text, SLICE(",\"c\":\"mail\",")) < 0;
}

static void work(void *arg)
{
	struct tidy *t = arg;
	t->rc = audit_view_retire(t->view, t->from, t->before_ms, keep, t, &t->retired, &t->err);
}

static void begin(struct audit_role *a, bool mail);

static void done(void *arg)
{
	struct tidy *t = arg;
	struct audit_role *a = t->role;
	bool mail = t->mail, more = t->rc == 0 && t->retired.first != UINT64_MAX;
	a->jobs--;
	a->tidying = false;
	if (t->rc < 0)
		log_event(EV_INTERNAL, LOG_STR("what", "retention of the audit log"), LOG_STR("error", t->err.private_text));
	if (more && t->retired.removed > 0)
		log_event(EV_AUDIT_RETIRED, LOG_NUM("first", t->retired.first), LOG_NUM("last", t->retired.first + t->retired.count),
			LOG_NUM("count", t->retired.removed), LOG_STR("kind", mail ? "mail" : "all"));
	if (more)
		*(mail ? &a->tidied_mail : &a->tidied_all) = t->retired.first + 1;
	audit_view_free(&t->view);
	memory_free(t);
	if (more || mail)
		begin(a, more && mail);
}

static int64_t at_least(int64_t ms)
{
	return ms < AUDIT_KEEP_MIN_MS ? AUDIT_KEEP_MIN_MS : ms;
}

static void begin(struct audit_role *a, bool mail)
{
	const struct config *c = a->ctx->config;
	struct tidy *t;
	if (a->stopping || a->tidying)
		return;
	a->tidying = true;
	a->jobs++;
	t = memory_alloc(sizeof *t);
	*t = (struct tidy){.role = a, .mail = mail, .view = audit_view_create(a->store), .from = mail ? a->tidied_mail : a->tidied_all,
		.before_ms = loop_now(a->ctx->loop).wall_ms - at_least(mail ? c->audit_keep_mail : c->audit_keep)};
	loop_work(a->ctx->loop, work, done, t);
}

static void on_tidy(void *arg)
{
	struct audit_role *a = arg;
	timer_start(a->tidy, AUDIT_TIDY_MS);
	begin(a, true);
}

void audit_tidy_setup(struct audit_role *a)
{
	a->tidy = timer_create_on(a->ctx->loop, on_tidy, a);
	timer_start(a->tidy, AUDIT_TIDY_MS);
}
