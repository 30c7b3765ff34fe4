/*
 * One further identity provider in one line of the configuration (sso.providers):
 *   NAME issuer=https://… client=ID [audience=…] [scope=email+profile] [redirect=https://…] [domains=a.example,b.example]  [link_email] [provision] [trusted_factors]
 * or a CAS server:
 *   NAME cas=https://… [redirect=https://…] [domains=a.example] [link_email] [provision]
 * With CAS link_email and provision need domains: whose addresses it may speak for.
 */
#ifndef SSO_PROVIDER_ROW_H
#define SSO_PROVIDER_ROW_H

#include "base/error.h"
#include "base/slice.h"

#define PROVIDER_NAME_MAX 40

struct provider_row { /* borrowed from the line */
	struct slice name, issuer, client, audience, scope, redirect, domains; /* scope: with '+'; domains: with ',' */
	bool link_email, trusted_factors, provision, cas; /* cas: issuer is its address */
};
/* ERR_INVALID: err says which word. */
int provider_row_parse(struct slice line, struct provider_row *ret, struct error *err);
/* Letters, digits, '-', '_', '.'. */
bool provider_name_valid(struct slice name);
/* Does the list hold the domain of this address? An empty list holds none. */
bool provider_domains_have(struct slice domains, struct slice email);
/* The line "NAME SECRET" of this provider in the file of secrets; its first line is that of the provider without name. Empty: none. */
struct slice provider_secret(struct slice file, struct slice name);

#endif
