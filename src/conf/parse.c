/*
 * YAML events into the option table. Every mistake is collected, with its place; aliases, anchors, tags and further documents are
 * refused, so the input cannot blow up.
 */
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "conf/option.h"
#include "sys/file.h"

#define DEPTH_MAX 8
#define SHOWN_MAX 80 /* bytes of a key in a message */

struct parse {
	yaml_parser_t yaml;
	struct slice file;
	struct config *config;
	struct config_problems *problems;
	struct buf key;      /* dotted name of the mapping we are in */
	bool *seen;          /* by index of the option */
};

/* at NULL: the text names the file itself. */
__attribute__((format(printf, 4, 5)))
static void problem(struct parse *p, const yaml_mark_t *at, struct slice key, const char *format, ...)
{
	struct config_problems *all = p->problems;
	char what[400];
	va_list args;
	if (all->count >= CONFIG_PROBLEMS_MAX)
		return;
	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	if (all->count == all->room) {
		all->room = all->room == 0 ? 16 : all->room * 2;
		all->items = memory_grow(all->items, all->room * sizeof *all->items);
	}
	key = utf8_prefix(key, SHOWN_MAX);
	if (at == NULL)
		all->items[all->count++].text = arena_dup(&all->arena, slice_str(what));
	else
		all->items[all->count++].text = arena_printf(&all->arena, "%.*s:%zu:%zu: %.*s%s%s", SLICE_ARG(p->file), at->line + 1, at->column + 1,
			SLICE_ARG(key), key.n > 0 ? ": " : "", what);
}

/* The next event, or false after a syntax error (which is noted). The caller deletes the event. */
static bool next(struct parse *p, yaml_event_t *event)
{
	if (yaml_parser_parse(&p->yaml, event))
		return true;
	const char *what = p->yaml.problem != NULL ? p->yaml.problem : "not readable";
	problem(p, &p->yaml.problem_mark, SLICE_NONE, "%s%s%s", what, p->yaml.context != NULL ? ", " : "", p->yaml.context != NULL ? p->yaml.context : "");
	return false;
}

static struct slice scalar(const yaml_event_t *event)
{
	return slice_make(event->data.scalar.value, event->data.scalar.length);
}

static bool is_null(const yaml_event_t *event)
{
	struct slice s = scalar(event);
	return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && (s.n == 0 || slice_eq(s, SLICE("~")) || slice_eq(s, SLICE("null")));
}

/* Skips the node that `event` begins. */
static bool skip(struct parse *p, const yaml_event_t *event)
{
	if (event->type != YAML_MAPPING_START_EVENT && event->type != YAML_SEQUENCE_START_EVENT)
		return true;
	for (unsigned depth = 1; depth > 0;) {
		yaml_event_t inner;
		if (!next(p, &inner))
			return false;
		if (inner.type == YAML_MAPPING_START_EVENT || inner.type == YAML_SEQUENCE_START_EVENT)
			depth++;
		if (inner.type == YAML_MAPPING_END_EVENT || inner.type == YAML_SEQUENCE_END_EVENT)
			depth--;
		yaml_event_delete(&inner);
	}
	return true;
}

static bool is_plain_node(struct parse *p, const yaml_event_t *event, struct slice key)
{
	const yaml_char_t *anchor = NULL;
	if (event->type == YAML_ALIAS_EVENT) {
		problem(p, &event->start_mark, key, "aliases are not supported");
		return false;
	}
	if (event->type == YAML_SCALAR_EVENT)
		anchor = event->data.scalar.anchor;
	else if (event->type == YAML_SEQUENCE_START_EVENT)
		anchor = event->data.sequence_start.anchor;
	else if (event->type == YAML_MAPPING_START_EVENT)
		anchor = event->data.mapping_start.anchor;
	if (anchor != NULL)
		problem(p, &event->start_mark, key, "anchors are not supported");
	return anchor == NULL;
}

static void set(struct parse *p, const yaml_mark_t *at, const struct config_option *option, const struct slice *items, size_t count)
{
	struct error err = {0};
	if (config_value_set(p->config, option, items, count, &err) != 0)
		problem(p, at, option->name, "%s", err.private_text);
}

