/*
 * The administrative operations: OPERATION(name, role that does it, right it needs (auth/rights.h), READS or CHANGES,
 * members of args: "name" must be there, "name?" may be). Who needs no right beyond being somebody, or nobody yet: ANYBODY.
 * A member that is not listed is refused before the role is asked. Values are texts unless marked: # number, ! true/false, [] list
 * of texts, {} object. Results are JSON objects; their members are named in the comment. Secrets travel in args only, and are never logged.
 *
 * Included several times; no guard.
 */
/*
 * {"domains":[{"domain","users","catch_all","postmaster","relay","verify","tls","client_info","from_networks"}]}; addresses, or "" for none.
 * relay: HOST:PORT of the server behind, which makes it a relay domain, or ""; verify: none, list (addresses of recipient.add alone), call (the
 * server behind is asked) or ldap; tls: opportunistic or verified; client_info: none, proxy or xclient; from_networks: prefixes, with spaces
 * between them, from which that server sends mail of the domain out through us.
 */
OPERATION("domain.list", AUTH, DOMAIN_SEE, READS, "")
OPERATION("domain.add", AUTH, DOMAIN_CHANGE, CHANGES, "domain catch_all? postmaster? relay? verify? tls? client_info? from_networks?")
OPERATION("domain.set", AUTH, DOMAIN_CHANGE, CHANGES, "domain catch_all? postmaster? relay? verify? tls? client_info? from_networks?")
/* Of a relay domain; what is not given stays: {"judge","junk","size"}. judge: yes or no; junk: tag (the server behind is told), reject or quarantine (held
 * in the queue); size: bytes of a letter, 0: no limit of its own. */
OPERATION("domain.policy", AUTH, DOMAIN_CHANGE, CHANGES, "domain judge? junk? size#?")
OPERATION("domain.remove", AUTH, DOMAIN_CHANGE, CHANGES, "domain")
/* {"problems":[{"where","what","safe"}],"warnings":[…],"gateway_only","mailboxes","relay_domains"}: accounts that have a mailbox though gateway.only says
 * that there are none, and what relay domains lack. */
OPERATION("gateway.check", AUTH, SYSTEM_SEE, READS, "")
/* Addresses of a relay domain with verify list: {"recipients":[{"address"}],"more","next"} */
OPERATION("recipient.list", AUTH, DOMAIN_SEE, READS, "domain after?")
OPERATION("recipient.add", AUTH, DOMAIN_CHANGE, CHANGES, "address")
OPERATION("recipient.remove", AUTH, DOMAIN_CHANGE, CHANGES, "address")
/*
 * Keys of DKIM: {"keys":[{"domain","selector","algorithm","state","name","record","created","seen","activated","retired","remove"}]}. add makes next keys
 * (algorithm: rsa-sha256, ed25519-sha256; both); rotate makes successors of the keys that sign, with now it lets the next ones sign; retire destroys.
 */
OPERATION("dkim.list", AUTH, DOMAIN_SEE, READS, "domain")
OPERATION("dkim.add", AUTH, DOMAIN_CHANGE, CHANGES, "domain algorithm?")
OPERATION("dkim.rotate", AUTH, DOMAIN_CHANGE, CHANGES, "domain now!?")
OPERATION("dkim.retire", AUTH, DOMAIN_CHANGE, CHANGES, "domain selector")
OPERATION("domain.dns", AUTH, DOMAIN_SEE, READS, "domain")
OPERATION("domain.check", AUTH, DOMAIN_SEE, READS, "domain")
OPERATION("domain.mute", AUTH, DOMAIN_CHANGE, CHANGES, "domain name type off!?")
/* {"policy","id"}: of MTA-STS. mode: off (no policy), none, testing, enforce; max_age in seconds. Without mode: what there is. */
OPERATION("domain.sts", AUTH, DOMAIN_CHANGE, CHANGES, "domain mode? max_age#?")
OPERATION("domain.client_setup", AUTH, DOMAIN_SEE, READS, "domain format address?")
/* {"users":[{"address","name","department","language","role","state","quota","provisional"}], "more":true, "next":…}; state: active, disabled.
 * Lists are pages: "after" is the last address of the former page. */
/*
 * Certificates of the server beside that of the configuration: {"certificates":[{"id","names":[…],"source","state","starts","ends","attempt","failures","error",
 * "stapled"}]}. order and csr: names, none: this host and the MTA-STS policies; {"id"}, csr also {"text"}. import: PEM; key unless it is here.
 */
/* {"problems":[…],"warnings":[…]} as in check; ADMIN_PARTIAL when there are problems. */
OPERATION("tls.check", AUTH, SYSTEM_SEE, READS, "")
OPERATION("tls.list", AUTH, SYSTEM_SEE, READS, "")
OPERATION("tls.order", AUTH, SYSTEM_CHANGE, CHANGES, "names[]?")
OPERATION("tls.renew", AUTH, SYSTEM_CHANGE, CHANGES, "id#")
OPERATION("tls.import", AUTH, SYSTEM_CHANGE, CHANGES, "chain key?")
OPERATION("tls.csr", AUTH, SYSTEM_CHANGE, CHANGES, "names[]?")
OPERATION("tls.remove", AUTH, SYSTEM_CHANGE, CHANGES, "id#")
OPERATION("user.list", AUTH, ACCOUNT_SEE, READS, "domain? after?")
/* One user as above and "created", "app_passwords" (count). */
OPERATION("user.show", AUTH, ACCOUNT_SEE, READS, "address")
/* The password is provisional: the user chooses an own one with user.passwd. quota in bytes, 0: the default. Roles: user,
 * department, administrator, officer, auditor, approver. language: of letters that the system writes: en, zh-CN, zh-TW, or empty: the default. */
