/*
 * What attachments look like, without a byte of them: /jmap/preview/{accountId}/{blobId}?…
 *
 *   info=1    JSON: {"status": "ok", "type": "docx", "label": "Word document", "pages": 3, "cut": false, "marked": true};
 *             status: extract/extract.h
 *   page=N    that page as a picture, from 1 on (the default)
 *   width=W   pixels of it
 *   name=     file name, for telling kinds of text apart
 *
 * The bytes are handed to the role extract as they are; nothing of them is looked at here.
 */
#ifndef ROLE_MAIL_PREVIEW_H
#define ROLE_MAIL_PREVIEW_H

#include "role/mail_http.h"

#define MAIL_PREVIEW_WIDTH 1200u   /* pixels, when the request names none */
#define MAIL_PREVIEWS_MAX 6        /* of one sign-in at a time */

void mail_preview(struct mail_exchange *x);

#endif
