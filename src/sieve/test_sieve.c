#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/ensure.h"
#include "base/error.h"
#include "sieve/outcome.h"
#include "sieve/script.h"

static const char letter_plain[] =
	"Received: from mx.example.org by mail.example.org; Tue, 1 Jul 2025 12:00:30 +0200\r\n"
	"From: Ann Lee <ann+work@Example.ORG>\r\n"
	"To: bob@example.com, \"Carl, C.\" <carl@example.net>\r\n"
	"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe_aus?= Wien [offer 42]\r\n"
	"Date: Tue, 01 Jul 2025 10:00:00 +0200\r\n"
	"Message-ID: <one@example.org>\r\n"
	"X-Score: 0017 points\r\n"
	"X-Twice: first\r\n"
	"X-Twice: second\r\n"
	"List-Id: <list.example.org>\r\n"
	"\r\n"
	"Hello Bob,\r\nsecret word\r\n";

static const char letter_parts[] =
	"From: ann@example.org\r\nTo: bob@example.com\r\nSubject: parts\r\nMIME-Version: 1.0\r\n"
	"Content-Type: multipart/mixed; boundary=xx\r\n\r\n"
	"prologue words\r\n--xx\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\naGlkZGVuIHRyZWFzdXJl\r\n"
	"--xx\r\nContent-Type: text/html\r\n\r\n<p>bold <b>news</b></p><script>evil()</script>\r\n"
	"--xx\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nUERGIGlubmVy\r\n--xx--\r\nepilogue words\r\n";

static const struct slice own_addresses[] = {SLICE_INIT("bob@example.com"), SLICE_INIT("@bob.example.com")};
static const struct sieve_mailbox own_mailboxes[] = {
	{SLICE_INIT("Sent"), SLICE_INIT("\\Sent")}, {SLICE_INIT("Spam"), SLICE_INIT("\\Junk \\Archive")}, {SLICE_INIT("lists/dev"), {NULL, 0}},
};

struct scripts { struct slice name; bool global; struct slice text; };
static const struct scripts library[] = {
	{SLICE_INIT("flags"), false, SLICE_INIT("require [\"imap4flags\", \"include\"]; addflag \"inner\"; return; addflag \"never\";")},
	{SLICE_INIT("loop"), false, SLICE_INIT("require \"include\"; include \"loop\";")},
	{SLICE_INIT("broken"), false, SLICE_INIT("if true {")},
	{SLICE_INIT("vars"), false, SLICE_INIT("require [\"include\", \"variables\"]; global \"shared\"; set \"shared\" \"from inside\"; set \"own\" \"x\";")},
	{SLICE_INIT("stopper"), true, SLICE_INIT("discard; stop;")},
};

static bool source(void *arg, struct slice name, bool global, struct slice *ret)
{
	(void)arg;
	for (size_t i = 0; i < ARRAY_LEN(library); i++)
		if (library[i].global == global && slice_eq(library[i].name, name)) {
			*ret = library[i].text;
			return true;
		}
	return false;
}

struct memory { enum sieve_known answer; unsigned asked; };
static enum sieve_known seen(void *arg, struct slice key)
{
	struct memory *memory = arg;
	assert_int_equal(key.n, 40);
	memory->asked++;
	return memory->answer;
}

static struct sieve_letter letter_make(const char *message, struct memory *memory)
{
	return (struct sieve_letter){
		.message = slice_str(message), .from = SLICE("ann@example.org"), .to = SLICE("bob+lists@example.com"),
			.address = SLICE("bob@example.com"),
		.addresses = own_addresses, .address_count = ARRAY_LEN(own_addresses), .mailboxes = own_mailboxes,
		.mailbox_count = ARRAY_LEN(own_mailboxes), .host = SLICE("mail.example.com"), .remote_ip = SLICE("192.0.2.9"), .now_s = 1751371200,
		.source = source, .seen = seen, .arg = memory,
	};
}

static void run_text(struct slice script, const char *message, enum sieve_known answer, struct buf *out)
{
	struct arena arena = ARENA_INIT;
	struct sieve_program *program = NULL;
	struct sieve_error err;
	struct memory memory = {.answer = answer};
	struct sieve_letter letter = letter_make(message, &memory);
	struct sieve_outcome outcome;
	if (sieve_compile(script, &arena, &program, &err) < 0) {
		buf_printf(out, "refused %u:%u %s\n", err.place.line, err.place.column, err.text);
	} else {
		sieve_run(program, &letter, &arena, &outcome);
		sieve_outcome_print(&outcome, out);
	}
	arena_free(&arena);
}

