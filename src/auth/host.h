/* What auth needs from its process, as functions, so that tests run it without loop and messages. */
#ifndef AUTH_HOST_H
#define AUTH_HOST_H

#include "auth/secrets.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypt/mail_ca.h"

typedef void auth_call_fn(void *arg);
/* mac is NULL when `key` did not answer. */
typedef void auth_hmac_fn(void *arg, const uint8_t *mac);
typedef void auth_ticket_fn(void *arg, bool ok);

struct auth_factor_send;

/* id is NULL when `key` made none. public_key: as mail_key_public gives it. */
typedef void auth_dkim_made_fn(void *arg, const uint8_t *id, struct slice public_key);
/* ok: an answer came, be it empty. records: as trust/facts.h walks over them. */
typedef void auth_dns_fn(void *arg, bool ok, struct slice records);

/* KEY_CA_MAKE: a root, or an issuing authority below the one whose key is `root`. */
struct auth_ca_make { /* borrowed */
	enum mail_ca_algorithm algorithm;
	bool issuing;
	uint8_t root[16];
	struct mail_ca_authority what;
};
/* id is NULL when `key` made none. */
typedef void auth_ca_made_fn(void *arg, const uint8_t *id, struct slice certificate);
/* crl is empty when `key` signed none. */
typedef void auth_ca_crl_fn(void *arg, struct slice crl);

#define DESTRUCTION_TITLE "letterlock certificate of destruction" /* first line of what `sign` signs */

struct auth_ticket { /* MAIL_TICKET; borrowed */
	uint16_t shard;
	uint8_t ticket[16], account[16];
	struct slice login, secrets, own;
	uint64_t quota;
	uint8_t protocol;
	uint32_t credential;
	uint8_t delegate[16]; /* who opened it; zero: the owner */
	uint32_t proof;       /* the delegate's credential */
	uint64_t rights; /* bits of auth/rights.h that the session has */
	struct slice actor; /* the delegate; empty: the owner */
};

struct auth_letter { /* QUEUE_NOTICE; borrowed */
	const char *name;                    /* of ipc/notices.h */
	struct slice language, fact, domain; /* fact: MACed, of the one recipient; domain: whose postmaster writes */
	struct slice signer;                 /* what it is signed with (auth/signer.h); empty: it stays inside */
	struct slice args;                   /* "name=value" lines */
};
typedef void auth_letter_fn(void *arg, bool durable);
/* ok: the queue has done it, to so many messages. */
typedef void auth_contain_fn(void *arg, bool ok, unsigned count);
typedef void auth_unlearn_fn(void *arg, bool done);
/* status: enum admin_status; result: JSON. */
typedef void auth_queue_fn(void *arg, unsigned status, struct slice result);

struct auth_host {
	void *arg;
	struct moment (*now)(void *arg);
	/* HMAC by the role `key` under the key of that label. fn is called once, perhaps at once. */
	void (*hmac)(void *arg, const char *label, struct slice data, auth_hmac_fn *fn, void *fn_arg);
	/* `work` on a thread of the pool, then `done` on the loop. */
	void (*work)(void *arg, auth_call_fn *work, auth_call_fn *done, void *call_arg);
	/* fn after ms milliseconds; cannot be taken back. */
	void (*after)(void *arg, int64_t ms, auth_call_fn *fn, void *fn_arg);
	void (*ticket)(void *arg, const struct auth_ticket *ticket, auth_ticket_fn *fn, void *fn_arg);
	/* A code of a second factor goes out by mail or SMS (auth/factors.h); NULL: nothing can be sent. */
	void (*send_code)(void *arg, const struct auth_factor_send *send);
	/* A letter of the system to a person (auth/notice.h). NULL: none can be written. */
	void (*letter)(void *arg, const struct auth_letter *letter, auth_letter_fn *fn, void *fn_arg);
	/* Holds, releases or drops mail of the account that waits to leave (enum contain_held of auth/contain.h). fn is called once. NULL: no queue. */
	void (*contain)(void *arg, const uint8_t account[16], unsigned held, auth_contain_fn *fn, void *fn_arg);
	/* An administrative operation of the queue (ipc/operations.h), in the name of `subject`. fn is called once. NULL: no queue. */
	void (*queue)(void *arg, struct slice subject, struct slice op, struct slice args, auth_queue_fn *fn, void *fn_arg);
	/* The account got rights back that it had lost (auth/contain.h). NULL: nobody wants to know. */
	void (*freed)(void *arg, const uint8_t account[16]);
	/* Signs a certificate of destruction (role key, Ed25519). False: not now. NULL: never. */
	bool (*sign)(void *arg, struct slice text, uint8_t ret_public[32], uint8_t ret_signature[64]);
	/* A new key pair for DKIM (enum mail_algorithm), made and kept by `key`. fn is called once. */
	void (*dkim_make)(void *arg, uint8_t algorithm, auth_dkim_made_fn *fn, void *fn_arg);
	/* Destroys its private half. */
	void (*dkim_drop)(void *arg, const uint8_t id[16]);
	/* The own authority (auth/authority.h): its keys are made, used and destroyed by `key`. fn is called once, never from inside. */
	void (*ca_make)(void *arg, const struct auth_ca_make *make, auth_ca_made_fn *fn, void *fn_arg);
	void (*ca_crl)(void *arg, const uint8_t key[16], const struct mail_ca_crl *crl, auth_ca_crl_fn *fn, void *fn_arg);
	/* Appends the certificate; waits for it. False: not now, or not so. */
	bool (*ca_issue)(void *arg, const uint8_t key[16], const struct mail_ca_device *device, struct buf *out);
	void (*ca_drop)(void *arg, const uint8_t key[16]);
	/* Those who are shown certificates learn of the authorities anew. */
	void (*ca_changed)(void *arg);
	/* Asks DNS. fn is called once, perhaps at once. */
	void (*look_up)(void *arg, struct slice name, uint16_t type, auth_dns_fn *fn, void *fn_arg);
	/* One typed event of what was decided. */
	void (*record)(void *arg, enum log_event event, const struct log_field *fields);
	/* Ends sessions: of one credential, or of the whole account (credential 0), also where it is a delegate. Within a second, in every protocol. */
	void (*revoke)(void *arg, const uint8_t account[16], uint32_t credential);
	/* The mailbox forgets what it learnt about junk. fn is called once, later: was it taken? NULL: there are no mailboxes. */
	void (*unlearn)(void *arg, const uint8_t account[16], auth_unlearn_fn *fn, void *fn_arg);
};

#endif
