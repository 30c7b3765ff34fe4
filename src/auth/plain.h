/* SASL PLAIN (RFC 4616): one message, [authzid] NUL authcid NUL passwd. */
#ifndef AUTH_PLAIN_H
#define AUTH_PLAIN_H

#include "base/slice.h"

#define PLAIN_NAME_MAX 320
#define PLAIN_PASSWORD_MAX 1024

struct plain {
	struct slice authzid, name, password; /* borrowed from the message */
};

/* 0 or ERR_INVALID. */
int plain_parse(struct slice message, struct plain *ret);

#endif
