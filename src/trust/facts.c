#include "trust/facts.h"

#include <string.h>

#include "base/error.h"

#define LABEL_MAX 63
#define KEY_MAX (FACTS_NAME_MAX + 2)

static const struct dns_answer wanted_answer = {.status = DNS_WANTED}, failed_answer = {.status = DNS_FAILED}, no_name = {.status = DNS_NXDOMAIN};

void facts_init(struct facts *f, struct arena *arena, int64_t now_s)
{
	*f = (struct facts){.arena = arena, .now_s = now_s, .answers = MAP_INIT};
	f->wanted = arena_alloc_array(arena, FACTS_QUESTIONS_MAX, sizeof *f->wanted);
}

void facts_free(struct facts *f)
{
	map_free(&f->answers);
}

/* Not a name: taken as it is. */
static bool make_plain_key(struct slice text, uint16_t type, uint8_t key[KEY_MAX], struct slice *ret)
{
	if (text.n == 0 || text.n > FACTS_NAME_MAX - 2)
		return false;
	key[0] = (uint8_t)(type >> 8);
	key[1] = (uint8_t)type;
	memcpy(key + 2, text.p, text.n);
	*ret = slice_make(key, text.n + 2);
	return true;
}

/* Type and name in lower case; false when no query can carry it. */
static bool make_key(struct slice name, uint16_t type, uint8_t key[KEY_MAX], struct slice *ret)
{
	size_t label = 0;
	if (type == FACT_MEMORY || type == FACT_PERSON || type == FACT_SCAN || type == FACT_REVIEWER || type == FACT_REDIRECT || type == FACT_CONVERTED)
		return make_plain_key(name, type, key, ret);
	if (name.n > 0 && name.p[name.n - 1] == '.')
		name.n--;
	if (name.n == 0 || name.n > FACTS_NAME_MAX - 2 || name.p[name.n - 1] == '.')
		return false;
	key[0] = (uint8_t)(type >> 8);
	key[1] = (uint8_t)type;
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];
		label = c == '.' ? 0 : label + 1;
		if (label > LABEL_MAX || c == 0 || (c == '.' && (i == 0 || name.p[i - 1] == '.')))
			return false;
		key[i + 2] = ascii_lower(c);
	}
	*ret = slice_make(key, name.n + 2);
	return true;
}

static bool is_wanted(const struct facts *f, struct slice key)
{
	for (size_t i = 0; i < f->wanted_count; i++)
		if (slice_eq(f->wanted[i].name, slice_from(key, 2)) && f->wanted[i].type == (key.p[0] << 8 | key.p[1]))
			return true;
	return false;
}

const struct dns_answer *facts_dns(struct facts *f, struct slice name, uint16_t type)
{
	uint8_t room[KEY_MAX];
	struct slice key;
	if (!make_key(name, type, room, &key))
		return &no_name;
	const struct dns_answer *known = map_get(&f->answers, key);
	if (known != NULL)
		return known;
	if (is_wanted(f, key))
		return &wanted_answer;
	if (f->asked_count >= FACTS_QUESTIONS_MAX)
		return &failed_answer;
	f->asked_count++;
	f->wanted[f->wanted_count++] = (struct dns_question){.name = arena_dup(f->arena, slice_from(key, 2)), .type = type};
	return &wanted_answer;
}

enum dns_status facts_memory(struct facts *f, struct slice key, struct slice *ret_value)
{
	const struct dns_answer *a = facts_dns(f, key, FACT_MEMORY);
	struct slice records = a->records;
	*ret_value = SLICE_NONE;
	if (a->status == DNS_NXDOMAIN)
		return DNS_NODATA;
	return a->status == DNS_FOUND && !dns_record_next(&records, ret_value) ? DNS_NODATA : a->status;
}

void facts_answer(struct facts *f, struct slice name, uint16_t type, const struct dns_answer *answer)
{
	uint8_t room[KEY_MAX];
	struct slice key;
	if (!make_key(name, type, room, &key) || map_get(&f->answers, key) != NULL || f->answers.count >= FACTS_QUESTIONS_MAX)
		return;
	struct dns_answer *copy = ARENA_NEW(f->arena, struct dns_answer);
	*copy = failed_answer;
	size_t *used = type == FACT_CONVERTED ? &f->documents : &f->bytes;
	if (answer->records.n <= (type == FACT_CONVERTED ? FACTS_DOCUMENTS_BYTES : FACTS_ANSWERS_BYTES) - *used) {
		*copy = *answer;
		copy->records = arena_dup(f->arena, answer->records);
		*used += answer->records.n;
	}
	map_put(&f->answers, key, copy);
}

