/* Signed heads of the audit log: made by key, kept in a file, co-signed and time-stamped by others. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/record.h"
#include "base/ensure.h"
#include "base/log.h"
#include "base/memory.h"
#include "crypt/ed25519.h"
#include "crypt/hash.h"
#include "crypt/timestamp.h"
#include "role/audit.h"
#include "sys/file.h"

#define HEADS_NAME "heads"
#define COSIGNED_NAME "cosigned"
#define STAMP_PREFIX "stamp-"
#define TAIL_BYTES 262144 /* of a file of heads that are read at start */

struct audit_head_wait {
	struct audit_head_wait *next;
	audit_head_fn *fn;
	void *arg;
};

/* ---- heads in memory ---- */

static void head_free(struct audit_signed *h)
{
	buf_free(&h->note);
	buf_free(&h->cosigned);
}

static struct audit_signed *head_add(struct audit_role *a, const struct audit_head *head, struct slice note)
{
	if (a->heads == NULL)
		a->heads = memory_alloc_array(AUDIT_HEADS_KEPT, sizeof *a->heads);
	if (a->head_count == AUDIT_HEADS_KEPT) {
		head_free(&a->heads[0]);
		memmove(a->heads, a->heads + 1, (AUDIT_HEADS_KEPT - 1) * sizeof *a->heads);
		a->head_count--;
	}
	struct audit_signed *h = &a->heads[a->head_count++];
	*h = (struct audit_signed){.size = head->size, .time = head->time, .root = head->root, .note = BUF_INIT(AUDIT_NOTE_MAX),
		.cosigned = BUF_INIT(AUDIT_NOTE_MAX)};
	buf_append(&h->note, note);
	return h;
}

static struct audit_signed *newest(const struct audit_role *a)
{
	return a->head_count > 0 ? &a->heads[a->head_count - 1] : NULL;
}

const struct audit_signed *audit_head_find(const struct audit_role *a, uint64_t size)
{
	for (size_t i = a->head_count; i > 0; i--)
		if (a->heads[i - 1].size == size)
			return &a->heads[i - 1];
	return NULL;
}

/* ---- files of notes: a note, an empty line, a note … ---- */

static void file_path(const struct audit_role *a, const char *name, char path[AUDIT_PATH_SIZE + 64])
{
	snprintf(path, AUDIT_PATH_SIZE + 64, "%s/%s", a->directory, name);
}

static int append_note(const struct audit_role *a, const char *name, struct slice note, struct error *err)
{
	char path[AUDIT_PATH_SIZE + 64];
	struct buf text = BUF_INIT(AUDIT_NOTE_MAX + 1);
	file_path(a, name, path);
	buf_append(&text, note);
	buf_append_byte(&text, '\n');
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int rc = fd < 0 ? error_errno(err, "%s", path) : file_write_all(fd, buf_slice(&text), err);
	if (rc == 0 && fdatasync(fd) < 0)
		rc = error_errno(err, "%s", path);
	file_close(&fd);
	buf_free(&text);
	return rc;
}

static int read_tail(const struct audit_role *a, const char *name, struct buf *out, struct error *err)
{
	char path[AUDIT_PATH_SIZE + 64];
	struct stat st;
	file_path(a, name, path);
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	if (fd < 0)
		return 0; /* there is none yet */
	if (fstat(fd, &st) < 0) {
		rc = error_errno(err, "%s", path);
	} else {
		uint64_t from = st.st_size > TAIL_BYTES ? (uint64_t)st.st_size - TAIL_BYTES : 0;
		size_t n = (size_t)((uint64_t)st.st_size - from);
		rc = n > 0 ? file_pread_exact(fd, buf_reserve(out, n), n, from, err) : 0;
		if (rc == 0)
			buf_commit(out, n);
	}
	file_close(&fd);
	return rc;
}

/* The next whole note of ours; what is cut off at either end of the text is skipped. */
static bool next_note(const struct audit_role *a, struct slice *in, struct slice *ret)
{
	for (;;) {
		ptrdiff_t at = slice_search(*in, buf_slice(&a->origin));
		if (at < 0)
			return false;
		struct slice from = slice_from(*in, (size_t)at);
		ptrdiff_t gap = slice_search(from, SLICE("\n\n"));
		ptrdiff_t end = gap < 0 ? -1 : slice_search(slice_from(from, (size_t)gap + 2), SLICE("\n\n"));
		if (end < 0)
			return false;
		*ret = slice_sub(from, 0, (size_t)gap + 2 + (size_t)end + 1);
		*in = slice_from(from, ret->n + 1);
		struct audit_note n;
		struct audit_head head;
		if (audit_note_parse(*ret, &n) == 0 && audit_head_parse(n.body, &head) == 0)
			return true;
		*in = slice_from(from, 1);
	}
}

