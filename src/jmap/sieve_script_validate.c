#include "jmap/sieve.h"

struct validating {
	struct jmap_sieve *q;            /* first (sieve.c) */
};

static void put_verdict(struct jmap_call *call, const char *type, struct slice why)
{
	struct emit *e = jmap_out(call);

	jmap_answer_begin(call, NULL);
	emit_member_text(e, "accountId", jmap_account_name(call->jmap));
	emit_key(e, "error");
	if (type == NULL) {
		emit_null(e);
	} else {
		emit_object(e);
		emit_member_text(e, "type", slice_str(type));
		if (why.n > 0)
			emit_member_text(e, "description", why);
		emit_object_end(e);
	}
	jmap_answer_end(call);
}

static enum jmap_step begin(struct jmap_call *call)
{
	static const char *const names[] = {"blobId", NULL};
	struct validating *v = arena_alloc(&call->arena, sizeof *v);
	struct buf script = BUF_INIT(JMAP_SIEVE_SCRIPT_MAX);
	struct slice blob = SLICE_NONE;
	const char *error;
	enum jmap_step step = JMAP_WAIT;

	if (!jmap_args_check(call, names) || !jmap_arg_text(call, "blobId", &blob))
		return JMAP_DONE;
	call->state = v;
	v->q = jmap_sieve_create(call);
	error = jmap_sieve_blob(call, blob, &script);
	if (error != NULL) {
		put_verdict(call, error, SLICE_NONE);
		step = JMAP_DONE;
	} else if (!jmap_sieve_ask(call, v->q, JMAP_SIEVE_CHECK, SLICE_NONE, buf_slice(&script))) {
		step = jmap_error(call, "serverUnavailable", NULL);
	}
	buf_free(&script);
	return step;
}

/* RFC 9661 2.5. */
enum jmap_step jmap_sieve_script_validate(struct jmap_call *call)
{
	const struct validating *v = call->state;

	if (v == NULL)
		return begin(call);
	switch (v->q->result) {
	case JMAP_SIEVE_OK: put_verdict(call, NULL, SLICE_NONE); break;
	case JMAP_SIEVE_REFUSED: put_verdict(call, "invalidSieve", buf_slice(&v->q->why)); break;
	case JMAP_SIEVE_LONG: put_verdict(call, "tooLarge", SLICE_NONE); break;
	case JMAP_SIEVE_FORBIDDEN: return jmap_error(call, "forbidden", NULL);
	case JMAP_SIEVE_NONE: case JMAP_SIEVE_EXISTS: case JMAP_SIEVE_ACTIVE_STAYS: case JMAP_SIEVE_MANY: case JMAP_SIEVE_LATER:
		return jmap_error(call, "serverUnavailable", NULL);
	}
	return JMAP_DONE;
}
