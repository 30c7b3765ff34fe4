#include "queue/schedule.h"

#include <string.h>
#include "base/ensure.h"
#include "base/list.h"
#include "base/map.h"
#include "base/memory.h"
#include "queue/heap.h"

#define SCHEDULE_MAGIC 0x73636864u
#define NEVER INT64_MAX
#define JITTER_PARTS 10 /* up to a tenth is added to each waiting time */

struct lane { /* the ready tasks of one sender at one destination */
	struct list_node node; /* in destination.lanes while it has tasks */
	struct list_node tasks;
	struct slice sender;
	size_t count;          /* of its tasks in any state */
};

struct destination {
	struct list_node turn; /* in schedule.turns while it may start something */
	struct list_node lanes;
	struct map by_sender;
	struct slice name;
	size_t tasks, ready;   /* of all its tasks; of those in lanes */
	unsigned running, allowed;
	uint32_t failures;     /* connections in a row */
	int64_t not_before_ms;
	char note[SCHEDULE_NOTE_MAX];
	size_t note_len;
};

struct task {
	struct heap_node time;     /* waiting */
	struct list_node ready;    /* in its lane */
	struct list_node siblings; /* tasks of the same record */
	struct destination *destination;
	struct lane *lane;
	enum task_state state;
	uint64_t record;
	uint32_t attempts;
	int64_t created_ms, due_ms;
	bool warned, hold, dropped;
	bool blocked;              /* another task found the destination unreachable */
	bool delivering;           /* counted in destination.running */
	size_t recipient_count;
	uint16_t recipients[];
};

struct record { /* all tasks of one message */
	struct list_node tasks;
};

struct schedule {
	unsigned magic;
	struct schedule_settings settings;
	struct heap waiting;
	struct map destinations, records;
	struct list_node turns;
	struct schedule_counts counts;
};

struct schedule *schedule_create(const struct schedule_settings *settings)
{
	struct schedule *s = memory_alloc(sizeof *s);
	s->magic = SCHEDULE_MAGIC;
	list_init(&s->turns);
	schedule_configure(s, settings);
	return s;
}

void schedule_configure(struct schedule *s, const struct schedule_settings *settings)
{
	ENSURE_MAGIC(s, SCHEDULE_MAGIC);
	s->settings = *settings;
	ENSURE(settings->retry_count > 0 && settings->retry_count <= SCHEDULE_RETRIES_MAX && settings->per_destination > 0);
}

/* ---- destinations and lanes ---- */

static struct destination *destination_get(struct schedule *s, struct slice name)
{
	struct destination *d = map_get(&s->destinations, name);
	if (d != NULL)
		return d;
	d = memory_alloc(sizeof *d);
	list_init(&d->lanes);
	d->name = slice_make(memory_dup_str(name), name.n);
	d->allowed = s->settings.per_destination;
	map_put(&s->destinations, name, d);
	s->counts.destinations++;
	return d;
}

static struct lane *lane_get(struct destination *d, struct slice sender)
{
	struct lane *lane = map_get(&d->by_sender, sender);
	if (lane != NULL)
		return lane;
	lane = memory_alloc(sizeof *lane);
	list_init(&lane->tasks);
	lane->sender = slice_make(memory_dup_str(sender), sender.n);
	map_put(&d->by_sender, sender, lane);
	return lane;
}

static void lane_free(struct lane *lane)
{
	memory_free((void *)(uintptr_t)lane->sender.p);
	memory_free(lane);
}

static void lane_put(struct destination *d, struct lane *lane)
{
	if (--lane->count > 0)
		return;
	map_remove(&d->by_sender, lane->sender);
	lane_free(lane);
}

static void destination_free(struct destination *d)
{
	MAP_FOREACH(entry, &d->by_sender)
		lane_free(entry->value);
	map_free(&d->by_sender);
	memory_free((void *)(uintptr_t)d->name.p);
	memory_free(d);
}