struct row { const char *script, *expected; };

static void check_rows(const struct row *rows, size_t count, const char *message, enum sieve_known answer)
{
	for (size_t i = 0; i < count; i++) {
		struct buf out = BUF_INIT(100000);
		run_text(slice_str(rows[i].script), message, answer, &out);
		buf_append_byte(&out, 0);
		if (strcmp((const char *)out.data, rows[i].expected) != 0)
			print_message("row %zu: %s\n", i, rows[i].script);
		assert_string_equal((const char *)out.data, rows[i].expected);
		buf_free(&out);
	}
}
#define CHECK(rows, message, answer) check_rows(rows, ARRAY_LEN(rows), message, answer)
#define KEPT "file INBOX\n"
#define YES "discard\n"

static void test_core(void **state)
{
	static const struct row rows[] = {
		{"", KEPT},
		{"# nothing\n/* at\nall */ keep;", KEPT},
		{"discard;", YES},
		{"keep; keep;", KEPT},
		{"stop; discard;", KEPT},
		{"IF TRUE { DISCARD; }", YES},
		{"if false { discard; } elsif true { keep; } else { discard; }", KEPT},
		{"if true { if false { keep; } else { discard; } } elsif true { keep; } else { keep; }", YES},
		{"if not anyof (false, allof (true, false)) { discard; }", YES},
		{"if size :over 100 { discard; }", YES},
		{"if size :over 1M { discard; }", KEPT},
		{"if size :under 1K { discard; }", YES},
		{"if exists [\"From\", \"to\"] { discard; }", YES},
		{"if exists [\"From\", \"X-None\"] { discard; }", KEPT},
		{"require \"fileinto\"; fileinto \"a\"; fileinto \"b\"; fileinto \"a\";", "file a\nfile b\n"},
		{"require [\"fileinto\", \"copy\"]; fileinto :copy \"a\";", "file a\nfile INBOX\n"},
		{"redirect \"x@example.net\";", "redirect x@example.net\n"},
		{"require \"copy\"; redirect :copy \"Someone <x@example.net>\";", "redirect x@example.net\nfile INBOX\n"},
		{"require \"reject\"; reject text:\nNo.\n..dot\n.\n;", "reject No.\r\n.dot\n"},
		{"require \"ereject\"; ereject \"no\";", "reject no\n"},
		{"require [\"reject\", \"fileinto\"]; fileinto \"a\"; reject \"no\";",
		 "error 1:47 a letter that is refused cannot be kept, filed, redirected or answered\nfile INBOX\n"},
		{"redirect \"a@x.org\"; redirect \"b@x.org\"; redirect \"c@x.org\"; redirect \"d@x.org\"; redirect \"e@x.org\";",
		 "error 1:81 too many redirects\nfile INBOX\n"},
	};
	(void)state;
	CHECK(rows, letter_plain, SIEVE_NEW);
}

