/* `letterlock config describe`: the option table as a YAML file with comments. */
#include "base/ensure.h"
#include "conf/option.h"

static const char *type_name(enum config_type type)
{
	switch (type) {
	case CONFIG_TYPE_text:
		return "text";
	case CONFIG_TYPE_path:
		return "absolute path";
	case CONFIG_TYPE_number:
		return "number";
	case CONFIG_TYPE_size:
		return "size";
	case CONFIG_TYPE_duration:
		return "duration";
	case CONFIG_TYPE_flag:
		return "yes or no";
	case CONFIG_TYPE_texts:
	case CONFIG_TYPE_listens:
	case CONFIG_TYPE_routes:
		return "list";
	}
	UNREACHABLE();
}

static struct slice group_of(struct slice name)
{
	ptrdiff_t dot = slice_find(name, '.');
	return dot < 0 ? SLICE_NONE : slice_sub(name, 0, (size_t)dot);
}

static void describe_option(const struct config *defaults, const struct config_option *option, struct buf *out)
{
	struct slice group = group_of(option->name);
	const char *indent = group.n > 0 ? "  " : "";
	struct slice leaf = group.n > 0 ? slice_from(option->name, group.n + 1) : option->name;
	buf_printf(out, "%s# %s (%s%s)\n", indent, option->help, type_name(option->type), option->reloadable ? "" : "; needs a restart");
	buf_printf(out, "%s%.*s: ", indent, SLICE_ARG(leaf));
	config_value_print(defaults, option, out);
	buf_append_str(out, "\n");
}

static bool is_first_of_group(size_t index)
{
	struct slice group = group_of(config_options[index].name);
	for (size_t i = 0; i < index; i++)
		if (slice_eq(group_of(config_options[i].name), group))
			return false;
	return true;
}

/* A group of the table may be interrupted by other options; in YAML its key stands once. */
static void describe_group(const struct config *defaults, size_t first, struct buf *out)
{
	struct slice group = group_of(config_options[first].name);
	buf_printf(out, "\n%.*s:\n", SLICE_ARG(group));
	for (size_t i = first; i < config_option_count; i++)
		if (slice_eq(group_of(config_options[i].name), group))
			describe_option(defaults, &config_options[i], out);
}

void config_describe(struct buf *out)
{
	struct config *defaults = config_default();
	buf_append_str(out, "# Letterlock: every option with its default. Leave out what stays as it is.\n");
	for (size_t i = 0; i < config_option_count; i++) {
		if (group_of(config_options[i].name).n == 0) {
			buf_append_str(out, "\n");
			describe_option(defaults, &config_options[i], out);
		} else if (is_first_of_group(i)) {
			describe_group(defaults, i, out);
		}
	}
	config_free(&defaults);
}
