/* CAPABILITY, NOOP, LOGOUT, ID, ENABLE, NAMESPACE, IDLE. */
#include "base/ensure.h"
#include "imap/session_internal.h"

void imap_capabilities(const struct imap_session *s, struct buf *out)
{
	buf_append_str(out,
		"CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE IDLE NAMESPACE UNSELECT UIDPLUS MOVE SPECIAL-USE CREATE-SPECIAL-USE "
		"CHILDREN LIST-EXTENDED LIST-STATUS STATUS=SIZE CONDSTORE QRESYNC ESEARCH SEARCHRES BINARY MULTIAPPEND SORT SORT=DISPLAY ESORT "
		"THREAD=ORDEREDSUBJECT THREAD=REFERENCES QUOTA QUOTA=RES-STORAGE OBJECTID UTF8=ACCEPT SAVEDATE WITHIN PREVIEW PARTIAL APPENDLIMIT=");
	buf_append_u64(out, s->settings.append_limit);
}

/* RFC 9051 6.1.1 */
enum imap_step imap_proceed_capability(struct imap_session *s)
{
	buf_append_str(s->out, "* ");
	imap_capabilities(s, s->out);
	buf_append_str(s->out, "\r\n");
	IMAP_OK(s, "Capabilities listed");
	return STEP_DONE;
}

enum imap_step imap_proceed_noop(struct imap_session *s)
{
	s->view.dirty = true; /* clients poll with it: do not wait for the notice */
	IMAP_OK(s, "Done");
	return STEP_DONE;
}

enum imap_step imap_proceed_logout(struct imap_session *s)
{
	imap_session_bye(s, "Goodbye", s->out);
	IMAP_OK(s, "Logged out");
	return STEP_DONE;
}

/* RFC 2971 3.1: (string nstring ...) or NIL, at most 30 pairs. */
bool imap_check_id(struct imap_session *s, struct imap_parser *p)
{
	if (!imap_parse_space(p))
		return false;
	if (s->callbacks.client_id != NULL)
		s->callbacks.client_id(s->owner, slice_sub(slice_trim(p->in), 0, 1024));
	return true;
}

enum imap_step imap_proceed_id(struct imap_session *s)
{
	buf_append_str(s->out, "* ID (\"name\" \"Letterlock\" \"version\" \"" LETTERLOCK_VERSION "\")\r\n");
	IMAP_OK(s, "Done");
	return STEP_DONE;
}

struct enable_args {
	unsigned bits;
};

static const struct {
	const char *name;
	unsigned bits, shown;
} features[] = {
	{"CONDSTORE", ENABLED_CONDSTORE, ENABLED_CONDSTORE},
	{"QRESYNC", ENABLED_QRESYNC | ENABLED_CONDSTORE, ENABLED_QRESYNC}, /* RFC 7162 3.2.3 */
	{"UTF8=ACCEPT", ENABLED_UTF8, ENABLED_UTF8},
	{"IMAP4rev2", ENABLED_REV2, ENABLED_REV2},
};

/* RFC 9051 6.3.1: unknown names are ignored. */
bool imap_check_enable(struct imap_session *s, struct imap_parser *p)
{
	struct enable_args *args = ARENA_NEW(p->arena, struct enable_args);
	struct slice name;

	s->cmd.args = args;
	do {
		if (!imap_parse_space(p) || !imap_parse_atom(p, &name))
			return false;
		for (size_t i = 0; i < ARRAY_LEN(features); i++) {
			if (slice_eq_nocase(name, slice_str(features[i].name)))
				args->bits |= 1u << i;
		}
	} while (!imap_at_end(p));
	return true;
}

enum imap_step imap_proceed_enable(struct imap_session *s)
{
	const struct enable_args *args = s->cmd.args;
	unsigned before = s->enabled;

	buf_append_str(s->out, "* ENABLED");
	for (size_t i = 0; i < ARRAY_LEN(features); i++) {
		if ((args->bits & 1u << i) == 0)
			continue;
		s->enabled |= features[i].bits;
		if ((before & features[i].shown) == 0) {
			buf_append_byte(s->out, ' ');
			buf_append_str(s->out, features[i].name);
		}
	}
	buf_append_str(s->out, "\r\n");
	IMAP_OK(s, "Enabled");
	return STEP_DONE;
}

/* RFC 2342, RFC 9051 6.3.10 */
enum imap_step imap_proceed_namespace(struct imap_session *s)
{
	buf_append_str(s->out, "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n");
	IMAP_OK(s, "Done");
	return STEP_DONE;
}

/* The answer is said at DONE. What the command needed goes now, for a parked session is small. */
enum imap_step imap_proceed_idle(struct imap_session *s)
{
	buf_append_str(s->out, "+ idling\r\n");
	IMAP_OK(s, "Idle ended");
	arena_free(&s->cmd.arena);
	s->phase = PHASE_IDLE;
	return STEP_WAIT;
}
