/*
 * What an attachment really is, and what in it can act. Pure: bytes in, a bounded list of findings out; no clock, no files, no network, and
 * nothing is ever run or fetched. Every format is read by hand, tolerantly (as the programs that open it do), within budgets that hold
 * however hostile the bytes are.
 *
 * A clean result says: "read to its end, nothing active seen", never "harmless". What was not read says so (gaps): the caller's policy
 * decides whether that holds a letter (fail closed) or lets it pass.
 */
#ifndef INSPECT_INSPECT_H
#define INSPECT_INSPECT_H

#include "base/arena.h"
#include "base/slice.h"

#define INSPECT_DETAIL_MAX 160      /* bytes of a detail; longer ones are cut */
#define INSPECT_PATH_MAX 400        /* bytes of a path; longer ones lose their middle */
#define INSPECT_FINDINGS_MAX 200    /* in the list of one report; the counts go on */
#define INSPECT_NAME_MAX 1024       /* bytes of a name that are looked at */
#define INSPECT_DEPTH_HARD_MAX 32   /* depth_max is never above this */

/* ---- what there is to find ---- */

enum inspect_what {
#define FINDING(name, class, severity, gap) FOUND_##name,
#include "inspect/findings.h"
#undef FINDING
	FOUND_COUNT
};

/* How a single finding is to be taken when no policy says otherwise. */
enum inspect_severity {
	INSPECT_NOTE,      /* ordinary documents have it: for the record and for rules of the organisation */
	INSPECT_DOUBTFUL,  /* honest senders do it now and then */
	INSPECT_DANGEROUS, /* has no place in mail from outside */
	INSPECT_SEVERITY_COUNT
};

/* What a policy speaks about: "hold what has macros". */
enum inspect_class {
	INSPECT_CLASS_NAME,     /* deceives by its name */
	INSPECT_CLASS_TYPE,     /* is not what it says */
	INSPECT_CLASS_PROGRAM,  /* runs when it is opened */
	INSPECT_CLASS_ARCHIVE,  /* tricks of archives */
	INSPECT_CLASS_MACRO,    /* code in a document */
	INSPECT_CLASS_REMOTE,   /* reaches elsewhere by itself, or leads there */
	INSPECT_CLASS_EMBEDDED, /* a file or object inside a document */
	INSPECT_CLASS_SCRIPT,   /* scripts and forms of pages and PDF */
	INSPECT_CLASS_OPAQUE,   /* could not be looked into */
	INSPECT_CLASS_COUNT
};

/* Why something was not looked into: bits, together in inspect_report.gaps. */
enum inspect_gap {
	INSPECT_GAP_NONE = 0,
	INSPECT_GAP_ENCRYPTED = 1,
	INSPECT_GAP_DAMAGED = 2,
	INSPECT_GAP_BUDGET = 4,
	INSPECT_GAP_UNSUPPORTED = 8, /* a format or method that is known but not opened here */
	INSPECT_GAP_UNKNOWN = 16,    /* no type that is known here, and no text */
};
#define INSPECT_GAP_BITS 5

struct inspect_finding {
	enum inspect_what what;
	unsigned depth;       /* containers around it; 0: the part itself */
	uint32_t count;       /* the same finding at the same path counts up; the detail is that of the first */
	struct slice detail;  /* printable ASCII, may be empty. Words of the content: somebody else's, never to be believed */
	struct slice path;    /* "a.zip/b.docx/word/vbaProject.bin": UTF-8 of printable characters only; empty: the part itself, without a name */
};

/* ---- types ---- */

enum inspect_type {
#define TYPE(name, family, label, extensions, media) FILE_##name,
#include "inspect/types.h"
#undef TYPE
	FILE_TYPE_COUNT
};

enum inspect_family {
	INSPECT_FAMILY_UNKNOWN,
	INSPECT_FAMILY_TEXT,
	INSPECT_FAMILY_DOCUMENT,
	INSPECT_FAMILY_IMAGE,
	INSPECT_FAMILY_MEDIA,     /* sound, film, fonts */
	INSPECT_FAMILY_DATA,      /* databases, signatures, keys */
	INSPECT_FAMILY_PAGE,      /* HTML, SVG */
	INSPECT_FAMILY_MESSAGE,   /* mail, TNEF */
	INSPECT_FAMILY_ARCHIVE,
	INSPECT_FAMILY_DISK,      /* images of disks */
	INSPECT_FAMILY_PROGRAM,
	INSPECT_FAMILY_SCRIPT,
	INSPECT_FAMILY_SHORTCUT,
	INSPECT_FAMILY_SETTINGS,
	INSPECT_FAMILY_COUNT
};

/* ---- budgets ---- */

/* All hold for one inspect_budget: for a whole message when the caller uses one for all its parts. */
struct inspect_limits {
	uint64_t unpacked_max; /* bytes that are unpacked or decoded, of all layers together; so it bounds the memory as well */
	uint64_t member_max;   /* bytes of one member or stream; what is longer is looked at up to there and told (over_budget) */
	uint32_t entries_max;  /* members of archives, streams, objects: all that is listed */
	uint32_t depth_max;    /* containers in containers */
	uint32_t ratio_max;    /* unpacked to packed bytes of one member above 1 MiB, and of all members of one archive above 16 MiB */
	uint64_t steps_max;    /* work: about one for each byte that is looked at, 64 for each thing that is followed. 10^9 are a few seconds */
};
#define INSPECT_LIMITS_DEFAULT \
	((struct inspect_limits){.unpacked_max = 256 * 1024 * 1024, .member_max = 64 * 1024 * 1024, .entries_max = 10000, .depth_max = 8, \
		.ratio_max = 250, .steps_max = 2000000000})