/* ---- witnesses ---- */

size_t audit_witness_keys(const struct audit_role *a, struct slice *texts, struct audit_key *keys)
{
	const struct config *c = a->ctx->config;
	size_t count = 0;
	for (size_t i = 0; i < c->audit_cosigners.count && count < AUDIT_WITNESSES_MAX; i++) {
		struct slice rest = c->audit_cosigners.items[i], place;
		slice_split(&rest, ' ', &place);
		texts[count] = slice_trim(rest);
		if (audit_key_parse(texts[count], &keys[count]) == 0 && keys[count].kind == AUDIT_KEY_WITNESS)
			count++;
	}
	return count;
}

static void take_cosigned(struct audit_role *a, struct slice note)
{
	struct audit_note n;
	struct audit_head head;
	if (audit_note_parse(note, &n) < 0 || audit_head_parse(n.body, &head) < 0)
		return;
	a->cosigned_size = head.size;
	for (size_t i = 0; i < n.count; i++)
		if (audit_signature_time(&n.signatures[i]) > a->cosigned_time)
			a->cosigned_time = audit_signature_time(&n.signatures[i]);
	struct audit_signed *h = (struct audit_signed *)(uintptr_t)audit_head_find(a, head.size);
	if (h != NULL) {
		buf_clear(&h->cosigned);
		buf_append(&h->cosigned, note);
	}
}

/* Every line must be right and of a configured witness, or of the log. */
static int check_lines(const struct audit_role *a, const struct audit_note *n, struct slice *ret_name, struct error *err)
{
	struct slice texts[AUDIT_WITNESSES_MAX];
	struct audit_key keys[AUDIT_WITNESSES_MAX];
	size_t count = audit_witness_keys(a, texts, keys), right = 0;
	for (size_t i = 0; i < n->count; i++) {
		bool known = audit_signature_check(n->body, &n->signatures[i], &a->key) == AUDIT_SIGNED;
		for (size_t k = 0; k < count && !known; k++) {
			known = audit_signature_check(n->body, &n->signatures[i], &keys[k]) == AUDIT_SIGNED;
			right += known;
			*ret_name = known ? keys[k].name : *ret_name;
		}
		if (!known) {
			error_public(err, "A signature is wrong, or of nobody in audit.cosigners.");
			return error_set(err, ERR_DENIED, "co-signature refused");
		}
	}
	if (right == 0) {
		error_public(err, "There is no signature of a co-signer.");
		return error_set(err, ERR_INVALID, "no co-signature");
	}
	return 0;
}

int audit_head_cosign(struct audit_role *a, struct slice lines, uint64_t size, struct slice *ret_name, struct error *err)
{
	struct audit_signed *h = (struct audit_signed *)(uintptr_t)audit_head_find(a, size);
	struct buf note = BUF_INIT(AUDIT_NOTE_MAX);
	struct audit_note n;
	*ret_name = SLICE_NONE;
	if (h == NULL) {
		error_public(err, "The head of that size is not known any more: take a new one.");
		return error_set(err, ERR_NOT_FOUND, "unknown head");
	}
	buf_append(&note, buf_len(&h->cosigned) > 0 ? buf_slice(&h->cosigned) : buf_slice(&h->note));
	if (slice_search(buf_slice(&note), lines) < 0)
		buf_append(&note, lines);
	int rc = note.failed || audit_note_parse(buf_slice(&note), &n) < 0 ? ERR_INVALID : 0;
	if (rc < 0)
		error_public(err, "These are no signature lines.");
	if (rc == 0)
		rc = check_lines(a, &n, ret_name, err);
	if (rc == 0)
		rc = append_note(a, COSIGNED_NAME, buf_slice(&note), err);
	if (rc == 0) {
		take_cosigned(a, buf_slice(&note));
		log_event(EV_AUDIT_COSIGNED, LOG_NUM("size", size), LOG_TEXT("name", *ret_name), LOG_STR("kind", "co-signature"));
	}
	buf_free(&note);
	return rc;
}

/* ---- time stamps ---- */

int audit_head_stamp(struct audit_role *a, struct slice answer, uint64_t size, struct error *err)
{
	const struct audit_signed *h = audit_head_find(a, size);
	char name[64], path[AUDIT_PATH_SIZE + 64];
	struct audit_note n;
	uint8_t digest[HASH_SIZE];
	int64_t time;
	if (h == NULL) {
		error_public(err, "The head of that size is not known any more: make a new request.");
		return error_set(err, ERR_NOT_FOUND, "unknown head");
	}
	ENSURE(audit_note_parse(buf_slice(&h->note), &n) == 0);
	hash_sha256(n.body, digest);
	int rc = timestamp_check(answer, digest, SLICE_NONE, &time, err);
	if (rc < 0) {
		error_public(err, "This is no granted time stamp of that head.");
		return rc;
	}
	snprintf(name, sizeof name, STAMP_PREFIX "%020llu", (unsigned long long)size);
	file_path(a, name, path);
	rc = file_write_atomic(path, answer, 0600, err);
	if (rc < 0)
		return rc;
	buf_clear(&a->stamp);
	buf_append(&a->stamp, answer);
	a->stamped_size = size;
	a->stamped_time = time;
	log_event(EV_AUDIT_COSIGNED, LOG_NUM("size", size), LOG_STR("kind", "time stamp"));
	return 0;
}

