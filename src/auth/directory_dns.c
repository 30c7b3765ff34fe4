#include "auth/directory_dns.h"

#include "auth/directory_sql.h"

int directory_dns_set(struct directory *d, struct slice domain, const struct dns_note *note, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_DNS_SET);
	sql_text(s, 1, domain);
	sql_text(s, 2, note->name);
	sql_int(s, 3, note->type);
	sql_int(s, 4, note->muted);
	sql_int(s, 5, note->bad);
	sql_int(s, 6, note->checked);
	return sql_run(d, s, err);
}

int directory_dns_clear(struct directory *d, struct slice domain, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, Q_DNS_CLEAR);
	sql_text(s, 1, domain);
	return sql_run(d, s, err);
}

static void read_row(sqlite3_stmt *s, struct arena *arena, void *into)
{
	*(struct dns_note *)into = (struct dns_note){.name = sql_get(s, 0, arena), .type = (uint16_t)sqlite3_column_int(s, 1),
		.muted = sqlite3_column_int(s, 2) != 0, .bad = (unsigned)sqlite3_column_int(s, 3), .checked = sqlite3_column_int64(s, 4)};
}

int directory_dns_list(struct directory *d, struct slice domain, struct arena *arena, struct dns_note ret[DNS_NOTES_MAX])
{
	sqlite3_stmt *s = sql_query(d, Q_DNS_LIST);
	sql_text(s, 1, domain);
	sql_int(s, 2, DNS_NOTES_MAX);
	return sql_all(s, read_row, arena, ret, sizeof *ret);
}
