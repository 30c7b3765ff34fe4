/* Our own signature files as the role scan judges them: what clamd says of its age is that of the files of its maker. */
#include "base/log.h"
#include "role/scan.h"

#define BAD_MAX 2 /* looks in a row: a file that is just being replaced has the signature of the other one for a moment */

void scan_own_look(struct scan_role *r)
{
	struct error err = {0};
	bool bad = false;
	int rc;
	if (r->ctx->config->malware_signature_key.n == 0)
		return;
	rc = signatures_look(r->ctx->config, r->own, &r->own_count, &err);
	r->own_unknown = rc != 0 && rc != ERR_NOT_FOUND;
	r->own_oldest_s = 0;
	for (size_t i = 0; i < r->own_count; i++) {
		bad |= r->own[i].made_s == 0;
		if (r->own[i].made_s != 0 && (r->own_oldest_s == 0 || r->own[i].made_s < r->own_oldest_s))
			r->own_oldest_s = r->own[i].made_s;
	}
	r->own_bad = !bad ? 0 : r->own_bad < BAD_MAX ? r->own_bad + 1 : BAD_MAX;
}

int64_t scan_own_age_s(const struct scan_role *r)
{
	int64_t age = moment_unix(loop_now(r->ctx->loop)) - r->own_oldest_s;
	return r->own_oldest_s == 0 ? -1 : age > 0 ? age : 0;
}

unsigned scan_own_step(const struct scan_role *r)
{
	enum signatures_state state = SIGNATURES_FRESH;
	if (r->own_unknown || r->own_bad == BAD_MAX)
		return SCAN_STALE_STEP;
	if (r->own_oldest_s != 0)
		state = signatures_state(r->ctx->config, r->own_oldest_s, moment_unix(loop_now(r->ctx->loop)));
	return state == SIGNATURES_FRESH ? 0 : state == SIGNATURES_OLD ? 1 : SCAN_STALE_STEP;
}

const char *scan_own_problem(const struct scan_role *r)
{
	if (r->own_unknown)
		return "our own signature files cannot be read";
	return r->own_bad == BAD_MAX ? "the signature of one of our own signature files does not hold" : "our own signature files are old";
}
