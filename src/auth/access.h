/*
 * May this sign-in go on? Asked once the proof is known to be right, and for every call within a session: what the credential may be used
 * for, its device, the client floor, conditional access. Also notes every sign-in, and finds the unusual ones.
 *
 * Notes are written together, a second later at most; the answer never waits for a disk. Whoever acts as the local root or operator of the
 * machine is never asked.
 */
#ifndef AUTH_ACCESS_H
#define AUTH_ACCESS_H

#include "auth/condition.h"
#include "auth/host.h"
#include "auth/place.h"
#include "auth/session.h"

#define DEVICES_POLICY "devices"
#define CLIENTS_POLICY "clients"
#define ACCESS_BUFFER_MAX 500   /* sign-ins that wait to be written */
#define ACCESS_FAILED_TRIES 5   /* wrong proofs for one account within ACCESS_RISK_S that make a risk */
#define ACCESS_SPRAYED 5        /* names tried in vain from one network within ACCESS_RISK_S */
#define ACCESS_RISK_S 900
#define ACCESS_OWN_CREDENTIAL (1u << 20) /* in signin.factors: a credential that its owner made in a session, not the password */

struct access;

/* Keeps directory by pointer, copies host. */
struct access *access_create(struct directory *d, const struct auth_host *host);
void access_destroy(struct access **a);

/* Where addresses are; kept by pointer, NULL: nobody knows. */
void access_places(struct access *a, const struct place_base *places);
bool access_has_places(const struct access *a);

struct access_request { /* borrowed */
	const struct account *account;
	unsigned protocol;        /* enum auth_protocol, ACCESS_WEB */
	struct slice address;
	struct slice client;      /* User-Agent; for mail what the device said of itself before */
	uint32_t credential;      /* of mail protocols */
	uint32_t device;          /* of the web; 0: none */
	unsigned proven;          /* of the web: AUTH_PROVEN_… */
};
struct access_verdict {
	enum condition_action action; /* CONDITION_ALLOW, CONDITION_READ_ONLY: go on; the others: refused */
	const char *code;             /* why not: "device_pending", "device_blocked", "expired", "protocol", "network", "client", "conditions", "step_up" */
	struct slice rule;            /* of the conditions; in the arena */
	uint32_t device;
	unsigned risk;
};
/* 0, or ERR_IO: then it must be refused for now. Notes the sign-in, whatever comes out. */
int access_check(struct access *a, const struct access_request *request, struct arena *arena, struct access_verdict *ret);
/* A call within a session: conditions and client floor alone, nothing is noted. */
int access_check_session(struct access *a, const struct account *account, const struct session *session, struct slice address, struct slice agent,
	struct arena *arena, struct access_verdict *ret);
/* As access_check_session by another policy "conditions" than the one in force. */
int access_try(struct access *a, const json_t *conditions, const struct account *account, const struct session *session, struct slice address,
	struct arena *arena, struct access_verdict *ret);
/* How a noted sign-in would come out under the conditions, by the roles, groups and device state of today. */
int access_replay(struct access *a, const json_t *conditions, const struct signin *s, const struct account *account,
	enum condition_action *ret, struct slice *ret_rule);
/* A wrong proof. account: NULL when the name is nobody's. */
void access_failed(struct access *a, const struct account *account, struct slice name, unsigned protocol, struct slice address);
/*
 * What ends by time: conditions that nobody confirmed come back, open sessions of app passwords and certificates past their end and of tokens
 * whose issuer gave no newer one are ended. Called once a second; cheap when nothing ends.
 */
void access_watch(struct access *a);
/* Writes what waits. */
void access_flush(struct access *a);

/* What a device said of itself after it signed in: name/version pairs, as JSON. A changed one waits for approval again where policy says so, an
 * outdated one is signed out. */
void access_claims(struct access *a, const uint8_t account[16], uint32_t credential, const json_t *claims);

/* IMAP ID as it was sent (RFC 2971 3.1): an object of texts, empty when it is NIL or malformed. The caller's. */
json_t *device_claims_parse(struct slice list);
/* Over what was proven and what is claimed but for versions: kept when the device is approved. Zero while it has said nothing. */
void device_fingerprint(const struct device *device, uint8_t ret[DEVICE_HASH_SIZE]);

/* The conditions in force: those that were set, or the former ones when the time to confirm has passed. *ret NULL: none. */
int access_conditions(struct access *a, int64_t now, const json_t **ret);
/* Inside a change: the conditions of the policy were just set; `before` comes back at `until` unless confirmed. NULL confirms. */
int access_conditions_before(struct access *a, const json_t *before, int64_t until, struct slice author, int64_t now, struct error *err);

/* ---- the other policies (docs/access.md) ---- */
/* Must an unknown device of this account wait? */
int access_wants_approval(struct access *a, const struct account *account, bool *ret);
int devices_policy_check(const json_t *value, struct error *err);
int clients_policy_check(const json_t *value, struct error *err);

enum client_action { CLIENT_OK, CLIENT_WARN, CLIENT_LIMIT, CLIENT_REFUSE };
/* policy NULL: all are welcome. client: "name/version" words. */
enum client_action client_floor(const json_t *policy, struct slice client);

#endif
