/* The option table as data, and the values of one option. Internal to conf. */
#ifndef CONF_OPTION_H
#define CONF_OPTION_H

#include "conf/config.h"

enum config_type {
	CONFIG_TYPE_text,
	CONFIG_TYPE_path,
	CONFIG_TYPE_number,
	CONFIG_TYPE_size,
	CONFIG_TYPE_duration,
	CONFIG_TYPE_flag,
	CONFIG_TYPE_texts,
	CONFIG_TYPE_listens,
	CONFIG_TYPE_routes,
};

struct config_option {
	struct slice name;
	enum config_type type;
	size_t offset; /* in struct config */
	struct slice value; /* default */
	bool reloadable;
	const char *help;
};

#define CONFIG_LIST_MAX 1000 /* entries of a list */

extern const struct config_option config_options[];
extern const size_t config_option_count;

static inline bool config_is_list(enum config_type type)
{
	return type == CONFIG_TYPE_texts || type == CONFIG_TYPE_listens || type == CONFIG_TYPE_routes;
}
/* NULL when there is none of that name. */
const struct config_option *config_option_find(struct slice name);
/* The known name that is most like `name`; empty when none is near. */
struct slice config_option_suggest(struct slice name);

/* Sets the option; scalars take exactly one item. ERR_INVALID with the reason as private text. */
int config_value_set(struct config *config, const struct config_option *option, const struct slice *items, size_t count, struct error *err);
/* Sets it from one text; lists are split at spaces (texts) or commas. */
int config_value_set_text(struct config *config, const struct config_option *option, struct slice text, struct error *err);
/* The value as YAML text: scalars in one line, lists as "[a, b]". */
void config_value_print(const struct config *config, const struct config_option *option, struct buf *out);
bool config_value_equal(const struct config *a, const struct config *b, const struct config_option *option);

#endif
