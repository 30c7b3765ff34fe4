/*
 * What mail programs want to be told to set themselves up: Mozilla's autoconfig, Autodiscover of Microsoft (POX and the JSON of
 * version 2) and Apple's configuration profile. Pure: the caller says what is served; nothing unencrypted is ever written.
 */
#ifndef TRUST_CLIENT_SETUP_H
#define TRUST_CLIENT_SETUP_H

#include "base/buf.h"

#define CLIENT_SETUP_MAX 16384 /* bytes of one document */

enum client_service { CLIENT_IMAPS, CLIENT_IMAP, CLIENT_POP3S, CLIENT_POP3, CLIENT_SUBMISSIONS, CLIENT_SUBMISSION, CLIENT_SERVICES };

struct client_setup {
	struct slice domain, host;        /* A-labels */
	struct slice address;             /* of the person; empty: the programs put theirs in */
	struct slice name;                /* of the organisation or domain as people know it; empty: the domain */
	uint16_t ports[CLIENT_SERVICES];  /* 0: not offered. IMAP, POP3 and SUBMISSION are meant with STARTTLS */
	bool oauth;                       /* OAuth 2.0 beside the password */
};

/* The service of an option listen: "imaps", "submission", … False: none that mail programs use. */
bool client_service_find(struct slice name, enum client_service *ret);

enum client_setup_format { CLIENT_AUTOCONFIG, CLIENT_AUTODISCOVER, CLIENT_AUTODISCOVER_JSON, CLIENT_MOBILECONFIG, CLIENT_FORMATS };
bool client_setup_format_find(struct slice name, enum client_setup_format *ret); /* "autoconfig", "autodiscover", … */
const char *client_setup_media_type(enum client_setup_format format);
/*
 * Appends the document. 0; ERR_NOT_FOUND: nothing is offered that the format could tell of; ERR_INVALID: the format needs an address.
 * A profile is not signed.
 */
int client_setup_write(const struct client_setup *setup, enum client_setup_format format, struct buf *out);

/* Appends text with & < > " ' as references, and without characters that XML 1.0 has not; what is no UTF-8 becomes U+FFFD. */
void client_setup_escape(struct slice text, struct buf *out);

#endif
