/* The true type of bytes. */
#include "base/ensure.h"
#include "inspect/bytes.h"
#include "inspect/name.h"
#include "inspect/text.h"
#include "inspect/thing.h"

#define PDF_FRONT 1024     /* "%PDF-" may begin so late (ISO 32000-1, implementation note 13) */
#define BMP_HEADER_MIN 12
#define BMP_HEADER_MAX 124
#define CLASS_VERSION_MIN 45
#define DMG_TRAILER 512
#define VHD_TRAILER 512
#define TAR_BLOCK 512

struct signature {
	enum inspect_type type;
	uint32_t offset;
	struct slice bytes;
};
static const struct signature signatures[] = {
#define SIGNATURE(type, offset, bytes) {FILE_##type, offset, SLICE_INIT(bytes)},
#include "inspect/signatures.h"
#undef SIGNATURE
};

/* ---- types that need more than a signature ---- */

static enum inspect_type program_of_dos(struct slice s)
{
	uint32_t at = le32_at(s, 0x3c);
	if (!slice_starts(s, SLICE("MZ")) && !slice_starts(s, SLICE("ZM")))
		return FILE_unknown;
	if (bytes_are(s, at, SLICE("PE\0\0")))
		return FILE_pe;
	if (bytes_are(s, at, SLICE("NE")) || bytes_are(s, at, SLICE("LE")) || bytes_are(s, at, SLICE("LX")))
		return FILE_dos;
	/* Two letters are little; a header has as many 16 byte paragraphs as stand here, and lies within the file. */
	uint16_t paragraphs = le16_at(s, 8), blocks = le16_at(s, 4);
	return paragraphs >= 2 && paragraphs < 0x1000 && blocks > 0 ? FILE_dos : FILE_unknown;
}

/* The sum of a header in ASCII octal, its own field taken as blanks: tells a tar without "ustar". */
static bool is_old_tar(struct slice s)
{
	uint32_t sum = 0, wanted = 0;
	size_t digits = 0;
	if (s.n < TAR_BLOCK || s.p[0] == 0)
		return false;
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += i >= 148 && i < 156 ? ' ' : s.p[i];
	for (size_t i = 148; i < 156; i++)
		if (s.p[i] >= '0' && s.p[i] <= '7') {
			wanted = wanted * 8 + (uint32_t)(s.p[i] - '0');
			digits++;
		}
	return digits >= 4 && sum == wanted;
}

static bool is_bmp(struct slice s)
{
	uint32_t header = le32_at(s, 14);
	return slice_starts(s, SLICE("BM")) && header >= BMP_HEADER_MIN && header <= BMP_HEADER_MAX && le32_at(s, 10) >= 14 + header;
}

static bool is_pkcs12_or_certificate(struct slice s)
{
	/* A SEQUENCE with a length of two bytes that fits. */
	if (!slice_starts(s, SLICE("\x30\x82")))
		return false;
	size_t whole = 4 + (size_t)be16_at(s, 2);
	return whole <= s.n && s.n - whole < 16 && (byte_at(s, 4) == 0x30 || byte_at(s, 4) == 0x02);
}

static bool is_der_pkcs7(struct slice s)
{
	static const struct slice oid = SLICE_INIT("\6\x09\x2a\x86\x48\x86\xf7\x0d\1\7");
	return byte_at(s, 0) == 0x30 && slice_search(slice_sub(s, 0, 24), oid) >= 2;
}

/* Old OpenPGP: public or secret key, encrypted session key, signature packets with a length that makes sense. */
static bool is_openpgp(struct slice s)
{
	uint8_t tag = byte_at(s, 0), version = byte_at(s, 3);
	bool known = tag == 0x99 || tag == 0x95 || tag == 0x85 || tag == 0x84 || tag == 0x89 || tag == 0x88;
	return known && s.n > 20 && (version >= 2 && version <= 6) && be16_at(s, 1) < s.n;
}

