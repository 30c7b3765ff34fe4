/* The files of the webmail (assets/assets.h) and the one page that all its screens share. */
#include "assets/assets.h"

#include "role/web.h"

/*
 * Scripts, styles and requests come from this server and go to it, and nowhere else; no inline script, no string becomes script or HTML
 * but by the one policy that cleans it ("dompurify"); "worker" names the one file that computes proofs of work. Frames show letters, each
 * with a policy of its own (docs/webmail.md).
 */
static const char policy[] =
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; frame-src 'self'; "
	"worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
	"require-trusted-types-for 'script'; trusted-types dompurify worker";

static const struct {
	enum asset_coding coding;
	const char *token;
} codings[] = {{ASSET_BROTLI, "br"}, {ASSET_GZIP, "gzip"}};

static enum asset_coding choose(const struct web_exchange *x, const struct asset *a)
{
	for (size_t i = 0; i < ARRAY_LEN(codings); i++)
		if (a->bytes[codings[i].coding].n > 0
		    && http_field_lists(x->fields, x->field_count, SLICE("accept-encoding"), slice_str(codings[i].token)))
			return codings[i].coding;
	return ASSET_IDENTITY;
}

static const char *token_of(enum asset_coding coding)
{
	for (size_t i = 0; i < ARRAY_LEN(codings); i++)
		if (codings[i].coding == coding)
			return codings[i].token;
	return NULL;
}

static void send(struct web_exchange *x, const struct asset *a)
{
	enum asset_coding coding = choose(x, a);
	const char *token = token_of(coding);
	struct slice tag = arena_printf(&x->arena, "\"%s%s%s\"", a->tag, token != NULL ? "-" : "", token != NULL ? token : "");
	struct http_field fields[6] = {
		{SLICE("ETag"), tag}, HTTP_FIELD("Vary", "Accept-Encoding"), {SLICE("Content-Security-Policy"), slice_str(policy)},
		{SLICE("Cache-Control"), a->fixed ? SLICE("public, max-age=31536000, immutable") : SLICE("no-cache")},
		HTTP_FIELD("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
		{SLICE("Content-Encoding"), token != NULL ? slice_str(token) : SLICE_NONE},
	};
	size_t count = token != NULL ? 6 : 5;

	/* RFC 9110 13.1.2, 15.4.5 */
	if (http_field_lists(x->fields, x->field_count, SLICE("if-none-match"), tag))
		web_answer(x, 304, NULL, fields, 4, SLICE_NONE);
	else
		web_answer(x, 200, a->type, fields, count, a->bytes[coding]);
}

void web_asset(struct web_exchange *x)
{
	const struct asset *a = assets_find(x->path);

	if (a == NULL)
		web_problem(x, 404);
	else
		send(x, a);
}

void web_page(struct web_exchange *x)
{
	send(x, assets_find(SLICE("/index.html")));
}
