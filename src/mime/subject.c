#include "mime/limits.h"
#include "mime/text.h"

/* The base subject of RFC 5256 2.1; the numbers in comments are its steps. */

static struct slice trim_left(struct slice s)
{
	while (s.n > 0 && ascii_is_wsp(s.p[0]))
		s = slice_from(s, 1);
	return s;
}

/* (1) Tabs and line breaks are spaces, runs of spaces are one. */
static struct slice collapse(struct slice s, struct arena *arena)
{
	uint8_t *to = arena_alloc(arena, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i] == '\t' || s.p[i] == '\r' || s.p[i] == '\n' ? ' ' : s.p[i];

		if (c != ' ' || (n > 0 && to[n - 1] != ' '))
			to[n++] = c;
	}
	return slice_make(to, n);
}

/* (2) subj-trailer */
static bool strip_trailer(struct slice *s)
{
	bool forward = false;

	for (;;) {
		if (s->n > 0 && ascii_is_wsp(s->p[s->n - 1])) {
			s->n--;
		} else if (slice_ends_nocase(*s, SLICE("(fwd)"))) {
			s->n -= 5;
			forward = true;
		} else {
			return forward;
		}
	}
}

/* subj-blob: "[" without brackets inside "]" and blanks. Its length, or 0. */
static size_t blob_length(struct slice s)
{
	size_t i = 1;

	if (s.n == 0 || s.p[0] != '[')
		return 0;
	while (i < s.n && s.p[i] != '[' && s.p[i] != ']')
		i++;
	if (i >= s.n || s.p[i] != ']')
		return 0;
	i++;
	while (i < s.n && ascii_is_wsp(s.p[i]))
		i++;
	return i;
}

/* subj-refwd: "re", "fw" or "fwd", blanks, perhaps a blob, ":". Its length, or 0. */
static size_t refwd_length(struct slice s)
{
	struct slice rest;

	if (slice_starts_nocase(s, SLICE("fwd")))
		rest = slice_from(s, 3);
	else if (slice_starts_nocase(s, SLICE("re")) || slice_starts_nocase(s, SLICE("fw")))
		rest = slice_from(s, 2);
	else
		return 0;
	rest = trim_left(rest);
	rest = slice_from(rest, blob_length(rest));
	return rest.n > 0 && rest.p[0] == ':' ? s.n - rest.n + 1 : 0;
}

/* (3) subj-leader: blobs before "re:" go with it. */
static bool strip_leader(struct slice *s)
{
	struct slice rest = trim_left(*s);
	size_t blob, reply;

	*s = rest;
	while ((blob = blob_length(rest)) > 0)
		rest = slice_from(rest, blob);
	reply = refwd_length(rest);
	if (reply == 0)
		return false;
	*s = trim_left(slice_from(rest, reply));
	return true;
}

/* (4) A blob in front goes when something is left. */
static bool strip_blob(struct slice *s)
{
	size_t blob = blob_length(*s);

	if (blob == 0 || blob == s->n)
		return false;
	*s = slice_from(*s, blob);
	return true;
}

/* (6) "[fwd: … ]" */
static bool unwrap_forward(struct slice *s)
{
	if (!slice_starts_nocase(*s, SLICE("[fwd:")) || !slice_ends(*s, SLICE("]")))
		return false;
	*s = slice_sub(*s, 5, s->n - 1);
	return true;
}

struct slice mime_base_subject(struct slice decoded, struct arena *arena, bool *ret_reply)
{
	struct slice s = collapse(slice_sub(decoded, 0, 4096), arena);
	bool reply = false;

	do {
		bool again;

		reply |= strip_trailer(&s);
		do {
			again = false;
			while (strip_leader(&s))
				again = reply = true;
			while (strip_blob(&s))
				again = true;
		} while (again); /* (5) */
	} while (unwrap_forward(&s) && (reply = true));
	*ret_reply = reply;
	return mime_fold_arena(s, arena);
}
