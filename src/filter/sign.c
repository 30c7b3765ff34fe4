#include "filter/sign.h"

#include "filter/filter.h"
#include "mime/address.h"
#include "mime/header.h"
#include "trust/arc.h"
#include "trust/idn.h"

#define SIGNATURES_MAX 32768 /* bytes of all signatures of one letter */

/* What one signature needs, behind the callback of trust. */
struct signing {
	const struct filter_settings *settings;
	const struct sender_key *key;
	bool gone;
};

static int sign(void *arg, const struct dkim_signer *signer, const uint8_t digest[MAIL_DIGEST_SIZE], struct buf *out, struct error *err)
{
	struct signing *s = arg;
	int rc = s->settings->sign(s->settings->sign_arg, s->key->id, signer->algorithm, digest, out, err);
	s->gone = rc == ERR_NOT_FOUND;
	return rc;
}

/* The domain of the author, A-labels. False: none, or more than one From. */
static bool author_domain(const struct trust_message *m, struct arena *arena, struct slice *ret)
{
	const struct mime_field *from = NULL;
	for (size_t i = 0; i < m->field_count; i++)
		if (slice_eq_nocase(m->fields[i].name, SLICE("from"))) {
			if (from != NULL)
				return false;
			from = &m->fields[i];
		}
	const struct mime_address *a = from != NULL ? mime_address_next(mime_address_parse(from->value, arena)) : NULL;
	return a != NULL && a->has_host && trust_domain_ascii(arena, a->host, ret);
}

static int sign_with(struct signing *s, struct trust_message *m, int64_t now_s, struct arena *arena, struct buf *out, struct error *err)
{
	struct dkim_signing how = {.now_s = now_s};
	struct dkim_signer signer = {.selector = s->key->selector, .algorithm = (enum mail_algorithm)s->key->algorithm, .sign = sign, .arg = s};
	if (!trust_domain_ascii(arena, s->key->domain, &signer.domain))
		return 0;
	int rc = dkim_sign(m, &signer, 1, &how, out, err);
	return s->gone ? 0 : rc;
}

int filter_sign(const struct filter_settings *settings, const struct sender_fact *sender, struct slice header, struct slice body,
	int64_t now_s, struct arena *arena, struct buf *out, struct error *err)
{
	struct trust_message m;
	struct slice author, domain;
	int rc = 0;
	if (settings->sign == NULL || sender->key_count == 0)
		return 0;
	message_init_parts(&m, header, body, arena);
	if (m.too_big || !author_domain(&m, arena, &author))
		return 0;
	for (size_t i = 0; i < sender->key_count && rc == 0; i++) {
		struct signing s = {.settings = settings, .key = &sender->keys[i]};
		if (trust_domain_ascii(arena, s.key->domain, &domain) && slice_eq(domain, author))
			rc = sign_with(&s, &m, now_s, arena, out, err);
	}
	return rc;
}

int filter_sign_own(const struct filter_settings *settings, struct slice signer, const uint8_t secret[32], int64_t now_s, struct arena *arena,
	struct buf *letter, struct error *err)
{
	struct slice whole = buf_slice(letter), header = slice_sub(whole, 0, mime_header_length(whole));
	struct buf signed_letter = BUF_INIT(whole.n + SIGNATURES_MAX);
	struct sender_fact fact;
	if (signer.n == 0)
		return 0;
	int rc = fact_read_sender(&signer, secret, arena, &fact);
	if (rc < 0)
		return error_set(err, rc, "the fact that a letter of ours is signed with does not verify");
	rc = filter_sign(settings, &fact, header, slice_from(whole, header.n), now_s, arena, &signed_letter, err);
	buf_append(&signed_letter, whole);
	buf_free_secret(letter);
	letter->max += SIGNATURES_MAX;
	buf_move(letter, &signed_letter);
	return rc == 0 && letter->failed ? error_set(err, ERR_LIMIT, "no room for the signatures") : rc;
}

int filter_seal_with(const struct filter_settings *settings, const struct sender_key *key, const struct arc_report *chain,
	struct trust_message *message, struct arc_sealing *how, struct arena *arena, struct buf *out, struct error *err)
{
	struct signing s = {.settings = settings, .key = key};
	how->signer = (struct dkim_signer){.selector = key->selector, .algorithm = (enum mail_algorithm)key->algorithm, .sign = sign, .arg = &s};
	if (!trust_domain_ascii(arena, key->domain, &how->signer.domain))
		return 0;
	int rc = arc_seal(chain, message, how, out, err);
	/* A chain that is full or broken by others, or a header that no signature can cover, does not keep the letter back. */
	return s.gone || rc == ERR_EXISTS || rc == ERR_INVALID || rc == ERR_LIMIT ? 0 : rc;
}
