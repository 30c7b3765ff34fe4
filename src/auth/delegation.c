#include "auth/delegation.h"

#include <string.h>

#include "auth/box.h"
#include "auth/directory_role.h"
#include "auth/subject.h"
#include "base/codec.h"
#include "base/endian.h"

#define WRAP_LABEL "delegate wrap"
#define WRAP_AD_SIZE 36
#define SWEEP_MAX 1000

void delegation_id_text(const uint8_t account[16], char ret[DELEGATE_ID_SIZE + 1])
{
	struct buf hex = BUF_INIT(DELEGATE_ID_SIZE);
	hex_encode(slice_make(account, 16), &hex);
	memcpy(ret, buf_slice(&hex).p, DELEGATE_ID_SIZE);
	ret[DELEGATE_ID_SIZE] = '\0';
	buf_free(&hex);
}

static bool id_parse(struct slice text, uint8_t ret[16])
{
	struct buf id = BUF_INIT(16);
	bool ok = hex_decode(text, &id) == 0 && buf_len(&id) == 16;
	if (ok)
		memcpy(ret, buf_slice(&id).p, 16);
	buf_free(&id);
	return ok;
}

static void wrap_ad(const uint8_t owner[16], uint32_t credential, const uint8_t delegate[16], uint8_t ret[WRAP_AD_SIZE])
{
	memcpy(ret, owner, 16);
	put_u32(ret + 16, credential);
	memcpy(ret + 20, delegate, 16);
}

static int seal(const uint8_t owner[16], uint32_t credential, const struct account *delegate, const struct secrets *secrets, struct buf *out,
	struct error *err)
{
	uint8_t ad[WRAP_AD_SIZE];
	struct buf plain = BUF_INIT(SECRETS_ENCODED_MAX);
	wrap_ad(owner, credential, delegate->id, ad);
	secrets_encode(secrets, &plain);
	int rc = plain.failed ? error_set(err, ERR_LIMIT, "a wrap is too large")
	                      : box_seal(delegate->public_key, WRAP_LABEL, slice_make(ad, sizeof ad), buf_slice(&plain), out, err);
	buf_free_secret(&plain);
	return rc;
}

