/*
 * The server side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677) as plain functions over messages. No I/O, no secrets kept:
 * the caller looks the keys up and tries the proof on each.
 */
#ifndef AUTH_SCRAM_H
#define AUTH_SCRAM_H

#include "base/arena.h"
#include "base/buf.h"

#define SCRAM_KEY_SIZE 32
#define SCRAM_MESSAGE_MAX 4096
#define SCRAM_NONCE_MAX 512 /* of the client */

struct scram {
	struct arena *arena;
	struct slice header;       /* gs2-header as sent */
	struct slice authzid, name; /* decoded */
	struct slice first_bare;   /* client-first-message-bare */
	struct slice server_first;
	struct slice nonce;        /* both halves */
	struct slice binding;      /* channel binding data when the header asks for it */
	uint8_t proof[SCRAM_KEY_SIZE];
	struct slice auth_message;
};

/* What is known of the channel. */
struct scram_channel {
	bool plus;             /* the mechanism is SCRAM-SHA-256-PLUS */
	bool offered;          /* the -PLUS mechanism was offered */
	struct slice type, data; /* binding that edge took from TLS; empty: none */
};

/* client-first-message. 0, ERR_INVALID (malformed), ERR_DENIED (binding missing, of a foreign type, or a downgrade). Copies into
 * the arena. */
int scram_client_first(struct scram *s, struct arena *arena, struct slice message, const struct scram_channel *channel);
/* Makes server-first-message: in s->server_first. server_nonce: printable ASCII without comma. */
void scram_server_first(struct scram *s, struct slice salt, uint32_t iterations, struct slice server_nonce);
/* client-final-message: checks nonce and binding, takes the proof. 0, ERR_INVALID, ERR_DENIED. */
int scram_client_final(struct scram *s, struct slice message);
/* Does the proof fit? Then ret_client_key is ClientKey. Constant time. */
bool scram_try(const struct scram *s, const uint8_t stored_key[SCRAM_KEY_SIZE], uint8_t ret_client_key[SCRAM_KEY_SIZE]);
/* "v=…" */
void scram_server_final(const struct scram *s, const uint8_t server_key[SCRAM_KEY_SIZE], struct buf *out);

/* StoredKey and ServerKey of a prepared password (auth/saslprep.h), and its ClientKey. Slow: on the pool. */
void scram_keys(struct slice password, struct slice salt, uint32_t iterations, uint8_t ret_client_key[SCRAM_KEY_SIZE],
                uint8_t ret_stored_key[SCRAM_KEY_SIZE], uint8_t ret_server_key[SCRAM_KEY_SIZE]);

#endif
