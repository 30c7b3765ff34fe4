/*
 * The table of limits: how much one address, network, user, domain or the whole process may take. Options, code, metrics and docs/limits.md are
 * made from it.
 *
 * LIMIT(id, "option", member, scope, counted, seconds, type, "default", action, "reply", "help")
 *   option   of the configuration; member: of struct config. 0 means: no limit.
 *   scope    PROCESS, ADDRESS (IPv4: one, IPv6: its /64), NETWORK (IPv4: /24, IPv6: /48), USER (the account), DOMAIN (of the user's address), LETTER
 *   counted  CONNECTIONS COMMANDS RECIPIENTS MESSAGES BYTES FAILURES SESSIONS REFUSALS HANDSHAKES DELAYS QUESTIONS
 *   seconds  how long what was counted counts; 0: what is held at this moment
 *   action   REFUSE: this one is not taken · WAIT: refused for a while, each time twice as long · TARPIT: answered late · CLOSE: the connection ends
 *            · QUEUE: has to wait for its turn
 *   reply    what a client reads; "" where the protocol has no words for it (before TLS)
 * Limits of users and domains are counted by auth, for the whole system; those of sessions by the shard of the account; all others by each edge
 * process, so that classes and processes do not disturb each other.
 *
 * Included several times; no guard.
 */
/* ---- connections ---- */
LIMIT(CONNECTIONS, "limits.connections", limits_connections, PROCESS, CONNECTIONS, 0, number, "20000", REFUSE,
      "421 4.7.0 Too many connections, try again later", "open client connections per process")
LIMIT(CONNECTIONS_ADDRESS, "limits.connections_per_address", limits_connections_per_address, ADDRESS, CONNECTIONS, 0, number, "200", REFUSE,
      "421 4.7.0 Too many connections from your address, try again later", "open connections from one address per process")
LIMIT(CONNECTIONS_NETWORK, "limits.connections_per_network", limits_connections_per_network, NETWORK, CONNECTIONS, 0, number, "2000", REFUSE,
      "421 4.7.0 Too many connections from your network, try again later", "open connections of strangers from one network per process")
LIMIT(ARRIVALS_ADDRESS, "limits.arrivals_per_address", limits_arrivals_per_address, ADDRESS, CONNECTIONS, 60, number, "600", REFUSE,
      "421 4.7.0 Too many connections in a minute, try again later", "connections that a stranger's address may open in a minute")
LIMIT(ARRIVALS_NETWORK, "limits.arrivals_per_network", limits_arrivals_per_network, NETWORK, CONNECTIONS, 60, number, "3000", REFUSE,
      "421 4.7.0 Too many connections in a minute, try again later", "connections that strangers of one network may open in a minute")
LIMIT(HANDSHAKES, "limits.handshakes", limits_handshakes, PROCESS, HANDSHAKES, 1, number, "250", QUEUE,
      "", "TLS handshakes of strangers that a process begins in a second; the others wait for their turn")
LIMIT(DELAYS, "limits.delays", limits_delays, PROCESS, DELAYS, 0, number, "1000", CLOSE,
      "421 4.7.0 Too busy, try again later", "clients that wait for their turn or for a late answer, per process; more are cut off")

/* ---- mail from outside ---- */
LIMIT(COMMANDS_ADDRESS, "limits.commands_per_address", limits_commands_per_address, ADDRESS, COMMANDS, 60, number, "12000", CLOSE,
      "421 4.7.0 Too many commands in a minute, try again later", "SMTP transactions and recipients that a stranger's address may begin in a minute")
LIMIT(RECIPIENTS_ADDRESS, "limits.recipients_per_address", limits_recipients_per_address, ADDRESS, RECIPIENTS, 60, number, "6000", REFUSE,
      "451 4.7.1 Too many recipients in a minute, try again later", "recipients that an address outside may give in a minute")
LIMIT(REFUSALS_ADDRESS, "limits.refusals_per_address", limits_refusals_per_address, ADDRESS, REFUSALS, 60, number, "60", CLOSE,
      "421 4.7.0 Too many refused commands, try again later", "refused recipients and senders of a stranger's address in a minute; behind a third of them answers come late")
LIMIT(REFUSALS_NETWORK, "limits.refusals_per_network", limits_refusals_per_network, NETWORK, REFUSALS, 60, number, "480", CLOSE,
      "421 4.7.0 Too many refused commands, try again later", "the same of a whole network")
