/* Texts into values: the types of the option table. */
#include <string.h>

#include "base/ascii.h"
#include "base/ensure.h"
#include "conf/option.h"

struct unit {
	struct slice name;
	uint64_t factor;
};

/* Splits "25MiB" into number and unit and multiplies. */
static int parse_with_unit(struct slice text, const struct unit *units, size_t count, uint64_t limit, uint64_t *ret)
{
	size_t digits = 0;
	uint64_t number;
	while (digits < text.n && ascii_is_digit(text.p[digits]))
		digits++;
	if (slice_to_u64(slice_sub(text, 0, digits), &number) != 0)
		return -1;
	struct slice name = slice_from(text, digits);
	for (size_t i = 0; i < count; i++) {
		if (!slice_eq_nocase(name, units[i].name))
			continue;
		if (number > limit / units[i].factor)
			return -1;
		*ret = number * units[i].factor;
		return 0;
	}
	return -1;
}

int config_parse_size(struct slice text, uint64_t *ret_bytes)
{
	static const struct unit units[] = {
		{SLICE_INIT(""), 1}, {SLICE_INIT("B"), 1}, {SLICE_INIT("k"), 1024}, {SLICE_INIT("M"), 1 << 20}, {SLICE_INIT("G"), 1 << 30},
		{SLICE_INIT("KiB"), 1024}, {SLICE_INIT("MiB"), 1 << 20}, {SLICE_INIT("GiB"), 1 << 30}, {SLICE_INIT("TiB"), 1ULL << 40},
		{SLICE_INIT("kB"), 1000}, {SLICE_INIT("MB"), 1000000}, {SLICE_INIT("GB"), 1000000000}, {SLICE_INIT("TB"), 1000000000000},
	};
	return parse_with_unit(text, units, ARRAY_LEN(units), INT64_MAX, ret_bytes);
}

int config_parse_duration(struct slice text, int64_t *ret_ms)
{
	static const struct unit units[] = {
		{SLICE_INIT("ms"), 1}, {SLICE_INIT("s"), 1000}, {SLICE_INIT("m"), 60000}, {SLICE_INIT("h"), 3600000}, {SLICE_INIT("d"), 86400000},
	};
	uint64_t ms;
	if (slice_eq(text, SLICE("0"))) {
		*ret_ms = 0;
		return 0;
	}
	if (parse_with_unit(text, units, ARRAY_LEN(units), INT64_MAX / 1000, &ms) != 0)
		return -1;
	*ret_ms = (int64_t)ms;
	return 0;
}

int config_parse_host_port(struct slice text, struct slice *ret_host, uint16_t *ret_port)
{
	ptrdiff_t colon = slice_rfind(text, ':');
	uint32_t port;
	if (colon <= 0 || slice_to_u32(slice_from(text, (size_t)colon + 1), &port) != 0 || port == 0 || port > 65535)
		return -1;
	struct slice host = slice_sub(text, 0, (size_t)colon);
	if (host.p[0] == '[') {
		if (host.n < 3 || host.p[host.n - 1] != ']')
			return -1;
		host = slice_sub(host, 1, host.n - 1);
	} else if (slice_find(host, ':') >= 0) {
		return -1; /* an IPv6 address without brackets: which colon would be the port's? */
	}
	if (slice_find(host, ' ') >= 0)
		return -1;
	*ret_host = host;
	*ret_port = (uint16_t)port;
	return 0;
}

