/*
 * Which operations are about oneself, so that the public web may pass them on: a wall in front of auth_decide, which decides all the
 * same.
 */
#ifndef ADMIN_OWN_H
#define ADMIN_OWN_H

#include "admin/operation.h"

enum admin_own {
	ADMIN_OWN_NOT,     /* never over the web's self-service */
	ADMIN_OWN_CALL,    /* /api/v1/… */
	ADMIN_OWN_OUTSIDE, /* likewise, also by who is not signed in */
	ADMIN_OWN_SIGN_IN, /* only by the web's own endpoints of sign-in: their results hold secrets that no script may see */
};
enum admin_own admin_operation_own(const struct admin_operation *op);

#endif
