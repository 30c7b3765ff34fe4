/* What a mail program asks first: the newest 50 of a large mailbox, and what it needs of each to list it. `jmap [messages]`, own CPU time. */
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
	bench(j, "query 50 oldest", 5, QUERY("'filter':" IN ",'limit':50,'sort':[{'property':'receivedAt'}]"), inbox);
	bench(j, "query 50 by sender", 2, QUERY("'filter':" IN ",'limit':50,'sort':[{'property':'from'}]"), inbox);
	bench(j, "query 50 with attachments", 2, QUERY("'filter':{'inMailbox':'$','hasAttachment':true},'limit':50"), inbox);
	bench(j, "query text: rare", 3, QUERY("'filter':{'inMailbox':'$','text':'x12345'},'limit':50"), inbox);
	bench(j, "query from: one of 50 senders", 2, QUERY("'filter':{'inMailbox':'$','from':'s17@example.org'},'limit':50"), inbox);
}

int main(int argc, char **argv)
{
	size_t messages = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
	struct rig *r = calloc(1, sizeof *r);
	struct jmap_host host = {.address = SLICE("a@example.org"), .username = SLICE("a@example.org"), .upload_max = 1 << 20, .now = now};
	struct mailbox_ref ref;
	struct jmap *j;
	struct error err;
	bool more = true;
	char inbox[40] = "F";

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
	ref = rig_mailbox(r, "INBOX");
	for (int i = 0; i < 16; i++)
		snprintf(inbox + 1 + i * 2, 3, "%02x", ref.id[i]);
	host.mail = r->mailboxes;
	j = jmap_create(&host);
	bench_all(r, j, inbox);
	jmap_destroy(&j);
	rig_stop(r);
	free(r);
	return 0;
}