/* What is allowed beyond the type. */
static const struct {
	const char *name, *values; /* separated by spaces */
} choices[] = {
	{"malware.icap_method", "respmod reqmod"},
	{"sandbox", "enforce best-effort"},
	{"web.work", "never after_failures always"},
	{"web.keyboard", "off offer always"},
	{"log.format", "logfmt json"},
	{"log.level", "error warn info debug"},
	{"language", "en zh-CN zh-TW"},
	{"auth.scram", "all app_passwords"},
};
static const struct {
	const char *name;
	uint64_t least, most;
} ranges[] = {
	{"workers.mx", 1, 64},
	{"workers.client", 1, 64},
	{"workers.filter", 1, 64},
	{"workers.relay", 1, 16},
	{"workers.extract", 1, 16},
	{"workers.mail", 0, 256},
	{"web.work_bits", 1, 24},
	{"message_size", 65536, 1ULL << 30},
	{"auth.password_min", 1, 256},
	{"limits.connections", 1, 1000000},
	{"limits.connections_per_address", 1, 1000000},
	{"limits.recipients", 100, 1000}, /* RFC 5321 4.5.3.1.8: at least 100 */
	{"limits.idle", 1000, INT64_MAX}, /* RFC 9051 5.4 asks for 30 minutes; tests want less */
	{"limits.smtp_idle", 1000, INT64_MAX},
	{"limits.login_time", 1000, INT64_MAX},
	{"limits.delays", 1, 1000000},
	{"limits.questions", 1, 1000}, /* the row of RESOLVE allows 1024 */
	{"limits.reserve_percent", 0, 90},
	{"limits.handshake_time", 1000, INT64_MAX},
	{"limits.transaction_time", 1000, INT64_MAX},
	{"limits.memory", 1 << 20, UINT64_MAX},
	{"relay.port", 1, 65535},
	{"relay.sts_port", 1, 65535},
	{"relay.per_destination", 1, 1000},
	{"relay.timeout", 1000, INT64_MAX},
};
static const char services[] = "smtp submission submissions imap imaps pop3 pop3s managesieve http https management";

static bool is_one_of(struct slice value, const char *values)
{
	struct slice rest = slice_str(values), one;
	while (slice_split(&rest, ' ', &one))
		if (slice_eq(one, value))
			return true;
	return false;
}

static int check_choice(const struct config_option *option, struct slice value, struct error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(choices); i++)
		if (slice_eq(option->name, slice_str(choices[i].name)) && !is_one_of(value, choices[i].values))
			return error_set(err, ERR_INVALID, "\"%.*s\" is none of: %s", SLICE_ARG(value), choices[i].values);
	return 0;
}

static int check_range(const struct config_option *option, uint64_t value, struct error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
		if (!slice_eq(option->name, slice_str(ranges[i].name)))
			continue;
		if (value < ranges[i].least)
			return error_set(err, ERR_INVALID, "the least is %llu", (unsigned long long)ranges[i].least);
		if (value > ranges[i].most)
			return error_set(err, ERR_INVALID, "the most is %llu", (unsigned long long)ranges[i].most);
	}
	return 0;
}

static void *field_of(struct config *config, const struct config_option *option)
{
	return (char *)config + option->offset;
}

static int set_path(struct config *config, const struct config_option *option, struct slice text, struct error *err)
{
	if (text.n > 0 && text.p[0] != '/')
		return error_set(err, ERR_INVALID, "\"%.*s\" is not an absolute path", SLICE_ARG(text));
	if (text.n > 4000 || slice_find(text, '\0') >= 0)
		return error_set(err, ERR_INVALID, "not a usable path");
	*(config_path *)field_of(config, option) = arena_dup(&config->arena, text);
	return 0;
}

static int set_flag(struct config *config, const struct config_option *option, struct slice text, struct error *err)
{
	bool yes = is_one_of(text, "yes true on");
	if (!yes && !is_one_of(text, "no false off"))
		return error_set(err, ERR_INVALID, "\"%.*s\" is neither yes nor no", SLICE_ARG(text));
	*(config_flag *)field_of(config, option) = yes;
	return 0;
}

static int set_scalar(struct config *config, const struct config_option *option, struct slice text, struct error *err)
{
	uint64_t number;
	int64_t ms;
	switch (option->type) {
	case CONFIG_TYPE_text:
		if (check_choice(option, text, err) != 0)
			return ERR_INVALID;
		*(config_text *)field_of(config, option) = arena_dup(&config->arena, text);
		return 0;
	case CONFIG_TYPE_path:
		return set_path(config, option, text, err);
	case CONFIG_TYPE_number:
		if (slice_to_u64(text, &number) != 0)
			return error_set(err, ERR_INVALID, "\"%.*s\" is not a number", SLICE_ARG(text));
		*(config_number *)field_of(config, option) = number;
		return check_range(option, number, err);
	case CONFIG_TYPE_size:
		if (config_parse_size(text, &number) != 0)
			return error_set(err, ERR_INVALID, "\"%.*s\" is not a size such as 25MiB", SLICE_ARG(text));
		*(config_size *)field_of(config, option) = number;
		return check_range(option, number, err);
	case CONFIG_TYPE_duration:
		if (config_parse_duration(text, &ms) != 0)
			return error_set(err, ERR_INVALID, "\"%.*s\" is not a duration such as 10m", SLICE_ARG(text));
		*(config_duration *)field_of(config, option) = ms;
		return check_range(option, (uint64_t)ms, err);
	case CONFIG_TYPE_flag:
		return set_flag(config, option, text, err);
	case CONFIG_TYPE_texts:
	case CONFIG_TYPE_listens:
	case CONFIG_TYPE_routes:
		break;
	}
	UNREACHABLE();
}

