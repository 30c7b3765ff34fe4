/*
 * Kinds of text. A program chooses what to do with a text by its extension, so the extension decides wherever text of that extension
 * is run, rendered or merely shown; the content decides for the rest.
 */
#include <string.h>

#include "base/ensure.h"
#include "inspect/name.h"
#include "inspect/text.h"
#include "inspect/thing.h"

#define FRONT 4096

/* Extensions that only ever open an editor or a table: whatever stands in there is text. */
static bool is_inert(struct slice extension)
{
	static const struct slice rows[] = {SLICE_INIT("txt"), SLICE_INIT("text"), SLICE_INIT("log"), SLICE_INIT("md"), SLICE_INIT("ini"),
		SLICE_INIT("cfg"),
		SLICE_INIT("conf"), SLICE_INIT("srt"), SLICE_INIT("diff"), SLICE_INIT("patch"), SLICE_INIT("c"), SLICE_INIT("h"), SLICE_INIT("java"),
		SLICE_INIT("cpp"), SLICE_INIT("hpp"), SLICE_INIT("go"), SLICE_INIT("rs"), SLICE_INIT("ts"), SLICE_INIT("css"), SLICE_INIT("sql"),
		SLICE_INIT("yaml"), SLICE_INIT("yml"), SLICE_INIT("toml"), SLICE_INIT("rst"), SLICE_INIT("tex"), SLICE_INIT("properties")};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_eq_nocase(extension, rows[i]))
			return true;
	return false;
}

/* ---- by the extension ---- */

static enum inspect_type by_extension(struct slice extension)
{
	static const enum inspect_family families[] = {INSPECT_FAMILY_SCRIPT, INSPECT_FAMILY_SHORTCUT, INSPECT_FAMILY_SETTINGS,
		INSPECT_FAMILY_PROGRAM};
	for (size_t k = 0; k < ARRAY_LEN(families); k++)
		for (unsigned t = 0; t < FILE_TYPE_COUNT; t++)
			if (inspect_type_family((enum inspect_type)t) == families[k] && inspect_type_has_extension((enum inspect_type)t, extension))
				return (enum inspect_type)t;
	return FILE_unknown;
}

/* Types of text that a text may be by its extension alone. A program's extension on a text is none: a .com or .exe is not run as text. */
static bool may_be_text(enum inspect_type t)
{
	static const enum inspect_type never[] = {FILE_lnk, FILE_encoded_script, FILE_diagcab, FILE_group_policy};
	enum inspect_family f = inspect_type_family(t);
	for (size_t i = 0; i < ARRAY_LEN(never); i++)
		if (t == never[i])
			return false;
	return t == FILE_clickonce || t == FILE_jnlp || f == INSPECT_FAMILY_SCRIPT || f == INSPECT_FAMILY_SHORTCUT || f == INSPECT_FAMILY_SETTINGS;
}

static enum inspect_type page_by_extension(struct slice extension)
{
	static const enum inspect_type rows[] = {FILE_html, FILE_svg, FILE_csv, FILE_json, FILE_calendar, FILE_vcard, FILE_mbox, FILE_xml};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (inspect_type_has_extension(rows[i], extension))
			return rows[i];
	return FILE_unknown;
}

/* ---- by the content ---- */

struct front_row {
	enum inspect_type type;
	const char *text;
};

static bool starts(struct slice s, const char *text)
{
	return slice_starts_nocase(s, slice_str(text));
}

static enum inspect_type by_rows(struct slice s, const struct front_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (starts(s, rows[i].text))
			return rows[i].type;
	return FILE_unknown;
}

/* Behind blanks and comments. */
static struct slice without_comments(struct slice s)
{
	for (;;) {
		s = slice_trim(s);
		ptrdiff_t end = starts(s, "<!--") ? slice_search(s, SLICE("-->")) : starts(s, "<?") ? slice_search(s, SLICE("?>")) : -1;
		if (end < 0)
			return s;
		s = slice_from(s, (size_t)end + (starts(s, "<?") ? 2 : 3));
	}
}

/* The first element whatever its prefix, or what a document type names. */
static enum inspect_type by_root(struct slice s)
{
	static const struct front_row roots[] = {
		{FILE_html, "<html"}, {FILE_html, "<head"}, {FILE_html, "<body"}, {FILE_html, "<script"}, {FILE_html, "<iframe"},
		{FILE_html, "<meta"}, {FILE_html, "<title"}, {FILE_html, "<style"}, {FILE_html, "<div"}, {FILE_html, "<table"},
		{FILE_html, "<form"}, {FILE_html, "<a "}, {FILE_html, "<!doctype html"}, {FILE_html, "<h1"}, {FILE_html, "<p>"},
		{FILE_html, "<br"}, {FILE_html, "<center"}, {FILE_html, "<img"}, {FILE_svg, "<svg"}, {FILE_svg, "<!doctype svg"},
		{FILE_wsf, "<job"}, {FILE_wsf, "<package>"}, {FILE_wsf, "<scriptlet"}, {FILE_wsf, "<component"}, {FILE_hta, "<hta:application"},
		{FILE_library, "<libraryDescription"}, {FILE_library, "<searchConnectorDescription"}, {FILE_library, "<persistedQuery"},
		{FILE_settingcontent, "<PCSettings"}, {FILE_msc, "<MMC_ConsoleFile"}, {FILE_jnlp, "<jnlp"}, {FILE_clickonce, "<asmv1:assembly"},
		{FILE_clickonce, "<assembly"}, {FILE_php, "<?php"},
	};
	return by_rows(s, roots, ARRAY_LEN(roots));
}

