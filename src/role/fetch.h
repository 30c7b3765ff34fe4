/*
 * HTTPS requests of other roles (sign-in with other providers, SMS gateways) to the hosts that fetch.allow names, and to no others but those where
 * relay asks for policies of MTA-STS: a role of its own, so that who asks has no network. TLS is always verified; redirects are answers, not followed.
 *
 *   fetch.c       the role: one job, one connection, one answer          fetch_rule.c  which hosts and addresses
 *   fetch_policy.c  what relay may ask for
 */
#ifndef ROLE_FETCH_H
#define ROLE_FETCH_H

#include "role/role.h"

#define FETCH_MS 20000            /* from question to answer */
#define FETCH_CONNECT_MS 5000     /* one address */
#define FETCH_ADDRESSES_MAX 8     /* tried */
#define FETCH_BODY_MAX 240000     /* bytes of an answer's body; with its head below the row of FETCH */
#define FETCH_FIELDS_MAX 50       /* fields of a request */
#define FETCH_TLS_FAILED "the TLS handshake failed" /* error of an answer */
#define FETCH_POLICY_MAX 65536    /* bytes of a policy of MTA-STS */

struct fetch;
struct http_field;
struct http_url;
/* Frees the state of a role without jobs, for tests: processes just end. */
void fetch_free(struct fetch *fetch);

/*
 * fetch.allow holds names ("idp.example", "idp.example:8443"; without a port 443 only) and addresses or prefixes. A name must stand there
 * itself; a literal must be held by a prefix.
 */
bool fetch_host_allowed(const config_texts *allow, struct slice host, uint16_t port);
/* Is it the host of the directory of ACME that tls.acme names? It needs no row in fetch.allow; a private address does. */
bool fetch_acme_allowed(struct slice directory, struct slice host, uint16_t port);
/*
 * What queue may ask any host for: POST of a report of TLS, packed (RFC 8460 5.4), to port 443 or what fetch.allow names. Private addresses need
 * fetch.allow all the same.
 */
#define FETCH_REPORT_FIELDS "Content-Type: application/tlsrpt+gzip\n"
bool fetch_report_allowed(const struct ipc_fetch *request, const struct http_url *url, const config_texts *allow);
/*
 * What auth may ask any host for, over plain HTTP too: POST of a request of OCSP (RFC 6960 A.1), whose answers are signed. Private addresses need
 * fetch.allow all the same.
 */
#define FETCH_OCSP_FIELDS "Content-Type: application/ocsp-request\n"
#define FETCH_OCSP_REQUEST_MAX 2048
bool fetch_ocsp_allowed(const struct ipc_fetch *request);
/*
 * What mail may ask any host for: POST of a push message (RFC 8030 5) to port 443 or what fetch.allow names, with the fields that one has, in their
 * order. Private addresses need fetch.allow all the same: who subscribes names the host.
 */
#define FETCH_PUSH_MAX 4096            /* RFC 8291 4: bytes of a message */
#define FETCH_PUSH_ANSWER_MAX 16384
#define FETCH_PUSH_FIELDS "Content-Type: application/octet-stream\nContent-Encoding: aes128gcm\nTTL: 86400\nUrgency: normal\nTopic: mail\nAuthorization: "
bool fetch_push_allowed(const struct ipc_fetch *request, const struct http_url *url, const config_texts *allow);
/* Addresses outside of the public internet only when an address or prefix of the list holds them: a name cannot be pointed inwards. */
bool fetch_address_allowed(const config_texts *allow, struct slice address);
/* "Name: value" lines, each ended by LF, into fields that borrow. Their number, or ERR_INVALID, ERR_LIMIT. */
int fetch_fields_parse(struct slice text, struct http_field *fields, size_t room);
/*
 * What relay may ask for: GET of https://mta-sts.<domain>/.well-known/mta-sts.txt at `port`, without fields and body (RFC 8461 3.3). fetch.allow does
 * not name these hosts; private addresses need it all the same.
 */
bool fetch_policy_allowed(const struct ipc_fetch *request, const struct http_url *url, uint16_t port);

#endif