OPERATION("user.add", AUTH, ACCOUNT_CHANGE, CHANGES, "address password name? department? role? quota#? language?")
/* Beside what user.add takes, the card in the address book: reading is how the name is read ("zhang wei"), place its number within the department, hidden: yes or no. dry_run: only checks. */
OPERATION("user.set", AUTH, ACCOUNT_CHANGE, CHANGES, "address name? department? role? quota#? language? position? phone? mobile? staff_number? reading? place#? hidden? dry_run!?")
/* Nobody signs in, sessions end at once, mail is refused with 550 5.2.1: {"account"}. */
OPERATION("user.disable", AUTH, ACCOUNT_CHANGE, CHANGES, "address")
OPERATION("user.enable", AUTH, ACCOUNT_CHANGE, CHANGES, "address")
/* The last step of four that may be repeated as a whole: user.disable, mail.remove, queue.account_remove, user.remove. {"account"} */
OPERATION("user.remove", AUTH, ACCOUNT_CHANGE, CHANGES, "address")
/* An account from another system with its password hash ($6$ $5$ $y$ $2a$ $2b$ $2y$ {SSHA} {SSHA256} {SSHA512}), which is verified until the
 * first sign-in and deleted then. {"address","dry_run"}; dry_run: only checks. */
OPERATION("user.import", AUTH, ACCOUNT_CHANGE, CHANGES, "address password_hash name? department? quota#? dry_run!?")
/*
 * Departments of the address book: {"departments":[{"department","place","sees","viewers"}],"more","next"}. A department is its levels with "/" between them;
 * place: its number among its siblings; sees: all, own (who is in it), listed (these, and the departments named as viewers) or none. set adds what is new.
 */
OPERATION("department.list", AUTH, ACCOUNT_SEE, READS, "after?")
OPERATION("department.set", AUTH, ACCOUNT_CHANGE, CHANGES, "department place#? sees? viewers[]?")
OPERATION("department.rename", AUTH, ACCOUNT_CHANGE, CHANGES, "department to")
OPERATION("department.remove", AUTH, ACCOUNT_CHANGE, CHANGES, "department")
/* What the person who asks may see of it: {"departments":[{"department","place"}], …}; {"people":[{"id","address","name","department","position","phone",
 * "mobile","staff_number","index"}],"more","next"}: of a department in its order, or of all by name, or those found by text (beginnings of name, pinyin, initials,
 * address, phone, staff number, department); one by id, or by mail. */
OPERATION("book.departments", AUTH, SELF_SEE, READS, "after?")
OPERATION("book.people", AUTH, SELF_SEE, READS, "department? text? after? limit#?")
OPERATION("book.person", AUTH, SELF_SEE, READS, "id? mail?")
/* {"recovery_code"}: the new one, shown once. */
/*
 * Containment (auth/contain.h): only the misused right ends. state: stop, or allow; held: release or drop, for mail that was held since. level: none,
 * no-external, no-sending, read-only, no-session. {"address","restriction","held"?}
 */
OPERATION("user.sending", AUTH, ACCOUNT_CONTAIN, CHANGES, "address state held? reason?")
OPERATION("user.isolate", AUTH, ACCOUNT_CONTAIN, CHANGES, "address level reason?")
OPERATION("user.passwd", AUTH, ANYBODY, CHANGES, "address old new proof{}? factor? origin? rp_id?")
/* With the recovery code the mail stays readable: {"recovery_code"}. Without it lose_mail must be true: the account
 * starts empty and the password is provisional: {"mail_lost":true}. */
OPERATION("user.reset", AUTH, ANYBODY, CHANGES, "address new recovery_code? lose_mail!?")
/* {"app_password","id","device","device_state"}: shown once. password: the user's own, it opens the account's secrets. protocols: submission,
 * imap, pop3 (none: all); networks: addresses and prefixes (none: all); days: until it ends (0: never),
 * or until: when, in seconds since 1970; device: a name, default the label. */
OPERATION("user.app_password.add", AUTH, ANYBODY, CHANGES, "address password label? device? protocols[]? networks[]? days#? until#? proof{}? factor? origin? rp_id?")
/* {"app_passwords":[{"id","label","created","device","protocols","networks","ends","used","ip","uses"}]} */
OPERATION("user.app_password.list", AUTH, DEVICE_SEE, READS, "address")
OPERATION("user.app_password.remove", AUTH, SESSION_END, CHANGES, "address id")
/*
 * Signing in to the interface. {"token","session","ends","address","second_factor"}; "must_register_factor": policy wants one, true: nothing
 * else works before; "must_change_password". Refused with code "factor_needed": {"factors":[…],"challenge"?}: call again with `proof` (its
 * forms: auth/factors.h); `factor` names the kind whose challenge is wanted.
 */