static enum inspect_type of_markup(struct slice front)
{
	struct slice s = without_comments(front);
	enum inspect_type t = by_root(s);
	if (t != FILE_unknown)
		return t;
	if (starts(s, "<!doctype plist") || starts(s, "<plist"))
		return slice_search(front, SLICE("PayloadType")) >= 0 ? FILE_mobileconfig : slice_search(front, SLICE("<key>URL</key>")) >= 0 ?
			FILE_webloc : FILE_xml;
	if (slice_search_nocase(front, SLICE("<svg")) >= 0 && (starts(s, "<!doctype") || starts(slice_trim(front), "<?xml")))
		return FILE_svg;
	if (slice_search_nocase(front, SLICE("<html")) >= 0)
		return FILE_html;
	return starts(slice_trim(front), "<?xml") || starts(s, "<!doctype") ? FILE_xml : FILE_unknown;
}

static enum inspect_type of_interpreter(struct slice s)
{
	static const struct { const char *word; enum inspect_type type; } rows[] = {
		{"python", FILE_python}, {"perl", FILE_perl}, {"ruby", FILE_ruby}, {"php", FILE_php}, {"node", FILE_javascript},
		{"osascript", FILE_applescript}, {"pwsh", FILE_powershell}, {"lua", FILE_lua}, {"sh", FILE_shell},
	};
	ptrdiff_t end = slice_find(s, '\n');
	struct slice line = slice_sub(s, 0, end < 0 ? 200 : (size_t)end);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_search(line, slice_str(rows[i].word)) >= 0)
			return rows[i].type;
	return FILE_interpreted;
}

/* "Name: value" lines of which one is a message's. */
static bool is_message(struct slice s)
{
	static const char *const fields[] = {"received:", "return-path:", "mime-version:", "message-id:", "from:", "delivered-to:",
		"dkim-signature:", "x-"};
	bool first = false, more = false;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		first = first || starts(s, fields[i]);
	for (size_t i = 0; i < 7 && first; i++) {
		char line[40] = "\n";
		memcpy(line + 1, fields[i], strlen(fields[i]) + 1);
		more = more || slice_search_nocase(s, slice_str(line)) >= 0;
	}
	return first && more;
}

static enum inspect_type of_plain(struct slice s)
{
	static const struct front_row rows[] = {
		{FILE_calendar, "BEGIN:VCALENDAR"}, {FILE_vcard, "BEGIN:VCARD"}, {FILE_openpgp, "-----BEGIN PGP"},
		{FILE_pkcs7, "-----BEGIN PKCS7"}, {FILE_pem, "-----BEGIN "}, {FILE_url, "[InternetShortcut"}, {FILE_url, "[{000214A0"},
		{FILE_scf, "[Shell]"}, {FILE_desktop, "[Desktop Entry]"}, {FILE_theme, "[Theme]"}, {FILE_registry, "Windows Registry Editor"},
		{FILE_registry, "REGEDIT4"}, {FILE_web_query, "ID;P"}, {FILE_web_query, "WEB\r\n1"}, {FILE_web_query, "WEB\n1"},
		{FILE_batch, "@echo off"}, {FILE_uuencode, "begin 6"}, {FILE_uuencode, "begin 7"}, {FILE_mbox, "From "},
	};
	enum inspect_type t = by_rows(s, rows, ARRAY_LEN(rows));
	if (t != FILE_unknown)
		return t;
	if (starts(s, "#!"))
		return of_interpreter(s);
	return is_message(s) ? FILE_message : FILE_unknown;
}

static bool is_mhtml(struct slice s)
{
	return slice_search_nocase(s, SLICE("multipart/related")) >= 0 && slice_search_nocase(s, SLICE("mime-version:")) >= 0;
}

static enum inspect_type by_media(struct slice media)
{
	static const enum inspect_type rows[] = {FILE_html, FILE_svg, FILE_calendar, FILE_vcard, FILE_javascript, FILE_csv, FILE_json, FILE_xml};
	for (size_t i = 0; i < ARRAY_LEN(rows) && !slice_eq_nocase(media, SLICE("text/plain")); i++)
		if (inspect_type_has_media(rows[i], media))
			return rows[i];
	return FILE_unknown;
}

static enum inspect_type by_content(struct slice front, struct slice media, struct slice extension)
{
	struct slice s = slice_trim(front);
	enum inspect_type t = s.n > 0 && s.p[0] == '<' ? of_markup(front) : of_plain(s);
	if ((t == FILE_message || t == FILE_unknown) && is_mhtml(front) && !slice_eq_nocase(extension, SLICE("eml")))
		return FILE_mhtml;
	return t != FILE_unknown ? t : by_media(media);
}

enum inspect_type type_of_text(struct slice content, struct slice media, struct slice name)
{
	struct slice extension = name_extension(name);
	struct buf room = BUF_INIT(FRONT);
	struct slice front = slice_sub(text_plain(slice_sub(content, 0, FRONT), &room), 0, FRONT);
	enum inspect_type t = by_extension(extension), seen = by_content(front, media, extension);
	/* A body without a name is shown as what its header says. */
	bool shown = extension.n == 0 && slice_eq_nocase(media, SLICE("text/plain"));
	/* "begin 644 x" is what uudecode reads whatever the name; the rest of the inert ones is only shown. */
	if ((shown || is_inert(extension)) && seen != FILE_uuencode && seen != FILE_pem && seen != FILE_openpgp)
		t = slice_eq_nocase(media, SLICE("text/html")) && seen == FILE_html ? FILE_html : FILE_text;
	else if (t == FILE_unknown || !may_be_text(t) || (t == FILE_web_query && seen == FILE_html))
		t = page_by_extension(extension);
	else
		seen = FILE_unknown;
	if (t != FILE_text && t != FILE_html && t != FILE_svg && seen != FILE_unknown)
		t = seen;
	buf_free(&room);
	return t != FILE_unknown ? t : FILE_text;
}
