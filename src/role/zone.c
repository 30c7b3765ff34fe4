#include "role/zone.h"

#define NAME_MAX_LENGTH 255

struct zone {
	struct buf origin, owner, line;
};

/* Up to a ';' that does not stand in quotes. */
static struct slice without_comment(struct slice line)
{
	bool quoted = false;
	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] == '\\')
			i++;
		else if (line.p[i] == '"')
			quoted = !quoted;
		else if (line.p[i] == ';' && !quoted)
			return slice_sub(line, 0, i);
	}
	return line;
}

static struct slice first_word(struct slice *rest)
{
	size_t n = 0;
	while (n < rest->n && !ascii_is_wsp(rest->p[n]))
		n++;
	struct slice word = slice_sub(*rest, 0, n);
	*rest = slice_trim(slice_from(*rest, n));
	return word;
}

static void set_name(struct buf *name, struct slice word, const struct buf *origin)
{
	struct buf made = BUF_INIT(NAME_MAX_LENGTH);
	for (size_t i = 0; i < word.n && !slice_eq(word, SLICE("@")); i++)
		buf_append_byte(&made, ascii_lower(word.p[i]));
	if (slice_eq(word, SLICE("@"))) {
		buf_append(&made, buf_slice(origin));
	} else if (!slice_ends(word, SLICE("."))) {
		buf_append_byte(&made, '.');
		if (!slice_eq(buf_slice(origin), SLICE(".")))
			buf_append(&made, buf_slice(origin));
	}
	buf_free(name);
	*name = made;
}

static int parse_line(struct zone *z, struct slice line, zone_record_fn *record, void *arg, struct error *err)
{
	bool indented = line.n > 0 && ascii_is_wsp(line.p[0]);
	struct slice rest = slice_trim(without_comment(line));
	if (rest.n == 0)
		return 0;
	if (!indented) {
		struct slice word = first_word(&rest);
		if (slice_eq_nocase(word, SLICE("$ORIGIN"))) {
			set_name(&z->origin, rest, &z->origin);
			return 0;
		}
		if (slice_eq_nocase(word, SLICE("$TTL")))
			return 0;
		set_name(&z->owner, word, &z->origin);
	}
	if (buf_len(&z->owner) == 0 || z->owner.failed || rest.n == 0)
		return error_set(err, ERR_INVALID, "no record");
	buf_clear(&z->line);
	buf_append(&z->line, buf_slice(&z->owner));
	buf_append_byte(&z->line, ' ');
	buf_append(&z->line, rest);
	if (z->line.failed)
		return error_set(err, ERR_LIMIT, "too long");
	return record(arg, buf_slice(&z->owner), buf_slice(&z->line), err);
}

int zone_parse(struct slice text, zone_record_fn *record, void *arg, struct error *err)
{
	struct zone z = {.origin = BUF_INIT(NAME_MAX_LENGTH), .owner = BUF_INIT(NAME_MAX_LENGTH), .line = BUF_INIT(ZONE_LINE_MAX)};
	struct slice line;
	unsigned number = 0;
	int r = 0;
	buf_append_str(&z.origin, ".");
	while (r == 0 && slice_split(&text, '\n', &line)) {
		struct error why = {0};
		number++;
		if (slice_ends(line, SLICE("\r")))
			line.n--;
		r = parse_line(&z, line, record, arg, &why);
		if (r != 0)
			error_set(err, (enum error_code)r, "dns.zone line %u: %s", number, why.private_text);
	}
	buf_free(&z.origin);
	buf_free(&z.owner);
	buf_free(&z.line);
	return r;
}