OPERATION("session.start", AUTH, ANYBODY, CHANGES, "address password label? device? device_key? proof{}? factor? origin? rp_id? web!? work{}?")
/* A second factor within the session; it counts as fresh for ten minutes. */
OPERATION("session.step_up", AUTH, ANYBODY, CHANGES, "proof{}? factor? origin? rp_id?")
OPERATION("session.end", AUTH, ANYBODY, CHANGES, "")
/* A passkey with PRF signs in without name and password: {"challenge","rp_id","prf_salt","user_verification"}, then as session.start. */
OPERATION("session.passkey.begin", AUTH, ANYBODY, READS, "origin?")
OPERATION("session.passkey.start", AUTH, ANYBODY, CHANGES, "proof{} label? device? device_key? origin? web!?")
/*
 * Sessions of the web (docs/web-signin.md), where session.start and its like have "web": true. show: {"address","name","language","locked", …}; asking is no use of
 * the session. A locked one serves nothing until it is unlocked by password, or passkey (factor, then proof). work: {"needed","work"?}: what has to be
 * computed before a password is looked at.
 */
OPERATION("session.show", AUTH, ANYBODY, READS, "")
/* In the own session: letters of the system to this person are in this language (en, zh-CN, zh-TW) from now on; empty: in that of the organisation. */
OPERATION("user.language", AUTH, ANYBODY, CHANGES, "language")
OPERATION("session.work", AUTH, ANYBODY, CHANGES, "address?")
OPERATION("session.lock", AUTH, ANYBODY, CHANGES, "")
OPERATION("session.unlock", AUTH, ANYBODY, CHANGES, "password? proof{}? factor? origin?")
/* At the socket of this machine, where web.links is on: {"link","ends"}: a browser signs in by it, once, within a minute. use: as session.start. */
OPERATION("session.link", AUTH, ANYBODY, CHANGES, "address password proof{}? factor? origin?")
OPERATION("session.link.use", AUTH, ANYBODY, CHANGES, "link label? device? device_key? web!?")
/* {"sessions":[{"id","kind","label","ip","agent","created","used","ends","second_factor","device","unusual":[…],"this"}]}; unusual: as in signin.list */
OPERATION("session.list", AUTH, DEVICE_SEE, READS, "address")
/* One session, or without id everything of the account, mail clients too: over within a second. */
OPERATION("session.sign_out", AUTH, SESSION_END, CHANGES, "address id#?")
/* The mailbox forgets what its reader taught it about junk; the owner himself may. */
OPERATION("junk.reset", AUTH, SESSION_END, CHANGES, "address")
/*
 * Sieve scripts: {"scripts":[{"name","bytes","active","changed"}]}; names are empty for everybody but their owner. show: {"script","active","changed"}; check:
 * {"valid","problem"}. Scripts of more than 32 KiB go over ManageSieve. Only deactivate is for others as well: it stops a script that does harm.
 */
OPERATION("sieve.list", AUTH, ACCOUNT_SEE, READS, "address")
OPERATION("sieve.show", AUTH, SELF_SEE, READS, "address name")
OPERATION("sieve.put", AUTH, SELF_CHANGE, CHANGES, "address name script")
OPERATION("sieve.activate", AUTH, SELF_CHANGE, CHANGES, "address name")
OPERATION("sieve.deactivate", AUTH, SESSION_END, CHANGES, "address")
OPERATION("sieve.remove", AUTH, SELF_CHANGE, CHANGES, "address name")
OPERATION("sieve.check", AUTH, SELF_SEE, READS, "script")
/* A token for a program: {"token","session","ends"}. rights: none: all that the maker has and a token may have. */
OPERATION("token.add", AUTH, ANYBODY, CHANGES, "label days#? rights[]?")
/*
 * Second factors. All but list and reset act on oneself, within one's own session; who has a factor shows it first (session.step_up).
 * {"factors":[{"id","kind","label","created","used","left"?}],"enforced","grace_ends"}; kinds: totp, webauthn, codes, list, mail, sms.
 */
OPERATION("factor.list", AUTH, DEVICE_SEE, READS, "address")
/* {"id","secret","uri","qr"}: base32, otpauth://, and that as a picture (SVG); then confirm with the first code. {"id"} */
OPERATION("factor.totp.begin", AUTH, ANYBODY, CHANGES, "label?")
OPERATION("factor.totp.confirm", AUTH, ANYBODY, CHANGES, "id# code")
/* {"challenge","rp_id","user_id","user_name","display_name","algorithms","exclude","prf_salt","user_verification"}: base64url, for
 * navigator.credentials.create; then clientDataJSON, attestationObject and the PRF result if there is one. {"id","passwordless"?} */
