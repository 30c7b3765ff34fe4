/* mailboxexists (RFC 5490 3.1), specialuse_exists (RFC 8579 3), environment (RFC 5183). */
#include "base/ensure.h"
#include "sieve/machine.h"

#define VERSION "1"

static bool test_mailboxexists(struct machine *m, const struct sieve_node *node)
{
	const struct sieve_arg *names = node_arg(node, 0);
	for (size_t i = 0; i < names->count; i++)
		if (machine_mailbox(m, machine_string(m, &names->strings[i])) == NULL)
			return false;
	return true;
}

static bool uses(const struct sieve_mailbox *mailbox, struct slice attribute)
{
	struct slice all = mailbox->special_use, use;
	while (slice_split(&all, ' ', &use))
		if (slice_eq_nocase(use, attribute))
			return true;
	return false;
}

/* With a mailbox: has it all of them? Without: is there one for each? */
static bool test_specialuse_exists(struct machine *m, const struct sieve_node *node)
{
	bool named = node->arg_count == 2;
	const struct sieve_arg *list = node_arg(node, named ? 1 : 0);
	const struct sieve_mailbox *mailbox = named ? machine_mailbox(m, machine_arg(m, node, 0)) : NULL;
	if (named && mailbox == NULL)
		return false;
	for (size_t i = 0; i < list->count; i++) {
		struct slice attribute = machine_string(m, &list->strings[i]);
		if (named ? !uses(mailbox, attribute) : machine_special_use(m, attribute) == NULL)
			return false;
	}
	return true;
}

static struct slice domain_of(const struct machine *m)
{
	ptrdiff_t at = slice_rfind(m->letter->address, '@');
	return at < 0 ? SLICE_NONE : slice_from(m->letter->address, (size_t)at + 1);
}

/* False: not known here, the test is false (RFC 5183 4). */
static bool environment_get(const struct machine *m, struct slice name, struct slice *ret)
{
	const struct { struct slice name, value; } items[] = {
		{SLICE("domain"), domain_of(m)}, {SLICE("host"), m->letter->host}, {SLICE("location"), SLICE("MDA")}, {SLICE("name"),
			SLICE("Letterlock")},
		{SLICE("phase"), SLICE("during")}, {SLICE("remote-host"), m->letter->remote_host}, {SLICE("remote-ip"), m->letter->remote_ip},
		{SLICE("version"), SLICE(VERSION)},
	};
	for (size_t i = 0; i < ARRAY_LEN(items); i++)
		if (slice_eq_nocase(items[i].name, name)) {
			*ret = items[i].value;
			return true;
		}
	return false;
}

static bool test_environment(struct machine *m, const struct sieve_node *node)
{
	struct matching x;
	struct slice value;
	matching_begin(&x, m, node, node_arg(node, 1));
	if (environment_get(m, machine_arg(m, node, 0), &value))
		matching_value(&x, value);
	return matching_end(&x);
}

const struct sieve_def sieve_test_mailboxexists = {.name = "mailboxexists", .extension = SIEVE_MAILBOX, .arguments = "l",
	.test = test_mailboxexists};
const struct sieve_def sieve_test_specialuse_exists = {.name = "specialuse_exists", .extension = SIEVE_SPECIAL_USE, .arguments = "?sl",
	.test = test_specialuse_exists};
const struct sieve_def sieve_test_environment = {.name = "environment", .extension = SIEVE_ENVIRONMENT, .tags = {sieve_tags_match,
	sieve_tags_comparator},
	.arguments = "sl", .matches = true, .test = test_environment};
