/*
 * directory.db: devices, what a credential may be used for, sign-ins of 30 days. Tables: auth/directory_schema_device.h. Texts lie in the arena
 * that was given.
 */
#ifndef AUTH_DIRECTORY_DEVICE_H
#define AUTH_DIRECTORY_DEVICE_H

#include <jansson.h>

#include "auth/directory.h"

#define DEVICES_MAX 100            /* of one account */
#define DEVICE_CLAIMED_MAX 1000    /* bytes of what a device says of itself, as JSON */
#define DEVICE_CREDENTIALS_MAX 100 /* listed of one device */
#define DEVICE_HASH_SIZE 32
#define RULE_NETWORKS_MAX 32
#define RULE_NETWORKS_TEXT_MAX 1600
#define SIGNIN_CLIENT_MAX 120
#define SIGNIN_DAYS 30
#define PLACE_DAYS 180             /* then a network is new again */

enum { ACCESS_WEB = 4, ACCESS_PROTOCOL_COUNT = 7 }; /* behind enum auth_protocol: the interface and the web */
/* "submission", "imap", "pop3", "web", "sieve"; "" for others. */
const char *access_protocol_name(unsigned protocol);
bool access_protocol_parse(struct slice name, unsigned *ret);

enum device_state { DEVICE_NONE = 0, DEVICE_PENDING = 1, DEVICE_APPROVED = 2, DEVICE_BLOCKED = 3 }; /* stored */
/* "none", "pending", "approved", "blocked". */
const char *device_state_name(enum device_state state);
bool device_state_parse(struct slice name, enum device_state *ret);

struct device {
	uint32_t id;
	uint8_t account[16];
	struct slice name, proven, claimed, address, approver; /* proven, claimed: JSON objects */
	enum device_state state;
	unsigned protocol;
	uint8_t fingerprint[DEVICE_HASH_SIZE]; /* of what was proven and claimed when it was approved; zero: not yet */
	uint8_t lookup[DEVICE_HASH_SIZE];      /* of the browser's key; zero: none. Written, never read back */
	int64_t created, used; /* unix seconds */
};
/* ERR_LIMIT: DEVICES_MAX. */
int directory_device_add(struct directory *d, struct device *device, struct error *err);
int directory_device_get(struct directory *d, uint32_t id, struct arena *arena, struct device *ret);
/* By the hash of a browser's key. */
int directory_device_find(struct directory *d, const uint8_t account[16], const uint8_t lookup[DEVICE_HASH_SIZE], struct arena *arena,
	struct device *ret);
int directory_device_list(struct directory *d, const uint8_t account[16], struct arena *arena, struct device *ret, size_t max);
/* Of everybody, those behind `after`; state DEVICE_NONE: all. */
int directory_device_all(struct directory *d, enum device_state state, uint32_t after, struct arena *arena, struct device *ret, size_t max);
/* Name, state, claimed, fingerprint, approver. */
int directory_device_set(struct directory *d, const struct device *device, struct error *err);
int directory_device_remove(struct directory *d, uint32_t id, struct error *err);

struct credential_rule {
	uint32_t credential, device; /* device 0: none */
	uint8_t account[16];
	unsigned protocols;          /* bits 1 << protocol; 0: all */
	struct slice networks;       /* prefixes, separated by spaces; empty: all */
	int64_t ends, used;          /* unix seconds; 0: none, never */
	struct slice address;        /* last */
	uint64_t uses;
	/* of the device, when there is one */
	enum device_state state;
	int64_t device_created;
	struct slice approver, claimed;
};
/* 0, ERR_NOT_FOUND: the credential has no rule. */
int directory_rule_get(struct directory *d, uint32_t credential, struct arena *arena, struct credential_rule *ret);
int directory_rule_set(struct directory *d, const struct credential_rule *rule, struct error *err);
int directory_rule_remove(struct directory *d, uint32_t credential, struct error *err);
/* Has the credential neither reached its end nor that of its certificate or lease? 0; ERR_NOT_FOUND: it has; ERR_IO. */
int directory_credential_lives(struct directory *d, const uint8_t account[16], uint32_t credential, int64_t now);
/* Open sessions of this credential rest on a token that holds until `ends`: the latest counts. access_watch ends them then. */
int directory_lease_set(struct directory *d, const uint8_t account[16], uint32_t credential, int64_t ends, struct error *err);
/* The credentials of a device. */
int directory_rule_list(struct directory *d, uint32_t device, struct arena *arena, struct credential_rule *ret, size_t max);
/* What kind of credential it is, and its label; kind 0: a program with tokens. ERR_NOT_FOUND. */
int directory_credential_kind(struct directory *d, const uint8_t account[16], uint32_t id, struct arena *arena, unsigned *ret_kind,
	struct slice *ret_label);
/* Removes a credential that is neither the password nor the recovery code. */
int directory_credential_drop(struct directory *d, const uint8_t account[16], uint32_t id, struct error *err);
int directory_sessions_of_device(struct directory *d, const uint8_t account[16], uint32_t device, uint32_t *ret, size_t max);

enum signin_outcome { SIGNIN_OK = 1, SIGNIN_REFUSED = 2, SIGNIN_POLICY = 3 }; /* stored */
struct signin {
	uint64_t id;
	uint8_t account[16];
	int64_t time;
	struct slice address, client, rule;
	unsigned protocol, factors, risk; /* AUTH_PROVEN_…; bits of auth/condition.h */
	uint32_t device, credential;
	enum signin_outcome outcome;
};
/* With last use of credential, device, place and account. Inside a change. */
int directory_signin_add(struct directory *d, const struct signin *s, struct error *err);
/* Newest first, below `before`; account NULL: of everybody since `since`. */
int directory_signin_list(struct directory *d, const uint8_t *account, int64_t since, uint64_t before, struct arena *arena, struct signin *ret,
	size_t max);
/* Has the account signed in from this network? 1, 0, or 1 when it never signed in at all; negative: ERR_IO. */
int directory_place_known(struct directory *d, const uint8_t account[16], struct slice network);
/* The network of an address that counts as one place: /24, or /48 of IPv6; this machine is one. `text` holds 64 bytes. Empty for what is no address. */
struct slice directory_place_of(struct slice address, char *text);
/* What is too old, and rules of credentials that are gone. */
int directory_signin_expire(struct directory *d, int64_t now, struct error *err);

struct client_use { struct slice client; unsigned protocol; uint64_t accounts, count; int64_t last; };
int directory_client_report(struct directory *d, struct arena *arena, struct client_use *ret, size_t max);

/*
 * A policy as a JSON value, read once and kept until it changes; NULL when it was never set. Borrowed until the next change of the
 * directory. 0, or ERR_IO, ERR_DAMAGED: then nothing may be allowed by it. name: static.
 */
int directory_policy_json(struct directory *d, const char *name, const json_t **ret);

#endif