static enum inspect_type refine(enum inspect_type t, struct slice s)
{
	/* Universal binaries of Apple and Java classes share four bytes; the next number is a count of machines or a version. */
	if (t == FILE_java_class && be32_at(s, 4) < CLASS_VERSION_MIN - 1)
		return FILE_macho;
	if (t == FILE_webp || t == FILE_wav || t == FILE_avi)
		return slice_starts(s, SLICE("RIFF")) ? t : FILE_unknown;
	if (t == FILE_flash)
		return byte_at(s, 3) > 0 && byte_at(s, 3) < 64 ? t : FILE_unknown;
	if (t == FILE_lha)
		return byte_at(s, 6) == '-' ? t : FILE_unknown;
	if (t == FILE_bzip2)
		return byte_at(s, 3) >= '1' && byte_at(s, 3) <= '9' && byte_at(s, 4) == 0x31 ? t : FILE_unknown;
	if (t == FILE_ico)
		return le16_at(s, 4) > 0 && le16_at(s, 4) < 1000 && byte_at(s, 9) == 0 ? t : FILE_unknown;
	if (t == FILE_arj)
		return le16_at(s, 2) > 0 && le16_at(s, 2) <= 2600 ? t : FILE_unknown;
	return t;
}

static enum inspect_type by_rows(struct slice s)
{
	for (size_t i = 0; i < ARRAY_LEN(signatures); i++)
		if (bytes_are(s, signatures[i].offset, signatures[i].bytes)) {
			enum inspect_type t = refine(signatures[i].type, s);
			if (t != FILE_unknown)
				return t;
		}
	return FILE_unknown;
}

static enum inspect_type by_end(struct slice s)
{
	if (s.n >= DMG_TRAILER && bytes_are(s, s.n - DMG_TRAILER, SLICE("koly")))
		return FILE_dmg;
	if (s.n >= VHD_TRAILER && bytes_are(s, s.n - VHD_TRAILER, SLICE("conectix")))
		return FILE_vhd;
	return FILE_unknown;
}

/* A boot sector with the parameters of FAT or NTFS, or a table of partitions. */
static bool is_disk(struct slice s)
{
	if (s.n < 8192 || !bytes_are(s, 510, SLICE("\x55\xaa")))
		return false;
	bool jumps = byte_at(s, 0) == 0xeb || byte_at(s, 0) == 0xe9;
	return (jumps && (le16_at(s, 11) == 512 || le16_at(s, 11) == 4096)) || bytes_are(s, 512, SLICE("EFI PART")) || byte_at(s, 0x1c2) != 0;
}

enum inspect_type type_by_signature(struct slice s)
{
	enum inspect_type t = program_of_dos(s);
	if (t == FILE_unknown)
		t = by_rows(s);
	if (t == FILE_unknown && slice_search(slice_sub(s, 0, PDF_FRONT), SLICE("%PDF-")) >= 0)
		t = FILE_pdf;
	if (t == FILE_unknown && is_bmp(s))
		t = FILE_bmp;
	if (t == FILE_unknown && is_old_tar(s))
		t = FILE_tar;
	if (t == FILE_unknown && is_der_pkcs7(s))
		t = FILE_pkcs7;
	if (t == FILE_unknown && is_pkcs12_or_certificate(s))
		t = FILE_certificate;
	if (t == FILE_unknown)
		t = by_end(s);
	if (t == FILE_unknown && is_disk(s))
		t = FILE_disk;
	return t == FILE_unknown && is_openpgp(s) ? FILE_openpgp : t;
}

static enum inspect_type type_of(struct slice content, struct slice media, struct slice name)
{
	enum inspect_type t = type_by_signature(content);
	if (content.n == 0)
		return FILE_empty;
	if (t == FILE_zip)
		return type_of_zip(content, name);
	if (t == FILE_ole)
		return type_of_ole(content);
	if (t == FILE_gzip && slice_eq_nocase(name_extension(name), SLICE("svgz")))
		return FILE_svgz;
	if (t == FILE_cab && inspect_type_has_extension(FILE_diagcab, name_extension(name)))
		return FILE_diagcab;
	if (t == FILE_unknown && text_form_of(content) != TEXT_NOT)
		return type_of_text(content, media, name);
	return t;
}

enum inspect_type inspect_type_of(struct slice content, struct slice name)
{
	return type_of(content, SLICE_NONE, name);
}

enum inspect_type thing_type(struct walk *w, struct slice content, struct slice media, struct slice name)
{
	return walk_steps(w, 8 * WALK_FOLLOW) ? type_of(content, media, name) : content.n == 0 ? FILE_empty : FILE_unknown;
}
