/* The fields of every request and reply of ipc/messages.h. F(type, name). */
#ifndef IPC_FIELDS_H
#define IPC_FIELDS_H

/* Signs a TLS handshake digest with certificate key number `key`. scheme: TLS SignatureScheme (RFC 8446 4.2.3). */
#define IPC_FIELDS_KEY_TLS_SIGN(F) F(u32, key) F(u16, scheme) F(bytes, digest)
#define IPC_REPLY_KEY_TLS_SIGN(F) F(u8, status) F(bytes, signature)
/* Keys of certificates, by a number that key gives (0 is that of tls.key). use: enum keystore_tls_use; pem: a key that somebody brings, empty: a new one.
 * hash: SHA-256 of the public key as certificates have it. */
#define IPC_FIELDS_KEY_TLS_MAKE(F) F(u8, use) F(bytes, pem)
#define IPC_REPLY_KEY_TLS_MAKE(F) F(u8, status) F(u32, key) F(key, hash)
#define IPC_FIELDS_KEY_TLS_DROP(F) F(u32, key)
#define IPC_REPLY_KEY_TLS_DROP(F) F(u8, status)
/* A request for a certificate (PKCS#10, DER). names: bytes each. */
#define IPC_FIELDS_KEY_TLS_REQUEST(F) F(u32, key) F(bytes, names) F(u8, must_staple)
#define IPC_REPLY_KEY_TLS_REQUEST(F) F(u8, status) F(bytes, request)
/* The certificate of a TLS-ALPN-01 challenge (RFC 8737). */
#define IPC_FIELDS_KEY_TLS_ALPN(F) F(u32, key) F(bytes, name) F(key, digest)
#define IPC_REPLY_KEY_TLS_ALPN(F) F(u8, status) F(bytes, chain)
/* A request of ACME, made and signed by key (crypt/tls_make.h). */
#define IPC_FIELDS_KEY_ACME(F) F(u32, key) F(bytes, nonce) F(bytes, url) F(bytes, kid) F(bytes, payload)
#define IPC_REPLY_KEY_ACME(F) F(u8, status) F(bytes, request) F(bytes, thumbprint)
/* A configuration profile, signed as CMS with the key of a certificate; nothing else is signed so. */
#define IPC_FIELDS_KEY_PROFILE(F) F(u32, key) F(bytes, chain) F(bytes, content)
#define IPC_REPLY_KEY_PROFILE(F) F(u8, status) F(bytes, signed_text)
/* HMAC under an organisation key that is named by `label` (pepper, scram-fake, …). */
#define IPC_FIELDS_KEY_HMAC(F) F(bytes, label) F(bytes, data)
#define IPC_REPLY_KEY_HMAC(F) F(u8, status) F(key, mac)
/* A token for a push service (RFC 8292) and the public key that it is signed with (65 bytes). Key writes the token itself and signs nothing else so; audience:
 * "https://host"; empty: only the key is asked for. */
#define IPC_FIELDS_KEY_PUSH(F) F(bytes, audience)
#define IPC_REPLY_KEY_PUSH(F) F(u8, status) F(bytes, token) F(bytes, public_key)
/* The key of a database or file set: auth gets "directory", queue gets "spool" and "jobs", mail gets "push"; nothing else. */
#define IPC_FIELDS_KEY_DATABASE(F) F(bytes, name)
#define IPC_REPLY_KEY_DATABASE(F) F(u8, status) F(key, key)
/* Wraps (wrap=1) or opens (wrap=0) account secrets of a managed account. */
#define IPC_FIELDS_KEY_MANAGED(F) F(u8, wrap) F(id, account) F(bytes, data)
#define IPC_REPLY_KEY_MANAGED(F) F(u8, status) F(bytes, data)
/* Signs the head of the audit log: text of audit/note.h, made by key itself from these fields. Refused when it would take back a size or change a
 * root that was signed before. */
#define IPC_FIELDS_KEY_SIGN_CERTIFICATE(F) F(bytes, text)
#define IPC_REPLY_KEY_SIGN_CERTIFICATE(F) F(u8, status) F(key, public_key) F(bytes, signature)
#define IPC_FIELDS_KEY_SIGN_HEAD(F) F(bytes, origin) F(u64, size) F(key, root) F(u64, time)
#define IPC_REPLY_KEY_SIGN_HEAD(F) F(u8, status) F(key, public_key) F(bytes, signature)
/* Keys of DKIM, by an id that key gives. algorithm: enum mail_algorithm. The digest is signed as it is (RFC 6376 3.3.2, RFC 8463 3). */
#define IPC_FIELDS_KEY_DKIM_MAKE(F) F(u8, algorithm)
#define IPC_REPLY_KEY_DKIM_MAKE(F) F(u8, status) F(id, key) F(bytes, public_key)
#define IPC_FIELDS_KEY_DKIM_DROP(F) F(id, key)
#define IPC_REPLY_KEY_DKIM_DROP(F) F(u8, status)
#define IPC_FIELDS_KEY_DKIM_SIGN(F) F(id, key) F(u8, algorithm) F(key, digest)
#define IPC_REPLY_KEY_DKIM_SIGN(F) F(u8, status) F(bytes, signature)
/* Authorities of our own, by an id that key gives (crypt/mail_ca.h): a root, or an issuing one below `root`. Key makes the certificates from these fields
 * itself and signs nothing else; algorithm: enum mail_ca_algorithm. */
