/*
 * The event loop of a process (libuv underneath): timers, readiness of descriptors, signals, work for the pool.
 * One thread; callbacks never run concurrently. All objects here are embedded in their owner and must be stopped before the
 * owner is freed (the *_stop functions take effect at once: no callback follows).
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include "base/clock.h"
#include "base/slice.h"

struct loop;

struct loop *loop_create(void);
void loop_destroy(struct loop **loop);
void loop_run(struct loop *loop);  /* until loop_stop */
void loop_stop(struct loop *loop);
/* The time at which the current round of callbacks began. */
struct moment loop_now(const struct loop *loop);
/* A clock that goes on while the loop does not, in microseconds: only to measure and to limit own work. */
int64_t loop_stopwatch_us(void);
/* How long this round has been going on. */
int64_t loop_round_ms(const struct loop *loop);

struct timer;
typedef void timer_fn(void *arg);
/* One-shot; starting a running timer moves it. Timers may be created by thousands (heap of libuv underneath is not used: wheel or heap of ours). */
struct timer *timer_create_on(struct loop *loop, timer_fn *fn, void *arg);
void timer_start(struct timer *timer, int64_t delay_ms);
void timer_stop(struct timer *timer);
void timer_destroy(struct timer **timer);

struct watcher;
enum { WATCH_READ = 1, WATCH_WRITE = 2 };
typedef void watcher_fn(void *arg, int events); /* events: WATCH_*; an error on the descriptor reports both */
struct watcher *watcher_create(struct loop *loop, int fd, watcher_fn *fn, void *arg);
void watcher_set(struct watcher *watcher, int events); /* 0: none */
void watcher_destroy(struct watcher **watcher);        /* does not close the descriptor */

typedef void signal_fn(void *arg, int signo);
void loop_on_signal(struct loop *loop, int signo, signal_fn *fn, void *arg);

/* `work` runs on a thread of the pool and owns `arg` alone until `done` runs on the loop. */
typedef void work_fn(void *arg);
void loop_work(struct loop *loop, work_fn *work, work_fn *done, void *arg);
/* Calls fn soon from the loop, not from inside the caller. */
void loop_defer(struct loop *loop, work_fn *fn, void *arg);

#endif
