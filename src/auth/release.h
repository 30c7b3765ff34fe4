/*
 * Which letters one person may let out of quarantine alone: the policy "quarantine", {"alone":["verdict","partner"]}, a list of reasons. Every other
 * reason needs a second person. Reasons are the findings of malware.actions (scan/rules.h), stripped (the original of what parts were
 * taken out of), verdict (judged as junk or deceit) and partner (an Rspamd or milter wanted it held).
 */
#ifndef AUTH_RELEASE_H
#define AUTH_RELEASE_H

#include <jansson.h>

#include "auth/directory.h"

#define RELEASE_POLICY "quarantine"
#define RELEASE_FALLBACK "{\"alone\":[\"verdict\",\"partner\"]}"

/* Is the value right? 0, or ERR_INVALID with the reason. */
int release_policy_check(const json_t *value, struct error *err);
/* May one person release what is held for `reason`? Empty: a letter of our own that waited to be sent, yes. 1, 0 or an error of the directory. */
int release_alone(struct directory *d, struct slice reason);
/* Would `value`, which was checked, allow one person more than what is in force? 1, 0 or an error of the directory. */
int release_policy_widens(struct directory *d, const json_t *value);

#endif
