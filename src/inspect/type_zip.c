/* What a ZIP is the dress of: by the names in it and, for Office, the list of content types. */
#include "base/ensure.h"
#include "inspect/bytes.h"
#include "inspect/name.h"
#include "inspect/thing.h"
#include "inspect/zip.h"

#define NAMES_MAX 3000
#define TYPES_MAX (512 * 1024)
#define MIMETYPE_MAX 100

/* The main part as [Content_Types].xml names it (ECMA-376 part 1); longer strings stand in front of shorter ones. */
static enum inspect_type by_content_types(struct slice xml)
{
	static const struct { const char *text; enum inspect_type type; } rows[] = {
		{"ms-word.document.macroEnabled", FILE_docm}, {"ms-word.template.macroEnabled", FILE_docm},
		{"wordprocessingml.document.main", FILE_docx}, {"wordprocessingml.template.main", FILE_docx},
		{"ms-excel.sheet.macroEnabled", FILE_xlsm}, {"ms-excel.template.macroEnabled", FILE_xlsm},
		{"ms-excel.addin.macroEnabled", FILE_xlsm}, {"ms-excel.sheet.binary.macroEnabled", FILE_xlsb},
		{"spreadsheetml.sheet.main", FILE_xlsx}, {"spreadsheetml.template.main", FILE_xlsx},
		{"ms-powerpoint.presentation.macroEnabled", FILE_pptm}, {"ms-powerpoint.slideshow.macroEnabled", FILE_pptm},
		{"ms-powerpoint.template.macroEnabled", FILE_pptm}, {"ms-powerpoint.addin.macroEnabled", FILE_pptm},
		{"presentationml.presentation.main", FILE_pptx}, {"presentationml.slideshow.main", FILE_pptx},
		{"presentationml.template.main", FILE_pptx}, {"ms-visio.", FILE_vsdx}, {"fixeddocumentseq", FILE_xps},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_search_nocase(xml, slice_str(rows[i].text)) >= 0)
			return rows[i].type;
	return FILE_unknown;
}

static enum inspect_type by_folders(const struct zip *z)
{
	for (size_t i = 0; i < z->count; i++) {
		struct slice name = z->entries[i].name;
		if (slice_starts_nocase(name, SLICE("word/")))
			return FILE_docx;
		if (slice_starts_nocase(name, SLICE("xl/")))
			return FILE_xlsx;
		if (slice_starts_nocase(name, SLICE("ppt/")))
			return FILE_pptx;
	}
	return FILE_ooxml;
}

static enum inspect_type of_office(const struct zip *z, const struct zip_entry *types)
{
	struct buf xml = BUF_INIT(TYPES_MAX);
	zip_peek(z, types, &xml);
	enum inspect_type t = by_content_types(buf_slice(&xml));
	buf_free(&xml);
	return t != FILE_unknown ? t : by_folders(z);
}

static enum inspect_type by_mimetype(struct slice s)
{
	static const struct { const char *text; enum inspect_type type; } rows[] = {
		{"application/epub+zip", FILE_epub}, {"application/vnd.oasis.opendocument.text", FILE_odt},
		{"application/vnd.oasis.opendocument.spreadsheet", FILE_ods}, {"application/vnd.oasis.opendocument.presentation", FILE_odp},
		{"application/vnd.oasis.opendocument.", FILE_odf}, {"application/vnd.sun.xml.", FILE_odf},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_starts(s, slice_str(rows[i].text)))
			return rows[i].type;
	return FILE_unknown;
}

static enum inspect_type of_mimetype(const struct zip *z)
{
	const struct zip_entry *e = zip_find(z, SLICE("mimetype"), false);
	struct buf text = BUF_INIT(MIMETYPE_MAX);
	enum inspect_type t = FILE_unknown;
	if (e != NULL) {
		zip_peek(z, e, &text);
		t = by_mimetype(buf_slice(&text));
	}
	buf_free(&text);
	return t;
}

static bool is_class(struct slice name)
{
	return slice_ends_nocase(name, SLICE(".class"));
}

static enum inspect_type by_names(const struct zip *z)
{
	static const struct { const char *name; enum inspect_type type; } rows[] = {
		{"AndroidManifest.xml", FILE_apk}, {"BundleConfig.pb", FILE_apk}, {"AppxManifest.xml", FILE_msix},
		{"AppxMetadata/AppxBundleManifest.xml", FILE_msix}, {"OFD.xml", FILE_ofd}, {"Index/Document.iwa", FILE_iwork},
		{"Index.zip", FILE_iwork}, {"content.xml", FILE_odf},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (zip_find(z, slice_str(rows[i].name), true) != NULL)
			return rows[i].type;
	bool manifest = zip_find(z, SLICE("META-INF/MANIFEST.MF"), true) != NULL;
	for (size_t i = 0; i < z->count; i++) {
		struct slice name = z->entries[i].name;
		if (manifest && is_class(name))
			return FILE_jar;
		if (slice_starts(name, SLICE("Payload/")) && slice_search(name, SLICE(".app/")) > 0)
			return FILE_ipa;
	}
	return FILE_zip;
}

enum inspect_type type_of_zip(struct slice content, struct slice name)
{
	struct zip z;
	enum inspect_type t = FILE_zip;
	struct slice extension = name_extension(name);
	if (zip_open(content, NAMES_MAX, &z)) {
		const struct zip_entry *types = zip_find(&z, SLICE("[Content_Types].xml"), true);
		t = of_mimetype(&z);
		if (t == FILE_unknown)
			t = by_names(&z);
		if ((t == FILE_zip || t == FILE_odf) && types != NULL)
			t = of_office(&z, types);
		/* Java opens what is called so, whatever is in it. */
		if (t == FILE_zip && slice_eq_nocase(extension, SLICE("jar")))
			t = FILE_jar;
	}
	zip_close(&z);
	return t;
}
