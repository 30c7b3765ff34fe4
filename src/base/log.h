/*
 * The log: one line of logfmt (or JSON) per event, one write(2) per line, to the inherited standard error.
 *
 * Every line names an event of the table in base/events.h, which fixes its level, class and text; fields are key and value. An event whose class
 * is not NONE is also handed to the audit log, through the hook that the role layer installs, whatever the threshold of the log.
 * Where that is a pipe, socket or terminal whose reader has stopped, lines are dropped and the next one says how many ("dropped").
 * Never a secret, a subject or a body. The library layers below `role` do not log: they return errors.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/clock.h"
#include "base/slice.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

enum log_event {
#define EVENT(id, level, class, name, fields, text) EV_##id,
#include "base/events.h"
	EV_COUNT
};

/* Classes of the event table; the values are kept in stored records by name only. */
enum log_class {
	LOG_CLASS_NONE,
	LOG_CLASS_SIGN_IN,
	LOG_CLASS_ACCOUNT,
	LOG_CLASS_MAIL,
	LOG_CLASS_ACCESS,
	LOG_CLASS_ADMIN,
	LOG_CLASS_POLICY,
	LOG_CLASS_KEY,
	LOG_CLASS_AUDIT,
	LOG_CLASS_SYSTEM,
	LOG_CLASS_COUNT
};
enum log_privacy { LOG_PRIVACY_PUBLIC, LOG_PRIVACY_PERSONAL, LOG_PRIVACY_NEVER };
enum log_part { LOG_PART_WHO, LOG_PART_WHAT, LOG_PART_WHERE, LOG_PART_HOW };

/* One row of the event table. */
struct log_row {
	enum log_level level;
	enum log_class class;
	const char *name, *fields, *text;
};
struct log_field_row {
	const char *name;
	enum log_privacy privacy;
	enum log_part part;
	const char *meaning;
};
const struct log_row *log_row(enum log_event event);
/* EV_COUNT when there is none of that name. */
enum log_event log_event_find(struct slice name);
/* NULL when there is none. */
const struct log_field_row *log_field_find(struct slice name);
/* Does the row name this field? */
bool log_row_has(enum log_event event, struct slice field);
const char *log_class_name(enum log_class class);  /* "sign_in" */
const char *log_level_name(enum log_level level);  /* "warn" */
/* LOG_CLASS_COUNT when there is none of that name. */
enum log_class log_class_find(struct slice name);

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

/* Told of every event whose class is not NONE; the fields are borrowed. On the thread of the loop only. */
typedef void log_audit_fn(void *arg, enum log_event event, const struct log_field *fields);
void log_set_audit(log_audit_fn *fn, void *arg);

#endif
