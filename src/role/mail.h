/*
 * The mail role: a shard of the readers' accounts. The only process that holds account secrets and opens mail for people.
 *
 *   mail.c          the role: requests of others, tickets, administration      mail_account.c  secrets, opening, parking, delivery profile
 *   mail_host.c     what the store of an account asks of us                    mail_arrivals.c what comes from queue
 *   mail_unref.c    what is given back to queue
 *   mail_session.c  IMAP and POP3 over the socket pair to the edge              mail_append.c   APPEND through filter and queue
 *   mail_submit.c   letters that are sent from the mailbox
 *   mail_scheduled.c  letters that were to leave later, once they have
 *   mail_index.c    whose turn it is to be indexed
 *   mail_http.c     HTTP over the socket pairs to web (role/mail_http.h)        mail_jmap.c      what is served there
 *   mail_blob.c     what people upload               mail_transfer.c  upload, download
 *   mail_events.c   event sources, WebSocket       mail_scan.c      attachments before they are opened
 *   mail_use.c      what of the mail a session takes, for the record
 *   mail_push.c     states for push services (role/mail_push.h)
 *   mail_unlearn.c  what was learnt about junk is forgotten
 *   mail_revoke.c   sessions that end because auth says so, mail.remove
 */
#ifndef ROLE_MAIL_H
#define ROLE_MAIL_H

#include "auth/auth.h"
#include "auth/secrets.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "crypt/push.h"
#include "net/conn.h"
#include "role/role.h"
#include "store/account.h"

#define MAIL_ACCOUNT_MAGIC 0x6d616363u
#define MAIL_SESSION_MAGIC 0x6d736573u
#define MAIL_TICKET_MS 60000        /* life of a ticket */
#define MAIL_TICKETS_MAX 10000
#define MAIL_SWEEP_MS 2000
#define MAIL_WARM_MS 3000           /* a command or arrival this lately keeps the memory of the account */
#define MAIL_WARM_MAX 8             /* warm accounts of a shard: bounds the memory for their databases */
#define MAIL_PARK_MS 60000          /* an account without a command for this long closes its database */
#define MAIL_INDEX_WAIT_MS 2000     /* after the last arrival */
#define MAIL_INDEX_STEP_MS 15       /* between two batches */
#define MAIL_INDEX_QUIET_MS 300     /* a session that ran this lately is served first ... */
#define MAIL_INDEX_BUSY_MS 300      /* ... and a batch waits for this, once */
#define MAIL_INDEX_BATCH 25         /* messages; some 6 ms of the loop */
#define MAIL_GATHER_MS 100          /* between two pulls that hints ask for: what arrives meanwhile is filed together */
#define MAIL_RETRY_MS 3000          /* after queue could not be asked */
#define MAIL_UNREF_BATCH 1000
#define MAIL_ALIVE_MS 1000          /* between two signs of life in the middle of long work */
#define MAIL_TIDY_MS 3600000        /* between two looks through trash and bin */
#define MAIL_SLAB_CELLS 32768
#define MAIL_EXCHANGES 256          /* results of X25519 that are kept: filter seals up to 64 records with one ephemeral key */
#define MAIL_BYE_MS 700             /* a revoked session is cut after this */
#define MAIL_SESSIONS_PER_ACCOUNT 200

struct edge;
struct mail_role {
	struct role_context *ctx;
	struct edge *letters;       /* mail_submit.c: what carries letters on their way, as in an edge; it has no connections and asks no names */
	struct map accounts;        /* id -> struct mail_account */
	struct map tickets;         /* id -> struct mail_ticket */
	struct map readers;         /* owner and delegate -> struct mail_reader (role/mail_use.h) */
	struct map broken;          /* id -> struct mail_broken: accounts that could not be opened */
	struct list_node sessions;
	struct list_node people;    /* struct mail_http: who uses JMAP */
	struct list_node visits;    /* struct mail_visits: what they have open of others */
	struct list_node to_index;  /* accounts whose index is not complete, in the order of their turns */
	struct list_node closing;   /* accounts that nothing holds any more */
	struct pack_reader *packs;
	struct kx_cache *exchanges;
	struct timer *sweep, *revalidate, *index, *close;
	struct mail_lessons *lessons; /* mail_lessons.c */
	struct mail_scans *scans;     /* mail_scan.c */
	int64_t ran_ms;             /* when a session ran last */
	bool index_waited;          /* the next batch made way for sessions already */
	size_t session_count, session_total, filed, warm_count;
	int64_t alive_ms;           /* of the last sign of life */
	size_t blob_count;          /* role/mail_blob.h */
	struct map pushed;          /* id -> struct pushed (role/mail_push.c) */
	const uint8_t *push_key;    /* 32 bytes, of a cell of the slab; NULL: nothing is pushed */
	uint8_t push_public[PUSH_PUBLIC_SIZE];
	size_t push_outstanding;
	uint8_t blob_secret[32];    /* makes their ids */
	bool stopping;
	bool trim;                  /* memory was given back to the allocator: the next sweep gives it to the system */
};

