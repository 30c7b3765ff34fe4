/*
 * Character sets of mail: bytes in a named charset become UTF-8.
 *
 * Every name that ICU knows works; names that mail uses wrongly are read as what they mean (gb2312 and gbk as gb18030, iso-8859-1 as
 * windows-1252, …). No name, an unknown name or US-ASCII: the bytes are UTF-8, and each byte that is ill-formed there is windows-1252.
 * Decoding never fails; what cannot be decoded becomes U+FFFD.
 */
#ifndef BASE_CHARSET_H
#define BASE_CHARSET_H

#include "base/buf.h"

#define CHARSET_NAME_MAX 60 /* longer names are unknown */

/* Loads what later calls need, so that they work behind a closed jail: ICU looks for no file afterwards. Once per process. */
void charset_warm(void);
bool charset_known(struct slice name);
/* Every byte below 0x80 stands for itself, wherever it stands. False for some charsets where it would be true. */
bool charset_keeps_ascii(struct slice name);
/* Appends `in` as UTF-8. Not while a stream is open. */
void charset_decode(struct slice name, struct slice in, struct buf *out);

/* The same in pieces: a character may be cut anywhere. One stream at a time may be open in a process (converters are shared). */
struct charset_stream {
	uint8_t kind;
	void *converter;
	uint8_t held[4];      /* of a cut UTF-8 character */
	size_t held_count;
};
void charset_stream_open(struct charset_stream *s, struct slice name);
void charset_stream_feed(struct charset_stream *s, struct slice in, bool last, struct buf *out);

#endif
