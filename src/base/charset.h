/*
 * Character sets of mail: bytes in a named charset become UTF-8.
 *
 * Every name that ICU knows works; names that mail uses wrongly are read as what they mean (gb2312 and gbk as gb18030, iso-8859-1 as
 * windows-1252, …). No name, an unknown name or US-ASCII: the bytes are UTF-8, and each byte that is ill-formed there is windows-1252.
 * Decoding never fails and loses nothing that can be shown: what cannot be decoded becomes U+FFFD.
 */
#ifndef BASE_CHARSET_H
#define BASE_CHARSET_H

#include "base/buf.h"

#define CHARSET_NAME_MAX 60 /* longer names are unknown */

/* Loads what later calls need, so that they work behind a closed jail: ICU looks for no file afterwards. */
void charset_warm(void);
bool charset_known(struct slice name);
/* Appends `in` as UTF-8. */
void charset_decode(struct slice name, struct slice in, struct buf *out);
/* The other way: 0, or -1 when the charset is unknown or lacks a character (out is then as before). */
int charset_encode(struct slice name, struct slice utf8, struct buf *out);

/* The same in pieces: a character may be cut anywhere. One stream at a time may be open for a name in a process. */
struct charset_stream {
	void *converter;      /* NULL: UTF-8 with windows-1252 */
	uint8_t held[4];      /* of a cut character */
	size_t held_count;
};
void charset_stream_open(struct charset_stream *s, struct slice name);
void charset_stream_feed(struct charset_stream *s, struct slice in, bool last, struct buf *out);

#endif
