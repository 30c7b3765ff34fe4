#include "pop3/line.h"

enum pop3_line pop3_line_parse(struct slice in, struct pop3_command *ret)
{
	ptrdiff_t end = slice_find(slice_sub(in, 0, POP3_LINE_MAX), '\n'), space;
	struct slice line;

	if (end < 0)
		return in.n >= POP3_LINE_MAX ? POP3_LINE_TOO_LONG : POP3_LINE_NONE;
	line = slice_sub(in, 0, (size_t)end);
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	space = slice_find(line, ' ');
	ret->verb = space < 0 ? line : slice_sub(line, 0, (size_t)space);
	ret->argument = space < 0 ? SLICE_NONE : slice_from(line, (size_t)space + 1);
	ret->length = (size_t)end + 1;
	return POP3_LINE_READY;
}

void pop3_ok(struct buf *out, const char *text)
{
	buf_printf(out, "+OK %s\r\n", text);
}

void pop3_err(struct buf *out, const char *code, const char *text)
{
	if (code != NULL)
		buf_printf(out, "-ERR [%s] %s\r\n", code, text);
	else
		buf_printf(out, "-ERR %s\r\n", text);
}

void pop3_capa(struct buf *out, const struct pop3_capabilities *c)
{
	buf_append_str(out, "+OK Capability list follows\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nUTF8 USER\r\n"
	                    "IMPLEMENTATION Letterlock\r\n");
	if (c->starttls)
		buf_append_str(out, "STLS\r\n");
	if (c->sasl) {
		buf_append_str(out, "USER\r\nSASL PLAIN LOGIN SCRAM-SHA-256");
		buf_printf(out, "%s%s%s\r\n", c->plus ? " SCRAM-SHA-256-PLUS" : "", c->tokens ? " OAUTHBEARER XOAUTH2" : "",
		           c->certificate ? " EXTERNAL" : "");
	}
	buf_append_str(out, ".\r\n");
}
