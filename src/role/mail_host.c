/* What the store of an account asks of its role (struct store_host), and accounts that check --store has to name. */
#include "role/mail_use.h"

#include <stdio.h>

#include "base/memory.h"
#include "queue/queue.h"

/* ---- accounts that check --store has to name ---- */

void mail_broken_note(struct mail_account *a, const struct error *err)
{
	struct map *broken = &a->role->broken;
	struct mail_broken *b = map_get(broken, mail_id(a->id));

	if (b == NULL && broken->count >= MAIL_BROKEN_MAX)
		return;
	if (b == NULL) {
		b = memory_alloc(sizeof *b);
		map_put(broken, mail_id(a->id), b);
	}
	snprintf(b->login, sizeof b->login, "%.*s", SLICE_ARG(a->login));
	snprintf(b->why, sizeof b->why, "%s", err->private_text);
}

void mail_broken_forget(struct mail_account *a)
{
	memory_free(map_remove(&a->role->broken, mail_id(a->id)));
}

/* ---- what the store asks ---- */

static int64_t host_now(void *arg)
{
	struct mail_account *a = arg;

	return moment_unix(loop_now(a->role->ctx->loop));
}

static void host_append(void *arg, struct store_append *append)
{
	mail_append_start(arg, append);
}

static void host_catch_up(void *arg, struct store_account *store, void (*done)(void *arg), void *done_arg)
{
	mail_arrivals_await(arg, done, done_arg);
}

static void tell_now(void *arg)
{
	struct mail_account *a = arg;

	a->soon = false;
	if (a->store != NULL)
		store_account_tell(a->store);
	mail_account_drop(a);
}

static void host_soon(void *arg, struct store_account *store)
{
	struct mail_account *a = arg;

	if (a->soon)
		return;
	a->soon = true;
	mail_account_hold(a);
	loop_defer(a->role->ctx->loop, tell_now, a);
}

static void host_unref(void *arg, struct store_account *store)
{
	mail_unref_send(arg);
}

static void host_profile(void *arg, struct store_account *store)
{
	mail_account_profile(arg);
}

static void host_damaged(void *arg, struct store_account *store, const struct error *err)
{
	mail_account_log(EV_STORE_DAMAGED, arg, err);
}

static void host_recovered(void *arg, struct store_account *store, size_t count)
{
	struct mail_account *a = arg;

	log_event(EV_STORE_RECOVERED, LOG_TEXT("user", a->login), LOG_NUM("count", count));
}

static void host_salvaged(void *arg, struct store_account *store, const struct store_salvage *found)
{
	struct mail_account *a = arg;

	log_event(EV_STORE_SALVAGED, LOG_TEXT("user", a->login), LOG_NUM("mailboxes", found->mailboxes), LOG_NUM("messages", found->messages),
	          LOG_NUM("lost", found->lost), LOG_NUM("places", found->places));
}

static void host_alive(void *arg)
{
	struct mail_account *a = arg;

	mail_alive(a->role);
}

/* Its sessions end: the next sign-in mends the database, and readers must not go on in the middle of that. */
static void end_broken(void *arg)
{
	struct mail_account *a = arg;

	mail_session_end(a->role, a->id, 0, "The mailbox is being repaired, sign in again");
	mail_account_drop(a);
}

static void host_broken(void *arg, struct store_account *store)
{
	struct mail_account *a = arg;
	struct error err;

	error_set(&err, ERR_DAMAGED, "account.db is damaged; it is made anew at the next sign-in");
	mail_account_log(EV_STORE_DAMAGED, a, &err);
	mail_broken_note(a, &err);
	if (a->held == 0) /* it is about to be closed, or that is how it was found */
		return;
	mail_account_hold(a);
	loop_defer(a->role->ctx->loop, end_broken, a);
}

static void host_removed(void *arg, struct store_account *store, struct slice mailbox, const struct slice *target, size_t count)
{
	const struct mail_account *a = arg;

	mail_use_removed(a, a->at_work, mailbox, target, count);
}

static void host_recalled(void *arg, struct store_account *store, const struct store_arrival *order, enum store_recalled what)
{
	static const char *const results[] = {
		[STORE_RECALL_GONE] = "deleted before", [STORE_RECALL_DONE] = "recalled", [STORE_RECALL_READ] = "read before",
	};
	const struct mail_account *a = arg;
	char id[QUEUE_ID_SIZE];

	queue_id_format(order->place.pack, order->place.ordinal, id);
	log_event(EV_MAIL_RECALLED, LOG_STR("mid", id), LOG_TEXT("to", a->login), LOG_STR("result", results[what]));
}

static bool host_learns(void *arg)
{
	const struct mail_account *a = arg;

	return a->role->ctx->config->junk_personal;
}

static const struct bayes *host_house(void *arg)
{
	const struct mail_account *a = arg;

	return mail_lessons_table(a->role);
}

static void host_teach(void *arg, const uint8_t email[16], unsigned want, const struct tokens *tokens)
{
	const struct mail_account *a = arg;

	mail_lessons_teach(a->role, a->id, email, want, tokens);
}

static void host_learn(void *arg, struct store_account *store)
{
	mail_index_learn(arg);
}

static int64_t host_bin(void *arg)
{
	const struct mail_account *a = arg;

	return a->role->ctx->config->queue_undelete / 1000;
}

static void host_keep(void *arg, struct store_account *store, uint64_t seq, void (*done)(void *arg, int code), void *done_arg)
{
	mail_unref_keep(arg, seq, done, done_arg);
}

static void host_later(void *arg, void (*fn)(void *arg), void *fn_arg)
{
	struct mail_account *a = arg;

	loop_defer(a->role->ctx->loop, fn, fn_arg);
}

static int host_database_key(void *arg, struct store_account *store, size_t index, uint8_t ret_key[32])
{
	struct mail_account *a = arg;

	if (index >= a->keys.secrets.count)
		return ERR_NOT_FOUND;
	secrets_database_key(&a->keys.secrets.items[index], ret_key);
	return 0;
}

struct store_host mail_host(struct mail_account *a)
{
	return (struct store_host){
		.arg = a, .now = host_now, .append = host_append, .catch_up = host_catch_up, .soon = host_soon, .unref = host_unref,
		.profile = host_profile, .database_key = host_database_key, .damaged = host_damaged, .removed = host_removed,
		.recovered = host_recovered, .salvaged = host_salvaged, .recalled = host_recalled, .alive = host_alive,
		.broken = host_broken, .learns = host_learns, .learn = host_learn, .house = host_house, .teach = host_teach,
		.bin = host_bin, .keep = host_keep, .later = host_later,
	};
}
