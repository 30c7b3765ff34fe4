/* The role filter in parts: one file for each kind of request. Only role/filter*.c include it. */
#ifndef ROLE_FILTER_H
#define ROLE_FILTER_H

#include "base/arena.h"
#include "filter/filter.h"
#include "filter/guard.h"
#include "filter/partner.h"
#include "policy/lists.h"
#include "role/role.h"

#define FILTER_MESSAGE_MAX (512u << 20)      /* bytes of a memfd that is mapped; the configured limit lies below */
#define FILTER_CPU_SECONDS 2                 /* for one message */
#define FILTER_KEY_REPLY_MAX 4096

struct filter_role {
	struct role_context *ctx;
	struct filter_epoch epoch;
	int64_t epoch_mono_ms;        /* when key told it; 0: never */
	struct arena arena;
	struct timer *handover;
	struct list_zone zones[LIST_ZONES_MAX];
	size_t zone_count;
	struct check_options checks;
	struct filter_guard_settings guard;
	struct filter_partner_settings partners;
	struct sealer *sealer;
	struct timer *forget;         /* the ephemeral secret of the sealer */
	bool forgetting;              /* the timer runs */
	bool shut;                    /* takes no more requests: it ends */
	uint64_t served, refused, failed;
};

/* Of the message in hand, from now on: beyond it the process ends. */
void filter_role_cpu_limit(long seconds);
struct filter_settings filter_role_settings(struct filter_role *f);
/* The epoch that outgoing copies are sealed to; NULL when key does not answer. */
const struct filter_epoch *filter_role_epoch(struct filter_role *f);
/* The request is answered: what was kept for it is forgotten. */
void filter_role_done(struct filter_role *f);
void filter_role_failed(struct filter_role *f, struct slice cid, const struct error *err);
/* Does a letter with this one recipient leave the house? Then it needs an epoch. */
bool filter_role_goes_outside(struct slice fact_bytes);

void filter_on_seal(void *arg, struct ipc_call *call, const void *message);
void filter_on_dsn(void *arg, struct ipc_call *call, const void *message);
void filter_on_report(void *arg, struct ipc_call *call, const void *message);
void filter_on_notice(void *arg, struct ipc_call *call, const void *message);
void filter_on_view(void *arg, struct ipc_call *call, const void *message);
void filter_on_parse(void *arg, struct ipc_call *call, const void *message);

#endif
