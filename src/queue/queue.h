/*
 * What queue says to other roles: results, queue ids, and the list form of QUEUE_ARRIVALS.
 */
#ifndef QUEUE_QUEUE_H
#define QUEUE_QUEUE_H

#include "base/buf.h"
#include "store/place.h"

/* result of QUEUE_ACCEPT, QUEUE_ROOM, QUEUE_ARRIVALS, QUEUE_UNREF. */
enum queue_result {
	QUEUE_OK = 0,
	QUEUE_FULL = 1,    /* no room on the disk: 452 4.3.1, try again later */
	QUEUE_QUOTA = 2,   /* the account's quota: 452 4.2.2 (552 5.2.2 at the owner's APPEND: OVERQUOTA) */
	QUEUE_REFUSED = 3, /* not a record of filter, or malformed: our bug, 451 4.3.0 */
	QUEUE_CHANGED = 5, /* what filter believed to be new (queue/bundle.h) is known meanwhile: it has to look again */
	QUEUE_ERROR = 4,   /* could not be done now: 451 4.3.0, try again later */
};

/* how of QUEUE_UNREF. KEEP: wanted again, as long as its time is not over. */
enum queue_unref { QUEUE_UNREF_DROP = 0, QUEUE_UNREF_NOW = 1, QUEUE_UNREF_KEEP = 2 };

/* A ref of an account: an element of QUEUE_ARRIVALS.list. */
enum { ARRIVAL_REQUEUED = 1 /* taken up after a crash: the client may not have seen the reply and may have sent it again */ };
struct queue_arrival {
	uint64_t seq;          /* ascending; 16 bits incarnation, 48 bits counter */
	uint8_t kind;          /* enum reader_kind: READER_ARRIVAL or READER_OWN */
	struct place place;
	uint64_t size;         /* of the message in the clear */
	uint8_t flags;         /* ARRIVAL_* */
};
#define QUEUE_ARRIVAL_SIZE 34u /* bytes of one encoded element; IPC row: at most 1,800 in a reply */

/* seq u64, kind u8, pack u32, ordinal u32, offset u64, size u64, flags u8; big-endian. */
void queue_arrival_encode(const struct queue_arrival *a, struct buf *out);
/* Takes the next element off *list. 0, or ERR_INVALID. */
int queue_arrival_decode(struct slice *list, struct queue_arrival *ret);

/* "1-2a": pack and ordinal in hexadecimal. */
#define QUEUE_ID_SIZE 24
void queue_id_format(uint32_t pack, uint32_t ordinal, char out[QUEUE_ID_SIZE]);
int queue_id_parse(struct slice text, uint32_t *ret_pack, uint32_t *ret_ordinal);

#endif
