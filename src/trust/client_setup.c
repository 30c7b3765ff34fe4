#include "trust/client_setup.h"

#include "base/ensure.h"
#include "base/error.h"
#include "base/utf8.h"
#include "crypt/hash.h"

static const struct { const char *name, *type; bool starttls; } services[CLIENT_SERVICES] = {
	[CLIENT_IMAPS] = {"imaps", "imap", false}, [CLIENT_IMAP] = {"imap", "imap", true}, [CLIENT_POP3S] = {"pop3s", "pop3", false},
	[CLIENT_POP3] = {"pop3", "pop3", true}, [CLIENT_SUBMISSIONS] = {"submissions", "smtp", false},
	[CLIENT_SUBMISSION] = {"submission", "smtp", true},
};

static bool sends(size_t service)
{
	return service == CLIENT_SUBMISSIONS || service == CLIENT_SUBMISSION;
}

bool client_service_find(struct slice name, enum client_service *ret)
{
	for (size_t i = 0; i < CLIENT_SERVICES; i++)
		if (slice_eq(slice_str(services[i].name), name)) {
			*ret = (enum client_service)i;
			return true;
		}
	return false;
}

/* XML 1.0 2.2 */
static bool is_char(uint32_t c)
{
	return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c != 0xfffe && c != 0xffff);
}

void client_setup_escape(struct slice text, struct buf *out)
{
	while (text.n > 0) {
		uint32_t c = utf8_next(&text);
		switch (c) {
		case '&': buf_append_str(out, "&amp;"); break;
		case '<': buf_append_str(out, "&lt;"); break;
		case '>': buf_append_str(out, "&gt;"); break;
		case '"': buf_append_str(out, "&quot;"); break;
		case '\'': buf_append_str(out, "&apos;"); break;
		default:
			if (is_char(c))
				utf8_append(out, c);
		}
	}
}

/* One line: indented, an element with text in it. */
static void put(struct buf *out, int depth, const char *name, struct slice text)
{
	for (int i = 0; i < depth; i++)
		buf_append_byte(out, '\t');
	buf_printf(out, "<%s>", name);
	client_setup_escape(text, out);
	buf_printf(out, "</%s>\n", name);
}

static void put_number(struct buf *out, int depth, const char *name, unsigned value)
{
	struct buf text = BUF_INIT(20);
	buf_append_u64(&text, value);
	put(out, depth, name, buf_slice(&text));
	buf_free(&text);
}

static struct slice shown_name(const struct client_setup *s)
{
	return s->name.n > 0 ? s->name : s->domain;
}

static bool offers(const struct client_setup *s, bool sending)
{
	for (size_t i = 0; i < CLIENT_SERVICES; i++)
		if (s->ports[i] != 0 && sends(i) == sending)
			return true;
	return false;
}

/* ---- Mozilla: config-v1.1; the first server of a kind is the one that is taken ---- */

static void put_server(const struct client_setup *s, size_t service, struct buf *out)
{
	const char *element = sends(service) ? "outgoingServer" : "incomingServer";
	buf_printf(out, "\t\t<%s type=\"%s\">\n", element, services[service].type);
	put(out, 3, "hostname", s->host);
	put_number(out, 3, "port", s->ports[service]);
	put(out, 3, "socketType", services[service].starttls ? SLICE("STARTTLS") : SLICE("SSL"));
	put(out, 3, "username", s->address.n > 0 ? s->address : SLICE("%EMAILADDRESS%"));
	put(out, 3, "authentication", SLICE("password-cleartext")); /* inside of TLS */
	if (s->oauth)
		put(out, 3, "authentication", SLICE("OAuth2"));
	buf_printf(out, "\t\t</%s>\n", element);
}

static int write_autoconfig(const struct client_setup *s, struct buf *out)
{
	buf_append_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<clientConfig version=\"1.1\">\n\t<emailProvider id=\"");
	client_setup_escape(s->domain, out);
	buf_append_str(out, "\">\n");
	put(out, 2, "domain", s->domain);
	put(out, 2, "displayName", shown_name(s));
	put(out, 2, "displayShortName", shown_name(s));
	for (size_t i = 0; i < CLIENT_SERVICES; i++)
		if (s->ports[i] != 0)
			put_server(s, i, out);
	buf_append_str(out, "\t</emailProvider>\n</clientConfig>\n");
	return 0;
}