static void test_refused(void **state)
{
	static const struct row rows[] = {
		{"keep", "refused 1:5 \";\" or a block is expected here\n"},
		{"keep;\n  frob;", "refused 2:3 there is no command \"frob\"\n"},
		{"if frob { keep; }", "refused 1:4 there is no test \"frob\"\n"},
		{"if true { keep; ", "refused 1:17 a command or \"}\" is expected here\n"},
		{"\"text\";", "refused 1:1 a command is expected here\n"},
		{"fileinto \"a\";", "refused 1:1 fileinto needs require \"fileinto\"\n"},
		{"require \"frob\";", "refused 1:9 \"frob\" is not known here\n"},
		{"keep; require \"fileinto\";", "refused 1:7 require has to stand before all other commands\n"},
		{"if true { require \"fileinto\"; }", "refused 1:11 require has to stand before all other commands\n"},
		{"else { keep; }", "refused 1:1 else has to follow if or elsif\n"},
		{"if true { keep; } else { keep; } else { keep; }", "refused 1:34 else has to follow if or elsif\n"},
		{"keep \"a\";", "refused 1:1 keep takes 0 arguments, not 1\n"},
		{"keep true;", "refused 1:6 keep takes no test\n"},
		{"keep { }", "refused 1:1 keep takes no block\n"},
		{"if true;", "refused 1:1 if needs a block\n"},
		{"if anyof true { }", "refused 1:4 anyof takes a list of tests in parentheses\n"},
		{"if header :is :contains \"a\" \"b\" { }", "refused 1:15 :contains does not go with what stands before it\n"},
		{"if header \"a\" :is \"b\" { }", "refused 1:4 header takes 2 arguments, not 3\n"},
		{"if header :comparator \"i;frob\" \"a\" \"b\" { }", "refused 1:23 there is no comparator \"i;frob\"\n"},
		{"if header :comparator \"i;ascii-numeric\" \"a\" \"b\" { }",
		 "refused 1:23 this comparator needs require \"comparator-i;ascii-numeric\"\n"},
		{"require \"comparator-i;ascii-numeric\"; if header :contains :comparator \"i;ascii-numeric\" \"a\" \"b\" { }",
		 "refused 1:71 i;ascii-numeric can compare whole values only\n"},
		{"if size 10 { }", "refused 1:4 size needs :over or :under\n"},
		{"if size :over 9999999999 { }", "refused 1:15 this number is too big\n"},
		{"if size :over 4G { }", "refused 1:15 this number is too big\n"},
		{"if address \"subject\" \"x\" { }", "refused 1:12 subject is no field of addresses\n"},
		{"redirect \"nobody\";", "refused 1:10 this is no mail address\n"},
		{"redirect \"a@b.org, c@d.org\";", "refused 1:10 this is no mail address\n"},
		{"keep; \"no end", "refused 1:7 this string has no end\n"},
		{"/* no end", "refused 1:1 this comment has no end\n"},
		{"require \"reject\"; reject text:\nno end\n", "refused 1:26 this text has no end: a line with only a dot is missing\n"},
		{"keep; $", "refused 1:7 this character has no meaning here\n"},
		{"k\xc3\xa4\xc3\xa4p;", "refused 1:2 this character has no meaning here\n"},
		{"\"\xff\";", "refused 1:1 the script is not UTF-8\n"},
		{"require \"variables\"; set \"a.b\" \"c\";", "refused 1:26 this is no name of a variable\n"},
		{"require \"variables\"; set \"a\" \"${frob.b}\";", "refused 1:30 there is no namespace for ${frob.b}\n"},
		{"require \"regex\"; if header :regex \"a\" \"(\" { }", "refused 1:39 not a regular expression: \")\" is missing\n"},
		{"require \"relational\"; if header :value \"xx\" \"a\" \"b\" { }",
			"refused 1:40 a relation is gt, ge, lt, le, eq or ne (RFC 5231 4.1)\n"},
		{"require \"index\"; if header :last \"a\" \"b\" { }", "refused 1:21 :last needs :index (RFC 5260 6)\n"},
		{"require \"encoded-character\"; redirect \"${unicode:d800}\";", "refused 1:39 there is no such Unicode character\n"},
	};
	(void)state;
	CHECK(rows, letter_plain, SIEVE_NEW);
}

