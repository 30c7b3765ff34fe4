#include "auth/directory_device.h"

#include <stdio.h>
#include <string.h>

#include "auth/directory_sql.h"
#include "net/address.h"

#include <netinet/in.h>

#define DAY_S INT64_C(86400)

static const char *const protocol_names[ACCESS_PROTOCOL_COUNT] = {"", "submission", "imap", "pop3", "web", "sieve", "jmap"};
static const char *const state_names[] = {"none", "pending", "approved", "blocked"};

const char *access_protocol_name(unsigned protocol)
{
	return protocol < ACCESS_PROTOCOL_COUNT ? protocol_names[protocol] : "";
}

bool access_protocol_parse(struct slice name, unsigned *ret)
{
	for (unsigned i = 1; i < ACCESS_PROTOCOL_COUNT; i++)
		if (slice_eq(name, slice_str(protocol_names[i]))) {
			*ret = i;
			return true;
		}
	return false;
}

const char *device_state_name(enum device_state state)
{
	return (unsigned)state < sizeof state_names / sizeof state_names[0] ? state_names[state] : "";
}

bool device_state_parse(struct slice name, enum device_state *ret)
{
	for (unsigned i = 0; i < sizeof state_names / sizeof state_names[0]; i++)
		if (slice_eq(name, slice_str(state_names[i]))) {
			*ret = (enum device_state)i;
			return true;
		}
	return false;
}

/* ---- devices ---- */

static int count_devices(struct directory *d, const uint8_t account[16])
{
	sqlite3_stmt *s = sql_query(d, Q_DEVICE_COUNT);
	sql_blob(s, 1, account, 16);
	int rc = sql_step(s), count = rc == 1 ? sqlite3_column_int(s, 0) : rc;
	sql_done(s);
	return count;
}

static bool is_zero(const uint8_t hash[DEVICE_HASH_SIZE])
{
	static const uint8_t zero[DEVICE_HASH_SIZE];
	return memcmp(hash, zero, sizeof zero) == 0;
}

int directory_device_add(struct directory *d, struct device *device, struct error *err)
{
	int count = count_devices(d, device->account);
	if (count < 0)
		return error_set(err, ERR_IO, "directory.db: %s", sqlite3_errmsg(d->db));
	if (count >= DEVICES_MAX)
		return error_set(err, ERR_LIMIT, "the account has %d devices", count);
	sqlite3_stmt *s = sql_query(d, Q_DEVICE_ADD);
	sql_blob(s, 1, device->account, sizeof device->account);
	sql_text(s, 2, device->name);
	sql_int(s, 3, device->state);
	sql_text(s, 4, device->proven);
	sql_text(s, 5, device->claimed);
	sql_blob(s, 6, device->fingerprint, sizeof device->fingerprint);
	sql_blob(s, 7, device->lookup, is_zero(device->lookup) ? 0 : sizeof device->lookup);
	sql_int(s, 8, device->created);
	sql_text(s, 9, device->address);
	sql_int(s, 10, device->protocol);
	sql_text(s, 11, device->approver);
	return sql_run_returning(d, s, &device->id, err);
}

static void read_device(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct device *ret = into;
	*ret = (struct device){.id = (uint32_t)sqlite3_column_int64(s, 0), .name = sql_get(s, 2, arena),
		.state = (enum device_state)sqlite3_column_int(s, 3), .proven = sql_get(s, 4, arena), .claimed = sql_get(s, 5, arena),
		.created = sqlite3_column_int64(s, 7), .used = sqlite3_column_int64(s, 8), .address = sql_get(s, 9, arena),
		.protocol = (unsigned)sqlite3_column_int(s, 10), .approver = sql_get(s, 11, arena)};
	sql_get_fixed(s, 1, ret->account, sizeof ret->account);
	sql_get_fixed(s, 6, ret->fingerprint, sizeof ret->fingerprint);
}

static int one_device(sqlite3_stmt *s, struct arena *arena, struct device *ret)
{
	return sql_one(s, read_device, arena, ret);
}