static void load_stamp(struct audit_role *a)
{
	char name[64], path[AUDIT_PATH_SIZE + 64];
	DIR *dir = opendir(a->directory);
	uint64_t size;
	for (struct dirent *e = dir != NULL ? readdir(dir) : NULL; e != NULL; e = readdir(dir)) {
		struct slice text = slice_str(e->d_name);
		if (slice_starts(text, SLICE(STAMP_PREFIX)) && slice_to_u64(slice_from(text, sizeof STAMP_PREFIX - 1), &size) == 0 && size > a->stamped_size)
			a->stamped_size = size;
	}
	if (dir != NULL)
		closedir(dir);
	snprintf(name, sizeof name, STAMP_PREFIX "%020llu", (unsigned long long)a->stamped_size);
	file_path(a, name, path);
	if (a->stamped_size > 0)
		(void)file_read(path, &a->stamp, NULL);
}

/* ---- signing ---- */

static void request_fill(const struct audit_role *a, struct ipc_key_sign_head *request)
{
	struct audit_hash root;
	audit_store_root(a->store, &root);
	*request = (struct ipc_key_sign_head){.origin = buf_slice(&a->origin), .size = audit_store_size(a->store),
		.time = (uint64_t)moment_unix(loop_now(a->ctx->loop))};
	memcpy(request->root.b, root.b, AUDIT_HASH_SIZE);
}

/* The note of what key has signed. */
static int take_signed(struct audit_role *a, const struct ipc_key_sign_head *request, struct slice signature)
{
	struct audit_head head = {.origin = buf_slice(&a->origin), .size = request->size, .time = (int64_t)request->time};
	struct buf note = BUF_INIT(AUDIT_NOTE_MAX);
	struct error err = {0};
	int rc = 0;
	if (signature.n != AUDIT_SIGNATURE_SIZE)
		return ERR_INVALID;
	memcpy(head.root.b, request->root.b, AUDIT_HASH_SIZE);
	audit_head_print(&head, &note);
	buf_append_byte(&note, '\n');
	audit_note_add(&a->key, signature.p, &note);
	rc = append_note(a, HEADS_NAME, buf_slice(&note), &err);
	if (rc == 0) {
		head_add(a, &head, buf_slice(&note));
		a->head_ms = audit_now_ms(a);
		log_event(EV_AUDIT_HEAD, LOG_NUM("size", head.size));
	}
	buf_free(&note);
	return rc;
}

struct signing {
	struct audit_role *a;
	struct ipc_key_sign_head request;
};

static void tell_waits(struct audit_role *a)
{
	struct audit_head_wait *list = a->head_waits;
	a->head_waits = NULL;
	while (list != NULL) {
		struct audit_head_wait *w = list;
		list = w->next;
		w->fn(w->arg, newest(a));
		memory_free(w);
	}
}

static void on_signed(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct signing *s = arg;
	struct audit_role *a = s->a;
	const struct ipc_key_sign_head_reply *reply = message;
	a->signing = false;
	s->request.origin = buf_slice(&a->origin);
	if (outcome != IPC_OK || reply->status != 0 || take_signed(a, &s->request, reply->signature) < 0)
		log_event(EV_INTERNAL, LOG_STR("what", "a head of the audit log was not signed"));
	memory_free(s);
	tell_waits(a);
}

static void sign(struct audit_role *a)
{
	struct signing *s = memory_alloc(sizeof *s);
	s->a = a;
	a->signing = true;
	request_fill(a, &s->request);
	ipc_request(a->ctx->ipc, IPC_KEY_SIGN_HEAD, 0, &s->request, on_signed, s);
}

static void tell_later(void *arg)
{
	tell_waits(arg);
}

void audit_head_get(struct audit_role *a, audit_head_fn *fn, void *arg)
{
	const struct audit_signed *h = newest(a);
	struct audit_head_wait *w = memory_alloc(sizeof *w);
	*w = (struct audit_head_wait){a->head_waits, fn, arg};
	a->head_waits = w;
	if (a->signing)
		return;
	bool rests = h != NULL && !a->stopping && audit_now_ms(a) - a->head_ms < AUDIT_HEAD_REST_MS;
	if (a->broken || (h != NULL && (h->size == audit_store_size(a->store) || rests)))
		loop_defer(a->ctx->loop, tell_later, a);
	else
		sign(a);
}

