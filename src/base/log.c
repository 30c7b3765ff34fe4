#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"

#define LINE_MAX_BYTES 4000 /* below PIPE_BUF: a pipe takes the line whole or not at all */
#define VALUE_MAX_BYTES 1000

static const struct log_row events[] = {
#define EVENT(id, level, class, name, fields, text) [EV_##id] = {level, LOG_CLASS_##class, name, fields, text},
#include "base/events.h"
};
static const struct log_field_row field_rows[] = {
#define FIELD(name, privacy, part, meaning) {#name, LOG_PRIVACY_##privacy, LOG_PART_##part, meaning},
#include "base/events.h"
};
static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const char *const class_names[] = {"none", "sign_in", "account", "mail", "access", "admin", "policy", "key", "audit", "system"};
_Static_assert(sizeof class_names / sizeof class_names[0] == LOG_CLASS_COUNT, "every class has a name");

/* The log is the one thing of a process that has no owner to hang on to. */
static struct {
	const char *role;
	bool json;
	enum log_level threshold;
	bool may_block;   /* the output is no file: its reader may have stopped */
	unsigned dropped; /* lines since the last one that went out */
	log_audit_fn *audit;
	void *audit_arg;
} setup = {"letterlock", false, LOG_INFO, false, 0, NULL, NULL};

const struct log_row *log_row(enum log_event event)
{
	return &events[event];
}

enum log_event log_event_find(struct slice name)
{
	for (enum log_event event = 0; event < EV_COUNT; event++)
		if (slice_eq(name, slice_str(events[event].name)))
			return event;
	return EV_COUNT;
}

const struct log_field_row *log_field_find(struct slice name)
{
	for (size_t i = 0; i < sizeof field_rows / sizeof field_rows[0]; i++)
		if (slice_eq(name, slice_str(field_rows[i].name)))
			return &field_rows[i];
	return NULL;
}

bool log_row_has(enum log_event event, struct slice field)
{
	struct slice rest = slice_str(events[event].fields), word;

	while (slice_split(&rest, ' ', &word))
		if (slice_eq(word, field))
			return true;
	return false;
}

const char *log_class_name(enum log_class class)
{
	return class_names[class];
}

const char *log_level_name(enum log_level level)
{
	return level_names[level];
}

enum log_class log_class_find(struct slice name)
{
	for (enum log_class class = 0; class < LOG_CLASS_COUNT; class++)
		if (slice_eq(name, slice_str(class_names[class])))
			return class;
	return LOG_CLASS_COUNT;
}

void log_set_audit(log_audit_fn *fn, void *arg)
{
	setup.audit = fn;
	setup.audit_arg = arg;
}

void log_setup(const char *role, bool json, enum log_level threshold)
{
	setup.role = role;
	setup.json = json;
	setup.threshold = threshold;
	struct stat st;
	setup.may_block = fstat(STDERR_FILENO, &st) == 0 && !S_ISREG(st.st_mode);
}

void log_own_output(void)
{
	struct stat st;
	int fd = fstat(STDERR_FILENO, &st) == 0 && S_ISFIFO(st.st_mode) ? open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	dup2(fd, STDERR_FILENO);
	close(fd);
}

/* A reader of the log that has stopped must not stop the mail. */
static bool has_room(void)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (!setup.may_block || (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0))
		return true;
	setup.dropped++;
	return false;
}

void log_set_threshold(enum log_level threshold)
{
	setup.threshold = threshold;
}

static void append_escaped(struct buf *b, struct slice s)
{
	s = slice_sub(s, 0, VALUE_MAX_BYTES);
	buf_append_byte(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			buf_printf(b, "\\u%04x", c);
		else
			buf_append_byte(b, c);
	}
	buf_append_byte(b, '"');
}

static bool is_plain(struct slice s)
{
	if (s.n == 0 || s.n > VALUE_MAX_BYTES)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f || s.p[i] == '"' || s.p[i] == '=' || s.p[i] == '\\')
			return false;
	return true;
}

static void append_field(struct buf *b, const struct log_field *f)
{
	if (setup.json)
		buf_printf(b, ",\"%s\":", f->key);
	else
		buf_printf(b, " %s=", f->key);
	if (f->is_number)
		buf_printf(b, "%lld", (long long)f->number);
	else if (!setup.json && is_plain(f->text))
		buf_append(b, f->text);
	else
		append_escaped(b, f->text);
}

static void append_time(struct buf *b)
{
	struct timespec now;
	struct calendar c;

	clock_gettime(CLOCK_REALTIME, &now);
	c = calendar_from_unix(now.tv_sec);
	buf_printf(b, setup.json ? "{\"ts\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\"" : "ts=%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year, c.month,
	           c.day, c.hour, c.minute, c.second, (int)(now.tv_nsec / 1000000));
}

void log_write(enum log_event event, const struct log_field *fields)
{
	struct buf line = BUF_INIT(LINE_MAX_BYTES);
	enum log_level level = events[event].level;
	ssize_t written;

	if (setup.audit != NULL && events[event].class != LOG_CLASS_NONE)
		setup.audit(setup.audit_arg, event, fields);
	if (level > setup.threshold || !has_room())
		return;
	append_time(&line);
	append_field(&line, &LOG_STR("level", level_names[level]));
	append_field(&line, &LOG_STR("mod", setup.role));
	append_field(&line, &LOG_STR("event", events[event].name));
	for (const struct log_field *f = fields; f->key != NULL; f++)
		append_field(&line, f);
	if (setup.dropped > 0)
		append_field(&line, &LOG_NUM("dropped", setup.dropped));
	append_field(&line, &LOG_STR("msg", events[event].text));
	line.failed = false;
	line.max += 2;
	buf_append_str(&line, setup.json ? "}\n" : "\n");
	/* One write, so that lines of several processes do not mix. */
	written = write(STDERR_FILENO, line.data + line.start, buf_len(&line));
	setup.dropped = written < 0 ? setup.dropped + 1 : 0;
	buf_free(&line);
}