/* A destination without tasks is forgotten. */
static void destination_put(struct schedule *s, struct destination *d)
{
	if (d->tasks > 0)
		return;
	list_remove(&d->turn);
	map_remove(&s->destinations, d->name);
	s->counts.destinations--;
	destination_free(d);
}

static void destination_turn(struct schedule *s, struct destination *d)
{
	bool can = d->ready > 0 && d->running < d->allowed;
	if (can && !list_linked(&d->turn))
		list_append(&s->turns, &d->turn);
	else if (!can)
		list_remove(&d->turn);
}

/* ---- states of a task ---- */

static size_t *state_count(struct schedule *s, enum task_state state)
{
	switch (state) {
	case TASK_WAITING:
		return &s->counts.waiting;
	case TASK_READY:
		return &s->counts.ready;
	case TASK_RUNNING:
		return &s->counts.running;
	case TASK_HELD:
		return &s->counts.held;
	}
	UNREACHABLE();
}

static void leave_lane(struct schedule *s, struct task *t)
{
	list_remove(&t->ready);
	t->destination->ready--;
	if (list_empty(&t->lane->tasks))
		list_remove(&t->lane->node);
	destination_turn(s, t->destination);
}

static void set_state(struct schedule *s, struct task *t, enum task_state state)
{
	--*state_count(s, t->state);
	t->state = state;
	++*state_count(s, state);
}

static void leave(struct schedule *s, struct task *t)
{
	heap_remove(&s->waiting, &t->time);
	if (t->state == TASK_READY)
		leave_lane(s, t);
}

static bool tried(const struct task *t)
{
	return t->attempts > 0 || t->blocked;
}

static int64_t warn_at(const struct schedule *s, const struct task *t)
{
	return t->warned || s->settings.warn_ms == 0 || !tried(t) ? NEVER : t->created_ms + s->settings.warn_ms;
}

static int64_t expire_at(const struct schedule *s, const struct task *t)
{
	return tried(t) ? t->created_ms + s->settings.expire_ms : NEVER;
}

