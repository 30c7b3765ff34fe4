#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"

#define LINE_MAX_BYTES 4000 /* below PIPE_BUF: a pipe takes the line whole or not at all */
#define VALUE_MAX_BYTES 1000

static const struct {
	enum log_level level;
	const char *name;
	const char *text;
} events[] = {
#define LOG_EVENT(id, level, name, text) [EV_##id] = {level, name, text},
#include "base/events.h"
#undef LOG_EVENT
};
static const char *const level_names[] = {"error", "warn", "info", "debug"};

/* The log is the one thing of a process that has no owner to hang on to. */
static struct {
	const char *role;
	bool json;
	enum log_level threshold;
	bool may_block;   /* the output is no file: its reader may have stopped */
	unsigned dropped; /* lines since the last one that went out */
} setup = {"letterlock", false, LOG_INFO, false, 0};

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
