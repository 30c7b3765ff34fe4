/*
 * Letters as documents that a browser shows in a frame without an origin: /jmap/view/{accountId}/{emailId}?…
 *
 *   part=N      only that text (its partId), or the letter that is attached as that part
 *   text=1      the plain text alternative, or the text of the HTML
 *   images=1    images of other servers are loaded
 *   theme=dark  colours
 *   frame=0     without the one script that tells the page around the height of the document
 *   print=1     for printing, with subject, people and date
 *   quote=1     a fragment for an editor, not a document; images of the letter are named in data-cid
 *   lang=       "en", "zh-CN", "zh-TW"
 *
 * Parts are read by their offsets and given to filter, which makes one document of them; nothing of them is parsed here.
 */
#ifndef ROLE_MAIL_VIEW_H
#define ROLE_MAIL_VIEW_H

#include "auth/reading.h"
#include "mailbox/mailbox.h"
#include "role/role.h"

#define MAIL_VIEW_TEXT_MAX (8u << 20)    /* bytes of one text as it stands in the letter; it is cut behind them */
#define MAIL_VIEW_IMAGES_MAX (16u << 20) /* bytes of images of the letter as they stand in it; the first ones are shown */
#define MAIL_VIEW_POLICY_MAX 1024

/* What was inside of a confidential letter (role/mail_confidential.h), in place of what its mailbox shows. */
struct mail_view_inner {
	struct slice digest, letter;
	struct slice mark;       /* html/view.h */
};

struct mail_view_request {
	struct slice cid;
	struct account *mail;    /* as the session may use it */
	struct slice email;      /* "M…" */
	struct slice query;      /* of the URL, without the question mark */
	unsigned reading;        /* enum auth_reading */
	const struct mail_view_inner *inner; /* NULL: the letter as it stands there. With it `mail` and `email` are not looked at */
};

struct mail_view_answer {
	unsigned status;         /* of HTTP: 200, 404, 403, 503 */
	const char *type;        /* of 200 */
	struct slice policy;     /* Content-Security-Policy */
	struct slice counts;     /* Letterlock-View: "remote=3, missing=0, links=12, deceiving=1, cut=0, dark=0" */
	struct slice body;
};
/* What the answer has is borrowed for the time of the call. Called exactly once, never from inside of what began it. */
typedef void mail_view_fn(void *arg, const struct mail_view_answer *answer);

/* `arg` lives until fn is called; everything in the request only during this call. */
void mail_view(struct role_context *ctx, const struct mail_view_request *request, mail_view_fn *fn, void *arg);

#endif
