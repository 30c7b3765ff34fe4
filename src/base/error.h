/*
 * Details of a failure, for functions that return 0 or a negative code.
 *
 * Three kinds: the peer's mistake (answer, go on), the environment's (temporary, retry, log once), our bug (ENSURE).
 * `public_text` may go to the peer and tells nothing useful to an attacker; `private_text` goes to the operator's log
 * and holds no subject and no body.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>
#include "base/slice.h"

enum error_code {
	ERR_NONE = 0,
	ERR_INVALID = -1,    /* the input is malformed */
	ERR_LIMIT = -2,      /* a named limit would be passed */
	ERR_DENIED = -3,     /* not permitted */
	ERR_NOT_FOUND = -4,
	ERR_EXISTS = -5,
	ERR_TEMPORARY = -6,  /* try again later */
	ERR_NO_SPACE = -7,   /* disk full or quota */
	ERR_IO = -8,         /* the operating system refused */
	ERR_DAMAGED = -9,    /* stored data does not verify */
	ERR_UNSUPPORTED = -10,
	ERR_CLOSED = -11,    /* the peer is gone */
	ERR_CONFLICT = -12,  /* the state changed meanwhile */
};

struct error {
	enum error_code code;
	char public_text[200];
	char private_text[300];
};

/* Sets code and private text (printf); returns code, so that `return error_set(...)` works. `err` may be NULL. */
__attribute__((format(printf, 3, 4))) int error_set(struct error *err, enum error_code code, const char *format, ...);
/* Adds the text for the peer. `err` may be NULL. */
__attribute__((format(printf, 2, 3))) void error_public(struct error *err, const char *format, ...);
/* As error_set with ": strerror(errno)"; ENOSPC and EDQUOT become ERR_NO_SPACE, else ERR_IO. */
__attribute__((format(printf, 2, 3))) int error_errno(struct error *err, const char *format, ...);
const char *error_code_name(enum error_code code);

#endif
