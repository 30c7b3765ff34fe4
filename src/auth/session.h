/*
 * Sessions of API and web, and tokens: a random 256-bit token that only its holder has. directory.db keeps a keyed hash of it and the
 * account's secrets wrapped under it, so a stolen database opens no mailbox and a restart ends no session. docs/keys.md.
 *
 * Numbers of sessions come from the same counter as those of credentials: what ends a credential's mail sessions ends a session's too.
 */
#ifndef AUTH_SESSION_H
#define AUTH_SESSION_H

#include "auth/directory.h"

#define SESSION_TOKEN_PREFIX "ll1-"
#define SESSION_TOKEN_SIZE 47 /* characters: prefix and 32 bytes in base64url */
#define SESSIONS_MAX 100      /* of one account */
#define SESSION_AGENT_MAX 200

enum session_kind { /* stored; the values never change */
	SESSION_PERSON = 1, /* somebody signed in */
	SESSION_TOKEN = 2,  /* a token for programs, made in a session */
	SESSION_ACCESS = 3, /* OAuth access token */
	SESSION_REFRESH = 4, /* OAuth refresh token */
};

struct session {
	uint32_t id;
	uint8_t account[16];
	enum session_kind kind;
	struct slice label, address, agent, wrap;
	auth_rights scopes;      /* all bits: no limit */
	unsigned proven;         /* AUTH_PROVEN_… */
	uint32_t device;         /* 0: none */
	unsigned risk;           /* what was unusual when it began: bits of auth/condition.h */
	bool web, locked;        /* begun at the web (docs/web-signin.md); locked: serves nothing until the person proves again who it is */
	int64_t created, used, idle, ends, stepped_up; /* unix seconds; idle: seconds without use, 0: no limit */
};

/*
 * Inside a change: makes the session; `session` as wished, without id and wrap. ret_token gets the text and a NUL: wipe it after use.
 * ERR_LIMIT: SESSIONS_MAX.
 */
int session_make(struct directory *d, struct session *session, const struct secrets *secrets, char ret_token[SESSION_TOKEN_SIZE + 1],
	struct error *err);
/* The session of a token that is in force at `now`. 0, ERR_DENIED (no such session, ended, locked, malformed), ERR_IO. Texts in the arena. */
int session_find(struct directory *d, struct slice token, int64_t now, struct arena *arena, struct session *ret);
/* The same for who looks at ret->locked himself. */
int session_find_locked(struct directory *d, struct slice token, int64_t now, struct arena *arena, struct session *ret);
/* Locks or unlocks a session of the web. A change of its own. ERR_NOT_FOUND: it is none. */
int session_lock(struct directory *d, uint32_t id, bool locked, struct error *err);
/* Opens the account's secrets with the token. */
int session_open(const struct session *session, struct slice token, struct secrets *ret, struct error *err);
/* Notes use, at most once a minute. A change of its own. */
void session_used(struct directory *d, const struct session *session, struct slice address, struct slice agent, int64_t now);
/* A further proof was shown. Inside a change. */
int session_proven(struct directory *d, uint32_t id, unsigned proven, int64_t now, struct error *err);
int session_list(struct directory *d, const uint8_t account[16], unsigned kind, struct arena *arena, struct session *ret, size_t max);
/* Tokens of everybody, by number. */
int session_tokens(struct directory *d, uint32_t after, struct arena *arena, struct session *ret, size_t max);
/* A token ends at `ends` at the latest. ERR_NOT_FOUND: it is none. */
int session_token_ends(struct directory *d, uint32_t id, int64_t ends, struct error *err);
int session_remove(struct directory *d, const uint8_t account[16], uint32_t id, struct error *err); /* ERR_NOT_FOUND */
int session_remove_all(struct directory *d, const uint8_t account[16], struct error *err);
/* Removes what has ended. A change of its own. */
void session_expire(struct directory *d, int64_t now);

#endif
