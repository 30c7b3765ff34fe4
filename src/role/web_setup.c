/*
 * What other servers and mail programs fetch without signing in: the policy of MTA-STS, and documents by which mail programs set themselves up.
 * Nothing here depends on whether an address exists, only on its domain, which DNS shows anyway.
 */
#include "role/web.h"
#include "smtp/path.h"
#include "trust/client_setup.h"
#include "trust/idn.h"
#include "trust/xml.h"

/* The name behind a label of the host: "mta-sts.example.org". */
static struct slice below(const struct web_exchange *x, const char *label)
{
	struct slice prefix = slice_str(label);

	return slice_starts(x->host, prefix) ? slice_from(x->host, prefix.n) : x->host;
}

/* ---- MTA-STS, RFC 8461 3.3 ---- */

static void sts_known(struct web_exchange *x, const struct web_domain *d)
{
	if (d == NULL)
		web_problem(x, 503);
	else if (!d->ours || d->policy.n == 0)
		web_problem(x, 404);
	else
		web_answer(x, 200, "text/plain; charset=us-ascii", NULL, 0, d->policy);
}

void web_mta_sts(struct web_exchange *x)
{
	web_domain_ask(x, below(x, "mta-sts."), sts_known);
}

/* ---- documents ---- */

/* The domain of an address as the directory writes it; false: no address. */
static bool domain_of(struct web_exchange *x, struct slice address, struct slice *ret)
{
	struct smtp_path path;

	return smtp_path_parse(address, SMTP_PATH_UTF8, &path) == 0 && !path.literal && path.domain.n > 0
	    && trust_domain_ascii(&x->arena, path.domain, ret);
}

struct asked {
	enum client_setup_format format;
	struct slice address; /* empty: none */
};

/* ---- a profile is signed, so that the device shows whose it is ---- */

static void on_signed(void *arg, enum ipc_outcome outcome, const void *message)
{
	static const struct http_field fields[] = {HTTP_FIELD("Cache-Control", "no-store"),
		HTTP_FIELD("Content-Disposition", "attachment; filename=\"mail.mobileconfig\"")};
	const struct ipc_key_profile_reply *reply = message;
	struct web_exchange *x = arg;

	if (outcome == IPC_OK && reply->status == 0)
		web_answer(x, 200, client_setup_media_type(CLIENT_MOBILECONFIG), fields, ARRAY_LEN(fields), reply->signed_text);
	else
		web_problem(x, 503);
	web_drop(x);
}

static void sign(struct web_exchange *x, struct slice content)
{
	const struct edge *edge = x->web->shared->edge;
	struct ipc_key_profile request = {.content = content, .chain = edge->ctx->tls_chain};

	tls_context_certificate(edge->tls, x->host, &request.key, &request.chain);
	web_hold(x);
	ipc_request(edge->ctx->ipc, IPC_KEY_PROFILE, IPC_ANY, &request, on_signed, x);
}

static void write_document(struct web_exchange *x, const struct web_domain *d)
{
	static const struct http_field none[] = {HTTP_FIELD("Cache-Control", "no-store")};
	const struct asked *asked = x->state;
	struct client_setup setup = {.domain = d->name, .host = d->host, .address = asked->address, .oauth = d->oauth};
	struct buf out = BUF_INIT(CLIENT_SETUP_MAX);

	for (size_t i = 0; i < CLIENT_SERVICES; i++)
		setup.ports[i] = d->ports[i];
	if (client_setup_write(&setup, asked->format, &out) != 0 || out.failed)
		web_problem(x, 404);
	else if (asked->format == CLIENT_MOBILECONFIG)
		sign(x, buf_slice(&out));
	else
		web_answer(x, 200, client_setup_media_type(asked->format), none, 1, buf_slice(&out));
	buf_free(&out);
}

static void setup_known(struct web_exchange *x, const struct web_domain *d)
{
	if (d == NULL)
		web_problem(x, 503);
	else if (!d->ours)
		web_problem(x, 404);
	else
		write_document(x, d);
}

static void ask(struct web_exchange *x, enum client_setup_format format, struct slice address, struct slice domain)
{
	struct asked *asked = ARENA_NEW(&x->arena, struct asked);

	*asked = (struct asked){format, address};
	x->state = asked;
	web_domain_ask(x, domain, setup_known);
}

/* Mozilla autoconfig: the program puts the address in, so the answer is the same for everybody. */
void web_autoconfig(struct web_exchange *x)
{
	struct slice address, domain = below(x, "autoconfig.");

	if (web_query(x, SLICE("emailaddress"), &address) && address.n > 0 && !domain_of(x, address, &domain))
		web_problem(x, 400);
	else
		ask(x, CLIENT_AUTOCONFIG, SLICE_NONE, domain);
}

void web_mobileconfig(struct web_exchange *x)
{
	struct slice address = SLICE_NONE, domain = x->host;

	if (web_query(x, SLICE("emailaddress"), &address) && !domain_of(x, address, &domain))
		web_problem(x, 400);
	else
		ask(x, CLIENT_MOBILECONFIG, address, domain);
}

/* ---- Autodiscover ---- */

/* MS-OXDSCLI 2.2.3.1.1: the address, if mail settings in the form of 2006a are asked for. */
static bool read_autodiscover(struct web_exchange *x, struct slice *ret)
{
	struct xml xml;
	enum xml_event e;
	bool schema = false;

	*ret = SLICE_NONE;
	xml_init(&xml, buf_slice(&x->body));
	while ((e = xml_next(&xml)) == XML_START || e == XML_END) {
		if (e != XML_END)
			continue;
		if (slice_eq_nocase(xml.names[xml.depth], SLICE("EMailAddress")))
			*ret = arena_dup(&x->arena, xml_text(&xml));
		else if (slice_eq_nocase(xml.names[xml.depth], SLICE("AcceptableResponseSchema")))
			schema = slice_search(xml_text(&xml), SLICE("/outlook/responseschema/2006a")) >= 0;
	}
	xml_free(&xml);
	return e == XML_FINISHED && schema;
}

void web_autodiscover(struct web_exchange *x)
{
	struct slice address, domain;

	if (!read_autodiscover(x, &address) || !domain_of(x, address, &domain))
		web_problem(x, 400);
	else
		ask(x, CLIENT_AUTODISCOVER, address, domain);
}

/* Version 2: GET …/autodiscover.json?Email=…&Protocol=…, or …/autodiscover.json/v1.0/<address>?Protocol=… */
void web_autodiscover_json(struct web_exchange *x)
{
	ptrdiff_t slash = slice_rfind(x->path, '/');
	struct slice address = slice_from(x->path, (size_t)slash + 1), domain, protocol;

	if (!slice_ends_nocase(x->path, SLICE("autodiscover.json")) || web_query(x, SLICE("Email"), &address)) {
		if (web_query(x, SLICE("Protocol"), &protocol) && slice_eq_nocase(protocol, SLICE("AutodiscoverV1"))
		    && domain_of(x, address, &domain)) {
			ask(x, CLIENT_AUTODISCOVER_JSON, SLICE_NONE, domain);
			return;
		}
	}
	web_answer(x, 400, "application/json", NULL, 0, SLICE("{\"ErrorCode\":\"InvalidProtocol\",\"ErrorMessage\":\"Protocol is AutodiscoverV1, Email an address.\"}\n"));
}
