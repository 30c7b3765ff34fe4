/*
 * The message table: every request that one role may send another. It is the trust boundary of the system.
 *
 * IPC_REQUEST(ID, name, senders, receiver, max bytes, outstanding per channel, deadline in ms)
 *   `senders` is a set of R(role) or EVERYBODY; a message from anybody else ends the sender. A request with deadline 0 is a hint:
 *   it has no reply and may be lost. The maximum holds for request and reply; 262144 is what a socket takes without privileges.
 * IPC_FIELDS_<ID>(F) and IPC_REPLY_<ID>(F) list the fields: F(type, name), type one of
 *   u8 u16 u32 u64 (numbers) · id (16 bytes) · key (32 bytes) · bytes (up to the maximum) · fd (at most 2 per message)
 * Struct, encoder, decoder and permission check are made from this table by ipc/codec.c. Lists travel as `bytes` in the
 * form that the named header defines.
 */

/* ---- key: signs, unwraps, computes; the only role that may be asked synchronously ---- */
IPC_REQUEST(KEY_TLS_SIGN, key_tls_sign, R(MX) | R(CLIENT) | R(MANAGE) | R(WEB), KEY, 4096, 256, 10000)
IPC_REQUEST(KEY_TLS_MAKE, key_tls_make, R(AUTH), KEY, 16384, 4, 10000)
IPC_REQUEST(KEY_TLS_DROP, key_tls_drop, R(AUTH), KEY, 256, 64, 10000)
IPC_REQUEST(KEY_TLS_REQUEST, key_tls_request, R(AUTH), KEY, 49152, 8, 10000)
IPC_REQUEST(KEY_TLS_ALPN, key_tls_alpn, R(AUTH), KEY, 16384, 8, 10000)
IPC_REQUEST(KEY_ACME, key_acme, R(AUTH), KEY, 49152, 8, 10000)
IPC_REQUEST(KEY_PROFILE, key_profile, R(WEB), KEY, 49152, 16, 5000)
IPC_REQUEST(KEY_HMAC, key_hmac, R(AUTH), KEY, 4096, 256, 10000)
IPC_REQUEST(KEY_PUSH, key_push, R(MAIL), KEY, 4096, 64, 10000)
IPC_REQUEST(KEY_DATABASE, key_database, R(AUTH) | R(QUEUE) | R(AUDIT) | R(MAIL), KEY, 256, 4, 10000)
IPC_REQUEST(KEY_MANAGED, key_managed, R(AUTH), KEY, 1024, 64, 10000)
IPC_REQUEST(KEY_SIGN_CERTIFICATE, key_sign_certificate, R(AUTH), KEY, 4096, 4, 10000)
IPC_REQUEST(KEY_SIGN_HEAD, key_sign_head, R(AUDIT), KEY, 1024, 4, 10000)
IPC_REQUEST(KEY_DKIM_MAKE, key_dkim_make, R(AUTH), KEY, 4096, 4, 60000)
IPC_REQUEST(KEY_DKIM_DROP, key_dkim_drop, R(AUTH), KEY, 256, 256, 10000)
IPC_REQUEST(KEY_DKIM_SIGN, key_dkim_sign, R(FILTER), KEY, 4096, 64, 10000)
IPC_REQUEST(KEY_CA_MAKE, key_ca_make, R(AUTH), KEY, 4096, 4, 60000)
IPC_REQUEST(KEY_CA_ISSUE, key_ca_issue, R(AUTH), KEY, 4096, 16, 10000)
IPC_REQUEST(KEY_CA_CRL, key_ca_crl, R(AUTH), KEY, 256, 4, 30000)
IPC_REQUEST(KEY_CA_DROP, key_ca_drop, R(AUTH), KEY, 256, 16, 10000)
IPC_REQUEST(KEY_EPOCH, key_epoch, R(QUEUE) | R(FILTER), KEY, 256, 16, 10000)
IPC_REQUEST(KEY_EPOCH_DROP, key_epoch_drop, R(QUEUE), KEY, 256, 16, 10000)
IPC_REQUEST(KEY_OPEN, key_open, R(FILTER) | R(RELAY), KEY, 1024, 64, 10000)

