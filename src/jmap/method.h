/*
 * How a method is written. A method is one function of the table jmap/methods.h, in a file of its own:
 *
 *   enum jmap_step jmap_thing_get(struct jmap_call *call)
 *
 * It is called with checked envelope and resolved result references (call->args is an object of its own that may be changed), and says whether it is done,
 * wants to be called again (when what it wrote has gone out; also after some milliseconds of work), or waits for somebody (then it is called again
 * after jmap_call_resume). call->state is its own, from call->arena; what must be given back is given back in call->forget, which is called
 * exactly once when the call ends, however it ends.
 *
 * An answer: jmap_answer_begin, members with emit_… into jmap_out(call), jmap_answer_end. A method may give several answers (RFC 8620 3.4). An error:
 * return jmap_error(call, "invalidArguments", "…"), at any time before JMAP_AGAIN was returned within an answer: what was begun is taken back.
 * A method without answer gets serverFail.
 *
 * Long lists: while (jmap_room(call)) { …emit one… }; return JMAP_AGAIN when the list is not at its end. A call that a later one refers to always has
 * room, up to JMAP_ANSWER_MAX.
 */
#ifndef JMAP_METHOD_H
#define JMAP_METHOD_H

#include "jmap/emit.h"
#include "jmap/jmap.h"

enum jmap_step { JMAP_DONE, JMAP_AGAIN, JMAP_WAIT };

struct jmap_call {
	struct jmap *jmap;
	struct jmap_request *request;
	struct slice method;          /* "Mailbox/get" */
	struct slice id;              /* the client's */
	json_t *args;                 /* an object */
	struct arena arena;
	void *state;                  /* of the method; NULL at first */
	void *helper;                 /* of jmap_set_run; a method leaves it alone */
	void (*forget)(struct jmap_call *call); /* of the method; may be NULL */
};

#define JMAP_METHOD(name, capability, function) enum jmap_step function(struct jmap_call *call);
#include "jmap/methods.h"
#undef JMAP_METHOD

/* ---- answers ---- */

struct emit *jmap_out(struct jmap_call *call);
/* ["name", { ; name NULL: that of the method. */
void jmap_answer_begin(struct jmap_call *call, const char *name);
void jmap_answer_end(struct jmap_call *call);
/* ["error", {"type": type, "description": …}, id]; always JMAP_DONE. description NULL: none. */
enum jmap_step jmap_error(struct jmap_call *call, const char *type, const char *description);
/* The error that fits a code of mailbox.h: serverFail, accountReadOnly, serverUnavailable, … */
enum jmap_step jmap_error_code(struct jmap_call *call, int code);
bool jmap_room(const struct jmap_call *call);
/* JMAP_WAIT is over. From the host; never from inside the method. The client may be gone: then the call just ends. */
void jmap_call_resume(struct jmap_call *call);
struct account *jmap_mail(const struct jmap_call *call);
int64_t jmap_now(const struct jmap_call *call);

/* ---- arguments ---- */

/*
 * Checks accountId (required; accountNotFound) and that every argument is one of `names` (ends with NULL; accountId need not stand there). False: the
 * error is given, return JMAP_DONE.
 */
bool jmap_args_check(struct jmap_call *call, const char *const *names);
/* The names alone: for methods that have to do with two accounts. */
bool jmap_args_known(struct jmap_call *call, const char *const *names);
/*
 * Arguments by name. Absent and null are the default. False: of another type or out of range; invalidArguments is given, return JMAP_DONE.
 */
bool jmap_arg_bool(struct jmap_call *call, const char *name, bool *ret);
bool jmap_arg_unsigned(struct jmap_call *call, const char *name, uint64_t max, uint64_t *ret);
bool jmap_arg_int(struct jmap_call *call, const char *name, int64_t *ret);
bool jmap_arg_text(struct jmap_call *call, const char *name, struct slice *ret);    /* borrowed */
bool jmap_arg_object(struct jmap_call *call, const char *name, json_t **ret);       /* borrowed */
bool jmap_arg_texts(struct jmap_call *call, const char *name, json_t **ret);        /* an array of texts; NULL: absent */

/* At least as many values as the JSON has, by its signs; whether it is JSON nobody looks. */
size_t jmap_values_count(struct slice json);
struct slice jmap_text(const json_t *value); /* borrowed; empty for anything but a text */
json_t *jmap_member(const json_t *object, struct slice name);