#define IPC_FIELDS_KEY_CA_MAKE(F) \
	F(u8, algorithm) F(u8, issuing) F(id, root) F(bytes, organisation) F(bytes, name) F(bytes, domains) F(u64, not_before) F(u64, not_after)
#define IPC_REPLY_KEY_CA_MAKE(F) F(u8, status) F(id, key) F(bytes, certificate)
#define IPC_FIELDS_KEY_CA_ISSUE(F) \
	F(id, key) F(id, serial) F(bytes, spki) F(bytes, address) F(id, account) F(u32, device) F(u64, not_before) F(u64, not_after) F(bytes, crl_url)
#define IPC_REPLY_KEY_CA_ISSUE(F) F(u8, status) F(bytes, certificate)
/* revoked: entries of crypt/mail_ca.h in a memfd, as the list comes back. */
#define IPC_FIELDS_KEY_CA_CRL(F) F(id, key) F(u64, number) F(u64, this_update) F(u64, next_update) F(fd, revoked)
#define IPC_REPLY_KEY_CA_CRL(F) F(u8, status) F(fd, crl)
#define IPC_FIELDS_KEY_CA_DROP(F) F(id, key)
#define IPC_REPLY_KEY_CA_DROP(F) F(u8, status)
/* The public key of the newest queue epoch; one is made when there is none or it is older than an hour (queue asks with rotate=1). */
#define IPC_FIELDS_KEY_EPOCH(F) F(u8, rotate)
#define IPC_REPLY_KEY_EPOCH(F) F(u8, status) F(u32, epoch) F(key, public_key)
/* Destroys the private half of every epoch from `from` on and below `before`, except the newest. */
#define IPC_FIELDS_KEY_EPOCH_DROP(F) F(u32, from) F(u32, before)
#define IPC_REPLY_KEY_EPOCH_DROP(F) F(u8, status) F(u32, dropped)
/* Opens the wrap of an outbound reader (store/seal.h) and gives the data key of that one record. */
#define IPC_FIELDS_KEY_OPEN(F) F(u32, epoch) F(key, ephemeral) F(bytes, record_nonce) F(bytes, wrap)
#define IPC_REPLY_KEY_OPEN(F) F(u8, status) F(key, data_key)

/* What a session stands on: a credential of its account; when a delegate opened it (delegate is not zero) that one is the delegation, and proof the
 * delegate's own credential. When one of them goes, so does the session. */
#define IPC_FIELDS_STANDING(F) F(u32, credential) F(id, delegate) F(u32, proof)

/* One SASL step. session 0 starts; data is the decoded client response. status: enum auth_status (auth/auth.h).
 * On success for a protocol that needs a mailbox: shard, ticket. sender: MACed sender fact for FILTER_SEAL (store/fact.h). */
#define IPC_FIELDS_AUTH_SASL(F) \
	F(bytes, cid) F(u64, session) F(u8, protocol) F(u8, tls) F(bytes, address) F(bytes, mechanism) F(bytes, binding_type) F(bytes, binding) F(bytes, data)
#define IPC_REPLY_AUTH_SASL(F) \
	F(u8, status) F(u64, session) F(bytes, data) F(id, account) F(bytes, login) F(u16, shard) F(id, ticket) F(bytes, sender) F(bytes, actor) \
	IPC_FIELDS_STANDING(F)
/* May this session (still) use the reverse-path? */
#define IPC_FIELDS_AUTH_SENDER(F) F(bytes, cid) F(id, account) F(bytes, reverse_path) IPC_FIELDS_STANDING(F)
#define IPC_REPLY_AUTH_SENDER(F) F(u8, status) F(u8, limit)
/* What the account may send as. status: AUTH_SUSPENDED: it may send nothing now; sender: facts as in AUTH_SASL; login and name of the account; actor: the
 * delegate whom letters name as their sender, or empty; addresses: bytes each. */
#define IPC_FIELDS_AUTH_IDENTITY(F) F(bytes, cid) F(id, account) IPC_FIELDS_STANDING(F)
#define IPC_REPLY_AUTH_IDENTITY(F) F(u8, status) F(bytes, sender) F(bytes, login) F(bytes, name) F(bytes, actor) F(bytes, addresses)
/* The mailboxes of others that the account may open. accounts: id (16 bytes), rights u64, end of the grant u64 (0: none), bytes login, bytes name. */
#define IPC_FIELDS_AUTH_OTHERS(F) F(id, account)
#define IPC_REPLY_AUTH_OTHERS(F) F(u8, status) F(bytes, accounts)
/* Who signed in to `account` by `credential` opens the mailbox of `owner`: decided as a sign-in of a delegate is. secrets: of the account, which its shard
 * holds; they open the delegation, and prove nothing else. */
