/*
 * What people upload before it becomes mail (RFC 8620 6.1): files without a name in the folder of their account, encrypted under keys that are only in the
 * memory of this process. So nothing is left of them after a crash, and nothing has to be cleaned up. They belong to the account, not to the sign-in.
 */
#ifndef ROLE_MAIL_BLOB_H
#define ROLE_MAIL_BLOB_H

#include "role/mail_http.h"

#define MAIL_BLOB_LIFE_MS 7200000          /* then it is gone */
#define MAIL_BLOBS_BEGUN 16                /* of one account at a time, in all its sign-ins; each is promised JMAP_UPLOADS_MAX */
#define MAIL_BLOBS_PER_ACCOUNT 200         /* the oldest makes room */
#define MAIL_BLOB_BYTES (UINT64_C(500) << 20) /* of one account; the oldest make room */
#define MAIL_BLOBS_MAX 4000                /* of the process */

struct mail_blob;
/* An empty one that is being written. NULL: not possible now. */
struct mail_blob *mail_blob_create(struct mail_account *a, struct slice type);
/* 0, ERR_LIMIT (larger than `max` bytes in all), ERR_NO_SPACE, ERR_IO. */
int mail_blob_write(struct mail_blob *b, struct slice bytes, uint64_t max);
/* Whole: it can be found from now on. */
int mail_blob_finish(struct mail_blob *b, uint8_t ret_id[16], uint64_t *ret_size);
/* One that was not finished. */
void mail_blob_drop(struct mail_blob **b);

int mail_blob_find(struct mail_account *a, const uint8_t id[16], struct arena *arena, struct slice *ret_type, uint64_t *ret_size);
int mail_blob_read(struct mail_account *a, const uint8_t id[16], uint64_t offset, uint64_t n, struct buf *out);
/* Called with every sweep of the role, and when an account is closed (then all of it goes). */
void mail_blob_sweep(struct mail_account *a, bool all);

/* Routes (mail_jmap.c). */
void mail_upload_begin(struct mail_exchange *x);
void mail_upload_piece(struct mail_exchange *x, struct slice bytes);
void mail_upload_handle(struct mail_exchange *x);
void mail_upload_gone(struct mail_exchange *x);
void mail_download(struct mail_exchange *x);
void mail_download_more(struct mail_exchange *x);
void mail_download_gone(struct mail_exchange *x);
void mail_blob_host(struct jmap_host *host);

#endif
