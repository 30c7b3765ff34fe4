#include "conf/firewall.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/ensure.h"

#define LISTENING "0A"
#define SOCKETS_MAX 4096 /* lines that are looked at */

struct endpoint {
	uint8_t address[16]; /* IPv4: the first four */
	size_t n;            /* 4 or 16 */
	uint16_t port;
};

static bool read_address(struct slice text, struct endpoint *ret)
{
	char copy[INET6_ADDRSTRLEN];
	if (text.n >= sizeof copy)
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	ret->n = inet_pton(AF_INET, copy, ret->address) == 1 ? 4 : inet_pton(AF_INET6, copy, ret->address) == 1 ? 16 : 0;
	return ret->n > 0;
}

static bool is_any(const struct endpoint *e)
{
	static const uint8_t zero[16];
	return memcmp(e->address, zero, e->n) == 0;
}

static bool is_loopback(const struct endpoint *e)
{
	static const uint8_t v6[16] = {[15] = 1}, mapped[13] = {[10] = 0xff, [11] = 0xff, [12] = 127};
	return e->n == 4 ? e->address[0] == 127 : memcmp(e->address, v6, 16) == 0 || memcmp(e->address, mapped, 13) == 0;
}

static bool is_management(const struct config_listen *l)
{
	return slice_eq(l->service, SLICE("management"));
}

/* ---- the file ---- */

static void put_set(const struct config *config, bool v6, struct buf *out)
{
	const config_texts *allow = &config->management_allow;
	bool first = true;
	buf_printf(out, "\tset management%c {\n\t\ttype %s; flags interval\n", v6 ? '6' : '4', v6 ? "ipv6_addr" : "ipv4_addr");
	for (size_t i = 0; i < allow->count; i++) {
		if ((slice_find(allow->items[i], ':') >= 0) != v6)
			continue;
		buf_printf(out, "%s%.*s", first ? "\t\telements = { " : ", ", SLICE_ARG(allow->items[i]));
		first = false;
	}
	buf_printf(out, "%s\t}\n", first ? "" : " }\n");
}

static void put_family(const struct config_listen *l, const struct endpoint *e, bool v6, bool guarded, struct buf *out)
{
	const char *family = v6 ? "ip6" : "ip";
	buf_append_str(out, "\t\t");
	if (is_any(e))
		buf_printf(out, "meta nfproto %s ", v6 ? "ipv6" : "ipv4");
	else
		buf_printf(out, "%s daddr %.*s ", family, SLICE_ARG(l->address));
	if (guarded)
		buf_printf(out, "%s saddr @management%c ", family, v6 ? '6' : '4');
	buf_printf(out, "tcp dport %u accept comment \"%.*s\"\n", l->port, SLICE_ARG(l->service));
}

static void put_rule(const struct config *config, const struct config_listen *l, struct buf *out)
{
	struct endpoint e;
	bool guarded = is_management(l) && config->management_allow.count > 0;
	if (!read_address(l->address, &e)) {
		buf_printf(out, "\t\t# %.*s: \"%.*s\" is no address\n", SLICE_ARG(l->service), SLICE_ARG(l->address));
		return;
	}
	if (is_loopback(&e))
		return;
	put_family(l, &e, e.n == 16, guarded, out);
	if (e.n == 16 && is_any(&e)) /* [::] takes IPv4 as well */
		put_family(l, &e, false, guarded, out);
}

void firewall_print(const struct config *config, struct buf *out)
{
	buf_printf(out, "#!/usr/sbin/nft -f\n# Made by `letterlock firewall print` from %.*s. Nothing comes in but what is listed; look at it before you load it.\n"
		"define ssh = 22\n\ntable inet letterlock\ndelete table inet letterlock\ntable inet letterlock {\n",
		SLICE_ARG(config->file.n > 0 ? config->file : SLICE("the configuration")));
	put_set(config, false, out);
	put_set(config, true, out);
	buf_append_str(out, "\tchain input {\n\t\ttype filter hook input priority filter; policy drop\n\t\tct state established,related accept\n"
		"\t\tct state invalid drop\n\t\tiif lo accept\n\t\tmeta l4proto { icmp, ipv6-icmp } accept\n"
		"\t\ttcp dport $ssh accept comment \"the administrator's own way in\"\n");
	for (size_t i = 0; i < config->listen.count; i++)
		put_rule(config, &config->listen.items[i], out);
	buf_append_str(out, "\t}\n}\n");
}

