/* What the class web asks: the public side of our domains. */
#include "auth/sts.h"
#include "role/auth.h"
#include "auth/dns.h"

#define POLICY_MAX 4096

static int find(struct auth_process *a, struct slice name, struct arena *arena)
{
	struct directory_domain domain;
	return directory_domain_get(a->directory, name, arena, &domain);
}

static void on_domain(void *arg, struct ipc_call *call, const void *message)
{
	struct auth_process *a = arg;
	const struct ipc_auth_web_domain *request = message;
	struct ipc_auth_web_domain_reply reply = {0};
	struct arena arena = ARENA_INIT;
	struct client_setup setup;
	struct buf policy = BUF_INIT(POLICY_MAX), ports = BUF_INIT(2 * CLIENT_SERVICES);
	int rc = find(a, request->domain, &arena), policy_rc = ERR_NOT_FOUND;
	if (rc == 0) {
		auth_dns_setup(a->dns, request->domain, &setup);
		for (size_t i = 0; i < CLIENT_SERVICES; i++)
			buf_put_u16(&ports, setup.ports[i]);
		policy_rc = auth_sts_policy(a->directory, request->domain, setup.host, &policy);
		reply = (struct ipc_auth_web_domain_reply){.ours = 1, .host = setup.host, .oauth = setup.oauth, .ports = buf_slice(&ports),
			.policy = buf_slice(&policy)};
	}
	reply.status = (rc != 0 && rc != ERR_NOT_FOUND) || (policy_rc != 0 && policy_rc != ERR_NOT_FOUND);
	ipc_reply(call, &reply);
	buf_free(&policy);
	buf_free(&ports);
	arena_free(&arena);
}

void auth_web_register(struct auth_process *a)
{
	ipc_handle(a->ctx->ipc, IPC_AUTH_WEB_DOMAIN, on_domain, a);
}
