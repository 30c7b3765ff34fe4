#include "sieve/outcome.h"

static void print_file(const struct sieve_action *a, struct buf *out)
{
	buf_printf(out, "file %.*s", SLICE_ARG(a->mailbox));
	if (a->special_use.n > 0)
		buf_printf(out, " use=%.*s", SLICE_ARG(a->special_use));
	if (a->create)
		buf_append_str(out, " create");
	if (a->flags.n > 0)
		buf_printf(out, " [%.*s]", SLICE_ARG(a->flags));
}

static void print_action(const struct sieve_action *a, struct buf *out)
{
	switch (a->kind) {
	case SIEVE_DO_FILE: print_file(a, out); break;
	case SIEVE_DO_REDIRECT: buf_printf(out, "redirect %.*s", SLICE_ARG(a->address)); break;
	case SIEVE_DO_REJECT: buf_printf(out, "reject %.*s", SLICE_ARG(slice_trim(a->text))); break;
	case SIEVE_DO_VACATION: buf_printf(out, "vacation %u %.*s", a->seconds, SLICE_ARG(slice_trim(a->text))); break;
	}
	buf_append_byte(out, '\n');
}

void sieve_outcome_print(const struct sieve_outcome *o, struct buf *out)
{
	if (o->failed)
		buf_printf(out, "error %u:%u %s\n", o->error.place.line, o->error.place.column, o->error.text);
	if (o->waits)
		buf_append_str(out, "wait\n");
	for (const struct sieve_action *a = o->actions; a != NULL && !o->waits; a = a->next)
		print_action(a, out);
	if (o->actions == NULL && !o->waits)
		buf_append_str(out, "discard\n");
}
