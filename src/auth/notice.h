/*
 * Letters of the system to persons (ipc/notices.h): which events are told to whom (the table in notice.c), how often, and that a letter goes
 * on its way until queue has it durably. Events are told by the owner's address in them; a person without a mailbox of their own gets none.
 */
#ifndef AUTH_NOTICE_H
#define AUTH_NOTICE_H

#include "auth/directory.h"
#include "auth/factors.h"
#include "auth/host.h"
#include "auth/login.h"
#include "ipc/notice.h"

#define NOTICES_WAITING_MAX 500  /* letters at a time; more are not written */
#define NOTICES_PER_DAY 30       /* to one person about events */
#define NOTICE_TRIES 5
#define NOTICE_AGAIN_MS SECONDS_MS(30)
#define NOTICE_OFFICERS_MAX 50

struct notices;

struct notices_settings {
	struct slice language;                   /* of persons without one */
	bool owner_sees;                         /* who looked into a mailbox is told to its owner (audit.owner_sees) */
	const struct auth_login_settings *login; /* for facts; kept by pointer */
};

/* Keeps directory by pointer, copies host. */
struct notices *notices_create(struct directory *directory, const struct auth_host *host, const struct notices_settings *settings);
void notices_configure(struct notices *n, const struct notices_settings *settings);
void notices_destroy(struct notices **n); /* nothing may be on its way */

/* What is to be told of it is on its way from then on; the directory is read after the caller has returned. */
void notices_event(struct notices *n, enum log_event event, const struct log_field *fields);
/* A letter to one account. args: those of the notice, as fields ("time" is added). False: not written, the account had enough of these. */
bool notices_send(struct notices *n, const uint8_t account[16], enum notice notice, const struct log_field *args);
/* A code of a second factor to the address that the person gave (auth/contact.h). */
void notices_code(struct notices *n, const struct auth_factor_send *send);
unsigned notices_waiting(const struct notices *n);

#endif