/* "word rest" */
static bool split_word(struct slice item, struct slice *ret_word, struct slice *ret_rest)
{
	struct slice rest = slice_trim(item);
	if (!slice_split(&rest, ' ', ret_word))
		return false;
	*ret_rest = slice_trim(rest);
	return ret_rest->n > 0;
}

static int set_texts(struct config *config, const struct config_option *option, const struct slice *items, size_t count)
{
	config_texts *list = field_of(config, option);
	list->items = arena_alloc_array(&config->arena, count + 1, sizeof *list->items);
	list->count = count;
	for (size_t i = 0; i < count; i++)
		list->items[i] = arena_dup(&config->arena, items[i]);
	return 0;
}

static int set_listens(struct config *config, const struct config_option *option, const struct slice *items, size_t count, struct error *err)
{
	config_listens *list = field_of(config, option);
	list->items = arena_alloc_array(&config->arena, count + 1, sizeof *list->items);
	list->count = 0;
	for (size_t i = 0; i < count; i++) {
		struct slice service, place, host;
		uint16_t port;
		if (!split_word(items[i], &service, &place) || config_parse_host_port(place, &host, &port) != 0)
			return error_set(err, ERR_INVALID, "\"%.*s\" is not like \"imaps [::]:993\"", SLICE_ARG(items[i]));
		if (!is_one_of(service, services))
			return error_set(err, ERR_INVALID, "\"%.*s\" is none of: %s", SLICE_ARG(service), services);
		list->items[list->count++] = (struct config_listen){
			.service = arena_dup(&config->arena, service), .address = arena_dup(&config->arena, host), .port = port};
	}
	return 0;
}

static int set_routes(struct config *config, const struct config_option *option, const struct slice *items, size_t count, struct error *err)
{
	config_routes *list = field_of(config, option);
	list->items = arena_alloc_array(&config->arena, count + 1, sizeof *list->items);
	list->count = 0;
	for (size_t i = 0; i < count; i++) {
		struct slice domain, place, host;
		uint16_t port;
		if (!split_word(items[i], &domain, &place) || config_parse_host_port(place, &host, &port) != 0)
			return error_set(err, ERR_INVALID, "\"%.*s\" is not like \"example.org [192.0.2.1]:25\"", SLICE_ARG(items[i]));
		list->items[list->count++] = (struct config_route){
			.domain = arena_dup(&config->arena, domain), .host = arena_dup(&config->arena, host), .port = port};
	}
	return 0;
}

/* Durations in a list of texts are checked here, so that nobody finds out in the night. */
static int check_texts(const struct config_option *option, const struct slice *items, size_t count, struct error *err)
{
	int64_t ms;
	if (!slice_eq(option->name, SLICE("relay.retry")))
		return 0;
	for (size_t i = 0; i < count; i++)
		if (config_parse_duration(items[i], &ms) != 0 || ms < 1000)
			return error_set(err, ERR_INVALID, "\"%.*s\" is not a duration of at least 1s", SLICE_ARG(items[i]));
	return count > 0 ? 0 : error_set(err, ERR_INVALID, "at least one waiting time is needed");
}

int config_value_set(struct config *config, const struct config_option *option, const struct slice *items, size_t count, struct error *err)
{
	if (count > CONFIG_LIST_MAX)
		return error_set(err, ERR_INVALID, "more than %d entries", CONFIG_LIST_MAX);
	if (option->type == CONFIG_TYPE_texts && check_texts(option, items, count, err) != 0)
		return ERR_INVALID;
	if (option->type == CONFIG_TYPE_texts)
		return set_texts(config, option, items, count);
	if (option->type == CONFIG_TYPE_listens)
		return set_listens(config, option, items, count, err);
	if (option->type == CONFIG_TYPE_routes)
		return set_routes(config, option, items, count, err);
	if (count != 1)
		return error_set(err, ERR_INVALID, "one value is expected, not a list");
	return set_scalar(config, option, items[0], err);
}

