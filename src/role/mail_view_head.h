/* What stands above a letter on paper: subject, people and date, as text. */
#ifndef ROLE_MAIL_VIEW_HEAD_H
#define ROLE_MAIL_VIEW_HEAD_H

#include "mime/digest.h"

#define MAIL_VIEW_HEAD_MAX 65536 /* bytes; what is longer is cut */

/* Appends it as UTF-8 lines; language: "en", "zh-CN", "zh-TW". `out` takes MAIL_VIEW_HEAD_MAX. */
void mail_view_head(const struct mime_envelope *envelope, struct slice language, struct arena *arena, struct buf *out);

#endif
