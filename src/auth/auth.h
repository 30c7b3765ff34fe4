/* What edge, mail and filter must know of auth: numbers and small formats that travel in messages (ipc/fields.h). */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include "base/buf.h"

/* AUTH_SASL, AUTH_SENDER, AUTH_RECIPIENT. Values never change. */
/* No mechanism of SASL: the token of a browser's session, shown by the role web (auth/mechanism_session.c). */
#define AUTH_MECHANISM_SESSION "LETTERLOCK-SESSION"
#define AUTH_MECHANISM_OTHER "LETTERLOCK-OTHER" /* IPC AUTH_OTHER alone */

enum auth_status {
	AUTH_OK = 0,
	AUTH_CONTINUE = 1,        /* SASL: `data` is the next challenge (it may be empty) */
	AUTH_BAD_CREDENTIALS = 2, /* 535 5.7.8, [AUTHENTICATIONFAILED]; also for unknown names and disabled accounts */
	AUTH_TEMPORARY = 3,       /* 454 4.7.0, [UNAVAILABLE] */
	AUTH_DENIED = 4,          /* the account may not do this */
	AUTH_EXPIRED = 5,         /* 538/535, [EXPIRED] */
	AUTH_THROTTLED = 6,       /* too many failures; 454 4.7.0, [LIMIT] */
	AUTH_INVALID = 7,         /* malformed exchange or unknown mechanism; 501 5.5.2, BAD */
	AUTH_SUSPENDED = 9,       /* AUTH_SENDER: the account may not send at the moment; 550 5.7.1 */
	AUTH_REFUSED = 8,         /* AUTH_RECIPIENT: code, enhanced and text say what to answer (4xx or 5xx); AUTH_MECHANISM_SESSION: it is locked */
};

/* AUTH_SASL.protocol, MAIL_TICKET.protocol, MAIL_ATTACH.protocol. */
enum auth_protocol {
	AUTH_PROTOCOL_SUBMISSION = 1,
	AUTH_PROTOCOL_IMAP = 2,
	AUTH_PROTOCOL_POP3 = 3,
	AUTH_PROTOCOL_SIEVE = 5, /* 4 is the web, which signs in otherwise (auth/directory_device.h) */
	AUTH_PROTOCOL_JMAP = 6,  /* only the role web asks for it */
};
#define AUTH_PROTOCOL_COUNT 7

/* AUTH_SASL.tls. */
enum auth_tls {
	AUTH_TLS_NONE = 0,
	AUTH_TLS_ON = 1,
	AUTH_TLS_BINDING = 2, /* TLS, and SCRAM-SHA-256-PLUS was offered: a client that says otherwise was lied to (RFC 5802 6) */
};

/* AUTH_SIEVE.op. Values never change. */
enum auth_sieve_op {
	AUTH_SIEVE_CHECK = 1,    /* text */
	AUTH_SIEVE_SPACE = 2,    /* name, size */
	AUTH_SIEVE_PUT = 3,      /* name, text */
	AUTH_SIEVE_LIST = 4,     /* result: u8 active, u32 length and bytes of the name, for each */
	AUTH_SIEVE_ACTIVATE = 5, /* name; empty: none */
	AUTH_SIEVE_GET = 6,      /* name; result: the script */
	AUTH_SIEVE_DELETE = 7,   /* name */
	AUTH_SIEVE_RENAME = 8,   /* name; text: the new one */
	AUTH_SIEVE_END = 9,      /* the session is over */
	AUTH_SIEVE_ROWS = 10,    /* result: u8 active, u32 bytes, u64 changed (unix seconds), u32 length and bytes of the name, for each */
};
/* What a person is told; the codes of RFC 5804 1.3. */
enum sieve_result {
	SIEVE_OK = 0,
	SIEVE_REFUSED,       /* the script or name is wrong: text says why */
	SIEVE_NONEXISTENT, SIEVE_ALREADYEXISTS,
	SIEVE_ACTIVE_STAYS,  /* the active one is not deleted */
	SIEVE_TOO_MANY, SIEVE_TOO_LONG,
	SIEVE_LATER,         /* the directory cannot be read or written */
};
/* AUTH_SIEVE.status: one of these, or: */
#define AUTH_SCRIPTS_MAX 200     /* accounts of one AUTH_SCRIPTS */
#define AUTH_SIEVE_GONE 100      /* the session does not stand any more */

/* AUTH_REVALIDATE. */
enum auth_verdict {
	AUTH_VERDICT_GOES_ON = 0,
	AUTH_VERDICT_GONE = 1, /* no such account, disabled, or without that credential */
	AUTH_VERDICT_UNKNOWN = 2, /* the directory cannot be read */
};
#define AUTH_PAIR_SIZE 20

#define AUTH_LOGIN_MAX 320     /* bytes of a sign-in name: local part 64, "@", domain 255 */
#define AUTH_SASL_DATA_MAX 8192 /* bytes of one decoded SASL message */

/* AUTH_RECIPIENT.dsn: NOTIFY and ORCPT as given (RFC 3461 4.1, 4.2). An empty `dsn` means neither. */
void auth_dsn_encode(struct slice notify, struct slice orcpt, struct buf *out);
bool auth_dsn_decode(struct slice data, struct slice *ret_notify, struct slice *ret_orcpt);

/*
 * Which channel binding an initial SCRAM message asks for: "p=tls-exporter,,n=…" gives "tls-exporter" (RFC 5802 7). edge puts the type
 * and tls_channel_binding() of it into AUTH_SASL.binding_type and .binding of the same request;
 * false (send both empty) for any other message.
 */
bool auth_binding_wanted(struct slice message, struct slice *ret_type);

/* The shard that owns an account: its buckets are a range of the first byte. shards: at least 1. */
static inline uint16_t auth_shard(const uint8_t account[16], unsigned shards)
{
	return (uint16_t)(account[0] * shards / 256);
}

/*
 * The delivery profile of AUTH_PROFILE: version 2, mailbox names (UTF-8, "/" as separator, INBOX need not be there), each with its special uses
 * (separated by spaces). Version 1 had names only.
 * mail sends it when the first session of an account begins and when a name changes.
 */
#define AUTH_PROFILE_MAX 65000
#define AUTH_PROFILE_MAILBOXES_MAX 10000
void auth_profile_begin(struct buf *out);
void auth_profile_mailbox(struct buf *out, struct slice name, struct slice special_use);
struct auth_profile { struct slice rest; uint8_t version; };
bool auth_profile_start(struct slice profile, struct auth_profile *ret);
/* False at the end. */
bool auth_profile_next(struct auth_profile *p, struct slice *ret_name, struct slice *ret_special_use);
bool auth_profile_valid(struct slice profile);
/* The name in the profile that equals `name` exactly, else without regard to ASCII case; empty: none. */
struct slice auth_profile_find(struct slice profile, struct slice name);

#endif
