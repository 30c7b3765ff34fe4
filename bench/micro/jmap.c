/* What a mail program asks first: the newest 50 of a large mailbox, and what it needs of each to list it. Then what writing costs. `jmap [messages]`, own CPU time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "crypt/crypt.h"
#include "jmap/jmap.h"
#include "mime/text.h"
#include "store/test_rig.h"

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double longest_step; /* between two turns of the loop, which waits for it */

static void ready(void *owner)
{
}

static int64_t now(void *arg)
{
	return 1700000000;
}

static void ask(struct jmap *j, const char *calls, struct buf *out)
{
	static const struct jmap_request_events events = {.ready = ready};
	struct jmap_request *request = jmap_request_create(j, &events, NULL);
	struct jmap_problem problem;
	struct buf body = BUF_INIT(1 << 20);
	enum jmap_progress progress;
	double start;

	buf_printf(&body, "{\"using\":[\"urn:ietf:params:jmap:core\",\"urn:ietf:params:jmap:mail\"],\"methodCalls\":[%s]}", calls);
	buf_clear(out);
	if (jmap_request_start(request, buf_slice(&body), &problem) < 0)
		abort();
	do {
		start = cpu_ms();
		progress = jmap_request_run(request, out);
		longest_step = cpu_ms() - start > longest_step ? cpu_ms() - start : longest_step;
	} while (progress == JMAP_RUN_AGAIN);
	jmap_request_leave(&request);
	buf_free(&body);
}

static void bench(struct jmap *j, const char *what, unsigned times, const char *format, const char *mailbox)
{
	struct slice account = jmap_account_name(j);
	struct buf calls = BUF_INIT(1 << 16), out = BUF_INIT(SIZE_MAX / 4);
	double best = 1e9, start;

	longest_step = 0;
	for (; *format != 0; format++) {
		if (*format == '^')
			buf_append(&calls, account);
		else if (*format == '$')
			buf_append_str(&calls, mailbox);
		else
			buf_append_byte(&calls, *format == '\'' ? '"' : (uint8_t)*format);
	}
	buf_append_byte(&calls, 0);
	for (unsigned i = 0; i < times; i++) {
		start = cpu_ms();
		ask(j, (const char *)buf_slice(&calls).p, &out);
		best = cpu_ms() - start < best ? cpu_ms() - start : best;
	}
	printf("%-60s %9.2f ms, longest step %7.2f ms, %8zu bytes\n", what, best, longest_step, buf_len(&out));
	if (slice_search(buf_slice(&out), SLICE("[\"error\"")) >= 0)
		printf("%.*s\n", SLICE_ARG(slice_sub(buf_slice(&out), 0, 300)));
	buf_free(&calls);
	buf_free(&out);
}

#define IN "{'inMailbox':'$'}"
#define QUERY(args) "['Email/query',{'accountId':'^'," args "},'q']"
#define FOUND "'#ids':{'resultOf':'q','name':'Email/query','path':'/ids'}"
#define LISTED "'properties':['threadId','mailboxIds','keywords','from','to','subject','receivedAt','size','hasAttachment','preview']"

static void bench_all(struct rig *r, struct jmap *j, const char *inbox)
{
	bench(j, "Mailbox/get, first", 1, "['Mailbox/get',{'accountId':'^'},'m']", inbox);
	bench(j, "Mailbox/get, again", 5, "['Mailbox/get',{'accountId':'^'},'m']", inbox);
	rig_deliver_many(r, 20);
	rig_file(r);
	bench(j, "Mailbox/get, after 20 letters more", 1, "['Mailbox/get',{'accountId':'^'},'m']", inbox);
	bench(j, "query 50 newest", 20, QUERY("'filter':" IN ",'limit':50"), inbox);
	bench(j, "query 50 newest and get what a list shows", 20,
	      QUERY("'filter':" IN ",'limit':50") ",['Email/get',{'accountId':'^'," FOUND "," LISTED "},'g']", inbox);
	bench(j, "the same, threads collapsed, with total", 20,
	      QUERY("'filter':" IN ",'limit':50,'collapseThreads':true,'calculateTotal':true") ",['Email/get',{'accountId':'^'," FOUND "," LISTED "},'g']",
	      inbox);
	bench(j, "query 50 newest and get all default properties", 20,
	      QUERY("'filter':" IN ",'limit':50") ",['Email/get',{'accountId':'^'," FOUND "},'g']", inbox);
	bench(j, "query 50 newest and get them with text", 20,
	      QUERY("'filter':" IN ",'limit':50") ",['Email/get',{'accountId':'^'," FOUND ",'fetchTextBodyValues':true},'g']", inbox);
	bench(j, "query 50 at position 50,000", 5, QUERY("'filter':" IN ",'position':50000,'limit':50"), inbox);
	bench(j, "query 50 of all mailboxes", 20, QUERY("'limit':50"), inbox);
	bench(j, "query 50 unread", 5, QUERY("'filter':{'inMailbox':'$','notKeyword':'$seen'},'limit':50"), inbox);
	bench(j, "query 50 with a keyword that nothing has", 5, QUERY("'filter':{'hasKeyword':'$scheduled'},'limit':50"), inbox);
	bench(j, "query 50 oldest", 5, QUERY("'filter':" IN ",'limit':50,'sort':[{'property':'receivedAt'}]"), inbox);
	bench(j, "query 50 by sender", 2, QUERY("'filter':" IN ",'limit':50,'sort':[{'property':'from'}]"), inbox);
	bench(j, "query 50 with attachments", 2, QUERY("'filter':{'inMailbox':'$','hasAttachment':true},'limit':50"), inbox);
	bench(j, "query text: rare", 3, QUERY("'filter':{'inMailbox':'$','text':'x12345'},'limit':50"), inbox);
	bench(j, "query from: one of 50 senders", 2, QUERY("'filter':{'inMailbox':'$','from':'s17@example.org'},'limit':50"), inbox);
}