static int drop_wrap(struct directory *d, const uint8_t owner[16], const uint8_t delegate[16], struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct delegation g;
	int rc = delegation_find(d, owner, delegate, &arena, &g);
	if (rc == 0)
		rc = directory_credential_remove(d, owner, g.credential, WRAP_DELEGATE, err);
	arena_free(&arena);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

int delegation_add(struct directory *d, const uint8_t owner[16], const struct account *delegate, const struct secrets *owner_secrets, int64_t now,
	uint32_t *ret_credential, struct error *err)
{
	char label[DELEGATE_ID_SIZE + 1];
	struct credential c = {.kind = WRAP_DELEGATE, .created = now};
	struct buf wrap = BUF_INIT(WRAP_MAX + BOX_OVERHEAD);
	delegation_id_text(delegate->id, label);
	c.label = slice_str(label);
	memcpy(c.account, owner, sizeof c.account);
	int rc = drop_wrap(d, owner, delegate->id, err);
	if (rc == 0 && directory_credential_count(d, owner, WRAP_DELEGATE) >= DELEGATIONS_MAX)
		rc = error_set(err, ERR_LIMIT, "an account has at most %d delegates", DELEGATIONS_MAX);
	if (rc == 0)
		rc = directory_credential_number(d, &c.id, err);
	if (rc == 0)
		rc = seal(owner, c.id, delegate, owner_secrets, &wrap, err);
	c.wrap = buf_slice(&wrap);
	if (rc == 0)
		rc = directory_credential_add(d, &c, err);
	if (rc == 0)
		*ret_credential = c.id;
	buf_free(&wrap);
	return rc;
}

static bool read_delegation(const struct credential *c, struct delegation *ret)
{
	*ret = (struct delegation){.credential = c->id, .wrap = c->wrap, .created = c->created};
	memcpy(ret->owner, c->account, sizeof ret->owner);
	return id_parse(c->label, ret->delegate);
}

int delegation_list(struct directory *d, const uint8_t account[16], bool given, struct arena *arena, struct delegation ret[DELEGATIONS_MAX])
{
	char label[DELEGATE_ID_SIZE + 1];
	struct credential *rows = arena_alloc_array(arena, DELEGATIONS_MAX, sizeof *rows);
	delegation_id_text(account, label);
	int found = given ? directory_credential_list(d, account, WRAP_DELEGATE, arena, rows, DELEGATIONS_MAX)
	                  : directory_delegations_to(d, slice_str(label), arena, rows, DELEGATIONS_MAX), count = 0;
	for (int i = 0; i < found; i++)
		count += read_delegation(&rows[i], &ret[count]);
	return found < 0 ? found : count;
}

int delegation_find(struct directory *d, const uint8_t owner[16], const uint8_t delegate[16], struct arena *arena, struct delegation *ret)
{
	struct delegation *list = arena_alloc_array(arena, DELEGATIONS_MAX, sizeof *list);
	int count = delegation_list(d, owner, true, arena, list);
	for (int i = 0; i < count; i++) {
		if (memcmp(list[i].delegate, delegate, 16) == 0) {
			*ret = list[i];
			return 0;
		}
	}
	return count < 0 ? count : ERR_NOT_FOUND;
}

int delegation_open(const struct delegation *g, const struct secrets *delegate_secrets, struct secrets *ret, struct error *err)
{
	uint8_t ad[WRAP_AD_SIZE];
	struct buf plain = BUF_INIT(WRAP_MAX);
	wrap_ad(g->owner, g->credential, g->delegate, ad);
	int rc = box_open(delegate_secrets, WRAP_LABEL, slice_make(ad, sizeof ad), g->wrap, &plain, err);
	if (rc == 0)
		rc = secrets_decode(buf_slice(&plain), ret, err);
	buf_free_secret(&plain);
	return rc;
}

static bool is_over(const struct directory_grant *grant, const char *owner)
{
	return grant->scope == AUTH_SCOPE_MAILBOX && slice_eq(grant->value, slice_str(owner));
}

int delegation_remove(struct directory *d, const struct delegation *g, int64_t now, struct error *err)
{
	struct arena arena = ARENA_INIT;
	char owner[DELEGATE_ID_SIZE + 1];
	struct directory_grant *grants = arena_alloc_array(&arena, AUTH_GRANTS_MAX, sizeof *grants);
	int count = directory_grants_of(d, g->delegate, GRANT_ACTIVE, &arena, grants, AUTH_GRANTS_MAX), rc = count < 0 ? count : 0;
	delegation_id_text(g->owner, owner);
	for (int i = 0; i < count && rc == 0; i++)
		if (is_over(&grants[i], owner))
			rc = directory_grant_end(d, grants[i].id, now, err);
	if (rc == 0)
		rc = directory_credential_remove(d, g->owner, g->credential, WRAP_DELEGATE, err);
	arena_free(&arena);
	return rc;
}

int delegation_renew(struct directory *d, const struct delegation *list, size_t count, const struct secrets *owner_secrets, int64_t now,
	struct error *err)
{
	int rc = 0;
	for (size_t i = 0; i < count && rc == 0; i++) {
		struct arena arena = ARENA_INIT;
		struct account delegate;
		uint32_t credential;
		rc = directory_account_get(d, list[i].delegate, &arena, &delegate);
		if (rc == 0)
			rc = delegation_add(d, list[i].owner, &delegate, owner_secrets, now, &credential, err);
		if (rc == ERR_NOT_FOUND)
			rc = 0;
		arena_free(&arena);
	}
	return rc;
}

int delegation_rights(struct directory *d, const struct account *owner, const struct account *delegate, int64_t now, auth_rights *ret)
{
	struct arena arena = ARENA_INIT;
	struct auth_subject subject;
	struct auth_object object = {.department = owner->department, .domain = address_domain_of(owner->address)};
	auth_rights mail = auth_class_rights(AUTH_CLASS_MAIL);
	*ret = 0;
	memcpy(object.account, owner->id, sizeof object.account);
	if (owner->state == ACCOUNT_LEFT)
		mail &= ~(AUTH_BIT(AUTH_MAIL_SEND) | AUTH_BIT(AUTH_MAIL_RECEIVE));
	else if (owner->state != ACCOUNT_ACTIVE)
		mail = 0;
	int rc = delegate->state == ACCOUNT_ACTIVE && mail != 0 ? auth_subject_of(d, delegate, now, &arena, &subject) : ERR_NOT_FOUND;
	for (unsigned i = 0; rc == 0 && i < AUTH_RIGHT_COUNT; i++)
		if ((mail & AUTH_BIT(i)) != 0 && auth_permit(&subject, (enum auth_right)i, &object, now))
			*ret |= AUTH_BIT(i);
	arena_free(&arena);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

int delegation_rights_of(struct directory *d, const struct account *owner, uint32_t credential, int64_t now, auth_rights *ret, uint8_t ret_delegate[16])
{
	struct arena arena = ARENA_INIT;
	struct credential c;
	struct delegation g;
	struct account delegate;
	*ret = 0;
	int rc = directory_credential_get(d, owner->id, credential, &arena, &c);
	if (rc == 0 && (c.kind != WRAP_DELEGATE || !read_delegation(&c, &g)))
		rc = ERR_NOT_FOUND;
	if (rc == 0)
		rc = directory_account_get(d, g.delegate, &arena, &delegate);
	if (rc == 0) {
		memcpy(ret_delegate, g.delegate, 16);
		rc = delegation_rights(d, owner, &delegate, now, ret);
	}
	arena_free(&arena);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

void delegation_revoke(struct directory *d, const struct auth_host *host, const uint8_t delegate[16])
{
	struct arena arena = ARENA_INIT;
	struct delegation *list = arena_alloc_array(&arena, DELEGATIONS_MAX, sizeof *list);
	int count = delegation_list(d, delegate, false, &arena, list);
	for (int i = 0; i < count; i++)
		host->revoke(host->arg, list[i].owner, list[i].credential);
	arena_free(&arena);
}

static bool has_ended(struct directory *d, const struct delegation *g, int64_t now, struct arena *arena, struct account *owner, struct account *delegate)
{
	auth_rights rights = 0;
	if (directory_account_get(d, g->owner, arena, owner) != 0)
		return false;
	int rc = directory_account_get(d, g->delegate, arena, delegate);
	if (rc == ERR_NOT_FOUND)
		return true;
	/* Who is disabled for a time gets it again afterwards. */
	if (rc != 0 || owner->state == ACCOUNT_DISABLED || delegate->state == ACCOUNT_DISABLED)
		return false;
	return delegation_rights(d, owner, delegate, now, &rights) == 0 && rights == 0;
}

static void end_one(struct directory *d, const struct auth_host *host, const struct delegation *g, const struct account *owner,
	const struct account *delegate, int64_t now)
{
	if (directory_begin(d, NULL) == 0 && delegation_remove(d, g, now, NULL) == 0 && directory_commit(d, NULL) == 0) {
		host->revoke(host->arg, g->owner, g->credential);
		if (host->record != NULL)
			host->record(host->arg, EV_RIGHT_LAPSED, (const struct log_field[]){LOG_TEXT("address", delegate->address), LOG_STR("right", "delegate"),
				LOG_TEXT("target", owner->address), LOG_END});
	}
	directory_rollback(d);
}

void delegation_sweep(struct directory *d, const struct auth_host *host, int64_t now)
{
	struct arena arena = ARENA_INIT;
	struct credential *rows = arena_alloc_array(&arena, SWEEP_MAX, sizeof *rows);
	uint32_t after = 0;
	int count;
	do {
		count = directory_delegations_all(d, after, &arena, rows, SWEEP_MAX);
		for (int i = 0; i < count; i++) {
			struct account owner = {0}, delegate = {0};
			struct delegation g;
			after = rows[i].id;
			if (read_delegation(&rows[i], &g) && has_ended(d, &g, now, &arena, &owner, &delegate))
				end_one(d, host, &g, &owner, &delegate, now);
		}
	} while (count == SWEEP_MAX);
	arena_free(&arena);
}
