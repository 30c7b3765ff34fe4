/* Search filters of LDAP as text (RFC 4515). */
#ifndef SSO_LDAP_FILTER_H
#define SSO_LDAP_FILTER_H

#include "base/buf.h"
#include "base/error.h"

#define LDAP_FILTER_MAX 4000
#define LDAP_NAME_MAX 320

/* Appends a value so that no byte of it is filter syntax (3). */
void ldap_filter_escape(struct slice value, struct buf *out);
/*
 * Appends the template with "%s" = the whole name, "%u" = what stands before its last "@", "%d" = what follows, "%%" = "%"; values are
 * escaped. ERR_INVALID: another letter, an empty or overlong name, one with NUL; ERR_LIMIT.
 */
int ldap_filter_make(struct slice template, struct slice name, struct buf *out);
/* A name for comparison: ASCII in lower case, no blanks around ',', '=' and '+'. Names come from one server, which writes them alike. */
void ldap_name_fold(struct slice dn, struct buf *out);

#endif
