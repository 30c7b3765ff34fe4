/* The disk is full, or the process dies at a failpoint. Without -Dfaults=true there is nothing to test. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "audit/record.h"
#include "audit/test_rig.h"
#include "base/ensure.h"
#include "sys/fault.h"

#ifdef LETTERLOCK_FAULTS

static void verify_all(struct audit_rig *rig, uint64_t size)
{
	struct audit_view *v = audit_view_create(rig->store);
	uint64_t records, bad;
	assert_int_equal(audit_view_verify(v, &records, &bad, NULL), 0);
	assert_int_equal(records, size);
	audit_view_free(&v);
}

static int append(struct audit_rig *rig, unsigned count)
{
	struct audit_group g;
	audit_group_init(&g);
	for (unsigned i = 0; i < count; i++) {
		struct buf record = BUF_INIT(AUDIT_TEXT_MAX);
		audit_rig_record(audit_store_size(rig->store) + i, &record);
		audit_group_add(&g, buf_slice(&record), 1);
		buf_free(&record);
	}
	int rc = audit_store_append(rig->store, &g, NULL);
	if (rc == 0)
		audit_store_publish(rig->store, &g);
	audit_group_free(&g);
	return rc;
}

/* Nothing of a group that failed is there; the same records fit when there is room again. */
static void full_at(const char *fault, unsigned groups_before)
{
	struct audit_rig rig;
	audit_rig_create(&rig);
	for (unsigned i = 0; i < groups_before; i++)
		assert_int_equal(append(&rig, 3), 0);
	setenv("LETTERLOCK_FAULT", fault, 1);
	fault_setup("audit");
	assert_int_equal(append(&rig, 5), ERR_NO_SPACE);
	assert_int_equal(audit_store_size(rig.store), 3 * groups_before);
	unsetenv("LETTERLOCK_FAULT");
	fault_setup("audit");
	assert_int_equal(append(&rig, 5), 0);
	verify_all(&rig, 3 * groups_before + 5);
	assert_int_equal(audit_rig_open(&rig, NULL, NULL, NULL), 0);
	assert_int_equal(append(&rig, 1), 0);
	verify_all(&rig, 3 * groups_before + 6);
	audit_rig_free(&rig);
}

static void a_full_disk_changes_nothing(void **state)
{
	(void)state;
	full_at("file_write:1:enospc", 0); /* the first segment */
	full_at("file_write:1:enospc", 2); /* the nodes */
	full_at("file_write:2:enospc", 2); /* the group */
	full_at("audit_sync:1:enospc", 2);
	full_at("audit_sync:1:enospc", 0);
}

/* What dies before its sync may be there or not, but whole; what was synced is there. */
static void die_at(const char *fault, uint64_t least, uint64_t most)
{
	struct audit_rig rig;
	int status;
	audit_rig_create(&rig);
	assert_int_equal(append(&rig, 4), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		setenv("LETTERLOCK_FAULT", fault, 1);
		fault_setup("audit");
		append(&rig, 3);
		_exit(7);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(audit_rig_open(&rig, NULL, NULL, NULL), 0);
	assert_true(audit_store_size(rig.store) >= least && audit_store_size(rig.store) <= most);
	verify_all(&rig, audit_store_size(rig.store));
	assert_int_equal(append(&rig, 2), 0);
	verify_all(&rig, audit_store_size(rig.store));
	audit_rig_free(&rig);
}

static void a_group_is_there_as_a_whole_or_not_at_all(void **state)
{
	(void)state;
	die_at("audit_write:1:kill", 4, 4);
	die_at("audit_written:1:kill", 4, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_full_disk_changes_nothing), cmocka_unit_test(a_group_is_there_as_a_whole_or_not_at_all)};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("audit crash", tests, NULL, NULL);
}

#else

int main(void)
{
	puts("1..0 # SKIP built without failpoints");
	return 0;
}

#endif
