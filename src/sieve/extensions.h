/* The extensions, in the order of the capability line: SIEVE_EXTENSION(ID, name in `require`). All are complete. */
SIEVE_EXTENSION(FILEINTO, "fileinto")                     /* RFC 5228 4.1 */
SIEVE_EXTENSION(REJECT, "reject")                         /* RFC 5429 2.2 */
SIEVE_EXTENSION(EREJECT, "ereject")                       /* RFC 5429 2.1 */
SIEVE_EXTENSION(ENVELOPE, "envelope")                     /* RFC 5228 5.4 */
SIEVE_EXTENSION(ENCODED_CHARACTER, "encoded-character")   /* RFC 5228 2.4.2.4 */
SIEVE_EXTENSION(SUBADDRESS, "subaddress")                 /* RFC 5233 */
SIEVE_EXTENSION(COMPARATOR_OCTET, "comparator-i;octet")   /* RFC 4790 9.3 */
SIEVE_EXTENSION(COMPARATOR_ASCII, "comparator-i;ascii-casemap") /* RFC 4790 9.2 */
SIEVE_EXTENSION(COMPARATOR_NUMERIC, "comparator-i;ascii-numeric") /* RFC 4790 9.1 */
SIEVE_EXTENSION(COMPARATOR_UNICODE, "comparator-i;unicode-casemap") /* RFC 5051 */
SIEVE_EXTENSION(COPY, "copy")                             /* RFC 3894 */
SIEVE_EXTENSION(BODY, "body")                             /* RFC 5173 */
SIEVE_EXTENSION(RELATIONAL, "relational")                 /* RFC 5231 */
SIEVE_EXTENSION(IMAP4FLAGS, "imap4flags")                 /* RFC 5232 */
SIEVE_EXTENSION(VACATION, "vacation")                     /* RFC 5230 */
SIEVE_EXTENSION(VACATION_SECONDS, "vacation-seconds")     /* RFC 6131 */
SIEVE_EXTENSION(DATE, "date")                             /* RFC 5260 4 */
SIEVE_EXTENSION(INDEX, "index")                           /* RFC 5260 6 */
SIEVE_EXTENSION(VARIABLES, "variables")                   /* RFC 5229 */
SIEVE_EXTENSION(REGEX, "regex")                           /* draft-ietf-sieve-regex */
SIEVE_EXTENSION(INCLUDE, "include")                       /* RFC 6609 */
SIEVE_EXTENSION(DUPLICATE, "duplicate")                   /* RFC 7352 */
SIEVE_EXTENSION(MAILBOX, "mailbox")                       /* RFC 5490 3 */
SIEVE_EXTENSION(SPECIAL_USE, "special-use")               /* RFC 8579 */
SIEVE_EXTENSION(ENVIRONMENT, "environment")               /* RFC 5183 */
SIEVE_EXTENSION(IHAVE, "ihave")                           /* RFC 5463 */
