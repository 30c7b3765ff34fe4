#include "sso/provider_row.h"

#include "sso/url.h"

bool provider_name_valid(struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!ascii_is_alnum(name.p[i]) && name.p[i] != '-' && name.p[i] != '_' && name.p[i] != '.')
			return false;
	return name.n > 0 && name.n <= PROVIDER_NAME_MAX;
}

static bool take_flag(struct provider_row *row, struct slice word)
{
	const struct { const char *name; bool *to; } flags[] = {
		{"link_email", &row->link_email}, {"trusted_factors", &row->trusted_factors}, {"provision", &row->provision},
	};
	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
		if (slice_eq(word, slice_str(flags[i].name)))
			return *flags[i].to = true;
	return false;
}

static bool take_word(struct provider_row *row, struct slice word)
{
	const struct { const char *name; struct slice *to; } texts[] = {
		{"issuer", &row->issuer}, {"client", &row->client}, {"audience", &row->audience}, {"scope", &row->scope}, {"redirect", &row->redirect},
		{"domains", &row->domains},
	};
	ptrdiff_t equals = slice_find(word, '=');
	if (equals < 0)
		return take_flag(row, word);
	if (slice_starts(word, SLICE("cas=")) && row->issuer.n == 0) {
		row->cas = true;
		row->issuer = slice_from(word, 4);
		return row->issuer.n > 0 && row->issuer.p[row->issuer.n - 1] != '/';
	}
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (slice_eq(slice_sub(word, 0, (size_t)equals), slice_str(texts[i].name)) && texts[i].to->n == 0) {
			*texts[i].to = slice_from(word, (size_t)equals + 1);
			return texts[i].to->n > 0;
		}
	return false;
}

int provider_row_parse(struct slice line, struct provider_row *ret, struct error *err)
{
	struct slice word;
	*ret = (struct provider_row){0};
	while (slice_split(&line, ' ', &word)) {
		if (word.n == 0)
			continue;
		if (ret->name.n == 0) {
			if (!provider_name_valid(word))
				return error_set(err, ERR_INVALID, "a line of sso.providers begins with a name, not with \"%.*s\"",
					SLICE_ARG(slice_sub(word, 0, 60)));
			ret->name = word;
		} else if (!take_word(ret, word)) {
			return error_set(err, ERR_INVALID, "provider %.*s: \"%.*s\" is unknown or comes twice", SLICE_ARG(ret->name),
				SLICE_ARG(slice_sub(word, 0, 60)));
		}
	}
	if (ret->name.n == 0 || !url_is_https(ret->issuer))
		return error_set(err, ERR_INVALID, "provider %.*s: issuer=https://… or cas=https://… is missing", SLICE_ARG(ret->name));
	if (ret->cas && (ret->client.n > 0 || ret->audience.n > 0 || ret->scope.n > 0 || ret->trusted_factors))
		return error_set(err, ERR_INVALID, "provider %.*s: CAS knows no client, audience, scope or factors", SLICE_ARG(ret->name));
	if ((ret->cas ? ret->link_email || ret->provision : ret->provision) && ret->domains.n == 0)
		return error_set(err, ERR_INVALID, "provider %.*s: domains= is missing: for whose addresses does it speak?", SLICE_ARG(ret->name));
	return 0;
}

bool provider_domains_have(struct slice domains, struct slice email)
{
	struct slice one;
	ptrdiff_t at = slice_rfind(email, '@');
	struct slice domain = at < 0 ? SLICE_NONE : slice_from(email, (size_t)at + 1);
	while (domain.n > 0 && slice_split(&domains, ',', &one))
		if (slice_eq_nocase(one, domain))
			return true;
	return false;
}

struct slice provider_secret(struct slice file, struct slice name)
{
	struct slice line;
	if (name.n == 0)
		return slice_split(&file, '\n', &line) ? slice_trim(line) : SLICE_NONE;
	(void)slice_split(&file, '\n', &line);
	while (slice_split(&file, '\n', &line))
		if (slice_starts(line, name) && line.n > name.n + 1 && line.p[name.n] == ' ')
			return slice_trim(slice_from(line, name.n + 1));
	return SLICE_NONE;
}
