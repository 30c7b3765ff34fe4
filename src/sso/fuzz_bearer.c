/* SASL messages with tokens, forms, redirect URIs and scopes from the same bytes. */
#include "base/ensure.h"
#include "crypt/crypt.h"
#include "sso/bearer.h"
#include "sso/form.h"
#include "sso/oauth.h"
#include "sso/url.h"

static void try_form(struct slice text)
{
	struct arena arena = ARENA_INIT;
	struct form form, again;
	struct buf b = BUF_INIT(10 * FORM_MAX);
	if (form_parse(text, &arena, &form) == 0) {
		for (size_t i = 0; i < form.count; i++)
			form_put(&b, (const char *)arena_dup_str(&arena, form.fields[i].name), form.fields[i].value);
		(void)form_parse(buf_slice(&b), &arena, &again);
		struct oauth_client client = {.id = SLICE("c"), .redirects = SLICE("https://a.example.org/cb http://127.0.0.1/cb"),
			.scope = SLICE("imap")};
		struct oauth_authorize request;
		struct oauth_answer answer = OAUTH_ANSWER_INIT;
		struct oauth_token_request token;
		(void)oauth_authorize_check(&form, &client, SLICE("https://m"), &request, &answer);
		struct slice to = buf_slice(&answer.location);
		ENSURE(to.n == 0 || slice_starts(to, SLICE("https://a.example.org/cb?")) || slice_starts(to, SLICE("http://127.0.0.1")));
		(void)oauth_token_check(&form, &token, &answer);
		oauth_answer_free(&answer);
	}
	buf_free(&b);
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_make(data, size);
	struct arena arena = ARENA_INIT;
	struct bearer b;
	struct oauth_scope scope;
	struct url url;
	char code[OAUTH_USER_CODE_SIZE + 2];
	crypt_init();
	if (bearer_parse_oauth(all, &arena, &b) == 0 || bearer_parse_xoauth2(all, &arena, &b) == 0)
		ENSURE(b.token.n > 0 && b.token.n <= BEARER_TOKEN_MAX && b.name.n <= BEARER_NAME_MAX && slice_find(b.name, 0) < 0);
	if (oauth_scope_parse(all, &scope) == 0) {
		struct buf text = BUF_INIT(OAUTH_SCOPE_MAX * 2);
		struct oauth_scope again;
		oauth_scope_write(&scope, &text);
		ENSURE(oauth_scope_parse(buf_slice(&text), &again) == 0 && oauth_scope_covers(&scope, &again) && oauth_scope_covers(&again, &scope));
		buf_free(&text);
	}
	if (url_parse(all, &url))
		ENSURE(url.host.n > 0);
	ENSURE(!url_redirect_matches(SLICE("https://a.example.org/cb"), all) || slice_eq(all, SLICE("https://a.example.org/cb")));
	(void)url_redirect_usable(all);
	(void)oauth_user_code_parse(all, code);
	try_form(all);
	arena_free(&arena);
	return 0;
}
