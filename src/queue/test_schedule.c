/* The schedule against scripted peers in fake time: days of retries in milliseconds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/ensure.h"
#include "queue/notify.h"
#include "queue/schedule.h"

#define START INT64_C(1800000000000)

static const struct schedule_settings plain = {
	.retry_ms = {MINUTES_MS(5), MINUTES_MS(10), HOURS_MS(1)}, .retry_count = 3, .expire_ms = HOURS_MS(24), .warn_ms = HOURS_MS(4),
	.per_destination = 3, .running_max = 50,
};

static void add(struct schedule *s, uint64_t record, const char *destination, const char *sender, size_t recipients, int64_t now)
{
	static const uint16_t indices[] = {0, 1, 2, 3, 4, 5, 6, 7};
	schedule_add(s, &(struct schedule_item){
		.record = record, .destination = slice_str(destination), .sender = slice_str(sender), .recipients = indices,
		.recipient_count = recipients, .created_ms = now, .due_ms = now}, now);
}

static struct task *next_delivery(struct schedule *s, int64_t now)
{
	struct task *t = NULL;
	return schedule_next(s, now, &t) == SCHEDULE_DELIVER ? t : NULL;
}

static int64_t all(struct schedule *s, struct task *t, enum delivery_state state, bool unreachable, int64_t now)
{
	enum delivery_state states[8];
	for (size_t i = 0; i < 8; i++)
		states[i] = state;
	return schedule_done(s, t, states, unreachable, SLICE("note"), now);
}

static void test_waiting_times_follow_the_list_and_the_last_repeats(void **state)
{
	static const int64_t waits[] = {MINUTES_MS(5), MINUTES_MS(10), HOURS_MS(1), HOURS_MS(1)};
	struct schedule *s = schedule_create(&plain);
	int64_t now = START;
	add(s, 1, "a.example", "x", 1, now);
	for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
		struct task *t = next_delivery(s, now);
		assert_non_null(t);
		assert_int_equal(task_attempts(t), i);
		assert_int_equal(all(s, t, DELIVERY_TEMPORARY, false, now), now + waits[i]);
		assert_int_equal(schedule_wait(s, now), waits[i]);
		assert_null(next_delivery(s, now + waits[i] - 1));
		now += waits[i];
	}
	schedule_destroy(&s);
}

static uint32_t largest(uint32_t limit)
{
	return limit - 1;
}

static void test_jitter_adds_at_most_a_tenth(void **state)
{
	struct schedule_settings settings = plain;
	settings.random = largest;
	struct schedule *s = schedule_create(&settings);
	add(s, 1, "a.example", "x", 1, START);
	assert_int_equal(all(s, next_delivery(s, START), DELIVERY_TEMPORARY, false, START), START + MINUTES_MS(5) + SECONDS_MS(30) - 1);
	schedule_destroy(&s);
}

static void test_only_recipients_that_failed_for_now_are_tried_again(void **state)
{
	struct schedule *s = schedule_create(&plain);
	static const enum delivery_state states[] = {DELIVERY_DONE, DELIVERY_TEMPORARY, DELIVERY_PERMANENT, DELIVERY_TEMPORARY};
	size_t count;
	add(s, 1, "a.example", "x", 4, START);
	schedule_done(s, next_delivery(s, START), states, false, SLICE(""), START);
	struct task *t = next_delivery(s, START + HOURS_MS(1));
	const uint16_t *left = task_recipients(t, &count);
	assert_int_equal(count, 2);
	assert_int_equal(left[0], 1);
	assert_int_equal(left[1], 3);
	assert_int_equal(all(s, t, DELIVERY_DONE, false, START + HOURS_MS(1)), 0);
	assert_int_equal(schedule_counts(s).destinations, 0);
	assert_int_equal(schedule_wait(s, START), -1);
	schedule_destroy(&s);
}

static void test_sender_is_warned_once_and_then_it_expires(void **state)
{
	struct schedule *s = schedule_create(&plain);
	int64_t now = START, warned = 0, expired = 0;
	struct task *t;
	add(s, 1, "a.example", "x", 1, now);
	while (expired == 0) {
		switch (schedule_next(s, now, &t)) {
		case SCHEDULE_DELIVER:
			all(s, t, DELIVERY_TEMPORARY, false, now);
			break;
		case SCHEDULE_DELAYED:
			assert_int_equal(warned, 0);
			warned = now;
			break;
		case SCHEDULE_EXPIRED:
			expired = now;
			schedule_remove(s, t);
			break;
		case SCHEDULE_NOTHING:
			now += schedule_wait(s, now);
			break;
		}
	}
	assert_int_equal(warned, START + HOURS_MS(4));
	assert_int_equal(expired, START + HOURS_MS(24));
	assert_int_equal(schedule_counts(s).destinations, 0);
	schedule_destroy(&s);
}

static void test_a_message_is_tried_once_however_old_it_is(void **state)
{
	struct schedule *s = schedule_create(&plain);
	add(s, 1, "a.example", "x", 1, START - HOURS_MS(100));
	assert_non_null(next_delivery(s, START));
	schedule_destroy(&s);
}

static void test_a_destination_takes_only_so_many_at_once(void **state)
{
	struct schedule *s = schedule_create(&plain);
	struct task *t[4];
	for (uint64_t i = 1; i <= 5; i++)
		add(s, i, "a.example", "x", 1, START);
	for (size_t i = 0; i < 3; i++)
		assert_non_null(t[i] = next_delivery(s, START));
	assert_null(next_delivery(s, START));
	assert_int_equal(schedule_wait(s, START), -1); /* not before one of them is done */
	add(s, 9, "b.example", "x", 1, START);
	t[3] = next_delivery(s, START);
	assert_int_equal(task_record(t[3]), 9);
	all(s, t[0], DELIVERY_DONE, false, START);
	assert_non_null(next_delivery(s, START));
	schedule_destroy(&s);
}