#define IPC_FIELDS_AUTH_OTHER(F) F(bytes, cid) F(bytes, address) F(id, account) F(u32, credential) F(bytes, secrets) F(id, owner)
#define IPC_REPLY_AUTH_OTHER(F) F(u8, status) F(u16, shard) F(id, ticket)
/* A message of the account was taken: hint. */
#define IPC_FIELDS_AUTH_SENT(F) F(id, account) F(u64, size)
#define IPC_REPLY_AUTH_SENT(F)
/* Messages of the account failed for good: hint. */
#define IPC_FIELDS_AUTH_BOUNCED(F) F(id, account) F(u32, count)
#define IPC_REPLY_AUTH_BOUNCED(F)
/* facts: list of MACed recipient facts (store/fact.h), one for each final target after aliases, groups, catch-all. status: enum
 * auth_status; reply: SMTP code and text when refused. account is zero when nobody is signed in. dsn: NOTIFY as given, a NUL byte,
 * ORCPT as given. address: of the client. sender, to a client that is the server behind a relay domain and sends its mail: MACed fact of the domains that
 * it may write for (envelope source BEHIND). sealer: MACed fact of the domain that passes the letter on. protocol (everywhere): enum auth_protocol. */
#define IPC_FIELDS_AUTH_RECIPIENT(F) \
	F(bytes, cid) F(id, account) F(bytes, address) F(bytes, reverse_path) F(bytes, recipient) F(bytes, dsn) IPC_FIELDS_STANDING(F)
#define IPC_REPLY_AUTH_RECIPIENT(F) \
	F(u8, status) F(u16, code) F(bytes, enhanced) F(bytes, text) F(bytes, facts) F(bytes, sender) F(bytes, sealer)
/* accounts: 16 bytes each, AUTH_SCRIPTS_MAX at most. profiles: store/profile.h of the first `count` of them; one whose owner has no active script any
 * more has none. status: enum auth_status. */
#define IPC_FIELDS_AUTH_SCRIPTS(F) F(bytes, accounts)
#define IPC_REPLY_AUTH_SCRIPTS(F) F(u8, status) F(u32, count) F(bytes, profiles)
/* Where a redirect of the account's script leads: facts as in AUTH_RECIPIENT, and the profiles of those among them that have scripts. reverse_path: of
 * the letter. sealer: as in AUTH_RECIPIENT, of the account's domain; empty: it stays in the house. status: AUTH_DENIED: mail may not leave to there
 * (auth/forward.h); AUTH_REFUSED: nobody is there. */
#define IPC_FIELDS_AUTH_REDIRECT(F) F(bytes, cid) F(id, account) F(bytes, target) F(bytes, reverse_path)
#define IPC_REPLY_AUTH_REDIRECT(F) F(u8, status) F(bytes, facts) F(bytes, profiles) F(bytes, sealer)
/* What an owner does with the own scripts. session: the ticket of AUTH_SASL; from mail the account, whose owner is signed in there; op: enum auth_sieve_op (auth/auth.h). text in the reply: why not. */
#define IPC_FIELDS_AUTH_SIEVE(F) F(bytes, cid) F(id, session) F(u8, op) F(bytes, name) F(bytes, text) F(u64, size)
#define IPC_REPLY_AUTH_SIEVE(F) F(u8, status) F(bytes, text) F(bytes, result)
/* A call with an idempotency key. hash: of operation and args. verdict: enum admin_once (ipc/admin.h); row: to tell the outcome under;
 * status and result: the kept outcome, or why the caller is refused. */
#define IPC_FIELDS_AUTH_ONCE(F) \
	F(u32, uid) F(bytes, token) F(bytes, address) F(bytes, agent) F(bytes, reason) F(bytes, op) F(bytes, key) F(key, hash)
#define IPC_REPLY_AUTH_ONCE(F) F(u8, verdict) F(u64, row) F(u8, status) F(bytes, result)
/* result empty: it may be shown once only, and is not kept. forget: nothing was done, the key may be used again. The reply means: durable. */
#define IPC_FIELDS_AUTH_ONCE_DONE(F) F(u64, row) F(u8, forget) F(u8, status) F(bytes, result)
#define IPC_REPLY_AUTH_ONCE_DONE(F) F(u8, status)
/* Is the domain a relay domain, and where does its mail go? client_info: enum relay_client_info. status: 0, or 1 when that cannot be read now; host empty: no relay domain. */
#define IPC_FIELDS_AUTH_ROUTE(F) F(bytes, domain)
#define IPC_REPLY_AUTH_ROUTE(F) F(u8, status) F(bytes, host) F(u16, port) F(u8, tls_verified) F(u8, client_info)
/* Whose domain a letter of the system is from (auth/signer.h): `domain` when it is ours, else that of our host name; empty: none is. signer: the
 * MACed sender fact that it is signed with. status: 0, or 1 when that cannot be read now. */