/* ---- Autodiscover ---- */

/* MS-OXDSCLI 2.2.4.1: SSL is TLS from the first byte; Encryption says TLS for STARTTLS. */
static void put_protocol(const struct client_setup *s, size_t service, struct buf *out)
{
	static const struct { const char *type, *name; } names[] = {{"imap", "IMAP"}, {"pop3", "POP3"}, {"smtp", "SMTP"}};
	bool starttls = services[service].starttls;
	buf_append_str(out, "\t\t\t<Protocol>\n");
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eq(slice_str(names[i].type), slice_str(services[service].type)))
			put(out, 4, "Type", slice_str(names[i].name));
	put(out, 4, "Server", s->host);
	put_number(out, 4, "Port", s->ports[service]);
	put(out, 4, "DomainRequired", SLICE("off"));
	put(out, 4, "LoginName", s->address);
	put(out, 4, "SPA", SLICE("off"));
	put(out, 4, "SSL", SLICE("on"));
	put(out, 4, "Encryption", starttls ? SLICE("TLS") : SLICE("SSL"));
	put(out, 4, "AuthRequired", SLICE("on"));
	if (sends(service))
		put(out, 4, "UsePOPAuth", SLICE("off"));
	buf_append_str(out, "\t\t\t</Protocol>\n");
}

static int write_autodiscover(const struct client_setup *s, struct buf *out)
{
	if (s->address.n == 0)
		return ERR_INVALID;
	buf_append_str(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
		"<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006\">\n"
		"\t<Response xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a\">\n"
		"\t\t<User>\n");
	put(out, 3, "DisplayName", s->address);
	buf_append_str(out, "\t\t</User>\n\t\t<Account>\n");
	put(out, 3, "AccountType", SLICE("email"));
	put(out, 3, "Action", SLICE("settings"));
	for (size_t i = 0; i < CLIENT_SERVICES; i++)
		if (s->ports[i] != 0)
			put_protocol(s, i, out);
	buf_append_str(out, "\t\t</Account>\n\t</Response>\n</Autodiscover>\n");
	return 0;
}

/* Version 2 only says where version 1 is. The host is a name in A-labels: JSON needs no escapes there. */
static int write_json(const struct client_setup *s, struct buf *out)
{
	buf_printf(out, "{\"Protocol\":\"AutodiscoverV1\",\"Url\":\"https://%.*s/autodiscover/autodiscover.xml\"}\n", SLICE_ARG(s->host));
	return 0;
}

/* ---- Apple ---- */

/* The same for the same account, so that a new profile replaces the former (RFC 9562 5.8). */
static void put_uuid(struct buf *out, int depth, const struct client_setup *s, const char *part)
{
	uint8_t h[HASH_SIZE];
	struct buf text = BUF_INIT(2000), uuid = BUF_INIT(40);
	buf_printf(&text, "letterlock profile\n%s\n%.*s\n%.*s", part, SLICE_ARG(s->host), SLICE_ARG(s->address.n > 0 ? s->address : s->domain));
	hash_sha256(buf_slice(&text), h);
	h[6] = (uint8_t)((h[6] & 0x0f) | 0x80);
	h[8] = (uint8_t)((h[8] & 0x3f) | 0x80);
	for (int i = 0; i < 16; i++)
		buf_printf(&uuid, "%s%02X", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", h[i]);
	put(out, depth, "key", SLICE("PayloadUUID"));
	put(out, depth, "string", buf_slice(&uuid));
	buf_free(&text);
	buf_free(&uuid);
}

static void put_string(struct buf *out, int depth, const char *key, struct slice value)
{
	put(out, depth, "key", slice_str(key));
	put(out, depth, "string", value);
}

static void put_direction(const struct client_setup *s, const char *direction, uint16_t port, struct buf *out)
{
	static const char *const parts[] = {"Authentication", "HostName", "PortNumber", "UseSSL", "Username"};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		struct buf key = BUF_INIT(100);
		if (i == 4 && s->address.n == 0)
			break;
		buf_printf(&key, "%sMailServer%s", direction, parts[i]);
		put(out, 3, "key", buf_slice(&key));
		buf_free(&key);
		switch (i) {
		case 0: put(out, 3, "string", SLICE("EmailAuthPassword")); break;
		case 1: put(out, 3, "string", s->host); break;
		case 2: put_number(out, 3, "integer", port); break;
		case 3: buf_append_str(out, "\t\t\t<true/>\n"); break;
		default: put(out, 3, "string", s->address);
		}
	}
}

