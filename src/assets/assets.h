/* The files of the webmail, inside the program: made from web/ when it is built, so nothing is fetched and nothing lies on a disk. */
#ifndef ASSETS_ASSETS_H
#define ASSETS_ASSETS_H

#include "base/slice.h"

enum asset_coding { ASSET_IDENTITY, ASSET_GZIP, ASSET_BROTLI };
#define ASSET_CODINGS 3

struct asset {
	const char *path;                /* "/a/app-ABCD1234.js" */
	const char *type;                /* of Content-Type */
	const char *tag;                 /* hexadecimal digits of the hash of its bytes, for ETag */
	bool fixed;                      /* the name has a hash: what it names never changes */
	struct slice bytes[ASSET_CODINGS]; /* empty: that coding is not worth it; never so for ASSET_IDENTITY */
};

/* Sorted by path. */
extern const struct asset assets_table[];
extern const size_t assets_count;

/* NULL: no such file. */
const struct asset *assets_find(struct slice path);

#endif
