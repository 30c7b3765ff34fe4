/* Pieces of lines that the writer and the check share. Internal to audit. */
#ifndef AUDIT_EXPORT_IN_H
#define AUDIT_EXPORT_IN_H

#include "audit/export.h"

void audit_put_hashes(struct buf *out, const struct audit_hash *hashes, size_t count);
/* A line of an anonymised export. */
void audit_put_redacted(struct buf *out, uint64_t n, const struct audit_hash *leaf, struct slice record);
void audit_put_head(struct buf *out, struct slice note);

#endif