static void test_matching(void **state)
{
	static const struct row rows[] = {
		{"if header \"subject\" \"gr\xc3\xbc\xc3\x9f" "e AUS Wien [OFFER 42]\" { discard; }", YES},
		{"if header :contains \"subject\" [\"nothing\", \"wien\"] { discard; }", YES},
		{"if header :comparator \"i;octet\" :contains \"subject\" \"wien\" { discard; }", KEPT},
		{"if header :matches \"subject\" \"*WIEN [offer ??]\" { discard; }", YES},
		{"if header :matches \"subject\" \"Gr??e*\" { discard; }", YES},
		{"if header :matches \"subject\" \"Gr?e*\" { discard; }", KEPT},
		{"if header :matches \"subject\" \"*\\\\[offer*\" { discard; }", YES},
		{"if header :contains [\"x-none\", \"x-twice\"] \"sec\" { discard; }", YES},
		{"if header :is \"x-none\" \"\" { discard; }", KEPT},
		{"if header :contains \"x-twice\" \"\" { discard; }", YES},
		{"require [\"comparator-i;unicode-casemap\"]; if header :comparator \"i;unicode-casemap\" :contains \"subject\" \"GR\xc3\x9c\" { discard; }", YES},
		{"if header :contains \"subject\" \"GR\xc3\x9c\" { discard; }", KEPT},
		{"require [\"relational\", \"comparator-i;ascii-numeric\"]; if header :value \"gt\" :comparator \"i;ascii-numeric\" \"x-score\" \"16\" { discard; }", YES},
		{"require [\"relational\", \"comparator-i;ascii-numeric\"]; if header :value \"lt\" :comparator \"i;ascii-numeric\" \"x-score\" \"9\" { discard; }", KEPT},
		{"require [\"relational\", \"comparator-i;ascii-numeric\"]; if header :comparator \"i;ascii-numeric\" \"x-score\" \"17\" { discard; }",
			YES},
		{"require [\"relational\", \"comparator-i;ascii-numeric\"]; if header :count \"eq\" :comparator \"i;ascii-numeric\" \"x-twice\" \"2\" { discard; }", YES},
		{"require [\"relational\", \"comparator-i;ascii-numeric\"]; if address :count \"ge\" :comparator \"i;ascii-numeric\" [\"to\", \"from\"] [\"4\", \"3\"] { discard; }", YES},
		{"if address :domain \"from\" \"example.org\" { discard; }", YES},
		{"if address :localpart \"from\" \"ann+work\" { discard; }", YES},
		{"if address :all \"to\" \"carl@example.net\" { discard; }", YES},
		{"require \"subaddress\"; if address :user \"from\" \"ann\" { discard; }", YES},
		{"require \"subaddress\"; if address :detail \"from\" \"work\" { discard; }", YES},
		{"require \"subaddress\"; if address :detail \"to\" \"\" { discard; }", KEPT},
		{"require [\"envelope\", \"subaddress\"]; if envelope :detail \"to\" \"lists\" { discard; }", YES},
		{"require \"envelope\"; if envelope \"from\" \"ann@example.org\" { discard; }", YES},
		{"require \"envelope\"; if envelope :domain \"from\" \"example.com\" { discard; }", KEPT},
		{"require \"index\"; if header :index 2 \"x-twice\" \"second\" { discard; }", YES},
		{"require \"index\"; if header :index 2 :last \"x-twice\" \"first\" { discard; }", YES},
		{"require \"index\"; if header :index 3 \"x-twice\" \"second\" { discard; }", KEPT},
		{"require \"encoded-character\"; if header :contains \"subject\" \"${hex:57 69 65 6e}\" { discard; }", YES},
		{"require \"encoded-character\"; if header :contains \"subject\" \"gr${unicode: 00FC}\" { discard; }", YES},
		{"require \"encoded-character\"; if header :is \"subject\" \"${hex:}\" { discard; }", KEPT},
	};
	(void)state;
	CHECK(rows, letter_plain, SIEVE_NEW);
}

static void test_regex(void **state)
{
	static const struct row rows[] = {
		{"require \"regex\"; if header :regex \"subject\" \"offer [0-9]+\" { discard; }", YES},
		{"require \"regex\"; if header :regex \"subject\" \"^wien\" { discard; }", KEPT},
		{"require \"regex\"; if header :regex \"subject\" \"^gr..e (aus|von) .*\\\\]$\" { discard; }", YES},
		{"require \"regex\"; if header :regex :comparator \"i;octet\" \"subject\" \"^gr\" { discard; }", KEPT},
		{"require \"regex\"; if header :regex \"x-score\" \"^0{2}[1-9][[:digit:]]{1,3} \" { discard; }", YES},
		{"require [\"regex\", \"variables\", \"fileinto\"]; if header :regex \"subject\" \"([a-z]+) \\\\[offer ([0-9]+)\" { fileinto \"${1}/${2}\"; }", "file Wien/42\n"},
		{"require [\"regex\", \"variables\", \"fileinto\"]; if header :regex \"x-twice\" \"(fi|fir|firs)(t?)\" { fileinto \"${0}.${1}.${2}\"; }", "file first.firs.t\n"},
		{"require [\"regex\", \"variables\", \"fileinto\"]; if header :regex \"x-twice\" \"(x)?first\" { fileinto \"a${1}b\"; }", "file ab\n"},
	};
	(void)state;
	CHECK(rows, letter_plain, SIEVE_NEW);
}

/* The classic that takes backtracking machines for ever. */
static void test_regex_is_bounded(void **state)
{
	struct buf script = BUF_INIT(20000), out = BUF_INIT(1000);
	(void)state;
	buf_append_str(&script, "require [\"regex\", \"variables\"]; set \"a\" \"");
	for (int i = 0; i < 3000; i++)
		buf_append_byte(&script, 'a');
	buf_append_str(&script, "\"; if string :regex \"${a}\" \"^(a*)*b$\" { discard; } if string :regex \"${a}\" \"(a?){200}a{200}\" { keep; }");
	run_text(buf_slice(&script), letter_plain, SIEVE_NEW, &out);
	assert_true(slice_eq(buf_slice(&out), SLICE(KEPT)));
	buf_free(&script);
	buf_free(&out);
}

