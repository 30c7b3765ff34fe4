#include "role/table.h"

#include <unistd.h>

#include "auth/auth.h"
#include "base/ensure.h"

#define GIB (1ULL << 30)
#define BUCKETS 256u

static const struct role_row rows[ROLE_COUNT] = {
	[ROLE_PARENT] = {0},
	[ROLE_KEY] = {
		.sets = SANDBOX_FILES, .paths = {{ROLE_DIR_KEY, ROLE_WRITES}},
		.limits = {.address_space = 4 * GIB, .file_size = 64 << 20}, .master_key = true, .wipes_freed = true, .stop_rank = 7,
	},
	[ROLE_AUTH] = {
		.sets = SANDBOX_FILES, .password = ROLE_PASSWORD_SSO, .paths = {{ROLE_DIR_DIRECTORY, ROLE_WRITES}},
		.boot_secret = true, .wipes_freed = true, .stop_rank = 5,
	},
	[ROLE_MX] = {
		.sets = SANDBOX_ACCEPT, .services = "smtp", .tls_tickets = true, .stop_rank = 0,
	},
	[ROLE_CLIENT] = {
		.sets = SANDBOX_ACCEPT | SANDBOX_SOCKETPAIR, .services = "submission submissions imap imaps pop3 pop3s managesieve",
		.tls_tickets = true, .wipes_freed = true, .stop_rank = 0,
	},
	[ROLE_RESOLVER] = {
		.sets = SANDBOX_CONNECT | SANDBOX_BIND | SANDBOX_SOCKETPAIR, .dns_zone = true, .limits = {.address_space = 8 * GIB}, .stop_rank = 4,
	},
	[ROLE_FILTER] = {
		.sets = 0, .limits = {.address_space = 8 * GIB}, .boot_secret = true, .stop_rank = 4,
	},
	[ROLE_QUEUE] = {
		.sets = SANDBOX_FILES, .paths = {{ROLE_DIR_SPOOL, ROLE_WRITES}, {ROLE_DIR_PACKS, ROLE_WRITES}},
		.boot_secret = true, .stop_rank = 3,
	},
	[ROLE_RELAY] = {
		.sets = SANDBOX_FILES | SANDBOX_CONNECT, .password = ROLE_PASSWORD_RELAY,
		.paths = {{"/etc/ssl", ROLE_READS}, {"/usr/share/ca-certificates", ROLE_READS}, {"/usr/local/share/ca-certificates", ROLE_READS}},
		.wipes_freed = true, .stop_rank = 2,
	},
	[ROLE_MAIL] = {
		.sets = SANDBOX_FILES | SANDBOX_SOCKETPAIR, .paths = {{ROLE_DIR_ACCOUNTS, ROLE_WRITES_BUCKETS}, {ROLE_DIR_PACKS, ROLE_READS}},
		.stop_rank = 0, /* together with the client edge, to whose connections its sessions say goodbye */
	},
	[ROLE_AUDIT] = {
		.sets = SANDBOX_FILES, .paths = {{ROLE_DIR_AUDIT, ROLE_WRITES}}, .limits = {.address_space = 8 * GIB}, .stop_rank = 6,
	},
	[ROLE_SHIP] = {
		.sets = SANDBOX_FILES | SANDBOX_CONNECT, .password = ROLE_PASSWORD_WEBHOOK, .limits = {.address_space = 4 * GIB},
		.paths = {{"/etc/ssl", ROLE_READS}, {"/usr/share/ca-certificates", ROLE_READS}, {"/usr/local/share/ca-certificates", ROLE_READS}},
		.wipes_freed = true, .stop_rank = 5,
	},
	[ROLE_ADMIN] = {
		.sets = SANDBOX_ACCEPT, .services = "admin", .limits = {.address_space = 4 * GIB}, .wipes_freed = true,
		.stop_rank = 0,
	},
	[ROLE_MANAGE] = {
		.sets = SANDBOX_ACCEPT, .services = "management", .tls_tickets = true, .limits = {.address_space = 4 * GIB},
		.wipes_freed = true, .stop_rank = 0,
	},
	[ROLE_SCAN] = {
		.sets = SANDBOX_CONNECT | SANDBOX_LOCAL, .limits = {.address_space = 8 * GIB}, .stop_rank = 4,
	},
	[ROLE_EXTRACT] = {
		.sets = SANDBOX_FILES | SANDBOX_FORK, .program = "letterlock-extract", .limits = {.address_space = 4 * GIB},
		.paths = {{"/usr/share/fonts", ROLE_READS}, {"/usr/local/share/fonts", ROLE_READS}, {"/usr/share/poppler", ROLE_READS}}, .stop_rank = 4,
	},
	[ROLE_WEB] = {
		.sets = SANDBOX_ACCEPT | SANDBOX_SOCKETPAIR, .services = "http https", .tls_tickets = true, .limits = {.address_space = 4 * GIB},
		.wipes_freed = true, .stop_rank = 0,
	},
	[ROLE_LDAP] = {
		.sets = SANDBOX_FILES | SANDBOX_CONNECT | SANDBOX_SOCKETPAIR, .password = ROLE_PASSWORD_LDAP, .limits = {.address_space = 4 * GIB},
		.paths = {{"/etc/ssl", ROLE_READS}, {"/usr/share/ca-certificates", ROLE_READS}, {"/usr/local/share/ca-certificates", ROLE_READS}},
		.wipes_freed = true, .stop_rank = 3,
	},
	[ROLE_FETCH] = {
		.sets = SANDBOX_FILES | SANDBOX_CONNECT, .limits = {.address_space = 4 * GIB},
		.paths = {{"/etc/ssl", ROLE_READS}, {"/usr/share/ca-certificates", ROLE_READS}, {"/usr/local/share/ca-certificates", ROLE_READS}},
		.wipes_freed = true, .stop_rank = 3,
	},
};