static void test_an_unreachable_destination_waits_as_a_whole_and_one_probes(void **state)
{
	struct schedule *s = schedule_create(&plain);
	int64_t until, now = START;
	for (uint64_t i = 1; i <= 5; i++)
		add(s, i, "dead.example", "x", 1, now);
	all(s, next_delivery(s, now), DELIVERY_TEMPORARY, true, now);
	assert_null(next_delivery(s, now));
	assert_true(slice_eq(schedule_note(s, SLICE("dead.example"), &until), SLICE("note")));
	assert_int_equal(until, now + MINUTES_MS(5));
	add(s, 6, "dead.example", "y", 1, now); /* a new letter does not try either */
	assert_null(next_delivery(s, now + MINUTES_MS(5) - 1));
	now += MINUTES_MS(5);
	struct task *probe = next_delivery(s, now);
	assert_non_null(probe);
	assert_null(next_delivery(s, now));
	all(s, probe, DELIVERY_TEMPORARY, true, now);
	assert_null(next_delivery(s, now + MINUTES_MS(10) - 1));
	now += MINUTES_MS(10);
	probe = next_delivery(s, now);
	all(s, probe, DELIVERY_DONE, false, now); /* it is back: two at once, then three */
	struct task *a = next_delivery(s, now), *b = next_delivery(s, now);
	assert_true(a != NULL && b != NULL);
	assert_null(next_delivery(s, now));
	all(s, a, DELIVERY_DONE, false, now);
	assert_non_null(next_delivery(s, now));
	assert_non_null(next_delivery(s, now));
	schedule_destroy(&s);
}

static void test_mail_for_a_dead_destination_expires_though_others_probed(void **state)
{
	struct schedule *s = schedule_create(&plain);
	size_t expired = 0;
	struct task *t;
	int64_t now = START;
	for (uint64_t i = 1; i <= 20; i++)
		add(s, i, "dead.example", "x", 1, now);
	while (expired < 20 && now < START + HOURS_MS(30)) {
		enum schedule_action action = schedule_next(s, now, &t);
		if (action == SCHEDULE_DELIVER)
			all(s, t, DELIVERY_TEMPORARY, true, now);
		else if (action == SCHEDULE_EXPIRED)
			schedule_remove(s, t), expired++;
		else if (action == SCHEDULE_NOTHING)
			now += schedule_wait(s, now);
	}
	assert_int_equal(expired, 20);
	assert_true(now <= START + HOURS_MS(24));
	schedule_destroy(&s);
}

static void test_senders_take_turns(void **state)
{
	struct schedule *s = schedule_create(&plain);
	for (uint64_t i = 1; i <= 1000; i++)
		add(s, i, "a.example", "mass mailer", 1, START);
	add(s, 5000, "a.example", "somebody", 1, START);
	struct task *first = next_delivery(s, START), *second = next_delivery(s, START);
	assert_int_equal(task_record(first), 1);
	assert_int_equal(task_record(second), 5000);
	schedule_destroy(&s);
}

