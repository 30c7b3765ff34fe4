/*
 * Types of objects that have a state and whose changes are pushed. JMAP_TYPE(id, name, capability, state): state(j, out) appends the state, a short text
 * that is another one whenever an object of the type changed; 0 or negative. Included several times; no guard.
 */
JMAP_TYPE(MAILBOX, "Mailbox", MAIL, jmap_mail_state)
JMAP_TYPE(THREAD, "Thread", MAIL, jmap_mail_state)
JMAP_TYPE(EMAIL, "Email", MAIL, jmap_mail_state)
JMAP_TYPE(EMAIL_DELIVERY, "EmailDelivery", MAIL, jmap_delivery_state)
JMAP_TYPE(RECOVERABLE, "RecoverableEmail", RECOVERABLE, jmap_mail_state)
JMAP_TYPE(QUOTA, "Quota", QUOTA, jmap_quota_state)
JMAP_TYPE(ADDRESS_BOOK, "AddressBook", CONTACTS, jmap_contacts_state)
JMAP_TYPE(CONTACT_CARD, "ContactCard", CONTACTS, jmap_contacts_state)
JMAP_TYPE(PREFERENCES, "Preferences", PREFERENCES, jmap_preferences_state)
JMAP_TYPE(EMAIL_SUBMISSION, "EmailSubmission", SUBMISSION, jmap_submission_state)
