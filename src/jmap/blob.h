/*
 * Bytes by their id (RFC 8620 6): what was uploaded ("U…", kept by the host for a while), an email ("B…"), a part of one ("B…-3", its transfer encoding
 * undone). Read from the front in pieces, so that nothing is in memory as a whole.
 * A part of a message that Email/parse showed is "<blob>_<start>_<end>_<coding>": a range of the bytes of that blob, and "p", "b" or "q" for its
 * transfer encoding, so that nothing has to be kept; up to JMAP_BLOB_DEPTH_MAX of them within each other.
 */
#ifndef JMAP_BLOB_H
#define JMAP_BLOB_H

#include "jmap/jmap.h"
#include "mime/digest.h"

#define JMAP_BLOB_STEP 49152          /* about so many bytes come from one jmap_blob_next */
#define JMAP_BLOB_UNKNOWN UINT64_MAX
#define JMAP_BLOB_SET_MAX 4000000     /* RFC 9404: bytes of a blob that is given or taken within a request */
#define JMAP_BLOB_READ_MAX 16000000   /* bytes of other blobs that are read for one that is made of them */
#define JMAP_BLOB_DEPTH_MAX 4
#define JMAP_BLOB_ID_MAX 255
#define JMAP_BLOB_SOURCES_MAX 64      /* of one Blob/upload */

enum jmap_blob_coding { JMAP_BLOB_PLAIN, JMAP_BLOB_BASE64, JMAP_BLOB_QUOTED };
struct jmap_blob {
	struct jmap *jmap;
	struct slice id;                 /* as given; borrowed */
	struct slice type;               /* "image/png"; in the arena */
	uint64_t size;                   /* JMAP_BLOB_UNKNOWN: of an encoded part, until it was read */
	bool uploaded;
	uint64_t stored;                 /* bytes of an upload */
	/* of emails and parts */
	struct mailbox_ref mailbox;
	uint32_t uid;
	uint64_t start, end;             /* in the message as its reader sees it */
	enum jmap_blob_coding coding;
	/* what of those bytes it is, from the outside to the inside */
	struct jmap_blob_range { uint64_t start, end; enum jmap_blob_coding coding; } ranges[JMAP_BLOB_DEPTH_MAX];
	unsigned range_count;
	struct slice outer;              /* the id in front of the ranges */
};
/* The id of a part of a message that is the blob `outer`; nothing when it is too deep within others. */
void jmap_blob_print_within(struct slice outer, const struct mime_part *part, struct buf *out);
/* 0, ERR_NOT_FOUND (nobody has such a blob, or it is gone), or another code of mailbox.h. */
int jmap_blob_open(struct jmap *j, struct slice id, struct arena *arena, struct jmap_blob *ret);
/* Before its bytes go to the reader (mailbox.h, give): 0 or ERR_DENIED. */
int jmap_blob_give(const struct jmap_blob *blob);

/* Before its bytes leave us as they are: as jmap_blob_give, and ERR_DENIED where letters are for viewing only. What was uploaded always may. */
int jmap_blob_take(const struct jmap_blob *blob);
/* Whether they may at all: 0 or ERR_DENIED; nothing is recorded. */
int jmap_blob_may(const struct jmap_blob *blob);

struct jmap_blob_reader {
	const struct jmap_blob *blob;
	uint64_t at;                     /* of the bytes as they are stored */
	struct jmap_blob_stage {
		uint64_t at;                 /* of the bytes that came in */
		struct buf carry;            /* encoded ones that wait for what follows */
	} stages[JMAP_BLOB_DEPTH_MAX + 1];
	bool end;
};
void jmap_blob_start(struct jmap_blob_reader *r, const struct jmap_blob *blob);
/* Appends the next bytes; at the end r->end. 0 or negative. */
int jmap_blob_next(struct jmap_blob_reader *r, struct buf *out);
void jmap_blob_stop(struct jmap_blob_reader *r); /* any number of times */
/* All of it; ERR_LIMIT: more than out may hold. */
int jmap_blob_read(const struct jmap_blob *blob, struct buf *out);

#endif