static int all_devices(sqlite3_stmt *s, struct arena *arena, struct device *ret)
{
	return sql_all(s, read_device, arena, ret, sizeof *ret);
}

int directory_device_get(struct directory *d, uint32_t id, struct arena *arena, struct device *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_DEVICE_GET);
	sql_int(s, 1, id);
	return one_device(s, arena, ret);
}

int directory_device_find(struct directory *d, const uint8_t account[16], const uint8_t lookup[DEVICE_HASH_SIZE], struct arena *arena,
	struct device *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_DEVICE_FIND);
	sql_blob(s, 1, lookup, DEVICE_HASH_SIZE);
	sql_blob(s, 2, account, 16);
	return one_device(s, arena, ret);
}

int directory_device_list(struct directory *d, const uint8_t account[16], struct arena *arena, struct device *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_DEVICE_LIST);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, (int64_t)max);
	return all_devices(s, arena, ret);
}

int directory_device_all(struct directory *d, enum device_state state, uint32_t after, struct arena *arena, struct device *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, state == DEVICE_NONE ? Q_DEVICE_ALL : Q_DEVICE_WAITING);
	int at = 1;
	if (state != DEVICE_NONE)
		sql_int(s, at++, state);
	sql_int(s, at++, after);
	sql_int(s, at, (int64_t)max);
	return all_devices(s, arena, ret);
}

int directory_device_set(struct directory *d, const struct device *device, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_DEVICE_SET);
	sql_int(s, 1, device->id);
	sql_text(s, 2, device->name);
	sql_int(s, 3, device->state);
	sql_text(s, 4, device->claimed);
	sql_blob(s, 5, device->fingerprint, sizeof device->fingerprint);
	sql_text(s, 6, device->approver);
	return sql_run(d, s, err);
}

int directory_device_remove(struct directory *d, uint32_t id, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_DEVICE_REMOVE);
	sql_int(s, 1, id);
	return sql_run(d, s, err);
}

/* ---- rules of credentials ---- */

static void read_rule(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct credential_rule *ret = into;
	*ret = (struct credential_rule){.credential = (uint32_t)sqlite3_column_int64(s, 0), .device = (uint32_t)sqlite3_column_int64(s, 2),
		.protocols = (unsigned)sqlite3_column_int(s, 3), .networks = sql_get(s, 4, arena), .ends = sqlite3_column_int64(s, 5),
		.used = sqlite3_column_int64(s, 6), .address = sql_get(s, 7, arena), .uses = (uint64_t)sqlite3_column_int64(s, 8),
		.state = (enum device_state)sqlite3_column_int(s, 9), .device_created = sqlite3_column_int64(s, 10),
		.approver = sql_get(s, 11, arena), .claimed = sql_get(s, 12, arena)};
	sql_get_fixed(s, 1, ret->account, sizeof ret->account);
}

int directory_rule_get(struct directory *d, uint32_t credential, struct arena *arena, struct credential_rule *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_RULE_GET);
	sql_int(s, 1, credential);
	return sql_one(s, read_rule, arena, ret);
}

int directory_rule_set(struct directory *d, const struct credential_rule *rule, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_RULE_SET);
	sql_int(s, 1, rule->credential);
	sql_blob(s, 2, rule->account, sizeof rule->account);
	sql_int(s, 3, rule->device);
	sql_int(s, 4, rule->protocols);
	sql_text(s, 5, rule->networks);
	sql_int(s, 6, rule->ends);
	return sql_run(d, s, err);
}

int directory_rule_remove(struct directory *d, uint32_t credential, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_RULE_REMOVE);
	sql_int(s, 1, credential);
	return sql_run(d, s, err);
}

int directory_rule_list(struct directory *d, uint32_t device, struct arena *arena, struct credential_rule *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_RULE_LIST);
	sql_int(s, 1, device);
	sql_int(s, 2, (int64_t)max);
	return sql_all(s, read_rule, arena, ret, sizeof *ret);
}

