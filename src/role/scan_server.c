/* Conversations with one scanner: connecting, carrying bytes, waiting for a turn; and looking whether it is there and how old its signatures are. */
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "role/scan.h"

struct scan_job {
	struct list_node node;             /* in server->waiting */
	struct scan_server *server;
	struct slice content;
	const struct partner_letter *letter; /* of a partner, instead of content */
	struct partner_verdict *verdict;
	bool look;
	scan_job_fn *fn;
	void *arg;
	struct talk *talk;
	struct connector *connector;
	struct conn *conn;
	struct timer *deadline;
};

static void start_waiting(struct scan_server *s);
static void look_now(void *arg);

static const struct config *config_of(const struct scan_server *s)
{
	return s->role->ctx->config;
}

/* ---- what is known of the scanner ---- */

int64_t scan_server_age_s(const struct scan_server *s)
{
	if (s->version.made_s == 0)
		return -1;
	int64_t age = moment_unix(loop_now(s->role->ctx->loop)) - s->version.made_s;
	return age > 0 ? age : 0;
}

static unsigned date_step(const struct scan_server *s)
{
	int64_t age = scan_server_age_s(s);
	if (age < 0)
		return config_of(s)->malware_undated ? 0 : SCAN_STALE_STEP;
	return age * 1000 >= config_of(s)->malware_stale ? 2 : age * 1000 >= config_of(s)->malware_old ? 1 : 0;
}

static unsigned age_step(const struct scan_server *s)
{
	unsigned date = s->kind->dated ? date_step(s) : 0, files = s->kind->dated ? scan_own_step(s->role) : 0;
	return date > files ? date : files;
}

const char *scan_server_age_problem(const struct scan_server *s)
{
	if (date_step(s) < scan_own_step(s->role))
		return scan_own_problem(s->role);
	return scan_server_age_s(s) < 0 ? "the signatures have no date" : "the signatures are old";
}

bool scan_server_stale(const struct scan_server *s)
{
	return age_step(s) == SCAN_STALE_STEP;
}

bool scan_server_away(const struct scan_server *s)
{
	return s->away;
}

static void tell_age(struct scan_server *s)
{
	unsigned step = age_step(s);
	if (step > s->aged)
		log_event(step == SCAN_STALE_STEP ? EV_SCANNER_STALE : EV_SCANNER_OLD, LOG_STR("name", s->kind->name), LOG_STR("what", scan_server_age_problem(s)),
		          LOG_NUM("ms", scan_server_age_s(s) * 1000));
	s->aged = step;
}

static void set_away(struct scan_server *s, bool away, const char *why)
{
	if (away && (!s->away || !s->looked))
		log_event(EV_SCANNER_AWAY, LOG_STR("name", s->kind->name), LOG_STR("why", why));
	if (!away && s->away)
		log_event(EV_SCANNER_BACK, LOG_STR("name", s->kind->name));
	s->away = away;
	if (away)
		timer_start(s->look, SCAN_REST_MS);
}

/* ---- one conversation ---- */

static void job_free(struct scan_job *j)
{
	list_remove(&j->node);
	connector_cancel(&j->connector);
	conn_destroy(&j->conn);
	timer_destroy(&j->deadline);
	talk_free(&j->talk);
	memory_free(j);
}

static void looked(struct scan_server *s, bool good, const char *why)
{
	s->looking = false;
	if (good) {
		struct buf text = s->version.text;
		s->version = s->fresh;
		s->fresh.text = text;
	}
	set_away(s, !good, why);
	s->looked = true;
	if (good)
		timer_start(s->look, SCAN_LOOK_MS);
	if (good && s->kind->dated)
		scan_own_look(s->role);
	if (good)
		tell_age(s);
}

static void job_end(struct scan_job *j, const char *why)
{
	struct scan_server *s = j->server;
	bool good = j->talk != NULL && j->talk->state == TALK_DONE;
	s->running--;
	if (j->look) {
		looked(s, good, why);
	} else {
		s->found += good && j->talk->result == SCAN_INFECTED;
		s->failed += !good;
		if (!good)
			set_away(s, true, why);
		j->fn(j->arg, good ? j->talk->result : SCAN_AWAY, good ? buf_slice(&j->talk->name) : SLICE_NONE);
	}
	job_free(j);
	start_waiting(s);
}

