/*
 * What a document looks like: pages as pictures, text, or a PDF of nothing but pictures. Third-party parsers read hostile bytes here, so
 * this runs in a process of its own that has nothing and ends with the document (role/extract.c). Of the original nothing passes but pixels
 * and characters.
 */
#ifndef EXTRACT_EXTRACT_H
#define EXTRACT_EXTRACT_H

#include "base/buf.h"
#include "inspect/inspect.h"

#define EXTRACT_DOCUMENT_MAX (64u << 20)  /* bytes of a document, transfer encoding undone */
#define EXTRACT_RESULT_MAX (32u << 20)    /* bytes that come out */
#define EXTRACT_WIDTH_MIN 64u             /* pixels of a page picture */
#define EXTRACT_WIDTH_MAX 2400u
#define EXTRACT_HEIGHT_MAX 4800u          /* a page that would be longer is made narrower */
#define EXTRACT_PIXELS_MAX 60000000u      /* of a picture that is read */
#define EXTRACT_SIDE_MAX 30000u           /* pixels of one side of it */
#define EXTRACT_PAGES_MAX 2000u           /* that are shown, from the front */
#define EXTRACT_ALBUM_PAGES_MAX 60u       /* of a document that becomes a PDF of pictures; with more it does not */
#define EXTRACT_ALBUM_WIDTH 1240u         /* pixels of such a page: A4 at 150 dpi */
#define EXTRACT_TEXT_MAX (256u << 10)     /* bytes of text; it is cut behind them */
#define EXTRACT_MARK_MAX 300              /* bytes of a watermark */

enum extract_want {
	EXTRACT_LOOK,     /* what it is and how many pages it has */
	EXTRACT_PAGE,     /* one page as a picture */
	EXTRACT_TEXT,     /* its text, UTF-8 */
	EXTRACT_CONVERT,  /* the whole: pictures as a picture, all else as a PDF of pictures */
	EXTRACT_WANT_COUNT
};

/* STATUS(id, name): the names are what browsers are told. */
#define EXTRACT_STATUSES(STATUS) \
	STATUS(OK, "ok") \
	STATUS(DAMAGED, "damaged") \
	STATUS(ENCRYPTED, "encrypted") \
	STATUS(NO_READER, "noReader")   /* of a kind that nothing here reads */ \
	STATUS(TOO_LARGE, "tooLarge")   /* one of the limits above */ \
	STATUS(NO_PAGE, "noPage") \
	STATUS(NOTHING, "nothing")      /* no text in it */ \
	STATUS(FAILED, "failed")        /* its process crashed, or took too long */ \
	STATUS(BUSY, "busy")

enum extract_status {
#define STATUS(id, name) EXTRACT_##id,
	EXTRACT_STATUSES(STATUS)
#undef STATUS
	EXTRACT_STATUS_COUNT
};
const char *extract_status_name(enum extract_status status);

enum extract_media { EXTRACT_PNG, EXTRACT_JPEG, EXTRACT_PDF, EXTRACT_PLAIN, EXTRACT_MEDIA_COUNT };
const char *extract_media_name(enum extract_media media); /* "image/png" */

struct extract_request {
	enum extract_want want;
	uint32_t page;         /* from 1 on */
	uint32_t width;        /* of a page picture; moved into its limits */
	struct slice name;     /* of the file; may be empty */
	struct slice charset;  /* of text; empty: not known */
	struct slice mark;     /* drawn all over each page; empty: nothing */
};

struct extract_answer {
	enum extract_status status;
	enum inspect_type type;    /* of the document */
	enum extract_media media;  /* of what came out */
	uint32_t pages;            /* that can be shown */
	bool cut;                  /* there is more than is shown */
	uint32_t width, height;    /* of a page picture */
};

/* Loads what later calls need, so that they find it behind a closed jail. Starts no thread. Once per process. */
void extract_warm(void);
/* `out` is filled where status is EXTRACT_OK, but for EXTRACT_LOOK. */
void extract_run(struct slice document, const struct extract_request *request, struct extract_answer *ret, struct buf *out);

#endif