int directory_credential_kind(struct directory *d, const uint8_t account[16], uint32_t id, struct arena *arena, unsigned *ret_kind,
	struct slice *ret_label)
{
	sqlite3_stmt *s = sql_query(d, Q_CREDENTIAL_WHAT);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, id);
	int rc = sql_step(s);
	if (rc == 1) {
		*ret_kind = (unsigned)sqlite3_column_int(s, 0);
		*ret_label = sql_get(s, 1, arena);
	}
	sql_done(s);
	return rc == 1 ? 0 : rc == 0 ? ERR_NOT_FOUND : rc;
}

int directory_credential_drop(struct directory *d, const uint8_t account[16], uint32_t id, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_CREDENTIAL_DROP);
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, id);
	return sql_run(d, s, err);
}

int directory_sessions_of_device(struct directory *d, const uint8_t account[16], uint32_t device, uint32_t *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_SESSION_OF_DEVICE);
	int rc, count = 0;
	sql_blob(s, 1, account, 16);
	sql_int(s, 2, device);
	sql_int(s, 3, (int64_t)max);
	while ((rc = sql_step(s)) == 1)
		ret[count++] = (uint32_t)sqlite3_column_int64(s, 0);
	sql_done(s);
	return rc < 0 ? rc : count;
}

/* ---- sign-ins ---- */

static bool is_this_machine(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24 == 127;
	return a->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)a)->sin6_addr);
}

struct slice directory_place_of(struct slice address, char *text)
{
	struct sockaddr_storage parsed;
	char whole[ADDRESS_TEXT_MAX];
	if (net_address_parse(address, 0, &parsed) == 0)
		return SLICE_NONE;
	if (is_this_machine(&parsed))
		return SLICE("127.0.0.0/24");
	bool v4 = slice_find(address_format(&parsed, whole), ':') < 0;
	if (parsed.ss_family == AF_INET) {
		((struct sockaddr_in *)&parsed)->sin_addr.s_addr &= htonl(0xffffff00);
	} else {
		struct in6_addr *a = &((struct sockaddr_in6 *)&parsed)->sin6_addr;
		size_t keep = v4 ? 15 : 6;
		memset(a->s6_addr + keep, 0, sizeof a->s6_addr - keep);
	}
	(void)snprintf(text, 64, "%.*s/%s", SLICE_ARG(address_format(&parsed, whole)), v4 ? "24" : "48");
	return slice_str(text);
}

static int note_use(struct directory *d, const struct signin *s, struct error *err)
{
	char text[64];
	struct slice place = directory_place_of(s->address, text);
	sqlite3_stmt *q = sql_query(d, Q_ACCOUNT_USED);
	sql_blob(q, 1, s->account, sizeof s->account);
	sql_int(q, 2, s->time);
	int rc = sql_run(d, q, err);
	if (rc == 0 && place.n > 0) {
		q = sql_query(d, Q_PLACE_USED);
		sql_blob(q, 1, s->account, sizeof s->account);
		sql_text(q, 2, place);
		sql_int(q, 3, s->time);
		rc = sql_run(d, q, err);
	}
	if (rc == 0) {
		q = sql_query(d, Q_DAY_USED);
		sql_blob(q, 1, s->account, sizeof s->account);
		sql_int(q, 2, s->time / DAY_S);
		sql_int(q, 3, INT64_C(1) << (s->time % DAY_S / 3600));
		rc = sql_run(d, q, err);
	}
	if (rc == 0 && s->device != 0) {
		q = sql_query(d, Q_DEVICE_USED);
		sql_int(q, 1, s->device);
		sql_int(q, 2, s->time);
		sql_text(q, 3, s->address);
		sql_int(q, 4, s->protocol);
		rc = sql_run(d, q, err);
	}
	if (rc == 0 && s->credential != 0) {
		q = sql_query(d, Q_RULE_USED);
		sql_int(q, 1, s->credential);
		sql_blob(q, 2, s->account, sizeof s->account);
		sql_int(q, 3, s->time);
		sql_text(q, 4, s->address);
		rc = sql_run(d, q, err);
	}
	return rc;
}

