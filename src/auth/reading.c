#include "auth/reading.h"

#include <string.h>

#include "auth/directory_device.h"

static bool is_word(const json_t *value, const char *word)
{
	return json_is_string(value) && strcmp(json_string_value(value), word) == 0;
}

int reading_policy_check(const json_t *value, struct error *err)
{
	const json_t *text = json_object_get(value, "text_only"), *images = json_object_get(value, "images"),
		*attachments = json_object_get(value, "attachments");
	size_t known = (text != NULL) + (images != NULL) + (attachments != NULL);

	if (!json_is_object(value) || json_object_size(value) != known)
		return error_set(err, ERR_INVALID, "it has \"text_only\", \"images\" and \"attachments\", and nothing else");
	if (text != NULL && !json_is_boolean(text))
		return error_set(err, ERR_INVALID, "\"text_only\" is true or false");
	if (images != NULL && !is_word(images, "ask") && !is_word(images, "never"))
		return error_set(err, ERR_INVALID, "\"images\" is ask or never");
	if (attachments != NULL && !is_word(attachments, "download") && !is_word(attachments, "view-only"))
		return error_set(err, ERR_INVALID, "\"attachments\" is download or view-only");
	return 0;
}

unsigned reading_rules(struct directory *d)
{
	const json_t *policy;
	unsigned rules = 0;

	if (directory_policy_json(d, READING_POLICY, &policy) != 0)
		return AUTH_READING_TEXT | AUTH_READING_NO_IMAGES | AUTH_READING_VIEW_ONLY;
	if (json_is_true(json_object_get(policy, "text_only")))
		rules |= AUTH_READING_TEXT;
	if (is_word(json_object_get(policy, "images"), "never"))
		rules |= AUTH_READING_NO_IMAGES;
	if (is_word(json_object_get(policy, "attachments"), "view-only"))
		rules |= AUTH_READING_VIEW_ONLY;
	return rules;
}
