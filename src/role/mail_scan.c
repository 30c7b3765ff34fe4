#include "role/mail_scan.h"

#include <fcntl.h>
#include <string.h>

#include "base/memory.h"
#include "crypt/hash.h"
#include "filter/guard.h"
#include "jmap/method.h"
#include "scan/verdict.h"
#include "sys/file.h"
#include "trust/facts.h"

#define STEP (1u << 20)       /* bytes that are read in one round of the loop */
#define QUESTIONS_MAX 1000
#define SCANNERS_MAX 12

/* What was found in a blob, and by which signatures. */
struct known {
	struct list_node node;
	uint8_t key[HASH_SIZE];
	bool found;
	enum scan_class class;
	uint64_t stamp;
	char name[SCAN_NAME_MAX + 1], scanner[SCAN_SCANNER_MAX + 1];
};

struct mail_scans {
	struct mail_role *role;
	struct scan_rules rules;
	struct filter_list hashes;
	bool scanners;             /* some are configured */
	bool there, asking;        /* one is there, with signatures that count */
	uint64_t stamp;            /* of the signatures that were heard of last: another one with every renewal */
	int64_t until_ms;          /* until then this is taken as known */
	struct list_node asked;    /* struct look: wait for it */
	struct list_node waiting;  /* struct look: for their turn */
	unsigned running;
	struct map looks;          /* key -> struct look */
	struct map known;          /* key -> struct known */
	struct list_node order;    /* the oldest first */
};

struct waiter {
	struct list_node node;
	struct mail_http *person;
	mail_scan_fn *fn;
	void *arg;
};

/* One blob that is being looked at, for whoever waits for it. */
struct look {
	struct list_node node;     /* in asked or waiting */
	struct mail_scans *scans;
	struct list_node waiters;
	struct known result;       /* with its key */
	struct arena arena;
	struct jmap_blob blob;
	struct jmap_blob_reader reader;
	struct buf piece;
	uint64_t size;
	uint64_t stamp;            /* when it was shown */
	int document;
	bool running, reading, given; /* given: the document was there from the beginning, sealed */
};

static const struct { const char *name; unsigned status; } verdicts[] = {
	[MAIL_SCAN_GO] = {"ok", 200}, [MAIL_SCAN_MALWARE] = {"malware", 403}, [MAIL_SCAN_UNSCANNED] = {"unscanned", 503}, [MAIL_SCAN_BUSY] = {"busy", 503},
};

const char *mail_scan_verdict_name(enum mail_scan_verdict verdict)
{
	return verdicts[verdict].name;
}

unsigned mail_scan_verdict_status(enum mail_scan_verdict verdict)
{
	return verdicts[verdict].status;
}

static struct role_context *context(const struct mail_scans *s)
{
	return s->role->ctx;
}

/* The sign-in that reads: of the first who wants to know. */
static struct mail_http *reader_of(const struct look *l)
{
	return LIST_ITEM(l->waiters.next, struct waiter, node)->person;
}

/* ---- what is known ---- */

static void known_put(struct mail_scans *s, const struct known *what)
{
	struct known *k = map_get(&s->known, slice_make(what->key, sizeof what->key));

	if (k == NULL) {
		if (s->known.count >= MAIL_SCAN_KNOWN_MAX) {
			struct known *oldest = LIST_ITEM(s->order.next, struct known, node);

			list_remove(&oldest->node);
			(void)map_remove(&s->known, slice_make(oldest->key, sizeof oldest->key));
			memory_free(oldest);
		}
		k = memory_alloc(sizeof *k);
		(void)map_put(&s->known, slice_make(what->key, sizeof what->key), k);
	} else {
		list_remove(&k->node);
	}
	*k = *what;
	k->node = (struct list_node){0};
	list_append(&s->order, &k->node);
}

static void key_of(const struct mail_account *a, struct slice id, uint8_t ret[HASH_SIZE])
{
	struct hash_state h;

	hash_start(&h, NULL);
	hash_update_field(&h, mail_id(a->id));
	hash_update_field(&h, id);
	hash_finish(&h, ret);
}

/* ---- the end ---- */

