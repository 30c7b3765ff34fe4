/* The processes of the system. ROLE(id, name). The rights of each are in role/table.c. */
ROLE(PARENT, "parent")
ROLE(KEY, "key")
ROLE(AUTH, "auth")
ROLE(MX, "mx")           /* edge class mx: port 25 */
ROLE(CLIENT, "client")   /* edge class client: submission, IMAP, POP3 before login, TLS after it */
ROLE(RESOLVER, "resolver")
ROLE(FILTER, "filter")
ROLE(QUEUE, "queue")
ROLE(RELAY, "relay")
ROLE(MAIL, "mail")
ROLE(ADMIN, "admin")
ROLE(AUDIT, "audit")     /* the audit log */
ROLE(SHIP, "ship")       /* carries the audit log to other systems */
ROLE(MANAGE, "manage") /* edge class management: the admin API over HTTPS */
ROLE(WEB, "web")       /* edge class web: HTTPS for everybody, and plain HTTP that points there */
ROLE(FETCH, "fetch")   /* HTTPS requests to the hosts that the configuration names */
ROLE(SCAN, "scan")     /* carries letters to the scanners of the configuration */
ROLE(EXTRACT, "extract") /* hostile documents become pictures and text, each in a process of its own */
ROLE(LDAP, "ldap")     /* asks the LDAP directory of the configuration */