#define IPC_FIELDS_AUTH_SIGNER(F) F(bytes, domain)
#define IPC_REPLY_AUTH_SIGNER(F) F(u8, status) F(bytes, domain) F(bytes, signer)
/* In what language the system writes to the account; empty: in that of the organisation. status: 0, or 1 when that cannot be read now. */
#define IPC_FIELDS_AUTH_LANGUAGE(F) F(id, account)
#define IPC_REPLY_AUTH_LANGUAGE(F) F(u8, status) F(bytes, language)
/* questions and answers as in trust/facts.h, of type FACT_PERSON: whom a name in a letter from outside shows. */
#define IPC_FIELDS_AUTH_PEOPLE(F) F(bytes, questions)
#define IPC_REPLY_AUTH_PEOPLE(F) F(bytes, answers)
/* What is public of a mail domain. status: 0, or 1 when that cannot be read now; ours: is it one of our domains? ports: u16 each, in the order of enum
 * client_service (trust/client_setup.h); policy: of MTA-STS, empty: none. */
#define IPC_FIELDS_AUTH_WEB_DOMAIN(F) F(bytes, domain)
#define IPC_REPLY_AUTH_WEB_DOMAIN(F) F(u8, status) F(u8, ours) F(bytes, host) F(bytes, ports) F(u8, oauth) F(bytes, policy)
/* Whose mailbox reviews what is held: a MACed fact of kind FACT_REVIEW; empty: nobody's. */
#define IPC_FIELDS_AUTH_REVIEWER(F)
#define IPC_REPLY_AUTH_REVIEWER(F) F(bytes, fact)
/* The answer to a challenge of a certification authority (HTTP-01, RFC 8555 8.3); empty: there is none of that token for that host. */
#define IPC_FIELDS_AUTH_CHALLENGE(F) F(bytes, host) F(bytes, token)
#define IPC_REPLY_AUTH_CHALLENGE(F) F(bytes, text)
/* Certificates by name. Answered when there are others than those of `generation`, at the latest after a minute: then generation is the same and list -1.
 * list: memory file, for each u32 key, u8 flags (1: of a TLS-ALPN-01 challenge), bytes chain (PEM), bytes OCSP answer. */
#define IPC_FIELDS_AUTH_CERTIFICATES(F) F(u64, generation)
#define IPC_REPLY_AUTH_CERTIFICATES(F) F(u64, generation) F(fd, list)
/* May these go on? pairs: account (16 bytes) and credential (u32; 0: the account as such) each; verdicts: one byte each, enum auth_verdict. */
#define IPC_FIELDS_AUTH_REVALIDATE(F) F(bytes, pairs)
#define IPC_REPLY_AUTH_REVALIDATE(F) F(bytes, verdicts)
/* list: what the program of a session says of itself, as it stood in IMAP ID (RFC 2971). Nothing is proven by it. */
#define IPC_FIELDS_AUTH_CLAIMS(F) F(id, account) F(u32, credential) F(bytes, list)
#define IPC_REPLY_AUTH_CLAIMS(F)
/* Certificates (PEM) of our own authorities that clients may show certificates of; empty: there are none. status 1: not to be read now. */
#define IPC_FIELDS_AUTH_TRUST(F)
#define IPC_REPLY_AUTH_TRUST(F) F(u8, status) F(bytes, authorities)
/* mail pushes what delivery needs to know of an account: mailbox names (and later the script). */
#define IPC_FIELDS_AUTH_PROFILE(F) F(id, account) F(bytes, profile)
#define IPC_REPLY_AUTH_PROFILE(F) F(u8, status)
/* An administrative operation: op is a name of ipc/operations.h, args and result are JSON texts. Who asks is evidence (auth/subject.h): uid of
 * the local socket (0xffffffff: none), token of a session, address and agent of the client, reason of an emergency access. */
#define IPC_FIELDS_AUTH_ADMIN(F) \
	F(u32, uid) F(bytes, token) F(bytes, address) F(bytes, agent) F(bytes, reason) F(bytes, op) F(bytes, args)
#define IPC_REPLY_AUTH_ADMIN(F) F(u8, status) F(bytes, result)
/* May it be, when another role does it? subject: who it is, for the record of that role; result: the answer when not. */
#define IPC_FIELDS_AUTH_AUTHORIZE(F) IPC_FIELDS_AUTH_ADMIN(F)
#define IPC_REPLY_AUTH_AUTHORIZE(F) F(u8, status) F(bytes, subject) F(bytes, result)

/* A letter and its record travel in memfds. Where both have at most IPC_SMALL_MAX bytes they may stand in the message instead, as `small`, with no
 * descriptor: a memfd costs eight system calls. Filter answers in this way only who asks in it. */