/* ---- what listens ---- */

/* "0100007F:0CEA", or 32 digits; each word of four bytes is in the order of this machine. */
static bool read_socket(struct slice text, struct endpoint *ret)
{
	uint8_t raw[18];
	struct buf bytes = BUF_INIT(sizeof raw);
	ptrdiff_t colon = slice_find(text, ':');
	bool good = colon > 0 && hex_decode(slice_sub(text, 0, (size_t)colon), &bytes) == 0 && hex_decode(slice_from(text, (size_t)colon + 1), &bytes) == 0
		&& (buf_len(&bytes) == 6 || buf_len(&bytes) == 18);
	if (good) {
		size_t n = buf_len(&bytes) - 2;
		memcpy(raw, buf_slice(&bytes).p, buf_len(&bytes));
		ret->n = n;
		for (size_t i = 0; i < n; i++)
			ret->address[i] = raw[__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? i / 4 * 4 + 3 - i % 4 : i];
		ret->port = (uint16_t)(raw[n] << 8 | raw[n + 1]);
	}
	buf_free(&bytes);
	return good;
}

/* The next socket that listens. */
static bool next_socket(struct slice *text, struct endpoint *ret)
{
	struct slice line, word;
	while (slice_split(text, '\n', &line)) {
		struct slice words[4];
		unsigned n = 0;
		while (n < 4 && slice_split(&line, ' ', &word))
			if (word.n > 0)
				words[n++] = word;
		if (n == 4 && slice_eq(words[3], SLICE(LISTENING)) && read_socket(words[1], ret))
			return true;
	}
	return false;
}

static bool same_place(const struct endpoint *socket, const struct endpoint *wanted)
{
	if (socket->port != wanted->port)
		return false;
	if (is_any(socket) && (socket->n == wanted->n || socket->n == 16))
		return true;
	return socket->n == wanted->n && memcmp(socket->address, wanted->address, socket->n) == 0;
}

static bool somebody_listens(struct slice tcp4, struct slice tcp6, const struct endpoint *wanted)
{
	struct endpoint e;
	struct slice texts[] = {tcp4, tcp6};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		for (unsigned n = 0; n < SOCKETS_MAX && next_socket(&texts[i], &e); n++)
			if (same_place(&e, wanted))
				return true;
	return false;
}

static bool in_table(const struct config *config, const struct endpoint *socket)
{
	struct endpoint wanted;
	for (size_t i = 0; i < config->listen.count; i++) {
		wanted.port = config->listen.items[i].port;
		if (wanted.port == socket->port && read_address(config->listen.items[i].address, &wanted) && same_place(socket, &wanted))
			return true;
	}
	return false;
}

static void find_silent(const struct config *config, struct slice tcp4, struct slice tcp6, firewall_fn *fn, void *arg)
{
	char where[400];
	for (size_t i = 0; i < config->listen.count; i++) {
		const struct config_listen *l = &config->listen.items[i];
		struct endpoint wanted = {.port = l->port};
		if (read_address(l->address, &wanted) && somebody_listens(tcp4, tcp6, &wanted))
			continue;
		(void)snprintf(where, sizeof where, "%.*s %.*s:%u", SLICE_ARG(slice_sub(l->service, 0, 100)), SLICE_ARG(slice_sub(l->address, 0, 200)), l->port);
		fn(arg, FIREWALL_SILENT, slice_str(where));
	}
}

static void find_foreign(const struct config *config, struct slice text, firewall_fn *fn, void *arg)
{
	struct endpoint e;
	char address[INET6_ADDRSTRLEN], where[INET6_ADDRSTRLEN + 20];
	for (unsigned n = 0; n < SOCKETS_MAX && next_socket(&text, &e); n++) {
		if (is_loopback(&e) || in_table(config, &e) || inet_ntop(e.n == 4 ? AF_INET : AF_INET6, e.address, address, sizeof address) == NULL)
			continue;
		(void)snprintf(where, sizeof where, e.n == 4 ? "%s:%u" : "[%s]:%u", address, e.port);
		fn(arg, FIREWALL_FOREIGN, slice_str(where));
	}
}

void firewall_compare(const struct config *config, struct slice tcp4, struct slice tcp6, firewall_fn *fn, void *arg)
{
	find_silent(config, tcp4, tcp6, fn, arg);
	find_foreign(config, tcp4, fn, arg);
	find_foreign(config, tcp6, fn, arg);
}
