/*
 * letterlock-verify: checks exports and proofs of the audit log without the server, and is the other host that co-signs its heads.
 * It trusts nothing but what stands on its command line.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audit/export.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/ensure.h"
#include "crypt/crypt.h"
#include "crypt/ed25519.h"
#include "crypt/hash.h"
#include "crypt/timestamp.h"
#include "sys/file.h"

#define SMALL_MAX (1u << 20)
#define EXIT_DAMAGED 1
#define EXIT_USAGE 2

struct options {
	struct arena arena;
	struct audit_trust trust;
	struct slice tsa_ca;
	const char *file, *key_file, *state_file, *name;
	bool quiet;
};

static void say_error(const char *text)
{
	fprintf(stderr, "letterlock-verify: %s\n", text);
}

static int usage(void)
{
	fputs("letterlock-verify [--key KEY] [--head FILE]… [--witness KEY]… [--tsa-ca FILE] [--quiet] FILE\n"
	      "  checks an export or a proof of the audit log (FILE - is standard input); exit code 0: nothing was changed, removed or moved\n"
	      "  KEY: verifier key as \"letterlock audit status\" prints it; --head: a head that was kept elsewhere; --witness: who must have co-signed\n"
	      "letterlock-verify keygen --name NAME --key-file FILE\n"
	      "  makes a key for co-signing and prints its verifier key, for audit.cosigners\n"
	      "letterlock-verify cosign --key KEY --name NAME --key-file FILE --state FILE\n"
	      "  reads what \"letterlock audit cosign-request\" printed, co-signs the head when it continues the one of FILE, prints the signature line\n",
		stderr);
	return EXIT_USAGE;
}

static bool read_small(const char *path, struct arena *arena, struct slice *ret)
{
	struct buf b = BUF_INIT(SMALL_MAX);
	struct error err = {0};
	bool ok = file_read(path, &b, &err) == 0;
	if (ok)
		*ret = arena_dup(arena, buf_slice(&b));
	else
		say_error(err.private_text);
	buf_free(&b);
	return ok;
}

/* ---- the check ---- */

static void print_date(int64_t seconds)
{
	struct calendar c = calendar_from_unix(seconds);
	printf("%04d-%02d-%02dT%02d:%02d:%02dZ\n", c.year, c.month, c.day, c.hour, c.minute, c.second);
}

static int check_stamp(const struct options *o, const struct audit_report *r, int64_t *ret_time, struct error *err)
{
	struct audit_note n;
	uint8_t digest[HASH_SIZE];
	if (audit_note_parse(r->head_note, &n) < 0)
		return error_set(err, ERR_DAMAGED, "the head is malformed");
	hash_sha256(n.body, digest);
	return timestamp_check(r->stamp, digest, o->tsa_ca, ret_time, err);
}

static void print_report(const struct options *o, const struct audit_report *r, int64_t stamp_time)
{
	if (o->quiet)
		return;
	printf("good: %.*s, records %llu to %llu of %llu", SLICE_ARG(r->head.origin), (unsigned long long)r->first,
		(unsigned long long)(r->end > r->first ? r->end - 1 : r->end), (unsigned long long)r->head.size);
	if (r->retired > 0)
		printf(", %llu of them retired (only their hashes are there)", (unsigned long long)r->retired);
	if (r->anonymised)
		printf("\nanonymised: redacted records %llu, content not provable; their number, order and hashes are",
			(unsigned long long)r->redacted);
	printf("\nhead signed at ");
	print_date(r->head.time);
	printf("key %.*s%s\n", SLICE_ARG(r->key), o->trust.key.n > 0 ? "" : " (as the file says: compare it, or give --key)");
	printf("co-signatures %zu, older heads proven %zu\n", r->cosigned, r->old_heads);
	if (r->stamp.n > 0) {
		printf("time stamp%s ", o->tsa_ca.n > 0 ? ", verified," : " (signature not verified: no --tsa-ca)");
		print_date(stamp_time);
	}
}

/* Line by line: an export may be larger than memory. */
static int check_stream(struct audit_check *c, FILE *f, struct error *err)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int rc = 0;
	while (rc == 0 && (n = getline(&line, &room, f)) > 0) {
		if (line[n - 1] != '\n')
			rc = error_set(err, ERR_DAMAGED, "the last line has no end");
		else
			rc = audit_check_line(c, slice_make(line, (size_t)n - 1), err);
	}
	if (rc == 0 && ferror(f))
		rc = error_set(err, ERR_IO, "the file cannot be read");
	free(line);
	return rc;
}