/* The talk goes on, or is over. False: the job is gone. */
static bool pump(struct scan_job *j)
{
	while (j->talk->state == TALK_GOES && !conn_congested(j->conn)) {
		size_t before = buf_len(conn_output(j->conn));
		talk_say(j->talk, conn_output(j->conn));
		if (buf_len(conn_output(j->conn)) == before)
			break;
	}
	if (j->talk->state == TALK_GOES) {
		conn_flush(j->conn);
		return true;
	}
	job_end(j, "it says what its protocol does not know");
	return false;
}

static void on_readable(void *owner)
{
	struct scan_job *j = owner;
	talk_hear(j->talk, conn_input(j->conn));
	pump(j);
}

static void on_drained(void *owner)
{
	pump(owner);
}

static void on_ended(void *owner, enum conn_end why)
{
	struct scan_job *j = owner;
	talk_hear(j->talk, conn_input(j->conn));
	talk_closed(j->talk);
	job_end(j, why == CONN_EOF ? "it closed the connection" : "the connection broke");
}

static const struct conn_events conn_events = {.readable = on_readable, .drained = on_drained, .ended = on_ended};

static void on_connect(void *arg, int fd, int error)
{
	struct scan_job *j = arg;
	j->connector = NULL;
	if (fd < 0) {
		job_end(j, strerror(error));
		return;
	}
	j->conn = conn_create(j->server->role->ctx->loop, fd, TALK_INPUT_MAX, &conn_events, j);
	conn_idle_limit(j->conn, 0);
	pump(j);
}

static void on_deadline(void *arg)
{
	job_end(arg, "it does not answer in time");
}

static void job_start(struct scan_job *j)
{
	struct scan_server *s = j->server;
	struct loop *loop = s->role->ctx->loop;
	s->running++;
	if (j->look)
		j->talk = s->kind->look(s);
	else
		j->talk = j->letter != NULL ? s->kind->consult(j->letter, j->verdict) : s->kind->ask(s, j->content);
	timer_start(j->deadline, s->kind->partner ? config_of(s)->partners_time : config_of(s)->malware_time);
	j->connector = connector_start(loop, s->address, s->port, SCAN_CONNECT_MS, on_connect, j);
}

static struct scan_job *job_new(struct scan_server *s)
{
	struct scan_job *j = memory_alloc(sizeof *j);
	j->server = s;
	j->deadline = timer_create_on(s->role->ctx->loop, on_deadline, j);
	return j;
}

/* Nobody waits for one that is away. */
static void refuse_waiting(struct scan_server *s)
{
	while (!list_empty(&s->waiting)) {
		struct scan_job *j = LIST_ITEM(s->waiting.next, struct scan_job, node);
		list_remove(&j->node);
		j->fn(j->arg, SCAN_AWAY, SLICE_NONE);
		job_free(j);
	}
}

static void start_waiting(struct scan_server *s)
{
	if (!s->looked)
		return;
	if (s->away)
		refuse_waiting(s);
	while (s->running < SCAN_RUNNING_MAX && !list_empty(&s->waiting)) {
		struct scan_job *j = LIST_ITEM(s->waiting.next, struct scan_job, node);
		list_remove(&j->node);
		job_start(j);
	}
}

static void start_soon(void *arg)
{
	start_waiting(arg);
}

static void job_wait(struct scan_job *j, scan_job_fn *fn, void *arg)
{
	struct scan_server *s = j->server;
	j->fn = fn;
	j->arg = arg;
	s->asked++;
	list_append(&s->waiting, &j->node);
	loop_defer(s->role->ctx->loop, start_soon, s);
}

void scan_server_ask(struct scan_server *s, struct slice content, scan_job_fn *fn, void *arg)
{
	struct scan_job *j = job_new(s);
	j->content = content;
	job_wait(j, fn, arg);
}

void scan_server_consult(struct scan_server *s, const struct partner_letter *letter, struct partner_verdict *verdict, scan_job_fn *fn, void *arg)
{
	struct scan_job *j = job_new(s);
	j->letter = letter;
	j->verdict = verdict;
	job_wait(j, fn, arg);
}

/* ---- looking ---- */