/* ---- creation ids (RFC 8620 3.3, 5.3) ---- */

/* "#k1" becomes the id that was created under k1; other texts stay. False: no such creation id. */
bool jmap_id_resolve(const struct jmap_call *call, struct slice text, struct slice *ret);
void jmap_id_created(struct jmap_call *call, struct slice creation_id, struct slice id);

/* ---- states ---- */

/* Those of the type, in the call's arena. False: serverFail is given. */
bool jmap_state_of(struct jmap_call *call, enum jmap_type type, struct slice *ret);

/* ---- /get (RFC 8620 5.1) ---- */

struct jmap_get {
	bool all;             /* ids is null: give every object (requestTooLarge above JMAP_GET_MAX) */
	json_t *ids;          /* without doubles; NULL when all */
	size_t at;            /* of jmap_get_next */
	uint64_t wanted;      /* bit i: property names[i] */
	json_t *others;       /* wanted properties that are not in names[] but that `other` takes; an array or NULL */
	json_t *missing;      /* not found */
};
/*
 * names[count]: the properties, "id" first, which is always wanted; other: takes further names (NULL: none). all: which bits are wanted when `properties`
 * is absent. more: further arguments of the method, ends with NULL, or NULL. False: the error is given.
 */
bool jmap_get_args(struct jmap_call *call, const char *const *names, size_t count, uint64_t all, bool (*other)(struct slice name),
                   const char *const *more, struct jmap_get *ret);
/* ["Foo/get", {"accountId", "state", "list": [ ; object by object follows: emit_object, …, emit_object_end. */
void jmap_get_begin(struct jmap_call *call, struct slice state);
/* The next of `ids` as text. */
bool jmap_get_next(struct jmap_get *get, struct slice *ret);
void jmap_get_missing(struct jmap_call *call, struct jmap_get *get, struct slice id);
static inline bool jmap_wants(const struct jmap_get *get, unsigned property)
{
	return (get->wanted >> property & 1) != 0;
}
/* ], "notFound": […]}, id] */
void jmap_get_end(struct jmap_call *call, struct jmap_get *get);

/* ---- /changes (RFC 8620 5.2) ---- */

struct jmap_changes {
	struct slice since;   /* sinceState */
	uint64_t max;         /* maxChanges; UINT64_MAX: absent */
	struct slice state;   /* newState */
	bool more;            /* hasMoreChanges */
	json_t *created, *updated, *destroyed; /* arrays of ids, made by jmap_changes_args */
};
bool jmap_changes_args(struct jmap_call *call, const char *const *more, struct jmap_changes *ret);
/* The whole answer but its end: further members may follow, then jmap_answer_end. */
void jmap_changes_begin(struct jmap_call *call, const struct jmap_changes *changes);

/* ---- /query and /queryChanges (RFC 8620 5.5, 5.6) ---- */

#define JMAP_FILTER_DEPTH_MAX 20
#define JMAP_FILTER_MAX 1000          /* conditions */
#define JMAP_SORT_MAX 16

struct jmap_sort {
	const char *property;             /* of the names that were given */
	unsigned index;                   /* its number */
	bool descending;
	struct slice collation;
	json_t *comparator;               /* the whole: further members are the method's */
};
struct jmap_query {
	json_t *filter;                   /* an object or NULL; checked */
	struct jmap_sort sort[JMAP_SORT_MAX];
	size_t sort_count;
	int64_t position;
	struct slice anchor;              /* empty: none */
	int64_t anchor_offset;
	uint64_t limit;                   /* UINT64_MAX: absent */
	bool total;                       /* calculateTotal */
	/* of /queryChanges */
	struct slice since;               /* sinceQueryState */
	uint64_t max_changes;
	struct slice up_to;               /* upToId */
};
/* One condition: 0, or why not: "invalidArguments" (a type is wrong), "unsupportedFilter". */
typedef const char *jmap_condition_check_fn(struct jmap_call *call, const json_t *condition);
/* sorts: names of properties that can be sorted by, ends with NULL. False: the error is given (also unsupportedSort, unsupportedFilter). */
bool jmap_query_args(struct jmap_call *call, jmap_condition_check_fn *check, const char *const *sorts, const char *const *more, struct jmap_query *ret);
bool jmap_query_changes_args(struct jmap_call *call, jmap_condition_check_fn *check, const char *const *sorts, const char *const *more,
                             struct jmap_query *ret);
