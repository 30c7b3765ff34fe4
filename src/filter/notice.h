/*
 * Letters that the system itself writes (ipc/notices.h): text/plain in the language of the reader, from the postmaster of a domain, with the
 * null reverse-path and Auto-Submitted: auto-generated (RFC 3834 5), so that nothing answers them.
 */
#ifndef FILTER_NOTICE_H
#define FILTER_NOTICE_H

#include "filter/filter.h"
#include "filter/notice_text.h"

struct filter_notice { /* as FILTER_NOTICE; borrowed */
	struct slice cid, name, language, fact, domain, signer, args;
	int64_t now_ms;
};

/* The letter with its header; id makes the Message-ID. 0, ERR_INVALID: no letter of that name, ERR_LIMIT. It may hold a code: wipe it. */
int filter_notice_compose(const struct filter_notice *n, struct slice to, const struct filter_settings *settings, const uint8_t id[16],
                          struct buf *out);
/* As filter_dsn: checks the fact, composes, seals. epoch: needed when the recipient is outside. */
int filter_notice(const struct filter_notice *n, const struct filter_settings *settings, const uint8_t secret[32],
                  const struct filter_epoch *epoch, struct arena *arena, struct filter_result *ret, struct error *err);

#endif