static int run_check(struct options *o)
{
	FILE *f = strcmp(o->file, "-") == 0 ? stdin : fopen(o->file, "re");
	struct audit_check *c;
	struct audit_report report;
	struct error err = {0};
	int64_t stamp_time = 0;
	if (f == NULL) {
		say_error(strerror(errno));
		return EXIT_USAGE;
	}
	c = audit_check_create(&o->trust);
	int rc = check_stream(c, f, &err);
	if (rc == 0)
		rc = audit_check_end(c, &report, &err);
	if (rc == 0 && report.stamp.n > 0)
		rc = check_stamp(o, &report, &stamp_time, &err);
	if (rc == 0)
		print_report(o, &report, stamp_time);
	else
		say_error(err.private_text);
	audit_check_free(&c);
	if (f != stdin)
		fclose(f);
	return rc == 0 ? 0 : EXIT_DAMAGED;
}

/* ---- co-signing ---- */

static bool load_seed(const struct options *o, uint8_t seed[ED25519_SEED_SIZE], struct audit_key *key)
{
	struct buf b = BUF_INIT(ED25519_SEED_SIZE);
	struct error err = {0};
	bool ok = file_read(o->key_file, &b, &err) == 0 && buf_len(&b) == ED25519_SEED_SIZE;
	if (ok) {
		memcpy(seed, buf_slice(&b).p, ED25519_SEED_SIZE);
		*key = (struct audit_key){.name = slice_str(o->name), .kind = AUDIT_KEY_WITNESS};
		ed25519_public(seed, key->public_key);
	} else {
		say_error("the key file cannot be read");
	}
	buf_free_secret(&b);
	return ok;
}

static int run_keygen(struct options *o)
{
	uint8_t seed[ED25519_SEED_SIZE];
	struct audit_key key;
	struct error err = {0};
	struct buf text = BUF_INIT(AUDIT_KEY_TEXT_MAX);
	if (o->name == NULL || o->key_file == NULL || !audit_name_valid(slice_str(o->name)))
		return usage();
	random_bytes(seed, sizeof seed);
	int rc = file_create(o->key_file, slice_make(seed, sizeof seed), 0600, &err);
	secret_wipe(seed, sizeof seed);
	if (rc < 0 || !load_seed(o, seed, &key)) {
		say_error(err.private_text);
		return EXIT_DAMAGED;
	}
	audit_key_print(&key, &text);
	printf("%.*s\n", SLICE_ARG(buf_slice(&text)));
	secret_wipe(seed, sizeof seed);
	buf_free(&text);
	return 0;
}

/* C2SP tlog-witness: "old N", hashes, an empty line, the head. */
struct request {
	uint64_t old;
	struct audit_proof proof;
	struct slice note;
	struct audit_head head;
};

static bool take_hash(struct slice line, struct audit_proof *proof)
{
	struct buf b = BUF_INIT(AUDIT_HASH_SIZE);
	bool ok = proof->count < AUDIT_PROOF_MAX && base64_decode_strict(line, &b) == 0 && buf_len(&b) == AUDIT_HASH_SIZE;
	if (ok)
		memcpy(proof->hashes[proof->count++].b, buf_slice(&b).p, AUDIT_HASH_SIZE);
	buf_free(&b);
	return ok;
}

static bool parse_request(struct slice text, const struct audit_key *log, struct request *r, struct error *err)
{
	struct slice line;
	size_t cosigned;
	r->proof.count = 0;
	if (!slice_split(&text, '\n', &line) || !slice_starts(line, SLICE("old ")) || slice_to_u64(slice_from(line, 4), &r->old) < 0)
		return false;
	while (slice_split(&text, '\n', &line) && line.n > 0)
		if (!take_hash(line, &r->proof))
			return false;
	r->note = text;
	return audit_check_note(text, log, NULL, 0, &r->head, &cosigned, err) == 0;
}

/* The state is the body of the head that was co-signed last. */
static bool load_state(const char *path, struct buf *room, struct audit_head *ret)
{
	struct error err = {0};
	int rc = file_read(path, room, &err);
	*ret = (struct audit_head){0};
	if (rc == ERR_NOT_FOUND)
		return true;
	return rc == 0 && audit_head_parse(buf_slice(room), ret) == 0;
}

static bool may_follow(const struct audit_head *last, const struct request *r)
{
	if (last->size == 0)
		return true;
	return r->old == last->size && audit_verify_consistency(last->size, &last->root, r->head.size, &r->head.root, &r->proof);
}