int config_value_set_text(struct config *config, const struct config_option *option, struct slice text, struct error *err)
{
	struct slice items[64], one;
	size_t count = 0;
	if (!config_is_list(option->type))
		return config_value_set(config, option, &text, 1, err);
	while (slice_split(&text, option->type == CONFIG_TYPE_texts ? ' ' : ',', &one)) {
		if (slice_trim(one).n == 0)
			continue;
		if (count == ARRAY_LEN(items))
			return error_set(err, ERR_LIMIT, "more than %zu entries", ARRAY_LEN(items));
		items[count++] = slice_trim(one);
	}
	return config_value_set(config, option, items, count, err);
}

/* ---- values into texts ---- */

static void print_size(uint64_t value, struct buf *out)
{
	static const char *const names[] = {"", "KiB", "MiB", "GiB"};
	size_t unit = 0;
	while (unit + 1 < ARRAY_LEN(names) && value != 0 && value % 1024 == 0) {
		value /= 1024;
		unit++;
	}
	buf_append_u64(out, value);
	buf_append_str(out, names[unit]);
}

static void print_duration(int64_t ms, struct buf *out)
{
	static const struct {
		const char *name;
		int64_t factor;
	} units[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
	size_t i = 0;
	while (ms % units[i].factor != 0)
		i++;
	if (ms == 0) {
		buf_append_str(out, "0");
		return;
	}
	buf_append_u64(out, (uint64_t)(ms / units[i].factor));
	buf_append_str(out, units[i].name);
}

static void print_place(struct slice first, struct slice host, uint16_t port, struct buf *out)
{
	bool v6 = slice_find(host, ':') >= 0;
	buf_printf(out, "\"%.*s %s%.*s%s:%u\"", SLICE_ARG(first), v6 ? "[" : "", SLICE_ARG(host), v6 ? "]" : "", port);
}

static void print_list(const struct config *config, const struct config_option *option, struct buf *out)
{
	const void *field = field_of((struct config *)config, option);
	const config_texts *texts = field;
	const config_listens *listens = field;
	const config_routes *routes = field;
	buf_append_byte(out, '[');
	for (size_t i = 0; i < texts->count; i++) {
		if (i > 0)
			buf_append_str(out, ", ");
		if (option->type == CONFIG_TYPE_texts)
			ascii_append_quoted(out, texts->items[i]);
		else if (option->type == CONFIG_TYPE_listens)
			print_place(listens->items[i].service, listens->items[i].address, listens->items[i].port, out);
		else
			print_place(routes->items[i].domain, routes->items[i].host, routes->items[i].port, out);
	}
	buf_append_byte(out, ']');
}

void config_value_print(const struct config *config, const struct config_option *option, struct buf *out)
{
	_Static_assert(sizeof(config_texts) == sizeof(config_listens) && sizeof(config_texts) == sizeof(config_routes), "print_list counts any list");
	const void *field = field_of((struct config *)config, option);
	switch (option->type) {
	case CONFIG_TYPE_text:
	case CONFIG_TYPE_path:
		ascii_append_quoted(out, *(const struct slice *)field);
		return;
	case CONFIG_TYPE_number:
		buf_append_u64(out, *(const config_number *)field);
		return;
	case CONFIG_TYPE_size:
		print_size(*(const config_size *)field, out);
		return;
	case CONFIG_TYPE_duration:
		print_duration(*(const config_duration *)field, out);
		return;
	case CONFIG_TYPE_flag:
		buf_append_str(out, *(const config_flag *)field ? "yes" : "no");
		return;
	case CONFIG_TYPE_texts:
	case CONFIG_TYPE_listens:
	case CONFIG_TYPE_routes:
		print_list(config, option, out);
		return;
	}
	UNREACHABLE();
}

bool config_value_equal(const struct config *a, const struct config *b, const struct config_option *option)
{
	struct buf left = BUF_INIT(CONFIG_FILE_MAX * 2), right = BUF_INIT(CONFIG_FILE_MAX * 2);
	config_value_print(a, option, &left);
	config_value_print(b, option, &right);
	bool equal = slice_eq(buf_slice(&left), buf_slice(&right));
	buf_free(&left);
	buf_free(&right);
	return equal;
}
