#include "factor/breached.h"

#include "base/error.h"
#include "crypt/crypt.h"
#include "crypt/digest.h"

#define SHA1_DIGITS 40

struct window {
	uint64_t offset; /* of the first byte */
	size_t n;
	uint8_t p[2 * BREACHED_LINE_MAX];
};

static int load(const struct breached_list *list, uint64_t offset, struct window *ret)
{
	ptrdiff_t n = list->read(list->arg, offset, ret->p, sizeof ret->p);
	if (n < 0)
		return ERR_IO;
	ret->offset = offset;
	ret->n = (size_t)n;
	return 0;
}

/* The first whole line in the window that begins at the offset or behind it; `whole`: the window begins with a line. */
static int first_line(const struct window *w, bool whole, struct slice *ret_line, uint64_t *ret_offset)
{
	struct slice rest = slice_make(w->p, w->n);
	size_t at = 0;
	if (!whole) {
		ptrdiff_t end = slice_find(rest, '\n');
		if (end < 0)
			return rest.n < sizeof w->p ? ERR_NOT_FOUND : ERR_DAMAGED;
		at = (size_t)end + 1;
		rest = slice_from(rest, at);
	}
	if (rest.n == 0)
		return ERR_NOT_FOUND;
	ptrdiff_t end = slice_find(rest, '\n');
	if (end < 0 && w->n == sizeof w->p)
		return ERR_DAMAGED;
	*ret_line = slice_sub(rest, 0, end < 0 ? rest.n : (size_t)end);
	*ret_offset = w->offset + at;
	return 0;
}

static bool is_hex(uint8_t c)
{
	c = ascii_lower(c);
	return ascii_is_digit(c) || (c >= 'a' && c <= 'f');
}

/* <0, 0, >0 as the wanted hash sorts before, at or behind the line's; *ret_ok false: no line of such a list. */
static int compare(const char wanted[SHA1_DIGITS], struct slice line, bool *ret_ok)
{
	size_t n = 0;
	while (n < line.n && n < SHA1_DIGITS && is_hex(line.p[n]))
		n++;
	*ret_ok = n >= BREACHED_DIGITS_MIN && (n == line.n || line.p[n] == ':' || line.p[n] == '\r');
	for (size_t i = 0; i < n; i++) {
		int d = (int)(uint8_t)wanted[i] - ascii_upper(line.p[i]);
		if (d != 0)
			return d;
	}
	return 0;
}

static void hash_text(struct slice password, char ret[SHA1_DIGITS])
{
	static const char digits[] = "0123456789ABCDEF";
	uint8_t hash[DIGEST_MAX];
	digest_compute(DIGEST_SHA1, password, hash);
	for (size_t i = 0; i < SHA1_DIGITS / 2; i++) {
		ret[2 * i] = digits[hash[i] >> 4];
		ret[2 * i + 1] = digits[hash[i] & 15];
	}
	secret_wipe(hash, sizeof hash);
}

/* Lines that begin in [low, high) are left; high shrinks to the middle, low goes behind the line that was read. */
static int bisect(const struct breached_list *list, const char wanted[SHA1_DIGITS])
{
	uint64_t low = 0, high = list->size;
	struct window w;
	for (unsigned reads = 0; low < high; reads++) {
		uint64_t middle = low + (high - low) / 2, start = 0;
		struct slice line;
		bool ok = true;
		if (reads >= BREACHED_READS_MAX)
			return ERR_DAMAGED;
		/* One byte earlier, so that a line that begins exactly in the middle counts. */
		int rc = load(list, middle == 0 ? 0 : middle - 1, &w);
		if (rc == 0)
			rc = first_line(&w, middle == 0, &line, &start);
		if (rc == ERR_NOT_FOUND || (rc == 0 && start >= high)) {
			high = middle;
			continue;
		}
		if (rc != 0)
			return rc;
		int order = compare(wanted, line, &ok);
		if (!ok)
			return ERR_DAMAGED;
		if (order == 0)
			return 1;
		if (order < 0)
			high = middle;
		else
			low = start + line.n + 1;
	}
	return 0;
}

int breached_find(const struct breached_list *list, struct slice password)
{
	char wanted[SHA1_DIGITS];
	hash_text(password, wanted);
	int rc = bisect(list, wanted);
	secret_wipe(wanted, sizeof wanted);
	return rc;
}
