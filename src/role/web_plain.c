/* Port 80: it says where HTTPS is, and answers certification authorities; nothing else. */
#include "role/web.h"

static uint16_t https_port(const struct config *config)
{
	for (size_t i = 0; i < config->listen.count; i++)
		if (slice_eq(config->listen.items[i].service, SLICE("https")))
			return config->listen.items[i].port;
	return 0;
}

/* Not anywhere that a client names: only to names that are this server's. */
static bool is_ours(struct web_exchange *x, const struct web_domain *d)
{
	return slice_eq_nocase(x->host, web_context(x)->config->hostname) || d->ours;
}

/* Percent-encoded again as it came: the path was decoded for the routes only. */
static void redirect(struct web_exchange *x, const struct web_domain *d)
{
	uint16_t port = https_port(web_context(x)->config);
	struct buf to = BUF_INIT(2 * HTTP_LINE_MAX);

	if (d == NULL) {
		web_problem(x, 503);
		return;
	}
	if (port == 0 || !is_ours(x, d)) {
		web_problem(x, 404);
		return;
	}
	buf_printf(&to, "https://%.*s", SLICE_ARG(x->host));
	if (port != 443)
		buf_printf(&to, ":%u", port);
	buf_append(&to, x->target);
	if (to.failed)
		web_problem(x, 414);
	else
		web_redirect(x, 302, buf_slice(&to));
	buf_free(&to);
}

void web_plain_redirect(struct web_exchange *x)
{
	static const char *const labels[] = {"mta-sts.", "autoconfig.", "autodiscover."};
	struct slice domain = x->host;

	for (size_t i = 0; i < ARRAY_LEN(labels); i++)
		if (slice_starts(domain, slice_str(labels[i]))) {
			domain = slice_from(domain, slice_str(labels[i]).n);
			break;
		}
	web_domain_ask(x, domain, redirect);
}

/* ---- HTTP-01, RFC 8555 8.3 ---- */

static void on_challenge(void *arg, enum ipc_outcome outcome, const void *message)
{
	const struct ipc_auth_challenge_reply *reply = message;
	struct web_exchange *x = arg;

	if (outcome != IPC_OK)
		web_problem(x, 503);
	else if (reply->text.n == 0)
		web_problem(x, 404);
	else
		web_answer(x, 200, "application/octet-stream", NULL, 0, reply->text);
	web_drop(x);
}

void web_acme_answer(struct web_exchange *x)
{
	struct slice token = slice_from(x->path, sizeof "/.well-known/acme-challenge/" - 1);
	struct ipc_auth_challenge request = {.host = x->host, .token = token};

	if (token.n == 0 || token.n > 200) {
		web_problem(x, 404);
		return;
	}
	web_hold(x);
	ipc_request(web_context(x)->ipc, IPC_AUTH_CHALLENGE, IPC_ANY, &request, on_challenge, x);
}