OPERATION("factor.webauthn.begin", AUTH, ANYBODY, CHANGES, "origin?")
OPERATION("factor.webauthn.confirm", AUTH, ANYBODY, CHANGES, "client_data attestation prf? label? origin?")
/* {"codes":[…],"id"}: shown once; a former set ends. list: numbered from 1, for computers that nobody trusts. */
OPERATION("factor.codes.make", AUTH, ANYBODY, CHANGES, "")
OPERATION("factor.list.make", AUTH, ANYBODY, CHANGES, "count#?")
/* A code goes to the address or number: {"id","challenge"}; it confirms the contact. kind: mail, sms. */
OPERATION("factor.contact.set", AUTH, ANYBODY, CHANGES, "kind to label?")
OPERATION("factor.contact.confirm", AUTH, ANYBODY, CHANGES, "id# challenge code")
OPERATION("factor.remove", AUTH, ANYBODY, CHANGES, "id#")
/* Somebody lost everything: all factors and sessions of the account end. */
OPERATION("factor.reset", AUTH, FACTOR_RESET, CHANGES, "address")
/*
 * Devices (docs/access.md). {"devices":[{"id","address","name","state","proven":{…},"claimed":{…},"protocol","ip","created","used","approver",
 * "credentials":[…],"this"}]}; state: pending, approved, blocked. What is claimed, the device says of itself.
 */
OPERATION("device.list", AUTH, DEVICE_SEE, READS, "address")
OPERATION("device.all", AUTH, DEVICE_SEE, READS, "state? after?")
OPERATION("device.approve", AUTH, ANYBODY, CHANGES, "id#")
/* One's own, or with device.change those of others. Blocked: nothing gets in by it, and what is open ends within a second. device.remove: its app passwords, certificates and sessions go with it. */
OPERATION("device.block", AUTH, ANYBODY, CHANGES, "id# reason?")
OPERATION("device.rename", AUTH, ANYBODY, CHANGES, "id# name")
OPERATION("device.remove", AUTH, ANYBODY, CHANGES, "id#")
/*
 * Where letters of the system go for who has no mailbox; in the own session. set sends a code there, confirm proves it; until then the former address
 * counts. {"contact","pending"}: masked.
 */
OPERATION("contact.set", AUTH, ANYBODY, CHANGES, "to")
OPERATION("contact.confirm", AUTH, ANYBODY, CHANGES, "code")
OPERATION("contact.show", AUTH, ANYBODY, READS, "")
OPERATION("contact.remove", AUTH, ANYBODY, CHANGES, "")
/*
 * Certificates of the own authority (docs/device-certificates.md). request: in the own session, for the own device; csr: PKCS#10 in PEM, of which only key
 * and proof count; it is issued at once, or when the device is approved. {"serial","address","label","device","credential","authority","state","fingerprint",
 * "requested","issued","ends","approver","revoked","reason","revoker"}; request and show with "certificate": the chain in PEM, once it is good.
 * state: requested, good, expired, revoked, withdrawn. reason: unspecified, key_compromise, affiliation_changed, superseded, cessation.
 */
OPERATION("device.certificate.request", AUTH, ANYBODY, CHANGES, "csr label? protocols[]? networks[]? days#?")
OPERATION("device.certificate.list", AUTH, DEVICE_SEE, READS, "address")
OPERATION("device.certificate.show", AUTH, ANYBODY, READS, "serial")
OPERATION("device.certificate.revoke", AUTH, ANYBODY, CHANGES, "serial reason?")
/*
 * The own authority. create and renew need a second person; replace: every certificate there was is revoked. renew: a new issuing authority for the
 * domains of now. {"authorities":[{"id","kind","state","name","algorithm","domains":[…],"fingerprint","created","ends","author","approver","good","revoked",
 * "crl_number","crl_ends"}]}; show: one of them, by default the one that issues, with "certificate". crl: the list of revoked certificates in base64, in
 * parts: {"crl","id","number","made","ends","size","more","next"}. ledger: {"certificates":[…],"more","next"}. check: findings.
 */
OPERATION("ca.create", AUTH, CA_CHANGE, CHANGES, "name algorithm? replace!? reason?")
OPERATION("ca.renew", AUTH, CA_CHANGE, CHANGES, "reason?")
OPERATION("ca.list", AUTH, POLICY_SEE, READS, "")
OPERATION("ca.show", AUTH, POLICY_SEE, READS, "id#?")
OPERATION("ca.crl", AUTH, POLICY_SEE, READS, "id#? at#?")
OPERATION("ca.ledger", AUTH, POLICY_SEE, READS, "state? after?")
OPERATION("ca.check", AUTH, SYSTEM_SEE, READS, "")
/* {"signins":[{"id","time","ip","protocol","device","client","second_factor","unusual":[…],"outcome","rule"}], "more"}: of 30 days, newest
 * first; outcome: ok, refused (wrong proof), policy. */
OPERATION("signin.list", AUTH, DEVICE_SEE, READS, "address after?")
/* {"clients":[{"client","protocol","accounts","count","used","floor"}]}: programs and versions of 30 days. */
OPERATION("client.report", AUTH, POLICY_SEE, READS, "")
/* Conditions as for policy.set, tried on the sign-ins of 30 days: {"checked","changed","denied","stepped_up","read_only","who":[{"address","from",
 * "to","rule","ip","protocol","count"}],"more"} */
OPERATION("condition.rehearse", AUTH, POLICY_SEE, READS, "value{}")
/* New conditions hold for a minute; this keeps them. */
OPERATION("condition.confirm", AUTH, POLICY_CHANGE, CHANGES, "")
/* Unused accounts are disabled, reviews end, third parties past their end stop; happens daily by itself: {"accounts":[{"address","used","kept"}],
 * "disabled","lapsed","ended"}. dry_run: says which accounts. */