static void on_head_timer(void *arg)
{
	struct audit_role *a = arg;
	const struct audit_signed *h = newest(a);
	bool news = h == NULL || h->size != audit_store_size(a->store) || audit_now_ms(a) - a->head_ms >= HOURS_MS(1);
	timer_start(a->head_timer, AUDIT_HEAD_MS);
	if (news && !a->signing && !a->broken)
		sign(a);
}

/* ---- opening ---- */

static void set_broken(struct audit_role *a, const char *why)
{
	a->broken = true;
	snprintf(a->why, sizeof a->why, "%s", why);
	log_event(EV_AUDIT_FAILED, LOG_STR("error", why), LOG_STR("effect", "nothing is recorded until somebody has looked: see docs/audit.md"));
}

/* Is the log that lies here the one that was signed? */
static bool head_fits(const struct audit_role *a, const struct audit_signed *h)
{
	struct audit_view *v = audit_view_create(a->store);
	struct audit_nodes nodes = audit_view_nodes(v);
	struct audit_frontier f;
	struct audit_hash root;
	bool fits = h->size <= audit_view_size(v) && audit_frontier_load(&nodes, h->size, &f) == 0;
	if (fits) {
		audit_frontier_root(&f, &root);
		fits = audit_hash_equal(&root, &h->root);
	}
	audit_view_free(&v);
	return fits;
}

static int load_heads(struct audit_role *a, struct error *err)
{
	struct buf tail = BUF_INIT(TAIL_BYTES);
	struct slice in, note;
	struct audit_note n;
	struct audit_head head;
	int rc = read_tail(a, HEADS_NAME, &tail, err);
	for (in = buf_slice(&tail); rc == 0 && next_note(a, &in, &note);) {
		size_t cosigned;
		if (audit_check_note(note, &a->key, NULL, 0, &head, &cosigned, NULL) == 0)
			head_add(a, &head, note);
	}
	buf_clear(&tail);
	if (rc == 0)
		rc = read_tail(a, COSIGNED_NAME, &tail, err);
	for (in = buf_slice(&tail); rc == 0 && next_note(a, &in, &note);)
		if (audit_note_parse(note, &n) == 0)
			take_cosigned(a, note);
	buf_free(&tail);
	load_stamp(a);
	return rc;
}

int audit_heads_open(struct audit_role *a, struct error *err)
{
	struct slice host = a->ctx->config->hostname;
	struct ipc_key_sign_head request;
	struct ipc_key_sign_head_reply reply = {0};
	uint8_t storage[1024];
	a->origin = BUF_INIT(AUDIT_ORIGIN_MAX);
	a->key_text = BUF_INIT(AUDIT_KEY_TEXT_MAX);
	a->stamp = BUF_INIT(TIMESTAMP_ANSWER_MAX);
	buf_append(&a->origin, host.n > 0 ? host : SLICE("localhost"));
	buf_append_str(&a->origin, "/audit");
	if (!audit_name_valid(buf_slice(&a->origin)))
		return error_set(err, ERR_INVALID, "hostname cannot name a log");
	request_fill(a, &request);
	enum ipc_outcome outcome = ipc_request_sync(a->ctx->ipc, IPC_KEY_SIGN_HEAD, &request, &reply, storage, sizeof storage);
	if (outcome != IPC_OK)
		return error_set(err, ERR_TEMPORARY, "key did not sign the head of the audit log");
	a->key = (struct audit_key){.name = buf_slice(&a->origin), .kind = AUDIT_KEY_LOG};
	if (reply.status != 0) {
		set_broken(a, "the audit log is shorter or another one than the one that was signed before");
		return 0;
	}
	memcpy(a->key.public_key, reply.public_key.b, AUDIT_PUBLIC_SIZE);
	audit_key_print(&a->key, &a->key_text);
	int rc = load_heads(a, err);
	if (rc == 0 && newest(a) != NULL && !head_fits(a, newest(a)))
		set_broken(a, "the audit log is not the one that was signed: records were removed or changed");
	if (rc == 0 && !a->broken && (newest(a) == NULL || newest(a)->size != request.size))
		rc = take_signed(a, &request, reply.signature);
	return rc;
}

void audit_heads_run(struct audit_role *a)
{
	a->head_timer = timer_create_on(a->ctx->loop, on_head_timer, a);
	timer_start(a->head_timer, AUDIT_HEAD_MS);
}

void audit_heads_reload(struct audit_role *a)
{
	(void)a; /* the keys of witnesses are read from the configuration whenever they are needed */
}
