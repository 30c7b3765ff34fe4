/* The tests header, exists, address, envelope and size (RFC 5228 5). */
#include "base/ensure.h"
#include "sieve/machine.h"

static bool value_header(void *arg, struct slice value)
{
	struct matching *x = arg;
	return matching_value(x, machine_header_text(x->m, value));
}

/* RFC 5228 2.4.2.2: a name that is no field name never matches. */
static bool test_header(struct machine *m, const struct sieve_node *node)
{
	const struct sieve_arg *names = node_arg(node, 0);
	struct matching x;
	matching_begin(&x, m, node, node_arg(node, 1));
	for (size_t i = 0; i < names->count && !x.found && !m->stopped; i++)
		machine_headers(m, node, machine_string(m, &names->strings[i]), value_header, &x);
	return matching_end(&x);
}

static bool value_any(void *arg, struct slice value)
{
	(void)arg, (void)value;
	return true;
}

static bool test_exists(struct machine *m, const struct sieve_node *node)
{
	const struct sieve_arg *names = node_arg(node, 0);
	for (size_t i = 0; i < names->count; i++)
		if (!machine_headers(m, node, machine_string(m, &names->strings[i]), value_any, NULL))
			return false;
	return true;
}

/* ---- addresses ---- */

static bool value_address(void *arg, struct slice value)
{
	struct matching *x = arg;
	struct slice part;
	if (!machine_charge(x->m, x->node->place, value.n))
		return true;
	const struct mime_address *list = mime_address_parse(value, x->m->arena);
	for (const struct mime_address *a = mime_address_next(list); a != NULL; a = mime_address_next(a->next)) {
		if (machine_address_part(x->m, x->node, a->mailbox, a->host, &part) && matching_value(x, part))
			return true;
	}
	return false;
}

/* RFC 5228 5.1: only of fields that hold addresses. */
static bool check_address(struct compiler *c, struct sieve_node *node)
{
	static const struct slice fields[] = {
		SLICE_INIT("from"), SLICE_INIT("to"), SLICE_INIT("cc"), SLICE_INIT("bcc"), SLICE_INIT("sender"), SLICE_INIT("reply-to"),
		SLICE_INIT("resent-from"), SLICE_INIT("resent-to"), SLICE_INIT("resent-cc"), SLICE_INIT("resent-bcc"), SLICE_INIT("resent-sender"),
		SLICE_INIT("resent-reply-to"), SLICE_INIT("delivered-to"), SLICE_INIT("x-original-to"), SLICE_INIT("return-path"),
			SLICE_INIT("errors-to"),
		SLICE_INIT("disposition-notification-to"), SLICE_INIT("return-receipt-to"), SLICE_INIT("mail-followup-to"), SLICE_INIT("mail-reply-to"),
		SLICE_INIT("apparently-to"), SLICE_INIT("envelope-to"), SLICE_INIT("x-envelope-from"), SLICE_INIT("x-envelope-to"),
	};
	for (size_t i = 0; i < node->args->count; i++) {
		const struct sieve_string *s = &node->args->strings[i];
		bool found = s->dynamic;
		for (size_t j = 0; j < ARRAY_LEN(fields) && !found; j++)
			found = slice_eq_nocase(s->text, fields[j]);
		if (!found)
			return compile_error(c, s->place, "%.*s is no field of addresses", SLICE_ARG(slice_sub(s->text, 0, 60)));
	}
	return true;
}

static bool test_address(struct machine *m, const struct sieve_node *node)
{
	const struct sieve_arg *names = node_arg(node, 0);
	struct matching x;
	matching_begin(&x, m, node, node_arg(node, 1));
	for (size_t i = 0; i < names->count && !x.found && !m->stopped; i++)
		machine_headers(m, node, machine_string(m, &names->strings[i]), value_address, &x);
	return matching_end(&x);
}

/* ---- envelope (RFC 5228 5.4) ---- */

static bool check_envelope(struct compiler *c, struct sieve_node *node)
{
	for (size_t i = 0; i < node->args->count; i++) {
		const struct sieve_string *s = &node->args->strings[i];
		if (!s->dynamic && !slice_eq_nocase(s->text, SLICE("from")) && !slice_eq_nocase(s->text, SLICE("to")))
			return compile_error(c, s->place, "the envelope has \"from\" and \"to\", no \"%.*s\"", SLICE_ARG(slice_sub(s->text, 0, 60)));
	}
	return true;
}

/* The null reverse-path is the empty string, whatever part is asked for. */
static void value_path(struct matching *x, struct slice address)
{
	ptrdiff_t at = slice_rfind(address, '@');
	struct slice local = at < 0 ? address : slice_sub(address, 0, (size_t)at), part = SLICE_NONE;
	struct slice domain = at < 0 ? SLICE_NONE : slice_from(address, (size_t)at + 1);
	if (address.n == 0 || machine_address_part(x->m, x->node, local, domain, &part))
		matching_value(x, part);
}

static bool test_envelope(struct machine *m, const struct sieve_node *node)
{
	const struct sieve_arg *parts = node_arg(node, 0);
	struct matching x;
	matching_begin(&x, m, node, node_arg(node, 1));
	for (size_t i = 0; i < parts->count && !x.found && !m->stopped; i++) {
		struct slice name = machine_string(m, &parts->strings[i]);
		if (slice_eq_nocase(name, SLICE("from")))
			value_path(&x, m->letter->from);
		else if (slice_eq_nocase(name, SLICE("to")))
			value_path(&x, m->letter->to);
	}
	return matching_end(&x);
}

/* ---- size (RFC 5228 5.9) ---- */

enum { SIZE_OVER, SIZE_UNDER };
static const struct sieve_tag tags_size[] = {
	{"over", SLOT_OVER, 0, SIEVE_CORE, SIZE_OVER}, {"under", SLOT_OVER, 0, SIEVE_CORE, SIZE_UNDER}, {.name = NULL},
};

static bool check_size(struct compiler *c, struct sieve_node *node)
{
	return node_tag(node, SLOT_OVER) != NULL || compile_error(c, node->place, "size needs :over or :under");
}

static bool test_size(struct machine *m, const struct sieve_node *node)
{
	uint64_t size = m->letter->message.n, limit = node_arg(node, 0)->number;
	return node_tag(node, SLOT_OVER)->tag->code == SIZE_OVER ? size > limit : size < limit;
}

const struct sieve_def sieve_test_header = {.name = "header", .extension = SIEVE_CORE, .tags = {sieve_tags_match, sieve_tags_comparator,
	sieve_tags_index},
	.arguments = "ll", .matches = true, .test = test_header};
const struct sieve_def sieve_test_exists = {.name = "exists", .extension = SIEVE_CORE, .arguments = "l", .test = test_exists};
const struct sieve_def sieve_test_address = {.name = "address", .extension = SIEVE_CORE,
	.tags = {sieve_tags_match, sieve_tags_comparator, sieve_tags_part, sieve_tags_index}, .arguments = "ll", .matches = true,
		.check = check_address,
	.test = test_address};
const struct sieve_def sieve_test_envelope = {.name = "envelope", .extension = SIEVE_ENVELOPE,
	.tags = {sieve_tags_match, sieve_tags_comparator, sieve_tags_part}, .arguments = "ll", .matches = true, .check = check_envelope,
	.test = test_envelope};
const struct sieve_def sieve_test_size = {.name = "size", .extension = SIEVE_CORE, .tags = {tags_size}, .arguments = "n",
	.check = check_size,
	.test = test_size};