void facts_give_up(struct facts *f)
{
	for (size_t i = 0; i < f->wanted_count; i++)
		facts_answer(f, f->wanted[i].name, f->wanted[i].type, &failed_answer);
	f->wanted_count = 0;
}

void facts_rerun(struct facts *f)
{
	f->wanted_count = 0;
	f->asked_count = f->answers.count;
}

bool dns_record_next(struct slice *records, struct slice *ret_rdata)
{
	return records->n > 0 && slice_get_bytes(records, ret_rdata);
}

bool dns_txt_join(struct arena *arena, struct slice rdata, struct slice *ret_text)
{
	size_t total = 0;
	uint8_t n;
	struct slice rest = rdata;
	while (rest.n > 0) {
		slice_get_u8(&rest, &n);
		if (n > rest.n)
			return false;
		total += n;
		rest = slice_from(rest, n);
	}
	if (rdata.n > 0 && rdata.p[0] == rdata.n - 1) {
		*ret_text = slice_from(rdata, 1);
		return true;
	}
	uint8_t *text = arena_alloc(arena, total + 1), *to = text;
	while (slice_get_u8(&rdata, &n)) {
		slice_get_fixed(&rdata, to, n);
		to += n;
	}
	*ret_text = slice_make(text, total);
	return true;
}

static void append_label(struct buf *out, struct slice label)
{
	for (size_t i = 0; i < label.n; i++) {
		uint8_t c = label.p[i];
		if (c > 0x20 && c < 0x7f && c != '.' && c != '\\')
			buf_append_byte(out, c);
		else
			buf_printf(out, "\\%03u", c);
	}
}

bool dns_name_read(struct arena *arena, struct slice *rdata, struct slice *ret_name)
{
	struct buf out = BUF_INIT(FACTS_NAME_MAX * 4);
	uint8_t n = 0;
	bool ok;
	while ((ok = slice_get_u8(rdata, &n)) && n > 0) {
		if (n > LABEL_MAX || n > rdata->n)
			break;
		if (buf_len(&out) > 0)
			buf_append_byte(&out, '.');
		append_label(&out, slice_sub(*rdata, 0, n));
		*rdata = slice_from(*rdata, n);
	}
	ok = ok && n == 0 && !out.failed;
	if (ok)
		*ret_name = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return ok;
}

const char *dns_status_name(enum dns_status status)
{
	static const char *const names[] = {
		[DNS_WANTED] = "wanted", [DNS_FOUND] = "found", [DNS_NODATA] = "nodata", [DNS_NXDOMAIN] = "nxdomain", [DNS_FAILED] = "failed",
		[DNS_BOGUS] = "bogus",
	};
	return names[status];
}

/* ---- between processes: question = name, type; answer = question, status, secure, ttl, records ---- */

void facts_encode_question(const struct dns_question *q, struct buf *out)
{
	buf_put_bytes(out, q->name);
	buf_put_u16(out, q->type);
}

void facts_encode_questions(const struct facts *f, struct buf *out)
{
	for (size_t i = 0; i < f->wanted_count; i++)
		facts_encode_question(&f->wanted[i], out);
}

bool facts_question_next(struct slice *list, struct dns_question *ret)
{
	return slice_get_bytes(list, &ret->name) && slice_get_u16(list, &ret->type);
}

void facts_encode_answer(const struct dns_question *question, const struct dns_answer *answer, struct buf *out)
{
	facts_encode_question(question, out);
	buf_put_u8(out, (uint8_t)answer->status);
	buf_put_u8(out, answer->secure);
	buf_put_u32(out, answer->ttl);
	buf_put_bytes(out, answer->records);
}

int facts_decode_answers(struct facts *f, struct slice list)
{
	while (list.n > 0) {
		struct dns_question q;
		struct dns_answer a = {0};
		uint8_t status, secure;
		if (!facts_question_next(&list, &q) || !slice_get_u8(&list, &status) || !slice_get_u8(&list, &secure) ||
		    !slice_get_u32(&list, &a.ttl) || !slice_get_bytes(&list, &a.records) || status == DNS_WANTED || status > DNS_BOGUS)
			return ERR_INVALID;
		a.status = (enum dns_status)status;
		a.secure = secure != 0;
		facts_answer(f, q.name, q.type, &a);
	}
	return 0;
}