/* ---- auth: who is it, who receives it, may he ---- */
IPC_REQUEST(AUTH_SASL, auth_sasl, R(CLIENT) | R(WEB), AUTH, 16384, 4096, 20000)
IPC_REQUEST(AUTH_SENDER, auth_sender, R(CLIENT) | R(MAIL), AUTH, 4096, 4096, 10000)
IPC_REQUEST(AUTH_IDENTITY, auth_identity, R(MAIL), AUTH, 131072, 256, 10000)
IPC_REQUEST(AUTH_OTHERS, auth_others, R(MAIL), AUTH, 65536, 256, 10000)
IPC_REQUEST(AUTH_OTHER, auth_other, R(MAIL), AUTH, 16384, 256, 20000)
IPC_REQUEST(AUTH_SENT, auth_sent, R(CLIENT) | R(MAIL), AUTH, 256, 4096, 0)
IPC_REQUEST(AUTH_BOUNCED, auth_bounced, R(QUEUE), AUTH, 256, 1024, 0)
IPC_REQUEST(AUTH_RECIPIENT, auth_recipient, R(MX) | R(CLIENT) | R(MAIL), AUTH, 262144, 65536, 60000)
IPC_REQUEST(AUTH_SCRIPTS, auth_scripts, R(MX) | R(CLIENT) | R(MAIL), AUTH, 262144, 1024, 10000)
IPC_REQUEST(AUTH_REDIRECT, auth_redirect, R(MX) | R(CLIENT) | R(MAIL), AUTH, 262144, 1024, 10000)
IPC_REQUEST(AUTH_SIEVE, auth_sieve, R(CLIENT) | R(MAIL), AUTH, 262144, 1024, 20000)
IPC_REQUEST(AUTH_ROUTE, auth_route, R(RELAY), AUTH, 1024, 1024, 10000)
IPC_REQUEST(AUTH_SIGNER, auth_signer, R(QUEUE), AUTH, 16384, 1024, 10000)
IPC_REQUEST(AUTH_LANGUAGE, auth_language, R(QUEUE), AUTH, 256, 1024, 10000)
IPC_REQUEST(AUTH_REVIEWER, auth_reviewer, R(MX) | R(CLIENT) | R(MAIL), AUTH, 4096, 1024, 10000)
IPC_REQUEST(AUTH_PEOPLE, auth_people, R(MX), AUTH, 65536, 1024, 10000)
IPC_REQUEST(AUTH_WEB_DOMAIN, auth_web_domain, R(WEB), AUTH, 16384, 1024, 10000)
IPC_REQUEST(AUTH_CHALLENGE, auth_challenge, R(WEB), AUTH, 4096, 256, 5000)
IPC_REQUEST(AUTH_CERTIFICATES, auth_certificates, R(MX) | R(CLIENT) | R(MANAGE) | R(WEB), AUTH, 256, 4, 120000)
IPC_REQUEST(AUTH_REVALIDATE, auth_revalidate, R(MAIL), AUTH, 65536, 64, 10000)
IPC_REQUEST(AUTH_CLAIMS, auth_claims, R(MAIL), AUTH, 4096, 256, 10000)
IPC_REQUEST(AUTH_PROFILE, auth_profile, R(MAIL), AUTH, 65536, 256, 10000)
IPC_REQUEST(AUTH_TRUST, auth_trust, R(CLIENT), AUTH, 262144, 4, 10000)
IPC_REQUEST(AUTH_ADMIN, auth_admin, R(ADMIN), AUTH, 65536, 32, 60000)
IPC_REQUEST(AUTH_AUTHORIZE, auth_authorize, R(ADMIN), AUTH, 65536, 32, 10000)
IPC_REQUEST(AUTH_ONCE, auth_once, R(ADMIN), AUTH, 65536, 32, 10000)
IPC_REQUEST(AUTH_ONCE_DONE, auth_once_done, R(ADMIN), AUTH, 65536, 256, 10000)

/* ---- filter: a pure function ---- */
IPC_REQUEST(FILTER_SEAL, filter_seal, R(MX) | R(CLIENT) | R(MAIL), FILTER, 262144, 256, 30000)
IPC_REQUEST(FILTER_DSN, filter_dsn, R(QUEUE), FILTER, 262144, 32, 30000)
IPC_REQUEST(FILTER_REPORT, filter_report, R(QUEUE), FILTER, 32768, 4, 60000)
IPC_REQUEST(FILTER_NOTICE, filter_notice, R(QUEUE), FILTER, 32768, 64, 30000)
IPC_REQUEST(FILTER_VIEW, filter_view, R(MAIL), FILTER, 65536, 64, 30000)
IPC_REQUEST(FILTER_PARSE, filter_parse, R(MAIL), FILTER, 65536, 64, 30000)

/* ---- queue: durable acceptance and the ledger ---- */
IPC_REQUEST(QUEUE_ROOM, queue_room, R(MX) | R(CLIENT) | R(MAIL), QUEUE, 256, 65536, 10000)
IPC_REQUEST(QUEUE_ACCEPT, queue_accept, R(MX) | R(CLIENT) | R(MAIL), QUEUE, 34816, 4096, 60000)
IPC_REQUEST(QUEUE_NOTICE, queue_notice, R(AUTH), QUEUE, 32768, 64, 100000)
IPC_REQUEST(QUEUE_CONTAIN, queue_contain, R(AUTH), QUEUE, 256, 64, 60000)
IPC_REQUEST(QUEUE_ARRIVALS, queue_arrivals, R(MAIL), QUEUE, 65536, 1024, 20000)
IPC_REQUEST(QUEUE_SUBMISSION, queue_submission, R(MAIL), QUEUE, 262144, 1024, 30000)
IPC_REQUEST(QUEUE_UNREF, queue_unref, R(MAIL), QUEUE, 65536, 256, 20000)
IPC_REQUEST(QUEUE_RECALL, queue_recall, R(MX) | R(CLIENT) | R(MAIL), QUEUE, 65536, 1024, 10000)
IPC_REQUEST(QUEUE_REMEMBER, queue_remember, R(MX) | R(CLIENT) | R(MAIL), QUEUE, 32768, 1024, 0)
IPC_REQUEST(QUEUE_QUARANTINED, queue_quarantined, R(AUTH), QUEUE, 65536, 2, 60000)
IPC_REQUEST(QUEUE_FAILING, queue_failing, R(AUTH), QUEUE, 65536, 2, 60000)
IPC_REQUEST(QUEUE_TEACH, queue_teach, R(MAIL), QUEUE, 32768, 1024, 10000)
IPC_REQUEST(QUEUE_LEARNT, queue_learnt, R(MAIL), QUEUE, 256, 16, 20000)
IPC_REQUEST(QUEUE_ADMIN, queue_admin, R(ADMIN) | R(AUTH), QUEUE, 65536, 32, 60000)

