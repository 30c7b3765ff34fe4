/* Inside of a provider: what is cached (provider.c), and who waits for it (provider.c, flow.c). */
#ifndef SSO_PROVIDER_PRIVATE_H
#define SSO_PROVIDER_PRIVATE_H

#include "base/list.h"
#include "sso/provider.h"

#define PROVIDER_MAGIC 0x50525644u

struct provider {
	uint32_t magic;
	struct sso_host host;
	struct arena arena; /* of the settings */
	struct provider_settings settings;
	struct arena metadata_arena;
	struct discovery metadata;
	struct jwks *keys;
	int64_t metadata_ms, keys_ms; /* when they came, monotonic; 0: never */
	int64_t tried_ms;             /* the last fetch of metadata or keys */
	bool tried, fetching;
	struct list_node waiting;     /* struct provider_wait */
	unsigned waiting_count;
	unsigned returning;           /* browsers whose answer is being looked at */
};

/* What is needed is here (rc 0), or cannot be had (ERR_TEMPORARY or what discovery_parse says). */
typedef void provider_ready_fn(void *arg, int rc, const struct error *err);
/* renew_keys: a token names a key that is not there. fn is called once, perhaps at once. */
void provider_ready(struct provider *p, bool renew_keys, provider_ready_fn *fn, void *arg);
int64_t provider_unix(const struct provider *p);

#endif
