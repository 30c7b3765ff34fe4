/* A filter: what it holds for and what its NOT holds for are all emails, none twice. Snippets of it are JSON. */
#include "base/ensure.h"
#include "jmap/mail_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct slice letters[] = {
	SLICE_INIT("From: Zoe <z@x.example>\r\nSubject: Budget report\r\nMessage-ID: <a@x>\r\n\r\nred apple\r\n"),
	SLICE_INIT("From: Ann <a@x.example>\r\nSubject: Re: Budget report\r\nReferences: <a@x>\r\nX-Tag: one\r\n\r\ngreen apple\r\n"),
	SLICE_INIT("Subject: \xe4\xbc\x9a\xe8\xae\xae\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<b>caf\xc3\xa9</b>\r\n"
		"--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment\r\n\r\nx\r\n--b--\r\n"),
};

/* "methodName", {"accountId": …, "filter": …} */
static json_t *ask(struct mail_rig *r, const char *method, json_t *filter, json_t *ids)
{
	struct slice account = jmap_account_name(r->jmap);
	json_t *args = json_pack("{s:s%,s:O}", "accountId", (const char *)account.p, account.n, "filter", filter), *request, *answer, *ret;
	char *text;

	if (ids != NULL)
		json_object_set(args, "emailIds", ids);
	request = json_pack("{s:[s,s],s:[[s,o,s]]}", "using", "urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail", "methodCalls", method, args, "c");
	text = json_dumps(request, JSON_COMPACT);
	answer = text == NULL ? NULL : mail_rig_request(r, slice_str(text));
	ret = json_incref(json_array_get(json_array_get(json_object_get(answer, "methodResponses"), 0), 1));
	json_decref(answer);
	json_decref(request);
	free(text);
	return ret;
}

static void check(struct mail_rig *r, json_t *filter)
{
	json_t *other = json_pack("{s:s,s:[O]}", "operator", "NOT", "conditions", filter);
	json_t *with = ask(r, "Email/query", filter, NULL), *without = ask(r, "Email/query", other, NULL), *snippets;
	json_t *a = json_object_get(with, "ids"), *b = json_object_get(without, "ids");

	if (a != NULL && b != NULL) {
		ENSURE(json_array_size(a) + json_array_size(b) == sizeof letters / sizeof letters[0]);
		snippets = ask(r, "SearchSnippet/get", filter, a);
		ENSURE(json_array_size(json_object_get(snippets, "list")) == json_array_size(a));
		json_decref(snippets);
	}
	json_decref(with);
	json_decref(without);
	json_decref(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *filter = json_loadb((const char *)data, size, 0, NULL);
	struct mail_rig r;

	if (!json_is_object(filter)) {
		json_decref(filter);
		return 0;
	}
	mail_rig_start(&r);
	for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
		(void)mail_rig_deliver(&r, i == 1 ? "Sent" : "INBOX", 1000 * (int64_t)i, letters[i]);
	check(&r, filter);
	mail_rig_stop(&r);
	json_decref(filter);
	return 0;
}
