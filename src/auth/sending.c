#include "auth/sending.h"

#include <string.h>

#include "auth/resolve.h"
#include "auth/signer.h"

/* Is it the domain of one of these? */
static bool has_domain(const struct slice *addresses, size_t count, struct slice domain)
{
	for (size_t i = 0; i < count; i++)
		if (slice_ends(addresses[i], domain) && addresses[i].n > domain.n && addresses[i].p[addresses[i].n - domain.n - 1] == '@')
			return true;
	return false;
}

/* The keys that sign mail of the domains of these addresses. */
static int sender_keys(struct directory *d, struct arena *arena, struct sender_fact *sender)
{
	int rc = 0;
	sender->keys = arena_alloc_array(arena, SENDING_KEYS_MAX, sizeof *sender->keys);
	for (size_t i = 0; i < sender->address_count && rc >= 0; i++) {
		struct slice domain = slice_from(sender->addresses[i], (size_t)(slice_rfind(sender->addresses[i], '@') + 1));
		rc = has_domain(sender->addresses, i, domain) ? 0 : signer_keys(d, domain, arena, sender, SENDING_KEYS_MAX);
	}
	return rc < 0 ? rc : 0;
}

int sending_facts(struct directory *d, const struct account *account, struct slice actor, const struct auth_login_settings *settings, struct arena *arena,
	struct buf *out, struct slice **ret_addresses, size_t *ret_count)
{
	struct slice *own = arena_alloc_array(arena, SENDING_ADDRESSES_MAX, sizeof *own);
	int count = resolve_own_addresses(d, account, arena, own, SENDING_ADDRESSES_MAX);
	if (count < 0)
		return count;
	struct sender_fact sender = {.login = account->address, .addresses = own, .address_count = (size_t)count, .actor = actor};
	int rc = sender_keys(d, arena, &sender);
	if (rc < 0)
		return rc;
	struct recipient_fact self;
	memcpy(sender.account, account->id, sizeof sender.account);
	auth_account_fact(account, FACT_LOCAL, settings, &self);
	fact_write_sender(out, &sender, settings->boot_secret);
	fact_write_recipient(out, &self, settings->boot_secret);
	*ret_addresses = own;
	*ret_count = (size_t)count;
	return out->failed ? ERR_LIMIT : 0;
}
