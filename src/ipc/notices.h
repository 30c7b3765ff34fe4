/*
 * The letters that the system itself writes to a person: NOTICE(id, "name", "arguments"). Sent by QUEUE_NOTICE, composed by filter, whose
 * table has the words (filter/notice_text.c). Arguments stand in the words as {argument}; one that is missing reads as "–".
 *   time, until: seconds since 1970, shown as a date in UTC · kind, why, service: words that the system chose, shown in the reader's language
 *   everything else: text, shown as it is, without control characters
 * Include it with NOTICE defined; it is undefined at the end. Names never change once released.
 */
NOTICE(SIGNIN_CODE, "signin.code", "code minutes")
NOTICE(SIGNIN_UNUSUAL, "signin.unusual", "time service ip why")
NOTICE(SIGNIN_UNUSUAL_OFFICER, "signin.unusual.officer", "address time service ip why")
NOTICE(DEVICE_WAITS, "device.waits", "time device service ip")
NOTICE(PASSWORD_CHANGED, "password.changed", "time")
NOTICE(PASSWORD_RESET, "password.reset", "time actor")
NOTICE(FACTOR_ADDED, "factor.added", "time kind")
NOTICE(FACTOR_REMOVED, "factor.removed", "time kind actor")
NOTICE(RECOVERY_USED, "recovery.used", "time")
NOTICE(MAILBOX_OPENED, "mailbox.opened", "time actor ip")
NOTICE(MAILBOX_RECOVERED, "mailbox.recovered", "time actor approver")
NOTICE(TLS_EXPIRES, "tls.expires", "host until")
NOTICE(SENDING_SUSPENDED, "sending.suspended", "time why")
NOTICE(SENDING_SUSPENDED_OFFICER, "sending.suspended.officer", "address time why actor")
NOTICE(ACCOUNT_ISOLATED, "account.isolated", "time kind")
NOTICE(SENDING_RESTORED, "sending.restored", "time")
NOTICE(ACCOUNT_UNUSED, "account.unused", "until")
NOTICE(SIEVE_FAILED, "sieve.failed", "line what time")
NOTICE(SIEVE_REDIRECT, "sieve.redirect", "to time")
NOTICE(DNS_WRONG, "dns.wrong", "domain what time")
NOTICE(REPORTS_FAIL, "reports.fail", "domain count what")
NOTICE(REPORTS_TLS_FAIL, "reports.tls_fail", "domain count what")
NOTICE(QUARANTINE_HELD, "quarantine.held", "count time")
NOTICE(CERTIFICATE_EXPIRES, "certificate.expires", "device until")
NOTICE(CONTACT_CHANGED_OFFICER, "contact.changed.officer", "address time actor")
NOTICE(BREAK_GLASS_OFFICER, "break_glass.officer", "actor op object reason time")
#undef NOTICE
