/* Letters that are passed on to somebody outside: under which reverse-path they go (auth/srs.h), what they are sealed with, and what comes back. */
#include "auth/signer.h"
#include "auth/srs.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "role/auth.h"

static int64_t now_s(const struct auth_process *a)
{
	return moment_unix(loop_now(a->ctx->loop));
}

static void srs_key(const struct auth_process *a, uint8_t ret[SRS_KEY_SIZE])
{
	hash_hkdf(slice_make(directory_lookup_key(a->directory), 32), SLICE_NONE, "letterlock srs", SLICE_NONE, ret, SRS_KEY_SIZE);
}

static struct slice domain_of(struct slice address, struct arena *arena)
{
	struct address parsed;
	return address_parse(address, arena, &parsed) == 0 ? parsed.domain : SLICE_NONE;
}

static bool is_ours(struct auth_process *a, struct slice domain, struct arena *arena)
{
	struct directory_domain row;
	return domain.n > 0 && directory_domain_get(a->directory, domain, arena, &row) == 0;
}

bool auth_leads_outside(const struct resolve_result *result)
{
	for (size_t i = 0; i < result->count; i++)
		if (result->targets[i].outside)
			return true;
	return false;
}

struct recipient_forward auth_forward(struct auth_process *a, const struct resolve_result *result, struct slice by, struct slice reverse_path,
	struct arena *arena)
{
	struct recipient_forward ret = {0};
	struct address ours;
	uint8_t key[SRS_KEY_SIZE];
	if (!auth_leads_outside(result) || reverse_path.n == 0 || address_parse(by, arena, &ours) != 0
	    || !slice_eq(a->ctx->config->forward_rewrite, SLICE("srs")) || is_ours(a, domain_of(reverse_path, arena), arena))
		return ret;
	srs_key(a, key);
	(void)srs_forward(key, reverse_path, ours.domain, now_s(a), arena, &ret.path);
	secret_wipe(key, sizeof key);
	ret.by = address_text(&ours, arena);
	return ret;
}

int auth_passing_sealer(struct auth_process *a, const struct resolve_result *result, struct slice by, struct arena *arena, struct buf *out)
{
	struct slice found;
	bool goes_on = false;
	for (size_t i = 0; i < result->count; i++)
		goes_on |= !result->targets[i].local;
	return goes_on ? signer_fact(a->directory, domain_of(by, arena), a->ctx->config->hostname, a->settings.boot_secret, arena, out, &found) : 0;
}

int auth_returned(struct auth_process *a, struct slice recipient, struct slice reverse_path, struct arena *arena, struct slice *ret)
{
	uint8_t key[SRS_KEY_SIZE];
	struct address to;
	if (address_parse(recipient, arena, &to) != 0 || !srs_is(to.given) || !is_ours(a, to.domain, arena))
		return ERR_NOT_FOUND;
	srs_key(a, key);
	int rc = reverse_path.n > 0 ? ERR_DENIED : srs_reverse(key, to.given, to.domain, now_s(a), arena, ret);
	secret_wipe(key, sizeof key);
	return rc;
}
