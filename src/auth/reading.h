/*
 * How letters may be looked at in the webmail: the policy "reading", {"text_only": true or false, "images": "ask" or "never", "attachments": "download"
 * or "view-only"}. text_only: HTML is shown as the text that it holds. images: of other servers; "ask": the reader may load them for a letter.
 * attachments: view-only: pictures of them, with a watermark, instead of their bytes (role/mail_preview.h).
 */
#ifndef AUTH_READING_H
#define AUTH_READING_H

#include <jansson.h>

#include "base/error.h"

struct directory;

#define READING_POLICY "reading"
#define READING_FALLBACK "{\"attachments\":\"download\",\"images\":\"ask\",\"text_only\":false}"

enum auth_reading { AUTH_READING_TEXT = 1, AUTH_READING_NO_IMAGES = 2, AUTH_READING_VIEW_ONLY = 4 };

/* Is the value of the policy right? 0, or ERR_INVALID with the reason. */
int reading_policy_check(const json_t *value, struct error *err);
/* A set of enum auth_reading. Everything is refused when the directory cannot say. */
unsigned reading_rules(struct directory *d);

#endif