static enum mail_scan_verdict verdict_of(const struct mail_scans *s, const struct known *k)
{
	enum scan_action action = k->found ? s->rules.actions[k->class][SCAN_OPEN] : SCAN_ACTION_PASS;

	if (action != SCAN_ACTION_REJECT)
		return MAIL_SCAN_GO;
	return k->class == SCAN_CLASS_UNSCANNED ? MAIL_SCAN_UNSCANNED : MAIL_SCAN_MALWARE;
}

static void tell(const struct mail_scans *s, const struct known *k, const struct mail_http *p)
{
	if (k->found && s->rules.actions[k->class][SCAN_OPEN] != SCAN_ACTION_PASS)
		log_event(EV_MALWARE_OPENED, LOG_STR("cid", p->cid), LOG_STR("ip", p->address), LOG_TEXT("user", p->account->login),
		          LOG_STR("action", scan_action_name(s->rules.actions[k->class][SCAN_OPEN])), LOG_STR("kind", scan_class_name(k->class)),
		          LOG_STR("name", k->name), LOG_STR("what", k->scanner), p->use.actor[0] != 0 ? LOG_STR("actor", p->use.actor) : LOG_END);
}

static void look_run(struct look *l);

static void next_look(struct mail_scans *s)
{
	if (s->running < MAIL_SCAN_RUNNING_MAX && !list_empty(&s->waiting)) {
		struct look *l = LIST_ITEM(s->waiting.next, struct look, node);

		list_remove(&l->node);
		look_run(l);
	}
}

static void look_end(struct look *l, bool busy)
{
	struct mail_scans *s = l->scans;
	enum mail_scan_verdict verdict = busy ? MAIL_SCAN_BUSY : verdict_of(s, &l->result);

	(void)map_remove(&s->looks, slice_make(l->result.key, sizeof l->result.key));
	s->running -= l->running;
	LIST_FOREACH(node, &l->waiters) {
		struct waiter *w = LIST_ITEM(node, struct waiter, node);
		struct mail_http *p = w->person;

		list_remove(&w->node);
		if (!busy)
			tell(s, &l->result, p);
		w->fn(w->arg, verdict);
		memory_free(w);
		mail_http_let(p);
	}
	if (l->reading)
		jmap_blob_stop(&l->reader);
	buf_free_secret(&l->piece);
	file_close(&l->document);
	arena_free(&l->arena);
	memory_free(l);
	next_look(s);
}

static void note(struct known *k, enum scan_class class, struct slice scanner, struct slice name)
{
	if (k->found && k->class >= class)
		return;
	k->found = true;
	k->class = class;
	memset(k->name, 0, sizeof k->name);
	memset(k->scanner, 0, sizeof k->scanner);
	name = slice_sub(name, 0, SCAN_NAME_MAX);
	scanner = slice_sub(scanner, 0, SCAN_SCANNER_MAX);
	for (size_t i = 0; i < name.n; i++)
		k->name[i] = (char)name.p[i];
	for (size_t i = 0; i < scanner.n; i++)
		k->scanner[i] = (char)scanner.p[i];
}

static void look_unscanned(struct look *l, const char *why)
{
	note(&l->result, SCAN_CLASS_UNSCANNED, SLICE("scan"), slice_str(why));
	look_end(l, false);
}

/* What nobody could look at is asked again the next time. */
static void look_settle(struct look *l)
{
	l->result.stamp = l->stamp;
	if (!l->result.found || l->result.class != SCAN_CLASS_UNSCANNED)
		known_put(l->scans, &l->result);
	look_end(l, false);
}

/* ---- scanners ---- */

static void take_records(struct known *k, const struct dns_answer *answer)
{
	static const struct { bool counts; enum scan_class class; } of_result[SCAN_RESULT_COUNT] = {
		[SCAN_INFECTED] = {true, SCAN_CLASS_VIRUS}, [SCAN_OPAQUE] = {true, SCAN_CLASS_OPAQUE}, [SCAN_STALE] = {true, SCAN_CLASS_UNSCANNED},
		[SCAN_AWAY] = {true, SCAN_CLASS_UNSCANNED},
	};
	struct slice records = answer->records, record;
	struct scan_finding f;

	while (answer->status == DNS_FOUND && dns_record_next(&records, &record))
		if (scan_finding_decode(record, &f) && of_result[f.result].counts)
			note(k, of_result[f.result].class, f.scanner, f.name.n > 0 ? f.name : slice_str(scan_result_name(f.result)));
}

