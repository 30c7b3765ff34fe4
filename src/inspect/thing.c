/* One thing: its name, what it says it is against what it is, what its type means, and the format that looks deeper. */
#include "inspect/thing.h"

#include "base/ensure.h"
#include "inspect/bytes.h"
#include "inspect/name.h"
#include "inspect/text.h"

#define ZIP_END_SIZE 22
#define ZIP_COMMENT_MAX 65535

/* ---- formats ---- */

static const struct { enum inspect_type type; inspect_format_fn *inspect; } formats[] = {
	{FILE_zip, inspect_zip}, {FILE_epub, inspect_zip}, {FILE_ofd, inspect_zip}, {FILE_iwork, inspect_zip}, {FILE_docx, inspect_ooxml},
	{FILE_docm, inspect_ooxml}, {FILE_xlsx, inspect_ooxml}, {FILE_xlsm, inspect_ooxml}, {FILE_xlsb, inspect_ooxml},
	{FILE_pptx, inspect_ooxml}, {FILE_pptm, inspect_ooxml}, {FILE_vsdx, inspect_ooxml}, {FILE_xps, inspect_ooxml},
	{FILE_ooxml, inspect_ooxml}, {FILE_odt, inspect_odf}, {FILE_ods, inspect_odf}, {FILE_odp, inspect_odf}, {FILE_odf, inspect_odf},
	{FILE_ole, inspect_ole}, {FILE_doc, inspect_ole}, {FILE_xls, inspect_ole}, {FILE_ppt, inspect_ole}, {FILE_visio, inspect_ole},
	{FILE_publisher, inspect_ole}, {FILE_project, inspect_ole}, {FILE_outlook, inspect_ole}, {FILE_ole_encrypted, inspect_ole},
	{FILE_gzip, inspect_gzip}, {FILE_svgz, inspect_gzip}, {FILE_tar, inspect_tar}, {FILE_cpio, inspect_cpio}, {FILE_ar, inspect_ar},
	{FILE_rar, inspect_rar}, {FILE_sevenzip, inspect_sevenzip}, {FILE_cab, inspect_cab}, {FILE_iso, inspect_iso},
	{FILE_disk, inspect_disk}, {FILE_vhd, inspect_disk}, {FILE_csv, inspect_table}, {FILE_uuencode, inspect_uuencode},
	{FILE_pdf, inspect_pdf}, {FILE_rtf, inspect_rtf}, {FILE_onenote, inspect_onenote}, {FILE_tnef, inspect_tnef},
	{FILE_html, inspect_html}, {FILE_hta, inspect_html}, {FILE_svg, inspect_svg}, {FILE_mhtml, inspect_mhtml}, {FILE_xml, inspect_xml},
	{FILE_calendar, inspect_calendar}, {FILE_lnk, inspect_lnk}, {FILE_url, inspect_shortcut_text}, {FILE_webloc, inspect_shortcut_text},
	{FILE_desktop, inspect_shortcut_text}, {FILE_scf, inspect_shortcut_text}, {FILE_library, inspect_shortcut_text},
	{FILE_settingcontent, inspect_shortcut_text}, {FILE_theme, inspect_shortcut_text}, {FILE_inf, inspect_settings},
	{FILE_web_query, inspect_settings},
};

static inspect_format_fn *format_of(enum inspect_type type)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (formats[i].type == type)
			return formats[i].inspect;
	return NULL;
}

/* ---- what an extension means ---- */

unsigned extension_families(struct slice extension)
{
	unsigned families = 0;
	for (unsigned t = 0; t < FILE_TYPE_COUNT; t++)
		if (inspect_type_has_extension((enum inspect_type)t, extension))
			families |= 1u << inspect_type_family((enum inspect_type)t);
	return families;
}

/* ---- what a type means ---- */

/* A part of a document has a name that nobody opens it by. */
static bool in_document(const struct walk *w)
{
	return w->depth > 0 && inspect_type_family(w->levels[w->depth - 1].type) == INSPECT_FAMILY_DOCUMENT;
}

static bool in_archive(const struct walk *w)
{
	if (w->depth == 0)
		return w->base_depth > 0;
	enum inspect_family f = inspect_type_family(w->levels[w->depth - 1].type);
	return f == INSPECT_FAMILY_ARCHIVE || f == INSPECT_FAMILY_DISK;
}

