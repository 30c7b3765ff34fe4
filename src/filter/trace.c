#include "filter/filter_internal.h"
#include "mime/date.h"

/* What the peer says of itself must not end the field or look like another clause. */
static void append_safe(struct buf *out, struct slice s, const char *otherwise)
{
	bool any = false;

	s = slice_sub(s, 0, 255);
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (c <= ' ' || c == 0x7f || c == '(' || c == ')' || c == '\\' || c == ';' || c == '"')
			continue;
		buf_append_byte(out, c);
		any = true;
	}
	if (!any)
		buf_append_str(out, otherwise);
}

static void append_client(const struct envelope *e, struct buf *out)
{
	buf_append_str(out, "from ");
	append_safe(out, e->helo, "unknown");
	if (e->client_address.n > 0) {
		buf_append_str(out, slice_find(e->client_address, ':') >= 0 ? " ([IPv6:" : " ([");
		append_safe(out, e->client_address, "unknown");
		buf_append_str(out, "])");
	}
	if (e->tls.n > 0) {
		buf_append_str(out, "\r\n\t(using ");
		for (size_t i = 0; i < e->tls.n && i < 100; i++)
			buf_append_byte(out, ascii_is_alnum(e->tls.p[i]) || e->tls.p[i] == '.' || e->tls.p[i] == '_' ? e->tls.p[i] : ' ');
		buf_append_byte(out, ')');
	}
	buf_append_str(out, "\r\n\t");
}

void filter_trace(const struct envelope *e, struct buf *out)
{
	buf_append_str(out, "Received: ");
	/* A submission does not tell where its author sits. */
	if (e->source == ENVELOPE_SMTP)
		append_client(e, out);
	buf_append_str(out, "by ");
	append_safe(out, e->hostname, "localhost");
	buf_append_str(out, " with ");
	append_safe(out, e->protocol, "ESMTP");
	buf_append_str(out, " id ");
	append_safe(out, e->cid, "none");
	buf_append_str(out, ";\r\n\t");
	mime_date_format(e->received_ms / 1000, out);
	buf_append_str(out, "\r\n");
}