static void look_now(void *arg)
{
	struct scan_server *s = arg;
	if (s->looking)
		return;
	if (s->kind->look == NULL) {
		set_away(s, false, NULL); /* the next letter tries it */
		s->looked = true;
		return;
	}
	s->looking = true;
	struct scan_job *j = job_new(s);
	j->look = true;
	job_start(j);
}

/* ---- the table of kinds ---- */

static struct talk *clamd_ask(struct scan_server *s, struct slice content)
{
	return clamd_scan(content);
}

static struct talk *clamd_look(struct scan_server *s)
{
	return clamd_ask_version(&s->fresh);
}

static const struct scan_kind clamd_kind = {"clamd", .letters = true, .dated = true, .ask = clamd_ask, .look = clamd_look};

static struct talk *icap_ask(struct scan_server *s, struct slice content)
{
	return icap_scan(&s->icap, content);
}

static struct talk *icap_look_at(struct scan_server *s)
{
	return icap_look(&s->icap);
}

static const struct scan_kind icap_kind = {"icap", .parts = true, .ask = icap_ask, .look = icap_look_at};

static struct talk *rspamd_look_at(struct scan_server *s)
{
	return rspamd_look();
}

/* A milter has no question that is only about itself: the next letter tries it. */
static const struct scan_kind rspamd_kind = {"rspamd", .partner = true, .consult = rspamd_ask, .look = rspamd_look_at};
static const struct scan_kind milter_kind = {"milter", .partner = true, .consult = milter_ask};

/* "/path", "127.0.0.1:3310", "[::1]:3310" */
static bool address_parse(struct slice text, struct scan_server *s)
{
	ptrdiff_t colon = slice_rfind(text, ':');
	uint32_t port;
	if (text.n > 0 && text.p[0] == '/') {
		s->address = text;
		return true;
	}
	if (colon <= 0 || slice_to_u32(slice_from(text, (size_t)colon + 1), &port) < 0 || port == 0 || port > 65535)
		return false;
	text = slice_sub(text, 0, (size_t)colon);
	if (text.n > 2 && text.p[0] == '[' && text.p[text.n - 1] == ']')
		text = slice_sub(text, 1, text.n - 1);
	s->address = text;
	s->port = (uint16_t)port;
	return true;
}

static struct scan_server *server_add(struct scan_role *r, const struct scan_kind *kind, const char *option, struct slice address)
{
	struct scan_server *s;
	s = memory_alloc(sizeof *s);
	s->role = r;
	s->kind = kind;
	list_init(&s->waiting);
	buf_init(&s->version.text, SCAN_NAME_MAX);
	buf_init(&s->fresh.text, SCAN_NAME_MAX);
	s->look = timer_create_on(r->ctx->loop, look_now, s);
	if (!address_parse(address, s)) {
		log_event(EV_CONFIG_REFUSED, LOG_STR("problem", option), LOG_STR("why", "an address is a path, or host:port with a number as host"));
		s->looked = s->away = true; /* configured and never there: what depends on it is held */
	} else {
		timer_start(s->look, 0);
	}
	r->servers[r->server_count++] = s;
	return s;
}

/* "icap://127.0.0.1:1344/service" */
static void icap_add(struct scan_role *r, struct slice url)
{
	struct slice host = slice_starts(url, SLICE("icap://")) ? slice_from(url, 7) : SLICE_NONE;
	ptrdiff_t path = slice_find(host, '/');
	struct slice service = path >= 0 ? slice_from(host, (size_t)path) : SLICE("/");
	host = path >= 0 ? slice_sub(host, 0, (size_t)path) : host;
	server_add(r, &icap_kind, "malware.icap", host)->icap = (struct icap_service){host, service, slice_eq(r->ctx->config->malware_icap_method, SLICE("reqmod"))};
}

void scan_servers_configure(struct scan_role *r)
{
	const struct config *c = r->ctx->config;
	if (c->malware_clamd.n > 0)
		server_add(r, &clamd_kind, "malware.clamd", c->malware_clamd);
	if (c->malware_icap.n > 0)
		icap_add(r, c->malware_icap);
	if (c->partners_rspamd.n > 0)
		server_add(r, &rspamd_kind, "partners.rspamd", c->partners_rspamd);
	for (size_t i = 0; i < c->partners_milters.count && r->server_count < SCAN_SERVERS_MAX; i++)
		server_add(r, &milter_kind, "partners.milters", c->partners_milters.items[i]);
}
