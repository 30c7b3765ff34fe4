#include "scan/rules.h"

#include "base/ensure.h"

static const char *const class_names[SCAN_CLASS_COUNT] = {
#define RULE(id, name, in, out, open, text) [SCAN_CLASS_##id] = name,
	SCAN_CLASSES(RULE)
#undef RULE
};
static const char *const action_names[SCAN_ACTION_COUNT] = {
	[SCAN_ACTION_PASS] = "pass", [SCAN_ACTION_TAG] = "tag", [SCAN_ACTION_CONVERT] = "convert", [SCAN_ACTION_STRIP] = "strip", [SCAN_ACTION_JUNK] = "junk",
	[SCAN_ACTION_HOLD] = "hold", [SCAN_ACTION_REJECT] = "reject",
};
static const char *const direction_names[SCAN_DIRECTION_COUNT] = {[SCAN_IN] = "in", [SCAN_OUT] = "out", [SCAN_OPEN] = "open"};

const char *scan_class_name(enum scan_class class)
{
	return class_names[class];
}

const char *scan_action_name(enum scan_action action)
{
	return action_names[action];
}

struct scan_rules scan_rules_default(void)
{
	return (struct scan_rules){.actions = {
#define RULE(id, name, in, out, open, text) \
	[SCAN_CLASS_##id] = {[SCAN_IN] = SCAN_ACTION_##in, [SCAN_OUT] = SCAN_ACTION_##out, [SCAN_OPEN] = SCAN_ACTION_##open},
		SCAN_CLASSES(RULE)
#undef RULE
	}};
}

static bool next_word(struct slice *rest, struct slice *ret)
{
	while (slice_split(rest, ' ', ret))
		if (ret->n > 0)
			return true;
	return false;
}

/* The place of the next word in a list of names; count: it is none of them. */
static size_t word_of(struct slice *rest, const char *const *names, size_t count)
{
	struct slice word;
	size_t i = 0;
	if (!next_word(rest, &word))
		return count;
	while (i < count && !slice_eq(word, slice_str(names[i])))
		i++;
	return i;
}

/* What is opened is given or not. */
static bool is_for_opening(enum scan_action action)
{
	return action == SCAN_ACTION_PASS || action == SCAN_ACTION_TAG || action == SCAN_ACTION_REJECT;
}

int scan_rules_set(struct scan_rules *rules, struct slice row, struct error *err)
{
	struct slice word;
	size_t class = word_of(&row, class_names, SCAN_CLASS_COUNT);
	size_t direction = word_of(&row, direction_names, SCAN_DIRECTION_COUNT);
	size_t action = word_of(&row, action_names, SCAN_ACTION_COUNT);
	if (class == SCAN_CLASS_COUNT)
		return error_set(err, ERR_INVALID, "malware.actions: a row begins with a kind of finding, such as macro");
	if (direction == SCAN_DIRECTION_COUNT)
		return error_set(err, ERR_INVALID, "malware.actions: in, out or open stands behind the kind of finding");
	if (action == SCAN_ACTION_COUNT || next_word(&row, &word))
		return error_set(err, ERR_INVALID, "malware.actions: a row ends with pass, tag, convert, strip, junk, hold or reject");
	if (direction == SCAN_OUT && action == SCAN_ACTION_JUNK)
		return error_set(err, ERR_INVALID, "malware.actions: junk is for letters that come in");
	if (direction == SCAN_OPEN && (class < SCAN_CLASS_UNSCANNED || !is_for_opening((enum scan_action)action)))
		return error_set(err, ERR_INVALID, "malware.actions: open is for unscanned, opaque and virus, with pass, tag or reject");
	rules->actions[class][direction] = (enum scan_action)action;
	return 0;
}
