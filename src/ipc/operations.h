/*
 * The administrative operations: OPERATION(name, role that does it, right it needs (auth/rights.h), READS or CHANGES,
 * members of args: "name" must be there, "name?" may be). Who needs no right beyond being somebody, or nobody yet: ANYBODY.
 * A member that is not listed is refused before the role is asked. Values are texts unless marked: # number, ! true/false, [] list
 * of texts. Results are JSON objects; their members are named in the comment. Secrets travel in args only, and are never logged.
 *
 * Included several times; no guard.
 */
/* {"domains":[{"domain","users","catch_all","postmaster"}]}; addresses, or "" for none. */
OPERATION("domain.list", AUTH, DOMAIN_SEE, READS, "")
OPERATION("domain.add", AUTH, DOMAIN_CHANGE, CHANGES, "domain catch_all? postmaster?")
OPERATION("domain.set", AUTH, DOMAIN_CHANGE, CHANGES, "domain catch_all? postmaster?")
OPERATION("domain.remove", AUTH, DOMAIN_CHANGE, CHANGES, "domain")
/* {"users":[{"address","name","department","role","state","quota","provisional"}], "more":true, "next":…}; state: active, disabled.
 * Lists are pages: "after" is the last address of the former page. */
OPERATION("user.list", AUTH, ACCOUNT_SEE, READS, "domain? after?")
/* One user as above and "created", "app_passwords" (count). */
OPERATION("user.show", AUTH, ACCOUNT_SEE, READS, "address")
/* The password is provisional: the user chooses an own one with user.passwd. quota in bytes, 0: the default. Roles: user,
 * department, administrator, officer, auditor, approver. */
OPERATION("user.add", AUTH, ACCOUNT_CHANGE, CHANGES, "address password name? department? role? quota#?")
OPERATION("user.set", AUTH, ACCOUNT_CHANGE, CHANGES, "address name? department? role? quota#?")
/* Nobody signs in, sessions end at once, mail is refused with 550 5.2.1: {"account"}. */
OPERATION("user.disable", AUTH, ACCOUNT_CHANGE, CHANGES, "address")
OPERATION("user.enable", AUTH, ACCOUNT_CHANGE, CHANGES, "address")
/* The last step of four that may be repeated as a whole: user.disable, mail.remove, queue.account_remove, user.remove. {"account"} */
OPERATION("user.remove", AUTH, ACCOUNT_CHANGE, CHANGES, "address")
/* {"recovery_code"}: the new one, shown once. */
OPERATION("user.passwd", AUTH, SELF_CHANGE, CHANGES, "address old new")
/* With the recovery code the mail stays readable: {"recovery_code"}. Without it lose_mail must be true: the account
 * starts empty and the password is provisional: {"mail_lost":true}. */
OPERATION("user.reset", AUTH, SELF_CHANGE, CHANGES, "address new recovery_code? lose_mail!?")
/* {"app_password","id"}: shown once. password: the user's own, it opens the account's secrets. */
OPERATION("user.app_password.add", AUTH, SELF_CHANGE, CHANGES, "address password label?")
/* {"app_passwords":[{"id","label","created"}]} */
OPERATION("user.app_password.list", AUTH, SELF_SEE, READS, "address")
OPERATION("user.app_password.remove", AUTH, SELF_CHANGE, CHANGES, "address id")
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
OPERATION("queue.list", QUEUE, QUEUE_SEE, READS, "state? from? to? after?")
OPERATION("queue.show", QUEUE, QUEUE_SEE, READS, "id")
OPERATION("queue.hold", QUEUE, QUEUE_CHANGE, CHANGES, "id")
OPERATION("queue.release", QUEUE, QUEUE_CHANGE, CHANGES, "id")
OPERATION("queue.retry", QUEUE, QUEUE_CHANGE, CHANGES, "id")
OPERATION("queue.drop", QUEUE, QUEUE_CHANGE, CHANGES, "id")
OPERATION("queue.bounce", QUEUE, QUEUE_CHANGE, CHANGES, "id")
OPERATION("queue.stats", QUEUE, QUEUE_SEE, READS, "")
/* Ends the references of an account that is disabled; account in hexadecimal digits. */
OPERATION("queue.account_remove", QUEUE, ACCOUNT_CHANGE, CHANGES, "account")
/* {"problems":[{"what","where","safe"}], "checked":{…}}: ADMIN_PARTIAL when there are problems. */
OPERATION("queue.check", QUEUE, SYSTEM_SEE, READS, "")
OPERATION("mail.sessions", MAIL, SYSTEM_SEE, READS, "")
OPERATION("mail.check", MAIL, SYSTEM_SEE, READS, "")
/* Removes the folder of an account that is disabled; account in hexadecimal digits. */
OPERATION("mail.remove", MAIL, ACCOUNT_CHANGE, CHANGES, "account")
/* {"version","since","roles":[{"role","index","pid","state","restarts","cpu_ms","rss","status":{…}}], "sandbox":{…}} */
OPERATION("status", PARENT, SYSTEM_SEE, READS, "")
OPERATION("reload", PARENT, SYSTEM_CHANGE, CHANGES, "")
OPERATION("stop", PARENT, SYSTEM_CHANGE, CHANGES, "")
OPERATION("check", PARENT, SYSTEM_SEE, READS, "")