/* Every entry that is wrong alone is a problem of its own line. */
static void set_list(struct parse *p, const yaml_mark_t *at, const struct config_option *option, const struct slice *items,
                     const yaml_mark_t *marks, size_t count)
{
	bool good = true;
	for (size_t i = 0; i < count; i++) {
		struct error err = {0};
		if (config_value_set(p->config, option, &items[i], 1, &err) == 0)
			continue;
		problem(p, &marks[i], option->name, "%s", err.private_text);
		good = false;
	}
	if (good)
		set(p, at, option, items, count);
}

static bool parse_list(struct parse *p, const struct config_option *option, const yaml_mark_t *at)
{
	struct arena arena = ARENA_INIT;
	struct slice items[CONFIG_LIST_MAX];
	yaml_mark_t marks[CONFIG_LIST_MAX];
	size_t count = 0;
	bool good = true, more = true;
	while (good && more) {
		yaml_event_t event;
		if (!next(p, &event)) {
			good = false;
			break;
		}
		if (event.type == YAML_SEQUENCE_END_EVENT)
			more = false;
		else if (!is_plain_node(p, &event, option->name))
			good = skip(p, &event);
		else if (event.type != YAML_SCALAR_EVENT) {
			problem(p, &event.start_mark, option->name, "a list of texts is expected");
			good = skip(p, &event);
		} else if (count == CONFIG_LIST_MAX)
			problem(p, &event.start_mark, option->name, "more than %d entries", CONFIG_LIST_MAX);
		else {
			marks[count] = event.start_mark;
			items[count++] = arena_dup(&arena, scalar(&event));
		}
		yaml_event_delete(&event);
	}
	if (good)
		set_list(p, at, option, items, marks, count);
	arena_free(&arena);
	return good;
}

static bool parse_value(struct parse *p, const struct config_option *option, const yaml_event_t *event)
{
	yaml_mark_t at = event->start_mark;
	if (event->type == YAML_SEQUENCE_START_EVENT) {
		if (config_is_list(option->type))
			return parse_list(p, option, &at);
		problem(p, &at, option->name, "one value is expected, not a list");
		return skip(p, event);
	}
	if (event->type != YAML_SCALAR_EVENT) {
		problem(p, &at, option->name, "one value is expected, not a mapping");
		return skip(p, event);
	}
	struct error err = {0};
	if (is_null(event))
		return true; /* "key:" without a value leaves the default */
	if (config_value_set_text(p->config, option, scalar(event), &err) != 0)
		problem(p, &at, option->name, "%s", err.private_text);
	return true;
}

static bool is_group(struct slice name)
{
	for (size_t i = 0; i < config_option_count; i++) {
		struct slice option = config_options[i].name;
		if (option.n > name.n && slice_starts(option, name) && option.p[name.n] == '.')
			return true;
	}
	return false;
}

static void unknown_key(struct parse *p, const yaml_mark_t *at, struct slice name)
{
	struct slice like = config_option_suggest(name);
	if (like.n > 0)
		problem(p, at, name, "no such option; did you mean %.*s?", SLICE_ARG(like));
	else
		problem(p, at, name, "no such option");
}

static bool parse_mapping(struct parse *p, unsigned depth);

/* The value of the key that p->key names; `at` is where the key stands. */
static bool parse_entry(struct parse *p, unsigned depth, const yaml_mark_t *at)
{
	struct slice name = buf_slice(&p->key);
	const struct config_option *option = config_option_find(name);
	yaml_event_t event;
	bool good;
	if (!next(p, &event))
		return false;
	if (!is_plain_node(p, &event, name)) {
		good = skip(p, &event);
	} else if (option != NULL) {
		bool *seen = &p->seen[option - config_options];
		if (*seen)
			problem(p, at, name, "given twice");
		*seen = true;
		good = parse_value(p, option, &event);
	} else if (is_group(name)) {
		good = true;
		if (event.type == YAML_MAPPING_START_EVENT && depth < DEPTH_MAX) {
			good = parse_mapping(p, depth + 1);
		} else if (event.type != YAML_SCALAR_EVENT || !is_null(&event)) {
			problem(p, &event.start_mark, name, "options are expected below it");
			good = skip(p, &event);
		}
	} else {
		unknown_key(p, at, name);
		good = skip(p, &event);
	}
	yaml_event_delete(&event);
	return good;
}

