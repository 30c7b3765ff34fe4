#include "role/edge_dns.h"

#include "base/memory.h"

struct edge_asker {
	struct edge *edge;
	struct list_node turn;      /* in edge->askers while it has questions that wait */
	struct list_node questions; /* that wait, in order */
	edge_asker_fn *fn;
	void *arg;
	unsigned running;
	bool ended;
	size_t network_n;
	uint8_t network[64];
};

struct question {
	struct list_node node;
	struct edge_asker *asker;
	struct dns_question q;
	uint8_t name[FACTS_NAME_MAX];
};

static struct slice network_of(const struct edge_asker *a)
{
	return slice_make(a->network, a->network_n);
}

static void asker_destroy(struct edge_asker *a)
{
	while (!list_empty(&a->questions)) {
		struct question *one = LIST_ITEM(a->questions.next, struct question, node);

		list_remove(&one->node);
		memory_free(one);
	}
	list_remove(&a->turn);
	memory_free(a);
}

static void take_turns(struct edge *edge);

static void on_answer(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct question *one = arg;
	struct edge_asker *a = one->asker;
	struct edge *edge = a->edge;

	limiter_release(edge->limits, LIMIT_QUESTIONS, SLICE_NONE);
	limiter_release(edge->limits, LIMIT_QUESTIONS_NETWORK, network_of(a));
	a->running--;
	if (!a->ended)
		a->fn(a->arg, &one->q, outcome, outcome == IPC_OK ? message : NULL);
	memory_free(one);
	if (a->ended && a->running == 0)
		asker_destroy(a);
	take_turns(edge);
}

static bool may_ask(struct edge_asker *a)
{
	struct limiter *limits = a->edge->limits;
	uint64_t most = limiter_value(limits, LIMIT_QUESTIONS_LETTER);

	if ((most > 0 && a->running >= most) || !limiter_hold(limits, LIMIT_QUESTIONS_NETWORK, network_of(a)))
		return false;
	if (limiter_hold(limits, LIMIT_QUESTIONS, SLICE_NONE))
		return true;
	limiter_release(limits, LIMIT_QUESTIONS_NETWORK, network_of(a));
	return false;
}

static void ask_next(struct edge_asker *a)
{
	struct question *one = LIST_ITEM(a->questions.next, struct question, node);
	struct ipc_resolve request = {.name = one->q.name, .type = one->q.type};

	list_remove(&one->node);
	list_remove(&a->turn);
	if (!list_empty(&a->questions))
		list_append(&a->edge->askers, &a->turn);
	a->running++;
	ipc_request(a->edge->ctx->ipc, IPC_RESOLVE, IPC_ANY, &request, on_answer, one);
}

/* One question of each letter that may ask, again and again, until nobody may. An answer that comes at once begins no second round. */
static void take_turns(struct edge *edge)
{
	bool progress = true;

	if (edge->taking_turns)
		return;
	edge->taking_turns = true;
	while (progress) {
		struct list_node *node = edge->askers.next, *last = edge->askers.prev;

		progress = false;
		while (node != &edge->askers) {
			struct edge_asker *a = LIST_ITEM(node, struct edge_asker, turn);
			bool end = node == last;

			node = node->next;
			if (may_ask(a)) {
				ask_next(a);
				progress = true;
			}
			if (end)
				break;
		}
	}
	edge->taking_turns = false;
}

struct edge_asker *edge_asker_new(struct edge *edge, struct slice address, edge_asker_fn *fn, void *arg)
{
	struct edge_asker *a = memory_alloc(sizeof *a);

	a->edge = edge;
	a->fn = fn;
	a->arg = arg;
	a->network_n = limiter_address(LIMIT_SCOPE_NETWORK, address, a->network).n;
	list_init(&a->questions);
	return a;
}

void edge_asker_free(struct edge_asker **asker)
{
	struct edge_asker *a = *asker;

	*asker = NULL;
	if (a == NULL)
		return;
	a->ended = true;
	list_remove(&a->turn);
	if (a->running == 0)
		asker_destroy(a);
}

void edge_asker_ask(struct edge_asker *a, const struct dns_question *q)
{
	struct question *one = memory_alloc(sizeof *one);
	struct slice name = slice_sub(q->name, 0, sizeof one->name);

	one->asker = a;
	for (size_t i = 0; i < name.n; i++)
		one->name[i] = name.p[i];
	one->q = (struct dns_question){.name = slice_make(one->name, name.n), .type = q->type};
	list_append(&a->questions, &one->node);
	if (!list_linked(&a->turn))
		list_append(&a->edge->askers, &a->turn);
	take_turns(a->edge);
}
