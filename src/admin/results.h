/*
 * What operations are for and what their results hold: RESULT(name, SHOWN or SECRET, sentence, members of the result). From it come the
 * descriptions of docs/openapi.json; an operation without a row is described by its name and arguments alone.
 *   members: as in ipc/operations.h, and "name[a b#]" for a list of objects; times are unix seconds.
 *   SECRET: the result is shown once. It is not kept, so a call that is repeated with its key learns only that it was done.
 *
 * Included once; no guard.
 */
RESULT("domain.list", SHOWN, "All domains.", "domains[domain users# catch_all postmaster] more!? next?")
RESULT("domain.add", SHOWN, "Adds a domain.", "")
RESULT("domain.set", SHOWN, "Changes where mail of a domain goes.", "")
RESULT("domain.remove", SHOWN, "Removes a domain without users, aliases and groups.", "")
RESULT("user.list", SHOWN, "Users in pages, by address.",
	"users[address name department role state quota# provisional!] more!? next?")
RESULT("user.show", SHOWN, "One user.", "address name department role state quota# provisional! created# app_passwords#")
RESULT("user.add", SHOWN, "Adds a user with a provisional password.", "")
RESULT("user.set", SHOWN, "Changes a user.", "")
RESULT("user.disable", SHOWN, "Ends all sessions of a user and refuses mail.", "account")
RESULT("user.enable", SHOWN, "Lets a user sign in again.", "account?")
RESULT("user.remove", SHOWN, "Removes a disabled user.", "account")
RESULT("user.passwd", SECRET, "Changes a password; everybody may change the own one.", "recovery_code")
RESULT("user.reset", SECRET, "Sets a new password, with the recovery code or at the price of the mail.", "recovery_code? mail_lost!?")
RESULT("user.app_password.add", SECRET, "Makes an app password.", "app_password id")
RESULT("user.app_password.list", SHOWN, "App passwords of a user.", "app_passwords[id label created#]")
RESULT("user.app_password.remove", SHOWN, "Ends an app password and its sessions.", "")
RESULT("alias.list", SHOWN, "Aliases in pages.", "aliases[address target] more!? next?")
RESULT("alias.add", SHOWN, "Adds an alias.", "")
RESULT("alias.remove", SHOWN, "Removes an alias.", "")
RESULT("group.list", SHOWN, "Groups in pages.", "groups[address name members[]] more!? next?")
RESULT("group.show", SHOWN, "One group.", "address name members[]")
RESULT("group.add", SHOWN, "Adds a group.", "")
RESULT("group.remove", SHOWN, "Removes a group.", "")
RESULT("group.member.add", SHOWN, "Adds a member to a group.", "")
RESULT("group.member.remove", SHOWN, "Takes a member out of a group.", "")
RESULT("queue.list", SHOWN, "Messages that wait to be sent.",
	"jobs[id state from size# created# next# attempts# recipients[address state reply]] more!? next?")
RESULT("queue.show", SHOWN, "One waiting message.", "id state from size# created# next# attempts# recipients[address state reply]")
RESULT("queue.hold", SHOWN, "Keeps a message until it is released.", "")
RESULT("queue.release", SHOWN, "Ends a hold.", "")
RESULT("queue.retry", SHOWN, "Tries a message now.", "")
RESULT("queue.drop", SHOWN, "Removes a message without a word to its sender.", "")
RESULT("queue.bounce", SHOWN, "Returns a message to its sender.", "")
RESULT("queue.stats", SHOWN, "Numbers of the queue.", "")
RESULT("queue.account_remove", SHOWN, "Ends what the queue keeps for a disabled account.", "")
RESULT("queue.check", SHOWN, "Checks queue and packs.", "problems[what where safe] checked{}")
RESULT("mail.sessions", SHOWN, "Mail sessions of all shards.", "shards[]")
RESULT("mail.check", SHOWN, "Checks the account databases that are open.", "shards[]")
RESULT("mail.remove", SHOWN, "Removes the mail of a disabled account.", "shards[]")
RESULT("audit.head", SHOWN, "The newest signed head of the audit log.", "size# time# root key note witnesses[]")
RESULT("audit.status", SHOWN, "State of the audit log.",
	"size# key writable! trusted! problem head_size# head_time# outside! warning? cosigned_size# cosigned_time# stamped_size# stamped_time# keep_days# "
	"keep_mail_days# sinks[name behind#]")
RESULT("audit.metrics", SHOWN, "Counters of events for Prometheus.", "text")
RESULT("audit.list", SHOWN, "Records of the audit log, newest first.", "records[number# time# ms# event class level role fields{}] more!? next#?")
RESULT("audit.prove", SHOWN, "Proof for one record or an older head.", "text size#")
RESULT("audit.export", SHOWN, "A part of an export that letterlock-verify checks.", "text first# end# size# next# more!")
RESULT("audit.verify", SHOWN, "Reads and hashes the whole log again.", "records# ok! bad#?")
RESULT("audit.cosign_request", SHOWN, "What a co-signer is asked.", "text size#")
RESULT("audit.cosign", SHOWN, "Keeps co-signatures of a head.", "name")
RESULT("audit.timestamp_request", SHOWN, "An RFC 3161 request for the newest head.", "request size#")
RESULT("audit.timestamp", SHOWN, "Keeps the answer of a time stamp service.", "time#")
RESULT("trace", SHOWN, "What happened to messages, step by step.",
	"records[number# time# ms# event class level role fields{}] more!? next#?")
RESULT("access.list", SHOWN, "Who looked into a mailbox.", "records[number# time# ms# event class level role fields{}] more!? next#?")
RESULT("status", SHOWN, "Every process of the server.",
	"version since sandbox roles[role index# pid# state restarts# uptime_s# cpu_ms# rss# status{}]")
RESULT("metrics", SHOWN, "As status, for the scope of metrics.",
	"version since sandbox roles[role index# pid# state restarts# uptime_s# cpu_ms# rss# status{}]")
RESULT("reload", SHOWN, "Reads configuration and certificates again.", "restart confirm_within#?")
RESULT("reload.confirm", SHOWN, "Keeps the configuration that a reload brought.", "")
RESULT("stop", SHOWN, "Ends the server cleanly.", "")
RESULT("check", SHOWN, "Checks configuration, certificate and processes.", "problems[what where safe]")