#define IPC_SMALL_MAX 32768u
/* message, or small: the bytes as they arrived. envelope: store/envelope.h. record, or small: for QUEUE_ACCEPT. When refused:
 * code, enhanced, text. questions (trust/facts.h): filter wants answers first and is to be asked again with all of them in the memfd `facts`; after
 * `last` it asks no more. notes: for QUEUE_REMEMBER, when the letter was taken or refused for good. more: the bundle for
 * QUEUE_ACCEPT, -1: none. With code 250 and neither record nor bundle there is nothing to keep: its recipients' scripts discarded the letter. */
#define IPC_FIELDS_FILTER_SEAL(F) F(bytes, cid) F(fd, message) F(bytes, envelope) F(bytes, small) F(fd, facts) F(u8, last)
#define IPC_REPLY_FILTER_SEAL(F) F(u16, code) F(bytes, enhanced) F(bytes, text) F(fd, record) F(bytes, small) F(bytes, questions) F(bytes, notes) F(fd, more)
/* Composes a delivery status notification and seals it. report: queue/dsn.h facts; original: the record, to open its header. */
#define IPC_FIELDS_FILTER_DSN(F) F(bytes, report) F(fd, original)
#define IPC_REPLY_FILTER_DSN(F) F(u8, status) F(fd, record)
/* Composes a report of DMARC (RFC 7489 7.2) or TLS (RFC 8460), kind: queue/report.h, and seals it; with an empty `to` the record is the packed report
 * itself, as HTTPS carries it. rows: queue/report.h, of one day (days since 1970) and domain; policy: what it published, empty for TLS; to: an address
 * that it goes to; max: bytes that one takes, 0: any; from, signer: AUTH_SIGNER. status: 2: it is larger than max. */
#define IPC_FIELDS_FILTER_REPORT(F) \
	F(bytes, cid) F(u64, now_ms) F(u8, kind) F(u64, day) F(bytes, domain) F(bytes, policy) F(fd, rows) F(bytes, to) F(u64, max) F(bytes, from) F(bytes, signer)
#define IPC_REPLY_FILTER_REPORT(F) F(u8, status) F(fd, record)
/* Composes a letter of the system itself and seals it. name: of ipc/notices.h; fact: MACed, of its one recipient; domain: whose postmaster
 * writes, empty: that of our host name; args: "name=value" lines, each ended by LF;
 * signer: MACed fact whose keys sign it (AUTH_SIGNER), empty: it stays inside. */
#define IPC_FIELDS_FILTER_NOTICE(F) \
	F(bytes, cid) F(u64, now_ms) F(bytes, name) F(bytes, language) F(bytes, fact) F(bytes, domain) F(bytes, signer) F(bytes, args)
#define IPC_REPLY_FILTER_NOTICE(F) F(u8, status) F(fd, record)
/* Makes the text of a letter safe to look at (filter/view.h). parts, or small: a bundle; the document comes back as it fits, in `small` up to
 * IPC_SMALL_MAX. flags: enum filter_view_flag; the numbers: struct html_report. */
#define IPC_FIELDS_FILTER_VIEW(F) F(bytes, cid) F(u32, flags) F(bytes, leave) F(bytes, language) F(fd, parts) F(bytes, small)
#define IPC_REPLY_FILTER_VIEW(F) \
	F(u8, status) F(fd, document) F(bytes, small) F(u32, remote) F(u32, missing) F(u32, links) F(u32, deceiving) F(u8, cut) F(u8, dark)
/* The digest of a message (mime/digest.h) without search texts: in `small` up to IPC_SMALL_MAX. Nothing is sealed and nothing judged. */
#define IPC_FIELDS_FILTER_PARSE(F) F(bytes, cid) F(fd, letter)
#define IPC_REPLY_FILTER_PARSE(F) F(u8, status) F(fd, digest) F(bytes, small)

/* Is there room? result: enum queue_result (queue/queue.h). limit: the account's quota in bytes, 0 for none; account zero: disk only. */
#define IPC_FIELDS_QUEUE_ROOM(F) F(id, account) F(u64, limit) F(u64, size)
#define IPC_REPLY_QUEUE_ROOM(F) F(u8, result) F(u64, used) F(u64, count)
/* submission: of mail: its writer follows the letter (queue/submission.h), which may wait for its time; empty: nobody does.
 * record, or small: the sealed, MACed result of filter; neither: only what is in `more`, a memfd with a bundle (queue/bundle.h) or -1. The reply comes when it is durable. seq and place (pack, ordinal, offset) are those of
 * the own ref when there is one. */
#define IPC_FIELDS_QUEUE_ACCEPT(F) F(bytes, cid) F(fd, record) F(bytes, small) F(fd, more) F(bytes, submission)
#define IPC_REPLY_QUEUE_ACCEPT(F) F(u8, result) F(bytes, queue_id) F(u64, seq) F(u32, pack) F(u32, ordinal) F(u64, offset)
/* A letter of the system to one person (fields as FILTER_NOTICE): composed by filter, taken in by the same door. status 0: it
 * is durable; else it was not taken. */