static void test_variables(void **state)
{
	static const struct row rows[] = {
		{"require [\"variables\", \"fileinto\"]; set \"A\" \"x\"; set \"b\" \"${a}${A}\"; fileinto \"${B}y\";", "file xxy\n"},
		{"require [\"variables\", \"fileinto\"]; fileinto \"[${none}]$x${\";", "file []$x${\n"},
		{"require [\"variables\", \"fileinto\"]; if header :matches \"subject\" \"*[offer *]\" { fileinto \"o${2}\"; }", "file o42\n"},
		{"require [\"variables\", \"fileinto\"]; if header :matches \"subject\" \"* aus *\" { } fileinto \"${1}\";",
			"file Gr\xc3\xbc\xc3\x9f" "e\n"},
		{"require [\"variables\", \"fileinto\"]; if header :matches \"subject\" \"* aus *\" { } if header :matches \"subject\" \"none*\" { } fileinto \"${1}\";",
		 "file Gr\xc3\xbc\xc3\x9f" "e\n"},
		{"require [\"variables\", \"fileinto\"]; set :upper \"a\" \"gr\xc3\xbcn\"; fileinto \"${a}\";", "file GR\xc3\x9cN\n"},
		{"require [\"variables\", \"fileinto\"]; set :lower :upperfirst \"a\" \"ABC\"; fileinto \"${a}\";", "file Abc\n"},
		{"require [\"variables\", \"fileinto\"]; set :length \"a\" \"gr\xc3\xbcn\"; fileinto \"n${a}\";", "file n4\n"},
		{"require [\"variables\", \"fileinto\"]; set :quotewildcard \"a\" \"*x?\"; fileinto \"${a}\";", "file \\*x\\?\n"},
		{"require \"variables\"; set \"a\" \"\"; if string \"${a}\" \"\" { discard; }", YES},
		{"require [\"variables\", \"relational\", \"comparator-i;ascii-numeric\"]; set \"a\" \"\"; if string :count \"eq\" :comparator \"i;ascii-numeric\" [\"${a}\", \"x\"] \"1\" { discard; }", YES},
		{"require [\"variables\", \"comparator-i;unicode-casemap\", \"fileinto\"]; if header :matches :comparator \"i;unicode-casemap\" \"subject\" \"GR\xc3\x9c?E *\" { fileinto \"${1}-${2}\"; }",
		 "file \xc3\x9f-aus Wien [offer 42]\n"},
		{"redirect \"${a}@example.org\";", "redirect ${a}@example.org\n"},
	};
	(void)state;
	CHECK(rows, letter_plain, SIEVE_NEW);
}

static void test_flags(void **state)
{
	static const struct row rows[] = {
		{"require \"imap4flags\"; setflag \"\\\\Seen\"; addflag [\"$one\", \"two three\"]; removeflag \"TWO\"; keep;",
			"file INBOX [\\Seen $one three]\n"},
		{"require \"imap4flags\"; addflag \"\\\\Flagged\";", "file INBOX [\\Flagged]\n"},
		{"require [\"imap4flags\", \"fileinto\"]; addflag \"a\"; fileinto :flags \"b\" \"x\"; keep :flags \"\";", "file x [b]\nfile INBOX\n"},
		{"require \"imap4flags\"; addflag [\"bad(\", \"\\\\Recent\", \"ok\"];", "file INBOX [ok]\n"},
		{"require \"imap4flags\"; addflag \"A b\"; if hasflag [\"c\", \"a\"] { discard; }", YES},
		{"require [\"imap4flags\", \"relational\", \"comparator-i;ascii-numeric\"]; addflag \"a b\"; if hasflag :count \"ge\" :comparator \"i;ascii-numeric\" \"2\" { discard; }", YES},
		{"require [\"imap4flags\", \"variables\"]; addflag \"mine\" [\"x\", \"y\"]; if hasflag :contains \"mine\" \"Y\" { keep :flags \"${mine}\"; }", "file INBOX [x y]\n"},
		{"require \"imap4flags\"; setflag \"mine\" \"x\";", "refused 1:23 a variable of flags needs require \"variables\"\n"},
	};
	(void)state;
	CHECK(rows, letter_plain, SIEVE_NEW);
}

