#include "smtp/path.h"

#include <arpa/inet.h>
#include <string.h>
#include "base/error.h"
#include "base/utf8.h"

/* RFC 5322 3.2.3 atext, RFC 6531 3.3 with UTF-8. */
static bool atext(uint8_t c)
{
	return ascii_is_alnum(c) || c >= 0x80 || (c > ' ' && c < 0x7f && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* Length of the quoted string at the front with both quotes, 0: none or damaged. RFC 5321 4.1.2 QcontentSMTP. */
static size_t quoted_length(struct slice s)
{
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '"')
			return i + 1;
		if (s.p[i] == '\\')
			i++;
		if (i >= s.n || s.p[i] < ' ' || s.p[i] == 0x7f)
			return 0;
	}
	return 0;
}

/* Length of the dot-string at the front, 0: none or damaged. */
static size_t dotted_length(struct slice s)
{
	size_t i = 0;
	bool dot = true; /* a dot may not stand here */
	for (; i < s.n && (atext(s.p[i]) || s.p[i] == '.'); i++) {
		if (s.p[i] == '.' && dot)
			return 0;
		dot = s.p[i] == '.';
	}
	return dot ? 0 : i;
}

static bool label_valid(struct slice label, bool utf8)
{
	/* A U-label is measured as its A-label, which is not known here: no character becomes shorter than a quarter. */
	size_t max = slice_is_ascii(label) ? SMTP_LABEL_MAX : SMTP_LABEL_MAX * 4;
	if (label.n == 0 || label.n > max || label.p[0] == '-' || label.p[label.n - 1] == '-')
		return false;
	for (size_t i = 0; i < label.n; i++) {
		uint8_t c = label.p[i];
		/* '_' is no letter of host names, yet domains with it receive mail. */
		if (!ascii_is_alnum(c) && c != '-' && c != '_' && !(utf8 && c >= 0x80))
			return false;
	}
	return true;
}

bool smtp_domain_valid(struct slice domain, bool utf8)
{
	if (domain.n == 0 || domain.n > SMTP_DOMAIN_MAX || domain.p[domain.n - 1] == '.')
		return false;
	if (utf8 && !utf8_valid(domain))
		return false;
	struct slice label;
	while (slice_split(&domain, '.', &label)) {
		if (!label_valid(label, utf8))
			return false;
	}
	return true;
}

static bool address_valid(struct slice text, int family, size_t max)
{
	char copy[INET6_ADDRSTRLEN];
	uint8_t binary[16];
	if (text.n == 0 || text.n >= sizeof copy || text.n > max || memchr(text.p, '\0', text.n) != NULL)
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	return inet_pton(family, copy, binary) == 1;
}

bool smtp_ipv4_valid(struct slice text)
{
	return address_valid(text, AF_INET, 15);
}

bool smtp_ipv6_valid(struct slice text)
{
	return address_valid(text, AF_INET6, INET6_ADDRSTRLEN - 1);
}

bool smtp_literal_valid(struct slice literal, struct slice *ret_address)
{
	if (literal.n < 3 || literal.p[0] != '[' || literal.p[literal.n - 1] != ']')
		return false;
	struct slice inner = slice_sub(literal, 1, literal.n - 1);
	if (slice_starts_nocase(inner, SLICE("IPv6:"))) {
		*ret_address = slice_from(inner, 5);
		return smtp_ipv6_valid(*ret_address);
	}
	*ret_address = inner;
	return smtp_ipv4_valid(inner);
}

bool smtp_helo_valid(struct slice name)
{
	if (name.n == 0 || name.n > SMTP_DOMAIN_MAX)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] <= ' ' || name.p[i] >= 0x7f || name.p[i] == '<' || name.p[i] == '>')
			return false;
	}
	return true;
}

/* Where the domain at the front ends: before '>', ',', ':', space, or after ']'. */
static size_t domain_length(struct slice s)
{
	if (s.n > 0 && s.p[0] == '[') {
		ptrdiff_t end = slice_find(s, ']');
		return end < 0 ? 0 : (size_t)end + 1;
	}
	size_t i = 0;
	while (i < s.n && s.p[i] > ' ' && s.p[i] != '>' && s.p[i] != ',' && s.p[i] != ':')
		i++;
	return i;
}

