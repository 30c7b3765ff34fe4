/* Email/get (RFC 8621 4.2). */
#include <string.h>

#include "jmap/email_show.h"

struct getting {
	struct jmap_email_wish wish;
	uint8_t (*every)[16];   /* ids is null: of all emails */
	size_t every_count, every_at;
	struct arena arena;     /* of one email */
};

/* ERR_NOT_FOUND: it is none, or went meanwhile; a damaged one is told as not found too: nothing of it can be said. */
static int show(struct jmap_call *call, struct getting *g, const uint8_t id[16])
{
	struct jmap_email email;
	struct jmap_shown s = {.call = call, .arena = &g->arena, .email = &email};
	int rc;

	arena_reset(&g->arena);
	rc = jmap_email_find(jmap_mail(call), id, &g->arena, &email);
	if (rc == 0)
		rc = jmap_email_print(&s, &g->wish);
	return rc == ERR_DAMAGED || rc == ERR_UNSUPPORTED ? ERR_NOT_FOUND : rc;
}

/* ---- the method ---- */

static void forget(struct jmap_call *call)
{
	struct getting *g = call->state;

	arena_free(&g->arena);
}

struct every {
	struct jmap_call *call;
	struct getting *g;
};

static int take_every(void *arg, const struct mailbox_ref *m, const struct message_row *row)
{
	struct every *every = arg;
	struct getting *g = every->g;

	if (g->every_count > 0 && memcmp(g->every[g->every_count - 1], row->email_id, 16) == 0)
		return 0;
	if (g->every_count == JMAP_GET_MAX)
		return ERR_LIMIT;
	memcpy(g->every[g->every_count++], row->email_id, 16);
	return 0;
}

static enum jmap_step begin(struct jmap_call *call)
{
	struct getting *g = ARENA_NEW(&call->arena, struct getting);
	struct every every = {call, g};
	struct slice state;
	int rc = 0;

	if (!jmap_email_wish_take(call, false, &g->wish) || !jmap_state_of(call, JMAP_TYPE_EMAIL, &state))
		return JMAP_DONE;
	if (g->wish.get.all) {
		g->every = arena_alloc_array(&call->arena, JMAP_GET_MAX, sizeof *g->every);
		rc = jmap_mail(call)->ops->newest(jmap_mail(call), NULL, take_every, &every, NULL);
	}
	if (rc < 0)
		return jmap_error_code(call, rc);
	call->state = g;
	call->forget = forget;
	jmap_get_begin(call, state);
	return JMAP_AGAIN;
}

/* False: there are no more. */
static bool next(struct getting *g, struct slice *ret_text, uint8_t ret_id[16], bool *ret_known)
{
	*ret_known = true;
	if (g->wish.get.all && g->every_at < g->every_count) {
		memcpy(ret_id, g->every[g->every_at++], 16);
		return true;
	}
	if (!jmap_get_next(&g->wish.get, ret_text))
		return false;
	*ret_known = jmap_id_parse(*ret_text, 'M', ret_id);
	return true;
}

enum jmap_step jmap_email_get(struct jmap_call *call)
{
	struct getting *g = call->state;
	struct slice text = SLICE_NONE;
	uint8_t id[16];
	bool known;
	int rc;

	if (g == NULL) {
		if (begin(call) == JMAP_DONE)
			return JMAP_DONE;
		g = call->state;
	}
	while (jmap_room(call)) {
		if (!next(g, &text, id, &known)) {
			jmap_get_end(call, &g->wish.get);
			return JMAP_DONE;
		}
		rc = known ? show(call, g, id) : ERR_NOT_FOUND;
		if (rc == ERR_NOT_FOUND && text.n > 0)
			jmap_get_missing(call, &g->wish.get, text);
		else if (rc < 0 && rc != ERR_NOT_FOUND)
			return jmap_error_code(call, rc);
	}
	return JMAP_AGAIN;
}