#define IPC_FIELDS_QUEUE_NOTICE(F) F(bytes, name) F(bytes, language) F(bytes, fact) F(bytes, domain) F(bytes, signer) F(bytes, args)
#define IPC_REPLY_QUEUE_NOTICE(F) F(u8, status)
/* What the account sent and waits to leave is held, released or dropped (enum contain_held of auth/contain.h). count: messages. status 0: done. */
#define IPC_FIELDS_QUEUE_CONTAIN(F) F(id, account) F(u8, held)
#define IPC_REPLY_QUEUE_CONTAIN(F) F(u8, status) F(u32, count)
/* Refs of the account with seq > after, oldest first. list: queue/queue.h arrival entries; next: above every seq given so far. */
#define IPC_FIELDS_QUEUE_ARRIVALS(F) F(id, account) F(u64, after) F(u32, limit)
#define IPC_REPLY_QUEUE_ARRIVALS(F) F(u8, result) F(u8, more) F(u64, next) F(bytes, list)
/* Letters that the account follows: op and outcome of queue/submission.h; state, floor, more: of SUBMISSION_OP_LIST; list: rows. */
#define IPC_FIELDS_QUEUE_SUBMISSION(F) F(id, account) F(u8, op) F(id, submission) F(u64, after)
#define IPC_REPLY_QUEUE_SUBMISSION(F) F(u8, result) F(u8, outcome) F(u64, state) F(u64, floor) F(u8, more) F(bytes, list)
/* seqs: u64 big-endian each. how: enum queue_unref (queue/queue.h). The reply means: durable; mail may forget them. kept: of QUEUE_UNREF_KEEP, how many are
 * wanted now. */
#define IPC_FIELDS_QUEUE_UNREF(F) F(id, account) F(u8, how) F(bytes, seqs)
#define IPC_REPLY_QUEUE_UNREF(F) F(u8, result) F(u32, kept)
/* questions and answers as in trust/facts.h: values of queue/memory.h. */
#define IPC_FIELDS_QUEUE_RECALL(F) F(bytes, questions)
#define IPC_REPLY_QUEUE_RECALL(F) F(bytes, answers)
/* notes: of filter (queue/memory.h), with its MAC. */
#define IPC_FIELDS_QUEUE_REMEMBER(F) F(bytes, notes)
#define IPC_REPLY_QUEUE_REMEMBER(F)
/* Who has letters in quarantine of which they were not told, and were told of none for wait_s; from now on they count as told. list: account (16 bytes)
 * and number of letters (u32) each. */
#define IPC_FIELDS_QUEUE_QUARANTINED(F) F(u32, wait_s)
#define IPC_REPLY_QUEUE_QUARANTINED(F) F(bytes, list)
/* Of the domains (bytes each, A-labels) those of whose mail others report failures, and that were not named within wait_s: bytes domain, u8 kind
 * (queue/report.h), u64 how many failed, bytes which sources, for each; they count as named. */
#define IPC_FIELDS_QUEUE_FAILING(F) F(u32, wait_s) F(bytes, domains)
#define IPC_REPLY_QUEUE_FAILING(F) F(bytes, list)
/* A reader of the account says what a letter is; the organisation's table (policy/lessons.h) learns it. series: of the table that the tokens (u64 each) are
 * made for; want: enum lesson_want. status 0: it did; 1: nothing new, or not wanted. */
#define IPC_FIELDS_QUEUE_TEACH(F) F(id, account) F(id, letter) F(u64, series) F(u8, want) F(bytes, tokens)
#define IPC_REPLY_QUEUE_TEACH(F) F(u8, status)
/* The organisation's table (policy/bayes.h). version, series: of what the asker has, 0: nothing. table: -1 when that is still right. */
#define IPC_FIELDS_QUEUE_LEARNT(F) F(u64, series) F(u64, version)
#define IPC_REPLY_QUEUE_LEARNT(F) F(u64, series) F(u64, version) F(fd, table)
#define IPC_FIELDS_QUEUE_ADMIN(F) F(bytes, subject) F(bytes, op) F(bytes, args)
#define IPC_REPLY_QUEUE_ADMIN(F) F(u8, status) F(bytes, result)

/* job: queue/job.h, one destination with its recipients; record: the sealed message. results: one per recipient, queue/job.h. sts: what is
 * remembered of the MTA-STS policy of the destination (trust/mta_sts.h), empty: nothing; in the reply: what is to be remembered from now on and for how
 * long, empty: as before. tls: results of TLS (queue/report_session.h), each with its length. */
#define IPC_FIELDS_RELAY_DELIVER(F) F(bytes, job) F(fd, record) F(bytes, sts)
#define IPC_REPLY_RELAY_DELIVER(F) F(bytes, results) F(bytes, sts) F(u32, sts_keep_s) F(bytes, tls)
/* Does the server behind a relay domain know this address? It is asked by MAIL FROM:<> and RCPT TO, nothing is sent. within_ms: the answer comes by
 * then. status: 0 it does, 1 it does not, 2 it cannot be asked now; code and text: what it said. */
