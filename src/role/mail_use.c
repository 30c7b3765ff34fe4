#include "role/mail_use.h"

#include <stdio.h>
#include <string.h>

#include "auth/permit.h"
#include "base/codec.h"
#include "base/memory.h"

#define LETTER_SIZE 34 /* EMAILID as IMAP gives it, and the end */

static bool is_delegate(const struct mail_use *u)
{
	return u->actor[0] != 0;
}

/* ---- names ---- */

static void find_name(const struct mail_use *u, const struct mailbox_ref *m, char ret[MAILBOX_NAME_MAX + 1])
{
	struct account *whole = store_account_mailboxes(u->account->store);
	struct arena arena = ARENA_INIT;
	struct mailbox_info *list;
	size_t count = 0;

	ret[0] = 0;
	if (whole->ops->list(whole, &arena, &list, &count, NULL) == 0)
		for (size_t i = 0; i < count; i++)
			if (memcmp(list[i].id, m->id, sizeof list[i].id) == 0)
				snprintf(ret, MAILBOX_NAME_MAX + 1, "%.*s", SLICE_ARG(list[i].name));
	arena_free(&arena);
}

static void enter_mailbox(struct mail_use *u, const struct mailbox_ref *m)
{
	if (memcmp(&u->mailbox, m, sizeof *m) == 0)
		return;
	u->mailbox = *m;
	u->last_uid = 0;
	uid_set_free(&u->viewed);
	uid_set_free(&u->downloaded);
	if (is_delegate(u))
		find_name(u, m, u->name);
}

static int take_letter(void *arg, const struct message_row *row)
{
	struct buf text = BUF_INIT(LETTER_SIZE - 1);
	char *ret = arg;

	buf_append_byte(&text, 'M');
	hex_encode(slice_make(row->email_id, sizeof row->email_id), &text);
	snprintf(ret, LETTER_SIZE, "%.*s", SLICE_ARG(buf_slice(&text)));
	buf_free(&text);
	return 0;
}

static void find_letter(const struct mail_use *u, uint32_t uid, char ret[LETTER_SIZE])
{
	struct account *whole = store_account_mailboxes(u->account->store);

	ret[0] = 0;
	(void)whole->ops->messages(whole, &u->mailbox, uid, uid, 0, take_letter, ret, NULL);
}

/* ---- much at once ---- */

static void reader_key(const struct mail_use *u, uint8_t ret[32])
{
	memcpy(ret, u->account->id, 16);
	memcpy(ret + 16, u->delegate, 16);
}

static struct mail_reader *reader_of(const struct mail_use *u)
{
	struct mail_role *m = u->account->role;
	uint8_t key[32];
	struct mail_reader *r;

	reader_key(u, key);
	r = map_get(&m->readers, slice_make(key, sizeof key));
	if (r == NULL && m->readers.count < MAIL_READERS_MAX) {
		r = memory_alloc(sizeof *r);
		r->since_ms = mail_now(m);
		map_put(&m->readers, slice_make(key, sizeof key), r);
	}
	if (r != NULL && mail_now(m) - r->since_ms >= MAIL_BULK_MS)
		*r = (struct mail_reader){.since_ms = mail_now(m)};
	return r;
}

static void tell_bulk(const struct mail_use *u, struct mail_reader *r)
{
	if (r->told)
		return;
	r->told = true;
	log_event(EV_ACCESS_BULK, LOG_STR("cid", u->cid), LOG_STR("ip", u->address), LOG_STR("actor", u->actor), LOG_TEXT("owner", u->account->login),
	          LOG_STR("mailbox", u->name), LOG_NUM("count", r->letters), LOG_NUM("bytes", r->bytes),
	          LOG_STR("result", u->may_export ? "allowed" : "refused"));
}

/* Whoever cannot be counted takes nothing. */
static bool bulk_allows(const struct mail_use *u, bool fresh, uint64_t n)
{
	struct mail_reader *r = reader_of(u);

	if (r == NULL)
		return u->may_export;
	if (r->letters + fresh > MAIL_BULK_LETTERS || r->bytes + n > MAIL_BULK_BYTES) {
		tell_bulk(u, r);
		if (!u->may_export)
			return false;
	}
	r->letters += fresh;
	r->bytes += n;
	return true;
}

void mail_use_sweep(struct mail_role *m)
{
	MAP_FOREACH(entry, &m->readers) {
		struct mail_reader *r = entry->value;

		if (mail_now(m) - r->since_ms < MAIL_BULK_MS)
			continue;
		map_remove(&m->readers, map_entry_key(entry));
		memory_free(r);
	}
}

/* ---- what is told during the session ---- */

static bool owner_given(void *arg, const struct mailbox_ref *m, uint32_t uid, enum account_given what, uint64_t n)
{
	struct mail_use *u = arg;

	enter_mailbox(u, m);
	u->letters += uid != u->last_uid;
	u->last_uid = uid;
	u->bytes += n;
	return true;
}

