#include "conf/config.h"

#include <stddef.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "conf/option.h"

#define NAME_MAX_LENGTH 64

const struct config_option config_options[] = {
#define OPTION(id, name, type, value, reloadable, help) \
	{SLICE_INIT(name), CONFIG_TYPE_##type, offsetof(struct config, id), SLICE_INIT(value), reloadable, help},
#include "conf/options.h"
#undef OPTION
};
const size_t config_option_count = ARRAY_LEN(config_options);

const struct config_option *config_option_find(struct slice name)
{
	for (size_t i = 0; i < config_option_count; i++)
		if (slice_eq(config_options[i].name, name))
			return &config_options[i];
	return NULL;
}

/* Levenshtein distance; names are short. */
static size_t distance(struct slice a, struct slice b)
{
	size_t row[NAME_MAX_LENGTH + 1];
	if (a.n > NAME_MAX_LENGTH || b.n > NAME_MAX_LENGTH)
		return SIZE_MAX;
	for (size_t j = 0; j <= b.n; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t change = diagonal + (a.p[i - 1] != b.p[j - 1]);
			diagonal = row[j];
			size_t less = row[j] < row[j - 1] ? row[j] : row[j - 1];
			row[j] = change < less + 1 ? change : less + 1;
		}
	}
	return row[b.n];
}

struct slice config_option_suggest(struct slice name)
{
	struct slice best = SLICE_NONE;
	size_t least = name.n / 3 + 2;
	for (size_t i = 0; i < config_option_count; i++) {
		size_t d = distance(name, config_options[i].name);
		if (d < least) {
			least = d;
			best = config_options[i].name;
		}
	}
	return best;
}

struct config *config_default(void)
{
	struct config *config = memory_alloc(sizeof *config);
	for (size_t i = 0; i < config_option_count; i++) {
		struct error err = {0};
		int r = config_value_set_text(config, &config_options[i], config_options[i].value, &err);
		ENSURE(r == 0);
	}
	return config;
}

int config_set(struct config *config, struct slice name, struct slice value, struct error *err)
{
	const struct config_option *option = config_option_find(name);
	if (option == NULL)
		return error_set(err, ERR_NOT_FOUND, "no option \"%.*s\"", SLICE_ARG(name));
	return config_value_set_text(config, option, value, err);
}

void config_free(struct config **config)
{
	if (*config == NULL)
		return;
	arena_free(&(*config)->arena);
	MEMORY_FREE(config);
}

bool config_option_differs(const struct config *a, const struct config *b, struct slice name)
{
	const struct config_option *option = config_option_find(name);
	return option == NULL || !config_value_equal(a, b, option);
}

void config_needs_restart(const struct config *now, const struct config *next, struct buf *out)
{
	const char *separator = "";
	for (size_t i = 0; i < config_option_count; i++) {
		if (config_options[i].reloadable || config_value_equal(now, next, &config_options[i]))
			continue;
		buf_append_str(out, separator);
		buf_append(out, config_options[i].name);
		separator = ", ";
	}
}

static size_t value_size(enum config_type type)
{
	switch (type) {
	case CONFIG_TYPE_text:
	case CONFIG_TYPE_path:
		return sizeof(struct slice);
	case CONFIG_TYPE_number:
	case CONFIG_TYPE_size:
		return sizeof(uint64_t);
	case CONFIG_TYPE_duration:
		return sizeof(config_duration);
	case CONFIG_TYPE_flag:
		return sizeof(config_flag);
	case CONFIG_TYPE_texts:
	case CONFIG_TYPE_listens:
	case CONFIG_TYPE_routes:
		return sizeof(config_texts);
	}
	UNREACHABLE();
}

void config_keep_fixed(struct config *next, const struct config *now)
{
	for (size_t i = 0; i < config_option_count; i++) {
		const struct config_option *o = &config_options[i];
		if (!o->reloadable)
			memcpy((char *)next + o->offset, (const char *)now + o->offset, value_size(o->type));
	}
}

void config_problems_free(struct config_problems *problems)
{
	memory_free(problems->items);
	arena_free(&problems->arena);
	*problems = (struct config_problems){0};
}