static void put_question(const struct scan_target *target, struct buf *out)
{
	struct buf name = BUF_INIT(SCAN_QUESTION_MAX);

	scan_target_write(target, &name);
	facts_encode_question(&(struct dns_question){.name = buf_slice(&name), .type = FACT_SCAN}, out);
	buf_free(&name);
}

/* Scanners of letters and those of parts: the blob is one file to both. */
static struct scan_target as_part(const struct look *l)
{
	return (struct scan_target){.part = true, .length = l->size};
}

static void take_answers(struct look *l, struct slice answers)
{
	struct arena arena = ARENA_INIT;
	struct buf name = BUF_INIT(SCAN_QUESTION_MAX);
	const struct scan_target part = as_part(l);
	struct facts facts;

	facts_init(&facts, &arena, 0);
	scan_target_write(&part, &name);
	if (facts_decode_answers(&facts, answers) < 0 || answers.n == 0)
		note(&l->result, SCAN_CLASS_UNSCANNED, SLICE("scan"), SLICE("away"));
	take_records(&l->result, facts_dns(&facts, SLICE("letter"), FACT_SCAN));
	take_records(&l->result, facts_dns(&facts, buf_slice(&name), FACT_SCAN));
	facts_free(&facts);
	buf_free(&name);
	arena_free(&arena);
}

static void on_scanned(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct look *l = arg;
	const struct ipc_scan_reply *reply = message;

	take_answers(l, outcome == IPC_OK ? reply->answers : SLICE_NONE);
	look_settle(l);
}

static void show(struct look *l)
{
	const struct scan_target whole = {0}, part = as_part(l);
	struct buf questions = BUF_INIT(QUESTIONS_MAX);

	put_question(&whole, &questions);
	put_question(&part, &questions);
	l->stamp = l->scans->stamp;
	ipc_request(context(l->scans)->ipc, IPC_SCAN, IPC_ANY,
	            &(struct ipc_scan){.cid = slice_str(reader_of(l)->cid), .message = l->document, .questions = buf_slice(&questions)}, on_scanned, l);
	buf_free(&questions);
}

/* ---- its bytes ---- */

/* What we know ourselves needs no scanner. */
static int look_inside(struct look *l)
{
	struct file_map map = FILE_MAP_NONE;
	const char *name;
	int rc = l->given ? 0 : memfd_seal(l->document, NULL);

	if (rc == 0 && l->size > 0)
		rc = memfd_map(l->document, MAIL_SCAN_BYTES_MAX, &map, NULL);
	if (rc < 0)
		return rc;
	name = filter_guard_known(map.content, &l->scans->hashes);
	if (name != NULL)
		note(&l->result, SCAN_CLASS_VIRUS, SLICE("letterlock"), slice_str(name));
	file_unmap(&map);
	return 0;
}

static void look_read(struct look *l)
{
	struct mail_scans *s = l->scans;

	if (look_inside(l) < 0) {
		look_end(l, true);
	} else if (l->result.found || l->size == 0 || !s->scanners) {
		l->stamp = s->stamp;
		look_settle(l);
	} else if (s->there) {
		show(l);
	} else {
		look_unscanned(l, "away");
	}
}

static int read_some(struct look *l)
{
	int rc = 0;

	while (rc == 0 && !l->reader.end && buf_len(&l->piece) < STEP)
		rc = jmap_blob_next(&l->reader, &l->piece);
	l->size += buf_len(&l->piece);
	if (rc == 0 && l->size > MAIL_SCAN_BYTES_MAX)
		rc = ERR_LIMIT;
	if (rc == 0)
		rc = file_write_all(l->document, buf_slice(&l->piece), NULL);
	buf_clear(&l->piece);
	return rc;
}

