/*
 * The configuration: one struct made from conf/options.h. The parent parses YAML; roles get the binary image.
 * A config is immutable; everything in it lives until config_free.
 */
#ifndef CONF_CONFIG_H
#define CONF_CONFIG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

/* The C types of the option types. Every text ends with a NUL byte that does not count, so .p can go to the operating system. */
typedef struct slice config_text;
typedef struct slice config_path;
typedef uint64_t config_number;
typedef uint64_t config_size;    /* bytes */
typedef int64_t config_duration; /* milliseconds */
typedef bool config_flag;
typedef struct { struct slice *items; size_t count; } config_texts;
struct config_listen { struct slice service, address; uint16_t port; }; /* address without brackets, "::" or "0.0.0.0" for all */
typedef struct { struct config_listen *items; size_t count; } config_listens;
struct config_route { struct slice domain, host; uint16_t port; }; /* domain "*": all others */
typedef struct { struct config_route *items; size_t count; } config_routes;

struct config {
	struct arena arena;
	struct slice file; /* where it was read from */
#define OPTION(id, name, type, value, reloadable, help) config_##type id;
#include "conf/options.h"
#undef OPTION
};

/* One finding of the parser; all of them are reported. */
struct config_problem {
	struct slice text; /* file:line:column: key: what, did you mean … */
};
struct config_problems {
	struct arena arena;
	struct config_problem *items;
	size_t count, room;
};
#define CONFIG_PROBLEMS_MAX 100
#define CONFIG_FILE_MAX (1024 * 1024)
void config_problems_free(struct config_problems *problems);

/* All defaults; for tests and as the base of a parse. Never NULL. */
struct config *config_default(void);
/* Parses YAML; NULL when there is at least one problem. `file` is the name for the messages. */
struct config *config_parse(struct slice yaml, struct slice file, struct config_problems *problems);
/* Reads and parses the file at `path`. */
struct config *config_read(const char *path, struct config_problems *problems);
/* As config_read, but with the options that could be read, defaults for the others; NULL only when the file cannot be read. */
struct config *config_read_partly(const char *path, struct config_problems *problems);
void config_free(struct config **config);
/* Sets one option from its text ("10m", "a b c" for lists); for tests and command lines. 0, or ERR_NOT_FOUND, ERR_INVALID. */
int config_set(struct config *config, struct slice name, struct slice value, struct error *err);

/* Is the option's value another one? An unknown name differs. */
bool config_option_differs(const struct config *a, const struct config *b, struct slice name);
/* The names of the options in which both differ and which are not reloadable, separated by ", ". */
void config_needs_restart(const struct config *now, const struct config *next, struct buf *out);

/* Takes the values of the options that are not reloadable from `now`, which must outlive `next`. */
void config_keep_fixed(struct config *next, const struct config *now);

/* The binary image that roles get. */
void config_encode(const struct config *config, struct buf *out);
struct config *config_decode(struct slice image, struct error *err);

/* A complete commented YAML file with the defaults. */
void config_describe(struct buf *out);

/* "250", "25MiB", "1GB"; "90s", "10m", "4h", "30d", "500ms". 0 or -1. */
int config_parse_size(struct slice text, uint64_t *ret_bytes);
int config_parse_duration(struct slice text, int64_t *ret_ms);
/* "host:port", "[address]:port"; *ret_host borrowed without brackets. 0 or -1. */
int config_parse_host_port(struct slice text, struct slice *ret_host, uint16_t *ret_port);

#endif