static void test_dates(void **state)
{
	static const struct row rows[] = {
		{"require \"date\"; if date :zone \"+0200\" \"date\" \"hour\" \"10\" { discard; }", YES},
		{"require \"date\"; if date :originalzone \"date\" \"iso8601\" \"2025-07-01T10:00:00+02:00\" { discard; }", YES},
		{"require \"date\"; if date :zone \"-0100\" \"date\" \"std11\" \"Tue, 01 Jul 2025 07:00:00 -0100\" { discard; }", YES},
		{"require \"date\"; if date \"date\" \"julian\" \"60857\" { discard; }", YES},
		{"require \"date\"; if date \"received\" \"time\" \"10:00:30\" { discard; }", YES},
		{"require \"date\"; if date \"date\" \"weekday\" \"2\" { discard; }", YES},
		{"require \"date\"; if date \"subject\" \"year\" \"2025\" { discard; }", KEPT},
		{"require [\"date\", \"relational\"]; if allof (currentdate :value \"ge\" \"date\" \"2025-07-01\", currentdate :value \"le\" \"date\" \"2025-07-31\") { discard; }", YES},
		{"require \"date\"; if currentdate :zone \"+0800\" \"time\" \"20:00:00\" { discard; }", YES},
		{"require \"date\"; if currentdate :zone \"+9900\" \"time\" \"20:00:00\" { discard; }",
			"refused 1:38 a time zone looks like \"+0800\"\n"},
		{"require \"date\"; if currentdate \"century\" \"20\" { discard; }", "refused 1:32 a date has no part \"century\"\n"},
	};
	(void)state;
	CHECK(rows, letter_plain, SIEVE_NEW);
}

static void test_body(void **state)
{
	static const struct row rows[] = {
		{"require \"body\"; if body :contains \"hidden treasure\" { discard; }", YES},
		{"require \"body\"; if body :contains \"bold news\" { discard; }", YES},
		{"require \"body\"; if body :contains \"evil\" { discard; }", KEPT},
		{"require \"body\"; if body :contains \"PDF inner\" { discard; }", KEPT},
		{"require \"body\"; if body :content \"application\" :contains \"PDF inner\" { discard; }", YES},
		{"require \"body\"; if body :content \"text/html\" :contains \"<script>\" { discard; }", YES},
		{"require \"body\"; if body :content \"\" :contains \"treasure\" { discard; }", YES},
		{"require \"body\"; if body :content \"multipart\" :contains \"prologue\" { discard; }", YES},
		{"require \"body\"; if body :content \"multipart\" :contains \"epilogue\" { discard; }", YES},
		{"require \"body\"; if body :raw :contains \"aGlkZGVu\" { discard; }", YES},
		{"require \"body\"; if body :raw :contains \"Subject\" { discard; }", KEPT},
		{"require [\"body\", \"variables\", \"fileinto\"]; if body :raw :matches \"*--xx*\" { fileinto \"a${1}b\"; }", "file ab\n"},
	};
	(void)state;
	CHECK(rows, letter_parts, SIEVE_NEW);
}

static void test_places(void **state)
{
	static const struct row rows[] = {
		{"require \"mailbox\"; if mailboxexists [\"lists/dev\", \"inbox\"] { discard; }", YES},
		{"require \"mailbox\"; if mailboxexists [\"lists/dev\", \"None\"] { discard; }", KEPT},
		{"require [\"mailbox\", \"fileinto\"]; fileinto :create \"New/One\";", "file New/One create\n"},
		{"require \"special-use\"; if specialuse_exists [\"\\\\Junk\", \"\\\\sent\"] { discard; }", YES},
		{"require \"special-use\"; if specialuse_exists \"Spam\" \"\\\\Archive\" { discard; }", YES},
		{"require \"special-use\"; if specialuse_exists \"Sent\" \"\\\\Archive\" { discard; }", KEPT},
		{"require [\"special-use\", \"fileinto\"]; fileinto :specialuse \"\\\\Junk\" \"x\";", "file x use=\\Junk\n"},
		{"require \"environment\"; if environment \"name\" \"Letterlock\" { discard; }", YES},
		{"require \"environment\"; if environment :contains \"remote-ip\" \"192.0.2\" { discard; }", YES},
		{"require \"environment\"; if environment :matches \"vnd.frob\" \"*\" { discard; }", KEPT},
		{"require \"fileinto\"; fileinto \"a\nb\";", "error 1:21 no mailbox can have this name\nfile INBOX\n"},
	};
	(void)state;
	CHECK(rows, letter_plain, SIEVE_NEW);
}

