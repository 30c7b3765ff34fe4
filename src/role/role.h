/*
 * What every role process has in common: one row of role/table.c, one struct role_ops, one life.
 *
 *   exec -> descriptors and configuration from the parent -> start() (open files, warm libraries, register IPC handlers) -> jail closes
 *   -> run() -> loop -> reload() any number of times -> stop() -> role_stopped()
 */
#ifndef ROLE_ROLE_H
#define ROLE_ROLE_H

#include "base/error.h"
#include "conf/config.h"
#include "crypt/tls.h"
#include "ipc/ipc.h"
#include "net/loop.h"

/*
 * The directories below data_dir; the parent makes them (0700, owned by the user of the roles) before any role starts.
 * audit: audit/ rw · key: key/ rw · auth: directory/ rw · queue: spool/ and packs/ rw · mail: accounts/ rw, packs/ ro · all others: none.
 * accounts/ holds the 256 buckets 00 … ff.
 */
#define ROLE_DIR_KEY "key"
#define ROLE_DIR_DIRECTORY "directory"
#define ROLE_DIR_SPOOL "spool"
#define ROLE_DIR_PACKS "packs"
#define ROLE_DIR_ACCOUNTS "accounts"
#define ROLE_DIR_AUDIT "audit"

struct role_context {
	enum role role;
	unsigned index;              /* instance: 0 … instances - 1 */
	struct loop *loop;
	struct ipc *ipc;
	const struct config *config; /* replaced before reload() is called; old ones stay valid for the life of the process */
	const uint8_t *boot_secret;  /* 32 guarded bytes; NULL where the row does not grant it (auth, filter, queue have it) */
	const uint8_t *master_key;   /* 32 guarded bytes; only in key */
	const char *data_dir;        /* absolute; only below it does the jail open what the row names (the directories of ROLE_DIR_*) */
	struct slice tls_chain;      /* PEM, leaf first; empty when none is configured. Replaced before reload() */
	struct slice tls_key;        /* PEM; only in key. Replaced before reload() */
	struct slice tls_ca;         /* PEM of tls.ca; empty: the system's. Replaced before reload() */
	struct slice password;       /* relay: at the smart host; ldap: of ldap.bind; auth: of sso.client. Else empty. Replaced before reload() */
	struct role_tickets {
		uint8_t newer[TLS_TICKET_KEY_SIZE], older[TLS_TICKET_KEY_SIZE];
	} *tls_tickets;              /* NULL where the row does not grant it (mx, client have it). Replaced before tickets() */
	struct slice client_ca;      /* PEM of auth.client_ca; empty: no client certificates. Replaced before reload() */
	struct slice dns_zone;       /* text of the file dns.zone; only in resolver. Replaced before reload() */
	/* Listening descriptors. service: "smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s", "http", "https", "management". */
	struct role_listen {
		const char *service; /* "admin" for the role admin: the Unix socket run_dir/admin.sock */
		int fd;
	} *listens;
	unsigned listen_count;
	struct audit_out *audit;     /* role/audit_out.h; NULL in audit itself */
	void *state;                 /* of the role */
};

struct role_ops {
	int (*start)(struct role_context *ctx, struct error *err);
	void (*run)(struct role_context *ctx);      /* may be NULL */
	void (*reload)(struct role_context *ctx);   /* may be NULL */
	/* Finish what is in hand, then call role_stopped; the parent kills after 10 s. NULL: stops at once. */
	void (*stop)(struct role_context *ctx);
	/* Appends members of a JSON object without the braces ("\"open\":3,\"rows\":7"); may be NULL. */
	void (*status)(struct role_context *ctx, struct buf *out);
	void (*tickets)(struct role_context *ctx);  /* other TLS ticket keys; may be NULL */
};
void role_stopped(struct role_context *ctx);
/* For work that may hold the loop up for long, from time to time: the parent ends a role that does not answer for the time of `watchdog`. */
void role_alive(struct role_context *ctx);

extern const struct role_ops role_key, role_auth, role_mx, role_client, role_resolver, role_filter, role_queue, role_relay, role_mail, role_admin,
	role_manage, role_web, role_fetch, role_ldap, role_scan, role_audit, role_ship, role_extract;
/* What this program does as that role; NULL: another program does it. Every program that runs roles has its own (role/ops.c is that of letterlockd). */
const struct role_ops *role_ops_of(enum role role);

#endif
