/* Mailbox addresses of the envelope: RFC 5321 4.1.2 and 4.1.3, RFC 6531 3.3 with SMTPUTF8. */
#ifndef SMTP_PATH_H
#define SMTP_PATH_H

#include "base/buf.h"

#define SMTP_LOCAL_MAX 64    /* octets, RFC 5321 4.5.3.1.1 (quotes not counted) */
#define SMTP_DOMAIN_MAX 255  /* RFC 5321 4.5.3.1.2 */
#define SMTP_LABEL_MAX 63
#define SMTP_PATH_MAX 1024   /* a whole path with source route; RFC 5321 4.5.3.1.3 asks for 256 at least */

/* Slices point into the parsed text. */
struct smtp_path {
	struct slice address;  /* "local@domain" as given without <> and source route; empty: the null reverse-path */
	struct slice local;    /* as given, quotes included when quoted */
	struct slice domain;   /* as given; "[192.0.2.1]" for a literal; empty only for <> and <Postmaster> */
	bool quoted;           /* the local part is a quoted string */
	bool literal;          /* the domain is an address literal */
	bool utf8;             /* some byte is not ASCII */
};

enum {
	SMTP_PATH_NULL = 1,        /* <> is allowed (MAIL) */
	SMTP_PATH_POSTMASTER = 2,  /* <Postmaster> without domain is allowed (RCPT, RFC 5321 4.5.1) */
	SMTP_PATH_UTF8 = 4,        /* UTF-8 is allowed (SMTPUTF8) */
};

/* Takes "<path>" off the front of *text and moves *text behind it. A source route is checked and dropped (RFC 5321 4.1.1.3).
 * 0, ERR_INVALID, ERR_LIMIT (a part is too long), ERR_UNSUPPORTED (UTF-8 without SMTP_PATH_UTF8). */
int smtp_path_take(struct slice *text, unsigned flags, struct smtp_path *ret);
/* A bare "local@domain" without <>, whole. Same errors. */
int smtp_path_parse(struct slice text, unsigned flags, struct smtp_path *ret);
/* The local part without quotes and backslashes. */
void smtp_path_local(const struct smtp_path *path, struct buf *out);

/* RFC 5321 4.1.2 Domain: letters, digits, hyphens between; U-labels with utf8. No trailing dot. */
bool smtp_domain_valid(struct slice domain, bool utf8);
/* "[192.0.2.1]", "[IPv6:2001:db8::1]". ret_address: the address alone, inside the text. */
bool smtp_literal_valid(struct slice literal, struct slice *ret_address);
/* An argument of EHLO, HELO or LHLO. Lenient as practice demands: any run of printable ASCII without space, <, >, at most 255 bytes. */
bool smtp_helo_valid(struct slice name);

bool smtp_ipv4_valid(struct slice text);
bool smtp_ipv6_valid(struct slice text);

#endif
