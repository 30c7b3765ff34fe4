#include "base/ensure.h"
#include "trust/spf_private.h"

#define NAME_TEXT_MAX 253
#define PARTS_MAX 128 /* labels of the longest name; a local part may have more, then the last ones count */
#define EXPANDED_MAX 8192

/* One "%{…}", taken apart. */
struct macro {
	uint8_t letter; /* lower case */
	bool escape, reverse;
	uint32_t keep;  /* parts at the right; 0: all */
	struct slice delimiters;
};

static bool is_delimiter(uint8_t c)
{
	return slice_find(SLICE(".-+,/_="), c) >= 0;
}

/* *s starts behind "%{"; moves behind "}". */
static bool take_macro(struct slice *s, struct macro *m)
{
	size_t i = 1, digits;
	*m = (struct macro){0};
	if (s->n == 0 || slice_find(SLICE("slodiphcrtv"), ascii_lower(s->p[0])) < 0)
		return false;
	m->letter = ascii_lower(s->p[0]);
	m->escape = s->p[0] != m->letter;
	while (i < s->n && ascii_is_digit(s->p[i]))
		i++;
	digits = i - 1;
	if (digits > 0 && slice_to_u32(slice_sub(*s, 1, i), &m->keep) < 0)
		m->keep = UINT32_MAX;
	if (digits > 0 && m->keep == 0)
		return false;
	if (i < s->n && ascii_lower(s->p[i]) == 'r') {
		m->reverse = true;
		i++;
	}
	size_t start = i;
	while (i < s->n && is_delimiter(s->p[i]))
		i++;
	m->delimiters = slice_sub(*s, start, i);
	if (i >= s->n || s->p[i] != '}')
		return false;
	*s = slice_from(*s, i + 1);
	return true;
}

static bool is_explanation_only(uint8_t letter)
{
	return letter == 'c' || letter == 'r' || letter == 't';
}

bool spf_macro_valid(struct slice text, bool explanation)
{
	struct macro m;
	while (text.n > 0) {
		uint8_t c = text.p[0];
		text = slice_from(text, 1);
		if (c != '%') {
			if (c > 0x7e || c < (explanation ? 0x20 : 0x21))
				return false;
			continue;
		}
		if (text.n == 0 || slice_find(SLICE("%_-{"), text.p[0]) < 0)
			return false;
		c = text.p[0];
		text = slice_from(text, 1);
		if (c == '{' && (!take_macro(&text, &m) || (!explanation && is_explanation_only(m.letter))))
			return false;
	}
	return true;
}

/* ---- values ---- */

static void append_dotted_ip(const struct trust_ip *ip, struct buf *out)
{
	if (!ip->v6) {
		trust_ip_append(ip, out);
		return;
	}
	for (unsigned i = 0; i < 16; i++)
		buf_printf(out, "%s%X.%X", i > 0 ? "." : "", ip->bytes[i] >> 4, ip->bytes[i] & 15);
}

/* Appends the value of a macro; %{p} is the caller's. */
static void append_value(const struct spf_macros *m, uint8_t letter, struct buf *out)
{
	switch (letter) {
	case 's':
		buf_append(out, m->local);
		buf_append_byte(out, '@');
		buf_append(out, m->sender_domain);
		break;
	case 'l': buf_append(out, m->local); break;
	case 'o': buf_append(out, m->sender_domain); break;
	case 'd': buf_append(out, m->domain); break;
	case 'i': append_dotted_ip(m->client, out); break;
	case 'h': buf_append(out, m->helo); break;
	case 'c': trust_ip_append(m->client, out); break;
	case 'r': buf_append(out, m->host.n > 0 ? m->host : SLICE("unknown")); break;
	case 't': buf_append_u64(out, m->now_s > 0 ? (uint64_t)m->now_s : 0); break;
	case 'v': buf_append_str(out, m->client->v6 ? "ip6" : "in-addr"); break;
	default: UNREACHABLE();
	}
}

/* ---- transforming ---- */

/* RFC 7208 7.3: what is not unreserved in RFC 3986 2.3 becomes %XX. */
static void append_part(struct slice part, bool escape, struct buf *out)
{
	for (size_t i = 0; i < part.n; i++) {
		uint8_t c = part.p[i];
		if (!escape || ascii_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~')
			buf_append_byte(out, c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

static size_t split(struct slice value, struct slice delimiters, struct slice parts[PARTS_MAX])
{
	size_t count = 0, start = 0;
	for (size_t i = 0; i <= value.n; i++) {
		if (i < value.n && slice_find(delimiters, value.p[i]) < 0)
			continue;
		if (count == PARTS_MAX)
			for (count = 0; count + 1 < PARTS_MAX; count++)
				parts[count] = parts[count + 1];
		parts[count++] = slice_sub(value, start, i);
		start = i + 1;
	}
	return count;
}

static void append_transformed(const struct macro *m, struct slice value, struct buf *out)
{
	struct slice parts[PARTS_MAX];
	if (!m->reverse && m->keep == 0 && m->delimiters.n == 0) {
		append_part(value, m->escape, out);
		return;
	}
	size_t count = split(value, m->delimiters.n > 0 ? m->delimiters : SLICE("."), parts);
	size_t keep = m->keep == 0 || m->keep > count ? count : m->keep;
	for (size_t i = count - keep; i < count; i++) {
		/* Reversed, the last parts that stay are the first ones of the value. */
		append_part(parts[m->reverse ? count - 1 - i : i], m->escape, out);
		if (i + 1 < count)
			buf_append_byte(out, '.');
	}
}

static enum spf_expansion append_macro(const struct spf_macros *m, const struct macro *macro, struct buf *out)
{
	struct buf value = BUF_INIT(EXPANDED_MAX);
	struct slice name = SLICE_NONE;
	if ((macro->letter == 's' || macro->letter == 'l') && m->local_is_utf8)
		return SPF_NEVER_MATCHES;
	if (macro->letter == 'p' && !m->ptr(m->arg, &name))
		return SPF_EXPANDS_LATER;
	if (macro->letter == 'p')
		buf_append(&value, name);
	else
		append_value(m, macro->letter, &value);
	append_transformed(macro, buf_slice(&value), out);
	buf_free(&value);
	return SPF_EXPANDED;
}

static struct slice cut_name(struct slice name)
{
	if (slice_ends(name, SLICE(".")))
		name.n--;
	while (name.n > NAME_TEXT_MAX) {
		ptrdiff_t dot = slice_find(name, '.');
		if (dot < 0)
			break;
		name = slice_from(name, (size_t)dot + 1);
	}
	return name;
}

enum spf_expansion spf_macro_expand(const struct spf_macros *m, struct slice text, bool explanation, struct arena *arena, struct slice *ret)
{
	struct buf out = BUF_INIT(explanation ? SPF_EXPLANATION_MAX : EXPANDED_MAX);
	enum spf_expansion done = SPF_EXPANDED;
	struct macro macro;
	while (text.n > 0 && done == SPF_EXPANDED && !out.failed) {
		uint8_t c = text.p[0];
		text = slice_from(text, 1);
		if (c != '%') {
			buf_append_byte(&out, c);
			continue;
		}
		c = text.p[0];
		text = slice_from(text, 1);
		if (c == '{') {
			ENSURE(take_macro(&text, &macro));
			done = append_macro(m, &macro, &out);
		} else {
			buf_append_str(&out, c == '%' ? "%" : c == '_' ? " " : "%20");
		}
	}
	*ret = arena_dup(arena, explanation ? buf_slice(&out) : cut_name(buf_slice(&out)));
	buf_free(&out);
	return done;
}
