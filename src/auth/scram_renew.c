#include "auth/scram_renew.h"

#include <string.h>

#include "auth/factors.h"
#include "base/memory.h"
#include "crypt/crypt.h"

struct renewal {
	struct directory *directory;
	uint8_t account[16];
	uint32_t credential;
	struct buf secrets; /* encoded */
};

/* Beside a second factor the password has none, though it may have had when this began. */
static bool may_have_keys(struct renewal *r)
{
	struct arena arena = ARENA_INIT;
	struct credential password;
	int rc = directory_credential_password(r->directory, r->account, &arena, &password);
	bool may = rc == ERR_NOT_FOUND || (rc == 0 && (password.id != r->credential || auth_factors_exist(r->directory, r->account) == 0));
	arena_free(&arena);
	return may;
}

static void write_rows(struct renewal *r, const struct kek_result *result)
{
	struct secrets secrets = SECRETS_NONE;
	int rc = secrets_decode(buf_slice(&r->secrets), &secrets, NULL);
	if (rc == 0)
		rc = directory_begin(r->directory, NULL);
	if (rc == 0 && !may_have_keys(r))
		rc = ERR_DENIED;
	/* A credential that was removed meanwhile refuses its rows. */
	if (rc == 0 && directory_scram_count(r->directory, r->credential) == 0)
		rc = scram_rows_add(r->directory, r->account, r->credential, result->scram_pepper, result->scram, result->scram_count,
			&secrets, NULL);
	if (rc == 0)
		(void)directory_commit(r->directory, NULL);
	directory_rollback(r->directory);
	secrets_free(&secrets);
}

static void computed(void *arg, int rc, const struct kek_result *result)
{
	struct renewal *r = arg;
	if (rc == 0)
		write_rows(r, result);
	buf_free_secret(&r->secrets);
	memory_free(r);
}

void scram_renew(struct directory *d, struct kek_queue *q, const struct account *account, uint32_t credential,
	const struct slice *texts, size_t count, const struct secrets *secrets)
{
	struct kek_request request = {.text_count = count};
	if (directory_scram_count(d, credential) != 0)
		return;
	struct renewal *r = memory_alloc(sizeof *r);
	*r = (struct renewal){.directory = d, .credential = credential, .secrets = BUF_INIT(SECRETS_ENCODED_MAX)};
	memcpy(r->account, account->id, sizeof r->account);
	secrets_encode(secrets, &r->secrets);
	memcpy(request.owner.account, account->id, sizeof request.owner.account);
	memcpy(request.scram_salt, account->scram_salt, sizeof request.scram_salt);
	for (size_t i = 0; i < count; i++)
		request.texts[i] = texts[i];
	kek_start(q, &request, computed, r);
}
