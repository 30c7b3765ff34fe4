/* tar (POSIX.1-1988 ustar, pax, GNU). */
#include "base/buf.h"
#include "inspect/bytes.h"
#include "inspect/name.h"
#include "inspect/walk.h"

#define BLOCK 512

struct member {
	struct slice name;
	struct buf long_name;  /* of a GNU or pax header in front */
	struct slice content, link;
	uint8_t type;
	uint32_t mode;
};

static uint64_t octal(struct slice s)
{
	uint64_t value = 0;
	if (s.n > 0 && (s.p[0] & 0x80) != 0) {
		/* GNU: big-endian bytes. */
		for (size_t i = s.n - 8; i < s.n; i++)
			value = value << 8 | s.p[i];
		return value;
	}
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= '0' && s.p[i] <= '7')
			value = value << 3 | (uint64_t)(s.p[i] - '0');
		else if (s.p[i] != ' ' || value > 0)
			break;
	return value;
}

static struct slice until_nul(struct slice s)
{
	ptrdiff_t end = slice_find(s, 0);
	return end >= 0 ? slice_sub(s, 0, (size_t)end) : s;
}

/* "30 path=…\n" (POSIX.1-2001 pax 3). */
static void take_pax(struct slice body, struct buf *name)
{
	struct slice line;
	while (slice_split(&body, '\n', &line)) {
		ptrdiff_t space = slice_find(line, ' ');
		struct slice field = slice_from(line, (size_t)(space + 1));
		if (slice_starts(field, SLICE("path="))) {
			buf_clear(name);
			buf_append(name, slice_sub(slice_from(field, 5), 0, INSPECT_NAME_MAX));
		}
	}
}

static void inspect_member(struct walk *w, const struct member *m)
{
	if (m->type == '1' || m->type == '2') {
		walk_find(w, FOUND_archive_link, m->link);
		walk_sealed_member(w, m->name);
	} else if (m->type == '3' || m->type == '4' || m->type == '6')
		walk_find(w, FOUND_archive_special, m->name);
	else if (m->type != '5')
		walk_member(w, INSPECT_PIECE_MEMBER, m->name, m->content);
	if ((m->type == '0' || m->type == 0) && (m->mode & 06000) != 0)
		walk_find(w, FOUND_archive_special, m->name);
}

/* False: no header here. */
static bool take_header(struct slice s, uint64_t at, struct buf *path, struct member *m)
{
	struct slice h = cut_bytes(s, at, BLOCK);
	if (h.n < BLOCK || h.p[0] == 0)
		return false;
	m->type = h.p[156];
	m->mode = (uint32_t)octal(cut_bytes(h, 100, 8));
	m->link = until_nul(cut_bytes(h, 157, 100));
	buf_clear(path);
	struct slice prefix = bytes_are(h, 257, SLICE("ustar\0")) ? until_nul(cut_bytes(h, 345, 155)) : SLICE_NONE;
	buf_append(path, prefix);
	if (prefix.n > 0)
		buf_append_byte(path, '/');
	buf_append(path, until_nul(cut_bytes(h, 0, 100)));
	m->name = buf_len(&m->long_name) > 0 ? buf_slice(&m->long_name) : buf_slice(path);
	return true;
}

static void take_member(struct walk *w, struct member *m)
{
	if (m->type == 'L' || m->type == 'x') {
		buf_clear(&m->long_name);
		if (m->type == 'x')
			take_pax(slice_sub(m->content, 0, 65536), &m->long_name);
		else
			buf_append(&m->long_name, slice_sub(until_nul(m->content), 0, INSPECT_NAME_MAX));
		return;
	}
	if (m->type != 'g' && m->type != 'K')
		inspect_member(w, m);
	if (m->type != 'K')
		buf_clear(&m->long_name);
}

void inspect_tar(struct walk *w, struct slice content)
{
	struct buf path = BUF_INIT(2 * BLOCK);
	struct member m = {.long_name = BUF_INIT(INSPECT_NAME_MAX)};
	uint64_t at = 0;
	while (take_header(content, at, &path, &m) && walk_entry(w)) {
		uint64_t size = octal(cut_bytes(content, at + 124, 12));
		if (!has_bytes(content, at + BLOCK, size))
			walk_findf(w, FOUND_archive_damaged, "ends early: %.*s", SLICE_ARG(slice_sub(m.name, 0, 100)));
		m.content = cut_bytes(content, at + BLOCK, size);
		take_member(w, &m);
		if (size > content.n)
			break;
		at += BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK;
	}
	/* Zeros end it; anything else behind them is no part of it. */
	if (at < content.n && byte_at(content, at) == 0 && slice_search(slice_from(content, at), SLICE("ustar")) >= 0)
		walk_find_str(w, FOUND_archive_appended, "a second archive");
	buf_free(&path);
	buf_free(&m.long_name);
}