/* ---- relay and resolver ---- */
IPC_REQUEST(RELAY_DELIVER, relay_deliver, R(QUEUE), RELAY, 262144, 512, 900000)
IPC_REQUEST(RELAY_VERIFY, relay_verify, R(AUTH), RELAY, 4096, 1024, 45000)
IPC_REQUEST(RESOLVE, resolve, R(RELAY) | R(MX) | R(CLIENT) | R(FETCH) | R(LDAP) | R(SHIP) | R(AUTH) | R(QUEUE), RESOLVER, 65536, 1024, 30000)
/* ---- admin, and requests to other servers ---- */
IPC_REQUEST(ADMIN_CALL, admin_call, R(MANAGE) | R(WEB), ADMIN, 262144, 256, 70000)
IPC_REQUEST(ADMIN_HEALTH, admin_health, R(MANAGE), ADMIN, 262144, 16, 5000)
IPC_REQUEST(FETCH, fetch, R(AUTH) | R(SHIP) | R(RELAY) | R(QUEUE) | R(MAIL), FETCH, 262144, 64, 25000)
IPC_REQUEST(SCAN, scan, R(MX) | R(CLIENT) | R(MAIL), SCAN, 262144, 256, 150000)
IPC_REQUEST(EXTRACT, extract, R(MX) | R(CLIENT) | R(MAIL), EXTRACT, 16384, 64, 120000)
IPC_REQUEST(LDAP_VERIFY, ldap_verify, R(AUTH), LDAP, 65536, 256, 45000)
IPC_REQUEST(LDAP_RECIPIENT, ldap_recipient, R(AUTH), LDAP, 4096, 1024, 45000)
IPC_REQUEST(LDAP_SYNC, ldap_sync, R(AUTH), LDAP, 262144, 4, 600000)

/* ---- mail: the shards of the readers ---- */
IPC_REQUEST(MAIL_TICKET, mail_ticket, R(AUTH), MAIL, 65536, 4096, 10000)
IPC_REQUEST(MAIL_REVOKE, mail_revoke, R(AUTH), MAIL, 256, 4096, 10000)
IPC_REQUEST(MAIL_UNLEARN, mail_unlearn, R(AUTH), MAIL, 256, 256, 10000)
IPC_REQUEST(MAIL_REVALIDATE, mail_revalidate, R(AUTH), MAIL, 256, 4, 0)
IPC_REQUEST(MAIL_ATTACH, mail_attach, R(CLIENT) | R(WEB) | R(MAIL), MAIL, 65536, 4096, 10000)
IPC_REQUEST(MAIL_HINT, mail_hint, R(QUEUE), MAIL, 256, 4096, 0)
IPC_REQUEST(MAIL_ADMIN, mail_admin, R(ADMIN), MAIL, 65536, 32, 60000)

/* ---- edge: what auth takes back ---- */
IPC_REQUEST(EDGE_KNOWN, edge_known, R(AUTH), CLIENT, 256, 1024, 0)
IPC_REQUEST(EDGE_REVOKE, edge_revoke, R(AUTH), CLIENT, 256, 4096, 10000)
IPC_REQUEST(EDGE_TRUST, edge_trust, R(AUTH), CLIENT, 64, 4, 0)

/* ---- audit: the log of what was done ---- */
IPC_REQUEST(AUDIT_APPEND, audit_append, EVERYBODY, AUDIT, 262144, 64, 15000)
IPC_REQUEST(AUDIT_ADMIN, audit_admin, R(ADMIN), AUDIT, 262144, 32, 60000)
IPC_REQUEST(AUDIT_READ, audit_read, R(SHIP), AUDIT, 262144, 8, 30000)
IPC_REQUEST(AUDIT_CURSOR, audit_cursor, R(SHIP), AUDIT, 1024, 8, 30000)
IPC_REQUEST(AUDIT_NOTE, audit_note, R(SHIP), AUDIT, 32768, 8, 30000)
IPC_REQUEST(AUDIT_COSIGN, audit_cosign, R(SHIP), AUDIT, 65536, 8, 30000)

/* ---- parent: life of the roles ---- */
IPC_REQUEST(PARENT_ADMIN, parent_admin, R(ADMIN), PARENT, 262144, 8, 60000)
