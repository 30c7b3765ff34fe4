/* The role scan in parts: what edges ask, and the scanners that answer. Only role/scan*.c include it. */
#ifndef ROLE_SCAN_H
#define ROLE_SCAN_H

#include "base/list.h"
#include "conf/signatures.h"
#include "net/conn.h"
#include "role/role.h"
#include "scan/clamd.h"
#include "scan/icap.h"
#include "scan/partner.h"

#define SCAN_SERVERS_MAX 12
#define SCAN_RUNNING_MAX 10            /* conversations with one scanner at a time; the others wait */
#define SCAN_CONNECT_MS 5000
#define SCAN_REST_MS 5000              /* a scanner that is away is looked for this often, and not asked meanwhile */
#define SCAN_LOOK_MS MINUTES_MS(1)     /* and one that is there */

#define SCAN_STALE_STEP 2              /* of ages: 0 fresh, 1 warned of, 2 stale */

struct scan_role;
struct scan_server;

struct scan_kind {
	const char *name;
	bool letters, parts, partner;      /* what it is asked about; partner: with the envelope (scan/partner.h) */
	bool dated;                        /* its signatures have an age */
	struct talk *(*ask)(struct scan_server *s, struct slice content);        /* NULL for partners */
	struct talk *(*consult)(const struct partner_letter *letter, struct partner_verdict *ret); /* NULL for others */
	struct talk *(*look)(struct scan_server *s);  /* is it there, and how old is what it knows? */
};

/* One scanner of the configuration. */
struct scan_server {
	struct scan_role *role;
	const struct scan_kind *kind;
	struct slice address;              /* a path, or a literal; of the configuration */
	uint16_t port;
	struct icap_service icap;
	bool looked, away;                 /* looked: it is known whether it is there */
	unsigned aged;                     /* 0 fresh, 1 warned, 2 stale: what was told of last */
	struct clamd_version version, fresh; /* fresh: while it is being asked */
	struct list_node waiting;          /* struct scan_job */
	unsigned running;
	bool looking;
	struct timer *look;
	uint64_t asked, found, failed;
};

/* One conversation. */
typedef void scan_job_fn(void *arg, enum scan_result result, struct slice name);
struct scan_job;

struct scan_role {
	struct role_context *ctx;
	struct scan_server *servers[SCAN_SERVERS_MAX];
	size_t server_count;
	unsigned calls;
	uint64_t letters, parts, decoded; /* decoded: bytes in hand */
	struct signature_file own[SIGNATURES_MAX]; /* scan_own.c */
	size_t own_count;
	int64_t own_oldest_s;              /* 0: none that holds */
	unsigned own_bad;                  /* looks in a row that found one whose signature does not hold */
	bool own_unknown;                  /* they could not be read */
};

/* scan_server.c */
void scan_servers_configure(struct scan_role *r);
/* fn is called once, never from inside. content must stay until then. */
void scan_server_ask(struct scan_server *s, struct slice content, scan_job_fn *fn, void *arg);
/* As scan_server_ask, of a partner: SCAN_CLEAN, and *verdict is filled, or SCAN_AWAY. Both must stay until then. */
void scan_server_consult(struct scan_server *s, const struct partner_letter *letter, struct partner_verdict *verdict, scan_job_fn *fn, void *arg);
/* Age of its signatures in seconds; -1: not known. */
int64_t scan_server_age_s(const struct scan_server *s);
/* Is what it knows too old to count? */
bool scan_server_stale(const struct scan_server *s);
/* What is wrong with the age, when something is. */
const char *scan_server_age_problem(const struct scan_server *s);
bool scan_server_away(const struct scan_server *s);

/* scan_own.c */
void scan_own_look(struct scan_role *r);
/* Of the oldest; -1: there is none. */
int64_t scan_own_age_s(const struct scan_role *r);
/* They count with clamd, whose database they are part of: 0 to SCAN_STALE_STEP; without malware.signature_key, and while there are none: 0. */
unsigned scan_own_step(const struct scan_role *r);
/* What is wrong when the step is not 0. */
const char *scan_own_problem(const struct scan_role *r);

#endif
