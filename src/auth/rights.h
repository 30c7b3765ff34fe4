/*
 * The rights: RIGHT(id, name, class, text). A role is a set of them, a grant is a role within a scope and a time; nothing else allows
 * anything (auth/permit.h). Names are stored and shown; they never change their meaning.
 *
 * The class says what a right is about, and which rights nobody may hold together (the table of separation in auth/permit.c):
 *   MAIL     a mailbox, one's own or a delegated one      SELF    one's own account: password, factors, devices, sessions
 *   SYSTEM   machine, domains, queues                     PEOPLE  accounts, addresses, groups
 *   LOG      what happened to mail, never content         POLICY  rules, devices and factors of others, third parties
 *   GRANT    who gets which role                          APPROVE the second person for what one may not do alone
 *   AUDIT    the record of who did what                   CONTENT other people's mail, inside an approved case only
 *   KEY      a share of the escrow
 *
 * Sets of rights are stored as bits in the order of the rows: new ones come at the end. Included several times; no guard.
 */
RIGHT(MAIL_VIEW, "mail.view", MAIL, "open a mailbox and read it")
RIGHT(MAIL_SEND, "mail.send", MAIL, "send for the mailbox")
RIGHT(MAIL_RECEIVE, "mail.receive", MAIL, "be a recipient")
RIGHT(MAIL_DOWNLOAD, "mail.download", MAIL, "take attachments out of a mailbox")
RIGHT(MAIL_PRINT, "mail.print", MAIL, "print letters of a mailbox")
RIGHT(MAIL_FORWARD, "mail.forward", MAIL, "forward letters of a mailbox")
RIGHT(MAIL_EXPORT, "mail.export", MAIL, "take many letters out of a mailbox at once")
RIGHT(MAIL_DELETE, "mail.delete", MAIL, "delete letters of a mailbox for good")
RIGHT(SELF_SEE, "self.see", SELF, "see one's own account, sessions, devices and who looked into the mailbox")
RIGHT(SELF_CHANGE, "self.change", SELF, "change one's own password, factors, devices and sessions")
RIGHT(DOMAIN_SEE, "domain.see", SYSTEM, "see domains")
RIGHT(DOMAIN_CHANGE, "domain.change", SYSTEM, "add, change and remove domains")
RIGHT(QUEUE_SEE, "queue.see", LOG, "see what waits to be sent: addresses, sizes, replies")
RIGHT(QUEUE_CHANGE, "queue.change", SYSTEM, "hold, release, retry, return and drop what waits")
RIGHT(SYSTEM_SEE, "system.see", SYSTEM, "see status, checks and sessions")
RIGHT(SYSTEM_CHANGE, "system.change", SYSTEM, "reload, stop, confirm a configuration")
RIGHT(ACCOUNT_SEE, "account.see", PEOPLE, "see accounts, aliases and groups")
RIGHT(ACCOUNT_CHANGE, "account.change", PEOPLE, "add, change, disable and remove accounts, aliases and groups")
RIGHT(ACCOUNT_DISCARD, "account.discard", PEOPLE, "give an account new keys although its mail is lost by that")
RIGHT(ACCOUNT_LEAVE, "account.leave", PEOPLE, "take a leaver's rights, hand the mailbox over, destroy its keys")
RIGHT(TRACE_SEE, "trace.see", LOG, "see what happened to a message: addresses, times, sizes, verdicts")
RIGHT(POLICY_SEE, "policy.see", POLICY, "see policies, clearances and third parties")
RIGHT(POLICY_CHANGE, "policy.change", POLICY, "change policies and clearances")
RIGHT(DEVICE_SEE, "device.see", POLICY, "see devices and sessions of others")
RIGHT(DEVICE_CHANGE, "device.change", POLICY, "approve, block and sign out devices and sessions of others")
RIGHT(FACTOR_RESET, "factor.reset", POLICY, "remove a lost second factor of somebody")
RIGHT(PARTY_CHANGE, "party.change", POLICY, "register, review and end what third parties may do")
RIGHT(ROLE_SEE, "role.see", GRANT, "see roles, grants and what somebody may do")
RIGHT(ROLE_DEFINE, "role.define", GRANT, "define roles")
RIGHT(ROLE_GRANT, "role.grant", GRANT, "grant and withdraw roles of others")
RIGHT(REVIEW_SIGN, "review.sign", GRANT, "sign the quarterly review of rights")
RIGHT(ACT_APPROVE, "act.approve", APPROVE, "be the second person of a dangerous act")
RIGHT(CASE_APPROVE, "case.approve", APPROVE, "approve the case of an auditor")
RIGHT(AUDIT_SEE, "audit.see", AUDIT, "read the audit log")
RIGHT(AUDIT_EXPORT, "audit.export", AUDIT, "export the audit log")
RIGHT(METRICS_SEE, "metrics.see", LOG, "read metrics")
RIGHT(CASE_SEARCH, "case.search", CONTENT, "search the mail of a case")
RIGHT(CASE_VIEW, "case.view", CONTENT, "open letters of a case")
RIGHT(CASE_DOWNLOAD, "case.download", CONTENT, "take attachments out of a case")
RIGHT(CASE_PRINT, "case.print", CONTENT, "print letters of a case")
RIGHT(CASE_EXPORT, "case.export", CONTENT, "export a case")
RIGHT(SHARE_GIVE, "share.give", KEY, "give one's share of the escrow for an approved act")
RIGHT(SESSION_END, "session.end", PEOPLE, "end sessions, tokens and app passwords of others")
RIGHT(MAIL_SEND_AS, "mail.send_as", MAIL, "send for the mailbox without being named as the sender in the letter")
RIGHT(ACCOUNT_CONTAIN, "account.contain", POLICY, "stop what an account sends, isolate it, and give it back")
RIGHT(QUARANTINE_SEE, "quarantine.see", LOG, "see what is in quarantine: addresses, sizes, reasons, never content")
RIGHT(QUARANTINE_CHANGE, "quarantine.change", POLICY, "let letters out of quarantine, look at them, return and delete them")
RIGHT(CA_CHANGE, "ca.change", POLICY, "make, renew and replace the organisation's authority for certificates")
