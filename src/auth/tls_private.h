/* Inside of auth/tls.h: tls.c (rows and what is due), tls_order.c (one order of ACME), tls_staple.c (OCSP). */
#ifndef AUTH_TLS_PRIVATE_H
#define AUTH_TLS_PRIVATE_H

#include "auth/tls.h"

struct tls_challenge {
	struct tls_challenge *next;
	enum acme_challenge kind;
	struct slice name, token, text; /* text: key authorization, chain of TLS-ALPN-01, or record of DNS-01 */
	struct arena arena;
};

struct auth_certificates {
	struct directory *directory;
	const struct auth_host *host;
	struct auth_tls_host tls;
	struct auth_tls_settings settings;
	uint64_t generation;
	int64_t ordering;                /* id of the row; 0: no order is under way */
	int64_t stapling;                /* id of the row whose answer of OCSP is asked for; 0: none */
	int64_t asking;                  /* id of the row whose renewal is asked about; 0: none */
	struct tls_asked {
		int64_t id, again;
	} asked[TLS_ROWS_MAX];           /* when it is asked about next */
	uint32_t ordering_key;
	uint32_t account_key;
	struct arena arena;              /* of the order */
	struct tls_challenge *challenges;
};

int64_t auth_tls_now(const struct auth_certificates *t);
/* A row in a change of its own. */
int auth_tls_save(struct auth_certificates *t, const struct tls_row *row, int64_t *ret_id, struct error *err);
void auth_tls_changed(struct auth_certificates *t);
/* Puts a chain into the row; saves it. */
int auth_tls_install(struct auth_certificates *t, struct tls_row *row, struct slice chain_pem, int64_t *ret_id, struct error *err);
void auth_tls_tell(const struct auth_certificates *t, enum log_event event, const struct tls_row *row, struct slice why, struct slice what);
size_t auth_tls_names(struct slice text, struct slice names[ACME_NAMES_MAX]);
/* tls_staple.c: asks for an answer of OCSP about the row. */
void auth_tls_staple(struct auth_certificates *t, struct tls_row *row);
/* tls_renewal.c: is it time to ask the authority when the row is to be renewed? Asks, and takes what it says. */
bool auth_tls_renewal_due(struct auth_certificates *t, const struct tls_row *row);
void auth_tls_renewal_ask(struct auth_certificates *t, const struct tls_row *row);
/* By what the authority knows the row's certificate; empty: there is none. */
struct slice auth_tls_renewal_id(const struct tls_row *row, struct arena *arena);
/* tls_order.c */
void auth_tls_order_begin(struct auth_certificates *t, const struct tls_row *row);

#endif