OPERATION("hygiene.run", AUTH, ACCOUNT_CHANGE, CHANGES, "dry_run!?")
/* A snapshot of all grants; what is not confirmed until the end lapses: {"id"} */
OPERATION("review.start", AUTH, REVIEW_SIGN, CHANGES, "days#?")
/* {"id","author","started","ends","ended","grants":[{"grant","address","role","scope","value","reason","decision","signer","decided"}],"more"} */
OPERATION("review.show", AUTH, ROLE_SEE, READS, "id#? after?")
/* Numbers of grants; nobody confirms an own one. */
OPERATION("review.sign", AUTH, REVIEW_SIGN, CHANGES, "id#? keep[]? end[]?")
/* {"stale":[…],"unused":[{"grant","address","role","created","reviewed"}],"leavers":[…],"see":[{"address","rights"}]} */
OPERATION("review.report", AUTH, ROLE_SEE, READS, "")
/* Third parties: {"parties":[{"id","name","kind","owner","scope","ref","ends","used","reviewed","reviewer","ended"}],"more"}; id 0: a token that
 * nobody registered. kind: token, webhook, ca, sms, siem, relay, oauth client, issuer. address: the owner. ref: number of the token, id of the client. */
OPERATION("party.list", AUTH, POLICY_SEE, READS, "all!? after?")
OPERATION("party.add", AUTH, PARTY_CHANGE, CHANGES, "address name kind scope? ref? days#?")
OPERATION("party.review", AUTH, PARTY_CHANGE, CHANGES, "id# days#?")
/* A token stops working at once, so do all tokens of an OAuth client. */
OPERATION("party.end", AUTH, PARTY_CHANGE, CHANGES, "id#")
/* {"name","value"}. devices, clients, conditions: docs/access.md. factors: {"roles":[…],"groups":[…],"grace_days"}: who needs a second factor, and from when on. */
OPERATION("policy.get", AUTH, POLICY_SEE, READS, "name")
OPERATION("policy.set", AUTH, POLICY_CHANGE, CHANGES, "name value{}")
/* Clients of our authorization server: {"clients":[{"id","name","redirects","scope","device","owner","ends"}], "more"}. scope: words of auth/oauth.h.
 * A client is in the register of third parties (party.list): owner: the address of who answers for it; days: until it ends, 0: never. */
OPERATION("oauth.client.list", AUTH, POLICY_SEE, READS, "after?")
OPERATION("oauth.client.add", AUTH, PARTY_CHANGE, CHANGES, "id owner name? redirects[]? scope device!? days#?")
OPERATION("oauth.client.remove", AUTH, PARTY_CHANGE, CHANGES, "id")
/* {"grants":[{"id","client","scope","created"}]}: programs that have tokens of the account. */
OPERATION("oauth.grant.list", AUTH, DEVICE_SEE, READS, "address")
OPERATION("oauth.grant.end", AUTH, DEVICE_CHANGE, CHANGES, "address id#")
/* An access token of an hour for mail protocols, for scripts: {"token","address","ends"}. In a person's session. */
OPERATION("oauth.token", AUTH, ANYBODY, CHANGES, "scope")
/* A request to the authorization server, as it came over HTTP: {"status","body","location"}. */
OPERATION("oauth.request", AUTH, ANYBODY, CHANGES, "path query? form? post!?")
/* {"identities":[{"issuer","subject","email","created"}]}: who the account is at other providers. */
OPERATION("identity.list", AUTH, DEVICE_SEE, READS, "address")
OPERATION("identity.add", AUTH, ACCOUNT_CHANGE, CHANGES, "address issuer subject")
OPERATION("identity.remove", AUTH, ACCOUNT_CHANGE, CHANGES, "address issuer subject")
/* The owner allows sign-in by LDAP or another provider: the secrets are wrapped by `key` as well (docs/keys.md). */
OPERATION("user.managed.add", AUTH, ANYBODY, CHANGES, "address password proof{}? factor? origin? rp_id?")
OPERATION("user.managed.remove", AUTH, DEVICE_CHANGE, CHANGES, "address")
/* A client certificate (PEM) signs in for the account that it names: {"id"}. {"certificates":[{"id","label","fingerprint","ends","created"}]} */
OPERATION("certificate.add", AUTH, ANYBODY, CHANGES, "address password certificate label? proof{}? factor? origin? rp_id?")
OPERATION("certificate.list", AUTH, DEVICE_SEE, READS, "address")
OPERATION("certificate.remove", AUTH, DEVICE_CHANGE, CHANGES, "address id#")
/* Sign-in by the identity provider: {"url","flow"}: the browser goes to url and comes back with a query; the page keeps flow meanwhile. */
OPERATION("sso.begin", AUTH, ANYBODY, CHANGES, "provider? email?")
/* As session.start; with code "factor_needed" when our own second factor is needed: begin again with `proof`. */
OPERATION("sso.finish", AUTH, ANYBODY, CHANGES, "flow query label? device? device_key? proof{}? factor? origin? rp_id? web!?")
/* {"people","groups",…} or, with name and password, {"dn","address","account"}. */
OPERATION("ldap.test", AUTH, ACCOUNT_CHANGE, CHANGES, "address? password?")
/* {"people","added","changed","disabled","enabled","gone","groups","problems","dry_run","steps":[{"action","address","name"}]} */
OPERATION("ldap.sync", AUTH, ACCOUNT_CHANGE, CHANGES, "dry_run!? vanish#?")
/* {"roles":[{"name","text","builtin","rights"}]} and {"rights":[{"name","class","text"}]} */
OPERATION("role.list", AUTH, ROLE_SEE, READS, "")
OPERATION("role.rights", AUTH, ANYBODY, READS, "")
OPERATION("role.define", AUTH, ROLE_DEFINE, CHANGES, "name text? rights[]")
OPERATION("role.remove", AUTH, ROLE_DEFINE, CHANGES, "name")
/* What somebody may see and do, and why: {"rights":[{"right","text","class","allowed","because":[{"scope","value","role","grant","ends"}]}],
 * "operations":[…],"second_factor","second_factor_enforced"} */