static void test_held_mail_stays_until_it_is_released(void **state)
{
	struct schedule *s = schedule_create(&plain);
	add(s, 1, "a.example", "x", 1, START);
	schedule_hold(s, 1, true, START);
	assert_null(next_delivery(s, START + HOURS_MS(100)));
	assert_int_equal(schedule_counts(s).held, 1);
	schedule_hold(s, 1, false, START);
	assert_non_null(next_delivery(s, START));
	schedule_destroy(&s);
}

static void test_hold_during_an_attempt_takes_effect_after_it(void **state)
{
	struct schedule *s = schedule_create(&plain);
	add(s, 1, "a.example", "x", 1, START);
	struct task *t = next_delivery(s, START);
	schedule_hold(s, 1, true, START);
	all(s, t, DELIVERY_TEMPORARY, false, START);
	assert_null(next_delivery(s, START + HOURS_MS(2)));
	schedule_destroy(&s);
}

static void test_retry_tries_at_once_even_at_a_dead_destination(void **state)
{
	struct schedule *s = schedule_create(&plain);
	add(s, 1, "a.example", "x", 1, START);
	all(s, next_delivery(s, START), DELIVERY_TEMPORARY, true, START);
	schedule_retry(s, 1, START + 1);
	assert_non_null(next_delivery(s, START + 1));
	schedule_destroy(&s);
}

static void test_dropped_mail_is_gone_after_its_attempt(void **state)
{
	struct schedule *s = schedule_create(&plain);
	add(s, 1, "a.example", "x", 1, START);
	add(s, 1, "b.example", "x", 1, START);
	struct task *t = next_delivery(s, START);
	schedule_drop(s, 1);
	assert_true(task_dropped(t));
	assert_null(next_delivery(s, START));
	assert_int_equal(all(s, t, DELIVERY_TEMPORARY, false, START), 0);
	assert_int_equal(schedule_counts(s).destinations, 0);
	schedule_destroy(&s);
}

/* Forward, a queue of days would be tried at once and old mail returned; back, nothing would be tried for a day. */
static void test_a_clock_that_is_set_changes_no_waiting_time_and_no_age(void **state)
{
	static const int64_t jumps[] = {HOURS_MS(24), -HOURS_MS(24)};
	for (size_t i = 0; i < ARRAY_LEN(jumps); i++) {
		struct schedule *s = schedule_create(&plain);
		struct task *t;
		int64_t now = START;
		add(s, 1, "a.example", "x", 1, now);
		add(s, 2, "dead.example", "x", 1, now);
		all(s, next_delivery(s, now), DELIVERY_TEMPORARY, false, now);
		all(s, next_delivery(s, now), DELIVERY_TEMPORARY, true, now);
		now += MINUTES_MS(1) + jumps[i];
		schedule_clock_set(s, jumps[i]);
		assert_int_equal(schedule_next(s, now, &t), SCHEDULE_NOTHING);
		assert_int_equal(schedule_wait(s, now), MINUTES_MS(4));
		now += MINUTES_MS(4);
		assert_non_null(next_delivery(s, now));
		assert_non_null(next_delivery(s, now));
		schedule_destroy(&s);
	}
}

static void test_times_of_a_clock_that_was_ahead_do_not_hold_mail_up(void **state)
{
	struct schedule *s = schedule_create(&plain);
	static const uint16_t first = 0;
	struct schedule_item item = {.record = 1, .destination = SLICE("a.example"), .sender = SLICE("x"), .recipients = &first, .recipient_count = 1,
		.attempts = 1, .created_ms = START + HOURS_MS(24), .due_ms = START + HOURS_MS(24)};
	schedule_add(s, &item, START);
	assert_non_null(next_delivery(s, START));
	item.record = 2;
	item.due_ms = START + MINUTES_MS(50); /* this one is in order */
	schedule_add(s, &item, START);
	assert_null(next_delivery(s, START));
	schedule_destroy(&s);
}

static void test_put_back_does_not_count(void **state)
{
	struct schedule *s = schedule_create(&plain);
	add(s, 1, "a.example", "x", 1, START);
	schedule_put_back(s, next_delivery(s, START), 30000, START);
	assert_null(next_delivery(s, START + 29999));
	assert_int_equal(task_attempts(next_delivery(s, START + 30000)), 0);
	schedule_destroy(&s);
}

