/*
 * The log: one line of logfmt (or JSON) per event, one write(2) per line, to the inherited standard error.
 *
 * Every line names an event of the table in base/events.h, which fixes its level and text; fields are key and value.
 * Where that is a pipe, socket or terminal whose reader has stopped, lines are dropped and the next one says how many ("dropped").
 * Never a secret, a subject or a body. The library layers below `role` do not log: they return errors.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/clock.h"
#include "base/slice.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

enum log_event {
#define LOG_EVENT(id, level, name, text) EV_##id,
#include "base/events.h"
#undef LOG_EVENT
	EV_COUNT
};

/* One field; the value is text or a number. A list of fields ends with LOG_END. */
struct log_field {
	const char *key; /* NULL ends the list */
	struct slice text;
	int64_t number;
	bool is_number;
};
#define LOG_TEXT(k, s) ((struct log_field){.key = (k), .text = (s)})
#define LOG_STR(k, s) ((struct log_field){.key = (k), .text = slice_str(s)})
#define LOG_NUM(k, v) ((struct log_field){.key = (k), .number = (int64_t)(v), .is_number = true})
#define LOG_END ((struct log_field){0})

/* Once at start of the process; `role` must live for ever. */
void log_setup(const char *role, bool json, enum log_level threshold);
/* When standard error is a pipe: opens it anew for this process and its children, so that writing never waits. Once, before any child. */
void log_own_output(void);
void log_set_threshold(enum log_level threshold);

/* log_event(EV_X, LOG_STR("cid", cid), LOG_NUM("size", n)) */
#define log_event(event, ...) log_write((event), (const struct log_field[]){__VA_ARGS__ __VA_OPT__(,) LOG_END})
void log_write(enum log_event event, const struct log_field *fields);

#endif