OPERATION("role.simulate", AUTH, ROLE_SEE, READS, "address")
/* scope: mailbox, department, domain, organisation (default), case; value: its name. What is privileged needs a second person:
 * refused with code "approval_needed" and the number in "approval". {"id"} */
OPERATION("grant.add", AUTH, ROLE_GRANT, CHANGES, "address role scope? value? days#? reason")
/* {"grants":[{"id","address","role","scope","value","starts","ends","author","approver","reason","reviewed"}], "more"} */
OPERATION("grant.list", AUTH, ROLE_SEE, READS, "after?")
OPERATION("grant.end", AUTH, ROLE_GRANT, CHANGES, "id#")
/* {"approvals":[{"id","operation","args","asker","reason","state","needs","decider","created","ends"}], "more"} */
OPERATION("approval.list", AUTH, ANYBODY, READS, "all!? after?")
/* Runs what was asked for, in the name of the asker, and gives its result. */
OPERATION("approval.give", AUTH, ANYBODY, CHANGES, "id#")
OPERATION("approval.refuse", AUTH, ANYBODY, CHANGES, "id# reason?")
/*
 * The escrow quorum (docs/keys.md). k 0 without custodians ends it. Needs a second person. {"k","n"}
 * status: {"k","custodians":[{"address","able"}],"accounts","covered","weak","lost","without"}
 */
OPERATION("escrow.set", AUTH, POLICY_CHANGE, CHANGES, "k# custodians[] reason?")
OPERATION("escrow.status", AUTH, POLICY_SEE, READS, "")
/* For who lost the password: the new one, which nobody else learns. {"request","check","ends"}: the digits go to the custodians in person. */
OPERATION("escrow.reset_ask", AUTH, ANYBODY, CHANGES, "address new")
/* The mailbox of somebody who has left, for `target` to read; days 0: without end. Needs a second person, then the quorum. {"request"} */
OPERATION("escrow.hand_over_ask", AUTH, ACCOUNT_LEAVE, CHANGES, "address target reason days#?")
/* {"requests":[{"id","kind","address","target","asker","approver","reason","days","created","ends","given","needed","mine"}]} */
OPERATION("escrow.list", AUTH, SHARE_GIVE, READS, "")
/* A custodian's share; for a reset with the check digits. {"given","needed"}, and with the last one "reset" or "handed_over". */
OPERATION("escrow.give", AUTH, SHARE_GIVE, CHANGES, "id# check?")
OPERATION("escrow.refuse", AUTH, SHARE_GIVE, CHANGES, "id# reason?")
/* A new recovery code, in the own session; the old one ends. {"recovery_code"}: shown once. */
OPERATION("recovery.make", AUTH, ANYBODY, CHANGES, "")
/* In the own session: somebody else may open the mailbox. role: delegate (default), secretary, reader, partner, successor, or a custom one over mailboxes. */
OPERATION("delegate.add", AUTH, ANYBODY, CHANGES, "delegate role? days#?")
/* {"given":[{"address","role","ends","created"}],"received":[…]} */
OPERATION("delegate.list", AUTH, DEVICE_SEE, READS, "address")
OPERATION("delegate.remove", AUTH, DEVICE_CHANGE, CHANGES, "address delegate")
/*
 * Everything that somebody has here ends at once: sessions, tokens, app passwords, devices, factors, roles, delegations, groups, aliases. Mail goes
 * to target, or is refused. With an escrow and a target that is a user, the mailbox's hand-over is asked for (a second person, then the quorum).
 * dry_run: only says what would end. {"address","dry_run","ends":{…counts},"target","approval"?,"hand_over"}
 */