static bool is_one_of(enum inspect_type type, const enum inspect_type *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i] == type)
			return true;
	return false;
}

static enum inspect_what program_finding(const struct walk *w, enum inspect_type type)
{
	static const enum inspect_type installers[] = {FILE_msi, FILE_msix, FILE_deb, FILE_rpm, FILE_apk, FILE_ipa, FILE_jnlp, FILE_clickonce};
	if (is_one_of(type, installers, ARRAY_LEN(installers)))
		return FOUND_installer;
	if (type == FILE_chm || type == FILE_hlp)
		return FOUND_help_file;
	return in_archive(w) ? FOUND_program_in_archive : FOUND_program;
}

static enum inspect_what script_finding(const struct walk *w, enum inspect_type type, struct slice extension)
{
	static const enum inspect_type quiet[] = {FILE_shell, FILE_interpreted, FILE_python, FILE_perl, FILE_ruby, FILE_php, FILE_lua};
	bool opened = slice_eq_nocase(extension, SLICE("command")) || slice_eq_nocase(extension, SLICE("tool"));
	if (!opened && is_one_of(type, quiet, ARRAY_LEN(quiet)))
		return FOUND_source_code;
	return in_archive(w) ? FOUND_script_in_archive : FOUND_script;
}

static void find_by_family(struct walk *w, enum inspect_type type, struct slice extension)
{
	const char *name = inspect_type_name(type);
	switch (inspect_type_family(type)) {
	case INSPECT_FAMILY_PROGRAM:
		walk_find_str(w, program_finding(w, type), name);
		break;
	case INSPECT_FAMILY_SCRIPT:
		walk_find_str(w, script_finding(w, type, extension), name);
		break;
	case INSPECT_FAMILY_SETTINGS:
		walk_find_str(w, FOUND_settings_file, name);
		break;
	case INSPECT_FAMILY_DISK:
		walk_find_str(w, FOUND_disk_image, name);
		break;
	case INSPECT_FAMILY_ARCHIVE:
	case INSPECT_FAMILY_MESSAGE:
	case INSPECT_FAMILY_UNKNOWN:
	case INSPECT_FAMILY_TEXT:
	case INSPECT_FAMILY_DOCUMENT:
	case INSPECT_FAMILY_IMAGE:
	case INSPECT_FAMILY_MEDIA:
	case INSPECT_FAMILY_DATA:
	case INSPECT_FAMILY_PAGE:
	case INSPECT_FAMILY_SHORTCUT:
	case INSPECT_FAMILY_COUNT:
		break;
	}
}

/* What nothing here opens. */
static void find_unread(struct walk *w, enum inspect_type type)
{
	enum inspect_family f = inspect_type_family(type);
	if (f == INSPECT_FAMILY_ARCHIVE || f == INSPECT_FAMILY_DISK || type == FILE_pst)
		walk_find_str(w, FOUND_archive_unread, inspect_type_name(type));
	if (type == FILE_unknown)
		walk_find(w, FOUND_type_unknown, SLICE_NONE);
}

/* RFC 8551 3.3: enveloped data; a signature alone hides nothing. */
static bool is_enveloped(struct slice s)
{
	static const struct slice oids[] = {SLICE_INIT("\x2a\x86\x48\x86\xf7\x0d\1\7\3"), SLICE_INIT("\x2a\x86\x48\x86\xf7\x0d\1\x09\x10\1\x17"),
		SLICE_INIT("\x2a\x81\x1c\xcf\x55\6\1\4\2\3")};
	for (size_t i = 0; i < ARRAY_LEN(oids); i++)
		if (slice_search(slice_sub(s, 0, 40), oids[i]) >= 0)
			return true;
	return false;
}

static void find_sealed(struct walk *w, enum inspect_type type, struct slice content)
{
	struct slice front = slice_trim(slice_sub(content, 0, 200));
	if (type == FILE_pkcs7 && is_enveloped(content))
		walk_find_str(w, FOUND_message_encrypted, "S/MIME");
	/* A session key packet in front, or armour that says so. */
	bool binary = byte_at(content, 0) == 0x84 || byte_at(content, 0) == 0x85 || byte_at(content, 0) == 0xc1;
	if (type == FILE_openpgp && (binary || slice_starts(front, SLICE("-----BEGIN PGP MESSAGE"))))
		walk_find_str(w, FOUND_message_encrypted, "OpenPGP");
}

