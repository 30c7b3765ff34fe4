#include "auth/sieve.h"

#include "auth/auth.h"
#include "auth/resolve.h"
#include "auth/signer.h"
#include "base/ensure.h"
#include "store/profile.h"

#define OWN_ADDRESSES_MAX 200

static enum sieve_result why(struct buf *text, enum sieve_result result, const char *words)
{
	buf_append_str(text, words);
	return result;
}

static enum sieve_result later(struct buf *text)
{
	return why(text, SIEVE_LATER, "Not possible now, try again later.");
}

enum sieve_result scripts_check(struct slice script, struct buf *text)
{
	struct arena arena = ARENA_INIT;
	struct sieve_program *program;
	struct sieve_error err;
	int rc = sieve_compile(script, &arena, &program, &err);
	if (rc < 0)
		buf_printf(text, "line %u, column %u: %s", err.place.line, err.place.column, err.text);
	arena_free(&arena);
	return rc < 0 ? SIEVE_REFUSED : SIEVE_OK;
}

enum sieve_result scripts_have_space(struct directory *d, const uint8_t account[16], struct slice name, uint64_t bytes, struct buf *text)
{
	uint32_t count;
	uint64_t used;
	if (!sieve_name_valid(name))
		return why(text, SIEVE_REFUSED, "A script cannot have this name.");
	if (directory_sieve_use(d, account, name, &count, &used) != 0)
		return later(text);
	if (count >= SIEVE_SCRIPTS_MAX)
		return why(text, SIEVE_TOO_MANY, "There are too many scripts.");
	if (bytes > SIEVE_SCRIPT_MAX)
		return why(text, SIEVE_TOO_LONG, "The script is too long.");
	return used + bytes > SIEVE_SCRIPTS_BYTES ? why(text, SIEVE_TOO_LONG, "All scripts together are too long.") : SIEVE_OK;
}

/* ---- changes ---- */

struct change {
	enum { PUT, ACTIVATE, REMOVE, RENAME } kind;
	const uint8_t *account;
	struct slice name, other;
	struct sieve_row row;
};

static int apply(struct directory *d, const struct change *c, struct error *err)
{
	switch (c->kind) {
	case PUT: return directory_sieve_put(d, c->account, &c->row, err);
	case ACTIVATE: return directory_sieve_activate(d, c->account, c->name, err);
	case REMOVE: return directory_sieve_remove(d, c->account, c->name, err);
	case RENAME: return directory_sieve_rename(d, c->account, c->name, c->other, err);
	}
	return ERR_INVALID;
}

static enum sieve_result change(struct directory *d, const struct change *c, struct buf *text)
{
	struct error err = {0};
	int rc = directory_begin(d, &err);
	if (rc == 0)
		rc = apply(d, c, &err);
	if (rc == 0)
		rc = directory_commit(d, &err);
	directory_rollback(d);
	if (rc == ERR_NOT_FOUND)
		return why(text, SIEVE_NONEXISTENT, "There is no script of that name.");
	if (rc == ERR_EXISTS)
		return why(text, SIEVE_ALREADYEXISTS, "There is a script of that name already.");
	return rc == 0 ? SIEVE_OK : later(text);
}

enum sieve_result scripts_put(struct directory *d, const uint8_t account[16], struct slice name, struct slice script, int64_t now,
	struct buf *text)
{
	enum sieve_result result = scripts_have_space(d, account, name, script.n, text);
	if (result == SIEVE_OK)
		result = scripts_check(script, text);
	if (result != SIEVE_OK)
		return result;
	return change(d, &(struct change){.kind = PUT, .account = account, .row = {.name = name, .text = script, .changed = now}}, text);
}

enum sieve_result scripts_activate(struct directory *d, const uint8_t account[16], struct slice name, struct buf *text)
{
	return change(d, &(struct change){.kind = ACTIVATE, .account = account, .name = name}, text);
}

enum sieve_result scripts_remove(struct directory *d, const uint8_t account[16], struct slice name, struct buf *text)
{
	struct arena arena = ARENA_INIT;
	struct sieve_row row = {0};
	int rc = directory_sieve_get(d, account, name, &arena, &row);
	arena_free(&arena);
	if (rc == 0 && row.active)
		return why(text, SIEVE_ACTIVE_STAYS, "The active script cannot be deleted."); /* RFC 5804 2.10 */
	return change(d, &(struct change){.kind = REMOVE, .account = account, .name = name}, text);
}

