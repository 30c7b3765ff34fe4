#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "auth/scram_key.h"
#include "base/ensure.h"
#include "crypt/aead.h"
#include "crypt/hash.h"
#include "offline.h"

#define EPOCHS_TRIED 2000

void offline_key_add(struct offline *o, const uint8_t bytes[32], const char *format, ...)
{
	va_list args;
	ENSURE(o->key_count < OFFLINE_KEYS_MAX);
	struct offline_key *k = &o->keys[o->key_count++];
	va_start(args, format);
	vsnprintf(k->name, sizeof k->name, format, args);
	va_end(args);
	memcpy(k->bytes, bytes, sizeof k->bytes);
}

/* What an account's keys would be, were this its secret. */
static void add_derived(struct offline *o, const uint8_t secret[32], const char *name)
{
	static const char *const labels[] = {"account x25519", "account database", "account index"};
	uint8_t out[32];
	for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
		hash_hkdf(slice_make(secret, 32), SLICE_NONE, labels[i], SLICE_NONE, out, sizeof out);
		offline_key_add(o, out, "%s of %s", labels[i], name);
	}
}

void offline_take_keys(struct offline *o)
{
	static const char *const names[] = {"pepper", "database directory", "database spool", "database jobs", "managed", "database audit", "audit head"};
	static const uint8_t zeros[32];
	offline_key_add(o, o->master, "master key");
	offline_key_add(o, zeros, "zeros");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const uint8_t *key = keystore_key(o->keystore, slice_str(names[i]));
		if (key == NULL)
			offline_die("no key \"%s\"", names[i]);
		offline_key_add(o, key, "%s", names[i]);
		add_derived(o, key, names[i]);
	}
	for (uint32_t epoch = 0; epoch < EPOCHS_TRIED; epoch++) {
		uint8_t public_key[32];
		const uint8_t *secret;
		if (keystore_epoch_pair(o->keystore, epoch, public_key, &secret))
			offline_key_add(o, secret, "epoch %u", epoch);
	}
	add_derived(o, o->master, "master key");
}

/* ---- wraps ---- */

struct target {
	struct offline *o;
	struct wrap_owner owner;
	struct slice wrap, lookup, salt, name, address;
	struct scram_row row;
	struct password_cost cost;
	bool open;
};

static void try_kek(struct target *t, const uint8_t kek[KEK_SIZE], const char *how)
{
	struct secrets secrets = SECRETS_NONE;
	if (t->open || wrap_open(&t->owner, kek, t->wrap, &secrets, NULL) != 0)
		return;
	struct offline *o = t->o;
	ENSURE(o->opened_count < OFFLINE_WRAPS_MAX);
	struct offline_secrets *found = &o->opened[o->opened_count++];
	memcpy(found->account, t->owner.account, sizeof found->account);
	snprintf(found->how, sizeof found->how, "%s", how);
	found->secrets = secrets;
	t->open = true;
	o->wraps_open++;
	/* The secret itself is what tests/attack/test_memory.py looks for in the memory of a running server. */
	struct slice newest = secrets.count > 0 ? offline_hex(o, slice_make(secrets.items[secrets.count - 1].secret, 32)) : SLICE_NONE;
	printf("{\"wrap\":%u,\"kind\":%d,\"address\":\"%.*s\",\"how\":\"%s\",\"secret\":\"%.*s\"}\n", t->owner.credential, (int)t->owner.kind,
	       SLICE_ARG(t->address), how, SLICE_ARG(newest));
}

static void pepper_of(struct target *t, struct slice data, uint8_t ret[32])
{
	hash_hmac_sha256(slice_make(keystore_key(t->o->keystore, SLICE("pepper")), 32), data, ret);
}

static void scram_pepper(struct target *t, uint8_t ret[SCRAM_PEPPER_SIZE])
{
	uint8_t data[SCRAM_PEPPER_DATA_SIZE];
	scram_pepper_data(t->owner.account, data);
	pepper_of(t, slice_make(data, sizeof data), ret);
}

static void try_scram_password(struct target *t, struct slice password, const char *how)
{
	struct scram_material m;
	uint8_t pepper[SCRAM_PEPPER_SIZE], kek[KEK_SIZE];
	scram_pepper(t, pepper);
	scram_keys(password, t->salt, SCRAM_ITERATIONS, m.client_key, m.stored_key, m.server_key);
	wrap_kek_scram(&t->owner, m.client_key, pepper, kek);
	try_kek(t, kek, how);
}

static void try_password(struct target *t, struct slice password, const char *how)
{
	if (t->owner.kind == WRAP_SCRAM) {
		try_scram_password(t, password, how);
		return;
	}
	uint8_t stretched[PASSWORD_KEY_SIZE], data[WRAP_PEPPER_DATA_SIZE], pepper[32], kek[KEK_SIZE];
	if (t->salt.n != PASSWORD_SALT_SIZE || password_hash(password, t->salt.p, t->cost, stretched) != 0)
		return;
	wrap_pepper_data(&t->owner, data);
	pepper_of(t, slice_make(data, sizeof data), pepper);
	wrap_kek_password(&t->owner, stretched, pepper, kek);
	try_kek(t, kek, how);
}

/* Empty, and what a lazy person would choose. */
static void guess_passwords(struct target *t)
{
	ptrdiff_t at = slice_rfind(t->address, '@');
	struct slice local = slice_sub(t->address, 0, at > 0 ? (size_t)at : 0);
	struct slice guesses[] = {SLICE(""), SLICE("password"), SLICE("123456"), t->address, local, t->name};
	for (size_t i = 0; i < ARRAY_LEN(guesses); i++)
		try_password(t, guesses[i], "a guessed password");
}