#define IPC_FIELDS_RELAY_VERIFY(F) \
	F(bytes, domain) F(bytes, host) F(u16, port) F(u8, tls_verified) F(u8, client_info) F(bytes, address) F(u32, within_ms)
#define IPC_REPLY_RELAY_VERIFY(F) F(u8, status) F(u16, code) F(bytes, text)
/* DNS. type: RR type number. records: u16 count, then {u32 length, rdata}; names inside rdata uncompressed. */
#define IPC_FIELDS_RESOLVE(F) F(bytes, name) F(u16, type)
#define IPC_REPLY_RESOLVE(F) F(u8, status) F(u8, rcode) F(u8, secure) F(u8, bogus) F(u32, ttl) F(bytes, canonical) F(bytes, records)

/* A call of the admin API over HTTPS: what the edge knows of it. key: idempotency key, empty: none. Answer as in ipc/admin.h. */
#define IPC_FIELDS_ADMIN_CALL(F) \
	F(bytes, cid) F(bytes, token) F(bytes, address) F(bytes, agent) F(bytes, reason) F(bytes, op) F(bytes, args) F(bytes, key)
#define IPC_REPLY_ADMIN_CALL(F) F(u8, status) F(bytes, result)
/* result: as that of the operation "status"; text: that of "audit.metrics", empty when audit is away. */
#define IPC_FIELDS_ADMIN_HEALTH(F)
#define IPC_REPLY_ADMIN_HEALTH(F) F(u8, status) F(bytes, result) F(bytes, text)
/* One HTTPS request to a host that the configuration allows; from relay: for the MTA-STS policy of a domain, and nothing else; from queue: with a report of TLS, and nothing else. fields: "Name: value" lines, each ended by LF. error: empty when there is an
 * answer, else a sentence for the log; code: HTTP status. headers: as fields. */
#define IPC_FIELDS_FETCH(F) F(bytes, method) F(bytes, url) F(bytes, fields) F(bytes, body)
#define IPC_REPLY_FETCH(F) F(u16, code) F(bytes, headers) F(bytes, body) F(bytes, error)
/* questions and answers as in trust/facts.h, of type FACT_SCAN (scan/verdict.h): what scanners say of the letter in `message`, or `small`. envelope: of the letter
 * (store/envelope.h), for partners of judging. */
#define IPC_FIELDS_SCAN(F) F(bytes, cid) F(fd, message) F(bytes, small) F(bytes, envelope) F(bytes, questions)
#define IPC_REPLY_SCAN(F) F(bytes, answers)
/* want, status, media: extract/extract.h; type: enum inspect_type. The document is the bytes from `offset` on of `document`, `length` of them (0: all),
 * in a transfer encoding (enum scan_encoding). name, charset: as the sender says. mark: of pages; empty: none. result: a memfd of what came out. */
#define IPC_FIELDS_EXTRACT(F) \
	F(bytes, cid) F(u8, want) F(u32, page) F(u32, width) F(bytes, name) F(bytes, charset) F(bytes, mark) F(u64, offset) F(u64, length) F(u8, encoding) F(fd, document)
#define IPC_REPLY_EXTRACT(F) F(u8, status) F(u8, media) F(u16, type) F(u32, pages) F(u8, cut) F(u32, width) F(u32, height) F(fd, result)
/* Does this password fit the person whom the LDAP directory knows by that name? status: 0 yes, 1 no, 2 the person is disabled there, 3 try
 * again later; record: sso/ldap_record.h (0 and 2); error: for the log. */
#define IPC_FIELDS_LDAP_VERIFY(F) F(bytes, name) F(bytes, password)
#define IPC_REPLY_LDAP_VERIFY(F) F(u8, status) F(bytes, record) F(bytes, error)
/* Does the LDAP directory know this mail address (ldap.recipient_filter)? status: 0 yes, 1 no, 2 try again later. */
#define IPC_FIELDS_LDAP_RECIPIENT(F) F(bytes, address)
#define IPC_REPLY_LDAP_RECIPIENT(F) F(u8, status) F(bytes, error)
/* All people and groups, in pieces of one text of records (a record may be cut). cursor 0 begins; then cursor as answered and offset: how many
 * bytes were taken. status 1: error says why. left_out: entries that could not be used. */
#define IPC_FIELDS_LDAP_SYNC(F) F(u64, cursor) F(u64, offset)
#define IPC_REPLY_LDAP_SYNC(F) F(u8, status) F(u8, more) F(u64, cursor) F(u32, left_out) F(bytes, records) F(bytes, error)

/* Hands the account's secrets to its shard. secrets: auth/secrets.h; own: MACed recipient fact of the account itself for APPEND.
 * reading: enum auth_reading. */
#define IPC_FIELDS_MAIL_TICKET(F) \
	F(id, ticket) F(id, account) F(bytes, login) F(bytes, secrets) F(bytes, own) F(u64, quota) F(u8, protocol) F(u64, rights) F(bytes, actor) F(u8, reading) \
	IPC_FIELDS_STANDING(F)