OPERATION("user.leave", AUTH, ACCOUNT_LEAVE, CHANGES, "address target? reason dry_run!?")
/* All keys to the mail of somebody disabled or gone are destroyed, for good; needs a second person. Both: {"certificate","signature","public_key"} */
OPERATION("account.shred", AUTH, ACCOUNT_LEAVE, CHANGES, "address reason")
OPERATION("account.certificate", AUTH, ACCOUNT_LEAVE, READS, "address")
/* kind: user (an address here or elsewhere), group, domain (a partner); level: public, internal, confidential, secret, or default. */
OPERATION("clearance.set", AUTH, POLICY_CHANGE, CHANGES, "kind name level")
/* {"clearances":[{"kind","name","level","author","changed"}],"more","next"} */
OPERATION("clearance.list", AUTH, POLICY_SEE, READS, "after?")
/*
 * Mail that may leave by itself, from an alias, group, account (redirects of its script) or "@domain" (catch-all) to an address or "@domain" outside;
 * for days. Needs a second person: {"id"}. The policy "forward" opens all: {"outside":false}.
 * {"forwards":[{"id","source","target","author","approver","reason","created","ends"}],"more","next"}
 */
OPERATION("forward.allow", AUTH, POLICY_CHANGE, CHANGES, "source target days# reason")
OPERATION("forward.list", AUTH, POLICY_SEE, READS, "after?")
OPERATION("forward.end", AUTH, POLICY_CHANGE, CHANGES, "id#")
/* {"aliases":[{"address","target"}], "more"} */
OPERATION("alias.list", AUTH, ACCOUNT_SEE, READS, "domain? after?")
OPERATION("alias.add", AUTH, ACCOUNT_CHANGE, CHANGES, "address target")
OPERATION("alias.remove", AUTH, ACCOUNT_CHANGE, CHANGES, "address")
/* {"groups":[{"address","name","members":[…]}], "more"} */
OPERATION("group.list", AUTH, ACCOUNT_SEE, READS, "domain? after?")
OPERATION("group.show", AUTH, ACCOUNT_SEE, READS, "address")
OPERATION("group.add", AUTH, ACCOUNT_CHANGE, CHANGES, "address name? members[]?")
OPERATION("group.remove", AUTH, ACCOUNT_CHANGE, CHANGES, "address")
OPERATION("group.member.add", AUTH, ACCOUNT_CHANGE, CHANGES, "address member")
OPERATION("group.member.remove", AUTH, ACCOUNT_CHANGE, CHANGES, "address member")
/* state: queued, deferred, held or notifying.
 * {"jobs":[{"id","state","from","size","created","next","attempts","recipients":[{"address","state","reply"}]}], "more"} */
/* What the organisation's people taught about junk: {"on","speaks","good","junk","words","people","since"}; good and junk are letters, people those who
 * taught in this epoch. forget forgets all of it. */
OPERATION("junk.show", QUEUE, QUARANTINE_SEE, READS, "")
OPERATION("junk.forget", QUEUE, QUARANTINE_CHANGE, CHANGES, "")
/* A letter from a file, in the name of that person: {"learnt"}. class: junk, good, or nothing (what was taught is taken back); letter: 32 hexadecimal digits that name
 * it; header, text: folded, as they are searched (mime/digest.h). */
OPERATION("junk.teach", AUTH, QUARANTINE_CHANGE, CHANGES, "address class letter header text")
/*
 * What is held in quarantine, by addresses, size and reason; never a subject: {"messages":[{"id","time","ends","from","to":[…],"recipient_count","size",
 * "reason","by","name","reviewable"}],"more","next"}. reason: a finding of malware.actions, stripped, verdict or partner; by: who found it.
 */
OPERATION("quarantine.list", QUEUE, QUARANTINE_SEE, READS, "from? to? reason? after?")
OPERATION("quarantine.show", QUEUE, QUARANTINE_SEE, READS, "id")
/* It goes to its recipients, as a letter with a queue id of its own: {"queue_id"}. What is malware needs a second person, unless the policy "quarantine"
 * says otherwise (docs/malware.md). */
OPERATION("quarantine.release", AUTH, QUARANTINE_CHANGE, CHANGES, "id reason?")
/* It goes to the mailbox of the reviewers (quarantine.reviewer), and stays held: {"queue_id"} */
OPERATION("quarantine.look", QUEUE, QUARANTINE_CHANGE, CHANGES, "id")
/* return: its sender gets a delivery report. delete: nobody is told. */
OPERATION("quarantine.return", QUEUE, QUARANTINE_CHANGE, CHANGES, "id")
OPERATION("quarantine.delete", QUEUE, QUARANTINE_CHANGE, CHANGES, "id")
/*
 * What others report of a domain (report.address), in the last days: {"domain","policy","passed","failed","advice","sources":[{"source","passed",
 * "failed","first","last","reporter","reports"}],"tls":[…]}. policy: p= as the last report saw it; advice: no_reports, wait, sources_fail, quarantine, reject
 * (the next step), done. send: reports that we owe others leave now, about today too: {"sent"}
 */
