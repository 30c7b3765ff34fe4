/*
 * What the server can do. JMAP_CAPABILITY(id, urn, session, account): the functions write the value of the capability in the Session object (RFC 8620 2):
 * `session` into "capabilities", `account` into "accountCapabilities"; NULL there: an account does not have it. Included several times; no guard.
 */
JMAP_CAPABILITY(CORE, "urn:ietf:params:jmap:core", jmap_core_session, NULL)
JMAP_CAPABILITY(MAIL, "urn:ietf:params:jmap:mail", jmap_empty, jmap_mail_account)
JMAP_CAPABILITY(WEBSOCKET, "urn:ietf:params:jmap:websocket", jmap_websocket_session, NULL)
JMAP_CAPABILITY(BLOB, "urn:ietf:params:jmap:blob", jmap_empty, jmap_blob_account)
JMAP_CAPABILITY(QUOTA, "urn:ietf:params:jmap:quota", jmap_empty, jmap_empty)
JMAP_CAPABILITY(SIEVE, "urn:ietf:params:jmap:sieve", jmap_sieve_session, jmap_sieve_account)
JMAP_CAPABILITY(SUBMISSION, "urn:ietf:params:jmap:submission", jmap_empty, jmap_submission_account)
JMAP_CAPABILITY(MDN, "urn:ietf:params:jmap:mdn", jmap_empty, jmap_empty)
JMAP_CAPABILITY(LETTERS, "urn:letterlock:jmap:letters", jmap_empty, jmap_letters_account)
JMAP_CAPABILITY(CONTACTS, "urn:ietf:params:jmap:contacts", jmap_empty, jmap_contacts_account)
JMAP_CAPABILITY(VAPID, "urn:ietf:params:jmap:webpush-vapid", jmap_vapid_session, NULL)
JMAP_CAPABILITY(PREVIEW, "urn:letterlock:jmap:preview", jmap_empty, jmap_preview_account)
JMAP_CAPABILITY(RECOVERABLE, "urn:letterlock:jmap:recoverable", jmap_empty, jmap_recoverable_account)
JMAP_CAPABILITY(DELEGATION, "urn:letterlock:jmap:delegation", jmap_empty, NULL)
JMAP_CAPABILITY(VACATION, "urn:ietf:params:jmap:vacationresponse", jmap_empty, jmap_empty)
JMAP_CAPABILITY(PREFERENCES, "urn:letterlock:jmap:preferences", jmap_empty, jmap_empty)
