#include "auth/outgoing.h"

#include "auth/signer.h"
#include "net/prefix.h"

#define KEYS_MAX 100

static bool holds(struct slice networks, struct slice address)
{
	struct slice prefix;
	while (slice_split(&networks, ' ', &prefix))
		if (net_prefix_holds(prefix, address))
			return true;
	return false;
}

/* The domains of the client's networks; the count or negative. */
static int domains_of(struct directory *d, struct slice address, struct arena *arena, struct slice *ret)
{
	struct relay_networks *all = arena_alloc_array(arena, RELAY_NETWORK_DOMAINS_MAX, sizeof *all);
	int count = directory_relay_networks(d, arena, all, RELAY_NETWORK_DOMAINS_MAX), found = 0;
	for (int i = 0; i < count && found < OUTGOING_DOMAINS_MAX; i++)
		if (holds(all[i].networks, address))
			ret[found++] = all[i].domain;
	return count < 0 ? count : found;
}

static bool may_use(const struct slice *domains, int count, struct slice reverse_path, struct arena *arena)
{
	struct address a;
	if (reverse_path.n == 0)
		return count > 0;
	if (address_parse(reverse_path, arena, &a) != 0)
		return false;
	for (int i = 0; i < count; i++)
		if (slice_eq(domains[i], a.domain))
			return true;
	return false;
}

int outgoing_fact(struct directory *d, struct slice address, struct slice reverse_path, const uint8_t secret[FACT_SECRET_SIZE], struct arena *arena,
	struct buf *out)
{
	struct slice *domains = arena_alloc_array(arena, OUTGOING_DOMAINS_MAX, sizeof *domains);
	int count = domains_of(d, address, arena, domains), rc = 0;
	if (count <= 0 || !may_use(domains, count, reverse_path, arena))
		return count < 0 ? count : 0;
	struct sender_fact sender = {.addresses = domains, .address_count = (size_t)count, .keys = arena_alloc_array(arena, KEYS_MAX, sizeof *sender.keys)};
	for (int i = 0; i < count && rc == 0; i++) {
		rc = signer_keys(d, domains[i], arena, &sender, KEYS_MAX);
		domains[i] = arena_printf(arena, "@%.*s", SLICE_ARG(domains[i]));
	}
	if (rc < 0)
		return rc;
	fact_write_sender(out, &sender, secret);
	return out->failed ? ERR_LIMIT : 1;
}
