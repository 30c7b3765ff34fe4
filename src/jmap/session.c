/* The Session object (RFC 8620 2), states of types, and what all requests of a session share. */
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "crypt/hash.h"
#include "jmap/email_remember.h"
#include "jmap/blob.h"
#include "jmap/elsewhere.h"
#include "jmap/sieve.h"

#define JMAP_MAGIC 0x6a6d6170u
#define SESSION_MAX 65536

static const struct {
	const char *urn;
	void (*session)(struct jmap *j, struct emit *e);
	void (*account)(struct jmap *j, struct emit *e);
} capabilities[] = {
#define JMAP_CAPABILITY(id, urn, session, account) {urn, session, account},
#include "jmap/capabilities.h"
#undef JMAP_CAPABILITY
};

static const struct {
	const char *name;
	int (*state)(struct jmap *j, struct buf *out);
} types[] = {
#define JMAP_TYPE(id, name, capability, state) {name, state},
#include "jmap/types.h"
#undef JMAP_TYPE
};

struct jmap *jmap_create(const struct jmap_host *host)
{
	struct jmap *j = memory_alloc(sizeof *j);
	struct buf hex = BUF_INIT(32);

	j->magic = JMAP_MAGIC;
	j->host = *host;
	hex_encode(slice_make(host->account_id, sizeof host->account_id), &hex);
	snprintf(j->account, sizeof j->account, "A%.*s", SLICE_ARG(buf_slice(&hex)));
	buf_free(&hex);
	buf_init(&j->state, JMAP_STATE_MAX);
	return j;
}

void jmap_destroy(struct jmap **jmap)
{
	struct jmap *j = *jmap;

	*jmap = NULL;
	if (j == NULL)
		return;
	ENSURE_MAGIC(j, JMAP_MAGIC);
	j->destroyed = true;
	if (j->requests > 0)
		return;
	buf_free(&j->state);
	jmap_remembered_free(&j->remembered);
	jmap_others_free(j);
	j->magic = 0;
	memory_free(j);
}

const struct jmap_host *jmap_host(const struct jmap *j)
{
	return &j->host;
}

struct slice jmap_account_name(const struct jmap *j)
{
	return slice_str(j->account);
}

/* ---- capabilities ---- */

void jmap_empty(struct jmap *j, struct emit *e)
{
	emit_object(e);
	emit_object_end(e);
}

void jmap_core_session(struct jmap *j, struct emit *e)
{
	static const char *const collations[] = {"i;ascii-numeric", "i;ascii-casemap", "i;unicode-casemap"};

	emit_object(e);
	emit_member_number(e, "maxSizeUpload", (int64_t)j->host.upload_max);
	emit_member_number(e, "maxConcurrentUpload", JMAP_UPLOADS_MAX);
	emit_member_number(e, "maxSizeRequest", JMAP_REQUEST_MAX);
	emit_member_number(e, "maxConcurrentRequests", JMAP_REQUESTS_MAX);
	emit_member_number(e, "maxCallsInRequest", JMAP_CALLS_MAX);
	emit_member_number(e, "maxObjectsInGet", JMAP_GET_MAX);
	emit_member_number(e, "maxObjectsInSet", JMAP_SET_MAX);
	emit_key(e, "collationAlgorithms");
	emit_array(e);
	for (size_t i = 0; i < ARRAY_LEN(collations); i++)
		emit_text(e, slice_str(collations[i]));
	emit_array_end(e);
	emit_object_end(e);
}

/* RFC 8621 1.3.1. */
void jmap_mail_account(struct jmap *j, struct emit *e)
{
	static const char *const sorts[] = {"receivedAt", "size", "from", "to", "subject", "sentAt", "hasKeyword", "allInThreadHaveKeyword",
		"someInThreadHaveKeyword"};

	emit_object(e);
	emit_member_null(e, "maxMailboxesPerEmail");
	emit_member_number(e, "maxMailboxDepth", MAILBOX_DEPTH_MAX);
	emit_member_number(e, "maxSizeMailboxName", 255);
	emit_member_number(e, "maxSizeAttachmentsPerEmail", (int64_t)j->host.upload_max);
	emit_key(e, "emailQuerySortOptions");
	emit_array(e);
	for (size_t i = 0; i < ARRAY_LEN(sorts); i++)
		emit_text(e, slice_str(sorts[i]));
	emit_array_end(e);
	emit_member_bool(e, "mayCreateTopLevelMailbox", j->shown != NULL ? !j->shown->read_only : (j->host.mail->refuses & ACCOUNT_REFUSES_CHANGE) == 0);
	emit_object_end(e);
}

