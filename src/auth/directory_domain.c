#include "auth/directory_sql.h"

static void read_domain(sqlite3_stmt *s, struct arena *arena, void *into)
{
	struct directory_domain *ret = into;
	ret->name = sql_get(s, 0, arena);
	ret->catch_all = sql_get(s, 1, arena);
	ret->postmaster = sql_get(s, 2, arena);
	ret->accounts = (uint64_t)sqlite3_column_int64(s, 3);
	ret->relay = (struct directory_relay){.host = sql_get(s, 4, arena), .port = (uint16_t)sqlite3_column_int(s, 5)};
	ret->relay.verify = (enum relay_verify)sqlite3_column_int(s, 6);
	ret->relay.tls_verified = sqlite3_column_int(s, 7) != 0;
	ret->relay.client_info = (enum relay_client_info)sqlite3_column_int(s, 8);
	ret->relay.networks = sql_get(s, 9, arena);
	ret->relay.policy = (struct directory_relay_policy){.unjudged = sqlite3_column_type(s, 10) == SQLITE_INTEGER && sqlite3_column_int(s, 10) == 0,
		.junk = (enum relay_junk)sqlite3_column_int(s, 11), .size_max = (uint64_t)sqlite3_column_int64(s, 12)};
}

static int write_domain(struct directory *d, enum directory_query query, const struct directory_domain *domain, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, query);
	sql_text(s, 1, domain->name);
	sql_text(s, 2, domain->catch_all);
	sql_text(s, 3, domain->postmaster);
	return sql_run(d, s, err);
}

int directory_domain_add(struct directory *d, const struct directory_domain *domain, struct error *err)
{
	return write_domain(d, Q_DOMAIN_ADD, domain, err);
}

int directory_domain_set(struct directory *d, const struct directory_domain *domain, struct error *err)
{
	int rc = write_domain(d, Q_DOMAIN_SET, domain, err);
	return rc == 0 && sqlite3_changes(d->db) == 0 ? error_set(err, ERR_NOT_FOUND, "no such domain") : rc;
}

int directory_domain_get(struct directory *d, struct slice name, struct arena *arena, struct directory_domain *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_DOMAIN_GET);
	sql_text(s, 1, name);
	return sql_one(s, read_domain, arena, ret);
}

int directory_domain_remove(struct directory *d, struct slice name, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_DOMAIN_USED);
	sql_text(s, 1, name);
	int rc = sql_step(s);
	sql_done(s);
	if (rc != 0)
		return rc == 1 ? error_set(err, ERR_CONFLICT, "the domain still has addresses") : rc;
	s = sql_query(d, Q_DOMAIN_REMOVE);
	sql_text(s, 1, name);
	rc = sql_run(d, s, err);
	return rc == 0 && sqlite3_changes(d->db) == 0 ? error_set(err, ERR_NOT_FOUND, "no such domain") : rc;
}

int directory_domain_list(struct directory *d, struct slice after, struct arena *arena, struct directory_domain *ret, size_t max)
{
	sqlite3_stmt *s = sql_query(d, Q_DOMAIN_LIST);
	sql_text(s, 1, after);
	sql_int(s, 2, (int64_t)max);
	return sql_all(s, read_domain, arena, ret, sizeof *ret);
}
