/*
 * Shortcuts and settings that are text: .url, .website, .scf, .desktop, .webloc, .library-ms, .settingcontent-ms, .theme,
 * .inf, .iqy, .slk.
 */
#include "base/ensure.h"
#include "inspect/command.h"
#include "inspect/name.h"
#include "inspect/tag.h"
#include "inspect/text.h"
#include "inspect/url.h"

/* Keys whose value is followed or shown as a picture, so that it is fetched. */
static const struct slice keys[] = {SLICE_INIT("URL"), SLICE_INIT("BASEURL"), SLICE_INIT("IconFile"), SLICE_INIT("WorkingDirectory"),
	SLICE_INIT("Exec"),
	SLICE_INIT("TryExec"), SLICE_INIT("Icon"), SLICE_INIT("Command"), SLICE_INIT("Wallpaper"), SLICE_INIT("BrandImage"), SLICE_INIT("Path"),
	SLICE_INIT("SCRNSAVE.EXE"), SLICE_INIT("open"), SLICE_INIT("shellexecute"), SLICE_INIT("DLLRegister")};

static void check_target(struct walk *w, struct slice key, struct slice value)
{
	bool page = slice_starts_nocase(value, SLICE("http:")) || slice_starts_nocase(value, SLICE("https:"));
	bool icon = slice_starts_nocase(key, SLICE("icon")) || slice_starts_nocase(key, SLICE("wall")) || slice_starts_nocase(key, SLICE("brand"));
	if (url_is_unc(value))
		walk_find(w, FOUND_shortcut_remote, value);
	else if (page)
		walk_find(w, icon ? FOUND_external_image : FOUND_shortcut_page, value);
	else if (value.n > 0 && !icon)
		walk_find(w, FOUND_shortcut, value);
	if (!page)
		command_inspect(w, FOUND_shortcut_command, value);
}

static void inspect_lines(struct walk *w, struct slice text)
{
	struct slice line;
	while (slice_split(&text, '\n', &line) && walk_steps(w, WALK_FOLLOW / 4 + line.n)) {
		ptrdiff_t equals = slice_find(line, '=');
		struct slice key = equals > 0 ? slice_trim(slice_sub(line, 0, (size_t)equals)) : SLICE_NONE;
		for (size_t i = 0; i < ARRAY_LEN(keys); i++)
			if (slice_eq_nocase(key, keys[i]))
				check_target(w, key, slice_trim(slice_from(line, (size_t)equals + 1)));
	}
}

/* Any address between tags. */
static void inspect_elements(struct walk *w, struct slice text)
{
	struct tag_reader r = {.rest = text};
	struct tag t;
	struct buf room = BUF_INIT(TAG_VALUE_MAX);
	while (tag_next(&r, &t) && walk_steps(w, WALK_FOLLOW)) {
		struct slice value = tag_value(slice_trim(r.before), &room);
		bool deep = t.closing && (tag_is(&t, SLICE("DeepLink")) || tag_is(&t, SLICE("url")) || tag_is(&t, SLICE("string")));
		if (t.closing && (deep || url_is_remote(value)))
			check_target(w, t.name, value);
	}
	buf_free(&room);
}

void inspect_shortcut_text(struct walk *w, struct slice content)
{
	struct buf room;
	walk_buf(w, &room);
	struct slice text = text_plain(content, &room);
	if (slice_starts(slice_trim(text), SLICE("<")))
		inspect_elements(w, text);
	else
		inspect_lines(w, text);
	if (w->report->counts[FOUND_shortcut] + w->report->counts[FOUND_shortcut_page] + w->report->counts[FOUND_shortcut_remote] == 0)
		walk_find_str(w, FOUND_shortcut, inspect_type_name(walk_level(w)->type));
	buf_free(&room);
}

void inspect_settings(struct walk *w, struct slice content)
{
	struct buf room;
	walk_buf(w, &room);
	struct slice text = text_plain(content, &room), path = buf_slice(&w->path);
	if (slice_ends_nocase(path, SLICE("autorun.inf")))
		walk_find(w, FOUND_autorun, slice_sub(text, 0, INSPECT_DETAIL_MAX));
	inspect_lines(w, text);
	if (walk_level(w)->type == FILE_web_query) {
		static const struct text_word loads[] = {{"http:", false, 0}, {"https:", false, 0}, {"\\\\", false, 0}};
		/* SYLK: "EEXEC(", "=cmd|'" and names that run at opening. */
		static const struct text_word sylk[] = {{"eexec(", false, 0}, {"|'", false, 0}, {"auto_open", false, 0}, {"nn;n", false, 0}};
		if (text_words(text, loads, ARRAY_LEN(loads)) != 0)
			walk_find(w, FOUND_external_data, slice_sub(slice_trim(text), 0, INSPECT_DETAIL_MAX));
		if (text_words(text, sylk, 3) != 0)
			walk_find_str(w, FOUND_xlm_macros, "SYLK");
	}
	command_inspect(w, FOUND_shortcut_command, slice_sub(text, 0, 65536));
	buf_free(&room);
}