/* Does the filter (NULL: anything) hold, when fn says which conditions do? AND, OR, NOT of RFC 8620 5.5. */
typedef bool jmap_condition_fn(void *arg, const json_t *condition);
bool jmap_filter_holds(const json_t *filter, jmap_condition_fn *fn, void *arg);
/*
 * Which part [*ret_from, *ret_to) of a result of `count` ids is asked for. anchor_at: index of the anchor in it, or SIZE_MAX when it is not there.
 * False: anchorNotFound is given.
 */
bool jmap_query_window(struct jmap_call *call, const struct jmap_query *q, size_t count, size_t anchor_at, size_t *ret_from, size_t *ret_to);
/* ["Foo/query", {accountId, queryState, canCalculateChanges, position, "ids": [ ; the ids follow with emit_text or emit_id. */
void jmap_query_begin(struct jmap_call *call, struct slice state, bool can_calculate_changes, size_t position);
/* ], total (when asked for), limit (0: it was not cut) }, id] */
void jmap_query_end(struct jmap_call *call, const struct jmap_query *q, uint64_t total, uint64_t limit);

/* ---- /set (RFC 8620 5.3) ---- */

/* One object of a /set. */
struct jmap_set_item {
	struct slice key;         /* create: the creation id; else the id */
	json_t *object;           /* create: the object; update: the PatchObject; destroy: NULL */
	void *state;              /* of the operation, while it waits; NULL at first */
	/* What comes out, by these functions: */
	struct slice id;          /* create: that of the new object */
	const char *error;        /* NULL: it was done */
	struct slice description;
	json_t *properties;       /* of invalidProperties; owned by the runner */
	struct slice members;     /* further members of the SetError as JSON ("existingId": …); or of the object in created/updated; empty: none */
	unsigned kind;            /* of the runner */
	bool over;
};
enum jmap_step jmap_set_error(struct jmap_set_item *item, const char *type, struct slice description); /* always JMAP_DONE */
/* invalidProperties; may be called for several. */
enum jmap_step jmap_set_invalid(struct jmap_set_item *item, const char *property);
enum jmap_step jmap_set_error_code(struct jmap_set_item *item, int code);

struct jmap_set_ops {
	/*
	 * One object each. JMAP_DONE: done, or item->error says why not; JMAP_WAIT: called again after jmap_call_resume; JMAP_AGAIN: called again later, for
	 * `create` behind the other creations (it refers to one that is not there yet; when nothing else gets on it fails with invalidProperties).
	 * create sets item->id, and item->members for what the server set ("\"id\"" comes by itself). NULL: forbidden for every object.
	 */
	enum jmap_step (*create)(struct jmap_call *call, struct jmap_set_item *item);
	enum jmap_step (*update)(struct jmap_call *call, struct jmap_set_item *item);
	enum jmap_step (*destroy)(struct jmap_call *call, struct jmap_set_item *item);
	/* Before the first and behind the last; may be NULL. finish may give further answers. False: the error is given. */
	bool (*begin)(struct jmap_call *call);
	/* Behind the last object, before the answer and its newState; may wait, and is called again then. May be NULL. */
	enum jmap_step (*settle)(struct jmap_call *call);
	enum jmap_step (*finish)(struct jmap_call *call);
	/* Appends the state (oldState, newState). 0 or negative. NULL: the type has none. */
	int (*state)(struct jmap_call *call, struct buf *out);
	const char *const *more;  /* further arguments, ends with NULL; or NULL */
	/* Updates and destructions only change mail and never wait: many of them become one transaction (mailbox.h, begin). One may be tried again. */
	bool together;
};
/* The whole of a /set method: return jmap_set_run(call, &ops). call->state stays the method's. */
enum jmap_step jmap_set_run(struct jmap_call *call, const struct jmap_set_ops *ops);
/* How the item of that creation id or id came out, for `finish`; NULL: there is none. */
const struct jmap_set_item *jmap_set_created(const struct jmap_call *call, struct slice creation_id);
/* Nothing failed so far. */
bool jmap_set_all_done(const struct jmap_call *call);
const struct jmap_set_item *jmap_set_find(const struct jmap_call *call, struct slice id);
/* A copy of `object` with the PatchObject applied (RFC 8620 5.3); NULL: invalidPatch. The caller's. */
json_t *jmap_patch(const json_t *object, const json_t *patch);

#endif