OPERATION("report.list", QUEUE, DOMAIN_SEE, READS, "domain days#?")
OPERATION("report.send", QUEUE, DOMAIN_CHANGE, CHANGES, "")
OPERATION("queue.list", QUEUE, QUEUE_SEE, READS, "state? from? to? after?")
OPERATION("queue.show", QUEUE, QUEUE_SEE, READS, "id")
OPERATION("queue.hold", QUEUE, QUEUE_CHANGE, CHANGES, "id")
OPERATION("queue.release", QUEUE, QUEUE_CHANGE, CHANGES, "id")
OPERATION("queue.retry", QUEUE, QUEUE_CHANGE, CHANGES, "id")
OPERATION("queue.drop", QUEUE, QUEUE_CHANGE, CHANGES, "id")
OPERATION("queue.bounce", QUEUE, QUEUE_CHANGE, CHANGES, "id")
/* Records that nothing needs leave the disk, in the background; by itself it waits until that gains half a pack (on a gateway: an hour). */
OPERATION("queue.compact", QUEUE, QUEUE_CHANGE, CHANGES, "")
OPERATION("queue.stats", QUEUE, QUEUE_SEE, READS, "")
/* Ends the references of an account that is disabled; account in hexadecimal digits. */
OPERATION("queue.account_remove", QUEUE, ACCOUNT_CHANGE, CHANGES, "account")
/* {"problems":[{"what","where","safe"}], "checked":{…}}: ADMIN_PARTIAL when there are problems. */
OPERATION("queue.check", QUEUE, SYSTEM_SEE, READS, "")
OPERATION("mail.sessions", MAIL, SYSTEM_SEE, READS, "")
OPERATION("mail.check", MAIL, SYSTEM_SEE, READS, "")
/* Removes the folder of an account that is disabled; account in hexadecimal digits. */
OPERATION("mail.remove", MAIL, ACCOUNT_CHANGE, CHANGES, "account")
/* The audit log (docs/audit.md). {"size","time","root","key","note","witnesses":[…]}: the newest signed head, co-signatures behind the log's own. */
OPERATION("audit.head", AUDIT, AUDIT_SEE, READS, "")
/* {"size","key","writable","trusted","problem","head_size","head_time","outside","warning","cosigned_size","cosigned_time","stamped_size",
 * "stamped_time","keep_days","keep_mail_days","sinks":[{"name","behind"}]} */
OPERATION("audit.status", AUDIT, SYSTEM_SEE, READS, "")
/* {"text"}: counters in the exposition format of Prometheus. */
OPERATION("audit.metrics", AUDIT, METRICS_SEE, READS, "")
/* {"records":[{"number","time","ms","event","class","level","role","fields":{…}}],"more","next"}; newest first, `after`: below that number. */
OPERATION("audit.list", AUDIT, AUDIT_SEE, READS, "since#? until#? event? class? actor? object? cid? after#? limit#?")
/* {"text","size"}: the proof that a record is in the log, or that the log begins with that of an older head; letterlock-verify checks it. */
OPERATION("audit.prove", AUDIT, AUDIT_SEE, READS, "record#? old_size#?")
/* {"text","first","end","size","next","more"}: a part of an export; further parts with first, end, size as answered and at = next. anonymise: people
 * are replaced by pseudonyms; {"pseudonyms"} goes into the further parts, which then have the same ones. */
OPERATION("audit.export", AUDIT, AUDIT_EXPORT, READS, "since#? first#? end#? size#? at#? anonymise!? pseudonyms?")
/* {"records","ok","bad"}: everything is read and hashed again. */
OPERATION("audit.verify", AUDIT, AUDIT_SEE, READS, "")
/* {"text","size"}: what a co-signer is asked (C2SP tlog-witness add-checkpoint); then its signature lines. {"name"} */
OPERATION("audit.cosign_request", AUDIT, AUDIT_SEE, READS, "old_size#?")
OPERATION("audit.cosign", AUDIT, AUDIT_SEE, CHANGES, "size# lines")
/* {"request","size"}: an RFC 3161 request in base64; then the answer of the service. {"time"} */
OPERATION("audit.timestamp_request", AUDIT, AUDIT_SEE, READS, "")
OPERATION("audit.timestamp", AUDIT, AUDIT_SEE, CHANGES, "size# answer")
/* {"records":[…],"more","next"} as audit.list, oldest first: the steps of messages named by queue or connection id, by an address of sender or
 * recipient, or by both. Never a subject or content. */
OPERATION("trace", AUDIT, TRACE_SEE, READS, "id? address? from? to? since#? until#? after#? limit#?")
/* The same of the own letters, which are those that the account sent signed in, or received: for each recipient what a delivery report would say. Without
 * address: of the caller. */
OPERATION("trace.own", AUDIT, SELF_SEE, READS, "address? id? since#? until#? after#? limit#?")
/* {"records":[…],"more","next"}: who else looked into the mailbox, when, why, approved by whom; newest first. */
OPERATION("access.list", AUDIT, SELF_SEE, READS, "address since#? until#? after#? limit#?")
/* {"version","since","roles":[{"role","index","pid","state","restarts","cpu_ms","rss","status":{…}}], "sandbox":{…}} */
OPERATION("status", PARENT, SYSTEM_SEE, READS, "")
/* The same, for the right of metrics. */
OPERATION("metrics", PARENT, METRICS_SEE, READS, "")
/* {"restart","confirm_within"}: names of options that wait for a restart; seconds within which reload.confirm must come, else the former
 * configuration comes back (only when the change could lock somebody out). */
OPERATION("reload", PARENT, SYSTEM_CHANGE, CHANGES, "")
OPERATION("reload.confirm", PARENT, SYSTEM_CHANGE, CHANGES, "")
OPERATION("stop", PARENT, SYSTEM_CHANGE, CHANGES, "")
OPERATION("check", PARENT, SYSTEM_SEE, READS, "")
