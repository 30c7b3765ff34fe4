/* Inside the auth role: its state, shared by wiring (auth.c) and request handlers (auth_requests.c). */
#ifndef ROLE_AUTH_H
#define ROLE_AUTH_H

#include "auth/admin.h"
#include "auth/login.h"
#include "role/role.h"

struct auth_process {
	struct role_context *ctx;
	struct directory *directory;
	struct auth_host host;
	struct kek_queue *keks;
	struct auth_login *login;
	struct auth_admin *admin;
	struct auth_login_settings settings;
	uint64_t sign_ins, failures;
};

void auth_register(struct auth_process *a);
void auth_once_register(struct auth_process *a); /* auth_once.c */

#endif
