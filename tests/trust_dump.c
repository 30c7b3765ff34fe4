/*
 * Runs the checks of src/trust on a message file with keys from a file of lines "name text": trust_dump dkim|arc MESSAGE KEYS NOW, or
 * trust_dump seal MESSAGE KEYS NOW PEM DOMAIN SELECTOR AUTHSERV-ID HEADERS. For tests/trust_vectors.py.
 */
#include <stdio.h>
#include <string.h>

#include "sys/file.h"
#include "trust/arc.h"
#include "trust/dkim.h"

#define FILE_MAX (16u << 20)

static struct arena arena;

static struct slice read_file(const char *path)
{
	struct buf data = BUF_INIT(FILE_MAX);
	if (file_read(path, &data, NULL) < 0) {
		fprintf(stderr, "%s: cannot be read\n", path);
		return SLICE_NONE;
	}
	struct slice copy = arena_dup(&arena, buf_slice(&data));
	buf_free(&data);
	return copy;
}

/* A TXT record of one answer: strings of 255 bytes. */
static void put_record(struct buf *records, struct slice text)
{
	struct buf rdata = BUF_INIT(65536);
	do {
		struct slice piece = slice_sub(text, 0, 255);
		buf_put_u8(&rdata, (uint8_t)piece.n);
		buf_append(&rdata, piece);
		text = slice_from(text, piece.n);
	} while (text.n > 0);
	buf_put_bytes(records, buf_slice(&rdata));
	buf_free(&rdata);
}

static struct dns_answer look_up(struct slice keys, struct slice name)
{
	struct dns_answer answer = {.status = DNS_NXDOMAIN};
	struct buf records = BUF_INIT(65536);
	struct slice line;
	while (slice_split(&keys, '\n', &line)) {
		ptrdiff_t space = slice_find(line, ' ');
		if (space < 0 || !slice_eq_nocase(slice_sub(line, 0, (size_t)space), name))
			continue;
		put_record(&records, slice_trim(slice_from(line, (size_t)space + 1)));
		answer.status = DNS_FOUND;
	}
	answer.records = arena_dup(&arena, buf_slice(&records));
	buf_free(&records);
	return answer;
}

static void answer_all(struct facts *f, struct slice keys)
{
	struct dns_question *wanted = f->wanted;
	for (size_t i = 0, n = facts_wanted(f); i < n; i++) {
		struct dns_answer a = look_up(keys, wanted[i].name);
		facts_answer(f, wanted[i].name, wanted[i].type, &a);
	}
	facts_rerun(f);
}

static void run_arc(struct facts *f, struct trust_message *m, struct slice keys, struct arc_report *r)
{
	while (arc_verify(f, m, r), r->waiting)
		answer_all(f, keys);
}

static void print_dkim(struct facts *f, struct trust_message *m, struct slice keys)
{
	struct dkim_report r;
	while (dkim_verify(f, m, NULL, &r), r.waiting)
		answer_all(f, keys);
	for (size_t i = 0; i < r.count; i++) {
		const struct dkim_signature *s = &r.signatures[i];
		printf("%s\t%.*s\t%.*s\t%.*s\t%u\t%s\n", dkim_result_name(s->result), SLICE_ARG(s->domain), SLICE_ARG(s->selector),
		       SLICE_ARG(s->algorithm), s->bits, s->reason);
	}
}

static int sign(void *arg, const struct dkim_signer *signer, const uint8_t digest[MAIL_DIGEST_SIZE], struct buf *out, struct error *err)
{
	return mail_key_sign(arg, digest, out, err);
}

static int print_seal(struct facts *f, struct trust_message *m, const struct arc_report *chain, char **argv)
{
	struct mail_key *key = NULL;
	struct buf out = BUF_INIT(65536), results = BUF_INIT(ARC_RESULTS_MAX);
	struct error err = {0};
	int rc = mail_key_load(read_file(argv[0]), &key, &err);
	struct arc_sealing how = {.now_s = f->now_s, .authserv_id = slice_str(argv[3]), .headers = slice_str(argv[4])};
	arc_collect_results(m, how.authserv_id, &results);
	how.results = buf_slice(&results);
	how.signer = (struct dkim_signer){.domain = slice_str(argv[1]), .selector = slice_str(argv[2]), .sign = sign, .arg = key};
	if (rc == 0) {
		how.signer.algorithm = mail_key_algorithm(key);
		rc = arc_seal(chain, m, &how, &out, &err);
	}
	if (rc == 0)
		(void)fwrite(buf_slice(&out).p, 1, buf_len(&out), stdout);
	else
		fprintf(stderr, "%s\n", err.private_text);
	mail_key_free(&key);
	buf_free(&out);
	buf_free(&results);
	return rc == 0 || rc == ERR_EXISTS ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct facts f;
	struct trust_message m;
	struct arc_report r;
	uint64_t now = 0;
	if (argc < 5 || slice_to_u64(slice_str(argv[4]), &now) < 0)
		return 2;
	struct slice keys = read_file(argv[3]);
	int rc = 0;
	facts_init(&f, &arena, (int64_t)now);
	message_init(&m, read_file(argv[2]), &arena);
	if (strcmp(argv[1], "dkim") == 0) {
		print_dkim(&f, &m, keys);
	} else {
		run_arc(&f, &m, keys, &r);
		if (strcmp(argv[1], "arc") == 0)
			printf("%s\t%u\t%u\t%s\n", arc_result_name(r.result), r.count, r.oldest_pass, r.reason);
		else if (argc == 10)
			rc = print_seal(&f, &m, &r, argv + 5);
	}
	facts_free(&f);
	arena_free(&arena);
	return rc;
}
