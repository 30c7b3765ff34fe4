/* Letters to persons leave auth by QUEUE_NOTICE. */
#include "base/memory.h"
#include "role/auth.h"

struct asked {
	auth_letter_fn *fn;
	void *arg;
};

static void answered(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct asked *asked = arg;
	const struct ipc_queue_notice_reply *reply = message;
	asked->fn(asked->arg, outcome == IPC_OK && reply->status == 0);
	memory_free(asked);
}

static void host_letter(void *arg, const struct auth_letter *letter, auth_letter_fn *fn, void *fn_arg)
{
	struct auth_process *a = arg;
	struct asked *asked = memory_alloc(sizeof *asked);
	struct ipc_queue_notice request = {.name = slice_str(letter->name), .language = letter->language, .fact = letter->fact,
		.domain = letter->domain, .signer = letter->signer, .args = letter->args};
	asked->fn = fn;
	asked->arg = fn_arg;
	ipc_request(a->ctx->ipc, IPC_QUEUE_NOTICE, IPC_ANY, &request, answered, asked);
}

static struct notices_settings settings_of(const struct auth_process *a)
{
	const struct config *c = a->ctx->config;
	return (struct notices_settings){.language = c->language, .owner_sees = c->audit_owner_sees, .login = &a->settings};
}

void auth_notice_start(struct auth_process *a)
{
	struct notices_settings settings = settings_of(a);
	struct auth_host host = a->host;
	host.letter = host_letter;
	a->notices = notices_create(a->directory, &host, &settings);
}

void auth_notice_configure(struct auth_process *a)
{
	struct notices_settings settings = settings_of(a);
	notices_configure(a->notices, &settings);
}