int directory_signin_add(struct directory *d, const struct signin *s, struct error *err)
{
	sqlite3_stmt *q = sql_query(d, Q_SIGNIN_ADD);
	sql_blob(q, 1, s->account, sizeof s->account);
	sql_int(q, 2, s->time);
	sql_text(q, 3, s->address);
	sql_int(q, 4, s->protocol);
	sql_int(q, 5, s->device);
	sql_int(q, 6, s->credential);
	sql_text(q, 7, s->client);
	sql_int(q, 8, s->factors);
	sql_int(q, 9, s->risk);
	sql_int(q, 10, s->outcome);
	sql_text(q, 11, s->rule);
	int rc = sql_run(d, q, err);
	return rc == 0 && s->outcome == SIGNIN_OK ? note_use(d, s, err) : rc;
}

static void read_signin(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct signin *ret = into;
	*ret = (struct signin){.id = (uint64_t)sqlite3_column_int64(s, 0), .time = sqlite3_column_int64(s, 2), .address = sql_get(s, 3, arena),
		.protocol = (unsigned)sqlite3_column_int(s, 4), .device = (uint32_t)sqlite3_column_int64(s, 5),
		.credential = (uint32_t)sqlite3_column_int64(s, 6), .client = sql_get(s, 7, arena), .factors = (unsigned)sqlite3_column_int(s, 8),
		.risk = (unsigned)sqlite3_column_int(s, 9), .outcome = (enum signin_outcome)sqlite3_column_int(s, 10), .rule = sql_get(s, 11, arena)};
	sql_get_fixed(s, 1, ret->account, sizeof ret->account);
}

int directory_signin_list(struct directory *d, const uint8_t *account, int64_t since, uint64_t before, struct arena *arena, struct signin *ret,
	size_t max)
{
	sqlite3_stmt *s = sql_query(d, account != NULL ? Q_SIGNIN_LIST : Q_SIGNIN_ALL);
	if (account != NULL)
		sql_blob(s, 1, account, 16);
	else
		sql_int(s, 1, since);
	sql_int(s, 2, before > INT64_MAX ? INT64_MAX : (int64_t)before);
	sql_int(s, 3, (int64_t)max);
	return sql_all(s, read_signin, arena, ret, sizeof *ret);
}

int directory_place_known(struct directory *d, const uint8_t account[16], struct slice network)
{
	sqlite3_stmt *s = sql_query(d, Q_PLACE_HAS);
	sql_blob(s, 1, account, 16);
	sql_text(s, 2, network);
	int rc = sql_step(s), known = rc == 1 ? sqlite3_column_type(s, 0) == SQLITE_NULL || sqlite3_column_int(s, 0) != 0 : rc;
	sql_done(s);
	return known;
}

static int run_with_time(struct directory *d, enum directory_query query, int64_t time, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, query);
	sql_int(s, 1, time);
	return sql_run(d, s, err);
}

int directory_signin_expire(struct directory *d, int64_t now, struct error *err)
{
	int rc = run_with_time(d, Q_SIGNIN_EXPIRE, now - SIGNIN_DAYS * DAY_S, err);
	if (rc == 0)
		rc = run_with_time(d, Q_DAY_EXPIRE, now / DAY_S - SIGNIN_DAYS, err);
	if (rc == 0)
		rc = run_with_time(d, Q_PLACE_EXPIRE, now - PLACE_DAYS * DAY_S, err);
	return rc == 0 ? sql_run(d, sql_query(d, Q_RULE_FORGET), err) : rc;
}

int directory_client_report(struct directory *d, struct arena *arena, struct client_use *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_CLIENT_REPORT);
	int rc, count = 0;
	sql_int(s, 1, (int64_t)max);
	while ((rc = sql_step(s)) == 1)
		ret[count++] = (struct client_use){sql_get(s, 0, arena), (unsigned)sqlite3_column_int(s, 1), (uint64_t)sqlite3_column_int64(s, 2),
			(uint64_t)sqlite3_column_int64(s, 3), sqlite3_column_int64(s, 4)};
	sql_done(s);
	return rc < 0 ? rc : count;
}