/* What is used up; zero-initialise with the limits set (inspect_budget_init). Nothing in it points anywhere. */
struct inspect_budget {
	struct inspect_limits limits;
	uint64_t unpacked, steps;
	uint32_t entries;
};
void inspect_budget_init(struct inspect_budget *b, const struct inspect_limits *limits);

/* ---- what lies deeper ---- */

enum inspect_piece_kind {
	INSPECT_PIECE_MEMBER,   /* a file in an archive or disk image */
	INSPECT_PIECE_EMBEDDED, /* a file or object in a document */
	INSPECT_PIECE_CODE,     /* source of macros or scripts, as text */
	INSPECT_PIECE_MESSAGE,  /* a message in an archive: not parsed here; the caller parses it, and inspects its parts with depth + 1 */
};

struct inspect_piece {
	enum inspect_piece_kind kind;
	enum inspect_type type;
	struct slice content;  /* unpacked; at most member_max bytes; gone when the callback returns */
	struct slice name;     /* its own, UTF-8 (an archive's name that is none is read as GB 18030); may hold anything that UTF-8 can */
	struct slice path;     /* as in a finding */
	unsigned depth;        /* 1: directly in the part */
	bool scan;             /* worth a virus scanner of its own: a program, script, macro source, or object out of a document. A scanner that
	                          unpacks archives by itself needs only these; one that does not needs all pieces */
};
/*
 * Called for each piece in the order it is found, the outer before the inner. False: no more pieces are wanted (the inspection itself goes
 * on). May call inspect_content with the same budget and another report (for messages).
 */
typedef bool inspect_piece_fn(void *context, const struct inspect_piece *piece);

/* ---- inspecting ---- */

struct inspect_input {
	struct slice content; /* of the part, transfer encoding taken off */
	struct slice media;   /* declared media type without parameters ("application/pdf"), any case; empty: none */
	struct slice name;    /* file name as decoded from the header, UTF-8; empty: none */
	struct slice path;    /* of what is around it, for findings; empty: none */
	unsigned depth;       /* containers around it; 0 for a part of the message */
};

struct inspect_report {
	enum inspect_type type;       /* what it truly is */
	unsigned gaps;                /* bits of enum inspect_gap; 0: all was looked into */
	enum inspect_severity worst;  /* of all findings; INSPECT_NOTE when there is none */
	uint32_t counts[FOUND_COUNT]; /* of each finding, also of those that found no room in the list */
	struct inspect_finding *findings; /* in the arena; dangerous ones displace notes when the list is full */
	size_t finding_count;
	bool truncated;               /* there were more than INSPECT_FINDINGS_MAX */
};

/*
 * Inspects one part with all that is in it. Never fails; an empty part is FILE_empty without findings about its content. `piece` may be
 * NULL. Strings of the report lie in `arena`, at most about 400 KB for a report; nothing points into the content. Memory beside that is
 * freed on return, and at most twice what the budget had left to unpack.
 */
void inspect_content(const struct inspect_input *in, struct inspect_budget *budget, inspect_piece_fn *piece, void *context,
	struct arena *arena, struct inspect_report *ret);
/*
 * The true type alone, by signature, structure and (for text) content; `name` breaks ties between kinds of text. Looks at both ends only.
 */
enum inspect_type inspect_type_of(struct slice content, struct slice name);

/* ---- tables ---- */

const char *inspect_what_name(enum inspect_what what);               /* "macros_autorun" */
bool inspect_what_find(struct slice name, enum inspect_what *ret);
enum inspect_class inspect_what_class(enum inspect_what what);
enum inspect_severity inspect_what_severity(enum inspect_what what);
enum inspect_gap inspect_what_gap(enum inspect_what what);
const char *inspect_class_name(enum inspect_class c);                /* "macro" */
bool inspect_class_find(struct slice name, enum inspect_class *ret);
const char *inspect_severity_name(enum inspect_severity s);          /* "note", "doubtful", "dangerous" */
const char *inspect_gap_name(enum inspect_gap one);                  /* "encrypted"; of one bit */
const char *inspect_type_name(enum inspect_type t);                  /* "docx" */
const char *inspect_type_label(enum inspect_type t);                 /* "Word document" */
bool inspect_type_find(struct slice name, enum inspect_type *ret);
enum inspect_family inspect_type_family(enum inspect_type t);
const char *inspect_family_name(enum inspect_family f);              /* "document" */
/* The usual media type, "application/octet-stream" when there is none. */
struct slice inspect_type_media(enum inspect_type t);
/* May a file of this type have this extension (without dot, any case) or media type? False for extensions and types that no row names. */
bool inspect_type_has_extension(enum inspect_type t, struct slice extension);
bool inspect_type_has_media(enum inspect_type t, struct slice media);
/* Does any row name it? */
bool inspect_extension_known(struct slice extension);

#endif