static void tell_read(const struct mail_use *u, uint32_t uid, bool download, uint64_t n)
{
	char letter[LETTER_SIZE];

	find_letter(u, uid, letter);
	log_event(download ? EV_ACCESS_DOWNLOADED : EV_ACCESS_READ, LOG_STR("cid", u->cid), LOG_STR("ip", u->address), LOG_STR("actor", u->actor),
	          LOG_TEXT("owner", u->account->login), LOG_STR("mailbox", u->name), LOG_NUM("uid", uid), LOG_STR("letter", letter),
	          LOG_NUM("bytes", n));
}

/* The first time for each letter, for its texts and for its attachments. */
static bool delegate_given(void *arg, const struct mailbox_ref *m, uint32_t uid, enum account_given what, uint64_t n)
{
	struct mail_use *u = arg;
	bool download = what == GIVEN_DOWNLOADED;

	if (what == GIVEN_LISTED)
		return true;
	enter_mailbox(u, m);
	struct uid_set *told = download ? &u->downloaded : &u->viewed;
	bool fresh = !uid_set_has(&u->viewed, uid) && !uid_set_has(&u->downloaded, uid);
	if (!bulk_allows(u, fresh, n))
		return false;
	u->letters += fresh;
	u->bytes += n;
	if (!uid_set_has(told, uid)) {
		uid_set_add(told, uid);
		tell_read(u, uid, download, n);
	}
	return true;
}

static void copied(void *arg, const struct mailbox_ref *from, const struct mailbox_ref *to, size_t count)
{
	const struct mail_use *u = arg;
	char mailbox[MAILBOX_NAME_MAX + 1], target[MAILBOX_NAME_MAX + 1];

	find_name(u, from, mailbox);
	find_name(u, to, target);
	if (is_delegate(u))
		log_event(EV_ACCESS_COPIED, LOG_STR("cid", u->cid), LOG_STR("actor", u->actor), LOG_TEXT("owner", u->account->login),
		          LOG_STR("mailbox", mailbox), LOG_STR("target", target), LOG_NUM("count", count));
	else
		log_event(EV_MAIL_COPIED, LOG_STR("cid", u->cid), LOG_TEXT("user", u->account->login), LOG_STR("mailbox", mailbox),
		          LOG_STR("target", target), LOG_NUM("count", count));
}

void mail_use_removed(const struct mail_account *a, const struct mail_use *u, struct slice mailbox, const struct slice *target, size_t count)
{
	struct slice cid = u != NULL ? slice_str(u->cid) : SLICE_NONE, to = target != NULL ? *target : SLICE_NONE;

	if (u != NULL && is_delegate(u) && target != NULL)
		log_event(EV_ACCESS_MOVED, LOG_TEXT("cid", cid), LOG_STR("actor", u->actor), LOG_TEXT("owner", a->login), LOG_TEXT("mailbox", mailbox),
		          LOG_TEXT("target", to), LOG_NUM("count", count));
	else if (u != NULL && is_delegate(u))
		log_event(EV_ACCESS_DELETED, LOG_TEXT("cid", cid), LOG_STR("actor", u->actor), LOG_TEXT("owner", a->login), LOG_TEXT("mailbox", mailbox),
		          LOG_NUM("count", count));
	else if (target != NULL)
		log_event(EV_MAIL_MOVED, LOG_TEXT("cid", cid), LOG_TEXT("user", a->login), LOG_TEXT("mailbox", mailbox), LOG_TEXT("target", to),
		          LOG_NUM("count", count));
	else
		log_event(EV_MAIL_EXPUNGED, LOG_TEXT("cid", cid), LOG_TEXT("user", a->login), LOG_TEXT("mailbox", mailbox), LOG_NUM("count", count));
}

/* ---- life ---- */

void mail_use_begin(struct mail_use *u, struct mail_account *a, const struct mail_ticket *ticket, const char *cid, const char *address)
{
	*u = (struct mail_use){.account = a, .cid = cid, .address = address, .may_export = (ticket->rights & AUTH_BIT(AUTH_MAIL_EXPORT)) != 0};
	memcpy(u->actor, ticket->actor, sizeof u->actor);
	memcpy(u->delegate, ticket->stands.delegate, sizeof u->delegate);
}

const struct account_watch *mail_use_watch(const struct mail_use *u)
{
	static const struct account_watch owner = {.given = owner_given, .copied = copied};
	static const struct account_watch delegate = {.closely = true, .given = delegate_given, .copied = copied};

	return is_delegate(u) ? &delegate : &owner;
}

void mail_use_end(struct mail_use *u, int64_t ms)
{
	if (is_delegate(u))
		log_event(EV_ACCESS_CLOSED, LOG_STR("cid", u->cid), LOG_STR("ip", u->address), LOG_STR("actor", u->actor),
		          LOG_TEXT("owner", u->account->login), LOG_NUM("messages", u->letters), LOG_NUM("bytes", u->bytes), LOG_NUM("ms", ms));
	uid_set_free(&u->viewed);
	uid_set_free(&u->downloaded);
}
