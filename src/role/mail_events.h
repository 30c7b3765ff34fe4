/* Routes of mail_jmap.c: event sources (RFC 8620 7.3), and JMAP over WebSocket (RFC 8887). Both tell changes of the account as they happen. */
#ifndef ROLE_MAIL_EVENTS_H
#define ROLE_MAIL_EVENTS_H

#include "role/mail_http.h"

void mail_events(struct mail_exchange *x);
void mail_events_more(struct mail_exchange *x);
void mail_events_gone(struct mail_exchange *x);

void mail_socket(struct mail_exchange *x);
void mail_socket_piece(struct mail_exchange *x, struct slice bytes);
void mail_socket_more(struct mail_exchange *x);
void mail_socket_gone(struct mail_exchange *x);

#endif
