#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "trust/client_setup.h"
#include "trust/xml.h"

static struct client_setup setup(void)
{
	return (struct client_setup){.domain = SLICE("example.org"), .host = SLICE("mail.example.org"), .address = SLICE("ann@example.org"),
		.name = SLICE("R&D <\"Tea\">"), .ports = {[CLIENT_IMAPS] = 993, [CLIENT_SUBMISSION] = 587}};
}

static void assert_written(const struct client_setup *s, enum client_setup_format format, const char *wanted)
{
	struct buf out = BUF_INIT(CLIENT_SETUP_MAX);
	assert_int_equal(client_setup_write(s, format, &out), 0);
	assert_false(out.failed);
	if (!slice_eq(buf_slice(&out), slice_str(wanted)))
		fail_msg("got:\n%.*s", SLICE_ARG(buf_slice(&out)));
	buf_free(&out);
}

static void autoconfig(void **state)
{
	struct client_setup s = setup();
	assert_written(&s, CLIENT_AUTOCONFIG, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<clientConfig version=\"1.1\">\n"
		"\t<emailProvider id=\"example.org\">\n\t\t<domain>example.org</domain>\n"
		"\t\t<displayName>R&amp;D &lt;&quot;Tea&quot;&gt;</displayName>\n"
		"\t\t<displayShortName>R&amp;D &lt;&quot;Tea&quot;&gt;</displayShortName>\n"
		"\t\t<incomingServer type=\"imap\">\n\t\t\t<hostname>mail.example.org</hostname>\n\t\t\t<port>993</port>\n"
		"\t\t\t<socketType>SSL</socketType>\n\t\t\t<username>ann@example.org</username>\n"
		"\t\t\t<authentication>password-cleartext</authentication>\n\t\t</incomingServer>\n"
		"\t\t<outgoingServer type=\"smtp\">\n\t\t\t<hostname>mail.example.org</hostname>\n\t\t\t<port>587</port>\n"
		"\t\t\t<socketType>STARTTLS</socketType>\n\t\t\t<username>ann@example.org</username>\n"
		"\t\t\t<authentication>password-cleartext</authentication>\n\t\t</outgoingServer>\n"
		"\t</emailProvider>\n</clientConfig>\n");
}

static void autodiscover(void **state)
{
	struct client_setup s = setup();
	assert_written(&s, CLIENT_AUTODISCOVER, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
		"<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006\">\n"
		"\t<Response xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a\">\n"
		"\t\t<User>\n\t\t\t<DisplayName>ann@example.org</DisplayName>\n\t\t</User>\n\t\t<Account>\n"
		"\t\t\t<AccountType>email</AccountType>\n\t\t\t<Action>settings</Action>\n"
		"\t\t\t<Protocol>\n\t\t\t\t<Type>IMAP</Type>\n\t\t\t\t<Server>mail.example.org</Server>\n\t\t\t\t<Port>993</Port>\n"
		"\t\t\t\t<DomainRequired>off</DomainRequired>\n\t\t\t\t<LoginName>ann@example.org</LoginName>\n\t\t\t\t<SPA>off</SPA>\n"
		"\t\t\t\t<SSL>on</SSL>\n\t\t\t\t<Encryption>SSL</Encryption>\n\t\t\t\t<AuthRequired>on</AuthRequired>\n\t\t\t</Protocol>\n"
		"\t\t\t<Protocol>\n\t\t\t\t<Type>SMTP</Type>\n\t\t\t\t<Server>mail.example.org</Server>\n\t\t\t\t<Port>587</Port>\n"
		"\t\t\t\t<DomainRequired>off</DomainRequired>\n\t\t\t\t<LoginName>ann@example.org</LoginName>\n\t\t\t\t<SPA>off</SPA>\n"
		"\t\t\t\t<SSL>on</SSL>\n\t\t\t\t<Encryption>TLS</Encryption>\n\t\t\t\t<AuthRequired>on</AuthRequired>\n"
		"\t\t\t\t<UsePOPAuth>off</UsePOPAuth>\n\t\t\t</Protocol>\n"
		"\t\t</Account>\n\t</Response>\n</Autodiscover>\n");
	assert_written(&s, CLIENT_AUTODISCOVER_JSON,
		"{\"Protocol\":\"AutodiscoverV1\",\"Url\":\"https://mail.example.org/autodiscover/autodiscover.xml\"}\n");
}