static void try_code(struct target *t, const uint8_t code[CODE_SIZE], const char *how)
{
	uint8_t kek[KEK_SIZE];
	wrap_kek_code(&t->owner, code, kek);
	try_kek(t, kek, how);
}

/* Nothing that is stored about a code is the code, nor any part of it. */
static void guess_codes(struct target *t)
{
	uint8_t code[CODE_SIZE] = {0};
	try_code(t, code, "a code of zeros");
	for (size_t i = 0; i < sizeof code && t->lookup.n > 0; i++)
		code[i] = t->lookup.p[i % t->lookup.n];
	try_code(t, code, "the stored lookup hash");
}

/* The pepper opens what is stored for SCRAM; neither StoredKey nor ServerKey is the ClientKey that opens the wrap. */
static void guess_scram(struct target *t)
{
	struct scram_material material;
	uint8_t pepper[SCRAM_PEPPER_SIZE], kek[KEK_SIZE];
	scram_pepper(t, pepper);
	if (!scram_row_open(t->owner.account, &t->row, pepper, &material))
		offline_die("the keys of SCRAM do not open");
	const uint8_t *stored[] = {material.stored_key, material.server_key, pepper};
	for (size_t i = 0; i < ARRAY_LEN(stored); i++) {
		wrap_kek_scram(&t->owner, stored[i], pepper, kek);
		try_kek(t, kek, "a stored SCRAM key");
		try_kek(t, stored[i], "a stored SCRAM key, raw");
		try_code(t, stored[i], "the beginning of a stored SCRAM key");
	}
}

/* As the role key would open a managed account (docs/keys.md). */
static void guess_managed(struct target *t)
{
	uint8_t kek[KEK_SIZE];
	struct slice key = slice_make(keystore_key(t->o->keystore, SLICE("managed")), 32);
	hash_hkdf(key, SLICE_NONE, "managed wrap", slice_make(t->owner.account, 16), kek, sizeof kek);
	try_kek(t, kek, "managed");
}

static void guess_keys(struct target *t)
{
	uint8_t kek[KEK_SIZE];
	for (size_t i = 0; i < t->o->key_count; i++) {
		const uint8_t *key = t->o->keys[i].bytes;
		try_kek(t, key, t->o->keys[i].name);
		try_code(t, key, t->o->keys[i].name);
		wrap_kek_scram(&t->owner, key, key, kek);
		try_kek(t, kek, t->o->keys[i].name);
		wrap_kek_password(&t->owner, key, key, kek);
		try_kek(t, kek, t->o->keys[i].name);
	}
}

/* "address secret": a password, or a code in the form people see. */
static void use_given(struct target *t)
{
	struct slice rest = t->o->passwords, line, address;
	while (slice_split(&rest, '\n', &line)) {
		uint8_t code[CODE_SIZE];
		if (!slice_split(&line, ' ', &address) || !slice_eq_nocase(address, t->address))
			continue;
		if (t->owner.kind == WRAP_PASSWORD || t->owner.kind == WRAP_SCRAM)
			try_password(t, line, "the password was given");
		else if (code_parse(line, t->owner.kind == WRAP_RECOVERY ? CODE_RECOVERY : CODE_APP_PASSWORD, code))
			try_code(t, code, "the code was given");
	}
}

static void try_target(struct target *t)
{
	t->o->wraps++;
	use_given(t);
	if (t->o->passwords.n == 0 && (t->owner.kind == WRAP_PASSWORD || t->owner.kind == WRAP_SCRAM))
		guess_passwords(t);
	guess_codes(t);
	if (t->owner.kind == WRAP_SCRAM)
		guess_scram(t);
	guess_managed(t);
	guess_keys(t);
}

static struct target target_of(struct offline *o, sqlite3_stmt *s, bool scram)
{
	struct target t = {.o = o, .wrap = offline_column(s, 3), .name = offline_column(s, 4), .lookup = offline_column(s, 6),
		.salt = offline_column(s, 7), .cost = {(uint32_t)sqlite3_column_int(s, 8), (uint32_t)sqlite3_column_int(s, 9)}};
	t.owner.credential = (uint32_t)sqlite3_column_int64(s, 1);
	t.owner.kind = (enum wrap_kind)sqlite3_column_int(s, 2);
	t.address = arena_dup(&o->arena, offline_column(s, 5));
	struct slice account = offline_column(s, 0);
	if (account.n == 16)
		memcpy(t.owner.account, account.p, 16);
	if (scram)
		t.row = (struct scram_row){.credential = t.owner.credential, .keys = offline_column(s, 10), .wrap = t.wrap};
	return t;
}

#define ADDRESS_OF "(SELECT local || '@' || domain FROM address WHERE address.account = a.id AND address.kind = 1 LIMIT 1)"

static void try_rows(struct offline *o, const char *sql, bool scram)
{
	sqlite3_stmt *s = NULL;
	if (sqlite3_prepare_v2(o->directory, sql, -1, &s, NULL) != SQLITE_OK)
		offline_die("%s", sqlite3_errmsg(o->directory));
	while (sqlite3_step(s) == SQLITE_ROW) {
		struct target t = target_of(o, s, scram);
		try_target(&t);
	}
	sqlite3_finalize(s);
}

void offline_try_wraps(struct offline *o)
{
	try_rows(o, "SELECT a.id, c.id, c.kind, c.wrap, a.name, " ADDRESS_OF ", c.lookup, c.salt, c.passes, c.memory "
	         "FROM credential c JOIN account a ON a.id = c.account ORDER BY c.id", false);
	try_rows(o, "SELECT a.id, s.credential, 4, s.wrap, a.name, " ADDRESS_OF ", NULL, a.scram_salt, 0, 0, s.keys "
	         "FROM scram s JOIN account a ON a.id = s.account ORDER BY s.credential", true);
}
