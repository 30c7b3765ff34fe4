/* What an OLE file is the dress of: by the class of its root and the names of its streams. */
#include "base/ensure.h"
#include "inspect/ole.h"
#include "inspect/thing.h"

static enum inspect_type by_names(const struct ole *o)
{
	static const struct { struct slice name; enum inspect_type type; } rows[] = {
		{SLICE_INIT("EncryptedPackage"), FILE_ole_encrypted}, {SLICE_INIT("WordDocument"), FILE_doc}, {SLICE_INIT("Workbook"), FILE_xls},
		{SLICE_INIT("Book"), FILE_xls}, {SLICE_INIT("PowerPoint Document"), FILE_ppt}, {SLICE_INIT("PP97_DUALSTORAGE"), FILE_ppt},
		{SLICE_INIT("__properties_version1.0"), FILE_outlook}, {SLICE_INIT("VisioDocument"), FILE_visio}, {SLICE_INIT("Quill"), FILE_publisher},
		{SLICE_INIT("Props14"), FILE_project}, {SLICE_INIT("Props12"), FILE_project}, {SLICE_INIT("Props9"), FILE_project},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (ole_find(o, 0, rows[i].name) != NULL)
			return rows[i].type;
	return FILE_ole;
}

enum inspect_type type_of_ole(struct slice content)
{
	/* {000C1082, 84, 86-0000-0000-C000-000000000046}: transform, package, patch. */
	static const struct slice tail = SLICE_INIT("\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0\x46");
	struct ole o;
	enum inspect_type t = FILE_ole;
	if (ole_open(content, &o)) {
		struct slice id = o.entries[0].clsid;
		bool installer = id.n == 16 && slice_eq(slice_from(id, 1), tail) && (id.p[0] == 0x82 || id.p[0] == 0x84 || id.p[0] == 0x86);
		t = installer ? FILE_msi : by_names(&o);
	}
	ole_close(&o);
	return t;
}
