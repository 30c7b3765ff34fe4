/* Emails, their blobs, parts and keywords. */
#include "jmap/mail.h"

#include <string.h>

#include "base/codec.h"
#include "base/list.h"
#include "base/memory.h"
#include "mime/encoded_word.h"
#include "mime/structure.h"

/* ---- emails ---- */

struct gathering {
	struct arena *arena;
	struct jmap_email *email;
	size_t room;
};

static int gather(void *arg, const struct mailbox_ref *m, const struct message_row *row)
{
	struct gathering *g = arg;
	struct jmap_email *e = g->email;

	if ((row->flags.system & FLAG_DELETED) != 0)
		return 0;
	if (e->row_count == g->room) {
		struct jmap_email_row *wider;

		g->room = g->room == 0 ? 4 : g->room * 2;
		wider = arena_alloc_array(g->arena, g->room, sizeof *wider);
		if (e->row_count > 0)
			memcpy(wider, e->rows, e->row_count * sizeof *wider);
		e->rows = wider;
	}
	if (e->row_count == 0) {
		memcpy(e->id, row->email_id, sizeof e->id);
		memcpy(e->thread_id, row->thread_id, sizeof e->thread_id);
		e->flags.system = FLAG_SEEN;
		e->received = row->internal_date;
		e->size = row->size;
	}
	e->rows[e->row_count++] = (struct jmap_email_row){*m, row->uid, row->modseq, row->flags};
	e->flags.keywords |= row->flags.keywords;
	e->flags.system = ((e->flags.system | row->flags.system) & ~(uint32_t)FLAG_SEEN) | (e->flags.system & row->flags.system & FLAG_SEEN);
	return 0;
}

int jmap_email_find(struct account *mail, const uint8_t id[16], struct arena *arena, struct jmap_email *ret)
{
	struct gathering g = {.arena = arena, .email = ret};
	int rc;

	*ret = (struct jmap_email){.row_count = 0};
	rc = mail->ops->email(mail, id, gather, &g, NULL);
	return rc < 0 ? rc : ret->row_count == 0 ? ERR_NOT_FOUND : 0;
}

int jmap_email_find_text(struct account *mail, struct slice id, struct arena *arena, struct jmap_email *ret)
{
	uint8_t bytes[16];

	return jmap_id_parse(id, 'M', bytes) ? jmap_email_find(mail, bytes, arena, ret) : ERR_NOT_FOUND;
}

void jmap_id_print(char letter, const uint8_t id[16], struct buf *out)
{
	buf_append_byte(out, (uint8_t)letter);
	hex_encode(slice_make(id, 16), out);
}

/* ---- blobs ---- */

void jmap_blob_print(const uint8_t email_id[16], unsigned part, struct buf *out)
{
	jmap_id_print('B', email_id, out);
	if (part > 0)
		buf_printf(out, "-%u", part);
}

bool jmap_blob_parse(struct slice text, uint8_t ret_email_id[16], unsigned *ret_part)
{
	uint32_t part = 0;

	if (text.n > 33 && (text.p[33] != '-' || text.n < 35 || text.p[34] == '0' || slice_to_u32(slice_from(text, 34), &part) < 0))
		return false;
	*ret_part = part;
	return jmap_id_parse(slice_sub(text, 0, 33), 'B', ret_email_id);
}

const struct mime_part *jmap_part_find(const struct mime_part *root, unsigned number)
{
	for (const struct mime_part *part = root; part != NULL; part = mime_part_next(part)) {
		if (--number == 0)
			return slice_eq(part->type, SLICE("multipart")) ? NULL : part;
	}
	return NULL;
}

unsigned jmap_part_number(const struct mime_part *part)
{
	const struct mime_part *root = part;
	unsigned number = 1;

	while (root->parent != NULL)
		root = root->parent;
	for (; root != part; root = mime_part_next(root))
		number++;
	return number;
}

struct slice jmap_part_type(const struct mime_part *part, struct arena *arena)
{
	return arena_printf(arena, "%.*s/%.*s", SLICE_ARG(part->type), SLICE_ARG(part->subtype));
}

static struct slice param_text(const struct mime_param *param, const char *name, struct arena *arena)
{
	for (; param != NULL; param = param->next) {
		if (slice_eq(param->name, slice_str(name)))
			return param->extended ? param->value : mime_words_decode_arena(param->value, arena);
	}
	return SLICE_NONE;
}

struct slice jmap_part_name(const struct mime_part *part, struct arena *arena)
{
	struct slice name = param_text(part->disposition_params, "filename", arena);

	return name.n > 0 ? name : param_text(part->params, "name", arena);
}

/* ---- keywords (RFC 8621 4.1.1) ---- */

static const struct { struct slice name; uint32_t flag; } system_keywords[] = {
	{SLICE_INIT("$seen"), FLAG_SEEN}, {SLICE_INIT("$answered"), FLAG_ANSWERED}, {SLICE_INIT("$flagged"), FLAG_FLAGGED},
	{SLICE_INIT("$draft"), FLAG_DRAFT},
};

static bool keyword_valid(struct slice name)
{
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] < 0x21 || name.p[i] > 0x7e || slice_find(SLICE("(){]%*\"\\"), name.p[i]) >= 0)
			return false;
	}
	return name.n > 0 && name.n <= 255 && !slice_eq_nocase(name, SLICE("$recent")) && !slice_eq_nocase(name, SLICE("$deleted"));
}

int jmap_keyword_bits(struct account *mail, struct slice name, bool create, struct flag_set *ret)
{
	unsigned index;
	int rc;

	*ret = (struct flag_set){0, 0};
	for (size_t i = 0; i < ARRAY_LEN(system_keywords); i++) {
		if (slice_eq_nocase(name, system_keywords[i].name)) {
			ret->system = system_keywords[i].flag;
			return 0;
		}
	}
	if (!keyword_valid(name))
		return ERR_INVALID;
	if (name.n > KEYWORD_NAME_MAX)
		return create ? ERR_LIMIT : ERR_NOT_FOUND;
	rc = mail->ops->keyword(mail, name, create, &index, NULL);
	if (rc == 0)
		ret->keywords = UINT64_C(1) << index;
	return rc;
}

void jmap_keywords_print(struct account *mail, struct flag_set flags, struct emit *e)
{
	emit_object(e);
	for (size_t i = 0; i < ARRAY_LEN(system_keywords); i++) {
		if ((flags.system & system_keywords[i].flag) != 0) {
			emit_key_text(e, system_keywords[i].name);
			emit_bool(e, true);
		}
	}
	for (unsigned i = 0; i < KEYWORD_COUNT_MAX; i++) {
		struct slice name = (flags.keywords >> i & 1) != 0 ? mail->ops->keyword_name(mail, i) : SLICE_NONE;
		char lower[KEYWORD_NAME_MAX];

		if (name.n == 0 || name.n > sizeof lower)
			continue;
		for (size_t k = 0; k < name.n; k++)
			lower[k] = (char)ascii_lower(name.p[k]);
		emit_key_text(e, slice_make(lower, name.n));
		emit_bool(e, true);
	}
	emit_object_end(e);
}
