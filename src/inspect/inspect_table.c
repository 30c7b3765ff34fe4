/* Tables as text: cells that a spreadsheet takes for formulas that start programs or fetch. */
#include "base/ensure.h"
#include "inspect/text.h"
#include "inspect/walk.h"

#define CELL_LOOK 400

/* A cell begins a line or stands behind a separator; quotes and blanks in front of it do not matter. */
static bool begins_formula(struct slice s, size_t at)
{
	while (at > 0 && (s.p[at - 1] == '"' || s.p[at - 1] == ' ' || s.p[at - 1] == '\''))
		at--;
	return at == 0 || s.p[at - 1] == '\n' || s.p[at - 1] == '\r' || s.p[at - 1] == ',' || s.p[at - 1] == ';' || s.p[at - 1] == '\t';
}

static void check_cell(struct walk *w, struct slice cell)
{
	static const struct text_word calls[] = {{"webservice(", false, 0}, {"importxml(", false, 0}, {"importdata(", false, 0},
		{"rtd(", false, 0}};
	ptrdiff_t bar = slice_search(cell, SLICE("|")), quote = slice_search(cell, SLICE("!"));
	/* "=cmd|' /C calc'!A0": service, topic, item. */
	if (bar > 1 && quote > bar && ascii_is_alpha(cell.p[bar - 1]))
		walk_find(w, FOUND_dde, cell);
	else if (text_words(cell, calls, ARRAY_LEN(calls)) != 0)
		walk_find(w, FOUND_external_data, cell);
}

void inspect_table(struct walk *w, struct slice content)
{
	struct buf room;
	walk_buf(w, &room);
	struct slice s = text_plain(content, &room);
	bool go = walk_steps(w, s.n);
	for (size_t i = 0; go && i < s.n; i++)
		if ((s.p[i] == '=' || s.p[i] == '+' || s.p[i] == '-' || s.p[i] == '@') && begins_formula(s, i)) {
			struct slice cell = slice_sub(s, i, i + CELL_LOOK);
			ptrdiff_t end = slice_find(cell, '\n');
			go = walk_steps(w, 4 * WALK_FOLLOW);
			check_cell(w, end >= 0 ? slice_sub(cell, 0, (size_t)end) : cell);
		}
	buf_free(&room);
}
