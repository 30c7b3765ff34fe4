#include "filter/confidential.h"

#include "base/codec.h"
#include "base/utf8.h"
#include "crypt/crypt.h"
#include "filter/filter_internal.h"
#include "jmap/date.h"
#include "mime/header.h"
#include "mime/limits.h"
#include "mime/make.h"
#include "smtp/xtext.h"
#include "store/confidential.h"

#define ADDED_MAX 65536       /* bytes that mending adds, and of what stands around the inside */
#define NAMED_MAX 10          /* addresses that a refusal names */
#define REFUSAL_MAX 400       /* bytes of its line */
#define KEY_SIZE DIGEST_SECRET_KEY_SIZE
_Static_assert(DIGEST_SECRET_KEY_SIZE == CONFIDENTIAL_KEY_SIZE, "one key");

/* Who, what about, when, and what a letter belongs to: everybody sees these. */
static const struct slice outside_fields[] = {
	SLICE_INIT("From"), SLICE_INIT("Sender"), SLICE_INIT("Reply-To"), SLICE_INIT("To"), SLICE_INIT("Cc"), SLICE_INIT("Subject"), SLICE_INIT("Date"),
	SLICE_INIT("Message-ID"), SLICE_INIT("In-Reply-To"), SLICE_INIT("References"), SLICE_INIT("Auto-Submitted"), SLICE_INIT("Importance"),
	SLICE_INIT("Disposition-Notification-To"),
};
/* English, and Chinese in both scripts. */
static const struct slice outside_text = SLICE_INIT(
	"This is a confidential letter. Open it in the webmail.\r\n\r\n"
	"这是一封机密邮件，请在网页邮箱中打开。\r\n"
	"這是一封機密郵件，請在網頁郵件中開啟。\r\n");

static int refuse(struct filter_confidential *c, uint16_t code, const char *enhanced, struct slice text)
{
	c->code = code;
	c->enhanced = slice_str(enhanced);
	c->text = text;
	return 0;
}

/* ---- what is asked for ---- */

/* "yes", or "expires=" and a date. */
static bool wish_read(struct slice value, struct digest_secret *ret)
{
	static const struct slice name = SLICE_INIT("expires=");

	if (slice_eq_nocase(value, SLICE("yes")))
		return true;
	ret->ends = true;
	return slice_starts_nocase(value, name) && jmap_date_parse(slice_from(value, name.n), true, &ret->expires_unix) == 0;
}

/* Unix seconds: one that waits at the queue is not sent before its time. */
static int64_t sent_at(const struct envelope *e)
{
	return (e->due_ms > e->received_ms ? e->due_ms : e->received_ms) / 1000;
}

static void shorten(const struct filter_settings *settings, int64_t sent, struct digest_secret *ret)
{
	int64_t last = sent + settings->confidential_longest_s;

	if (settings->confidential_longest_s <= 0 || (ret->ends && ret->expires_unix <= last))
		return;
	ret->ends = true;
	ret->expires_unix = last;
}

/* ---- to whom ---- */

bool filter_fact_is_outside(const struct recipient_fact *fact)
{
	ptrdiff_t at = slice_find(fact->original, ';');
	struct buf given = BUF_INIT(4096);
	bool same;

	if (fact->kind != FACT_REMOTE)
		return false;
	if (at < 0)
		return true;
	same = xtext_decode(slice_from(fact->original, (size_t)at + 1), &given) < 0 || slice_eq_nocase(buf_slice(&given), fact->address);
	buf_free(&given);
	return same;
}

/* The line of the refusal; empty: nobody is outside. */
static struct slice outsiders(const struct filter_facts *facts, struct arena *arena)
{
	struct buf line = BUF_INIT(REFUSAL_MAX);
	unsigned count = 0;
	struct slice ret;

	for (size_t i = 0; i < facts->count; i++) {
		const struct recipient_fact *fact = &facts->recipients[i];

		if (!filter_fact_is_outside(fact) || ++count > NAMED_MAX || !slice_is_ascii(fact->address) || buf_len(&line) + fact->address.n > REFUSAL_MAX / 2)
			continue;
		buf_printf(&line, "%s%.*s", buf_len(&line) > 0 ? ", " : "", SLICE_ARG(fact->address));
	}
	ret = count > 0 ? arena_printf(arena, "Confidential letters do not leave the system: %.*s%s", SLICE_ARG(buf_slice(&line)), count > NAMED_MAX ? ", ..." : "") : SLICE_NONE;
	buf_free(&line);
	return ret;
}

/* ---- wrapping ---- */

static void header_put(struct slice header, struct buf *out)
{
	struct slice rest = header;
	struct mime_field field;

	while (mime_field_next(&rest, &field))
		for (size_t i = 0; i < sizeof outside_fields / sizeof *outside_fields; i++)
			if (slice_eq_nocase(field.name, outside_fields[i])) {
				buf_append(out, field.whole);
				break;
			}
}

