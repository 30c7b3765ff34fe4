/*
 * Records without people (A7): what a record says of persons is replaced by keyed pseudonyms, "~" and 16 hexadecimal digits. Equal values (without case)
 * have equal pseudonyms under one key, so an export can still be counted and linked; nobody without the key can try names.
 *
 * Fields that base/events.h calls PERSONAL are replaced word by word; in all others everything that looks like a mail address or an IP address.
 * The salt goes too: with it and what is left one could try the missing words against the hash of the record.
 */
#ifndef AUDIT_REDACT_H
#define AUDIT_REDACT_H

#include "audit/record.h"

#define AUDIT_REDACT_KEY_SIZE 32
#define AUDIT_PSEUDONYM_SIZE 17
/* In the place of the salt of a redacted record. */
#define AUDIT_NO_SALT "AAAAAAAAAAAAAAAAAAAAAA"

/* Appends the record without people, in canonical form. True: something had to be replaced; false: nothing was appended, the record may stay as
 * it is. A record that cannot be read is replaced by nothing and true. */
bool audit_redact(struct slice record, const uint8_t key[AUDIT_REDACT_KEY_SIZE], struct buf *out);

#endif
