/*
 * The address book of the organisation: departments and their order, what each person's card says, and what a person who is signed in sees of it
 * (auth/book.h).
 */
#include <string.h>

#include "auth/admin_book.h"
#include "auth/admin_job.h"
#include "auth/book.h"
#include "auth/book_cursor.h"
#include "base/name_words.h"
#include "base/codec.h"

#define DEPARTMENTS_PAGE 500
#define PLACE_MAX 1000000

/* ---- departments, for who looks after accounts ---- */

static int read_path(struct admin_job *job, const char *name, struct slice *ret)
{
	struct slice text;
	int rc = job_name(job, name, &text);
	if (rc != 0)
		return rc;
	*ret = book_path(text, &job->arena);
	/* What is not in its normal form has more levels than there may be, or empty ones. */
	return slice_eq(*ret, text) && text.n > 0 ? 0
	     : job_refuse(job, ADMIN_INVALID, "invalid", "A department is its levels with \"/\" between them, at most %d.", BOOK_LEVELS_MAX);
}

static json_t *viewers_json(struct slice viewers)
{
	json_t *out = json_array();
	struct slice one;
	while (viewers.n > 0 && slice_split(&viewers, '\n', &one))
		if (one.n > 0)
			json_array_append_new(out, job_json(one));
	return out;
}

/* A page of departments in `list`, those that `view` (NULL: all) shows. */
static int list_departments(struct admin_job *job, const struct book_view *view)
{
	struct book_department *list = arena_alloc_array(&job->arena, DEPARTMENTS_PAGE + 1, sizeof *list);
	int count = directory_book_department_list(job_directory(job), job_text(job, "after"), &job->arena, list, DEPARTMENTS_PAGE + 1);
	if (count < 0)
		return job_refuse_error(job, count, "department");
	json_t *out = json_array();
	for (int i = 0; i < count && i < DEPARTMENTS_PAGE; i++) {
		if (view != NULL && !book_sees_department(view, list[i].path))
			continue;
		json_t *o = json_pack("{s:o, s:I}", "department", job_json(list[i].path), "place", (json_int_t)list[i].place);
		if (view == NULL) {
			json_object_set_new(o, "sees", json_string(book_sees_name(list[i].sees)));
			json_object_set_new(o, "viewers", viewers_json(list[i].viewers));
		}
		json_array_append_new(out, o);
	}
	job_set(job, "departments", out);
	job_set(job, "more", json_boolean(count > DEPARTMENTS_PAGE));
	if (count > DEPARTMENTS_PAGE)
		job_set(job, "next", job_json(list[DEPARTMENTS_PAGE - 1].path));
	return 0;
}

static int department_list(struct admin_job *job)
{
	return list_departments(job, NULL);
}

static int read_place(struct admin_job *job, int64_t *place)
{
	const json_t *value = json_object_get(job->args, "place");
	if (value == NULL)
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > PLACE_MAX)
		return job_refuse(job, ADMIN_INVALID, "invalid", "A place is a number from 0 to %d.", PLACE_MAX);
	*place = json_integer_value(value);
	return 0;
}

static int read_viewers(struct admin_job *job, struct book_department *d)
{
	struct buf out = BUF_INIT(BOOK_VIEWERS_MAX);
	const json_t *list = json_object_get(job->args, "viewers"), *one;
	size_t i;
	int rc = 0;
	json_array_foreach(list, i, one) {
		struct slice text = slice_trim(slice_make(json_string_value(one), json_string_length(one)));
		if (text.n == 0 || text.n > DIRECTORY_NAME_MAX || !slice_eq(book_path(text, &job->arena), text) || slice_find(text, '\n') >= 0)
			rc = job_refuse(job, ADMIN_INVALID, "invalid", "Viewers are departments: levels with \"/\" between them.");
		buf_append(&out, text);
		buf_append(&out, SLICE("\n"));
	}
	if (rc == 0 && out.failed)
		rc = job_refuse(job, ADMIN_INVALID, "invalid", "There are too many viewers.");
	d->viewers = arena_dup(&job->arena, buf_slice(&out));
	buf_free(&out);
	return rc;
}

static int read_rule(struct admin_job *job, struct book_department *d)
{
	int rc = read_place(job, &d->place);
	if (rc == 0 && job_has(job, "sees") && !book_sees_parse(job_text(job, "sees"), &d->sees))
		rc = job_refuse(job, ADMIN_INVALID, "invalid", "Who sees a department: all, own, listed (with viewers) or none.");
	if (rc == 0 && job_has(job, "viewers"))
		rc = read_viewers(job, d);
	if (rc == 0 && d->sees != BOOK_LISTED)
		d->viewers = SLICE_NONE;
	return rc;
}

static int set_in_change(struct admin_job *job, struct error *err)
{
	struct book_department d = {0};
	struct slice path;
	int rc = read_path(job, "department", &path);
	if (rc != 0)
		return rc;
	rc = directory_book_department_get(job_directory(job), path, &job->arena, &d);
	if (rc != 0 && rc != ERR_NOT_FOUND)
		return rc;
	d.path = path;
	rc = read_rule(job, &d);
	return rc == 0 ? directory_book_department_set(job_directory(job), &d, err) : rc;
}

