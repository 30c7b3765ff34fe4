/* How much a text of JSON becomes in memory: a few bytes of it ("[],") are a hundred there. */
#include "jmap/method.h"

/* Where the text ends that begins behind its quote. */
static size_t skip_text(struct slice json, size_t at)
{
	while (at < json.n && json.p[at] != '"')
		at += json.p[at] == '\\' ? 2 : 1;
	return at;
}

size_t jmap_values_count(struct slice json)
{
	size_t count = json.n > 0;

	for (size_t i = 0; i < json.n; i++) {
		uint8_t c = json.p[i];

		if (c == '"')
			i = skip_text(json, i + 1);
		else
			count += c == ',' || c == '[' || c == '{';
	}
	return count;
}
