/* The named failpoints: FAULT(name). Each stands where a crash or a failing system call must lose nothing (design-notes.md, crash walk). */
FAULT(file_write)         /* before a write of file.c */
FAULT(file_sync)          /* before an fsync of file.c */
FAULT(file_rename)        /* before the rename of an atomic replacement */
FAULT(message_received)   /* edge has the whole body in its memfd */
FAULT(filter_sealed)      /* filter is about to reply */
FAULT(pack_write)         /* before a pack record is written */
FAULT(pack_written)       /* a group stands in the pack, not synced */
FAULT(pack_sync)         /* before a pack is synced */
FAULT(pack_create)       /* before the next pack gets its name */
FAULT(spare_write)       /* before the spare pack is filled */
FAULT(compact_write)     /* before a compacted pack is written */
FAULT(ledger_commit)     /* before the transaction of a group commits */
FAULT(pack_synced)        /* a group is synced, no row in spool.db yet */
FAULT(row_committed)      /* the rows are committed, no reply yet */
FAULT(reply_sent)         /* after the reply to the client */
FAULT(filed)              /* arrivals are filed, before the transaction commits */
FAULT(account_committed)  /* an account transaction is committed */
FAULT(unref_sent)         /* an unref was sent, not yet answered */
FAULT(relay_sent)         /* the body was accepted outside, the result is not recorded */
FAULT(marks_committed)    /* delivery results are committed */
FAULT(compact_renamed)    /* a compacted pack was renamed over the old one */
FAULT(directory_committed) /* directory.db has committed */
FAULT(audit_write)        /* before a group of the audit log is written */
FAULT(audit_written)      /* a group of the audit log is written, not synced */
FAULT(audit_sync)         /* the sync of the audit log */
FAULT(audit_synced)       /* a group of the audit log is durable, not acknowledged */
