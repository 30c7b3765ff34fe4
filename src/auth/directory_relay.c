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
	static const enum directory_query both[] = {Q_RELAY_RECIPIENTS_REMOVE, Q_RELAY_REMOVE};
	int rc = 0;
	for (int i = 0; i < 2 && rc == 0; i++) {
		sqlite3_stmt *s = sql_query(d, both[i]);
		sql_text(s, 1, domain);
		rc = sql_run(d, s, err);
	}
	return rc;
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
	return sql_run(d, s, err);
}