/* ---- hundreds of random days ---- */

enum { DOMAINS = 6, MESSAGES = 60 };

struct world {
	uint64_t random;
	unsigned running[DOMAINS];
	int fate[MESSAGES];          /* times it ended */
	int64_t created[MESSAGES], ended[MESSAGES], tried[MESSAGES];
	bool warned[MESSAGES];
	struct { struct task *task; int64_t until; } running_tasks[64];
	size_t running_count;
};

static uint32_t draw(struct world *w, uint32_t limit)
{
	w->random = w->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(w->random >> 33) % limit;
}

static unsigned domain_of(const struct task *t)
{
	return task_destination(t).p[0] - 'a';
}

static void ends(struct world *w, uint64_t record, int64_t now)
{
	w->fate[record - 1]++;
	w->ended[record - 1] = now;
}

/* Peer a is well, b defers often, c cannot be reached at all, d sometimes, e refuses, f is slow. */
static void peer_answers(struct world *w, struct schedule *s, struct task *t, int64_t now)
{
	unsigned d = domain_of(t);
	bool unreachable = d == 2 || (d == 3 && draw(w, 3) == 0);
	enum delivery_state state = unreachable ? DELIVERY_TEMPORARY : d == 1 && draw(w, 3) > 0 ? DELIVERY_TEMPORARY : d == 4 ? DELIVERY_PERMANENT : DELIVERY_DONE;
	uint64_t record = task_record(t);
	w->running[d]--;
	w->tried[record - 1] = now;
	if (all(s, t, state, unreachable, now) == 0)
		ends(w, record, now);
}

static void finish_due(struct world *w, struct schedule *s, int64_t now)
{
	for (size_t i = 0; i < w->running_count;) {
		if (w->running_tasks[i].until > now) {
			i++;
			continue;
		}
		struct task *t = w->running_tasks[i].task;
		w->running_tasks[i] = w->running_tasks[--w->running_count];
		peer_answers(w, s, t, now);
	}
}

static void step(struct world *w, struct schedule *s, int64_t now)
{
	struct task *t;
	enum schedule_action action;
	finish_due(w, s, now);
	while ((action = schedule_next(s, now, &t)) != SCHEDULE_NOTHING) {
		uint64_t record = task_record(t);
		if (action == SCHEDULE_DELAYED) {
			assert_false(w->warned[record - 1]);
			w->warned[record - 1] = true;
			continue;
		}
		if (action == SCHEDULE_EXPIRED) {
			assert_true(now >= w->created[record - 1] + plain.expire_ms);
			schedule_remove(s, t);
			ends(w, record, now);
			continue;
		}
		assert_true(++w->running[domain_of(t)] <= plain.per_destination);
		w->running_tasks[w->running_count].task = t;
		w->running_tasks[w->running_count++].until = now + 1 + draw(w, domain_of(t) == 5 ? 900000 : 3000);
	}
}

static int64_t next_time(const struct world *w, const struct schedule *s, int64_t now, int64_t arrival)
{
	int64_t wait = schedule_wait(s, now), next = arrival;
	if (wait >= 0 && now + wait < next)
		next = now + wait;
	for (size_t i = 0; i < w->running_count; i++) {
		if (w->running_tasks[i].until < next)
			next = w->running_tasks[i].until;
	}
	return next > now ? next : now + 1;
}

static void run_world(uint64_t seed)
{
	static const char *const domains[DOMAINS] = {"a.example", "b.example", "c.example", "d.example", "e.example", "f.example"};
	struct world w = {.random = seed};
	struct schedule *s = schedule_create(&plain);
	int64_t now = START, end = START + HOURS_MS(40);
	for (size_t i = 0; i < MESSAGES; i++)
		w.created[i] = START + draw(&w, (uint32_t)HOURS_MS(6));
	size_t added = 0;
	while (now < end) {
		int64_t arrival = end;
		for (size_t i = 0; i < MESSAGES; i++) {
			if (w.created[i] <= now && w.fate[i] == 0 && w.ended[i] == 0) {
				w.ended[i] = -1;
				add(s, i + 1, domains[draw(&w, DOMAINS)], draw(&w, 2) ? "x" : "y", 1, w.created[i]);
				added++;
			} else if (w.created[i] > now && w.created[i] < arrival) {
				arrival = w.created[i];
			}
		}
		step(&w, s, now);
		now = next_time(&w, s, now, arrival);
	}
	assert_int_equal(added, MESSAGES);
	for (size_t i = 0; i < MESSAGES; i++) {
		assert_int_equal(w.fate[i], 1);
		assert_true(w.ended[i] <= w.created[i] + plain.expire_ms + HOURS_MS(1));
	}
	struct schedule_counts c = schedule_counts(s);
	assert_int_equal(c.waiting + c.ready + c.running + c.held + c.destinations, 0);
	schedule_destroy(&s);
}

