/* What second factors and passwords need of the process: gateways for codes, the list of breached passwords, settings. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/factors.h"
#include "base/log.h"
#include "base/memory.h"
#include "factor/gateway.h"
#include "role/auth.h"

#define KEY_FILE_MAX 2000

/* ---- the list of breached passwords ---- */

static ptrdiff_t read_list(void *arg, uint64_t offset, void *p, size_t n)
{
	const struct auth_factor_files *f = arg;
	ptrdiff_t got;
	do
		got = pread(f->breached_fd, p, n, (off_t)offset);
	while (got < 0 && errno == EINTR);
	return got;
}

/* A list that is configured but cannot be opened stays there without a file: every look into it fails and is said. */
static void open_list(struct auth_process *a)
{
	struct auth_factor_files *f = &a->factor;
	struct stat st;
	struct slice path = a->ctx->config->auth_password_breached;
	f->breached_fd = -1;
	if (path.n == 0)
		return;
	f->breached_fd = open((const char *)path.p, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool ok = f->breached_fd >= 0 && fstat(f->breached_fd, &st) == 0 && S_ISREG(st.st_mode);
	if (!ok)
		log_event(EV_INTERNAL, LOG_STR("what", "auth.password_breached cannot be opened"), LOG_STR("why", strerror(errno)));
	f->breached = (struct breached_list){.read = read_list, .arg = f, .size = ok ? (uint64_t)st.st_size : 1};
}

/* ---- gateways ---- */

/* A secret of one line; without its line end. */
static struct slice read_key(struct slice path, char *room)
{
	int fd = path.n > 0 ? open((const char *)path.p, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n = fd >= 0 ? read(fd, room, KEY_FILE_MAX) : 0;
	if (path.n > 0 && n <= 0)
		log_event(EV_INTERNAL, LOG_STR("what", "the key file of a gateway cannot be read"), LOG_TEXT("name", path));
	if (fd >= 0)
		close(fd);
	return n > 0 ? slice_trim(slice_make(room, (size_t)n)) : SLICE_NONE;
}

static struct gateway gateway_of(const struct auth_process *a, enum factor_kind kind)
{
	const struct config *c = a->ctx->config;
	return kind == FACTOR_SMS ? (struct gateway){c->auth_sms_url, c->auth_sms_body, a->factor.sms_key}
	                          : (struct gateway){c->auth_code_mail_url, c->auth_code_mail_body, a->factor.mail_key};
}

static void sent(void *arg, enum ipc_outcome outcome, const void *message)
{
	const struct ipc_fetch_reply *reply = message;
	if (outcome == IPC_OK && reply->error.n == 0 && reply->code >= 200 && reply->code < 300)
		return;
	log_event(EV_INTERNAL, LOG_STR("what", "a gateway did not take a code"),
		LOG_TEXT("why", outcome != IPC_OK ? SLICE("no answer") : reply->error.n > 0 ? reply->error : SLICE("its answer says no")));
}

static void host_send_code(void *arg, const struct auth_factor_send *send)
{
	struct auth_process *a = arg;
	struct gateway gateway = gateway_of(a, send->kind);
	struct gateway_request r;
	if (send->kind == FACTOR_MAIL && gateway.url.n == 0) {
		notices_code(a->notices, send);
		return;
	}
	if (gateway_request(&gateway, slice_str(send->to), slice_str(send->code), &r) == 0) {
		struct ipc_fetch request = {.method = slice_str(r.method), .url = buf_slice(&r.url), .fields = buf_slice(&r.fields),
			.body = buf_slice(&r.body)};
		ipc_request(a->ctx->ipc, IPC_FETCH, IPC_ANY, &request, sent, a);
	} else {
		log_event(EV_INTERNAL, LOG_STR("what", "no gateway for codes of this kind"), LOG_STR("kind", factor_kind_name(send->kind)));
	}
	gateway_request_free(&r);
}

/* ---- settings ---- */

static struct password_policy policy_of(const struct config *c)
{
	struct password_policy policy = {0}, more = {.history = (uint32_t)(c->auth_password_history > POLICY_HISTORY_MAX ? POLICY_HISTORY_MAX
		: c->auth_password_history), .age_max_ms = c->auth_password_age, .bits_min = (uint32_t)(c->auth_password_strength > 1000 ? 1000
		: c->auth_password_strength)};
	unsigned class;
	if (!password_policy_preset(c->auth_password_policy, &policy))
		(void)password_policy_preset(SLICE("mlps2"), &policy); /* an unknown name counts as the strictest */
	for (size_t i = 0; i < c->auth_password_classes.count; i++)
		if (password_class_parse(c->auth_password_classes.items[i], &class))
			more.classes |= class;
	password_policy_tighten(&policy, &more);
	return policy;
}

void auth_factor_settings(struct auth_process *a, struct auth_admin_settings *settings)
{
	const struct config *c = a->ctx->config;
	settings->hostname = c->hostname;
	settings->rp_id = c->auth_rp_id;
	settings->web_origins = c->auth_web_origins.items;
	settings->web_origin_count = c->auth_web_origins.count;
	settings->policy = policy_of(c);
	settings->breached = c->auth_password_breached.n > 0 ? &a->factor.breached : NULL;
	settings->sends = FACTOR_BIT(FACTOR_MAIL) | (c->auth_sms_url.n > 0 ? FACTOR_BIT(FACTOR_SMS) : 0);
	a->settings.password_age_ms = settings->policy.age_max_ms;
}

void auth_factor_start(struct auth_process *a)
{
	const struct config *c = a->ctx->config;
	open_list(a);
	a->factor.sms_key = read_key(c->auth_sms_key_file, a->factor.sms_room);
	a->factor.mail_key = read_key(c->auth_code_mail_key_file, a->factor.mail_room);
	a->host.send_code = host_send_code;
}