/* ---- what it says against what it is ---- */

static bool is_alike(enum inspect_type type, struct slice extension, unsigned families)
{
	bool text = inspect_type_family(type) == INSPECT_FAMILY_TEXT && (families & FAMILY_BIT(TEXT)) != 0;
	return text || inspect_type_has_extension(type, extension);
}

/* A disguise of what acts: pages are exported as .doc and .xls by many programs, which then run no scripts of them. */
static bool is_disguise(enum inspect_type type, struct slice extension, unsigned families)
{
	unsigned own = 1u << inspect_type_family(type), shown = FAMILY_BIT(IMAGE) | FAMILY_BIT(MEDIA);
	if ((own & FAMILY_BIT(PAGE)) != 0)
		return (families & shown) != 0 || slice_eq_nocase(extension, SLICE("pdf"));
	if ((own & FAMILY_BIT(ARCHIVE)) != 0)
		return (families & shown) != 0;
	return (own & (RUN_FAMILIES | FAMILY_BIT(DISK))) != 0;
}

/* Extensions that say as good as nothing. */
static bool is_vague(struct slice extension)
{
	static const struct slice rows[] = {SLICE_INIT("dat"), SLICE_INIT("bin"), SLICE_INIT("db"), SLICE_INIT("raw"), SLICE_INIT("out"),
		SLICE_INIT("key"), SLICE_INIT("map"), SLICE_INIT("dic"), SLICE_INIT("o"), SLICE_INIT("a"), SLICE_INIT("r"), SLICE_INIT("z")};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_eq_nocase(extension, rows[i]))
			return true;
	return false;
}

static void check_extension(struct walk *w, enum inspect_type type, struct slice extension)
{
	unsigned families = extension_families(extension), own = 1u << inspect_type_family(type);
	if (families == 0 || is_vague(extension) || is_alike(type, extension, families))
		return;
	if (in_document(w) && (families & RUN_FAMILIES) != families)
		return;
	if (families_run(families)) {
		walk_find(w, FOUND_program_extension, extension);
		return;
	}
	/* Sound, film and raw data are known too little to say what they are not. */
	if (type == FILE_unknown && (families & (FAMILY_BIT(DOCUMENT) | FAMILY_BIT(IMAGE) | FAMILY_BIT(ARCHIVE))) == 0)
		return;
	enum inspect_what what = is_disguise(type, extension, families) ? FOUND_type_disguised : FOUND_type_mismatch;
	if ((own & (FAMILY_BIT(IMAGE) | FAMILY_BIT(MEDIA)) & families) != 0)
		what = FOUND_type_declared;
	walk_findf(w, what, "%.*s: %s", SLICE_ARG(extension), inspect_type_name(type));
}

static void check_media(struct walk *w, enum inspect_type type, struct slice media)
{
	bool known = false, text = inspect_type_family(type) == INSPECT_FAMILY_TEXT && slice_starts_nocase(media, SLICE("text/"));
	media = slice_sub(media, 0, 100);
	for (unsigned t = 0; t < FILE_TYPE_COUNT && !known; t++)
		known = inspect_type_has_media((enum inspect_type)t, media);
	if (known && !text && !slice_eq_nocase(media, SLICE("application/octet-stream")) && !inspect_type_has_media(type, media))
		walk_findf(w, FOUND_type_declared, "%.*s: %s", SLICE_ARG(media), inspect_type_name(type));
}

/* ---- two things in one ---- */

static bool ends_as_zip(struct slice s)
{
	size_t lowest = s.n > ZIP_END_SIZE + ZIP_COMMENT_MAX ? s.n - ZIP_END_SIZE - ZIP_COMMENT_MAX : 0;
	for (size_t i = s.n >= ZIP_END_SIZE ? s.n - ZIP_END_SIZE + 1 : 0; i-- > lowest;)
		if (s.p[i] == 'P' && bytes_are(s, i, SLICE("PK\5\6")) && i + ZIP_END_SIZE + le16_at(s, i + 20) == s.n && le16_at(s, i + 10) > 0 &&
		    le32_at(s, i + 12) <= i && bytes_are(s, i - le32_at(s, i + 12), SLICE("PK\1\2")))
			return true;
	return false;
}