static void put_account(const struct client_setup *s, struct buf *out)
{
	bool imap = s->ports[CLIENT_IMAPS] != 0 || s->ports[CLIENT_IMAP] != 0;
	uint16_t first = imap ? s->ports[CLIENT_IMAPS] : s->ports[CLIENT_POP3S], second = imap ? s->ports[CLIENT_IMAP] : s->ports[CLIENT_POP3];
	put_string(out, 3, "EmailAccountDescription", shown_name(s));
	put_string(out, 3, "EmailAccountType", imap ? SLICE("EmailTypeIMAP") : SLICE("EmailTypePOP"));
	if (s->address.n > 0)
		put_string(out, 3, "EmailAddress", s->address);
	put_direction(s, "Incoming", first != 0 ? first : second, out);
	put_direction(s, "Outgoing", s->ports[CLIENT_SUBMISSIONS] != 0 ? s->ports[CLIENT_SUBMISSIONS] : s->ports[CLIENT_SUBMISSION], out);
	buf_append_str(out, "\t\t\t<key>OutgoingPasswordSameAsIncomingPassword</key>\n\t\t\t<true/>\n");
}

static void put_identity(const struct client_setup *s, int depth, const char *type, const char *part, struct buf *out)
{
	struct buf identifier = BUF_INIT(1000);
	buf_printf(&identifier, "%.*s.letterlock%s", SLICE_ARG(s->host), part);
	put_string(out, depth, "PayloadDisplayName", shown_name(s));
	put_string(out, depth, "PayloadIdentifier", buf_slice(&identifier));
	put_string(out, depth, "PayloadType", slice_str(type));
	put_uuid(out, depth, s, part);
	put(out, depth, "key", SLICE("PayloadVersion"));
	put(out, depth, "integer", SLICE("1"));
	buf_free(&identifier);
}

static int write_mobileconfig(const struct client_setup *s, struct buf *out)
{
	if (!offers(s, false) || !offers(s, true))
		return ERR_NOT_FOUND;
	buf_append_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
		"<plist version=\"1.0\">\n<dict>\n\t<key>PayloadContent</key>\n\t<array>\n\t\t<dict>\n");
	put_account(s, out);
	put_identity(s, 3, "com.apple.mail.managed", ".mail", out);
	buf_append_str(out, "\t\t</dict>\n\t</array>\n");
	put_identity(s, 1, "Configuration", "", out);
	buf_append_str(out, "</dict>\n</plist>\n");
	return 0;
}

/* ---- formats ---- */

static const struct {
	const char *name, *media_type;
	int (*write)(const struct client_setup *s, struct buf *out);
} formats[CLIENT_FORMATS] = {
	[CLIENT_AUTOCONFIG] = {"autoconfig", "text/xml; charset=utf-8", write_autoconfig},
	[CLIENT_AUTODISCOVER] = {"autodiscover", "text/xml; charset=utf-8", write_autodiscover},
	[CLIENT_AUTODISCOVER_JSON] = {"autodiscover-json", "application/json", write_json},
	[CLIENT_MOBILECONFIG] = {"mobileconfig", "application/x-apple-aspen-config", write_mobileconfig},
};

bool client_setup_format_find(struct slice name, enum client_setup_format *ret)
{
	for (size_t i = 0; i < CLIENT_FORMATS; i++)
		if (slice_eq(slice_str(formats[i].name), name)) {
			*ret = (enum client_setup_format)i;
			return true;
		}
	return false;
}

const char *client_setup_media_type(enum client_setup_format format)
{
	return formats[format].media_type;
}

int client_setup_write(const struct client_setup *setup, enum client_setup_format format, struct buf *out)
{
	if (!offers(setup, false) && !offers(setup, true))
		return ERR_NOT_FOUND;
	return formats[format].write(setup, out);
}