const struct role_row *role_row(enum role role)
{
	ENSURE(role < ROLE_COUNT);
	return &rows[role];
}

static bool listens_for(const struct config *config, enum role role)
{
	for (size_t i = 0; i < config->listen.count; i++)
		if (role_serves(role, config->listen.items[i].service))
			return true;
	return false;
}

static unsigned shards(const struct config *config)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	if (config->workers_mail > 0)
		return (unsigned)config->workers_mail;
	return cores > 0 && cores <= 128 ? 2 * (unsigned)cores : 2;
}

unsigned role_instances(enum role role, const struct config *config)
{
	switch (role) {
	case ROLE_PARENT:
	case ROLE_COUNT:
		return 0;
	case ROLE_MX:
		return (unsigned)config->workers_mx;
	case ROLE_CLIENT:
		return (unsigned)config->workers_client;
	case ROLE_FILTER:
		return (unsigned)config->workers_filter;
	case ROLE_RELAY:
		return (unsigned)config->workers_relay;
	case ROLE_EXTRACT:
		return (unsigned)config->workers_extract;
	case ROLE_MAIL:
		return shards(config);
	case ROLE_KEY:
	case ROLE_AUTH:
	case ROLE_RESOLVER:
	case ROLE_QUEUE:
	case ROLE_ADMIN:
	case ROLE_AUDIT:
	case ROLE_SHIP:
	case ROLE_FETCH:
	case ROLE_LDAP:
	case ROLE_SCAN:
		return 1;
	case ROLE_WEB:
		return listens_for(config, role) ? (unsigned)config->workers_web : 0;
	case ROLE_MANAGE:
		return listens_for(config, role) ? 1 : 0; /* listen needs a restart, so this does not change at a reload */
	}
	UNREACHABLE();
}

bool role_serves(enum role role, struct slice service)
{
	struct slice rest = slice_str(rows[role].services), one;
	while (slice_split(&rest, ' ', &one))
		if (slice_eq(one, service))
			return true;
	return false;
}

/* The buckets of a shard, as auth gives out accounts (auth_shard). */
static size_t add_buckets(struct slice folder, unsigned index, unsigned instances, struct arena *arena, struct sandbox_path *out)
{
	size_t count = 0;
	for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
		if (auth_shard(&(const uint8_t[16]){(uint8_t)bucket}[0], instances) == index)
			out[count++] = (struct sandbox_path){.path = (const char *)arena_printf(arena, "%.*s/%02x", SLICE_ARG(folder), bucket).p, .write = true};
	return count;
}

struct sandbox_policy role_policy(enum role role, unsigned index, const struct config *config, struct arena *arena)
{
	const struct role_row *row = role_row(role);
	struct sandbox_path *paths = arena_alloc_array(arena, ROLE_PATHS_MAX + BUCKETS, sizeof *paths);
	size_t count = 0;
	for (size_t i = 0; i < ROLE_PATHS_MAX && row->paths[i].path != NULL; i++) {
		const char *path = row->paths[i].path;
		struct slice full = path[0] == '/' ? arena_printf(arena, "%s", path) : arena_printf(arena, "%.*s/%s", SLICE_ARG(config->data_dir), path);
		if (row->paths[i].right == ROLE_WRITES_BUCKETS)
			count += add_buckets(full, index, role_instances(role, config), arena, paths + count);
		else
			paths[count++] = (struct sandbox_path){.path = (const char *)full.p, .write = row->paths[i].right == ROLE_WRITES};
	}
	/* Only where there are such files. */
	bool files = role == ROLE_SCAN && config->malware_signature_key.n > 0;
	if (files)
		paths[count++] = (struct sandbox_path){.path = (const char *)arena_printf(arena, "%.*s", SLICE_ARG(config->malware_signature_folder)).p};
	return (struct sandbox_policy){.sets = row->sets | (files ? SANDBOX_FILES : 0), .paths = paths, .path_count = count, .limits = row->limits,
		.best_effort = slice_eq(config->sandbox, SLICE("best-effort"))};
}