static void check_polyglot(struct walk *w, enum inspect_type type, struct slice content)
{
	const char *name = inspect_type_name(type);
	enum inspect_family f = inspect_type_family(type);
	bool plain = f == INSPECT_FAMILY_IMAGE || f == INSPECT_FAMILY_MEDIA || f == INSPECT_FAMILY_UNKNOWN || f == INSPECT_FAMILY_TEXT ||
		f == INSPECT_FAMILY_PAGE || f == INSPECT_FAMILY_SHORTCUT || type == FILE_pdf || type == FILE_rtf;
	struct slice front = slice_sub(content, 0, 1024);
	if (plain && type != FILE_pdf && slice_search(front, SLICE("%PDF-1")) >= 0 && slice_search(content, SLICE("endobj")) >= 0) {
		walk_findf(w, FOUND_type_polyglot, "%s, pdf", name);
		inspect_pdf(w, content);
	}
	if ((plain || type == FILE_pe) && walk_steps(w, content.n < ZIP_COMMENT_MAX ? content.n : ZIP_COMMENT_MAX) && ends_as_zip(content)) {
		walk_findf(w, FOUND_type_polyglot, "%s, zip", name);
		inspect_zip(w, content);
	}
	if (f == INSPECT_FAMILY_IMAGE && type != FILE_psd && walk_steps(w, content.n) &&
	    (slice_search(front, SLICE("<script")) >= 0 || slice_search(front, SLICE("<html")) >= 0))
		walk_findf(w, FOUND_type_polyglot, "%s, html", name);
}

/* ---- all of it ---- */

void thing_by_name(struct walk *w, struct slice name)
{
	struct slice extension = name_extension(name);
	unsigned families = extension_families(extension);
	if ((families & FAMILY_BIT(DISK)) != 0)
		walk_find(w, FOUND_disk_image, extension);
	if (!families_run(families))
		return;
	if ((families & FAMILY_BIT(SHORTCUT)) != 0)
		walk_find(w, FOUND_shortcut, extension);
	else if ((families & FAMILY_BIT(SETTINGS)) != 0)
		walk_find(w, FOUND_settings_file, extension);
	else
		walk_find(w, (families & FAMILY_BIT(SCRIPT)) != 0 ? FOUND_script_in_archive : FOUND_program_in_archive, extension);
}

void thing_inspect(struct walk *w, enum inspect_type type, struct slice content, struct slice media, struct slice name)
{
	struct slice extension = name_extension(name);
	struct walk_level *l = walk_level(w);
	l->type = type;
	l->extension = extension;
	if (name.n > 0)
		name_inspect(w, name);
	if (type == FILE_empty)
		return;
	find_by_family(w, type, extension);
	check_extension(w, type, extension);
	if (media.n > 0)
		check_media(w, type, media);
	find_sealed(w, type, content);
	check_polyglot(w, type, content);
	inspect_format_fn *inspect = format_of(type);
	if (inspect != NULL)
		inspect(w, content);
	else
		find_unread(w, type);
}

void inspect_budget_init(struct inspect_budget *b, const struct inspect_limits *limits)
{
	*b = (struct inspect_budget){.limits = *limits};
	if (b->limits.ratio_max == 0)
		b->limits.ratio_max = 1;
}

void inspect_content(const struct inspect_input *in, struct inspect_budget *budget, inspect_piece_fn *piece, void *context,
	struct arena *arena, struct inspect_report *ret)
{
	struct walk w = {.budget = budget, .report = ret, .arena = arena, .piece = piece, .context = context, .base_depth = in->depth,
		.path = BUF_INIT((INSPECT_DEPTH_HARD_MAX + 2) * 2 * INSPECT_NAME_MAX)};
	*ret = (struct inspect_report){.findings = arena_alloc_array(arena, INSPECT_FINDINGS_MAX, sizeof(struct inspect_finding))};
	w.levels[0] = (struct walk_level){.content = in->content};
	name_append_clean(&w.path, in->path);
	if (in->path.n > 0 && in->name.n > 0)
		buf_append_byte(&w.path, '/');
	name_append_clean(&w.path, in->name);
	ret->type = thing_type(&w, in->content, in->media, in->name);
	thing_inspect(&w, ret->type, in->content, in->media, in->name);
	buf_free(&w.path);
}
