/* The commands and tests, and the tags that several of them share. */
#include "base/ensure.h"
#include "sieve/machine.h"

static const struct sieve_def *const commands[] = {
	&sieve_cmd_if, &sieve_cmd_elsif, &sieve_cmd_else, &sieve_cmd_require, &sieve_cmd_stop, &sieve_cmd_keep, &sieve_cmd_discard,
		&sieve_cmd_fileinto,
	&sieve_cmd_redirect, &sieve_cmd_reject, &sieve_cmd_ereject, &sieve_cmd_vacation, &sieve_cmd_setflag, &sieve_cmd_addflag,
	&sieve_cmd_removeflag, &sieve_cmd_set, &sieve_cmd_include, &sieve_cmd_return, &sieve_cmd_global, &sieve_cmd_error,
};
static const struct sieve_def *const tests[] = {
	&sieve_test_address, &sieve_test_allof, &sieve_test_anyof, &sieve_test_envelope, &sieve_test_exists, &sieve_test_false, &sieve_test_header,
	&sieve_test_not, &sieve_test_size, &sieve_test_true, &sieve_test_body, &sieve_test_hasflag, &sieve_test_date, &sieve_test_currentdate,
	&sieve_test_string, &sieve_test_duplicate, &sieve_test_mailboxexists, &sieve_test_specialuse_exists, &sieve_test_environment,
	&sieve_test_ihave,
};

static const struct sieve_def *find(const struct sieve_def *const *table, size_t count, struct slice name)
{
	for (size_t i = 0; i < count; i++)
		if (slice_eq_nocase(name, slice_str(table[i]->name)))
			return table[i];
	return NULL;
}

const struct sieve_def *sieve_command_find(struct slice name)
{
	return find(commands, ARRAY_LEN(commands), name);
}

const struct sieve_def *sieve_test_find(struct slice name)
{
	return find(tests, ARRAY_LEN(tests), name);
}

const struct sieve_tag sieve_tags_match[] = {
	{"is", SLOT_MATCH, 0, SIEVE_CORE, MATCH_IS}, {"contains", SLOT_MATCH, 0, SIEVE_CORE, MATCH_CONTAINS},
	{"matches", SLOT_MATCH, 0, SIEVE_CORE, MATCH_MATCHES}, {"regex", SLOT_MATCH, 0, SIEVE_REGEX, MATCH_REGEX},
	{"value", SLOT_MATCH, 's', SIEVE_RELATIONAL, MATCH_VALUE}, {"count", SLOT_MATCH, 's', SIEVE_RELATIONAL, MATCH_COUNT}, {.name = NULL},
};
const struct sieve_tag sieve_tags_comparator[] = {{"comparator", SLOT_COMPARATOR, 's', SIEVE_CORE, 0}, {.name = NULL}};
const struct sieve_tag sieve_tags_index[] = {
	{"index", SLOT_INDEX, 'n', SIEVE_INDEX, 0}, {"last", SLOT_LAST, 0, SIEVE_INDEX, 0}, {.name = NULL},
};
const struct sieve_tag sieve_tags_flags[] = {{"flags", SLOT_FLAGS, 'l', SIEVE_IMAP4FLAGS, 0}, {.name = NULL}};
const struct sieve_tag sieve_tags_copy[] = {{"copy", SLOT_COPY, 0, SIEVE_COPY, 0}, {.name = NULL}};
