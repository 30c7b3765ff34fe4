#include "trust/dkim_key.h"

static struct verdict bad(const char *reason)
{
	return (struct verdict){DKIM_PERMERROR, reason};
}

/* v= may be left out; where it is, it comes first and is DKIM1. */
static bool version_fits(const struct tag_list *tags)
{
	const struct tag *v = tags_find(tags, "v");
	return v == NULL || (v == &tags->tags[0] && slice_eq(v->value, SLICE("DKIM1")));
}

static bool key_type(const struct tag_list *tags, enum mail_algorithm *ret)
{
	const struct tag *k = tags_find(tags, "k");
	*ret = MAIL_RSA_SHA256;
	if (k == NULL || slice_eq_nocase(k->value, SLICE("rsa")))
		return true;
	*ret = MAIL_ED25519_SHA256;
	return slice_eq_nocase(k->value, SLICE("ed25519"));
}

static bool list_allows(const struct tag_list *tags, const char *name, struct slice item)
{
	const struct tag *tag = tags_find(tags, name);
	return tag == NULL || tags_list_has(tag->value, item);
}

static bool decode(struct slice p, struct arena *arena, struct slice *ret)
{
	struct buf out = BUF_INIT(MAIL_PUBLIC_MAX);
	bool ok = tags_base64(p, &out);
	if (ok)
		*ret = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return ok;
}

struct verdict dkim_key_parse(struct slice text, struct arena *arena, struct dkim_key *ret)
{
	struct tag_list tags;
	*ret = (struct dkim_key){0};
	if (!tags_parse(text, &tags) || !version_fits(&tags))
		return bad("the key record is malformed");
	const struct tag *p = tags_find(&tags, "p"), *flags = tags_find(&tags, "t");
	if (p == NULL)
		return bad("the key record has no key");
	if (p->value.n == 0)
		return bad("the key is revoked");
	if (!key_type(&tags, &ret->algorithm))
		return bad("the key is of an unknown type");
	if (!list_allows(&tags, "h", SLICE("sha256")))
		return bad("the key does not allow SHA-256");
	if (!list_allows(&tags, "s", SLICE("email")) && !list_allows(&tags, "s", SLICE("*")))
		return bad("the key is not for mail");
	if (!decode(p->value, arena, &ret->public_key))
		return bad("the key is not base64");
	ret->testing = flags != NULL && tags_list_has(flags->value, SLICE("y"));
	ret->strict = flags != NULL && tags_list_has(flags->value, SLICE("s"));
	return VERDICT_NONE;
}