static void read_on(void *arg)
{
	struct look *l = arg;
	struct mail_http *p = reader_of(l);
	int rc = ERR_TEMPORARY;

	if (!p->over) {
		mail_http_enter(p);
		restricted_account_depict(p->seen, true);
		rc = read_some(l);
		restricted_account_depict(p->seen, false);
		mail_http_leave(p);
	}
	if (rc == ERR_LIMIT)
		look_unscanned(l, "too-large");
	else if (rc < 0)
		look_end(l, true);
	else if (l->reader.end)
		look_read(l);
	else
		loop_defer(context(l->scans)->loop, read_on, l);
}

static void look_run(struct look *l)
{
	struct mail_http *p = reader_of(l);

	l->running = true;
	l->scans->running++;
	if (l->given) {
		look_read(l);
		return;
	}
	l->document = memfd_new("attachment", NULL);
	if (l->document < 0 || p->over || jmap_blob_open(p->jmap, l->blob.id, &l->arena, &l->blob) != 0) {
		look_end(l, true);
		return;
	}
	jmap_blob_start(&l->reader, &l->blob);
	l->reading = true;
	loop_defer(context(l->scans)->loop, read_on, l);
}

/* ---- which signatures there are ---- */

/* It is known which signatures scanners have. */
static void look_begin(struct look *l)
{
	struct mail_scans *s = l->scans;
	const struct known *k = map_get(&s->known, slice_make(l->result.key, sizeof l->result.key));

	if (k != NULL && k->stamp == s->stamp) {
		l->result = *k;
		look_end(l, false);
	} else if (!s->there && s->hashes.count == 0) {
		look_unscanned(l, "away");
	} else if (s->running >= MAIL_SCAN_RUNNING_MAX) {
		list_append(&s->waiting, &l->node);
	} else {
		look_run(l);
	}
}

static int64_t now_s(const struct mail_scans *s)
{
	return moment_unix(loop_now(context(s)->loop));
}

/* One record for each scanner: whether it is there and counts, and what changes with its signatures as its name. */
static void take_state(struct mail_scans *s, struct slice answers)
{
	struct arena arena = ARENA_INIT;
	struct buf stamp = BUF_INIT(SCANNERS_MAX * (SCAN_NAME_MAX + 24));
	struct facts facts;
	struct slice records, record;
	struct scan_finding f;

	facts_init(&facts, &arena, 0);
	(void)facts_decode_answers(&facts, answers);
	records = facts_dns(&facts, SLICE("signatures"), FACT_SCAN)->records;
	while (dns_record_next(&records, &record)) {
		if (!scan_finding_decode(record, &f))
			continue;
		s->there |= f.result == SCAN_CLEAN;
		if (f.name.n > 0)
			buf_printf(&stamp, "%.*s ", SLICE_ARG(f.name));
		else
			buf_printf(&stamp, "hour %lld ", (long long)(now_s(s) / MAIL_SCAN_UNDATED_S));
	}
	s->stamp = hash_checksum(buf_slice(&stamp));
	buf_free(&stamp);
	facts_free(&facts);
	arena_free(&arena);
}

static void on_state(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct mail_scans *s = arg;
	const struct ipc_scan_reply *reply = message;
	struct list_node asked;

	s->asking = s->there = false;
	if (outcome == IPC_OK)
		take_state(s, reply->answers);
	s->until_ms = mail_now(s->role) + (s->there ? MAIL_SCAN_STATE_MS : MAIL_SCAN_AWAY_MS);
	list_init(&asked);
	LIST_FOREACH(node, &s->asked) {
		list_remove(node);
		list_append(&asked, node);
	}
	while (!list_empty(&asked)) {
		struct look *l = LIST_ITEM(asked.next, struct look, node);

		list_remove(&l->node);
		look_begin(l);
	}
}

static void ask_state(struct mail_scans *s)
{
	const struct scan_target signatures = {.signatures = true};
	struct buf questions = BUF_INIT(QUESTIONS_MAX);

	s->asking = true;
	put_question(&signatures, &questions);
	ipc_request(context(s)->ipc, IPC_SCAN, IPC_ANY, &(struct ipc_scan){.message = -1, .questions = buf_slice(&questions)}, on_state, s);
	buf_free(&questions);
}

/* ---- who asks ---- */

/* document: sealed, taken over; -1: the blob is read. */
static struct look *look_create(struct mail_scans *s, const uint8_t key[HASH_SIZE], struct slice id, int document, uint64_t size)
{
	struct look *l = memory_alloc(sizeof *l);

