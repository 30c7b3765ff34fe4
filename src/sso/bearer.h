/* SASL messages that carry a token: OAUTHBEARER (RFC 7628) and XOAUTH2 (its forerunner, as the large providers document it). */
#ifndef SSO_BEARER_H
#define SSO_BEARER_H

#include "base/arena.h"
#include "base/buf.h"

#define BEARER_TOKEN_MAX 8000
#define BEARER_NAME_MAX 320

struct bearer {
	struct slice name;  /* OAUTHBEARER: the authorization identity, may be empty; XOAUTH2: the user. In the arena */
	struct slice token; /* borrowed from the message */
};

/* The client's message (RFC 7628 3.1). 0, ERR_INVALID, ERR_UNSUPPORTED: it asks for channel binding. */
int bearer_parse_oauth(struct slice message, struct arena *arena, struct bearer *ret);
/* "user=" name ^A "auth=Bearer " token ^A ^A. 0 or ERR_INVALID. */
int bearer_parse_xoauth2(struct slice message, struct arena *arena, struct bearer *ret);
/* Is this what a client answers to the error (RFC 7628 3.2.3), either a single ^A or nothing? */
bool bearer_error_taken(struct slice message);

/*
 * The server's answer to a token that it does not take (RFC 7628 3.2.2): status is "invalid_token", "insufficient_scope" or
 * "invalid_request"; scope and configuration (address of the metadata) may be empty. XOAUTH2 wants the status as a number.
 */
void bearer_error(const char *status, struct slice scope, struct slice configuration, struct buf *out);
void bearer_error_xoauth2(const char *status, struct slice scope, struct buf *out);

#endif