/* What `check --store` says of an account that could not be opened, until it opens. */
#define MAIL_BROKEN_MAX 1000
struct mail_broken {
	char login[321];
	char why[300];
};

/* One account with a session or a ticket. Closed soon after nothing holds it; whoever comes before that finds it open. */
struct mail_use;
struct mail_account {
	uint32_t magic;
	struct mail_role *role;
	uint8_t id[16];
	struct slice login;         /* owned */
	struct mail_keys {
		struct secrets secrets;
		uint8_t **pairs;                 /* cells of the slab, as many as secrets */
		struct seal_reader_key *readers;
		struct kx_cache *cache;          /* of the shard */
	} keys;
	struct buf own;             /* MACed fact for APPEND */
	uint64_t quota;
	uint64_t delivered;         /* seq of the newest letter that came and is filed (RFC 8621 1.5) */
	uint64_t sent_state;        /* of the newest change of its submissions that is known here (queue/submission.h) */
	uint64_t scheduled_known;   /* changes of submissions up to there are settled (role/mail_scheduled.h) */
	bool scheduled_looks, scheduled_again;
	struct store_account *store; /* NULL: not opened yet */
	const struct mail_use *at_work; /* of the session whose engine runs now; NULL: none */
	unsigned held;              /* sessions, tickets, requests in flight */
	unsigned sessions;
	size_t gathered;            /* bytes of requests over HTTP that are not whole yet (role/mail_http.h) */
	bool pulling, pull_again, sending_unrefs, profile_dirty, profile_sending, soon;
	struct list_node blobs;     /* uploaded, the oldest first (role/mail_blob.h) */
	size_t blob_count, blob_begun; /* begun: not finished yet */
	uint64_t blob_bytes;
	struct mail_waiter { struct mail_waiter *next; void (*done)(void *arg); void *arg; } *waiters, *ready;
	struct timer *retry, *index, *gather;
	bool learning;              /* letters wait to be learnt from: held until it is done */
	bool comparing;             /* with a ledger that was made anew */
	bool gathering;             /* the timer runs */
	enum store_memory memory;   /* warm ones are counted in warm_count */
	struct list_node index_node, close_node;
	int64_t tidied_ms;          /* when trash and bin were looked through; 0: not yet */
	int64_t pulled_ms;          /* begin of the last pull */
	int64_t used_ms;            /* of the last command, arrival or batch of the index */
	int64_t ran_ms;             /* of the last command or arrival */
};

/* What a session stands on besides its account (ipc/fields.h). */
struct mail_standing {
	uint32_t credential, proof;
	uint8_t delegate[16];       /* zero: the owner */
};

struct mail_ticket {
	ipc_id id;
	struct mail_account *account;
	uint8_t protocol;
	struct mail_standing stands;
	uint64_t rights;
	unsigned reading;           /* enum auth_reading */
	char actor[AUTH_LOGIN_MAX + 1]; /* the delegate's address; empty: the owner */
	int64_t until_ms;
};

static inline int64_t mail_now(const struct mail_role *m)
{
	return loop_now(m->ctx->loop).mono_ms;
}
static inline struct slice mail_id(const uint8_t id[16])
{
	return slice_make(id, 16);
}

/* ---- mail_account.c ---- */
/* Finds or makes the account of a ticket and takes over what it brings. 0 or negative. */
int mail_account_admit(struct mail_role *m, const struct ipc_mail_ticket *ticket, struct mail_account **ret, struct error *err);
struct mail_account *mail_account_find(struct mail_role *m, const uint8_t id[16]);
void mail_account_hold(struct mail_account *a);
/* After the last one the store is closed and the secrets are wiped: one account in a round of the loop, as closing writes to the disk. */
void mail_account_drop(struct mail_account *a);
/* Prepares closing; at the start of the role. */
void mail_account_setup(struct mail_role *m);
void mail_account_log(enum log_event event, const struct mail_account *a, const struct error *err);
/* Opens the store when it is not open. */
int mail_account_open(struct mail_account *a, struct error *err);
void mail_account_touch(struct mail_account *a);
/* A session runs: more of the database is kept in memory until the sweep finds the account unused. */
void mail_account_runs(struct mail_account *a);
/* Warm becomes used when too many are warm. */
void mail_account_memory(struct mail_account *a, enum store_memory memory);
/* Called every MAIL_SWEEP_MS. */
void mail_account_sweep(struct mail_account *a);
/* The delivery profile goes to auth soon. */
void mail_account_profile(struct mail_account *a);