/* RFC 8887 3. The scheme follows that of the page: wss with https. */
void jmap_websocket_session(struct jmap *j, struct emit *e)
{
	struct buf url = BUF_INIT(2000);

	buf_printf(&url, "ws%.*s/jmap/ws", SLICE_ARG(slice_from(j->base, sizeof "http" - 1)));
	emit_object(e);
	emit_member_text(e, "url", buf_slice(&url));
	emit_member_bool(e, "supportsPush", true);
	emit_object_end(e);
	buf_free(&url);
}

/* RFC 9404 3.1. */
void jmap_blob_account(struct jmap *j, struct emit *e)
{
	static const char *const looked_up[] = {"Email", "Mailbox", "Thread"}, *const digests[] = {"sha", "sha-256", "sha-512"};

	emit_object(e);
	emit_member_number(e, "maxSizeBlobSet", JMAP_BLOB_SET_MAX);
	emit_member_number(e, "maxDataSources", JMAP_BLOB_SOURCES_MAX);
	emit_key(e, "supportedTypeNames");
	emit_array(e);
	for (size_t i = 0; i < ARRAY_LEN(looked_up); i++)
		emit_text(e, slice_str(looked_up[i]));
	emit_array_end(e);
	emit_key(e, "supportedDigestAlgorithms");
	emit_array(e);
	for (size_t i = 0; i < ARRAY_LEN(digests); i++)
		emit_text(e, slice_str(digests[i]));
	emit_array_end(e);
	emit_object_end(e);
}

/* RFC 9661 1.3. */
void jmap_sieve_session(struct jmap *j, struct emit *e)
{
	emit_object(e);
	emit_member_text(e, "implementation", SLICE("Letterlock"));
	emit_object_end(e);
}

void jmap_sieve_account(struct jmap *j, struct emit *e)
{
	struct slice rest = j->host.sieve_extensions, one;

	emit_object(e);
	emit_member_number(e, "maxSizeScriptName", JMAP_SIEVE_NAME_MAX);
	emit_member_number(e, "maxSizeScript", JMAP_SIEVE_SCRIPT_MAX);
	emit_member_number(e, "maxNumberScripts", 32);
	emit_member_number(e, "maxNumberRedirects", 4);
	emit_key(e, "sieveExtensions");
	emit_array(e);
	while (slice_split(&rest, ' ', &one))
		emit_text(e, one);
	emit_array_end(e);
	emit_member_null(e, "notificationMethods");
	emit_member_null(e, "externalLists");
	emit_object_end(e);
}

/* ---- the object ---- */

/* What a delegate may do, by name; until when. docs/jmap.md. */
static void put_delegation(const struct jmap_other *o, struct emit *e)
{
	struct slice rest = o->rights, one;

	emit_key(e, jmap_capability_urn(JMAP_DELEGATION));
	emit_object(e);
	emit_member_text(e, "title", o->title);
	emit_key(e, "rights");
	emit_array(e);
	while (slice_split(&rest, ' ', &one))
		emit_text(e, one);
	emit_array_end(e);
	emit_key(e, "until");
	if (o->until > 0)
		emit_date(e, o->until);
	else
		emit_null(e);
	emit_object_end(e);
}

/* Scripts, the vacation notice, address books and preferences are their owner's alone. */
static bool has_other(const struct jmap_other *o, unsigned capability)
{
	if (capability == JMAP_SIEVE || capability == JMAP_VACATION || capability == JMAP_CONTACTS || capability == JMAP_PREFERENCES)
		return false;
	return (capability != JMAP_SUBMISSION && capability != JMAP_LETTERS) || o->may_send;
}

