/*
 * The records that a mail domain needs in DNS, made from facts about the server, and what DNS says compared with them. Pure: who asks
 * DNS and keeps what was muted is auth/dns.h.
 */
#ifndef TRUST_DNS_RECORDS_H
#define TRUST_DNS_RECORDS_H

#include "trust/facts.h"

#define DNS_RECORDS_MAX 64
#define DNS_RECORDS_SERVICES_MAX 16
#define DNS_RECORDS_KEYS_MAX 16
#define DNS_RECORDS_TLSA_MAX 4
#define DNS_RECORDS_TTL 3600
#define DNS_RECORDS_CURRENT_MAX 500 /* bytes of what is there, as it is shown; more is cut */

/* What a record is for; decides how it is compared. */
enum dns_purpose {
	DNS_FOR_MAIL,        /* MX */
	DNS_FOR_SPF,
	DNS_FOR_DKIM,        /* of a key that signs, or will */
	DNS_FOR_DKIM_OLD,    /* of a key that was retired and stays published for mail under way */
	DNS_FOR_DMARC,
	DNS_FOR_TLSRPT,      /* RFC 8460 */
	DNS_FOR_STS,         /* RFC 8461 */
	DNS_FOR_DANE,        /* TLSA of port 25, RFC 7672 */
	DNS_FOR_CERTIFICATES,/* CAA, RFC 8659 */
	DNS_FOR_CLIENTS,     /* SRV and names by which mail programs set themselves up */
};
const char *dns_purpose_name(enum dns_purpose purpose);

struct dns_facts {
	struct slice domain, host;       /* of the mail domain and of this server; lower case, A-labels */
	struct dns_facts_service {
		struct slice name;       /* "imaps", "submissions", … as in the option listen */
		uint16_t port;
	} services[DNS_RECORDS_SERVICES_MAX];
	size_t service_count;
	struct dns_facts_key {
		struct slice selector, text;
		bool retired;
	} keys[DNS_RECORDS_KEYS_MAX];
	size_t key_count;
	uint8_t tlsa[DNS_RECORDS_TLSA_MAX][32]; /* SHA-256 of the certificate's public key: the present one, then the next */
	size_t tlsa_count;
	bool smart_host;                 /* mail leaves through somebody else: SPF must not end hard */
	struct slice ca;                 /* its name in CAA; empty: not known */
	/* What is announced only when it is served over HTTPS. */
	bool autoconfig, autodiscover;
	struct slice sts_id;             /* of the MTA-STS policy; empty: there is none */
};

struct dns_record {
	struct slice name;               /* lower case, without the last dot */
	uint16_t type;
	bool has_priority;               /* MX and SRV */
	uint16_t priority;
	/*
	 * TXT: the text itself. All others as in a master file, behind the priority, names with their last dot: "mail.example.org.",
	 * "1 993 mail.example.org.", "3 1 1 <hex>", "0 issue \"ca.example\"".
	 */
	struct slice value;
	enum dns_purpose purpose;
};
const char *dns_type_name(uint16_t type); /* "TYPE99" is never returned: "other" */
bool dns_type_find(struct slice name, uint16_t *ret);

/* The number of records; texts live in the arena or are those of the facts. */
size_t dns_records_make(const struct dns_facts *facts, struct arena *arena, struct dns_record ret[DNS_RECORDS_MAX]);

enum dns_state { DNS_STATE_OK, DNS_STATE_MISSING, DNS_STATE_DIFFERENT, DNS_STATE_UNKNOWN /* no answer */ };
const char *dns_state_name(enum dns_state state);
/*
 * Compares one record with the records that DNS has at its name and type. Where a domain may choose (the policy of DMARC, further
 * senders in SPF, further hosts in MX) another choice is fine; what makes mail fail is not. *ret_current: what is there, in the arena.
 */
enum dns_state dns_record_check(const struct dns_record *record, struct slice records, struct arena *arena, struct slice *ret_current);

/* The name in CAA (RFC 8659 4.2) of the authority that calls itself so in its certificates; empty: not known. */
struct slice dns_ca_find(struct slice organisation);

/* The zone that a provider has for a domain: the registrable one (public suffix list); the domain itself when there is none. */
struct slice dns_zone_of(struct slice domain, struct arena *arena);

/*
 * A master file (RFC 1035 5) with absolute names: texts in quotes, split at 255 bytes. What belongs to another zone stands at the end as a
 * comment.
 */
void dns_records_bind(const struct dns_record *records, size_t count, struct slice zone, struct buf *out);

/* The form of a provider's console. */
struct dns_provider {
	const char *name;
	const char *types;               /* that it has, separated by spaces */
	const char *apex;                /* host record of the zone itself */
	const char *ttl;
	bool mx_apart, srv_apart;        /* the priority has a field of its own */
	bool quotes;                     /* texts in quotes, split at 255 bytes */
	bool dots;                       /* names in values end with a dot */
};
const struct dns_provider *dns_provider_find(struct slice name); /* NULL: not known */
/* All names, separated by ", ". */
extern const char dns_provider_names[];
struct dns_form {
	struct slice host, value;        /* in the arena */
	const char *type, *ttl;
	bool has_priority;
	uint16_t priority;
};
enum dns_form_result { DNS_FORM_OK, DNS_FORM_OTHER_ZONE, DNS_FORM_NO_TYPE };
enum dns_form_result dns_provider_form(const struct dns_provider *provider, const struct dns_record *record, struct slice zone,
	struct arena *arena, struct dns_form *ret);

#endif