/* The folder of an account, whether or not it is open. */
void mail_account_path(const struct mail_role *m, const uint8_t id[16], char *path, size_t size);

/* ---- mail_host.c ---- */
/* What the store of the account asks of its role. */
struct store_host mail_host(struct mail_account *a);
/* check --store names the account, with the private text of err, until it opens. At most MAIL_BROKEN_MAX are remembered. */
void mail_broken_note(struct mail_account *a, const struct error *err);
void mail_broken_forget(struct mail_account *a);

/* ---- mail_arrivals.c ---- */
/* Once for each account, before the others. */
void mail_arrivals_setup(struct mail_account *a);
/* Asks queue for arrivals behind the cursor and files them. Nothing when the store is not open; a pull that goes on is followed by another one. */
void mail_arrivals_pull(struct mail_account *a);
/* The same, at most once in MAIL_GATHER_MS: for a hint of queue. */
void mail_arrivals_hint(struct mail_account *a);
/* Pulls; done is called from the loop when there are no more arrivals, or queue could not be asked. The account stays until then. */
void mail_arrivals_await(struct mail_account *a, void (*done)(void *arg), void *arg);

/* ---- mail_unref.c ---- */
/* Gives back to queue what the store does not want any more, until nothing is left. When queue cannot be asked: again in MAIL_RETRY_MS. */
void mail_unref_send(struct mail_account *a);
/* Asks queue to want a ref again. done is called once, never from inside: 0, ERR_NOT_FOUND (it has gone), ERR_TEMPORARY. */
void mail_unref_keep(struct mail_account *a, uint64_t seq, void (*done)(void *arg, int code), void *arg);

/* ---- mail_index.c ---- */
void mail_index_start(struct mail_role *m);
/* The account is indexed, and learns what its reader thinks is junk, when its turn comes. */
void mail_index_add(struct mail_account *a);
/* The same, MAIL_INDEX_WAIT_MS after the last of these. */
void mail_index_soon(struct mail_account *a);
/* There is something to learn; the account stays open for it. */
void mail_index_learn(struct mail_account *a);

/* ---- mail.c ---- */
/* Frees the ticket and lets go of its account. */
void mail_ticket_free(struct mail_role *m, struct mail_ticket *t);
/* In the middle of long work: the watchdog hears that the process lives, at most once in MAIL_ALIVE_MS. */
void mail_alive(struct mail_role *m);

/* ---- mail_revoke.c ---- */
void mail_revoke_register(struct mail_role *m);
/* The administrative operation: answers the call when the folder is gone. */
void mail_remove(struct mail_role *m, struct ipc_call *call, struct slice args);

/* ---- mail_lessons.c ---- */
void mail_lessons_start(struct mail_role *m);
const struct bayes *mail_lessons_table(const struct mail_role *m); /* NULL: none is known */
void mail_lessons_teach(struct mail_role *m, const uint8_t account[16], const uint8_t email[16], unsigned want, const struct tokens *tokens);

/* ---- mail_unlearn.c ---- */
void mail_unlearn_register(struct mail_role *m);

/* ---- mail_append.c ---- */
void mail_append_start(struct mail_account *a, struct store_append *append);

/* ---- mail_session.c ---- */
struct mail_session;
/* Takes over the descriptor, also on failure. */
int mail_session_start(struct mail_account *a, const struct mail_ticket *ticket, const struct ipc_mail_attach *request, struct error *err);
/* Does it stand on the credential of the account (0: on the account at all), as owner or as delegate? */
bool mail_stands_on(const struct mail_account *a, const struct mail_standing *s, const uint8_t account[16], uint32_t credential);
/* Says goodbye to the sessions that stand on it (account NULL: to everybody). */
void mail_session_end(struct mail_role *m, const uint8_t *account, uint32_t credential, const char *text);
/* Appends account (16 bytes) and credential (u32) of everything that a session stands on. */
void mail_standing_pairs(const struct mail_account *a, const struct mail_standing *s, struct buf *out);
void mail_session_pairs(struct mail_role *m, struct buf *out);
/* Appends {"cid":…} objects separated by commas. */
void mail_session_list(struct mail_role *m, struct buf *out);

#endif
