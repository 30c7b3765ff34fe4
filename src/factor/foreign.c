#include "factor/foreign.h"

#include <crypt.h>
#include <string.h>

#include "base/codec.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/digest.h"
#include "crypt/password.h"

#define SALT_MAX 64 /* bytes behind the digest of {SSHA} */

struct kind {
	struct slice prefix;
	int (*check)(const struct kind *kind, struct slice hash);
	int (*verify)(const struct kind *kind, struct slice hash, struct slice password);
	enum digest_algorithm digest; /* of the salted ones */
};

/* ---- crypt(3) ---- */

static const char itoa64[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static int value64(uint8_t c)
{
	const char *at = c != 0 ? strchr(itoa64, c) : NULL;
	return at != NULL ? (int)(at - itoa64) : -1;
}

/* The alphabet of crypt(5): printable ASCII without the characters that password files use. */
static bool crypt_text(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (value64(s.p[i]) < 0 && s.p[i] != '$' && s.p[i] != '=')
			return false;
	return true;
}

/* "rounds=N$salt$hash" or "salt$hash" behind the prefix. */
static int check_sha(const struct kind *kind, struct slice hash)
{
	struct slice rest = slice_from(hash, kind->prefix.n), part;
	uint64_t rounds = 5000;
	if (slice_starts(rest, SLICE("rounds="))) {
		(void)slice_split(&rest, '$', &part);
		if (slice_to_u64(slice_from(part, 7), &rounds) != 0)
			return ERR_INVALID;
	}
	if (!slice_split(&rest, '$', &part) || part.n > 16 || rest.n == 0)
		return ERR_INVALID;
	return rounds > FOREIGN_ROUNDS_MAX ? ERR_LIMIT : 0;
}

/* "NN$" and 53 characters. */
static int check_bcrypt(const struct kind *kind, struct slice hash)
{
	struct slice rest = slice_from(hash, kind->prefix.n);
	uint32_t cost;
	if (rest.n != 56 || rest.p[2] != '$' || slice_to_u32(slice_sub(rest, 0, 2), &cost) != 0 || cost < 4)
		return ERR_INVALID;
	return cost > FOREIGN_BCRYPT_MAX ? ERR_LIMIT : 0;
}

/* "jNr$salt$hash": flavour j, log2 N - 1, r - 1. */
static int check_yescrypt(const struct kind *kind, struct slice hash)
{
	struct slice rest = slice_from(hash, kind->prefix.n), params, salt;
	if (!slice_split(&rest, '$', &params) || !slice_split(&rest, '$', &salt) || rest.n == 0)
		return ERR_INVALID;
	if (params.n != 3 || params.p[0] != 'j')
		return ERR_UNSUPPORTED;
	int log_n = value64(params.p[1]) + 1, r = value64(params.p[2]) + 1;
	if (log_n < 1 || r < 1)
		return ERR_INVALID;
	return log_n > 24 || (uint64_t)128 * (uint64_t)r << log_n > FOREIGN_MEMORY_MAX ? ERR_LIMIT : 0;
}

static int verify_crypt(const struct kind *kind, struct slice hash, struct slice password)
{
	char text[PASSWORD_MAX + 1], wanted[FOREIGN_HASH_MAX + 1];
	struct crypt_data *data = memory_alloc(sizeof *data);
	int rc = ERR_DENIED;
	memcpy(text, password.p, password.n);
	text[password.n] = '\0';
	memcpy(wanted, hash.p, hash.n);
	wanted[hash.n] = '\0';
	const char *made = crypt_rn(text, wanted, data, sizeof *data);
	if (made == NULL)
		rc = ERR_TEMPORARY;
	else if (strlen(made) == hash.n && secret_equal(made, wanted, hash.n))
		rc = 0;
	secret_wipe(text, sizeof text);
	secret_wipe(data, sizeof *data);
	memory_free(data);
	return rc;
}

/* ---- {SSHA} ---- */

static int decode_salted(const struct kind *kind, struct slice hash, struct buf *ret)
{
	size_t size = digest_size(kind->digest);
	if (base64_decode_strict(slice_from(hash, kind->prefix.n), ret) != 0 || buf_len(ret) <= size || buf_len(ret) > size + SALT_MAX)
		return ERR_INVALID;
	return 0;
}

static int check_salted(const struct kind *kind, struct slice hash)
{
	struct buf b = BUF_INIT(FOREIGN_HASH_MAX);
	int rc = decode_salted(kind, hash, &b);
	buf_free(&b);
	return rc;
}

static int verify_salted(const struct kind *kind, struct slice hash, struct slice password)
{
	uint8_t made[DIGEST_MAX];
	size_t size = digest_size(kind->digest);
	struct buf b = BUF_INIT(FOREIGN_HASH_MAX), text = BUF_INIT(PASSWORD_MAX + SALT_MAX);
	int rc = decode_salted(kind, hash, &b);
	if (rc == 0) {
		buf_append(&text, password);
		buf_append(&text, slice_from(buf_slice(&b), size));
		digest_compute(kind->digest, buf_slice(&text), made);
		rc = secret_equal(made, buf_slice(&b).p, size) ? 0 : ERR_DENIED;
	}
	buf_free(&b);
	buf_free_secret(&text);
	return rc;
}

static const struct kind kinds[] = {
	{SLICE_INIT("$6$"), check_sha, verify_crypt, 0},
	{SLICE_INIT("$5$"), check_sha, verify_crypt, 0},
	{SLICE_INIT("$y$"), check_yescrypt, verify_crypt, 0},
	{SLICE_INIT("$2b$"), check_bcrypt, verify_crypt, 0},
	{SLICE_INIT("$2y$"), check_bcrypt, verify_crypt, 0},
	{SLICE_INIT("$2a$"), check_bcrypt, verify_crypt, 0},
	{SLICE_INIT("{SSHA}"), check_salted, verify_salted, DIGEST_SHA1},
	{SLICE_INIT("{SSHA256}"), check_salted, verify_salted, DIGEST_SHA256},
	{SLICE_INIT("{SSHA512}"), check_salted, verify_salted, DIGEST_SHA512},
};

static const struct kind *find(struct slice *hash)
{
	static const struct slice wrappers[] = {SLICE_INIT("{CRYPT}"), SLICE_INIT("{SHA256-CRYPT}"), SLICE_INIT("{SHA512-CRYPT}"),
		SLICE_INIT("{BLF-CRYPT}")};
	for (size_t i = 0; i < sizeof wrappers / sizeof wrappers[0]; i++) {
		if (slice_starts_nocase(*hash, wrappers[i])) {
			*hash = slice_from(*hash, wrappers[i].n);
			break;
		}
	}
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (slice_starts_nocase(*hash, kinds[i].prefix))
			return &kinds[i];
	return NULL;
}

int foreign_check(struct slice hash)
{
	if (hash.n > FOREIGN_HASH_MAX)
		return ERR_LIMIT;
	const struct kind *kind = find(&hash);
	if (kind == NULL)
		return ERR_UNSUPPORTED;
	if (kind->verify == verify_crypt && !crypt_text(hash))
		return ERR_INVALID;
	return kind->check(kind, hash);
}

int foreign_verify(struct slice hash, struct slice password)
{
	int rc = foreign_check(hash);
	/* crypt(3) ends a password at a NUL byte; such a one is nobody's. */
	if (rc != 0 || password.n == 0 || password.n > PASSWORD_MAX || slice_find(password, 0) >= 0)
		return rc != 0 ? rc : ERR_DENIED;
	const struct kind *kind = find(&hash);
	return kind->verify(kind, hash, password);
}