LIMIT(UNKNOWN_ADDRESS, "limits.unknown_recipients", limits_unknown_recipients, ADDRESS, REFUSALS, 600, number, "100", REFUSE,
      "451 4.7.1 Too many unknown recipients, try again later", "unknown recipients from one address in ten minutes; then all its recipients have to wait")
LIMIT(QUESTIONS, "limits.questions", limits_questions, PROCESS, QUESTIONS, 0, number, "768", QUEUE,
      "", "questions to DNS about letters that a process has under way")
LIMIT(QUESTIONS_NETWORK, "limits.questions_per_network", limits_questions_per_network, NETWORK, QUESTIONS, 0, number, "192", QUEUE,
      "", "those of them about letters from one network; the others wait for their turn")
LIMIT(QUESTIONS_LETTER, "limits.questions_per_letter", limits_questions_per_letter, LETTER, QUESTIONS, 0, number, "48", QUEUE,
      "", "those of them about one letter")
LIMIT(MESSAGES_ADDRESS, "limits.messages_per_address", limits_messages_per_address, ADDRESS, MESSAGES, 60, number, "3000", REFUSE,
      "451 4.7.1 Too many messages in a minute, try again later", "messages that an address outside may bring in a minute")
LIMIT(BYTES_ADDRESS, "limits.bytes_per_address", limits_bytes_per_address, ADDRESS, BYTES, 60, size, "4GiB", REFUSE,
      "451 4.7.1 Too much mail in a minute, try again later", "bytes of messages that an address outside may bring in a minute")
LIMIT(OUTGOING_ADDRESS, "gateway.outgoing_per_minute", gateway_outgoing_per_minute, ADDRESS, MESSAGES, 60, number, "600", REFUSE,
      "451 4.7.1 Too many messages in a minute, wait a while", "messages that one address of a server behind may send out in a minute")

/* ---- users ---- */
LIMIT(MESSAGES_USER, "limits.messages_per_minute", limits_messages_per_minute, USER, MESSAGES, 60, number, "300", REFUSE,
      "451 4.7.1 Too many messages in a minute, wait a while", "messages a signed-in user may send in a minute")
LIMIT(RECIPIENTS_USER, "limits.recipients_per_hour", limits_recipients_per_hour, USER, RECIPIENTS, 3600, number, "5000", REFUSE,
      "451 4.7.1 Too many recipients in an hour, wait a while", "recipients a signed-in user may write to in an hour")
LIMIT(BYTES_USER, "limits.bytes_per_hour", limits_bytes_per_hour, USER, BYTES, 3600, size, "5GiB", REFUSE,
      "451 4.7.1 Too much mail in an hour, wait a while", "bytes of messages a signed-in user may send in an hour")
LIMIT(MESSAGES_DOMAIN, "limits.messages_per_domain", limits_messages_per_domain, DOMAIN, MESSAGES, 60, number, "6000", REFUSE,
      "451 4.7.1 Too many messages of your domain in a minute, wait a while", "messages that all users of a domain may send in a minute")
LIMIT(SESSIONS_USER, "limits.sessions_per_user", limits_sessions_per_user, USER, SESSIONS, 0, number, "200", REFUSE,
      "BYE Too many sessions of this account", "open IMAP and POP3 sessions of one account")

/* ---- sign-in ---- */
LIMIT(FAILURES_ADDRESS, "limits.logins_per_minute", limits_logins_per_minute, ADDRESS, FAILURES, 60, number, "30", WAIT,
      "454 4.7.0 Too many failures, try again later", "failed sign-ins from one address in a minute before it has to wait")
LIMIT(FAILURES_NETWORK, "limits.logins_per_network", limits_logins_per_network, NETWORK, FAILURES, 60, number, "240", WAIT,
      "454 4.7.0 Too many failures, try again later", "failed sign-ins from one network in a minute before it has to wait")
LIMIT(FAILURES_USER, "limits.free_failures", limits_free_failures, USER, FAILURES, 900, number, "5", TARPIT,
      "", "failed sign-ins of an account in 15 minutes that are answered after auth.failure_delay; the ones behind them ever later")
LIMIT(WORK_FAILURES, "limits.failures_before_work", limits_failures_before_work, ADDRESS, FAILURES, 900, number, "3", QUEUE,
      "", "failed sign-ins of one address, or of one account, in 15 minutes before the web asks for a proof of work (web.work)")
LIMIT(WORK_WAITS, "limits.waits_for_work", limits_waits_for_work, ADDRESS, SIGN_INS, 60, number, "4", REFUSE,
      "", "sign-ins at the web from one address in a minute that wait instead of computing a proof of work")

#undef LIMIT
