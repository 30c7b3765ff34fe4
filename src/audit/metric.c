#include "audit/metric.h"

#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"

#define CELLS_MAX 64
#define LABELS_MAX 2

/*
 * One counter may have several rows. A label is "name=value", or "name<field:value value …": the value of a field of the record when it stands
 * in the list, else "other".
 */
static const struct metric {
	const char *name, *help;
	enum log_event event;
	const char *labels[LABELS_MAX];
} metrics[] = {
	{"letterlock_smtp_messages_total", "messages by direction and result", EV_SMTP_ACCEPTED, {"direction<service:smtp submission submissions", "result=accepted"}},
	{"letterlock_smtp_messages_total", NULL, EV_SMTP_REFUSED, {"direction<service:smtp submission submissions", "result=refused"}},
	{"letterlock_smtp_messages_total", NULL, EV_SMTP_TEMPFAIL, {"direction<service:smtp submission submissions", "result=tempfail"}},
	{"letterlock_delivery_attempts_total", "deliveries to other servers", EV_QUEUE_DELIVERED, {"result=delivered", NULL}},
	{"letterlock_delivery_attempts_total", NULL, EV_QUEUE_DEFERRED, {"result=deferred", NULL}},
	{"letterlock_delivery_attempts_total", NULL, EV_QUEUE_BOUNCED, {"result=bounced", NULL}},
	{"letterlock_delivery_attempts_total", NULL, EV_QUEUE_EXPIRED, {"result=expired", NULL}},
	{"letterlock_auth_attempts_total", "sign-ins", EV_LOGIN_OK, {"proto<service:submission submissions imap imaps pop3 pop3s managesieve https", "result=ok"}},
	{"letterlock_auth_attempts_total", NULL, EV_LOGIN_FAILED, {"proto<service:submission submissions imap imaps pop3 pop3s managesieve https", "result=failed"}},
	{"letterlock_auth_attempts_total", NULL, EV_LOGIN_POLICY, {"proto<service:submission submissions imap imaps pop3 pop3s managesieve https", "result=policy"}},
	{"letterlock_mfa_challenges_total", "second factors", EV_FACTOR_USED, {"kind<kind:totp webauthn code list mail sms", "result=ok"}},
	{"letterlock_mfa_challenges_total", NULL, EV_FACTOR_FAILED, {"kind<kind:totp webauthn code list mail sms", "result=failed"}},
	{"letterlock_config_reloads_total", "reloads of the configuration", EV_CONFIG_RELOADED, {"result=ok", NULL}},
	{"letterlock_config_reloads_total", NULL, EV_CONFIG_REFUSED, {"result=refused", NULL}},
	{"letterlock_panics_total", "processes that ended unexpectedly", EV_ROLE_CRASH, {NULL, NULL}},
	{"letterlock_admin_requests_total", "administrative requests", EV_ADMIN_REQUEST, {NULL, NULL}},
	{"letterlock_policy_actions_total", "what rules did", EV_POLICY_ACTED, {"action<action:tag hold reject block encrypt notify", NULL}},
	{"letterlock_audit_cosigned_total", "co-signatures and time stamps of heads", EV_AUDIT_COSIGNED, {NULL, NULL}},
	{"letterlock_audit_lost_total", "times that events were lost", EV_AUDIT_LOST, {NULL, NULL}},
};

struct cell {
	char labels[80];
	uint64_t count;
};

struct audit_metrics {
	uint64_t classes[LOG_CLASS_COUNT], levels[LOG_DEBUG + 1];
	struct {
		struct cell cells[CELLS_MAX];
		size_t count;
	} rows[ARRAY_LEN(metrics)];
};

struct audit_metrics *audit_metrics_create(void)
{
	return memory_alloc(sizeof(struct audit_metrics));
}

void audit_metrics_free(struct audit_metrics **m)
{
	MEMORY_FREE(m);
}

static struct slice field_value(const struct audit_event *event, struct slice name)
{
	for (size_t i = 0; i < event->count; i++)
		if (!event->fields[i].is_number && slice_eq(slice_str(event->fields[i].key), name))
			return event->fields[i].text;
	return SLICE_NONE;
}

static bool listed(struct slice list, struct slice value)
{
	struct slice word;
	while (slice_split(&list, ' ', &word))
		if (slice_eq(word, value))
			return true;
	return false;
}

static void append_label(struct buf *out, const char *label, const struct audit_event *event)
{
	struct slice rest = slice_str(label), name, field, value;
	bool fixed = slice_find(rest, '=') > 0;
	slice_split(&rest, fixed ? '=' : '<', &name);
	value = rest;
	if (!fixed) {
		slice_split(&rest, ':', &field);
		value = field_value(event, field);
		if (!listed(rest, value))
			value = SLICE("other");
	}
	buf_printf(out, "%s%.*s=\"%.*s\"", buf_len(out) > 0 ? "," : "", SLICE_ARG(name), SLICE_ARG(value));
}

static void count_row(struct audit_metrics *m, size_t row, const struct audit_event *event)
{
	struct buf labels = BUF_INIT(sizeof m->rows[0].cells[0].labels - 1);
	size_t i = 0;
	for (size_t k = 0; k < LABELS_MAX && metrics[row].labels[k] != NULL; k++)
		append_label(&labels, metrics[row].labels[k], event);
	ENSURE(!labels.failed);
	while (i < m->rows[row].count && !slice_eq(slice_str(m->rows[row].cells[i].labels), buf_slice(&labels)))
		i++;
	ENSURE(i < CELLS_MAX);
	struct cell *c = &m->rows[row].cells[i];
	if (i == m->rows[row].count) {
		if (buf_len(&labels) > 0)
			memcpy(c->labels, buf_slice(&labels).p, buf_len(&labels));
		m->rows[row].count++;
	}
	c->count++;
	buf_free(&labels);
}

void audit_metrics_count(struct audit_metrics *m, const struct audit_event *event)
{
	const struct log_row *row = log_row(event->event);
	m->classes[row->class]++;
	m->levels[row->level]++;
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++)
		if (metrics[i].event == event->event)
			count_row(m, i, event);
}

static void print_head(struct buf *out, const char *name, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s counter\n", name, help, name);
}

uint64_t audit_metrics_class(const struct audit_metrics *m, enum log_class class)
{
	return m->classes[class];
}

void audit_metrics_print(const struct audit_metrics *m, struct buf *out)
{
	print_head(out, "letterlock_audit_events_total", "records of the audit log by class");
	for (enum log_class c = LOG_CLASS_NONE + 1; c < LOG_CLASS_COUNT; c++)
		buf_printf(out, "letterlock_audit_events_total{class=\"%s\"} %llu\n", log_class_name(c), (unsigned long long)m->classes[c]);
	print_head(out, "letterlock_log_messages_total", "recorded events by level");
	for (enum log_level l = LOG_ERROR; l <= LOG_DEBUG; l++)
		buf_printf(out, "letterlock_log_messages_total{level=\"%s\"} %llu\n", log_level_name(l), (unsigned long long)m->levels[l]);
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++) {
		if (metrics[i].help != NULL)
			print_head(out, metrics[i].name, metrics[i].help);
		for (size_t k = 0; k < m->rows[i].count; k++) {
			const struct cell *c = &m->rows[i].cells[k];
			buf_printf(out, c->labels[0] != 0 ? "%s{%s} %llu\n" : "%s%s %llu\n", metrics[i].name, c->labels, (unsigned long long)c->count);
		}
	}
}
