/* Windows shortcuts (MS-SHLLINK): target and arguments. */
#include <string.h>

#include "base/utf8.h"
#include "inspect/bytes.h"
#include "inspect/command.h"
#include "inspect/text.h"
#include "inspect/url.h"
#include "inspect/walk.h"

#define HEADER_SIZE 0x4c
#define HAS_ID_LIST 1u
#define HAS_INFO 2u
#define FIRST_STRING 2 /* HasName, HasRelativePath, HasWorkingDir, HasArguments, HasIconLocation are bits 2 to 6 */
#define STRINGS 5
#define IS_UNICODE 0x80u
#define STRING_MAX 8192
#define ENVIRONMENT_BLOCK 0xa0000001u
#define ICON_BLOCK 0xa0000007u

enum string { NAME, RELATIVE, FOLDER, ARGUMENTS, ICON };

struct lnk {
	struct slice content;
	uint64_t at;
	uint32_t flags;
	struct buf strings[STRINGS];
	struct buf local, network, environment;
};

static void append_bytes(struct slice s, struct buf *out)
{
	ptrdiff_t end = slice_find(s, 0);
	utf8_append_clean(out, slice_sub(s, 0, end >= 0 ? (size_t)end : s.n < STRING_MAX / 3 ? s.n : STRING_MAX / 3));
}

/* 2.3: where the target lies. */
static void read_info(struct lnk *l)
{
	struct slice s = l->content, info = cut_bytes(s, l->at, le32_at(s, l->at));
	uint32_t flags = le32_at(info, 8);
	if ((flags & 1) != 0)
		append_bytes(cut_bytes(info, le32_at(info, 16), STRING_MAX / 4), &l->local);
	struct slice network = slice_from(info, le32_at(info, 20));
	if ((flags & 2) != 0 && le32_at(network, 8) >= 0x14)
		append_bytes(cut_bytes(network, le32_at(network, 8), STRING_MAX / 4), &l->network);
	l->at += info.n > 4 ? info.n : 4;
}

static void read_string(struct lnk *l, struct buf *out)
{
	struct slice s = l->content;
	bool wide = (l->flags & IS_UNICODE) != 0;
	uint64_t n = (uint64_t)le16_at(s, l->at) * (wide ? 2 : 1);
	struct slice text = cut_bytes(s, l->at + 2, n);
	if (wide)
		text_from_utf16(text, false, out);
	else
		append_bytes(text, out);
	l->at += 2 + n;
}

/* 2.5: an environment variable as target overrides the rest. */
static void read_extra(struct walk *w, struct lnk *l)
{
	struct slice s = l->content;
	for (unsigned i = 0; i < 64; i++) {
		uint32_t size = le32_at(s, l->at), signature = le32_at(s, l->at + 4);
		if (size < 8 || !has_bytes(s, l->at, size))
			break;
		if (signature == ENVIRONMENT_BLOCK)
			text_from_utf16(cut_bytes(s, l->at + 268, 520), false, &l->environment);
		if (signature == ICON_BLOCK && buf_len(&l->strings[ICON]) == 0)
			text_from_utf16(cut_bytes(s, l->at + 268, 520), false, &l->strings[ICON]);
		l->at += size;
	}
	l->at += le32_at(s, l->at) < 8 ? 4 : 0;
	if (l->at + 16 < s.n)
		walk_findf(w, FOUND_archive_appended, "%llu bytes", (unsigned long long)(s.n - l->at));
}

static void check_remote(struct walk *w, struct slice path)
{
	if (url_is_unc(path) || slice_starts_nocase(path, SLICE("http")))
		walk_find(w, FOUND_shortcut_remote, path);
}

static struct slice target_of(const struct lnk *l)
{
	const struct buf *rows[] = {&l->environment, &l->local, &l->network, &l->strings[RELATIVE], &l->strings[NAME]};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (buf_len(rows[i]) > 0)
			return buf_slice(rows[i]);
	return SLICE_NONE;
}

static void tell(struct walk *w, const struct lnk *l, struct slice ids)
{
	struct buf line = BUF_INIT(2 * STRING_MAX);
	struct slice target = target_of(l), arguments = buf_slice(&l->strings[ARGUMENTS]);
	buf_append(&line, target);
	buf_append_str(&line, arguments.n > 0 ? " " : "");
	/* Blanks in front push the rest of the arguments out of the window that shows them. */
	buf_append(&line, slice_trim(arguments));
	walk_find(w, FOUND_shortcut, buf_slice(&line));
	if (arguments.n > 260)
		walk_findf(w, FOUND_document_obfuscated, "%zu bytes of arguments", arguments.n);
	command_inspect(w, FOUND_shortcut_command, buf_slice(&line));
	check_remote(w, target);
	check_remote(w, buf_slice(&l->network));
	check_remote(w, buf_slice(&l->strings[ICON]));
	check_remote(w, buf_slice(&l->strings[FOLDER]));
	/* The list of identifiers may name the program alone: plain and in UTF-16. */
	struct buf plain = BUF_INIT(STRING_MAX);
	for (size_t i = 0; i < ids.n && i < STRING_MAX; i++)
		if (ids.p[i] != 0)
			buf_append_byte(&plain, ids.p[i]);
	command_inspect(w, FOUND_shortcut_command, buf_slice(&plain));
	if (buf_len(&line) > 0)
		walk_code(w, SLICE("command"), FILE_batch, buf_slice(&line));
	buf_free(&plain);
	buf_free(&line);
}

void inspect_lnk(struct walk *w, struct slice content)
{
	struct lnk l = {.content = content, .flags = le32_at(content, 20), .at = HEADER_SIZE, .local = BUF_INIT(STRING_MAX),
		.network = BUF_INIT(STRING_MAX), .environment = BUF_INIT(STRING_MAX)};
	struct slice ids = SLICE_NONE;
	for (unsigned i = 0; i < STRINGS; i++)
		l.strings[i] = BUF_INIT(STRING_MAX);
	if ((l.flags & HAS_ID_LIST) != 0) {
		ids = cut_bytes(content, l.at + 2, le16_at(content, l.at));
		l.at += 2 + (uint64_t)le16_at(content, l.at);
	}
	if ((l.flags & HAS_INFO) != 0)
		read_info(&l);
	for (unsigned i = 0; i < STRINGS; i++)
		if ((l.flags >> (FIRST_STRING + i) & 1) != 0)
			read_string(&l, &l.strings[i]);
	read_extra(w, &l);
	tell(w, &l, ids);
	for (unsigned i = 0; i < STRINGS; i++)
		buf_free(&l.strings[i]);
	buf_free(&l.local);
	buf_free(&l.network);
	buf_free(&l.environment);
}
