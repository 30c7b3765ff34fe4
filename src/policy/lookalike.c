#include "policy/lookalike.h"

#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "policy/confusable.h"
#include "policy/host.h"
#include "policy/url.h"

#define LABEL_MAX 63
#define LABEL_MIN 4      /* shorter labels look like too many others */
#define LABEL_DISTINCT 7 /* from here on a label is hardly a word of its own */

/* What is put beside a name to make it look like a part of its owner. */
static const char *const words[] = {
	"account", "accounts", "admin", "alert", "app", "asia", "auth", "billing", "center", "china", "client", "cloud", "cn", "co", "com", "corp",
	"customer", "doc", "docs", "email", "finance", "financial", "global", "group", "help", "helpdesk", "hk", "hr", "inc", "info",
	"international", "intl", "invoice", "invoices", "it", "jp", "login", "ltd", "mail", "mails", "my", "net", "notice", "notification",
	"office", "official", "online", "pay", "payment", "payments", "payroll", "portal", "reset", "safe", "secure", "security", "service",
	"services", "share", "shop", "signin", "sso", "staff", "supplier", "support", "team", "trade", "tw", "update", "us", "user", "verify",
	"vip", "web", "webmail", "www",
};

void targets_init(struct targets *t, struct arena *arena)
{
	*t = (struct targets){.arena = arena};
}

void targets_free(struct targets *t)
{
	MEMORY_FREE(&t->items);
}

void targets_add(struct targets *t, struct slice domain, bool own)
{
	struct slice host = host_ascii(domain, t->arena);
	if (host.n == 0 || slice_find(host, '.') <= 0 || t->count >= TARGETS_MAX)
		return;
	if (t->count == t->room) {
		t->room = t->room > 0 ? t->room * 2 : 16;
		t->items = memory_grow(t->items, t->room * sizeof *t->items);
	}
	struct slice unicode = host_unicode(host, t->arena);
	t->items[t->count++] = (struct target){.domain = host, .label = host_label(host), .own = own,
		.skeleton = confusable_skeleton(host_label(unicode), t->arena), .loose = confusable_loose(host_label(unicode), t->arena)};
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;
	return least < c ? least : c;
}

unsigned lookalike_distance(struct slice a, struct slice b, unsigned limit)
{
	unsigned rows[3][LABEL_MAX + 1];
	if (a.n > LABEL_MAX || b.n > LABEL_MAX || a.n > b.n + limit || b.n > a.n + limit)
		return limit + 1;
	for (size_t j = 0; j <= b.n; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a.n; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i - 1) % 3], *second = rows[(i + 1) % 3], least = row[0] = (unsigned)i;
		for (size_t j = 1; j <= b.n; j++) {
			row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a.p[i - 1] != b.p[j - 1]));
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1] && second[j - 2] + 1 < row[j])
				row[j] = second[j - 2] + 1;
			least = row[j] < least ? row[j] : least;
		}
		if (least > limit)
			return limit + 1;
	}
	return rows[a.n % 3][b.n] <= limit ? rows[a.n % 3][b.n] : limit + 1;
}

static bool is_word(struct slice s)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_eq(s, slice_str(words[i])))
			return true;
	return false;
}

/* What is put to a name: with a hyphen anything when the name is long enough to be nobody else's, else only the words that are used so. */
static bool is_addition(struct slice added, bool hyphen, struct slice target)
{
	return is_word(added) || (hyphen && target.n >= LABEL_DISTINCT);
}

static bool has_added_word(struct slice label, struct slice target)
{
	if (target.n < LABEL_MIN || label.n <= target.n)
		return false;
	size_t n = label.n - target.n;
	if (slice_starts(label, target)) {
		bool hyphen = label.p[target.n] == '-';
		return is_addition(slice_from(label, target.n + hyphen), hyphen, target);
	}
	if (!slice_ends(label, target))
		return false;
	bool hyphen = label.p[n - 1] == '-';
	return is_addition(slice_sub(label, 0, n - hyphen), hyphen, target);
}

/* The whole domain as labels before another one, or with hyphens for its dots. */
static bool is_embedded(struct slice host, struct slice registered, struct slice target)
{
	if (target.n >= host.n)
		return false;
	struct slice front = slice_sub(host, 0, host.n - registered.n);
	ptrdiff_t at = slice_search(front, target);
	if (at >= 0 && (at == 0 || front.p[at - 1] == '.' || front.p[at - 1] == '-'))
		return true;
	uint8_t dashed[URL_HOST_MAX];
	for (size_t i = 0; i < target.n; i++)
		dashed[i] = target.p[i] == '.' ? '-' : target.p[i];
	at = slice_search(host, slice_make(dashed, target.n));
	return at >= 0 && (at == 0 || host.p[at - 1] == '.' || host.p[at - 1] == '-');
}

struct seen {
	struct slice host, registered, label, skeleton, loose;
};

static enum likeness compare(const struct target *t, const struct seen *s)
{
	size_t n = t->label.n;
	if (slice_eq(s->label, t->label))
		return LIKE_ENDING;
	if (n >= LABEL_MIN && (slice_eq(s->skeleton, t->skeleton) || slice_eq(s->loose, t->loose)))
		return LIKE_HOMOGLYPH;
	if (n > LABEL_MIN && lookalike_distance(s->label, t->label, n >= 10 ? 2 : 1) <= (n >= 10 ? 2u : 1u))
		return LIKE_TYPING;
	if (has_added_word(s->label, t->label))
		return LIKE_WORD;
	return is_embedded(s->host, s->registered, t->domain) ? LIKE_EMBEDDED : LIKE_NOTHING;
}

/* Endings that belong together are no trick when the organisation has them as its own; those are targets and found first. */
static const struct target *find_same(const struct targets *t, struct slice host)
{
	for (size_t i = 0; i < t->count; i++)
		if (host_within(host, t->items[i].domain))
			return &t->items[i];
	return NULL;
}

enum likeness lookalike_find(const struct targets *t, struct slice host, struct arena *arena, const struct target **ret_target)
{
	*ret_target = NULL;
	if (host.n == 0 || t->count == 0)
		return LIKE_NOTHING;
	if ((*ret_target = find_same(t, host)) != NULL)
		return LIKE_SAME;
	struct slice unicode = host_label(host_unicode(host, arena));
	struct seen s = {.host = host, .registered = host_registered(host), .label = host_label(host),
		.skeleton = confusable_skeleton(unicode, arena), .loose = confusable_loose(unicode, arena)};
	enum likeness best = LIKE_NOTHING;
	for (size_t i = 0; i < t->count; i++) {
		enum likeness like = compare(&t->items[i], &s);
		if (like != LIKE_NOTHING && (best == LIKE_NOTHING || like < best)) {
			best = like;
			*ret_target = &t->items[i];
		}
	}
	return best;
}

bool targets_own(const struct targets *t, struct slice host)
{
	const struct target *same = find_same(t, host);
	return same != NULL && same->own;
}
