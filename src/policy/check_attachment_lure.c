#include "base/ensure.h"
#include "mime/text.h"
#include "policy/check.h"

check_fn check_attachment_lure;

/* A page that is opened from the disk asks for the password without any host that could be listed. */
static bool is_page(struct slice name)
{
	static const struct slice ends[] = {
		SLICE_INIT(".html"), SLICE_INIT(".htm"), SLICE_INIT(".shtml"), SLICE_INIT(".xhtml"), SLICE_INIT(".svg"), SLICE_INIT(".mht"),
		SLICE_INIT(".hta"), SLICE_INIT(".url"), SLICE_INIT(".lnk"),
	};
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (slice_ends(name, ends[i]))
			return true;
	return false;
}

static bool is_program(struct slice name)
{
	static const struct slice ends[] = {
		SLICE_INIT(".exe"), SLICE_INIT(".scr"), SLICE_INIT(".com"), SLICE_INIT(".pif"), SLICE_INIT(".bat"), SLICE_INIT(".cmd"), SLICE_INIT(".js"),
		SLICE_INIT(".vbs"), SLICE_INIT(".jse"), SLICE_INIT(".wsf"), SLICE_INIT(".ps1"), SLICE_INIT(".jar"), SLICE_INIT(".msi"),
	};
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (slice_ends(name, ends[i]))
			return true;
	return false;
}

/* "invoice.pdf.html", "合同.docx .exe" */
static bool is_doubled(struct slice name)
{
	static const struct slice inner[] = {
		SLICE_INIT(".pdf"), SLICE_INIT(".doc"), SLICE_INIT(".docx"), SLICE_INIT(".xls"), SLICE_INIT(".xlsx"), SLICE_INIT(".ppt"),
		SLICE_INIT(".pptx"), SLICE_INIT(".txt"), SLICE_INIT(".jpg"), SLICE_INIT(".png"), SLICE_INIT(".wav"), SLICE_INIT(".mp3"),
	};
	ptrdiff_t dot = slice_rfind(name, '.');
	if (dot <= 0 || !(is_page(name) || is_program(name)))
		return false;
	struct slice front = slice_trim(slice_sub(name, 0, (size_t)dot));
	for (size_t i = 0; i < ARRAY_LEN(inner); i++)
		if (slice_ends(front, inner[i]))
			return true;
	return false;
}

void check_attachment_lure(const struct check_input *in, struct check_result *r)
{
	for (size_t i = 0; i < in->letter->file_count && r->state == CHECK_CLEAR; i++) {
		struct slice raw = in->letter->files[i], name = mime_fold_arena(raw, in->facts->arena);
		ptrdiff_t dot = slice_rfind(name, '.');
		/* U+202E turns the text behind it: "exe.fdp" is shown as "pdf.exe" and the other way round. */
		if (slice_search(raw, SLICE("\xe2\x80\xae")) >= 0) {
			check_hit(r, REASON_turned_extension);
			r->score *= 2;
		} else if (is_doubled(name)) {
			check_hit(r, REASON_doubled_extension);
			r->score *= 2;
		} else if (is_page(name)) {
			check_hit(r, REASON_page_as_file);
			check_say(r, "type", slice_from(name, (size_t)dot + 1));
		}
	}
}
