/* "letterlock domain dns" and its like: records of a domain as a table, as a zone file, or as the fields of a provider's console. */
#include "cmd/cli_dns.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/ensure.h"
#include "trust/dns_records.h"

#define BIND_MAX (256 * 1024)

static struct slice text_of(const json_t *object, const char *name)
{
	return slice_str(json_string_value(json_object_get(object, name)));
}

/* The option's value, taken out of args: the operation does not know it. NULL: not given. */
static json_t *take(json_t *args, const char *name)
{
	json_t *value = json_incref(json_object_get(args, name));
	json_object_del(args, name);
	return value;
}

static size_t records_read(const json_t *list, struct dns_record *ret)
{
	size_t n = 0, i;
	json_t *o;
	json_array_foreach((json_t *)list, i, o) {
		const json_t *priority = json_object_get(o, "priority");
		struct dns_record r = {.name = text_of(o, "name"), .value = text_of(o, "value"), .has_priority = priority != NULL,
			.priority = (uint16_t)json_integer_value(priority)};
		if (n < DNS_RECORDS_MAX && dns_type_find(text_of(o, "type"), &r.type))
			ret[n++] = r;
	}
	return n;
}

/* ---- the forms ---- */

static void print_bind(const struct dns_record *records, size_t count, struct slice zone)
{
	struct buf out = BUF_INIT(BIND_MAX);
	dns_records_bind(records, count, zone, &out);
	(void)fwrite(buf_slice(&out).p, 1, buf_len(&out), stdout);
	buf_free(&out);
}

static json_t *form_json(const struct dns_form *f)
{
	json_t *o = json_pack("{s:s%, s:s, s:s%, s:s}", "host", (const char *)f->host.p, f->host.n, "type", f->type, "value",
		(const char *)f->value.p, f->value.n, "ttl", f->ttl);
	if (f->has_priority)
		json_object_set_new(o, "priority", json_integer(f->priority));
	return o;
}

static json_t *forms_make(const struct dns_provider *provider, const struct dns_record *records, size_t count, struct slice zone)
{
	struct arena arena = ARENA_INIT;
	json_t *forms = json_array(), *left = json_array();
	for (size_t i = 0; i < count; i++) {
		struct dns_form form;
		enum dns_form_result result = dns_provider_form(provider, &records[i], zone, &arena, &form);
		if (result == DNS_FORM_OK)
			json_array_append_new(forms, form_json(&form));
		else
			json_array_append_new(left, json_pack("{s:s%, s:s, s:s}", "name", (const char *)records[i].name.p, records[i].name.n, "type",
				dns_type_name(records[i].type), "why", result == DNS_FORM_OTHER_ZONE ? "other zone" : "not offered there"));
	}
	arena_free(&arena);
	return json_pack("{s:s, s:s%, s:o, s:o}", "provider", provider->name, "zone", (const char *)zone.p, zone.n, "forms", forms,
		"left_out", left);
}

static void print_forms(const json_t *result)
{
	const json_t *left = json_object_get(result, "left_out");
	printf("%s, zone %s\n", json_string_value(json_object_get(result, "provider")), json_string_value(json_object_get(result, "zone")));
	cli_table(json_object_get(result, "forms"), "HOST:host TYPE:type PRIORITY:priority VALUE:value TTL:ttl");
	if (json_array_size(left) > 0) {
		printf("\nleft out:\n");
		cli_table(left, "NAME:name TYPE:type WHY:why");
	}
}

static void print_check(const json_t *result)
{
	cli_table(json_object_get(result, "records"),
		"NAME:name TYPE:type PRIORITY:priority VALUE:value CURRENT:current STATE:state MUTED:muted FOR:purpose");
}

static int print_provider(struct cli *cli, const struct dns_record *records, size_t count, struct slice zone,
	const json_t *name)
{
	const struct dns_provider *provider = dns_provider_find(slice_str(json_string_value(name)));
	if (provider == NULL) {
		cli_error("--provider: one of %s", dns_provider_names);
		return ADMIN_INVALID;
	}
	json_t *forms = forms_make(provider, records, count, zone);
	if (cli->json)
		cli_print_json("domain.dns.provider", forms);
	else
		print_forms(forms);
	json_decref(forms);
	return 0;
}

/* ---- commands ---- */

int cli_dns_records(struct cli *cli, const struct cli_command *command, json_t *args)
{
	json_t *bind = take(args, "bind"), *provider = take(args, "provider"), *zone = take(args, "zone"), *result = NULL;
	struct dns_record records[DNS_RECORDS_MAX];
	bool plain = bind == NULL && provider == NULL;
	/* The table says what is there as well; a form needs no look into DNS. */
	int code = cli_ask(cli, plain ? "domain.check" : "domain.dns", args, &result);
	struct slice in = zone != NULL ? slice_str(json_string_value(zone)) : text_of(result, "zone");
	size_t count = code == 0 ? records_read(json_object_get(result, "records"), records) : 0;
	if (slice_ends(in, SLICE(".")))
		in = slice_sub(in, 0, in.n - 1);
	if (code == 0 && provider != NULL)
		code = print_provider(cli, records, count, in, provider);
	else if (code == 0 && cli->json)
		cli_print_json("domain.dns", result);
	else if (code == 0 && bind != NULL)
		print_bind(records, count, in);
	else if (code == 0)
		print_check(result);
	json_decref(bind);
	json_decref(provider);
	json_decref(zone);
	json_decref(result);
	return code;
}

int cli_dns_check(struct cli *cli, const struct cli_command *command, json_t *args)
{
	json_t *result = NULL;
	int code = cli_ask(cli, command->op, args, &result);
	json_int_t bad = json_integer_value(json_object_get(result, "bad"));
	if (code == 0 && cli->json)
		cli_print_json(command->op, result);
	else if (code == 0) {
		print_check(result);
		printf("\n%lld wrong\n", (long long)bad);
	}
	json_decref(result);
	return code == 0 && bad > 0 ? ADMIN_PARTIAL : code;
}

int cli_dns_unmute(struct cli *cli, const struct cli_command *command, json_t *args)
{
	json_t *result = NULL;
	json_object_set_new(args, "off", json_true());
	int code = cli_ask(cli, command->op, args, &result);
	if (code == 0 && cli->json)
		cli_print_json(command->op, result);
	else if (code == 0 && !cli->quiet)
		puts("done");
	json_decref(result);
	return code;
}

void cli_dns_show_setup(const json_t *result)
{
	fputs(json_string_value(json_object_get(result, "text")), stdout);
}