	l->scans = s;
	l->given = document >= 0;
	l->document = document;
	l->size = size;
	l->piece = BUF_INIT(STEP + 4 * JMAP_BLOB_STEP);
	memcpy(l->result.key, key, sizeof l->result.key);
	l->blob.id = arena_dup(&l->arena, id);
	list_init(&l->waiters);
	(void)map_put(&s->looks, slice_make(key, HASH_SIZE), l);
	return l;
}

static void wait_for(struct look *l, struct mail_http *p, mail_scan_fn *fn, void *arg)
{
	struct waiter *w = memory_alloc(sizeof *w);

	*w = (struct waiter){.person = p, .fn = fn, .arg = arg};
	mail_http_keep(p);
	list_append(&l->waiters, &w->node);
}

static bool looks(const struct mail_scans *s)
{
	return s->scanners || s->hashes.count > 0;
}

static void scan(struct mail_http *p, struct slice id, int document, uint64_t size, mail_scan_fn *fn, void *arg)
{
	struct mail_scans *s = p->account->role->scans;
	uint8_t key[HASH_SIZE];
	struct look *l;

	key_of(p->account, id, key);
	l = map_get(&s->looks, slice_make(key, sizeof key));
	if (l != NULL) {
		file_close(&document);
		wait_for(l, p, fn, arg);
		return;
	}
	l = look_create(s, key, id, document, size);
	wait_for(l, p, fn, arg);
	if (!s->scanners || mail_now(s->role) < s->until_ms) {
		look_begin(l);
		return;
	}
	list_append(&s->asked, &l->node);
	if (!s->asking)
		ask_state(s);
}

void mail_scan(struct mail_http *p, const struct jmap_blob *blob, mail_scan_fn *fn, void *arg)
{
	if (looks(p->account->role->scans))
		scan(p, blob->id, -1, 0, fn, arg);
	else
		fn(arg, MAIL_SCAN_GO);
}

void mail_scan_document(struct mail_http *p, struct slice id, int document, uint64_t size, mail_scan_fn *fn, void *arg)
{
	int own = -1;

	if (!looks(p->account->role->scans))
		fn(arg, MAIL_SCAN_GO);
	else if ((own = fcntl(document, F_DUPFD_CLOEXEC, 0)) < 0)
		fn(arg, MAIL_SCAN_BUSY);
	else
		scan(p, id, own, size, fn, arg);
}

/* ---- for the engine ---- */

struct looking {
	struct mail_http *person;
	struct jmap_call *call;
	int *ret;
};

static void resume(void *arg)
{
	struct looking *l = arg;

	jmap_call_resume(l->call);
	mail_http_let(l->person);
	memory_free(l);
}

static void on_looked(void *arg, enum mail_scan_verdict verdict)
{
	struct looking *l = arg;

	*l->ret = verdict == MAIL_SCAN_GO ? 0 : verdict == MAIL_SCAN_MALWARE ? ERR_DENIED : ERR_TEMPORARY;
	loop_defer(l->person->account->role->ctx->loop, resume, l);
}

static void host_look(void *arg, struct jmap_call *call, const struct jmap_blob *blob, int *ret)
{
	struct looking *l = memory_alloc(sizeof *l);

	*l = (struct looking){arg, call, ret};
	mail_http_keep(l->person);
	mail_scan(l->person, blob, on_looked, l);
}

void mail_scan_host(struct jmap_host *host)
{
	host->blob_look = host_look;
}

void mail_scan_setup(struct mail_role *m)
{
	const struct config *config = m->ctx->config;
	struct mail_scans *s = memory_alloc(sizeof *s);

	m->scans = s;
	s->role = m;
	s->scanners = config->malware_clamd.n > 0 || config->malware_icap.n > 0;
	s->hashes = (struct filter_list){config->malware_hashes.items, config->malware_hashes.count};
	s->rules = scan_rules_default();
	for (size_t i = 0; i < config->malware_actions.count; i++)
		(void)scan_rules_set(&s->rules, config->malware_actions.items[i], NULL); /* filter tells what is malformed */
	list_init(&s->asked);
	list_init(&s->waiting);
	list_init(&s->order);
}