static void test_vacation(void **state)
{
	static const struct row rows[] = {
		{"require \"vacation\"; vacation \"away\";", "vacation 604800 away\nfile INBOX\n"},
		{"require \"vacation\"; vacation :days 2 :subject \"s\" :addresses [\"a@b.org\"] \"away\"; discard;", "vacation 172800 away\n"},
		{"require \"vacation\"; vacation :days 0 \"away\";", "vacation 86400 away\nfile INBOX\n"},
		{"require \"vacation\"; vacation :days 400 \"away\";", "vacation 2592000 away\nfile INBOX\n"},
		{"require \"vacation-seconds\"; vacation :seconds 0 \"away\";", "vacation 0 away\nfile INBOX\n"},
		{"require \"vacation\"; vacation :seconds 9 \"away\";", "refused 1:30 :seconds needs require \"vacation-seconds\"\n"},
		{"require \"vacation\"; vacation \"a\"; vacation \"b\";", "error 1:35 a letter is answered only once\nfile INBOX\n"},
		{"require \"vacation\"; vacation :from \"nobody\" \"a\";", "refused 1:36 this is no mail address\n"},
	};
	(void)state;
	CHECK(rows, letter_plain, SIEVE_NEW);
}

static void test_include(void **state)
{
	static const struct row rows[] = {
		{"require [\"include\", \"imap4flags\"]; include \"flags\"; addflag \"outer\";", "file INBOX [inner outer]\n"},
		{"require [\"include\"]; include :global \"stopper\"; keep;", YES},
		{"require [\"include\"]; include :optional \"none\"; discard;", YES},
		{"require [\"include\"]; include \"none\"; discard;", "error 1:22 there is no script \"none\"\nfile INBOX\n"},
		{"require [\"include\"]; include \"loop\";", "error 1:20 \"loop\" includes itself\nfile INBOX\n"},
		{"require [\"include\"]; include \"broken\";", "error 1:22 \"broken\", line 1: a command or \"}\" is expected here\nfile INBOX\n"},
		{"require [\"include\", \"variables\", \"fileinto\"]; global \"shared\"; include \"vars\"; fileinto \"${shared}${own}\";",
			"file from inside\n"},
		{"require [\"include\", \"variables\", \"fileinto\"]; include \"vars\"; fileinto \"${global.shared}\";", "file from inside\n"},
		{"require [\"include\", \"variables\", \"fileinto\"]; include \"vars\"; fileinto \"-${shared}\";", "file -\n"},
		{"require [\"ihave\", \"fileinto\"]; if ihave \"frob\" { frob \"x\"; } else { discard; }", YES},
		{"require [\"ihave\"]; if ihave \"fileinto\" { fileinto \"x\"; }", "file x\n"},
		{"require [\"ihave\"]; if allof (ihave \"frob\", frobbed) { keep; } discard;", YES},
		{"require [\"ihave\"]; if not ihave \"frob\" { error \"needs frob\"; }", "error 1:42 needs frob\nfile INBOX\n"},
	};
	(void)state;
	CHECK(rows, letter_plain, SIEVE_NEW);
}

static void test_duplicate(void **state)
{
	static const struct row unseen[] = {
		{"require \"duplicate\"; if duplicate { discard; }", KEPT},
		{"require \"duplicate\"; if anyof (duplicate, duplicate) { discard; }", KEPT},
		{"require \"duplicate\"; if duplicate :header \"X-None\" { discard; }", KEPT},
	};
	static const struct row repeated[] = {
		{"require \"duplicate\"; if duplicate { discard; }", YES},
		{"require \"duplicate\"; if duplicate :header \"X-None\" { discard; }", KEPT},
		{"require [\"duplicate\", \"variables\"]; if duplicate :uniqueid \"${x}1\" :handle \"h\" :seconds 60 :last { discard; }", YES},
	};
	static const struct row waiting[] = {{"require \"duplicate\"; if duplicate { discard; }", "wait\n"}};
	(void)state;
	CHECK(unseen, letter_plain, SIEVE_NEW);
	CHECK(repeated, letter_plain, SIEVE_SEEN);
	CHECK(waiting, letter_plain, SIEVE_WAIT);
}

/* ---- limits ---- */

static void repeat(struct buf *out, const char *text, int times)
{
	for (int i = 0; i < times; i++)
		buf_append_str(out, text);
}

static void check_limit(const char *front, const char *piece, int times, const char *back, const char *expected)
{
	struct buf script = BUF_INIT(1 << 20), out = BUF_INIT(1000);
	buf_append_str(&script, front);
	repeat(&script, piece, times);
	buf_append_str(&script, back);
	run_text(buf_slice(&script), letter_plain, SIEVE_NEW, &out);
	if (slice_search(buf_slice(&out), slice_str(expected)) < 0)
		print_message("%.*s", SLICE_ARG(buf_slice(&out)));
	assert_true(slice_search(buf_slice(&out), slice_str(expected)) >= 0);
	buf_free(&script);
	buf_free(&out);
}