static void mobileconfig(void **state)
{
	struct client_setup s = setup();
	s.name = SLICE_NONE;
	assert_written(&s, CLIENT_MOBILECONFIG, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
		"<plist version=\"1.0\">\n<dict>\n\t<key>PayloadContent</key>\n\t<array>\n\t\t<dict>\n"
		"\t\t\t<key>EmailAccountDescription</key>\n\t\t\t<string>example.org</string>\n"
		"\t\t\t<key>EmailAccountType</key>\n\t\t\t<string>EmailTypeIMAP</string>\n"
		"\t\t\t<key>EmailAddress</key>\n\t\t\t<string>ann@example.org</string>\n"
		"\t\t\t<key>IncomingMailServerAuthentication</key>\n\t\t\t<string>EmailAuthPassword</string>\n"
		"\t\t\t<key>IncomingMailServerHostName</key>\n\t\t\t<string>mail.example.org</string>\n"
		"\t\t\t<key>IncomingMailServerPortNumber</key>\n\t\t\t<integer>993</integer>\n"
		"\t\t\t<key>IncomingMailServerUseSSL</key>\n\t\t\t<true/>\n"
		"\t\t\t<key>IncomingMailServerUsername</key>\n\t\t\t<string>ann@example.org</string>\n"
		"\t\t\t<key>OutgoingMailServerAuthentication</key>\n\t\t\t<string>EmailAuthPassword</string>\n"
		"\t\t\t<key>OutgoingMailServerHostName</key>\n\t\t\t<string>mail.example.org</string>\n"
		"\t\t\t<key>OutgoingMailServerPortNumber</key>\n\t\t\t<integer>587</integer>\n"
		"\t\t\t<key>OutgoingMailServerUseSSL</key>\n\t\t\t<true/>\n"
		"\t\t\t<key>OutgoingMailServerUsername</key>\n\t\t\t<string>ann@example.org</string>\n"
		"\t\t\t<key>OutgoingPasswordSameAsIncomingPassword</key>\n\t\t\t<true/>\n"
		"\t\t\t<key>PayloadDisplayName</key>\n\t\t\t<string>example.org</string>\n"
		"\t\t\t<key>PayloadIdentifier</key>\n\t\t\t<string>mail.example.org.letterlock.mail</string>\n"
		"\t\t\t<key>PayloadType</key>\n\t\t\t<string>com.apple.mail.managed</string>\n"
		"\t\t\t<key>PayloadUUID</key>\n\t\t\t<string>57844AF6-5A14-8CF6-B4D3-513E7CE642FB</string>\n"
		"\t\t\t<key>PayloadVersion</key>\n\t\t\t<integer>1</integer>\n\t\t</dict>\n\t</array>\n"
		"\t<key>PayloadDisplayName</key>\n\t<string>example.org</string>\n"
		"\t<key>PayloadIdentifier</key>\n\t<string>mail.example.org.letterlock</string>\n"
		"\t<key>PayloadType</key>\n\t<string>Configuration</string>\n"
		"\t<key>PayloadUUID</key>\n\t<string>7D221FD1-F151-8544-8D47-F7EAA78B503A</string>\n"
		"\t<key>PayloadVersion</key>\n\t<integer>1</integer>\n</dict>\n</plist>\n");
}

static void what_cannot_be_is_refused(void **state)
{
	struct client_setup s = setup();
	struct buf out = BUF_INIT(CLIENT_SETUP_MAX);
	s.address = SLICE_NONE;
	assert_int_equal(client_setup_write(&s, CLIENT_AUTODISCOVER, &out), ERR_INVALID);
	assert_int_equal(client_setup_write(&s, CLIENT_AUTOCONFIG, &out), 0);
	assert_true(slice_search(buf_slice(&out), SLICE("%EMAILADDRESS%")) > 0);
	s.ports[CLIENT_SUBMISSION] = 0;
	assert_int_equal(client_setup_write(&s, CLIENT_MOBILECONFIG, &out), ERR_NOT_FOUND);
	s.ports[CLIENT_IMAPS] = 0;
	assert_int_equal(client_setup_write(&s, CLIENT_AUTOCONFIG, &out), ERR_NOT_FOUND);
	buf_free(&out);
}

/* Nothing that a name or address may hold leaves its element. */
static void texts_stay_texts(void **state)
{
	static const struct slice evil[] = {SLICE_INIT("a]]></key><x>&#0;"), SLICE_INIT("\0\1\xff\xfe<!--"), SLICE_INIT("\xef\xbf\xbe'\"")};
	for (size_t i = 0; i < 3; i++) {
		struct client_setup s = setup();
		s.name = s.address = evil[i];
		for (int f = 0; f < CLIENT_FORMATS; f++) {
			struct buf out = BUF_INIT(CLIENT_SETUP_MAX);
			assert_int_equal(client_setup_write(&s, (enum client_setup_format)f, &out), 0);
			struct slice text = buf_slice(&out);
			assert_int_equal(slice_search(text, SLICE("<x>")), -1);
			assert_int_equal(slice_search(text, SLICE("<!--")), -1);
			assert_int_equal(slice_find(text, 0), -1);
			buf_free(&out);
		}
	}
}

/* Our own parser of XML reads the documents that have no document type. */
static void documents_are_well_formed(void **state)
{
	struct client_setup s = setup();
	for (size_t f = CLIENT_AUTOCONFIG; f <= CLIENT_AUTODISCOVER; f++) {
		struct buf out = BUF_INIT(CLIENT_SETUP_MAX);
		struct xml x;
		enum xml_event event;
		assert_int_equal(client_setup_write(&s, (enum client_setup_format)f, &out), 0);
		xml_init(&x, buf_slice(&out));
		while ((event = xml_next(&x)) == XML_START || event == XML_END)
			;
		assert_int_equal(event, XML_FINISHED);
		xml_free(&x);
		buf_free(&out);
	}
}

static void names_are_found(void **state)
{
	enum client_service service;
	enum client_setup_format format;
	assert_true(client_service_find(SLICE("submissions"), &service) && service == CLIENT_SUBMISSIONS);
	assert_false(client_service_find(SLICE("smtp"), &service));
	assert_true(client_setup_format_find(SLICE("autodiscover-json"), &format) && format == CLIENT_AUTODISCOVER_JSON);
	assert_false(client_setup_format_find(SLICE("auto"), &format));
	assert_string_equal(client_setup_media_type(CLIENT_MOBILECONFIG), "application/x-apple-aspen-config");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(autoconfig), cmocka_unit_test(autodiscover), cmocka_unit_test(mobileconfig),
		cmocka_unit_test(what_cannot_be_is_refused), cmocka_unit_test(texts_stay_texts), cmocka_unit_test(documents_are_well_formed),
		cmocka_unit_test(names_are_found),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
