#include "sso/cas.h"

#include "base/ensure.h"
#include "sso/form.h"
#include "trust/xml.h"

#define SERVICE_MAX 4000

static void write_service(struct slice redirect, struct slice state, struct buf *out)
{
	struct buf service = BUF_INIT(SERVICE_MAX);

	buf_append(&service, redirect);
	if (slice_find(redirect, '?') < 0)
		buf_append_byte(&service, '?');
	form_put(&service, "state", state);
	form_put(out, "service", buf_slice(&service));
	buf_free(&service);
}

void cas_login_url(struct slice server, struct slice redirect, struct slice state, struct buf *out)
{
	buf_printf(out, "%.*s/login?", SLICE_ARG(server));
	write_service(redirect, state, out);
}

void cas_validate_url(struct slice server, struct slice redirect, struct slice state, struct slice ticket, struct buf *out)
{
	buf_printf(out, "%.*s/p3/serviceValidate?", SLICE_ARG(server));
	write_service(redirect, state, out);
	form_put(out, "ticket", ticket);
}

bool cas_ticket_valid(struct slice ticket)
{
	for (size_t i = 0; i < ticket.n; i++)
		if (!ascii_is_alnum(ticket.p[i]) && ticket.p[i] != '-' && ticket.p[i] != '_' && ticket.p[i] != '.')
			return false;
	return slice_starts(ticket, SLICE("ST-")) && ticket.n > 3 && ticket.n <= CAS_TICKET_MAX;
}

/* Where an element stands is part of its meaning: an attribute called "user" is nobody. */
enum place { SOMEWHERE, SUCCESS_USER, INSIDE_USER, SUCCESS_ATTRIBUTE, FAILURE };

static bool is_open(const struct xml *x, unsigned depth, const char *name)
{
	return slice_eq(x->names[depth], slice_str(name));
}

/* Of the element that has ended. */
static enum place place_of(const struct xml *x)
{
	if (x->depth < 1 || !is_open(x, 0, "serviceResponse"))
		return SOMEWHERE;
	if (x->depth == 1 && is_open(x, 1, "authenticationFailure"))
		return FAILURE;
	if (x->depth == 2 && is_open(x, 1, "authenticationSuccess") && is_open(x, 2, "user"))
		return SUCCESS_USER;
	if (x->depth == 3 && is_open(x, 1, "authenticationSuccess") && is_open(x, 2, "attributes"))
		return SUCCESS_ATTRIBUTE;
	return x->depth > 2 && is_open(x, 2, "user") ? INSIDE_USER : SOMEWHERE;
}

static bool is_text(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < ' ' || text.p[i] == 0x7f)
			return false;
	return text.n > 0 && text.n <= CAS_USER_MAX;
}

/* The first of each that is there. */
static void take_attribute(const struct xml *x, struct arena *arena, struct cas_person *ret)
{
	const struct { const char *name; struct slice *to; } rows[] = {
		{"mail", &ret->email}, {"email", &ret->email}, {"displayName", &ret->name}, {"cn", &ret->name}, {"name", &ret->name},
		{"department", &ret->department}, {"ou", &ret->department},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (is_open(x, 3, rows[i].name) && rows[i].to->n == 0 && is_text(xml_text(x)))
			*rows[i].to = arena_dup(arena, xml_text(x));
}

struct reading {
	unsigned users, failures;
};

static void take(const struct xml *x, struct arena *arena, struct cas_person *ret, struct reading *r)
{
	switch (place_of(x)) {
	case SUCCESS_USER:
		r->users++;
		if (is_text(xml_text(x)))
			ret->user = arena_dup(arena, xml_text(x));
		break;
	case SUCCESS_ATTRIBUTE:
		take_attribute(x, arena, ret);
		break;
	case FAILURE:
		r->failures++;
		break;
	case INSIDE_USER:
		r->users += 2; /* its text would be cut in two */
		break;
	case SOMEWHERE:
		break;
	}
}

int cas_answer_parse(struct slice body, struct arena *arena, struct cas_person *ret, struct error *err)
{
	struct xml x;
	struct reading r = {0};
	enum xml_event event = XML_BROKEN;

	*ret = (struct cas_person){0};
	if (body.n == 0 || body.n > CAS_ANSWER_MAX)
		return error_set(err, ERR_INVALID, "the CAS server's answer is too long or empty");
	xml_init(&x, body);
	while ((event = xml_next(&x)) == XML_START || event == XML_END)
		if (event == XML_END)
			take(&x, arena, ret, &r);
	xml_free(&x);
	if (event == XML_FINISHED && r.failures > 0)
		return error_set(err, ERR_DENIED, "the CAS server refused the ticket");
	if (event != XML_FINISHED || r.users != 1 || ret->user.n == 0)
		return error_set(err, ERR_INVALID, "the CAS server's answer cannot be read");
	return 0;
}