static void test_limits(void **state)
{
	(void)state;
	check_limit("", "# 3456789\n", 7000, "", "the script is too long");
	check_limit("", "if true { ", 30, "", "blocks are nested too deeply");
	check_limit("if ", "not ", 3000, "true { }", "tests are nested too deeply");
	check_limit("", "keep;", 5000, "", "too many commands and tests");
	check_limit("if header \"a\" [\"x\"", ",\"x\"", 3000, "] { }", "too many strings");
	check_limit("redirect \"", "0123456789", 4000, "\";", "this string is too long");
	check_limit("keep ", "1 ", 30, ";", "too many arguments");
	check_limit("require \"fileinto\";", "", 0, "fileinto \"1\";", "file 1");
	check_limit("require \"variables\"; set \"a\" \"0123456789\";", "set \"a\" \"${a}${a}\";", 12,
	            "if string \"${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}\" \"\" { }", "a string gets longer");
	check_limit("require \"variables\"; set \"a\" \"0123456789\";", "set \"a\" \"${a}${a}\";", 1500, "", "the script takes too long");
}

static void test_too_many_variables_and_actions(void **state)
{
	struct buf variables = BUF_INIT(100000), actions = BUF_INIT(100000), out = BUF_INIT(1000);
	(void)state;
	buf_append_str(&variables, "require \"variables\";");
	buf_append_str(&actions, "require \"fileinto\";");
	for (int i = 0; i < 200; i++) {
		buf_printf(&variables, "set \"v%d\" \"x\";", i);
		buf_printf(&actions, "fileinto \"%d\";", i);
	}
	run_text(buf_slice(&variables), letter_plain, SIEVE_NEW, &out);
	assert_true(slice_search(buf_slice(&out), SLICE("more than 128 variables")) >= 0);
	buf_clear(&out);
	run_text(buf_slice(&actions), letter_plain, SIEVE_NEW, &out);
	assert_true(slice_search(buf_slice(&out), SLICE("too many actions\nfile INBOX")) >= 0);
	buf_free(&variables);
	buf_free(&actions);
	buf_free(&out);
}

/* All scripts of one letter share what there is of work. */
static void test_shared_work(void **state)
{
	struct arena arena = ARENA_INIT;
	struct sieve_program *program = NULL;
	struct sieve_error err;
	struct sieve_outcome outcome;
	uint64_t work = 500;
	struct sieve_letter letter = letter_make(letter_plain, &(struct memory){.answer = SIEVE_NEW});
	(void)state;
	letter.work = &work;
	assert_int_equal(sieve_compile(SLICE("if header :contains \"subject\" \"x\" { keep; } discard;"), &arena, &program, &err), 0);
	sieve_run(program, &letter, &arena, &outcome);
	assert_false(outcome.failed);
	for (int i = 0; i < 5 && !outcome.failed; i++)
		sieve_run(program, &letter, &arena, &outcome);
	assert_true(outcome.failed);
	assert_int_equal(work, 0);
	arena_free(&arena);
}

static void test_names(void **state)
{
	(void)state;
	assert_true(sieve_name_valid(SLICE("main")));
	assert_true(sieve_name_valid(SLICE("\xe9\x82\xae\xe4\xbb\xb6 1")));
	assert_false(sieve_name_valid(SLICE("")));
	assert_false(sieve_name_valid(SLICE("a\nb")));
	assert_false(sieve_name_valid(SLICE("\xc2\x85")));
	assert_false(sieve_name_valid(SLICE("a\xe2\x80\xa8")));
	assert_false(sieve_name_valid(SLICE("\xff")));
}

static void test_capability(void **state)
{
	struct buf out = BUF_INIT(1000);
	(void)state;
	sieve_extensions_print(&out);
	assert_true(slice_starts(buf_slice(&out),
		SLICE("fileinto reject ereject envelope encoded-character subaddress comparator-i;ascii-numeric ")));
	assert_true(slice_search(buf_slice(&out), SLICE("i;octet")) < 0);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_core), cmocka_unit_test(test_refused), cmocka_unit_test(test_matching), cmocka_unit_test(test_regex),
		cmocka_unit_test(test_regex_is_bounded), cmocka_unit_test(test_variables), cmocka_unit_test(test_flags), cmocka_unit_test(test_dates),
		cmocka_unit_test(test_body), cmocka_unit_test(test_places), cmocka_unit_test(test_vacation), cmocka_unit_test(test_include),
		cmocka_unit_test(test_duplicate), cmocka_unit_test(test_limits), cmocka_unit_test(test_too_many_variables_and_actions),
		cmocka_unit_test(test_shared_work), cmocka_unit_test(test_names), cmocka_unit_test(test_capability),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
