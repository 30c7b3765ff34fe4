#include "policy/like.h"

check_fn check_link_lookalike;

#define HOSTS_MAX 40

void check_link_lookalike(const struct check_input *in, struct check_result *r)
{
	struct slice seen[HOSTS_MAX];
	size_t count = 0;
	int full = r->score;
	for (size_t i = 0; i < in->letter->url_count && count < HOSTS_MAX; i++) {
		const struct policy_url *u = &in->letter->urls[i];
		const struct target *target;
		size_t k = 0;
		if (u->host.n == 0 || u->is_ip || u->kind == URL_IMAGE)
			continue;
		while (k < count && !slice_eq(seen[k], u->host))
			k++;
		if (k < count)
			continue;
		seen[count++] = u->host;
		enum likeness like = lookalike_find(in->known->domains, u->host, in->facts->arena, &target);
		if (check_overtime(in)) {
			r->state = CHECK_FAILED;
			return;
		}
		like_hit(r, full, like, u->host, target);
	}
}
