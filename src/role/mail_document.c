/* Letters as documents, over HTTP: /jmap/view/{accountId}/{emailId} (role/mail_view.h). */
#include "jmap/mail.h"
#include "role/mail_confidential.h"
#include "role/mail_http.h"
#include "role/mail_view.h"

/* A document that is being made; in the arena of its exchange, which is held. */
struct document {
	struct mail_exchange *x;
	bool is_confidential;
	struct mail_confidential letter;
	struct slice email;
};

static const char *words_of(unsigned status)
{
	return status == 404 ? "There is no such letter or part." : status == 403 ? "This sign-in may not read it."
	     : status == 410 ? "This letter has expired." : "Try again later.";
}

static void refuse(const struct document *d, unsigned status)
{
	mail_http_problem(d->x, status, status == 410 ? "expired" : NULL, words_of(status));
}

static void give(void *arg, const struct mail_view_answer *a)
{
	const struct document *d = arg;
	struct mail_exchange *x = d->x;
	/* A document in a sandbox may not be opened as a window of its own under a policy that isolates openers. */
	struct http_field fields[] = {
		{SLICE("Content-Security-Policy"), a->policy}, HTTP_FIELD("Cache-Control", "private, no-store"), HTTP_FIELD("X-Content-Type-Options", "nosniff"),
		HTTP_FIELD("Referrer-Policy", "no-referrer"), HTTP_FIELD("Cross-Origin-Opener-Policy", "unsafe-none"), {SLICE("Letterlock-View"), a->counts},
		{SLICE("Letterlock-Confidential"), d->is_confidential ? mail_confidential_end(&d->letter, &x->arena) : SLICE_NONE},
	};

	if (a->status == 200)
		mail_http_answer(x, 200, a->type, fields, ARRAY_LEN(fields) - !d->is_confidential, a->body);
	else
		refuse(d, a->status);
	mail_http_drop(x);
}

static void make(struct document *d, const struct mail_view_inner *inner)
{
	struct mail_exchange *x = d->x;
	struct mail_view_request request = {.cid = slice_str(x->person->cid), .mail = x->person->seen, .email = d->email, .query = x->query,
		.reading = x->person->reading, .inner = inner};

	mail_http_hold(x);
	mail_view(mail_http_context(x), &request, give, d);
}

static void on_opened(void *arg, unsigned status, const struct mail_view_inner *inner)
{
	struct document *d = arg;

	if (status == 200)
		make(d, inner);
	else
		refuse(d, status);
	mail_http_drop(d->x);
}

static bool asks_for(struct mail_exchange *x, const char *name)
{
	struct slice value;

	return mail_http_query(x, slice_str(name), &value) && slice_eq(value, SLICE("1"));
}

static void open_confidential(struct document *d)
{
	struct mail_exchange *x = d->x;

	if (asks_for(x, "info")) {
		mail_confidential_info(x, &d->letter);
		return;
	}
	if (asks_for(x, "quote") || asks_for(x, "print")) {
		mail_http_problem(x, 403, "confidential", "A confidential letter is neither quoted nor printed.");
		return;
	}
	mail_http_hold(x);
	mail_confidential_open(x, &d->letter, MAIL_CONFIDENTIAL_READ, on_opened, d);
}

void mail_document(struct mail_exchange *x)
{
	struct slice rest = slice_from(x->path, SLICE("/jmap/view/").n), account = SLICE_NONE;
	struct document *d = ARENA_NEW(&x->arena, struct document);
	uint8_t id[16];

	slice_split(&rest, '/', &account);
	*d = (struct document){.x = x, .email = rest};
	if (!slice_eq(account, jmap_account_name(x->person->jmap))) {
		refuse(d, 404);
		return;
	}
	d->is_confidential = jmap_id_parse(rest, 'M', id) && mail_confidential_find(x, id, &d->letter) == 0;
	if (d->is_confidential)
		open_confidential(d);
	else if (asks_for(x, "info"))
		refuse(d, 404);
	else
		make(d, NULL);
}
