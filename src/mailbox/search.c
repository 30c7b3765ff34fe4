#include "base/ensure.h"
#include "mailbox/mailbox.h"
#include "mime/text.h"

bool search_header_matches(enum search_scope scope, struct slice field, struct slice needle, struct slice header)
{
	static const struct slice FIELDS[] = {
		SLICE_INIT("subject"), SLICE_INIT("from"), SLICE_INIT("to"), SLICE_INIT("cc"), SLICE_INIT("bcc"),
	};

	switch (scope) {
	case SEARCH_TEXT:
		return slice_search(header, needle) >= 0;
	case SEARCH_LETTER:
		for (size_t i = 0; i < ARRAY_LEN(FIELDS); i++) {
			if (mime_search_field(header, FIELDS[i], needle))
				return true;
		}
		return false;
	case SEARCH_BODY:
		return false;
	case SEARCH_HEADER:
		return mime_search_field(header, field, needle);
	}
	return false;
}
