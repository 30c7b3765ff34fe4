#include "auth/escrow.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "auth/box.h"
#include "auth/directory_role.h"
#include "base/codec.h"
#include "base/endian.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "crypt/slab.h"
#include "factor/shamir.h"

#define SHARE_LABEL "escrow share"
#define SHARE_AD_SIZE 36
#define POLICY_TEXT_MAX 2000

/* ---- policy ---- */

static void policy_stamp(struct slice text, char ret[17])
{
	uint8_t hash[8];
	hash_blake2b(text, NULL, hash, sizeof hash);
	for (size_t i = 0; i < sizeof hash; i++)
		snprintf(ret + 2 * i, 3, "%02x", hash[i]);
}

static int policy_parse(struct slice text, struct escrow_policy *ret)
{
	json_t *o = json_loadb((const char *)text.p, text.n, 0, NULL), *list = json_object_get(o, "custodians"), *item;
	size_t i;
	int rc = 0;
	ret->k = (unsigned)json_integer_value(json_object_get(o, "k"));
	ret->n = (unsigned)json_array_size(list);
	if (o == NULL || ret->n > ESCROW_CUSTODIANS_MAX || ret->k > ret->n)
		rc = ERR_DAMAGED;
	json_array_foreach(list, i, item) {
		struct buf id = BUF_INIT(16);
		if (rc == 0 && (hex_decode(slice_str(json_is_string(item) ? json_string_value(item) : ""), &id) != 0 || buf_len(&id) != 16))
			rc = ERR_DAMAGED;
		else if (rc == 0)
			memcpy(ret->custodians[i], buf_slice(&id).p, 16);
		buf_free(&id);
	}
	json_decref(o);
	return rc;
}