static int record(struct admin_job *job, int rc, const char *what)
{
	if (rc == 0)
		job_event(job, EV_DEPARTMENT_CHANGED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("name", job_text(job, "department")), LOG_STR("what", what));
	return rc;
}

static int department_set(struct admin_job *job)
{
	return record(job, job_change(job, set_in_change), "set");
}

static int rename_in_change(struct admin_job *job, struct error *err)
{
	struct slice from, to;
	int rc = read_path(job, "department", &from);
	if (rc == 0)
		rc = read_path(job, "to", &to);
	if (rc == 0 && book_path_within(from, to))
		rc = job_refuse(job, ADMIN_INVALID, "invalid", "A department cannot move into itself.");
	return rc == 0 ? directory_book_department_rename(job_directory(job), from, to, err) : rc;
}

static int department_rename(struct admin_job *job)
{
	return record(job, job_change(job, rename_in_change), "renamed");
}

static int remove_in_change(struct admin_job *job, struct error *err)
{
	struct slice path;
	int rc = read_path(job, "department", &path);
	return rc == 0 ? directory_book_department_remove(job_directory(job), path, err) : rc;
}

static int department_remove(struct admin_job *job)
{
	return record(job, job_change(job, remove_in_change), "removed");
}

/* ---- cards, for who looks after accounts ---- */

int job_book_show(struct admin_job *job)
{
	struct book_person p = {0};
	int rc = directory_book_person_get(job_directory(job), job->account.id, &job->arena, &p);
	if (rc != 0 && rc != ERR_NOT_FOUND)
		return job_refuse_error(job, rc, "user");
	job_set(job, "position", job_json(p.position));
	job_set(job, "phone", job_json(p.phone));
	job_set(job, "mobile", job_json(p.mobile));
	job_set(job, "staff_number", job_json(p.staff_number));
	job_set(job, "reading", job_json(p.reading));
	job_set(job, "place", json_integer((json_int_t)p.place));
	job_set(job, "hidden", json_string(p.hidden ? "yes" : "no"));
	return 0;
}

static const char *const card_texts[] = {"position", "phone", "mobile", "staff_number", "reading"};

bool job_book_given(const struct admin_job *job)
{
	for (size_t i = 0; i < sizeof card_texts / sizeof card_texts[0]; i++)
		if (job_has(job, card_texts[i]))
			return true;
	return job_has(job, "place") || job_has(job, "hidden");
}

int job_book_check(struct admin_job *job)
{
	struct slice text;
	int64_t place = 0;
	int rc = read_place(job, &place);
	for (size_t i = 0; rc == 0 && i < sizeof card_texts / sizeof card_texts[0]; i++)
		rc = job_has(job, card_texts[i]) ? job_name(job, card_texts[i], &text) : 0;
	if (rc == 0 && job_has(job, "hidden") && !slice_eq(job_text(job, "hidden"), SLICE("yes")) && !slice_eq(job_text(job, "hidden"), SLICE("no")))
		rc = job_refuse(job, ADMIN_INVALID, "invalid", "Hidden is yes or no.");
	return rc;
}

int job_book_change(struct admin_job *job, struct error *err)
{
	struct book_person p;
	int rc = directory_book_person_get(job_directory(job), job->account.id, &job->arena, &p);
	struct slice *const texts[] = {&p.position, &p.phone, &p.mobile, &p.staff_number, &p.reading};
	if (rc != 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < sizeof texts / sizeof texts[0]; i++)
		rc = job_has(job, card_texts[i]) ? job_name(job, card_texts[i], texts[i]) : 0;
	if (rc == 0)
		rc = read_place(job, &p.place);
	if (job_has(job, "hidden"))
		p.hidden = slice_eq(job_text(job, "hidden"), SLICE("yes"));
	return rc == 0 ? directory_book_person_set(job_directory(job), &p, err) : rc;
}

/* ---- what a person sees ---- */

static int own_view(struct admin_job *job, struct book_view *ret)
{
	struct account viewer;
	int rc = directory_account_get(job_directory(job), job->subject.account, &job->arena, &viewer);
	return rc == 0 ? book_view_of(job_directory(job), &viewer, &job->arena, ret) : rc;
}

static int book_departments(struct admin_job *job)
{
	struct book_view view;
	int rc = own_view(job, &view);
	return rc == 0 ? list_departments(job, &view) : job_refuse_error(job, rc, "user");
}

static json_t *hex_json(struct slice bytes)
{
	struct buf out = BUF_INIT(2 * bytes.n + 1);
	hex_encode(bytes, &out);
	json_t *ret = job_json(buf_slice(&out));
	buf_free(&out);
	return ret;
}

