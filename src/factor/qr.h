/* QR codes (ISO/IEC 18004) of short texts that programs take by a camera, such as otpauth:// addresses. The text may be a secret: wipe what comes out. */
#ifndef FACTOR_QR_H
#define FACTOR_QR_H

#include "base/buf.h"

#define QR_TEXT_MAX 1200  /* bytes; fits version 40 with a margin */
#define QR_OUT_MAX 262144 /* bytes of either picture */

/* One <svg> element without size of its own, black on white, with the quiet zone. 0, ERR_LIMIT. */
int qr_svg(struct slice text, struct buf *out);
/* Lines of UTF-8 half blocks for a terminal. Light modules are drawn; with `colour` both colours are set, so that it reads on any background. */
int qr_blocks(struct slice text, bool colour, struct buf *out);

#endif
