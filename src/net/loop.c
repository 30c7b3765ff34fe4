#include "net/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "base/ensure.h"
#include "base/list.h"
#include "base/memory.h"
#include "net/timers.h"

struct deferred {
	struct deferred *next;
	work_fn *fn;
	void *arg;
};

struct signal_watch {
	struct signal_watch *next;
	uv_signal_t handle;
	signal_fn *fn;
	void *arg;
};

struct loop {
	uv_loop_t uv;
	uv_timer_t clock;      /* fires when the first timer of the heap is due */
	uv_idle_t busy;        /* runs while something is deferred or overdue, so that the loop does not sleep */
	uv_check_t check;
	struct timer_heap timers;
	bool ringing;          /* timers run: the clock is set when they have */
	bool overdue;          /* it is not set before the descriptors had their turn */
	struct deferred *deferred, **deferred_tail;
	struct signal_watch *signals;
	struct moment now;
};

struct timer {
	struct timer_node node;
	struct loop *loop;
	timer_fn *fn;
	void *arg;
};

struct watcher {
	uv_poll_t poll;
	watcher_fn *fn;
	void *arg;
	int events;
	bool defunct; /* the descriptor cannot be polled, such as a regular file */
};

int64_t loop_stopwatch_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t clock_ms(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void refresh(struct loop *loop)
{
	loop->now = (struct moment){.wall_ms = clock_ms(CLOCK_REALTIME), .mono_ms = clock_ms(CLOCK_MONOTONIC)};
}

struct moment loop_now(const struct loop *loop)
{
	return loop->now;
}

int64_t loop_round_ms(const struct loop *loop)
{
	return clock_ms(CLOCK_MONOTONIC) - loop->now.mono_ms;
}

/* ---- timers ---- */

static void on_clock(uv_timer_t *handle);

static void on_busy(uv_idle_t *handle)
{
}

static void arm(struct loop *loop)
{
	const struct timer_node *first = timer_heap_first(&loop->timers);
	if (loop->ringing)
		return;
	if (first == NULL) {
		uv_timer_stop(&loop->clock);
		return;
	}
	int64_t wait = first->due - clock_ms(CLOCK_MONOTONIC);
	uv_update_time(&loop->uv);
	uv_timer_start(&loop->clock, on_clock, wait < 0 ? 0 : (uint64_t)wait, 0);
}

static void on_clock(uv_timer_t *handle)
{
	struct loop *loop = handle->data;
	refresh(loop);
	/* Timers that are started by these callbacks wait for the next round, even when they are due at once. */
	uint64_t limit = loop->timers.next_order;
	struct timer_node *first;
	loop->ringing = true;
	while ((first = timer_heap_first(&loop->timers)) != NULL && first->due <= loop->now.mono_ms && first->order < limit) {
		struct timer *timer = CONTAINER_OF(first, struct timer, node);
		timer_heap_remove(&loop->timers, first);
		timer->fn(timer->arg);
	}
	loop->ringing = false;
	/* libuv runs a timer that is due again before it looks at descriptors. */
	loop->overdue = first != NULL && first->due <= clock_ms(CLOCK_MONOTONIC);
	if (loop->overdue)
		uv_idle_start(&loop->busy, on_busy);
	else
		arm(loop);
}

struct timer *timer_create_on(struct loop *loop, timer_fn *fn, void *arg)
{
	struct timer *timer = memory_alloc(sizeof *timer);
	timer->node.place = TIMER_IDLE;
	timer->loop = loop;
	timer->fn = fn;
	timer->arg = arg;
	return timer;
}

void timer_start(struct timer *timer, int64_t delay_ms)
{
	struct loop *loop = timer->loop;
	const struct timer_node *before = timer_heap_first(&loop->timers);
	timer_heap_put(&loop->timers, &timer->node, clock_ms(CLOCK_MONOTONIC) + (delay_ms < 0 ? 0 : delay_ms));
	if (timer_heap_first(&loop->timers) == &timer->node || before == &timer->node)
		arm(loop);
}

void timer_stop(struct timer *timer)
{
	timer_heap_remove(&timer->loop->timers, &timer->node);
}

void timer_destroy(struct timer **timer)
{
	if (*timer == NULL)
		return;
	timer_stop(*timer);
	MEMORY_FREE(timer);
}

/* ---- deferred calls ---- */

static void run_deferred(struct loop *loop)
{
	struct deferred *list = loop->deferred;
	loop->deferred = NULL;
	loop->deferred_tail = &loop->deferred;
	while (list != NULL) {
		struct deferred *next = list->next;
		list->fn(list->arg);
		memory_free(list);
		list = next;
	}
}

static void on_check(uv_check_t *handle)
{
	struct loop *loop = handle->data;
	refresh(loop);
	run_deferred(loop);
	if (loop->deferred == NULL)
		uv_idle_stop(&loop->busy);
	if (loop->overdue) {
		loop->overdue = false;
		arm(loop);
	}
}

void loop_defer(struct loop *loop, work_fn *fn, void *arg)
{
	struct deferred *d = memory_alloc(sizeof *d);
	d->fn = fn;
	d->arg = arg;
	*loop->deferred_tail = d;
	loop->deferred_tail = &d->next;
	uv_idle_start(&loop->busy, on_busy);
}

/* ---- descriptors ---- */

static void on_poll(uv_poll_t *handle, int status, int events)
{
	struct watcher *watcher = handle->data;
	refresh(CONTAINER_OF(handle->loop, struct loop, uv));
	int seen = 0;
	if (status < 0)
		seen = WATCH_READ | WATCH_WRITE;
	if (events & (UV_READABLE | UV_DISCONNECT))
		seen |= WATCH_READ;
	if (events & UV_WRITABLE)
		seen |= WATCH_WRITE;
	if (seen != 0)
		watcher->fn(watcher->arg, seen);
}

struct watcher *watcher_create(struct loop *loop, int fd, watcher_fn *fn, void *arg)
{
	struct watcher *watcher = memory_alloc(sizeof *watcher);
	watcher->fn = fn;
	watcher->arg = arg;
	watcher->poll.data = watcher;
	watcher->defunct = uv_poll_init(&loop->uv, &watcher->poll, fd) != 0;
	return watcher;
}

void watcher_set(struct watcher *watcher, int events)
{
	if (watcher->defunct || watcher->events == events)
		return;
	watcher->events = events;
	if (events == 0) {
		uv_poll_stop(&watcher->poll);
		return;
	}
	int want = (events & WATCH_READ ? UV_READABLE : 0) | (events & WATCH_WRITE ? UV_WRITABLE : 0);
	ENSURE(uv_poll_start(&watcher->poll, want, on_poll) == 0);
}

static void free_watcher(uv_handle_t *handle)
{
	memory_free(handle->data);
}

void watcher_destroy(struct watcher **watcher)
{
	struct watcher *w = *watcher;
	*watcher = NULL;
	if (w == NULL)
		return;
	if (w->defunct) {
		memory_free(w);
		return;
	}
	uv_poll_stop(&w->poll);
	uv_close((uv_handle_t *)&w->poll, free_watcher);
}

/* ---- signals ---- */

static void on_signal(uv_signal_t *handle, int signo)
{
	struct signal_watch *watch = handle->data;
	refresh(CONTAINER_OF(handle->loop, struct loop, uv));
	watch->fn(watch->arg, signo);
}

void loop_on_signal(struct loop *loop, int signo, signal_fn *fn, void *arg)
{
	struct signal_watch *watch = memory_alloc(sizeof *watch);
	watch->fn = fn;
	watch->arg = arg;
	watch->handle.data = watch;
	watch->next = loop->signals;
	loop->signals = watch;
	ENSURE(uv_signal_init(&loop->uv, &watch->handle) == 0);
	ENSURE(uv_signal_start(&watch->handle, on_signal, signo) == 0);
	uv_unref((uv_handle_t *)&watch->handle);
}

/* ---- pool ---- */

struct work {
	uv_work_t request;
	work_fn *work, *done;
	void *arg;
};

static void work_run(uv_work_t *request)
{
	struct work *work = CONTAINER_OF(request, struct work, request);
	work->work(work->arg);
}

static void work_done(uv_work_t *request, int status)
{
	struct work *work = CONTAINER_OF(request, struct work, request);
	refresh(CONTAINER_OF(request->loop, struct loop, uv));
	work->done(work->arg);
	memory_free(work);
}

void loop_work(struct loop *loop, work_fn *work, work_fn *done, void *arg)
{
	struct work *w = memory_alloc(sizeof *w);
	w->work = work;
	w->done = done;
	w->arg = arg;
	ENSURE(uv_queue_work(&loop->uv, &w->request, work_run, work_done) == 0);
}

/* ---- life ---- */

struct loop *loop_create(void)
{
	struct loop *loop = memory_alloc(sizeof *loop);
	ENSURE(uv_loop_init(&loop->uv) == 0);
	ENSURE(uv_timer_init(&loop->uv, &loop->clock) == 0);
	ENSURE(uv_idle_init(&loop->uv, &loop->busy) == 0);
	ENSURE(uv_check_init(&loop->uv, &loop->check) == 0);
	loop->clock.data = loop->busy.data = loop->check.data = loop;
	uv_check_start(&loop->check, on_check);
	loop->deferred_tail = &loop->deferred;
	refresh(loop);
	return loop;
}

void loop_run(struct loop *loop)
{
	refresh(loop);
	uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
	uv_stop(&loop->uv);
}

static void close_leftover(uv_handle_t *handle, void *arg)
{
	if (!uv_is_closing(handle))
		uv_close(handle, handle->type == UV_POLL ? free_watcher : NULL);
}

void loop_destroy(struct loop **loop)
{
	struct loop *l = *loop;
	*loop = NULL;
	if (l == NULL)
		return;
	while (l->deferred != NULL)
		run_deferred(l);
	uv_walk(&l->uv, close_leftover, NULL);
	uv_run(&l->uv, UV_RUN_DEFAULT);
	ENSURE(uv_loop_close(&l->uv) == 0);
	while (l->signals != NULL) {
		struct signal_watch *watch = l->signals;
		l->signals = watch->next;
		memory_free(watch);
	}
	timer_heap_free(&l->timers);
	memory_free(l);
}