static void text_put(struct slice boundary, struct buf *out)
{
	buf_printf(out, "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"%.*s\"\r\n\r\n--%.*s\r\n", SLICE_ARG(boundary), SLICE_ARG(boundary));
	buf_append_str(out, "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
	base64_encode_lines(outside_text, out);
	buf_printf(out, "--%.*s\r\nContent-Type: application/%s; name=\"confidential.letterlock\"\r\n", SLICE_ARG(boundary), CONFIDENTIAL_TYPE);
	buf_append_str(out, "Content-Disposition: attachment; filename=\"confidential.letterlock\"\r\nContent-Transfer-Encoding: base64\r\n\r\n");
}

static struct slice boundary_make(struct arena *arena)
{
	uint8_t random[16];
	struct buf text = BUF_INIT(64);
	struct slice ret;

	random_bytes(random, sizeof random);
	buf_append_str(&text, "letterlock-");
	hex_encode(slice_make(random, sizeof random), &text);
	ret = arena_dup(arena, buf_slice(&text));
	buf_free(&text);
	return ret;
}

/* The digest of the inside, which mail reads instead of parsing it. Texts for searching are left out. */
static int digest_make(struct slice letter, struct slice language, struct arena *arena, struct buf *out)
{
	static const uint8_t no_id[16];
	struct digest digest;

	mime_digest_make_brief(letter, no_id, language, arena, &digest);
	digest.search_header = digest.search_text = SLICE_NONE;
	digest.search_text_of_body = false;
	digest_encode(&digest, out);
	return out->failed ? ERR_LIMIT : 0;
}

/* inside: the letter without what its recipients must not see (Bcc). */
static int wrap(struct slice inside, struct slice language, const uint8_t key[KEY_SIZE], struct arena *arena, struct buf *out)
{
	struct slice boundary = boundary_make(arena);
	struct buf digest = BUF_INIT(MIME_DIGEST_MAX);
	int rc = digest_make(inside, language, arena, &digest);

	header_put(slice_sub(inside, 0, mime_header_length(inside)), out);
	text_put(boundary, out);
	if (rc == 0)
		rc = confidential_seal(key, buf_slice(&digest), &inside, 1, out);
	buf_printf(out, "--%.*s--\r\n", SLICE_ARG(boundary));
	buf_free_secret(&digest);
	return rc == 0 && out->failed ? ERR_LIMIT : rc;
}

static int wrap_mended(const struct envelope *e, const struct filter_facts *facts, struct slice message, const struct filter_settings *settings,
                       const uint8_t key[KEY_SIZE], struct arena *arena, struct buf *out, struct error *err)
{
	struct slice header = slice_sub(message, 0, mime_header_length(message));
	struct buf inside = BUF_INIT(message.n + ADDED_MAX);
	int rc;

	buf_init(out, message.n + message.n / 2 + MIME_DIGEST_MAX * 2);
	filter_mend_submission(e, &facts->sender, header, &inside);
	buf_append(&inside, slice_from(message, header.n));
	rc = inside.failed ? ERR_LIMIT : wrap(buf_slice(&inside), settings->language, key, arena, out);
	buf_free_secret(&inside);
	return rc < 0 ? error_set(err, rc, "a confidential letter cannot be wrapped") : 0;
}

/* ---- one letter ---- */

static bool may_be(const struct filter_settings *settings, struct slice header, struct slice message, const struct envelope *e, struct arena *arena,
                   struct digest_secret *wish, struct filter_confidential *ret)
{
	struct mime_field field;
	struct filter_result refusal = {0};

	if (!settings->confidential)
		refuse(ret, 550, "5.7.1", SLICE("Confidential letters are not allowed here"));
	else if (settings->message_size > 0 && message.n > settings->message_size)
		refuse(ret, 552, "5.3.4", SLICE("The message is too big"));
	else if (!filter_check_message(header, &refusal))
		refuse(ret, refusal.code, "5.6.0", refusal.text);
	else if (mime_header_count(header, SLICE(CONFIDENTIAL_FIELD)) != 1 || !mime_header_find(header, SLICE(CONFIDENTIAL_FIELD), &field)
	         || !wish_read(slice_trim(mime_unfold(arena, field.value)), wish))
		refuse(ret, 550, "5.6.0", SLICE(CONFIDENTIAL_FIELD " is neither yes nor expires=2026-12-01T00:00:00Z"));
	else if (wish->ends && wish->expires_unix <= e->received_ms / 1000)
		refuse(ret, 550, "5.6.0", SLICE(CONFIDENTIAL_FIELD ": that time is over"));
	else if (wish->ends && wish->expires_unix <= sent_at(e))
		refuse(ret, 550, "5.6.0", SLICE(CONFIDENTIAL_FIELD ": that time is over before the letter is sent"));
	return ret->code == 0;
}

int filter_confidential(const struct envelope *e, struct slice message, const struct filter_settings *settings, const uint8_t secret[32],
                        struct arena *arena, struct filter_confidential *ret, struct error *err)
{
	struct slice header = slice_sub(message, 0, mime_header_length(message)), line;
	struct digest_secret *wish = ARENA_NEW(arena, struct digest_secret);
	struct filter_facts facts = {0};
	int rc;

	*ret = (struct filter_confidential){0};
	if (e->source != ENVELOPE_SUBMISSION || e->opaque || mime_header_count(header, SLICE(CONFIDENTIAL_FIELD)) == 0
	    || !may_be(settings, header, message, e, arena, wish, ret))
		return 0;
	rc = filter_facts_read(e, secret, arena, &facts, err);
	if (rc < 0)
		return rc;
	line = outsiders(&facts, arena);
	if (line.n > 0)
		return refuse(ret, 550, "5.7.1", line);
	shorten(settings, sent_at(e), wish);
	random_bytes(wish->key, sizeof wish->key);
	ret->secret = wish;
	return wrap_mended(e, &facts, message, settings, wish->key, arena, &ret->letter, err);
}

void filter_confidential_free(struct filter_confidential *c)
{
	buf_free(&c->letter);
}