static void test_every_message_ends_exactly_once_in_three_hundred_random_days(void **state)
{
	for (uint64_t seed = 1; seed <= 300; seed++)
		run_world(seed);
}

/* ---- notifications ---- */

static void test_who_is_told_what(void **state)
{
	static const struct {
		const char *from;
		bool is_dsn;
		uint8_t notify;
		enum notify_outcome outcome;
		bool told;
	} cases[] = {
		{"a@b", false, 0, OUTCOME_FAILED, true},
		{"a@b", false, 0, OUTCOME_DELAYED, true},
		{"a@b", false, 0, OUTCOME_DELIVERED, false},
		{"a@b", false, 0, OUTCOME_RELAYED, false},
		{"a@b", false, NOTIFY_NEVER, OUTCOME_FAILED, false},
		{"a@b", false, NOTIFY_NEVER, OUTCOME_DELIVERED, false},
		{"a@b", false, NOTIFY_SUCCESS, OUTCOME_DELIVERED, true},
		{"a@b", false, NOTIFY_SUCCESS, OUTCOME_RELAYED, true},
		{"a@b", false, NOTIFY_SUCCESS, OUTCOME_PASSED_ON, false},
		{"a@b", false, NOTIFY_SUCCESS, OUTCOME_FAILED, false},
		{"a@b", false, NOTIFY_FAILURE, OUTCOME_FAILED, true},
		{"a@b", false, NOTIFY_FAILURE, OUTCOME_DELAYED, false},
		{"a@b", false, NOTIFY_DELAY, OUTCOME_DELAYED, true},
		{"a@b", false, NOTIFY_SUCCESS | NOTIFY_FAILURE | NOTIFY_DELAY, OUTCOME_DELAYED, true},
		{"", false, 0, OUTCOME_FAILED, false},
		{"", false, NOTIFY_SUCCESS, OUTCOME_DELIVERED, false},
		{"a@b", true, 0, OUTCOME_FAILED, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct job job = {.reverse_path = slice_str(cases[i].from), .is_dsn = cases[i].is_dsn, .dsn_fact = SLICE("fact")};
		struct job_recipient r = {.notify = cases[i].notify};
		if (notify_wanted(&job, &r, cases[i].outcome) != cases[i].told)
			fail_msg("case %zu", i);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waiting_times_follow_the_list_and_the_last_repeats),
		cmocka_unit_test(test_jitter_adds_at_most_a_tenth),
		cmocka_unit_test(test_only_recipients_that_failed_for_now_are_tried_again),
		cmocka_unit_test(test_sender_is_warned_once_and_then_it_expires),
		cmocka_unit_test(test_a_message_is_tried_once_however_old_it_is),
		cmocka_unit_test(test_a_destination_takes_only_so_many_at_once),
		cmocka_unit_test(test_an_unreachable_destination_waits_as_a_whole_and_one_probes),
		cmocka_unit_test(test_mail_for_a_dead_destination_expires_though_others_probed),
		cmocka_unit_test(test_senders_take_turns),
		cmocka_unit_test(test_held_mail_stays_until_it_is_released),
		cmocka_unit_test(test_hold_during_an_attempt_takes_effect_after_it),
		cmocka_unit_test(test_retry_tries_at_once_even_at_a_dead_destination),
		cmocka_unit_test(test_dropped_mail_is_gone_after_its_attempt),
		cmocka_unit_test(test_a_clock_that_is_set_changes_no_waiting_time_and_no_age),
		cmocka_unit_test(test_times_of_a_clock_that_was_ahead_do_not_hold_mail_up),
		cmocka_unit_test(test_put_back_does_not_count),
		cmocka_unit_test(test_every_message_ends_exactly_once_in_three_hundred_random_days),
		cmocka_unit_test(test_who_is_told_what),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
