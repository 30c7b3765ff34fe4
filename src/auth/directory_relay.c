#include "auth/directory_sql.h"

/* Mail of another server cannot be somebody's mailbox here as well. */
static int has_mailboxes(struct directory *d, struct slice domain)
{
	sqlite3_stmt *s = sql_query(d, Q_DOMAIN_HAS_MAILBOX);
	sql_text(s, 1, domain);
	int rc = sql_step(s);
	sql_done(s);
	return rc;
}

static int end_relay(struct directory *d, struct slice domain, struct error *err)
{
	static const enum directory_query all[] = {Q_RELAY_RECIPIENTS_REMOVE, Q_RELAY_SERVER_REMOVE, Q_RELAY_POLICY_REMOVE, Q_RELAY_REMOVE};
	int rc = 0;
	for (int i = 0; i < 4 && rc == 0; i++) {
		sqlite3_stmt *s = sql_query(d, all[i]);
		sql_text(s, 1, domain);
		rc = sql_run(d, s, err);
	}
	return rc;
}

static int set_server(struct directory *d, struct slice domain, const struct directory_relay *relay, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_RELAY_SERVER_SET);
	sql_text(s, 1, domain);
	sql_int(s, 2, relay->client_info);
	sql_text(s, 3, relay->networks);
	return sql_run(d, s, err);
}

int directory_relay_policy_set(struct directory *d, struct slice domain, const struct directory_relay_policy *policy, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_RELAY_POLICY_SET);
	sql_text(s, 1, domain);
	sql_int(s, 2, !policy->unjudged);
	sql_int(s, 3, policy->junk);
	sql_int(s, 4, (int64_t)policy->size_max);
	return sql_run(d, s, err);
}

static void read_networks(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct relay_networks *ret = into;
	ret->domain = sql_get(s, 0, arena);
	ret->networks = sql_get(s, 1, arena);
}

int directory_relay_networks(struct directory *d, struct arena *arena, struct relay_networks *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_RELAY_NETWORKS);
	sql_int(s, 1, (int64_t)max);
	return sql_all(s, read_networks, arena, ret, sizeof *ret);
}

int directory_relay_set(struct directory *d, struct slice domain, const struct directory_relay *relay, struct error *err)
{
	if (relay->host.n == 0)
		return end_relay(d, domain, err);
	int rc = has_mailboxes(d, domain);
	if (rc != 0)
		return rc == 1 ? error_set(err, ERR_CONFLICT, "the domain has mailboxes") : rc;
	sqlite3_stmt *s = sql_query(d, Q_RELAY_SET);
	sql_text(s, 1, domain);
	sql_text(s, 2, relay->host);
	sql_int(s, 3, relay->port);
	sql_int(s, 4, relay->verify);
	sql_int(s, 5, relay->tls_verified);
	rc = sql_run(d, s, err);
	return rc == 0 ? set_server(d, domain, relay, err) : rc;
}
