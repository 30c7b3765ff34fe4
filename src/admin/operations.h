/*
 * The administrative operations: OPERATION(name, role that does it, members of args: "name" must be there, "name?" may be).
 * A member that is not listed is refused before the role is asked. Values are texts unless marked: # number, ! true/false, [] list
 * of texts. Results are JSON objects; their members are named in the comment. Secrets travel in args only, and are never logged.
 *
 * Included several times; no guard.
 */
/* {"domains":[{"domain","users","catch_all","postmaster"}]}; addresses, or "" for none. */
OPERATION("domain.list", AUTH, "")
OPERATION("domain.add", AUTH, "domain catch_all? postmaster?")
OPERATION("domain.set", AUTH, "domain catch_all? postmaster?")
OPERATION("domain.remove", AUTH, "domain")
/* {"users":[{"address","name","department","role","state","quota","provisional"}], "more":true, "next":…}; state: active, disabled.
 * Lists are pages: "after" is the last address of the former page. */
OPERATION("user.list", AUTH, "domain? after?")
/* One user as above and "created", "app_passwords" (count). */
OPERATION("user.show", AUTH, "address")
/* The password is provisional: the user chooses an own one with user.passwd. quota in bytes, 0: the default. Roles: user,
 * department, administrator, officer, auditor, approver. */
OPERATION("user.add", AUTH, "address password name? department? role? quota#?")
OPERATION("user.set", AUTH, "address name? department? role? quota#?")
/* Nobody signs in, sessions end at once, mail is refused with 550 5.2.1: {"account"}. */
OPERATION("user.disable", AUTH, "address")
OPERATION("user.enable", AUTH, "address")
/* The last step of four that may be repeated as a whole: user.disable, mail.remove, queue.account_remove, user.remove. {"account"} */
OPERATION("user.remove", AUTH, "address")
/* {"recovery_code"}: the new one, shown once. */
OPERATION("user.passwd", AUTH, "address old new")
/* With the recovery code the mail stays readable: {"recovery_code"}. Without it lose_mail must be true: the account
 * starts empty and the password is provisional: {"mail_lost":true}. */
OPERATION("user.reset", AUTH, "address new recovery_code? lose_mail!?")
/* {"app_password","id"}: shown once. password: the user's own, it opens the account's secrets. */
OPERATION("user.app_password.add", AUTH, "address password label?")
/* {"app_passwords":[{"id","label","created"}]} */
OPERATION("user.app_password.list", AUTH, "address")
OPERATION("user.app_password.remove", AUTH, "address id")
/* {"aliases":[{"address","target"}], "more"} */
OPERATION("alias.list", AUTH, "domain? after?")
OPERATION("alias.add", AUTH, "address target")
OPERATION("alias.remove", AUTH, "address")
/* {"groups":[{"address","name","members":[…]}], "more"} */
OPERATION("group.list", AUTH, "domain? after?")
OPERATION("group.show", AUTH, "address")
OPERATION("group.add", AUTH, "address name? members[]?")
OPERATION("group.remove", AUTH, "address")
OPERATION("group.member.add", AUTH, "address member")
OPERATION("group.member.remove", AUTH, "address member")
/* state: queued, deferred, held or notifying.
 * {"jobs":[{"id","state","from","size","created","next","attempts","recipients":[{"address","state","reply"}]}], "more"} */
OPERATION("queue.list", QUEUE, "state? from? to? after?")
OPERATION("queue.show", QUEUE, "id")
OPERATION("queue.hold", QUEUE, "id")
OPERATION("queue.release", QUEUE, "id")
OPERATION("queue.retry", QUEUE, "id")
OPERATION("queue.drop", QUEUE, "id")
OPERATION("queue.bounce", QUEUE, "id")
OPERATION("queue.stats", QUEUE, "")
/* Ends the references of an account that is disabled; account in hexadecimal digits. */
OPERATION("queue.account_remove", QUEUE, "account")
/* {"problems":[{"what","where","safe"}], "checked":{…}}: ADMIN_PARTIAL when there are problems. */
OPERATION("queue.check", QUEUE, "")
OPERATION("mail.sessions", MAIL, "")
OPERATION("mail.check", MAIL, "")
/* Removes the folder of an account that is disabled; account in hexadecimal digits. */
OPERATION("mail.remove", MAIL, "account")
/* {"version","since","roles":[{"role","index","pid","state","restarts","cpu_ms","rss","status":{…}}], "sandbox":{…}} */
OPERATION("status", PARENT, "")
OPERATION("reload", PARENT, "")
OPERATION("stop", PARENT, "")
OPERATION("check", PARENT, "")