static void put_other(struct jmap *j, const struct jmap_other *o, struct emit *e)
{
	struct buf id = BUF_INIT(33);

	buf_append_byte(&id, 'A');
	hex_encode(slice_make(o->id, sizeof o->id), &id);
	emit_key_text(e, buf_slice(&id));
	buf_free(&id);
	emit_object(e);
	emit_member_text(e, "name", o->name);
	emit_member_bool(e, "isPersonal", false);
	emit_member_bool(e, "isReadOnly", o->read_only);
	emit_key(e, "accountCapabilities");
	emit_object(e);
	j->shown = o;
	for (unsigned i = 0; i < ARRAY_LEN(capabilities); i++)
		if (capabilities[i].account != NULL && has_other(o, i)) {
			emit_key(e, capabilities[i].urn);
			capabilities[i].account(j, e);
		}
	j->shown = NULL;
	put_delegation(o, e);
	emit_object_end(e);
	emit_object_end(e);
}

static void put_accounts(struct jmap *j, struct emit *e)
{
	const struct jmap_other *other;

	emit_key(e, "accounts");
	emit_object(e);
	emit_key(e, j->account);
	emit_object(e);
	emit_member_text(e, "name", j->host.address);
	emit_member_bool(e, "isPersonal", slice_eq(j->host.address, j->host.username));
	emit_member_bool(e, "isReadOnly", (j->host.mail->refuses & ACCOUNT_REFUSES_CHANGE) != 0);
	emit_key(e, "accountCapabilities");
	emit_object(e);
	for (size_t i = 0; i < ARRAY_LEN(capabilities); i++)
		if (capabilities[i].account != NULL) {
			emit_key(e, capabilities[i].urn);
			capabilities[i].account(j, e);
		}
	emit_object_end(e);
	emit_object_end(e);
	for (size_t i = 0; (other = jmap_other_at(j, i)) != NULL; i++)
		put_other(j, other, e);
	emit_object_end(e);
}

static void put_primary(struct jmap *j, struct emit *e)
{
	emit_key(e, "primaryAccounts");
	emit_object(e);
	for (size_t i = 0; i < ARRAY_LEN(capabilities); i++)
		if (capabilities[i].account != NULL)
			emit_member_text(e, capabilities[i].urn, slice_str(j->account));
	emit_object_end(e);
}

static void put_fixed(struct jmap *j, struct emit *e)
{
	emit_key(e, "capabilities");
	emit_object(e);
	for (size_t i = 0; i < ARRAY_LEN(capabilities); i++) {
		emit_key(e, capabilities[i].urn);
		capabilities[i].session(j, e);
	}
	emit_object_end(e);
	put_accounts(j, e);
	put_primary(j, e);
	emit_member_text(e, "username", j->host.username);
}

struct slice jmap_session_state(struct jmap *j)
{
	struct buf text = BUF_INIT(SESSION_MAX);
	struct emit e = EMIT_INIT(&text);

	if (buf_len(&j->state) == 0) {
		put_fixed(j, &e);
		buf_printf(&j->state, "%016llx", (unsigned long long)hash_checksum(buf_slice(&text)));
	}
	buf_free(&text);
	return buf_slice(&j->state);
}

static void put_address(struct emit *e, const char *name, struct slice base, const char *path)
{
	struct buf text = BUF_INIT(2000);

	buf_printf(&text, "%.*s%s", SLICE_ARG(base), path);
	emit_member_text(e, name, buf_slice(&text));
	buf_free(&text);
}

void jmap_session_print(struct jmap *j, struct slice base, struct buf *out)
{
	struct emit e = EMIT_INIT(out);

	(void)jmap_session_state(j); /* says nothing of addresses */
	j->base = base;
	emit_object(&e);
	put_fixed(j, &e);
	j->base = SLICE_NONE;
	put_address(&e, "apiUrl", base, "/jmap/api");
	put_address(&e, "downloadUrl", base, "/jmap/download/{accountId}/{blobId}/{name}?accept={type}");
	put_address(&e, "uploadUrl", base, "/jmap/upload/{accountId}/");
	put_address(&e, "eventSourceUrl", base, "/jmap/eventsource?types={types}&closeafter={closeafter}&ping={ping}");
	emit_member_text(&e, "state", jmap_session_state(j));
	emit_object_end(&e);
}

/* ---- states ---- */

int jmap_type_state(struct jmap *j, enum jmap_type type, struct buf *out)
{
	return types[type].state(j, out);
}

const char *jmap_type_name(enum jmap_type type)
{
	return types[type].name;
}

bool jmap_type_find(struct slice name, enum jmap_type *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (slice_eq(slice_str(types[i].name), name)) {
			*ret = (enum jmap_type)i;
			return true;
		}
	return false;
}