#define IPC_REPLY_MAIL_TICKET(F) F(u8, status)
/* Ends every session of the account (credential 0) or of one credential, also those that it has as a delegate in mailboxes of others, and forgets
 * secrets of an account when no session is left. Goes to every shard. */
#define IPC_FIELDS_MAIL_REVOKE(F) F(id, account) F(u32, credential)
#define IPC_REPLY_MAIL_REVOKE(F) F(u8, status)
/* The same for submission, in every edge: 421 within a transaction too. */
/* Somebody signed in from that address, at this or another process of the class: hint. */
#define IPC_FIELDS_EDGE_KNOWN(F) F(bytes, address)
#define IPC_REPLY_EDGE_KNOWN(F)
#define IPC_FIELDS_EDGE_REVOKE(F) F(id, account) F(u32, credential)
#define IPC_REPLY_EDGE_REVOKE(F) F(u8, status)
/* They have changed: ask AUTH_TRUST again. */
#define IPC_FIELDS_EDGE_TRUST(F)
#define IPC_REPLY_EDGE_TRUST(F)
/* The account forgets what it learnt about junk, now or when it opens the next time. status 0: it does. */
#define IPC_FIELDS_MAIL_UNLEARN(F) F(id, account)
#define IPC_REPLY_MAIL_UNLEARN(F) F(u8, status)
/* auth has begun anew: the shard asks AUTH_REVALIDATE about everybody who is signed in. */
#define IPC_FIELDS_MAIL_REVALIDATE(F)
#define IPC_REPLY_MAIL_REVALIDATE(F)
/* session: one end of a stream socket pair that carries plain bytes; pending: bytes the client sent already; hello: what the
 * session has to say first (the tagged OK of the login, composed by mail from `tag`). */
#define IPC_FIELDS_MAIL_ATTACH(F) \
	F(id, ticket) F(bytes, cid) F(u8, protocol) F(u8, tls) F(bytes, address) F(bytes, tag) F(bytes, pending) F(fd, session)
#define IPC_REPLY_MAIL_ATTACH(F) F(u8, status)
/* arrival: among what came is a letter for the reader, and not only what was stored for him. seq 0: only his submissions have changed. */
#define IPC_FIELDS_MAIL_HINT(F) F(id, account) F(u64, seq) F(u8, arrival)
#define IPC_REPLY_MAIL_HINT(F)
#define IPC_FIELDS_MAIL_ADMIN(F) F(bytes, subject) F(bytes, op) F(bytes, args)
#define IPC_REPLY_MAIL_ADMIN(F) F(u8, status) F(bytes, result)
/* Records of one process: `start` of this run of it, numbers first … first + count - 1, audit/record.h wire form. Numbers come in order. The reply
 * comes when they are durable: status 0, and all numbers of this start below `below` are; else: try again. urgent: somebody waits for it. */
#define IPC_FIELDS_AUDIT_APPEND(F) F(u64, start) F(u64, first) F(u32, count) F(u8, urgent) F(bytes, records)
#define IPC_REPLY_AUDIT_APPEND(F) F(u8, status) F(u64, below)
#define IPC_FIELDS_AUDIT_ADMIN(F) F(bytes, subject) F(bytes, op) F(bytes, args)
#define IPC_REPLY_AUDIT_ADMIN(F) F(u8, status) F(bytes, result)
/* Records for an outside receiver from its own cursor on: lines of canonical records, at most `limit`; next: the cursor behind them. status 2:
 * there is nothing now. */
#define IPC_FIELDS_AUDIT_READ(F) F(bytes, sink) F(u32, limit)
#define IPC_REPLY_AUDIT_READ(F) F(u8, status) F(u64, next) F(bytes, lines)
/* The receiver has everything below `next`; durable with the reply. */
#define IPC_FIELDS_AUDIT_CURSOR(F) F(bytes, sink) F(u64, next)
#define IPC_REPLY_AUDIT_CURSOR(F) F(u8, status)
/* What a co-signer is asked: body of an add-checkpoint request (C2SP tlog-witness) with the old size the co-signer is known to have (have: it said
 * so; 0xff…: what it signed last), or an RFC 3161 request (kind 1). size: of the head. status 2: nothing is new. */
#define IPC_FIELDS_AUDIT_NOTE(F) F(u8, kind) F(bytes, name) F(u64, have)
#define IPC_REPLY_AUDIT_NOTE(F) F(u8, status) F(u64, size) F(bytes, body)
/* What it answered: signature lines, or an RFC 3161 answer. status 0: it is right and kept. */
#define IPC_FIELDS_AUDIT_COSIGN(F) F(u8, kind) F(bytes, name) F(u64, size) F(bytes, answer)
#define IPC_REPLY_AUDIT_COSIGN(F) F(u8, status)
#define IPC_FIELDS_PARENT_ADMIN(F) F(bytes, subject) F(bytes, op) F(bytes, args)
#define IPC_REPLY_PARENT_ADMIN(F) F(u8, status) F(bytes, result)

#endif