enum sieve_result scripts_rename(struct directory *d, const uint8_t account[16], struct slice from, struct slice to, struct buf *text)
{
	if (!sieve_name_valid(to))
		return why(text, SIEVE_REFUSED, "A script cannot have this name.");
	return change(d, &(struct change){.kind = RENAME, .account = account, .name = from, .other = to}, text);
}

/* ---- the profile ---- */

/* What an account has whose owner never signed in (store/account_mailbox.c makes them). */
static const struct profile_mailbox defaults[] = {
	{SLICE_INIT("INBOX"), {NULL, 0}}, {SLICE_INIT("Archive"), SLICE_INIT("\\Archive")}, {SLICE_INIT("Drafts"), SLICE_INIT("\\Drafts")},
	{SLICE_INIT("Junk"), SLICE_INIT("\\Junk")}, {SLICE_INIT("Sent"), SLICE_INIT("\\Sent")}, {SLICE_INIT("Trash"), SLICE_INIT("\\Trash")},
};

static void fill_mailboxes(struct directory *d, const struct account *account, struct arena *arena, struct delivery_profile *p)
{
	struct auth_profile list;
	struct slice data;
	p->mailboxes = defaults;
	p->mailbox_count = ARRAY_LEN(defaults);
	if (directory_profile_get(d, account->id, arena, &data) != 0 || !auth_profile_start(data, &list))
		return;
	struct profile_mailbox *to = arena_alloc_array(arena, AUTH_PROFILE_MAILBOXES_MAX, sizeof *to);
	p->mailboxes = to;
	p->mailbox_count = 0;
	while (p->mailbox_count < AUTH_PROFILE_MAILBOXES_MAX && auth_profile_next(&list, &to[p->mailbox_count].name,
		&to[p->mailbox_count].special_use))
		p->mailbox_count++;
}

struct gathered {
	struct directory *d;
	const struct account *account;
	struct arena *arena;
	struct profile_script scripts[SIEVE_SCRIPTS_MAX + 1];
	size_t count;
};

static void gather(struct gathered *g, const struct sieve_row *row);

/* Only personal scripts exist; one that is missing is found missing when the script runs. */
static void on_include(void *arg, struct slice name, bool global)
{
	struct gathered *g = arg;
	struct sieve_row row;
	for (size_t i = 0; i < g->count; i++)
		if (slice_eq(g->scripts[i].name, name))
			return;
	if (!global && g->count <= SIEVE_SCRIPTS_MAX && directory_sieve_get(g->d, g->account->id, name, g->arena, &row) == 0)
		gather(g, &row);
}

static void gather(struct gathered *g, const struct sieve_row *row)
{
	struct sieve_program *program;
	struct sieve_error err;
	g->scripts[g->count++] = (struct profile_script){row->name, row->text};
	if (slice_search(row->text, SLICE("include")) >= 0 && sieve_compile(row->text, g->arena, &program, &err) == 0)
		sieve_includes(program, on_include, g);
}

int scripts_profile(struct directory *d, const struct account *account, struct slice hostname, const uint8_t secret[32],
	struct arena *arena,
	struct buf *out)
{
	struct gathered g = {.d = d, .account = account, .arena = arena};
	struct delivery_profile p = {.address = account->address, .language = account->language};
	struct slice *own = arena_alloc_array(arena, OWN_ADDRESSES_MAX, sizeof *own), domain;
	struct buf signer = BUF_INIT(SIGNER_FACT_MAX);
	struct sieve_row row;
	size_t before = buf_len(out);
	int rc = directory_sieve_active(d, account->id, arena, &row);
	if (rc != 0)
		return rc;
	gather(&g, &row);
	rc = resolve_own_addresses(d, account, arena, own, OWN_ADDRESSES_MAX);
	if (rc >= 0) {
		p.address_count = (size_t)rc;
		rc = signer_fact(d, address_domain_of(account->address), hostname, secret, arena, &signer, &domain);
	}
	p.addresses = own;
	p.signer = rc == 0 ? buf_slice(&signer) : SLICE_NONE;
	p.scripts = g.scripts;
	p.script_count = g.count;
	__builtin_memcpy(p.account, account->id, sizeof p.account);
	fill_mailboxes(d, account, arena, &p);
	if (rc == 0)
		profile_write(out, &p, secret);
	buf_free(&signer);
	return rc != 0 ? rc : out->failed || buf_len(out) - before > PROFILE_BYTES_MAX ? ERR_LIMIT : 0;
}

uint32_t scripts_marked(struct directory *d, const uint8_t account[16])
{
	uint32_t bytes = directory_sieve_active_bytes(d, account);
	return bytes > 0 ? bytes + 2000 : 0;
}
