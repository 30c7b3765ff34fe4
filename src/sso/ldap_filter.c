#include "sso/ldap_filter.h"

#include <string.h>

void ldap_filter_escape(struct slice value, struct buf *out)
{
	for (size_t i = 0; i < value.n; i++) {
		uint8_t c = value.p[i];
		if (c < 0x20 || c >= 0x7f || memchr("()*\\&|!=<>~,", c, 12) != NULL)
			buf_printf(out, "\\%02x", c);
		else
			buf_append_byte(out, c);
	}
}

static int put(uint8_t letter, struct slice name, struct buf *out)
{
	ptrdiff_t at = slice_rfind(name, '@');
	switch (letter) {
	case 's':
		ldap_filter_escape(name, out);
		return 0;
	case 'u':
		ldap_filter_escape(at < 0 ? name : slice_sub(name, 0, (size_t)at), out);
		return 0;
	case 'd':
		ldap_filter_escape(at < 0 ? SLICE_NONE : slice_from(name, (size_t)at + 1), out);
		return 0;
	case '%':
		buf_append_byte(out, '%');
		return 0;
	default:
		return ERR_INVALID;
	}
}

int ldap_filter_make(struct slice template, struct slice name, struct buf *out)
{
	if (name.n == 0 || name.n > LDAP_NAME_MAX || slice_find(name, 0) >= 0)
		return ERR_INVALID;
	for (size_t i = 0; i < template.n; i++) {
		if (template.p[i] != '%')
			buf_append_byte(out, template.p[i]);
		else if (++i == template.n || put(template.p[i], name, out) != 0)
			return ERR_INVALID;
	}
	return out->failed ? ERR_LIMIT : 0;
}

static bool is_border(uint8_t c)
{
	return c == ',' || c == '=' || c == '+';
}

void ldap_name_fold(struct slice dn, struct buf *out)
{
	dn = slice_trim(dn);
	for (size_t i = 0; i < dn.n; i++) {
		if (dn.p[i] == '\\' && i + 1 < dn.n) { /* an escaped character is itself */
			buf_append_byte(out, dn.p[i++]);
			buf_append_byte(out, ascii_lower(dn.p[i]));
			continue;
		}
		size_t next = i;
		while (next < dn.n && dn.p[next] == ' ')
			next++;
		bool border = (next < dn.n && is_border(dn.p[next])) || (i > 0 && is_border(dn.p[i - 1]) && (i < 2 || dn.p[i - 2] != '\\'));
		if (dn.p[i] == ' ' && border) {
			i = next - 1;
			continue;
		}
		buf_append_byte(out, ascii_lower(dn.p[i]));
	}
}
