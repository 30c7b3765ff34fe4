/*
 * Signing in: SASL exchanges from first message to ticket. The network side (edge) sends each client message as one step; everything that
 * takes time (Argon2id, the answer of `key`, the delay after a failure, the ticket) goes through struct auth_host.
 */
#ifndef AUTH_LOGIN_H
#define AUTH_LOGIN_H

#include "auth/auth.h"
#include "auth/directory.h"
#include "auth/host.h"
#include "auth/kek.h"
#include "store/fact.h"

#define LOGIN_EXCHANGES_MAX 20000      /* open at once */
#define LOGIN_EXCHANGE_MS MINUTES_MS(2) /* from first to last message */

struct auth_login;

struct auth_login_settings {
	uint64_t failures_per_minute; /* of one address */
	uint64_t failures_per_network;
	uint64_t free_failures;       /* of an account, before they get slower */
	int64_t failure_delay_ms;
	unsigned shards;
	uint64_t quota;               /* default of an account, 0: none */
	struct password_cost cost;    /* of the hash that unknown names pay */
	bool scram_passwords;         /* SCRAM also with passwords that people chose (auth.scram) */
	int64_t password_age_ms;      /* then a password that a person chose must be changed, 0: never */
	bool tokens;                  /* OAUTHBEARER and XOAUTH2 (auth.oauth) */
	bool certificates;            /* client certificates of others than our own authority (auth.client_ca) */
	struct slice oauth_issuer;    /* of our own authorization server, for the answers of OAUTHBEARER; must stay; empty: none */
	const uint8_t *boot_secret;   /* FACT_SECRET_SIZE bytes, for the facts */
};

/* Keeps `directory`, `queue` and boot_secret by pointer. */
struct auth_login *auth_login_create(struct directory *directory, const struct auth_host *host, struct kek_queue *queue,
                                     const struct auth_login_settings *settings);
void auth_login_destroy(struct auth_login **login); /* nothing may be running */
void auth_login_configure(struct auth_login *login, const struct auth_login_settings *settings);

struct auth_ldap;
/* Passwords of LDAP people are asked about there (auth/ldap.h). Kept by pointer. */
void auth_login_ldap(struct auth_login *login, struct auth_ldap *ldap);
struct external;
/* Tokens of this issuer are taken as well (auth/external.h). Kept by pointer; NULL: no more. */
void auth_login_external(struct auth_login *login, struct external *external);

/* For AUTH_MECHANISM_OTHER, whose one message is the account's secrets: `account`, signed in by `credential`, opens the mailbox of `owner`. */
struct auth_other {
	uint8_t account[16], owner[16];
	uint32_t credential;
};

struct auth_step { /* borrowed */
	uint32_t sender;        /* who sends it; the steps of an exchange come from one sender */
	uint64_t session;       /* 0: begins an exchange */
	enum auth_protocol protocol;
	enum auth_tls tls;
	struct slice address, mechanism, binding_type, binding, data;
	const struct auth_other *other; /* NULL: an edge asks */
};

struct auth_step_result { /* borrowed, valid during the callback */
	enum auth_status status;
	uint64_t session;       /* AUTH_CONTINUE: for the next step */
	struct slice data;      /* challenge, or what the mechanism says at success */
	uint8_t account[16];
	struct slice login;     /* the account's address; at failure the name that was tried (for the log), if it looks like one */
	struct slice actor;     /* the delegate who signed in for this account; empty: nobody */
	uint32_t credential;    /* of the account; of a delegate: the delegation */
	uint8_t delegate[16];   /* the actor's account; zero: nobody */
	uint32_t proof;         /* the actor's credential */
	uint16_t shard;
	uint8_t ticket[16];
	struct slice sender;    /* sender fact, then a recipient fact of the account itself */
	const char *mechanism;
	const char *reason;     /* for the log only */
};
typedef void auth_step_fn(void *arg, const struct auth_step_result *result);

/* fn is called exactly once, perhaps before this returns. */
void auth_login_step(struct auth_login *login, const struct auth_step *step, auth_step_fn *fn, void *arg);

struct access;
/* What decides after the proof; owned by the login. */
struct access *auth_login_access(struct auth_login *login);
/* For other ways to try a password. */
struct throttle *auth_login_throttle(struct auth_login *login);
unsigned auth_login_exchanges(const struct auth_login *login);

/* The recipient fact of an account: where its mail goes. kind: FACT_LOCAL or FACT_OWN. */
void auth_account_fact(const struct account *account, enum fact_kind kind, const struct auth_login_settings *settings,
	struct recipient_fact *ret);

#endif