static int64_t earliest(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void wait_for(struct schedule *s, struct task *t)
{
	leave(s, t);
	if (t->hold) {
		set_state(s, t, TASK_HELD);
		return;
	}
	set_state(s, t, TASK_WAITING);
	heap_put(&s->waiting, &t->time, earliest(t->due_ms, earliest(warn_at(s, t), expire_at(s, t))));
}

static void make_ready(struct schedule *s, struct task *t)
{
	leave(s, t);
	set_state(s, t, TASK_READY);
	list_append(&t->lane->tasks, &t->ready);
	t->destination->ready++;
	if (!list_linked(&t->lane->node))
		list_append(&t->destination->lanes, &t->lane->node);
	destination_turn(s, t->destination);
}

static void start(struct schedule *s, struct task *t, bool deliver)
{
	leave(s, t);
	set_state(s, t, TASK_RUNNING);
	t->delivering = deliver;
	if (deliver)
		t->destination->running++;
	destination_turn(s, t->destination);
}

/* ---- adding and freeing ---- */

static struct record *record_get(struct schedule *s, uint64_t id)
{
	struct record *r = map_get(&s->records, map_key_u64(&id));
	if (r == NULL) {
		r = memory_alloc(sizeof *r);
		list_init(&r->tasks);
		map_put(&s->records, map_key_u64(&id), r);
	}
	return r;
}

static bool record_has(const struct record *r, const struct schedule_item *item)
{
	LIST_FOREACH(it, &r->tasks) {
		const struct task *t = LIST_ITEM(it, struct task, siblings);
		if (slice_eq(t->destination->name, item->destination) && t->recipients[0] == item->recipients[0])
			return true;
	}
	return false;
}

static int64_t longest_wait(const struct schedule *s)
{
	int64_t longest = 0;
	for (size_t i = 0; i < s->settings.retry_count; i++)
		longest = s->settings.retry_ms[i] > longest ? s->settings.retry_ms[i] : longest;
	return longest + longest / JITTER_PARTS;
}

void schedule_add(struct schedule *s, const struct schedule_item *item, int64_t now_ms)
{
	ENSURE_MAGIC(s, SCHEDULE_MAGIC);
	ENSURE(item->recipient_count > 0);
	struct record *r = record_get(s, item->record);
	if (record_has(r, item))
		return;
	struct task *t = memory_alloc(sizeof *t + item->recipient_count * sizeof t->recipients[0]);
	t->destination = destination_get(s, item->destination);
	t->lane = lane_get(t->destination, item->sender);
	t->record = item->record;
	t->attempts = item->attempts;
	t->created_ms = earliest(item->created_ms, now_ms);
	t->due_ms = item->due_ms > now_ms + longest_wait(s) ? now_ms : item->due_ms;
	t->hold = item->hold;
	t->warned = item->warned;
	t->recipient_count = item->recipient_count;
	memcpy(t->recipients, item->recipients, item->recipient_count * sizeof t->recipients[0]);
	t->destination->tasks++;
	t->lane->count++;
	t->state = TASK_WAITING;
	s->counts.waiting++;
	list_append(&r->tasks, &t->siblings);
	if (t->destination->not_before_ms > now_ms) {
		t->blocked = true;
		t->due_ms = t->due_ms > t->destination->not_before_ms ? t->due_ms : t->destination->not_before_ms;
	}
	wait_for(s, t);
}

static void task_free(struct schedule *s, struct task *t)
{
	struct destination *d = t->destination;
	struct record *r = map_get(&s->records, map_key_u64(&t->record));
	leave(s, t);
	--*state_count(s, t->state);
	list_remove(&t->siblings);
	if (r != NULL && list_empty(&r->tasks)) {
		map_remove(&s->records, map_key_u64(&t->record));
		memory_free(r);
	}
	d->tasks--;
	lane_put(d, t->lane);
	memory_free(t);
	destination_put(s, d);
}

void schedule_destroy(struct schedule **sp)
{
	struct schedule *s = *sp;
	if (s == NULL)
		return;
	ENSURE_MAGIC(s, SCHEDULE_MAGIC);
	MAP_FOREACH(entry, &s->records) {
		struct record *r = entry->value;
		LIST_FOREACH(it, &r->tasks) {
			struct task *t = LIST_ITEM(it, struct task, siblings);
			leave(s, t);
			memory_free(t);
		}
		memory_free(r);
	}
	MAP_FOREACH(d, &s->destinations)
		destination_free(d->value);
	map_free(&s->records);
	map_free(&s->destinations);
	heap_free(&s->waiting);
	memory_free(s);
	*sp = NULL;
}

/* ---- what is to be done now ---- */

static struct task *waiting_first(const struct schedule *s)
{
	struct heap_node *node = heap_first(&s->waiting);
	return node != NULL ? CONTAINER_OF(node, struct task, time) : NULL;
}

/* Moves everything whose time has come; stops at a task that needs the caller. */
static enum schedule_action wake(struct schedule *s, int64_t now_ms, struct task **ret_task)
{
	struct task *t;
	while ((t = waiting_first(s)) != NULL && t->time.time <= now_ms) {
		*ret_task = t;
		if (now_ms >= expire_at(s, t)) {
			start(s, t, false);
			return SCHEDULE_EXPIRED;
		}
		if (now_ms >= warn_at(s, t)) {
			t->warned = true;
			wait_for(s, t);
			return SCHEDULE_DELAYED;
		}
		make_ready(s, t);
	}
	return SCHEDULE_NOTHING;
}

/* The next sender at this destination, its oldest task. */
static struct task *pick(struct destination *d)
{
	struct lane *lane = LIST_ITEM(d->lanes.next, struct lane, node);
	struct task *t = LIST_ITEM(lane->tasks.next, struct task, ready);
	list_remove(&lane->node);
	list_append(&d->lanes, &lane->node);
	return t;
}

enum schedule_action schedule_next(struct schedule *s, int64_t now_ms, struct task **ret_task)
{
	ENSURE_MAGIC(s, SCHEDULE_MAGIC);
	enum schedule_action action = wake(s, now_ms, ret_task);
	if (action != SCHEDULE_NOTHING)
		return action;
	if (list_empty(&s->turns) || (s->settings.running_max && s->counts.running >= s->settings.running_max))
		return SCHEDULE_NOTHING;
	struct destination *d = LIST_ITEM(s->turns.next, struct destination, turn);
	struct task *t = pick(d);
	list_remove(&d->turn); /* to the end of the round */
	start(s, t, true);
	*ret_task = t;
	return SCHEDULE_DELIVER;
}

void schedule_clock_set(struct schedule *s, int64_t delta_ms)
{
	ENSURE_MAGIC(s, SCHEDULE_MAGIC);
	MAP_FOREACH(entry, &s->destinations) {
		struct destination *d = entry->value;
		if (d->not_before_ms != 0)
			d->not_before_ms += delta_ms;
	}
	MAP_FOREACH(entry, &s->records) {
		struct record *r = entry->value;
		LIST_FOREACH(it, &r->tasks) {
			struct task *t = LIST_ITEM(it, struct task, siblings);
			t->created_ms += delta_ms;
			t->due_ms += delta_ms;
			if (t->state == TASK_WAITING)
				wait_for(s, t);
		}
	}
}

int64_t schedule_wait(const struct schedule *s, int64_t now_ms)
{
	ENSURE_MAGIC(s, SCHEDULE_MAGIC);
	const struct task *t = waiting_first(s);
	bool room = s->settings.running_max == 0 || s->counts.running < s->settings.running_max;
	if (room && !list_empty(&s->turns))
		return 0;
	if (t == NULL)
		return -1;
	return t->time.time > now_ms ? t->time.time - now_ms : 0;
}

/* ---- results ---- */

static int64_t back_off(const struct schedule *s, uint32_t attempts)
{
	size_t i = attempts > 0 ? attempts - 1 : 0;
	int64_t delay = s->settings.retry_ms[i < s->settings.retry_count ? i : s->settings.retry_count - 1];
	int64_t spread = delay / JITTER_PARTS;
	if (s->settings.random != NULL && spread > 0)
		delay += s->settings.random(spread < UINT32_MAX ? (uint32_t)spread : UINT32_MAX);
	return delay;
}

static void set_note(struct destination *d, struct slice note)
{
	d->note_len = note.n < sizeof d->note ? note.n : sizeof d->note;
	if (d->note_len > 0)
		memcpy(d->note, note.p, d->note_len);
}

/* Nobody answers there: all its tasks wait, then one of them probes. */
static void hold_back(struct schedule *s, struct destination *d, int64_t now_ms)
{
	d->failures++;
	d->allowed = 1;
	d->not_before_ms = now_ms + back_off(s, d->failures);
	while (!list_empty(&d->lanes)) {
		struct lane *lane = LIST_ITEM(d->lanes.next, struct lane, node);
		struct task *t = LIST_ITEM(lane->tasks.next, struct task, ready);
		t->blocked = true;
		t->due_ms = d->not_before_ms;
		wait_for(s, t);
	}
}

static void let_go(struct schedule *s, struct destination *d)
{
	d->failures = 0;
	d->not_before_ms = 0;
	if (d->allowed < s->settings.per_destination)
		d->allowed++;
	else
		d->allowed = s->settings.per_destination;
	destination_turn(s, d);
}

static void keep_temporary(struct task *t, const enum delivery_state *states)
{
	size_t kept = 0;
	for (size_t i = 0; i < t->recipient_count; i++) {
		if (states[i] == DELIVERY_TEMPORARY)
			t->recipients[kept++] = t->recipients[i];
	}
	t->recipient_count = kept;
}

static void stop_running(struct schedule *s, struct task *t)
{
	ENSURE(t->state == TASK_RUNNING && t->delivering && t->destination->running > 0);
	t->delivering = false;
	t->destination->running--;
	destination_turn(s, t->destination);
}

int64_t schedule_done(struct schedule *s, struct task *t, const enum delivery_state *states, bool unreachable, struct slice note, int64_t now_ms)
{
	ENSURE_MAGIC(s, SCHEDULE_MAGIC);
	struct destination *d = t->destination;
	stop_running(s, t);
	set_note(d, note);
	t->attempts++;
	keep_temporary(t, states);
	if (unreachable)
		hold_back(s, d, now_ms);
	else
		let_go(s, d);
	if (t->recipient_count == 0 || t->dropped) {
		task_free(s, t);
		return 0;
	}
	t->due_ms = now_ms + back_off(s, t->attempts);
	if (t->due_ms < d->not_before_ms)
		t->due_ms = d->not_before_ms;
	int64_t due = t->due_ms;
	wait_for(s, t);
	return due;
}

void schedule_put_back(struct schedule *s, struct task *t, int64_t delay_ms, int64_t now_ms)
{
	ENSURE_MAGIC(s, SCHEDULE_MAGIC);
	stop_running(s, t);
	if (t->dropped) {
		task_free(s, t);
		return;
	}
	t->due_ms = now_ms + delay_ms;
	wait_for(s, t);
}

void schedule_remove(struct schedule *s, struct task *t)
{
	ENSURE_MAGIC(s, SCHEDULE_MAGIC);
	ENSURE(t->state == TASK_RUNNING);
	if (t->delivering)
		stop_running(s, t);
	task_free(s, t);
}

/* ---- the administrator ---- */

void schedule_hold(struct schedule *s, uint64_t record, bool hold, int64_t now_ms)
{
	struct record *r = map_get(&s->records, map_key_u64(&record));
	if (r == NULL)
		return;
	LIST_FOREACH(it, &r->tasks) {
		struct task *t = LIST_ITEM(it, struct task, siblings);
		t->hold = hold;
		if (t->state != TASK_RUNNING)
			wait_for(s, t);
	}
	(void)now_ms;
}

void schedule_retry(struct schedule *s, uint64_t record, int64_t now_ms)
{
	struct record *r = map_get(&s->records, map_key_u64(&record));
	if (r == NULL)
		return;
	LIST_FOREACH(it, &r->tasks) {
		struct task *t = LIST_ITEM(it, struct task, siblings);
		t->destination->not_before_ms = 0;
		t->hold = false;
		t->due_ms = now_ms;
		if (t->state != TASK_RUNNING)
			wait_for(s, t);
	}
}

void schedule_drop(struct schedule *s, uint64_t record)
{
	struct record *r = map_get(&s->records, map_key_u64(&record));
	if (r == NULL)
		return;
	struct list_node *it = r->tasks.next, *next;
	size_t count = 0;
	LIST_FOREACH(n, &r->tasks)
		count++;
	for (; count > 0; count--, it = next) { /* the record is freed with its last task */
		struct task *t = LIST_ITEM(it, struct task, siblings);
		next = it->next;
		t->dropped = true;
		if (t->state != TASK_RUNNING)
			task_free(s, t);
	}
}

/* ---- views ---- */

uint64_t task_record(const struct task *t)
{
	return t->record;
}

struct slice task_destination(const struct task *t)
{
	return t->destination->name;
}

const uint16_t *task_recipients(const struct task *t, size_t *ret_count)
{
	*ret_count = t->recipient_count;
	return t->recipients;
}

uint32_t task_attempts(const struct task *t)
{
	return t->attempts;
}

bool task_dropped(const struct task *t)
{
	return t->dropped;
}

struct slice task_note(const struct task *t)
{
	return slice_make(t->destination->note, t->destination->note_len);
}

struct slice schedule_note(const struct schedule *s, struct slice destination, int64_t *ret_until_ms)
{
	const struct destination *d = map_get(&s->destinations, destination);
	*ret_until_ms = d != NULL ? d->not_before_ms : 0;
	return d != NULL ? slice_make(d->note, d->note_len) : SLICE_NONE;
}

struct schedule_counts schedule_counts(const struct schedule *s)
{
	return s->counts;
}
