#include "jmap/mdn.h"

#include <string.h>

#include "base/list.h"
#include "base/utf8.h"
#include "mime/build.h"
#include "mime/header.h"

static const char *const action_modes[] = {"manual-action", "automatic-action", NULL};
static const struct { const char *property, *field; } sending_modes[] = {
	{"mdn-sent-manually", "MDN-sent-manually"}, {"mdn-sent-automatically", "MDN-sent-automatically"},
};
static const char *const types[] = {"deleted", "dispatched", "displayed", "processed", NULL};

/* RFC 8098 3.2, in its order. `server`: told by us. */
static const struct { const char *property, *field; bool server; } fields[] = {
	{"reportingUA", "Reporting-UA", false}, {"mdnGateway", "MDN-Gateway", false}, {"originalRecipient", "Original-Recipient", false},
	{"finalRecipient", "Final-Recipient", false}, {"originalMessageId", "Original-Message-ID", true},
};

/* ---- writing ---- */

static bool one_line(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < 32 || text.p[i] == 127)
			return false;
	return text.n > 0 && text.n <= BUILD_LINE_MAX - 100;
}

static bool put_line(const char *field, struct slice value, struct buf *out)
{
	if (!one_line(value) || !build_name_ok(slice_str(field)))
		return false;
	buf_printf(out, "%s: %.*s\r\n", field, SLICE_ARG(value));
	return true;
}

static bool is_absent(const json_t *value)
{
	return value == NULL || json_is_null(value);
}

static bool is_one_of(const char *const *names, struct slice text)
{
	for (; *names != NULL; names++)
		if (slice_eq(text, slice_str(*names)))
			return true;
	return false;
}

static bool put_disposition(const json_t *d, struct buf *out)
{
	struct slice action = jmap_text(json_object_get(d, "actionMode")), sending = jmap_text(json_object_get(d, "sendingMode")),
		type = jmap_text(json_object_get(d, "type"));

	for (size_t i = 0; i < ARRAY_LEN(sending_modes); i++)
		if (slice_eq(sending, slice_str(sending_modes[i].property)) && is_one_of(action_modes, action) && is_one_of(types, type)) {
			buf_printf(out, "Disposition: %.*s/%s; %.*s\r\n", SLICE_ARG(action), sending_modes[i].field, SLICE_ARG(type));
			return json_object_size(d) == 3;
		}
	return false;
}

static bool put_errors(const json_t *list, struct buf *out)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (!put_line("Error", jmap_text(one), out))
			return false;
	return is_absent(list) || json_is_array(list);
}

static bool is_ours(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (slice_eq_nocase(slice_str(name), slice_str(fields[i].field)))
			return true;
	return slice_eq_nocase(slice_str(name), SLICE("Disposition")) || slice_eq_nocase(slice_str(name), SLICE("Error"));
}

static bool put_extensions(const json_t *object, struct buf *out)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, name, value)
		if (is_ours(name) || !put_line(name, jmap_text(value), out))
			return false;
	return is_absent(object) || json_is_object(object);
}

bool jmap_mdn_write(const json_t *mdn, struct slice final, struct slice message_id, struct buf *out, const char **ret_bad)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const json_t *value = json_object_get(mdn, fields[i].property);
		bool is_final = strcmp(fields[i].property, "finalRecipient") == 0;
		struct slice text = is_final ? final : fields[i].server ? message_id : jmap_text(value);

		*ret_bad = fields[i].property;
		if (!is_final && ((fields[i].server && !is_absent(value)) || (!is_absent(value) && !json_is_string(value))))
			return false;
		if (text.n > 0 && !put_line(fields[i].field, text, out))
			return false;
	}
	*ret_bad = "disposition";
	if (!put_disposition(json_object_get(mdn, "disposition"), out))
		return false;
	*ret_bad = "error";
	if (!put_errors(json_object_get(mdn, "error"), out))
		return false;
	*ret_bad = "extensionFields";
	return put_extensions(json_object_get(mdn, "extensionFields"), out) && !out->failed;
}

/* ---- reading ---- */

/* What is no UTF-8 is no text of JSON. */
static json_t *text_of(struct slice value)
{
	return utf8_valid(value) ? json_stringn((const char *)value.p, value.n) : json_string("");
}

/* "manual-action/MDN-sent-manually; displayed/error" (RFC 8098 3.2.6); anything unknown: what a person would have done by hand. */
static json_t *disposition_of(struct slice value)
{
	struct slice rest = value, modes = SLICE_NONE, action = SLICE_NONE;
	const char *sending = sending_modes[0].property, *mode = action_modes[0], *type = NULL;

	(void)slice_split(&rest, ';', &modes);
	(void)slice_split(&modes, '/', &action);
	for (size_t i = 0; i < ARRAY_LEN(sending_modes); i++)
		if (slice_eq_nocase(slice_trim(modes), slice_str(sending_modes[i].field)))
			sending = sending_modes[i].property;
	if (slice_eq_nocase(slice_trim(action), slice_str(action_modes[1])))
		mode = action_modes[1];
	(void)slice_split(&rest, '/', &modes);
	for (size_t i = 0; types[i] != NULL; i++)
		if (slice_eq_nocase(slice_trim(modes), slice_str(types[i])))
			type = types[i];
	return type == NULL ? NULL : json_pack("{s:s, s:s, s:s}", "actionMode", mode, "sendingMode", sending, "type", type);
}

static void take(json_t *mdn, struct slice name, struct slice value)
{
	json_t *made;

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (slice_eq_nocase(name, slice_str(fields[i].field))) {
			json_object_set_new(mdn, fields[i].property, text_of(value));
			return;
		}
	if (slice_eq_nocase(name, SLICE("Disposition"))) {
		if ((made = disposition_of(value)) != NULL)
			json_object_set_new(mdn, "disposition", made);
	} else if (slice_eq_nocase(name, SLICE("Error"))) {
		if (json_object_get(mdn, "error") == NULL)
			json_object_set_new(mdn, "error", json_array());
		json_array_append_new(json_object_get(mdn, "error"), text_of(value));
	} else if (utf8_valid(name)) {
		if (json_object_get(mdn, "extensionFields") == NULL)
			json_object_set_new(mdn, "extensionFields", json_object());
		json_object_setn_new(json_object_get(mdn, "extensionFields"), (const char *)name.p, name.n, text_of(value));
	}
}

json_t *jmap_mdn_read(struct slice part)
{
	struct arena arena = ARENA_INIT;
	json_t *mdn = json_object();
	struct mime_field field;

	while (mime_field_next(&part, &field))
		take(mdn, field.name, mime_unfold(&arena, field.value));
	arena_free(&arena);
	if (json_object_get(mdn, "disposition") != NULL && json_object_get(mdn, "finalRecipient") != NULL)
		return mdn;
	json_decref(mdn);
	return NULL;
}