static int domain_check(struct smtp_path *path, unsigned flags)
{
	struct slice ignored;
	path->literal = path->domain.n > 0 && path->domain.p[0] == '[';
	if (path->domain.n > SMTP_DOMAIN_MAX)
		return ERR_LIMIT;
	if (path->literal)
		return smtp_literal_valid(path->domain, &ignored) ? 0 : ERR_INVALID;
	return smtp_domain_valid(path->domain, true) ? 0 : ERR_INVALID;
}

/* Counts what the local part means, not how it is written. */
static size_t local_size(const struct smtp_path *path)
{
	if (!path->quoted)
		return path->local.n;
	size_t n = 0;
	for (size_t i = 1; i + 1 < path->local.n; i++, n++)
		i += path->local.p[i] == '\\';
	return n;
}

static int path_check(struct smtp_path *path, unsigned flags)
{
	path->utf8 = !slice_is_ascii(path->address);
	if (local_size(path) > SMTP_LOCAL_MAX)
		return ERR_LIMIT;
	if (!path->utf8)
		return domain_check(path, flags);
	if ((flags & SMTP_PATH_UTF8) == 0)
		return ERR_UNSUPPORTED;
	return utf8_valid(path->address) ? domain_check(path, flags) : ERR_INVALID;
}

/* local-part "@" domain at the front of *s. */
static int mailbox_take(struct slice *s, unsigned flags, struct smtp_path *ret)
{
	struct slice start = *s;
	ret->quoted = s->n > 0 && s->p[0] == '"';
	size_t n = ret->quoted ? quoted_length(*s) : dotted_length(*s);
	if (n == 0)
		return ERR_INVALID;
	ret->local = slice_sub(*s, 0, n);
	*s = slice_from(*s, n);
	if (s->n > 0 && s->p[0] == '>' && (flags & SMTP_PATH_POSTMASTER) && slice_eq_nocase(ret->local, SLICE("postmaster"))) {
		ret->address = ret->local;
		return 0;
	}
	if (s->n == 0 || s->p[0] != '@')
		return ERR_INVALID;
	*s = slice_from(*s, 1);
	n = domain_length(*s);
	ret->domain = slice_sub(*s, 0, n);
	*s = slice_from(*s, n);
	ret->address = slice_sub(start, 0, ret->local.n + 1 + n);
	return path_check(ret, flags);
}

/* "@a,@b:" at the front, dropped. */
static int route_take(struct slice *s)
{
	while (s->n > 0 && s->p[0] == '@') {
		struct slice rest = slice_from(*s, 1);
		size_t n = domain_length(rest);
		if (!smtp_domain_valid(slice_sub(rest, 0, n), true) || n >= rest.n)
			return ERR_INVALID;
		uint8_t end = rest.p[n];
		*s = slice_from(rest, n + 1);
		if (end == ':')
			return 0;
		if (end != ',' || s->n == 0 || s->p[0] != '@')
			return ERR_INVALID;
	}
	return 0;
}

int smtp_path_take(struct slice *text, unsigned flags, struct smtp_path *ret)
{
	struct slice s = *text;
	*ret = (struct smtp_path){0};
	if (s.n == 0 || s.p[0] != '<')
		return ERR_INVALID;
	s = slice_from(s, 1);
	if (s.n > 0 && s.p[0] == '>') {
		*text = slice_from(s, 1);
		return flags & SMTP_PATH_NULL ? 0 : ERR_INVALID;
	}
	int rc = route_take(&s);
	if (rc == 0)
		rc = mailbox_take(&s, flags, ret);
	if (rc < 0)
		return rc;
	if (s.n == 0 || s.p[0] != '>')
		return ERR_INVALID;
	s = slice_from(s, 1);
	if (text->n - s.n > SMTP_PATH_MAX)
		return ERR_LIMIT;
	*text = s;
	return 0;
}

int smtp_path_parse(struct slice text, unsigned flags, struct smtp_path *ret)
{
	*ret = (struct smtp_path){0};
	int rc = mailbox_take(&text, flags & ~(unsigned)SMTP_PATH_POSTMASTER, ret);
	if (rc < 0)
		return rc;
	return text.n == 0 ? 0 : ERR_INVALID;
}

void smtp_path_local(const struct smtp_path *path, struct buf *out)
{
	if (!path->quoted) {
		buf_append(out, path->local);
		return;
	}
	for (size_t i = 1; i + 1 < path->local.n; i++) {
		i += path->local.p[i] == '\\';
		buf_append_byte(out, path->local.p[i]);
	}
}
