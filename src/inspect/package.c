#include "inspect/package.h"

#include "inspect/bytes.h"
#include "inspect/url.h"

#define FORMAT_LINKED 1
#define TEXT_MAX_LENGTH 1024

static struct slice take_text(struct slice *s)
{
	ptrdiff_t end = slice_find(slice_sub(*s, 0, TEXT_MAX_LENGTH), 0);
	struct slice text = slice_sub(*s, 0, end >= 0 ? (size_t)end : 0);
	*s = slice_from(*s, text.n + 1);
	return text;
}

void object_class(struct walk *w, struct slice name)
{
	if (slice_starts_nocase(name, SLICE("Equation")))
		walk_find(w, FOUND_equation_object, name);
	else if (slice_starts_nocase(name, SLICE("Forms.")) || slice_starts_nocase(name, SLICE("Shell.Explorer")) ||
		slice_starts_nocase(name, SLICE("htmlfile")))
		walk_find(w, FOUND_activex, name);
	else
		walk_find(w, FOUND_embedded_object, name);
}

/* u16 type, label, original path, u16, u16, u32 length and temporary path, u32 length and data. */
void package_inspect(struct walk *w, struct slice body)
{
	struct slice s = slice_from(body, 2);
	struct slice label = take_text(&s), path = take_text(&s);
	uint32_t temporary = le32_at(s, 4);
	uint64_t data = 8 + (uint64_t)temporary;
	struct slice name = path.n > 0 ? path : label;
	ptrdiff_t slash = slice_rfind(name, '\\');
	name = slice_from(name, (size_t)(slash + 1));
	walk_find(w, FOUND_embedded_package, name);
	/* What is no package with names is the object itself. */
	struct slice content = has_bytes(s, data, 4) ? cut_bytes(s, data + 4, le32_at(s, data)) : SLICE_NONE;
	if (content.n == 0)
		content = body;
	if (walk_entry(w))
		walk_member(w, INSPECT_PIECE_EMBEDDED, name, content);
}

static struct slice take_counted(struct slice *s)
{
	uint32_t n = le32_at(*s, 0);
	struct slice text = cut_bytes(*s, 4, n);
	*s = slice_from(*s, 4 + (size_t)n);
	while (text.n > 0 && text.p[text.n - 1] == 0)
		text.n--;
	return text;
}

void object_inspect(struct walk *w, struct slice object)
{
	uint32_t format = le32_at(object, 4);
	struct slice s = slice_from(object, 8), name = slice_sub(take_counted(&s), 0, TEXT_MAX_LENGTH), topic = take_counted(&s);
	take_counted(&s);
	object_class(w, name);
	if (format == FORMAT_LINKED || slice_starts_nocase(name, SLICE("OLE2Link")))
		walk_find(w, FOUND_external_object, topic.n > 0 ? topic : name);
	if (url_is_remote(topic) && format != FORMAT_LINKED)
		walk_find(w, FOUND_external_object, topic);
	struct slice data = cut_bytes(s, 4, le32_at(s, 0));
	if (slice_eq_nocase(name, SLICE("Package")))
		package_inspect(w, data);
	else if (data.n > 0 && walk_entry(w))
		walk_member(w, INSPECT_PIECE_EMBEDDED, name, data);
}