static int cosign(const struct options *o, const struct request *r, const struct audit_head *last)
{
	uint8_t seed[ED25519_SEED_SIZE];
	struct audit_key key;
	struct audit_note n;
	struct error err = {0};
	struct buf out = BUF_INIT(AUDIT_NOTE_MAX);
	if (!may_follow(last, r)) {
		fprintf(stderr, "letterlock-verify: refused: the head does not continue the one of %llu records that was co-signed last%s\n",
			(unsigned long long)last->size, r->old != last->size ? " (ask for that size)" : ": THE LOG WAS REWRITTEN");
		return EXIT_DAMAGED;
	}
	if (audit_note_parse(r->note, &n) < 0 || !load_seed(o, seed, &key))
		return EXIT_USAGE;
	/* Remembered before it is said: two heads of one size are never co-signed. */
	if (file_write_atomic(o->state_file, n.body, 0600, &err) < 0) {
		say_error(err.private_text);
		return EXIT_DAMAGED;
	}
	audit_note_sign(n.body, &key, seed, (int64_t)time(NULL), &out);
	secret_wipe(seed, sizeof seed);
	bool whole = fwrite(buf_slice(&out).p, 1, buf_len(&out), stdout) == buf_len(&out) && fflush(stdout) == 0;
	buf_free(&out);
	if (!whole)
		say_error("the co-signed head could not be written");
	return whole ? 0 : EXIT_DAMAGED;
}

static int run_cosign(struct options *o)
{
	struct buf input = BUF_INIT(SMALL_MAX), state = BUF_INIT(SMALL_MAX);
	struct audit_key log;
	struct audit_head last;
	struct request request;
	struct error err = {0};
	int code = EXIT_USAGE;
	uint8_t room[4096];
	size_t n;
	if (o->name == NULL || o->key_file == NULL || o->state_file == NULL || !audit_name_valid(slice_str(o->name))
	    || audit_key_parse(o->trust.key, &log) < 0 || log.kind != AUDIT_KEY_LOG)
		return usage();
	while ((n = fread(room, 1, sizeof room, stdin)) > 0)
		buf_append_bytes(&input, room, n);
	if (!load_state(o->state_file, &state, &last)) {
		say_error("the state file is damaged: look for the head that was co-signed last before you remove it");
	} else if (input.failed || !parse_request(buf_slice(&input), &log, &request, &err)) {
		say_error(err.private_text[0] != 0 ? err.private_text : "this is no request of letterlock audit cosign-request");
		code = EXIT_DAMAGED;
	} else {
		code = cosign(o, &request, &last);
	}
	buf_free(&input);
	buf_free(&state);
	return code;
}

/* ---- arguments ---- */

static bool take_option(struct options *o, const char *name, const char *value)
{
	struct audit_trust *t = &o->trust;
	const struct { const char *name; const char **place; } texts[] = {
		{"--key-file", &o->key_file}, {"--state", &o->state_file}, {"--name", &o->name},
	};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (strcmp(name, texts[i].name) == 0) {
			*texts[i].place = value;
			return true;
		}
	if (strcmp(name, "--key") == 0)
		t->key = slice_str(value);
	else if (strcmp(name, "--witness") == 0 && t->witness_count < AUDIT_WITNESSES_MAX)
		t->witnesses[t->witness_count++] = slice_str(value);
	else if (strcmp(name, "--head") == 0 && t->head_count < AUDIT_OLD_HEADS_MAX)
		return read_small(value, &o->arena, &t->heads[t->head_count++]);
	else if (strcmp(name, "--tsa-ca") == 0)
		return read_small(value, &o->arena, &o->tsa_ca);
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	static struct options o;
	const char *verb = "check";
	crypt_init();
	int i = 1;
	if (argc > 1 && (strcmp(argv[1], "keygen") == 0 || strcmp(argv[1], "cosign") == 0))
		verb = argv[i++];
	for (; i < argc; i++) {
		if (strcmp(argv[i], "--quiet") == 0)
			o.quiet = true;
		else if (argv[i][0] == '-' && argv[i][1] == '-' && i + 1 < argc && take_option(&o, argv[i], argv[i + 1]))
			i++;
		else if (o.file == NULL && (argv[i][0] != '-' || argv[i][1] == 0))
			o.file = argv[i];
		else
			return usage();
	}
	if (strcmp(verb, "keygen") == 0)
		return run_keygen(&o);
	if (strcmp(verb, "cosign") == 0)
		return run_cosign(&o);
	return o.file != NULL ? run_check(&o) : usage();
}