static bool parse_mapping(struct parse *p, unsigned depth)
{
	size_t outer = buf_len(&p->key);
	for (;;) {
		yaml_event_t event;
		if (!next(p, &event))
			return false;
		if (event.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&event);
			return true;
		}
		bool good = true;
		yaml_mark_t at = event.start_mark;
		if (event.type != YAML_SCALAR_EVENT || !is_plain_node(p, &event, buf_slice(&p->key))) {
			problem(p, &at, buf_slice(&p->key), "the name of an option is expected");
			good = skip(p, &event);
			yaml_event_delete(&event);
			if (good && next(p, &event)) {
				good = skip(p, &event);
				yaml_event_delete(&event);
			} else {
				good = false;
			}
		} else {
			if (outer > 0)
				buf_append_byte(&p->key, '.');
			buf_append(&p->key, utf8_prefix(scalar(&event), 200));
			yaml_event_delete(&event);
			good = parse_entry(p, depth, &at);
			buf_truncate(&p->key, outer);
		}
		if (!good)
			return false;
	}
}

/* What no single option can tell. */
static void check_whole(struct parse *p)
{
	const struct config *c = p->config;
	yaml_mark_t top = {0};
	if (c->hostname.n == 0 && c->listen.count > 0)
		problem(p, &top, SLICE("hostname"), "is needed");
	if ((c->tls_certificate.n == 0) != (c->tls_key.n == 0))
		problem(p, &top, SLICE("tls"), "certificate and key are needed together");
	for (size_t i = 0; i < c->listen.count; i++) {
		struct slice service = c->listen.items[i].service;
		if (c->tls_certificate.n == 0 && slice_ends(service, SLICE("s")) && !slice_eq(service, SLICE("smtps")))
			problem(p, &top, SLICE("listen"), "%.*s needs tls.certificate", SLICE_ARG(service));
	}
	if (c->dns_offline && c->dns_zone.n == 0)
		problem(p, &top, SLICE("dns.offline"), "needs dns.zone");
}

static void parse_stream(struct parse *p)
{
	yaml_event_t event;
	for (;;) {
		if (!next(p, &event))
			return;
		yaml_event_type_t type = event.type;
		yaml_mark_t at = event.start_mark;
		yaml_event_delete(&event);
		if (type == YAML_STREAM_END_EVENT)
			break;
		if (type == YAML_STREAM_START_EVENT || type == YAML_DOCUMENT_START_EVENT)
			continue;
		if (type == YAML_DOCUMENT_END_EVENT)
			break;
		if (type != YAML_MAPPING_START_EVENT) {
			problem(p, &at, SLICE_NONE, "\"option: value\" is expected");
			return;
		}
		if (!parse_mapping(p, 0))
			return;
	}
	check_whole(p);
}

static struct config *parse_whole(struct slice yaml, struct slice file, struct config_problems *problems)
{
	struct parse p = {.file = file, .problems = problems, .key = BUF_INIT(4096)};
	ENSURE(yaml_parser_initialize(&p.yaml) == 1);
	yaml_parser_set_encoding(&p.yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p.yaml, yaml.p != NULL ? yaml.p : (const uint8_t *)"", yaml.n);
	p.config = config_default();
	p.config->file = arena_dup(&p.config->arena, file);
	p.seen = memory_alloc_array(config_option_count, sizeof *p.seen);
	parse_stream(&p);
	yaml_parser_delete(&p.yaml);
	memory_free(p.seen);
	buf_free(&p.key);
	return p.config;
}

struct config *config_parse(struct slice yaml, struct slice file, struct config_problems *problems)
{
	struct config *config = parse_whole(yaml, file, problems);
	if (problems->count > 0)
		config_free(&config);
	return config;
}

struct config *config_read_partly(const char *path, struct config_problems *problems)
{
	struct buf text = BUF_INIT(CONFIG_FILE_MAX);
	struct error err = {0};
	struct config *config = NULL;
	if (file_read(path, &text, &err) == 0) {
		config = parse_whole(buf_slice(&text), slice_str(path), problems);
	} else {
		struct parse p = {.file = slice_str(path), .problems = problems};
		problem(&p, NULL, SLICE_NONE, "%s", err.private_text);
	}
	buf_free(&text);
	return config;
}

struct config *config_read(const char *path, struct config_problems *problems)
{
	struct config *config = config_read_partly(path, problems);
	if (problems->count > 0)
		config_free(&config);
	return config;
}
