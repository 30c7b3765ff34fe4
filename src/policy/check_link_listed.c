#include "policy/check.h"
#include "policy/host.h"

check_fn check_link_listed;

struct asked {
	struct slice names[LIST_HOSTS_MAX];
	size_t count;
};

/* Domain lists know registered domains. */
static void note_host(struct asked *a, const struct policy_url *u)
{
	struct slice name = host_registered(u->host);
	if (u->host.n == 0 || u->is_ip || a->count == LIST_HOSTS_MAX)
		return;
	for (size_t i = 0; i < a->count; i++)
		if (slice_eq(a->names[i], name))
			return;
	a->names[a->count++] = name;
}

static void ask_zones(const struct check_input *in, struct slice name, struct list_hit *worst, struct slice *ret_name)
{
	for (size_t i = 0; i < in->known->zone_count && i < LIST_ZONES_MAX; i++) {
		struct list_hit hit = list_domain(&in->known->zones[i], name, in->facts);
		worst->waits = worst->waits || hit.waits;
		worst->failed = worst->failed || hit.failed;
		if (hit.zone != NULL && hit.points > worst->points) {
			worst->zone = hit.zone;
			worst->points = hit.points;
			worst->code = hit.code;
			*ret_name = name;
		}
	}
}

void check_link_listed(const struct check_input *in, struct check_result *r)
{
	struct asked a = {0};
	struct list_hit worst = {0};
	struct slice name = SLICE_NONE;
	for (size_t i = 0; i < in->letter->url_count; i++)
		note_host(&a, &in->letter->urls[i]);
	for (size_t i = 0; i < a.count; i++)
		ask_zones(in, a.names[i], &worst, &name);
	if (worst.waits || (worst.zone == NULL && worst.failed)) {
		r->state = worst.waits ? CHECK_WAITS : CHECK_FAILED;
		return;
	}
	if (worst.zone == NULL)
		return;
	check_hit(r, REASON_listed);
	r->score = worst.points < r->score ? worst.points : r->score;
	check_say(r, "zone", worst.zone->name);
	check_say(r, "name", name);
	check_say_number(r, "code", worst.code & 0xff);
}
