/* application/x-www-form-urlencoded (WHATWG URL 5; RFC 6749 appendix B): bodies and queries of OAuth. */
#ifndef SSO_FORM_H
#define SSO_FORM_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

#define FORM_MAX 16384     /* bytes of one form */
#define FORM_FIELDS_MAX 40

struct form {
	struct form_field {
		struct slice name, value;
	} fields[FORM_FIELDS_MAX];
	size_t count;
};

/*
 * Decoded texts lie in the arena. ERR_INVALID: bad escape, NUL or another control character, or a name that comes twice (RFC 6749 3.1,
 * 3.2); ERR_LIMIT. A field without value is as if it were not there (RFC 6749 3.1).
 */
int form_parse(struct slice text, struct arena *arena, struct form *ret);
/* Empty when missing. */
struct slice form_get(const struct form *form, const char *name);

/* Appends name=value, escaped, with '&' before it unless `out` is empty or ends in '?'. */
void form_put(struct buf *out, const char *name, struct slice value);
/* Everything but unreserved characters (RFC 3986 2.3) as %XX. */
void form_escape(struct slice text, struct buf *out);

#endif
