/* xtext of RFC 3461 4: printable ASCII in which '+', '=' and everything else appear as "+XX". */
#ifndef SMTP_XTEXT_H
#define SMTP_XTEXT_H

#include "base/buf.h"

bool xtext_valid(struct slice s);
void xtext_encode(struct slice in, struct buf *out);
int xtext_decode(struct slice in, struct buf *out); /* 0 or ERR_INVALID (out is then as before) */
/* ORCPT: "addr-type;xtext" (RFC 3461 4.2), or utf-8-addr-xtext / utf-8-addr-unitext for "utf-8" (RFC 6533 3). */
bool orcpt_valid(struct slice s, bool utf8);

#endif
