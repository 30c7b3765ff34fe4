/* Authentication-Results, RFC 8601 (with RFC 8616 for internationalised mail): what the checks said, for those behind us. */
#ifndef TRUST_AUTHRES_H
#define TRUST_AUTHRES_H

#include "base/arena.h"
#include "base/buf.h"

#define AUTHRES_RESULTS_MAX 32      /* of one field */
#define AUTHRES_PROPERTIES_MAX 16   /* of one result */
#define AUTHRES_FIELD_MAX 16384     /* bytes of a field that is read or written */
#define AUTHRES_VALUE_MAX 400       /* bytes of one value that is written; longer ones are cut */

struct authres_property {
	struct slice type, name, value;  /* "smtp", "mailfrom", "a@example.org" */
};

struct authres_result {
	struct slice method, result;     /* "spf", "pass"; lower case when read */
	struct slice reason;             /* reason="…"; empty: none */
	struct slice comment;            /* written in parentheses behind the result; not read */
	struct authres_property properties[AUTHRES_PROPERTIES_MAX];
	size_t property_count;
};

struct authres {
	struct slice id;                 /* authserv-id, U-labels kept */
	struct authres_result results[AUTHRES_RESULTS_MAX]; /* none: "none" is written */
	size_t count;
};

/* A new result at the end. NULL when there are AUTHRES_RESULTS_MAX. Names are literals or live as long as `a`. */
struct authres_result *authres_add(struct authres *a, const char *method, const char *result);
/* An empty value adds nothing. */
void authres_property(struct authres_result *r, const char *type, const char *name, struct slice value);

/*
 * Appends "Authentication-Results: …" with its CRLF, folded at 78. Values from outside cannot break out: what is no token (or address) is
 * quoted, controls and what is not UTF-8 are left out, and non-ASCII stays UTF-8 (RFC 8616 5) only with `utf8`, else it becomes "?".
 */
void authres_write(const struct authres *a, bool utf8, struct buf *out);
/*
 * Only the value: "id; method=result …", folded in the same way; first_used: columns of the line that are taken. For ARC (RFC 8617 4.1.1).
 */
void authres_write_value(const struct authres *a, bool utf8, size_t first_used, struct buf *out);

/* A field's value, folded or not. False: malformed; nothing of it may be believed. Strings in the arena. */
bool authres_parse(struct slice value, struct arena *arena, struct authres *ret);
/* The first result of that method, or NULL. */
const struct authres_result *authres_find(const struct authres *a, const char *method);
/* The value of a property, empty: not there. */
struct slice authres_value(const struct authres_result *r, const char *type, const char *name);

/*
 * The next field of a header that must be removed before ours is added (RFC 8601 5): an Authentication-Results that bears our authserv-id,
 * or from which no id can be read. Moves *header on; false at its end. ids: our names, compared without case and with U-labels as
 * A-labels.
 */
bool authres_forged_next(struct slice *header, const struct slice *ids, size_t id_count, struct slice *ret_field);

#endif
