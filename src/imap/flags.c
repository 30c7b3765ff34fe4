/* Flag lists in commands. */
#include <string.h>
#include "imap/session_internal.h"

#define FLAG_LIST_MAX 200

static bool push_flag(struct imap_parser *p, struct imap_flag_list *list)
{
	struct slice name;

	if (list->count == FLAG_LIST_MAX)
		return imap_parse_fail(p, "Too many flags");
	if (list->count % 8 == 0) {
		struct slice *grown = arena_alloc_array(p->arena, list->count + 8, sizeof *grown);
		if (list->count > 0)
			memcpy(grown, list->names, list->count * sizeof *grown);
		list->names = grown;
	}
	if (!imap_parse_flag(p, &name))
		return false;
	list->names[list->count++] = name;
	return true;
}

bool imap_parse_flag_list(struct imap_parser *p, struct imap_flag_list *ret)
{
	*ret = (struct imap_flag_list){0};
	bool parenthesised = imap_take(p, '(');
	if (parenthesised && imap_take(p, ')'))
		return true;
	do {
		if (!push_flag(p, ret))
			return false;
	} while (imap_take(p, ' '));
	return !parenthesised || imap_parse_char(p, ')');
}

int imap_flags_resolve(struct imap_session *s, const struct imap_flag_list *list, bool create, struct flag_set *ret)
{
	*ret = (struct flag_set){0};
	for (size_t i = 0; i < list->count; i++) {
		struct slice name = list->names[i];
		unsigned index;

		if (name.p[0] == '\\') {
			/* \Recent cannot be changed by clients; unknown system flags do not exist (RFC 9051 2.3.2). */
			int bit = imap_system_flag(name);
			if (bit == 0)
				return ERR_INVALID;
			ret->system |= (uint32_t)bit;
			continue;
		}
		if (name.n > KEYWORD_NAME_MAX)
			return ERR_LIMIT;
		int rc = s->account->ops->keyword(s->account, name, create, &index, NULL);
		if (rc == 0)
			ret->keywords |= UINT64_C(1) << index;
		else if (rc != ERR_NOT_FOUND)
			return rc;
	}
	return 0;
}
