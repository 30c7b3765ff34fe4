#include "base/ensure.h"
#include "base/error.h"
#include "sso/oauth.h"

static const struct {
	const char *name;
	unsigned bit;
} mail_scopes[] = {{"imap", OAUTH_IMAP}, {"pop", OAUTH_POP}, {"smtp", OAUTH_SMTP}, {"sieve", OAUTH_SIEVE}};

static bool has_right(const struct oauth_scope *s, struct slice right)
{
	for (size_t i = 0; i < s->right_count; i++)
		if (slice_eq(s->rights[i], right))
			return true;
	return false;
}

static bool is_right(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_alnum(s.p[i]) && s.p[i] != '.' && s.p[i] != '_' && s.p[i] != '-')
			return false;
	return s.n > 0 && s.n <= 60;
}

static int take_word(struct slice word, struct oauth_scope *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(mail_scopes); i++)
		if (slice_eq(word, slice_str(mail_scopes[i].name))) {
			ret->mail |= mail_scopes[i].bit;
			return 0;
		}
	struct slice right = slice_from(word, 4);
	if (!slice_starts(word, SLICE("api:")) || !is_right(right) || ret->right_count == OAUTH_API_RIGHTS_MAX)
		return ERR_INVALID;
	if (!has_right(ret, right))
		ret->rights[ret->right_count++] = right;
	return 0;
}

int oauth_scope_parse(struct slice text, struct oauth_scope *ret)
{
	struct slice word;
	*ret = (struct oauth_scope){0};
	if (text.n > OAUTH_SCOPE_MAX)
		return ERR_INVALID;
	while (slice_split(&text, ' ', &word))
		if (word.n > 0 && take_word(word, ret) != 0)
			return ERR_INVALID;
	return ret->mail != 0 || ret->right_count > 0 ? 0 : ERR_INVALID;
}

void oauth_scope_write(const struct oauth_scope *scope, struct buf *out)
{
	const char *before = "";
	for (size_t i = 0; i < ARRAY_LEN(mail_scopes); i++)
		if ((scope->mail & mail_scopes[i].bit) != 0) {
			buf_printf(out, "%s%s", before, mail_scopes[i].name);
			before = " ";
		}
	for (size_t i = 0; i < scope->right_count; i++) {
		buf_printf(out, "%sapi:%.*s", before, SLICE_ARG(scope->rights[i]));
		before = " ";
	}
}

bool oauth_scope_covers(const struct oauth_scope *all, const struct oauth_scope *part)
{
	for (size_t i = 0; i < part->right_count; i++)
		if (!has_right(all, part->rights[i]))
			return false;
	return (part->mail & ~all->mail) == 0;
}