int escrow_policy_load(struct directory *d, struct escrow_policy *ret)
{
	struct arena arena = ARENA_INIT;
	struct slice text;
	*ret = (struct escrow_policy){0};
	int rc = directory_policy_get(d, ESCROW_POLICY, &arena, &text);
	if (rc == 0 && (rc = policy_parse(text, ret)) == 0)
		policy_stamp(text, ret->stamp);
	arena_free(&arena);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

void escrow_policy_text(const struct escrow_policy *policy, struct buf *out)
{
	buf_append_str(out, "{\"custodians\":[");
	for (unsigned i = 0; i < policy->n; i++) {
		buf_append_str(out, i > 0 ? ",\"" : "\"");
		hex_encode(slice_make(policy->custodians[i], 16), out);
		buf_append_byte(out, '"');
	}
	buf_printf(out, "],\"k\":%u}", policy->k);
}

unsigned escrow_custodians_of(const struct escrow_policy *policy, const uint8_t account[16])
{
	unsigned count = 0;
	for (unsigned i = 0; i < policy->n; i++)
		count += memcmp(policy->custodians[i], account, 16) != 0;
	return count;
}

/* ---- making ---- */

static void share_ad(const uint8_t account[16], uint32_t credential, const uint8_t custodian[16], uint8_t ret[SHARE_AD_SIZE])
{
	memcpy(ret, account, 16);
	put_u32(ret + 16, credential);
	memcpy(ret + 20, custodian, 16);
}

static void escrow_kek(const struct wrap_owner *owner, const uint8_t key[ESCROW_KEY_SIZE], uint8_t ret[KEK_SIZE])
{
	uint8_t context[20];
	memcpy(context, owner->account, 16);
	put_u32(context + 16, owner->credential);
	hash_hkdf(slice_make(key, ESCROW_KEY_SIZE), SLICE_NONE, "wrap escrow", slice_make(context, sizeof context), ret, KEK_SIZE);
}

static struct wrap_owner owner_of(const uint8_t account[16], uint32_t credential)
{
	struct wrap_owner owner = {.credential = credential, .kind = WRAP_ESCROW};
	memcpy(owner.account, account, sizeof owner.account);
	return owner;
}

static int add_credential(struct directory *d, const struct account *account, const struct escrow_policy *policy, const uint8_t key[ESCROW_KEY_SIZE],
	const struct secrets *secrets, int64_t now, uint32_t *ret_id, struct error *err)
{
	struct credential c = {.kind = WRAP_ESCROW, .label = slice_str(policy->stamp), .created = now};
	struct buf wrap = BUF_INIT(WRAP_MAX);
	uint8_t kek[KEK_SIZE];
	int rc = directory_credential_number(d, &c.id, err);
	if (rc != 0)
		return rc;
	struct wrap_owner owner = owner_of(account->id, c.id);
	memcpy(c.account, account->id, sizeof c.account);
	escrow_kek(&owner, key, kek);
	wrap_seal(&owner, kek, secrets, &wrap);
	c.wrap = buf_slice(&wrap);
	rc = wrap.failed ? error_set(err, ERR_LIMIT, "a wrap is too large") : directory_credential_add(d, &c, err);
	secret_wipe(kek, sizeof kek);
	buf_free(&wrap);
	*ret_id = c.id;
	return rc;
}

static int add_share(struct directory *d, const struct account *account, uint32_t credential, const struct account *custodian,
	const struct shamir_share *share, struct error *err)
{
	struct escrow_share_row row = {.credential = credential};
	uint8_t ad[SHARE_AD_SIZE];
	struct buf plain = BUF_INIT(SHAMIR_ENCODED_MAX), sealed = BUF_INIT(SHAMIR_ENCODED_MAX + BOX_OVERHEAD);
	memcpy(row.account, account->id, sizeof row.account);
	memcpy(row.custodian, custodian->id, sizeof row.custodian);
	share_ad(account->id, credential, custodian->id, ad);
	shamir_encode(share, &plain);
	int rc = box_seal(custodian->public_key, SHARE_LABEL, slice_make(ad, sizeof ad), buf_slice(&plain), &sealed, err);
	row.sealed = buf_slice(&sealed);
	if (rc == 0)
		rc = directory_share_add(d, &row, err);
	buf_free_secret(&plain);
	buf_free(&sealed);
	return rc;
}

/* The custodians that are there; the account itself is none of them. */
static unsigned load_custodians(struct directory *d, const struct escrow_policy *policy, const uint8_t account[16], struct arena *arena,
	struct account ret[ESCROW_CUSTODIANS_MAX])
{
	unsigned count = 0;
	for (unsigned i = 0; i < policy->n; i++)
		if (memcmp(policy->custodians[i], account, 16) != 0 && directory_account_get(d, policy->custodians[i], arena, &ret[count]) == 0
		    && ret[count].state == ACCOUNT_ACTIVE)
			count++;
	return count;
}

static int add_shares(struct directory *d, const struct account *account, const struct escrow_policy *policy, const struct account *custodians,
	unsigned count, const struct secrets *secrets, int64_t now, struct error *err)
{
	struct shamir_share shares[ESCROW_CUSTODIANS_MAX];
	uint8_t key[ESCROW_KEY_SIZE];
	uint32_t credential = 0;
	random_bytes(key, sizeof key);
	int rc = shamir_split(slice_make(key, sizeof key), policy->k, count, shares);
	if (rc == 0)
		rc = add_credential(d, account, policy, key, secrets, now, &credential, err);
	for (unsigned i = 0; i < count && rc == 0; i++)
		rc = add_share(d, account, credential, &custodians[i], &shares[i], err);
	secret_wipe(key, sizeof key);
	secret_wipe(shares, sizeof shares);
	return rc;
}

int escrow_credential(struct directory *d, const uint8_t account[16], struct arena *arena, struct credential *ret)
{
	int count = directory_credential_list(d, account, WRAP_ESCROW, arena, ret, 1);
	return count == 1 ? 0 : count == 0 ? ERR_NOT_FOUND : count;
}

static int remove_old(struct directory *d, const uint8_t account[16], struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct credential old;
	int rc;
	while ((rc = escrow_credential(d, account, &arena, &old)) == 0)
		if ((rc = directory_credential_remove(d, account, old.id, WRAP_ESCROW, err)) != 0)
			break;
	arena_free(&arena);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

int escrow_add(struct directory *d, const struct account *account, const struct secrets *secrets, int64_t now, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct escrow_policy policy;
	struct account *custodians = arena_alloc_array(&arena, ESCROW_CUSTODIANS_MAX, sizeof *custodians);
	int rc = escrow_policy_load(d, &policy);
	unsigned count = rc == 0 && policy.k > 0 ? load_custodians(d, &policy, account->id, &arena, custodians) : 0;
	if (rc == 0)
		rc = remove_old(d, account->id, err);
	if (rc == 0 && policy.k > 0 && count >= policy.k)
		rc = add_shares(d, account, &policy, custodians, count, secrets, now, err);
	arena_free(&arena);
	return rc;
}

void escrow_ensure(struct directory *d, const struct account *account, const struct secrets *secrets, int64_t now)
{
	struct arena arena = ARENA_INIT;
	struct escrow_policy policy;
	struct credential c;
	struct error err = {0};
	if (escrow_policy_load(d, &policy) == 0 && policy.k > 0 && escrow_custodians_of(&policy, account->id) >= policy.k) {
		int rc = escrow_credential(d, account->id, &arena, &c);
		bool wanted = rc == ERR_NOT_FOUND || (rc == 0 && !slice_eq(c.label, slice_str(policy.stamp)));
		if (wanted && directory_begin(d, &err) == 0 && escrow_add(d, account, secrets, now, &err) == 0)
			(void)directory_commit(d, &err);
		directory_rollback(d);
	}
	arena_free(&arena);
}

/* ---- requests ---- */

struct escrow_requests {
	struct escrow_request list[ESCROW_REQUESTS_MAX];
};

struct escrow_requests *escrow_requests_create(void)
{
	return memory_alloc(sizeof(struct escrow_requests));
}

void escrow_request_drop(struct escrow_request *request)
{
	for (unsigned i = 0; i < request->given; i++)
		slab_free(&request->shares[i].value);
	if (request->kek != NULL)
		secret_wipe(request->kek, sizeof *request->kek);
	MEMORY_FREE(&request->kek);
	secret_wipe(request, sizeof *request);
}

void escrow_requests_destroy(struct escrow_requests **requests)
{
	if (*requests == NULL)
		return;
	for (size_t i = 0; i < ESCROW_REQUESTS_MAX; i++)
		escrow_request_drop(&(*requests)->list[i]);
	MEMORY_FREE(requests);
}

struct escrow_request *escrow_request_at(struct escrow_requests *requests, size_t *index, int64_t now)
{
	for (; *index < ESCROW_REQUESTS_MAX; ++*index) {
		struct escrow_request *r = &requests->list[*index];
		if (r->id != 0 && r->created + ESCROW_REQUEST_S <= now)
			escrow_request_drop(r);
		if (r->id != 0) {
			++*index;
			return r;
		}
	}
	return NULL;
}

struct escrow_request *escrow_request_find(struct escrow_requests *requests, uint32_t id, int64_t now)
{
	struct escrow_request *r;
	for (size_t i = 0; id != 0 && (r = escrow_request_at(requests, &i, now)) != NULL;)
		if (r->id == id)
			return r;
	return NULL;
}

/* The one to give up: of the account's own when it has many, else the oldest without a share, else the oldest. NULL: there is room. */
static struct escrow_request *too_many(struct escrow_requests *requests, enum escrow_kind kind, const uint8_t account[16], int64_t now)
{
	struct escrow_request *r, *own = NULL, *oldest = NULL;
	unsigned of_account = 0, all = 0;
	for (size_t i = 0; (r = escrow_request_at(requests, &i, now)) != NULL; all++) {
		bool same = r->kind == kind && memcmp(r->account, account, 16) == 0;
		of_account += same;
		if (same && (own == NULL || r->created < own->created))
			own = r;
		if (oldest == NULL || (r->given == 0 && oldest->given > 0) || ((r->given == 0) == (oldest->given == 0) && r->created < oldest->created))
			oldest = r;
	}
	return of_account >= ESCROW_REQUESTS_ACCOUNT_MAX ? own : all >= ESCROW_REQUESTS_MAX ? oldest : NULL;
}

void escrow_text(struct slice text, char *ret, size_t room)
{
	size_t n = text.n < room ? text.n : room - 1;
	if (n > 0)
		memcpy(ret, text.p, n);
	ret[n] = '\0';
}

void escrow_check_make(char ret[ESCROW_CHECK_SIZE + 1])
{
	snprintf(ret, ESCROW_CHECK_SIZE + 1, "%04u-%04u", (unsigned)random_below(10000), (unsigned)random_below(10000));
}

struct escrow_request *escrow_request_add(struct escrow_requests *requests, enum escrow_kind kind, const uint8_t account[16], int64_t now)
{
	struct escrow_request *r = too_many(requests, kind, account, now);
	uint32_t id;
	if (r != NULL)
		escrow_request_drop(r);
	do
		id = 100000 + random_below(900000);
	while (escrow_request_find(requests, id, now) != NULL);
	for (r = requests->list; r->id != 0;)
		r++;
	r->id = id;
	r->kind = kind;
	r->created = now;
	memcpy(r->account, account, sizeof r->account);
	escrow_check_make(r->check);
	return r;
}

bool escrow_check_right(const struct escrow_request *request, struct slice typed)
{
	char digits[ESCROW_CHECK_SIZE] = {0}, wanted[ESCROW_CHECK_SIZE] = {0};
	size_t n = 0, w = 0;
	for (size_t i = 0; i < typed.n; i++) {
		if (typed.p[i] == ' ' || typed.p[i] == '-')
			continue;
		if (n == sizeof digits - 1 || typed.p[i] < '0' || typed.p[i] > '9')
			return false;
		digits[n++] = (char)typed.p[i];
	}
	for (size_t i = 0; i < ESCROW_CHECK_SIZE; i++)
		if (request->check[i] != '-')
			wanted[w++] = request->check[i];
	bool right = n == w && secret_equal(digits, wanted, sizeof digits);
	secret_wipe(wanted, sizeof wanted);
	return right;
}

/* ---- shares ---- */

bool escrow_has_given(const struct escrow_request *request, const uint8_t custodian[16])
{
	for (unsigned i = 0; i < request->given; i++)
		if (memcmp(request->shares[i].custodian, custodian, 16) == 0)
			return true;
	return false;
}

static int keep_share(struct escrow_request *r, const uint8_t custodian[16], const struct shamir_share *share, struct error *err)
{
	struct escrow_given *g = &r->shares[r->given];
	if (share->size > SLAB_CELL_MAX)
		return error_set(err, ERR_DAMAGED, "a share has %u bytes", share->size);
	*g = (struct escrow_given){.number = share->number, .threshold = share->threshold, .size = share->size, .value = slab_alloc(share->size)};
	if (g->value == NULL)
		return error_set(err, ERR_TEMPORARY, "no guarded memory left");
	memcpy(g->custodian, custodian, sizeof g->custodian);
	memcpy(g->set, share->set, sizeof g->set);
	memcpy(g->value, share->value, share->size);
	r->needed = share->threshold;
	r->given++;
	return 0;
}

int escrow_give(struct directory *d, struct escrow_request *request, const uint8_t custodian[16], const struct secrets *custodian_secrets,
	struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct escrow_share_row row;
	struct shamir_share share = {0};
	uint8_t ad[SHARE_AD_SIZE];
	struct buf plain = BUF_INIT(SHAMIR_ENCODED_MAX + BOX_OVERHEAD);
	if (escrow_has_given(request, custodian) || request->given == ESCROW_CUSTODIANS_MAX)
		return error_set(err, ERR_EXISTS, "the share was given before");
	int rc = directory_share_get(d, request->credential, custodian, &arena, &row);
	if (rc != 0)
		goto out;
	share_ad(request->account, request->credential, custodian, ad);
	rc = box_open(custodian_secrets, SHARE_LABEL, slice_make(ad, sizeof ad), row.sealed, &plain, err);
	if (rc == 0 && shamir_decode(buf_slice(&plain), &share) != 0)
		rc = error_set(err, ERR_DAMAGED, "a share is no share");
	if (rc == 0)
		rc = keep_share(request, custodian, &share, err);
out:
	secret_wipe(&share, sizeof share);
	buf_free_secret(&plain);
	arena_free(&arena);
	return rc;
}

static int combine(const struct escrow_request *request, uint8_t ret_key[SHAMIR_SECRET_MAX], struct error *err)
{
	struct shamir_share shares[ESCROW_CUSTODIANS_MAX];
	size_t size = 0;
	for (unsigned i = 0; i < request->given; i++) {
		const struct escrow_given *g = &request->shares[i];
		shares[i] = (struct shamir_share){.threshold = g->threshold, .number = g->number, .size = g->size};
		memcpy(shares[i].set, g->set, sizeof shares[i].set);
		memcpy(shares[i].value, g->value, g->size);
	}
	int rc = shamir_combine(shares, request->given, ret_key, &size);
	secret_wipe(shares, sizeof shares);
	if (rc == ERR_NOT_FOUND)
		return rc;
	return rc == 0 && size == ESCROW_KEY_SIZE ? 0 : error_set(err, ERR_DENIED, "the shares do not fit together");
}

int escrow_open(struct directory *d, const struct escrow_request *request, struct secrets *ret, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct credential c;
	uint8_t key[SHAMIR_SECRET_MAX] = {0}, kek[KEK_SIZE];
	int rc = combine(request, key, err);
	if (rc == 0 && ((rc = escrow_credential(d, request->account, &arena, &c)) == ERR_NOT_FOUND || (rc == 0 && c.id != request->credential)))
		rc = error_set(err, ERR_DENIED, "the escrow was replaced meanwhile");
	if (rc == 0) {
		struct wrap_owner owner = owner_of(request->account, c.id);
		escrow_kek(&owner, key, kek);
		rc = wrap_open(&owner, kek, c.wrap, ret, err);
		secret_wipe(kek, sizeof kek);
	}
	secret_wipe(key, sizeof key);
	arena_free(&arena);
	return rc;
}
