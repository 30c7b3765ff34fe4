/* ZIP archives: every member is a thing of its own. */
#include "inspect/name.h"
#include "inspect/zip.h"

#define LINK_MAX 1000
#define MODE_TYPE 0170000
#define MODE_LINK 0120000
#define MODE_FILE 0100000
#define MODE_FOLDER 0040000
#define MODE_SETUID 06000

static void check_mode(struct walk *w, const struct zip_entry *e)
{
	unsigned mode = e->attributes >> 16, type = mode & MODE_TYPE;
	if (!e->unix_made || mode == 0)
		return;
	if (type != 0 && type != MODE_LINK && type != MODE_FILE && type != MODE_FOLDER)
		walk_find(w, FOUND_archive_special, e->name);
	else if (type == MODE_FILE && (mode & MODE_SETUID) != 0)
		walk_find(w, FOUND_archive_special, e->name);
}

static bool is_link(const struct zip_entry *e)
{
	return e->unix_made && (e->attributes >> 16 & MODE_TYPE) == MODE_LINK;
}

static void open_member(struct walk *w, const struct zip *z, const struct zip_entry *e)
{
	struct buf content;
	walk_buf(w, &content);
	if (!zip_unpack(w, z, e, &content))
		walk_sealed_member(w, e->name);
	else if (is_link(e))
		walk_find(w, FOUND_archive_link, slice_sub(buf_slice(&content), 0, LINK_MAX));
	else
		walk_member(w, INSPECT_PIECE_MEMBER, e->name, buf_slice(&content));
	buf_free(&content);
}

static void inspect_entry(struct walk *w, const struct zip *z, const struct zip_entry *e)
{
	check_mode(w, e);
	if (e->other_name.n > 0) {
		walk_findf(w, FOUND_archive_disagrees, "name: %.*s", SLICE_ARG(slice_sub(e->other_name, 0, 100)));
		walk_sealed_member(w, e->other_name);
	}
	if (zip_is_folder(e) && e->size == 0) {
		struct walk_place place = walk_name(w, e->name);
		name_inspect(w, e->name);
		walk_unname(w, place);
		return;
	}
	open_member(w, z, e);
}

void inspect_zip(struct walk *w, struct slice content)
{
	struct zip z;
	bool any = zip_open(content, w->budget->limits.entries_max, &z);
	if (!any && z.no_directory)
		walk_find_str(w, slice_starts(content, SLICE("PK\7\10")) ? FOUND_archive_split : FOUND_archive_damaged, "no members");
	else if (walk_steps(w, content.n))
		zip_tell(w, &z);
	if (z.more)
		walk_find_str(w, FOUND_over_budget, "entries");
	for (size_t i = 0; i < z.count && walk_entry(w); i++)
		inspect_entry(w, &z, &z.entries[i]);
	zip_close(&z);
}
