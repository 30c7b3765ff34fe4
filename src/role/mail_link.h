/* Inside of mail over HTTP (role/mail_http.h): connections of web, for mail_http.c, mail_link.c and mail_exchange.c. */
#ifndef ROLE_MAIL_LINK_H
#define ROLE_MAIL_LINK_H

#include "http/server.h"
#include "role/mail_http.h"

/* One connection from web. */
struct mail_link {
	uint32_t magic;
	struct list_node node;
	struct mail_http *person;
	struct conn *conn;
	struct http_server *server;
	struct mail_exchange *exchange; /* HTTP/1.1: one at a time */
	unsigned held;
	bool ended, over, soon;
};

/* ---- mail_link.c ---- */

/* One more connection of the sign-in. Takes the descriptor over. */
void mail_link_create(struct mail_http *p, int fd);
/* At once: web sees the end of the socket, and what was being answered is told that it is gone. */
void mail_link_end(struct mail_link *l);

/* ---- mail_exchange.c ---- */

/* Copies what the request says; the path is not decoded yet. The connection's from now on, and the handler's when that holds it. */
struct mail_exchange *mail_exchange_create(struct mail_link *l, uint32_t stream, const struct http_request *q);
/* The client is gone: the handler is told when it was not done, and the exchange is freed when nobody holds it. */
void mail_exchange_leave(struct mail_exchange *x);

#endif
