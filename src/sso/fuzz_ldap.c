/* Entries (lines "attribute: value", the first line is the name), records and filters from the same bytes. */
#include "base/ensure.h"
#include "crypt/crypt.h"
#include "sso/ldap_filter.h"
#include "sso/ldap_plan.h"
#include "sso/ldap_starttls.h"

#define LINES_MAX 100

static void check_record(const struct ldap_record *r)
{
	struct arena arena = ARENA_INIT;
	struct ldap_record again;
	struct buf b = BUF_INIT(1 << 20);
	ldap_record_write(r, &b);
	struct slice data = buf_slice(&b);
	ENSURE(ldap_record_read(&data, &arena, &again) == 0 && data.n == 0 && again.member_count == r->member_count && slice_eq(again.mail,
		r->mail));
	buf_free(&b);
	arena_free(&arena);
}

static void try_entry(struct slice text, bool active_directory)
{
	struct arena arena = ARENA_INIT;
	struct slice line, values[LINES_MAX];
	struct ldap_attribute attributes[LINES_MAX];
	struct ldap_entry entry = {.attributes = attributes};
	struct ldap_mapping mapping = {.active_directory = active_directory, .disabled = SLICE("state=off"), .now = 1790000000};
	struct ldap_record r;
	(void)slice_split(&text, '\n', &entry.dn);
	while (entry.count < LINES_MAX && slice_split(&text, '\n', &line)) {
		ptrdiff_t colon = slice_find(line, ':');
		size_t n = colon < 0 ? line.n : (size_t)colon;
		values[entry.count] = slice_from(line, n + 2);
		attributes[entry.count] = (struct ldap_attribute){slice_sub(line, 0, n), &values[entry.count], 1};
		entry.count++;
	}
	if (ldap_map(&entry, LDAP_PERSON, &mapping, &arena, &r) == 0) {
		ENSURE(r.mail.n > 0 && r.key.n > 0);
		check_record(&r);
	}
	if (ldap_map(&entry, LDAP_GROUP, &mapping, &arena, &r) == 0)
		check_record(&r);
	arena_free(&arena);
}

static void try_plan(struct slice data)
{
	struct arena arena = ARENA_INIT;
	struct ldap_record records[50];
	size_t count = 0;
	struct ldap_plan plan;
	const struct ldap_record *people[10];
	bool cut;
	while (data.n > 0 && count < ARRAY_LEN(records) && ldap_record_read(&data, &arena, &records[count]) == 0)
		count++;
	ldap_plan_make(records, count, NULL, 0, &arena, &plan);
	ENSURE(plan.count <= count);
	struct ldap_tree *tree = ldap_tree_create(records, count);
	for (size_t i = 0; i < count; i++)
		ENSURE(ldap_tree_people(tree, &records[i], people, ARRAY_LEN(people), &cut) <= ARRAY_LEN(people));
	ldap_tree_free(&tree);
	arena_free(&arena);
}

/* However the name looks, the filter has the parentheses of the template and no others. */
static void try_filter(struct slice name)
{
	struct buf b = BUF_INIT(LDAP_FILTER_MAX);
	if (ldap_filter_make(SLICE("(&(a=%s)(b=%u)(c=%d))"), name, &b) == 0) {
		unsigned open = 0, close = 0;
		for (size_t i = 0; i < buf_len(&b); i++) {
			open += buf_slice(&b).p[i] == '(';
			close += buf_slice(&b).p[i] == ')';
		}
		ENSURE(open == 4 && close == 4);
	}
	buf_free(&b);
}

/* What is refused stays refused, and only all of it is taken. */
static void try_starttls(struct slice input)
{
	struct error err = {0};
	int rc = ldap_starttls_answer(input, &err);
	for (size_t n = 0; n < input.n && rc == 0; n++)
		ENSURE(ldap_starttls_answer(slice_sub(input, 0, n), &err) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_make(data, size);
	crypt_init();
	try_entry(all, false);
	try_entry(all, true);
	try_plan(all);
	try_filter(all);
	try_starttls(all);
	return 0;
}
