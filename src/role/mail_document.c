/* Letters as documents, over HTTP: /jmap/view/{accountId}/{emailId} (role/mail_view.h). */
#include "role/mail_http.h"
#include "role/mail_view.h"

static const char *words_of(unsigned status)
{
	return status == 404 ? "There is no such letter or part." : status == 403 ? "This sign-in may not read it." : "Try again later.";
}

static void give(void *arg, const struct mail_view_answer *a)
{
	struct mail_exchange *x = arg;
	/* A document in a sandbox may not be opened as a window of its own under a policy that isolates openers. */
	struct http_field fields[] = {
		{SLICE("Content-Security-Policy"), a->policy}, HTTP_FIELD("Cache-Control", "private, no-store"), HTTP_FIELD("X-Content-Type-Options", "nosniff"),
		HTTP_FIELD("Referrer-Policy", "no-referrer"), HTTP_FIELD("Cross-Origin-Opener-Policy", "unsafe-none"), {SLICE("Letterlock-View"), a->counts},
	};

	if (a->status == 200)
		mail_http_answer(x, 200, a->type, fields, ARRAY_LEN(fields), a->body);
	else
		mail_http_problem(x, a->status, NULL, words_of(a->status));
	mail_http_drop(x);
}

void mail_document(struct mail_exchange *x)
{
	struct slice rest = slice_from(x->path, SLICE("/jmap/view/").n), account = SLICE_NONE;
	struct mail_view_request request = {.cid = slice_str(x->person->cid), .mail = x->person->seen, .query = x->query, .reading = x->person->reading};

	slice_split(&rest, '/', &account);
	request.email = rest;
	if (!slice_eq(account, jmap_account_name(x->person->jmap))) {
		mail_http_problem(x, 404, NULL, words_of(404));
		return;
	}
	mail_http_hold(x);
	mail_view(mail_http_context(x), &request, give, x);
}
