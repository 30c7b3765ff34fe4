/*
 * Scenarios: files in scenarios/ tell what clients send and what they must get, over one RAM account.
 *
 *   # comment
 *   deliver INBOX        a message follows, lines behind "| ", ended by "."
 *   prefix TEXT          header line in front of messages that are delivered from now on
 *   quota N / forget / fail N / time SECONDS    quota limit; vanished is forgotten; the next sink answers -N; the clock moves on
 *   1> TEXT              client 1 sends TEXT and CRLF; \r \n \\ \xNN are escapes
 *   1>> TEXT             the same without CRLF
 *   1< TEXT              the next line that client 1 got is TEXT; {*} in it stands for anything
 *   1~ TEXT              a line TEXT follows, others before it are passed over
 *   1- / 1x              whatever is left is passed over / the session was closed by the server
 *   close 1              the client's connection ends
 * Before a client sends, all that it got must have been looked at.
 *
 * With SCENARIO_RECORD set the expectations of the files are passed over and the script is printed with what really came, for writing
 * new ones: read it before you keep it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "imap/harness.h"

static bool wild(struct slice pattern, struct slice text)
{
	ptrdiff_t star = slice_search(pattern, SLICE("{*}"));

	if (star < 0)
		return slice_eq(pattern, text);
	if (!slice_eq(slice_sub(pattern, 0, (size_t)star), slice_sub(text, 0, (size_t)star)))
		return false;
	pattern = slice_from(pattern, (size_t)star + 3);
	for (size_t i = (size_t)star; i <= text.n; i++) {
		if (wild(pattern, slice_from(text, i)))
			return true;
	}
	return false;
}

static void unescape(struct slice s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '\\' || i + 1 == s.n) {
			buf_append_byte(out, s.p[i]);
			continue;
		}
		uint8_t c = s.p[++i];
		if (c == 'x' && i + 2 < s.n && hex_decode(slice_sub(s, i + 1, i + 3), out) == 0)
			i += 2;
		else
			buf_append_byte(out, c == 'r' ? '\r' : c == 'n' ? '\n' : c);
	}
}

struct scenario {
	struct harness harness;
	const char *name;
	unsigned line;
	struct slice rest;    /* of the script */
	unsigned failures;
};

static bool take_output(struct harness_client *c, struct slice *ret)
{
	struct slice have = buf_slice(&c->out);
	ptrdiff_t lf = slice_find(have, '\n');

	if (lf < 0)
		return false;
	*ret = slice_sub(have, 0, (size_t)lf - (lf > 0 && have.p[lf - 1] == '\r'));
	c->out.start += (size_t)lf + 1; /* the text stays valid until the next command */
	return true;
}

static void complain(struct scenario *sc, const char *what, struct slice expected, struct slice got)
{
	sc->failures++;
	expected = expected.p != NULL ? expected : SLICE("");
	got = got.p != NULL ? got : SLICE("");
	printf("# %s:%u: %s\n#   expected: %.*s\n#   got:      %.*s\n", sc->name, sc->line, what, SLICE_ARG(expected), SLICE_ARG(got));
}

static void expect(struct scenario *sc, unsigned client, struct slice pattern, bool skip)
{
	struct slice got = SLICE_NONE;

	while (take_output(harness_client(&sc->harness, client), &got)) {
		if (wild(pattern, got))
			return;
		if (!skip)
			break;
	}
	complain(sc, skip ? "line does not come" : "wrong line", pattern, got);
}

static void send_text(struct scenario *sc, unsigned client, struct slice text, bool line)
{
	struct harness_client *c = harness_client(&sc->harness, client);
	struct buf bytes = BUF_INIT(1u << 24);

	if (buf_len(&c->out) > 0)
		complain(sc, "output that nobody expected", SLICE_NONE, buf_slice(&c->out));
	buf_clear(&c->out);
	unescape(text, &bytes);
	if (line)
		buf_append_str(&bytes, "\r\n");
	harness_send(&sc->harness, client, buf_slice(&bytes));
	buf_free(&bytes);
}

static bool next_line(struct scenario *sc, struct slice *ret)
{
	sc->line++;
	return slice_split(&sc->rest, '\n', ret);
}

static void deliver(struct scenario *sc, struct slice mailbox)
{
	struct buf message = BUF_INIT(1u << 24);
	struct slice line;

	while (next_line(sc, &line) && !slice_eq(line, SLICE("."))) {
		if (getenv("SCENARIO_RECORD") != NULL)
			printf("%.*s\n", SLICE_ARG(line));
		unescape(slice_from(line, 2), &message);
		buf_append_str(&message, "\r\n");
	}
	if (getenv("SCENARIO_RECORD") != NULL)
		printf(".\n");
	if (ram_account_deliver(sc->harness.account, mailbox, buf_slice(&message), moment_unix(sc->harness.now)) < 0)
		complain(sc, "no such mailbox", mailbox, SLICE_NONE);
	harness_settle(&sc->harness);
	buf_free(&message);
}

