#include "jmap/preferences.h"

#include <stdlib.h>

#include "crypt/hash.h"
#include "jmap/private.h"

int jmap_preferences_load(struct account *mail, json_t **ret)
{
	struct arena arena = ARENA_INIT;
	struct slice text = SLICE_NONE;
	int rc = mail->ops->note != NULL ? mail->ops->note(mail, SLICE(JMAP_PREFERENCES_NOTE), &arena, &text, NULL) : ERR_NOT_FOUND;
	json_t *found = rc == 0 ? json_loadb((const char *)text.p, text.n, JSON_ALLOW_NUL, NULL) : NULL;

	arena_free(&arena);
	if (rc < 0 && rc != ERR_NOT_FOUND)
		return rc;
	if (!json_is_object(found)) {
		json_decref(found);
		found = json_object();
	}
	*ret = found;
	return 0;
}

int jmap_preferences_keep(struct account *mail, const json_t *kept)
{
	char *text = json_dumps(kept, JSON_COMPACT | JSON_SORT_KEYS);
	int rc = text == NULL || slice_str(text).n > JMAP_PREFERENCES_MAX || json_object_size(kept) > JMAP_PREFERENCES_COUNT_MAX ? ERR_LIMIT
		: mail->ops->set_note != NULL ? mail->ops->set_note(mail, SLICE(JMAP_PREFERENCES_NOTE), slice_str(text), NULL) : ERR_DENIED;

	free(text);
	return rc;
}

int jmap_preferences_state(struct jmap *j, struct buf *out)
{
	json_t *kept;
	char *text;
	int rc = jmap_preferences_load(j->host.mail, &kept);

	if (rc < 0)
		return rc;
	text = json_dumps(kept, JSON_COMPACT | JSON_SORT_KEYS);
	buf_printf(out, "p%016llx", (unsigned long long)hash_checksum(slice_str(text)));
	free(text);
	json_decref(kept);
	return 0;
}