/* ---- writing ---- */

#define WRITTEN 500

static double wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Ids of the newest, from an answer of Email/query. */
static size_t newest(struct jmap *j, const char *inbox, char (*ids)[40])
{
	struct buf calls = BUF_INIT(4096), out = BUF_INIT(SIZE_MAX / 4);
	struct slice rest;
	size_t n = 0;
	ptrdiff_t at;

	buf_printf(&calls, "[\"Email/query\",{\"accountId\":\"%.*s\",\"filter\":{\"inMailbox\":\"%s\"},\"limit\":%d},\"q\"]",
	           SLICE_ARG(jmap_account_name(j)), inbox, WRITTEN);
	buf_append_byte(&calls, 0);
	ask(j, (const char *)buf_slice(&calls).p, &out);
	rest = buf_slice(&out);
	rest = slice_from(rest, (size_t)slice_search(rest, SLICE("\"ids\"")));
	for (; n < WRITTEN && (at = slice_search(rest, SLICE("\"M"))) >= 0; n++) {
		rest = slice_from(rest, (size_t)at + 1);
		snprintf(ids[n], sizeof ids[n], "%.33s", (const char *)rest.p);
	}
	buf_free(&calls);
	buf_free(&out);
	return n;
}

/* One Email/set that says `change` of each (NULL: destroys them). */
static void write_all(struct jmap *j, const char *what, char (*ids)[40], size_t count, const char *change)
{
	struct buf calls = BUF_INIT(1 << 20), out = BUF_INIT(SIZE_MAX / 4);
	double cpu, wall;

	buf_printf(&calls, "[\"Email/set\",{\"accountId\":\"%.*s\",\"%s\":%c", SLICE_ARG(jmap_account_name(j)), change == NULL ? "destroy" : "update",
	           change == NULL ? '[' : '{');
	for (size_t i = 0; i < count; i++)
		buf_printf(&calls, change == NULL ? "%s\"%s\"" : "%s\"%s\":%s", i == 0 ? "" : ",", ids[i], change);
	buf_printf(&calls, "%c},\"s\"]", change == NULL ? ']' : '}');
	buf_append_byte(&calls, 0);
	longest_step = 0;
	cpu = cpu_ms();
	wall = wall_ms();
	ask(j, (const char *)buf_slice(&calls).p, &out);
	printf("%-60s %9.2f ms, longest step %7.2f ms, wall %9.2f ms\n", what, cpu_ms() - cpu, longest_step, wall_ms() - wall);
	if (slice_search(buf_slice(&out), SLICE("Error")) >= 0 || slice_search(buf_slice(&out), SLICE("\"type\"")) >= 0)
		printf("%.*s\n", SLICE_ARG(slice_sub(buf_slice(&out), 0, 300)));
	buf_free(&calls);
	buf_free(&out);
}

static void mailbox_id(struct rig *r, const char *name, char ret[40])
{
	struct mailbox_ref ref = rig_mailbox(r, name);

	ret[0] = 'F';
	for (int i = 0; i < 16; i++)
		snprintf(ret + 1 + i * 2, 3, "%02x", ref.id[i]);
}

static void bench_writing(struct rig *r, struct jmap *j, const char *inbox)
{
	char (*ids)[40] = calloc(WRITTEN, sizeof *ids), archive[40], change[256];
	size_t n = newest(j, inbox, ids);

	mailbox_id(r, "Archive", archive);
	write_all(j, "Email/set: one is read", ids + 1, 1, "{\"keywords/$seen\":true}");
	write_all(j, "Email/set: 500 are read", ids, n, "{\"keywords/$seen\":true}");
	snprintf(change, sizeof change, "{\"mailboxIds\":{\"%s\":true}}", archive);
	write_all(j, "Email/set: 500 move", ids, n, change);
	write_all(j, "Email/set: 500 are destroyed", ids, n, NULL);
	free(ids);
}

int main(int argc, char **argv)
{
	size_t messages = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
	struct rig *r = calloc(1, sizeof *r);
	struct jmap_host host = {.address = SLICE("a@example.org"), .username = SLICE("a@example.org"), .upload_max = 1 << 20, .now = now};
	struct jmap *j;
	struct error err;
	bool more = true;
	char inbox[40];

	crypt_init();
	mime_warm();
	rig_start(r);
	for (size_t i = 0; i < messages; i += 1000) { /* so that they differ in age */
		rig_deliver_many(r, messages - i < 1000 ? messages - i : 1000);
		r->now += 1000;
		rig_file(r);
	}
	while (more)
		store_account_index(r->account, 100, &more, &err);
	mailbox_id(r, "INBOX", inbox);
	host.mail = r->mailboxes;
	j = jmap_create(&host);
	bench_all(r, j, inbox);
	bench_writing(r, j, inbox);
	jmap_destroy(&j);
	rig_stop(r);
	free(r);
	return 0;
}