/* By which the browser finds and ranks it without asking again: the words of the name alone. */
static json_t *index_json(struct admin_job *job, const struct book_person *p)
{
	struct name_texts names = {.name = p->name, .reading = p->reading};
	struct buf out = BUF_INIT(1000);
	struct name_words_found *words = ARENA_NEW(&job->arena, struct name_words_found);
	size_t named;
	name_words_of(&names, &job->arena, words, &named);
	for (size_t i = 0; i < named; i++) {
		if (i > 0)
			buf_append(&out, SLICE(" "));
		buf_append(&out, words->list[i]);
	}
	json_t *ret = job_json(out.failed ? SLICE_NONE : buf_slice(&out));
	buf_free(&out);
	return ret;
}

static json_t *person_json(struct admin_job *job, const struct book_person *p)
{
	json_t *o = json_object();
	json_object_set_new(o, "id", hex_json(slice_make(p->account, sizeof p->account)));
	json_object_set_new(o, "address", job_json(p->address));
	json_object_set_new(o, "name", job_json(p->name));
	json_object_set_new(o, "department", job_json(p->department));
	json_object_set_new(o, "position", job_json(p->position));
	json_object_set_new(o, "phone", job_json(p->phone));
	json_object_set_new(o, "mobile", job_json(p->mobile));
	json_object_set_new(o, "staff_number", job_json(p->staff_number));
	json_object_set_new(o, "index", index_json(job, p));
	return o;
}

static int read_after(struct admin_job *job, struct book_after *ret)
{
	struct slice text = job_text(job, "after");
	*ret = (struct book_after){0};
	if (text.n == 0 || book_cursor_open(job_directory(job), text, &job->arena, ret))
		return 0;
	return job_refuse(job, ADMIN_INVALID, "invalid", "\"after\" is \"next\" of the former page.");
}

static int read_limit(struct admin_job *job, size_t *ret)
{
	const json_t *limit = json_object_get(job->args, "limit");
	*ret = BOOK_PAGE_MAX;
	if (limit == NULL)
		return 0;
	if (!json_is_integer(limit) || json_integer_value(limit) < 1)
		return job_refuse(job, ADMIN_INVALID, "invalid", "A limit is a number from 1 on.");
	*ret = json_integer_value(limit) < BOOK_PAGE_MAX ? (size_t)json_integer_value(limit) : BOOK_PAGE_MAX;
	return 0;
}

static int book_people(struct admin_job *job)
{
	struct book_person *list = arena_alloc_array(&job->arena, BOOK_PAGE_MAX, sizeof *list);
	struct book_view view;
	struct book_after after;
	size_t max;
	int rc = read_limit(job, &max), count;
	if (rc != 0 || (rc = read_after(job, &after)) != 0)
		return rc;
	if ((rc = own_view(job, &view)) != 0)
		return job_refuse_error(job, rc, "user");
	count = book_list(job_directory(job), &view, book_path(job_text(job, "department"), &job->arena), slice_trim(job_text(job, "text")), &after, &job->arena,
		list, max);
	if (count < 0)
		return job_refuse_error(job, count, "person");
	json_t *out = json_array();
	for (int i = 0; i < count; i++)
		json_array_append_new(out, person_json(job, &list[i]));
	job_set(job, "people", out);
	job_set(job, "more", json_boolean(after.given));
	if (after.given)
		job_set(job, "next", job_json(book_cursor_seal(job_directory(job), &after, &job->arena)));
	return 0;
}

/* Whom id or mail names. */
static int named_account(struct admin_job *job, uint8_t ret[16])
{
	struct buf bytes = BUF_INIT(16);
	struct address a;
	struct directory_address found;
	int rc = ERR_NOT_FOUND;
	if (job_has(job, "id") && hex_decode(job_text(job, "id"), &bytes) == 0 && buf_len(&bytes) == 16) {
		memcpy(ret, buf_slice(&bytes).p, 16);
		rc = 0;
	} else if (job_has(job, "mail") && address_parse(job_text(job, "mail"), &job->arena, &a) == 0
	           && directory_address_get(job_directory(job), a.local, a.domain, &job->arena, &found) == 0 && found.kind == ADDRESS_ACCOUNT) {
		memcpy(ret, found.account, 16);
		rc = 0;
	}
	buf_free(&bytes);
	return rc;
}

static int book_person(struct admin_job *job)
{
	struct book_view view;
	struct book_person p;
	uint8_t account[16];
	int rc = own_view(job, &view);
	if (rc == 0)
		rc = named_account(job, account);
	if (rc == 0)
		rc = book_get(job_directory(job), &view, account, &job->arena, &p);
	if (rc != 0)
		return job_refuse_error(job, rc, "person");
	json_decref(job->result);
	job->result = person_json(job, &p);
	return 0;
}

const struct admin_operation_row admin_book_rows[] = {
	{"department.list", OBJECT_NAMED, NULL, department_list},
	{"department.set", OBJECT_NAMED, NULL, department_set},
	{"department.rename", OBJECT_NAMED, NULL, department_rename},
	{"department.remove", OBJECT_NAMED, NULL, department_remove},
	{"book.departments", OBJECT_NAMED, NULL, book_departments},
	{"book.people", OBJECT_NAMED, NULL, book_people},
	{"book.person", OBJECT_NAMED, NULL, book_person},
	{0},
};
