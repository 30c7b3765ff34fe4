/* Inside auth: what operations on devices and credentials share. */
#ifndef AUTH_ADMIN_DEVICE_H
#define AUTH_ADMIN_DEVICE_H

#include "auth/access.h"
#include "auth/admin_job.h"

/* args.protocols, networks, days of a new credential; refused when they are not right. */
int job_read_rule(struct admin_job *job, struct credential_rule *ret);
/* Inside a change: the rule of the credential, with a device of its own that waits where policy says so. proven: a word, static. */
int job_add_rule(struct admin_job *job, uint32_t credential, struct credential_rule *rule, struct slice name, const char *proven, struct error *err);
/* Inside a change: the credential is gone; so is its device when it has no other. */
int job_forget_credential(struct admin_job *job, uint32_t credential, struct error *err);
/* "protocols", "networks", "ends", "used", "ip", "uses", "device" of a credential, when it has a rule. */
void job_show_rule(struct admin_job *job, uint32_t credential, json_t *out);

/*
 * The device that a web session comes from: by args.device_key, or a new one when args.device names it or policy wants one. *ret_id 0: none.
 * The key of a new one is kept in `key` (a text, empty otherwise).
 */
#define DEVICE_KEY_SIZE 43
int job_web_device(struct admin_job *job, uint32_t *ret_id, char key[DEVICE_KEY_SIZE + 1]);
/* May this sign-in go on? Refused otherwise, with the key of a new device in the result. *ret_risk: bits of auth/condition.h. */
int job_check_access(struct admin_job *job, unsigned proven, uint32_t device, const char *key, unsigned *ret_risk);
/* And may this call within a session? */
int job_check_session(struct admin_job *job);

json_t *risk_names(unsigned risk);

#endif
