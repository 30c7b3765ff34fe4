/* The talk between the parent and one role over its control socket. Internal to role. */
#ifndef ROLE_CONTROL_H
#define ROLE_CONTROL_H

#include "base/buf.h"
#include "base/error.h"

#define CONTROL_FD 3            /* of a role, when it starts */
#define CONTROL_MAX 65536       /* bytes of one message */
#define CONTROL_IMAGE_MAX (16 * 1024 * 1024)
#define CONTROL_SECRET_SIZE 32
#define CONTROL_TLS_KEY_MAX 16384

enum control_kind {
	/* from the parent */
	CONTROL_IMAGE = 1,  /* descriptor: configuration image, certificate chain, CA, zone, CA of clients (each as bytes) */
	CONTROL_SECRETS,    /* boot secret, master key, password of the role (bytes each; empty where the row does not grant it); descriptor
	                     * of the TLS key file, for key */
	CONTROL_LISTEN,     /* service (bytes); descriptor */
	CONTROL_INSTANCES,  /* u16 for each role */
	CONTROL_CHANNEL,    /* u8 role, u16 instance; descriptor */
	CONTROL_GO,         /* everything was sent: start */
	CONTROL_RELOAD,     /* a new image and new secrets were sent: use them */
	CONTROL_TICKETS,    /* newer, older TLS ticket key (bytes each): use them */
	CONTROL_STATUS,     /* answer with CONTROL_STATE */
	CONTROL_PING,       /* answer with CONTROL_PONG */
	CONTROL_STOP,       /* finish, then end */
	/* from the role */
	CONTROL_READY,      /* u8 Landlock version, u8 Landlock, u8 seccomp */
	CONTROL_FAILED,     /* text (bytes) */
	CONTROL_STATE,      /* members of a JSON object (bytes) */
	CONTROL_VIOLATION,  /* u8 role, u16 instance */
	CONTROL_PONG,       /* the loop goes round */
	CONTROL_STOPPED,
};

/* Begins a message; append its fields, then control_send, which empties the buffer. */
void control_begin(struct buf *b, enum control_kind kind);
/* attached: a descriptor or -1; stays the caller's. 0, or ERR_CLOSED; the socket buffer never fills up between parent and role. */
int control_send(int fd, struct buf *b, int attached);
/* One message: *in borrows from `room` (CONTROL_MAX bytes). 0, ERR_TEMPORARY (nothing there) or ERR_CLOSED. */
int control_receive(int fd, uint8_t *room, enum control_kind *ret_kind, struct slice *ret_in, int *ret_attached);

#endif
