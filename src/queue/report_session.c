#include "queue/report_session.h"

#include "base/ensure.h"

#define POLICY_MAX (2 * REPORT_SESSION_STRINGS_BYTES + 1000)

static void put_text(struct buf *out, struct slice s)
{
	buf_put_bytes(out, slice_sub(s, 0, REPORT_SESSION_TEXT_MAX));
}

static void put_list(struct buf *out, const struct slice *list, size_t count, size_t *room)
{
	size_t n = 0;
	while (n < count && list[n].n <= *room)
		*room -= list[n++].n;
	buf_put_u8(out, (uint8_t)n);
	for (size_t i = 0; i < n; i++)
		buf_put_bytes(out, list[i]);
}

static bool get_list(struct slice *s, struct slice *list, size_t *ret_count)
{
	uint8_t count;
	if (!slice_get_u8(s, &count) || count > TLSRPT_STRINGS_MAX)
		return false;
	for (*ret_count = 0; *ret_count < count; ++*ret_count)
		if (!slice_get_bytes(s, &list[*ret_count]))
			return false;
	return true;
}

#define TEXTS(f) {&(f)->result_type, &(f)->sending_mta_ip, &(f)->receiving_mx_hostname, &(f)->receiving_ip, &(f)->failure_reason_code}

void report_session_encode(const struct report_session *r, struct buf *out)
{
	const struct slice *const texts[] = TEXTS(&r->failure);
	struct buf policy = BUF_INIT(POLICY_MAX);
	size_t room = REPORT_SESSION_STRINGS_BYTES;
	put_text(&policy, r->policy.type);
	buf_put_bytes(&policy, slice_sub(r->policy.domain, 0, MEMORY_KEY_MAX));
	put_list(&policy, r->policy.strings, r->policy.string_count, &room);
	put_list(&policy, r->policy.mx_hosts, r->policy.mx_host_count, &room);
	buf_put_bytes(out, buf_slice(&policy));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		put_text(out, *texts[i]);
	buf_free(&policy);
}

static bool decode_policy(struct slice s, struct tlsrpt_policy *p)
{
	return slice_get_bytes(&s, &p->type) && slice_get_bytes(&s, &p->domain) && p->domain.n > 0 && p->domain.n <= MEMORY_KEY_MAX &&
		get_list(&s, p->strings, &p->string_count) && get_list(&s, p->mx_hosts, &p->mx_host_count) && s.n == 0;
}

bool report_session_decode(struct slice data, struct report_session *ret, struct slice *ret_policy)
{
	struct slice *const texts[] = TEXTS(&ret->failure);
	struct slice policy;
	*ret = (struct report_session){0};
	if (!slice_get_bytes(&data, &policy) || !decode_policy(policy, &ret->policy))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (!slice_get_bytes(&data, texts[i]))
			return false;
	if (ret_policy != NULL)
		*ret_policy = policy;
	return data.n == 0;
}
