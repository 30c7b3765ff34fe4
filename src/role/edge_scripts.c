#include "role/edge_scripts.h"

#include <string.h>

#include "base/memory.h"
#include "store/fact.h"
#include "store/profile.h"

#define ACCOUNTS_BYTES (16u * 1100)

struct edge_scripts {
	struct edge *edge;
	struct buf accounts, profiles;  /* accounts: those that are still to be asked */
	edge_scripts_fn *fn;
	void *arg;
	bool asking, abandoned;
};

static bool has_script(const struct recipient_fact *fact)
{
	return fact->kind == FACT_LOCAL && profile_marked(fact->profile) > 0;
}

uint64_t edge_scripts_size(struct slice facts)
{
	struct recipient_fact fact;
	struct slice whole;
	uint64_t size = 0;

	while (facts.n > 0 && fact_peek_recipient(&facts, &fact, &whole) == 0)
		if (has_script(&fact))
			size += profile_marked(fact.profile);
	return size;
}

static void scripts_destroy(struct edge_scripts *s)
{
	buf_free(&s->accounts);
	buf_free(&s->profiles);
	memory_free(s);
}

void edge_scripts_free(struct edge_scripts **scripts)
{
	struct edge_scripts *s = *scripts;

	if (s == NULL)
		return;
	*scripts = NULL;
	s->abandoned = true;
	if (!s->asking)
		scripts_destroy(s);
}

static void ask(struct edge_scripts *s);

static void on_answer(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct edge_scripts *s = arg;
	const struct ipc_auth_scripts_reply *reply = message;
	bool ok = outcome == IPC_OK && reply->status == AUTH_OK && reply->count > 0;

	s->asking = false;
	if (s->abandoned) {
		scripts_destroy(s);
		return;
	}
	if (ok) {
		buf_append(&s->profiles, reply->profiles);
		buf_consume(&s->accounts, 16u * (size_t)reply->count);
		ok = !s->profiles.failed;
	}
	if (ok && buf_len(&s->accounts) > 0)
		ask(s);
	else
		s->fn(s->arg, ok);
}

static void ask(struct edge_scripts *s)
{
	struct ipc_auth_scripts request = {.accounts = slice_sub(buf_slice(&s->accounts), 0, 16 * AUTH_SCRIPTS_MAX)};

	s->asking = true;
	ipc_request(s->edge->ctx->ipc, IPC_AUTH_SCRIPTS, IPC_ANY, &request, on_answer, s);
}

struct edge_scripts *edge_scripts_ask(struct edge *edge, struct slice facts, edge_scripts_fn *fn, void *arg)
{
	struct edge_scripts *s = memory_alloc(sizeof *s);
	struct recipient_fact fact;
	struct slice whole;

	s->edge = edge;
	s->fn = fn;
	s->arg = arg;
	buf_init(&s->accounts, ACCOUNTS_BYTES);
	buf_init(&s->profiles, EDGE_SCRIPTS_BYTES);
	while (facts.n > 0 && fact_peek_recipient(&facts, &fact, &whole) == 0)
		if (has_script(&fact))
			buf_append_bytes(&s->accounts, fact.account, sizeof fact.account);
	ask(s);
	return s;
}

struct slice edge_scripts_profiles(const struct edge_scripts *s)
{
	return buf_slice(&s->profiles);
}