static void direct(struct scenario *sc, struct slice line)
{
	struct slice word;
	uint64_t number = 0;
	struct buf text = BUF_INIT(1000);

	slice_split(&line, ' ', &word);
	slice_to_u64(line, &number);
	if (slice_eq(word, SLICE("deliver"))) {
		deliver(sc, line);
	} else if (slice_eq(word, SLICE("prefix"))) {
		unescape(line, &text);
		buf_append_str(&text, "\r\n");
		ram_account_set_prefix(sc->harness.account, buf_slice(&text));
	} else if (slice_eq(word, SLICE("quota"))) {
		ram_account_set_quota(sc->harness.account, number);
	} else if (slice_eq(word, SLICE("forget"))) {
		ram_account_forget_vanished(sc->harness.account);
	} else if (slice_eq(word, SLICE("fail"))) {
		sc->harness.fail_begin = -(int)number;
	} else if (slice_eq(word, SLICE("time"))) {
		sc->harness.now.wall_ms += (int64_t)number * 1000;
	} else if (slice_eq(word, SLICE("close"))) {
		harness_close(&sc->harness, (unsigned)number);
	} else {
		complain(sc, "unknown directive", word, line);
	}
	buf_free(&text);
}

static void client_line(struct scenario *sc, struct slice line)
{
	unsigned client = (unsigned)(line.p[0] - '0');
	uint8_t op = line.n > 1 ? line.p[1] : 0;
	bool twice = line.n > 2 && line.p[2] == '>';
	struct slice text = slice_from(line, twice ? 4 : 3);

	if (op == '>')
		send_text(sc, client, text, !twice);
	else if (op == '<' || op == '~')
		expect(sc, client, text, op == '~');
	else if (op == '-')
		buf_clear(&harness_client(&sc->harness, client)->out);
	else if (op == 'x' && !imap_session_closing(harness_client(&sc->harness, client)->session))
		complain(sc, "still open", SLICE_NONE, SLICE_NONE);
}

static void record(struct scenario *sc, struct slice line)
{
	struct slice got;

	if (ascii_is_digit(line.n > 0 ? line.p[0] : 0) && line.n > 1 && line.p[1] != '>')
		return;
	printf("%.*s\n", SLICE_ARG(line));
	if (line.n > 0 && ascii_is_digit(line.p[0]))
		client_line(sc, line);
	else if (line.n > 0 && line.p[0] != '#' && line.p[0] != '|' && line.p[0] != '.')
		direct(sc, line);
	for (unsigned i = 0; i < HARNESS_SESSIONS; i++) {
		while (sc->harness.clients[i].session != NULL && take_output(&sc->harness.clients[i], &got))
			printf("%u< %.*s\n", i, SLICE_ARG(got));
	}
}

static void play(struct scenario *sc, struct slice script)
{
	struct slice line;

	sc->rest = script;
	harness_begin(&sc->harness);
	while (next_line(sc, &line)) {
		if (getenv("SCENARIO_RECORD") != NULL) {
			record(sc, line);
			continue;
		}
		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (ascii_is_digit(line.p[0]))
			client_line(sc, line);
		else
			direct(sc, line);
	}
	for (unsigned i = 0; i < HARNESS_SESSIONS; i++) {
		if (buf_len(&sc->harness.clients[i].out) > 0)
			complain(sc, "output left at the end", SLICE_NONE, buf_slice(&sc->harness.clients[i].out));
	}
	harness_end(&sc->harness);
}

static void read_file(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "rb");
	char chunk[65536];
	size_t n;

	assert_non_null(f);
	while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
		buf_append_bytes(out, chunk, n);
	fclose(f);
}

static void test_scenario(void **state)
{
	const char *name = *state;
	char path[1000];
	struct scenario sc = {.name = name};
	struct buf script = BUF_INIT(1u << 24);

	snprintf(path, sizeof path, "%s/%s", SCENARIO_DIR, name);
	read_file(path, &script);
	play(&sc, buf_slice(&script));
	buf_free(&script);
	assert_int_equal(sc.failures, 0);
}

static int is_scenario(const struct dirent *entry)
{
	return slice_ends(slice_str(entry->d_name), SLICE(".txt"));
}

int main(int argc, char **argv)
{
	static struct CMUnitTest tests[200];
	struct dirent **entries;
	size_t count = 0;
	int failed, n = scandir(SCENARIO_DIR, &entries, is_scenario, alphasort);

	cmocka_set_message_output(CM_OUTPUT_TAP);
	for (int i = 0; i < n && count < 200; i++) {
		if (argc > 1 && strcmp(argv[1], entries[i]->d_name) != 0)
			continue;
		tests[count++] = (struct CMUnitTest){.name = entries[i]->d_name, .test_func = test_scenario, .initial_state = entries[i]->d_name};
	}
	failed = _cmocka_run_group_tests("scenarios", tests, count, NULL, NULL);
	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
	return failed;
}
