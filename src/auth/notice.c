#include "auth/notice.h"

#include <string.h>

#include "auth/contact.h"
#include "auth/directory_notice.h"
#include "auth/managed.h"
#include "auth/notice_contact.h"
#include "auth/notice_limit.h"
#include "auth/signer.h"
#include "base/list.h"
#include "base/memory.h"
#include "crypt/crypt.h"

#define ARGS_MAX 4000
#define FACT_MAX 8000
#define ADDRESS_MAX 330
#define DAY_S 86400

struct notices {
	struct directory *directory;
	struct auth_host host;
	struct notices_settings settings;
	struct list_node letters;
	unsigned waiting;
	struct notice_limit limit;
};

struct letter {
	struct list_node node;
	struct notices *n;
	enum notice notice;
	bool named;                /* the account is the one of `address`; else `account` holds it */
	bool officers;             /* to all of these instead */
	bool code;                 /* to `address` as a contact of `account` */
	bool contact;              /* likewise: `account` has no mailbox */
	uint8_t account[16];
	char address[ADDRESS_MAX];
	struct buf args;           /* may hold a code */
	unsigned tries;
};

static void complain(struct notices *n, const char *what, enum notice notice)
{
	if (n->host.record != NULL)
		n->host.record(n->host.arg, EV_INTERNAL, (const struct log_field[]){LOG_STR("what", what), LOG_STR("name", notice_name(notice)), LOG_END});
}

/* ---- a letter on its way ---- */

static void letter_free(struct letter *l)
{
	list_remove(&l->node);
	l->n->waiting--;
	buf_free_secret(&l->args);
	memory_free(l);
}

static void letter_work(void *arg);

static void letter_sent(void *arg, bool durable)
{
	struct letter *l = arg;
	struct notices *n = l->n;
	if (durable) {
		letter_free(l);
	} else if (++l->tries < NOTICE_TRIES) {
		n->host.after(n->host.arg, NOTICE_AGAIN_MS, letter_work, l);
	} else {
		complain(n, "a letter could not be sent", l->notice);
		letter_free(l);
	}
}

static int find_account(struct letter *l, struct arena *arena, struct account *ret)
{
	struct address a;
	struct directory_address found;
	if (!l->named)
		return directory_account_get(l->n->directory, l->account, arena, ret);
	int rc = address_parse(slice_str(l->address), arena, &a) == 0
	       ? directory_address_get(l->n->directory, a.local, a.domain, arena, &found) : ERR_NOT_FOUND;
	if (rc == 0 && found.kind != ADDRESS_ACCOUNT)
		rc = ERR_NOT_FOUND;
	return rc == 0 ? directory_account_get(l->n->directory, found.account, arena, ret) : rc;
}

/* Where the letter goes. ERR_NOT_FOUND: there is no mailbox for it. */
static int make_fact(struct letter *l, const struct account *account, struct arena *arena, struct buf *out, bool *ret_leaves)
{
	const struct auth_login_settings *login = l->n->settings.login;
	struct resolve_target target = {.local = true, .account = *account, .address = account->address};
	struct recipient_fact fact = {.kind = FACT_REMOTE};
	int rc = 0;
	if (l->code || l->contact)
		rc = contact_resolve(l->n->directory, account->id, slice_str(l->address), arena, &target);
	else if (account->state != ACCOUNT_ACTIVE || !auth_permit_own(account->role, AUTH_MAIL_RECEIVE))
		rc = ERR_NOT_FOUND;
	if (rc != 0)
		return rc;
	if (target.local)
		auth_account_fact(&target.account, FACT_LOCAL, login, &fact);
	fact.address = target.address;
	fact.mailbox = target.mailbox;
	fact_write_recipient(out, &fact, login->boot_secret);
	*ret_leaves = !target.local;
	return out->failed ? ERR_LIMIT : 0;
}

static int make_signer(struct letter *l, const struct account *account, struct arena *arena, struct buf *out)
{
	struct slice domain;
	return signer_fact(l->n->directory, address_domain_of(account->address), SLICE_NONE, l->n->settings.login->boot_secret, arena, out, &domain);
}

static int letter_pass(struct letter *l, const struct account *account, struct arena *arena)
{
	struct notices *n = l->n;
	struct buf fact = BUF_INIT(FACT_MAX), signer = BUF_INIT(SIGNER_FACT_MAX);
	bool leaves = false;
	int rc = make_fact(l, account, arena, &fact, &leaves);
	if (rc == 0 && leaves)
		rc = make_signer(l, account, arena, &signer);
	if (rc == 0) {
		struct auth_letter letter = {.name = notice_name(l->notice), .fact = buf_slice(&fact), .args = buf_slice(&l->args),
			.language = account->language.n > 0 ? account->language : n->settings.language, .domain = address_domain_of(account->address),
			.signer = buf_slice(&signer)};
		n->host.letter(n->host.arg, &letter, letter_sent, l);
	}
	buf_free(&fact);
	buf_free(&signer);
	return rc;
}

/* ---- to who has no mailbox ---- */

static void letter_failed(struct letter *l, int rc);

static int take_contact(struct letter *l, const uint8_t *kek, struct arena *arena)
{
	struct buf room = BUF_INIT(NOTICE_CONTACT_SEALED_MAX);
	struct notice_contact contact;
	struct slice sealed;
	bool proven;
	int rc = directory_contact_get(l->n->directory, l->account, arena, &sealed, &proven);
	if (rc == 0)
		rc = notice_contact_open(kek, l->account, sealed, &room, &contact);
	if (rc == 0 && (contact.address.n == 0 || contact.address.n >= sizeof l->address))
		rc = ERR_NOT_FOUND;
	if (rc == 0) {
		memset(l->address, 0, sizeof l->address);
		memcpy(l->address, contact.address.p, contact.address.n);
	}
	buf_free_secret(&room);
	return rc;
}

static void got_kek(void *arg, int rc, const uint8_t *kek)
{
	struct letter *l = arg;
	struct arena arena = ARENA_INIT;
	struct account account;
	if (rc == 0)
		rc = directory_account_get(l->n->directory, l->account, &arena, &account);
	if (rc == 0)
		rc = take_contact(l, kek, &arena);
	l->contact = true;
	if (rc == 0)
		rc = letter_pass(l, &account, &arena);
	arena_free(&arena);
	if (rc != 0)
		letter_failed(l, rc);
}

static int ask_contact(struct letter *l, const struct account *account)
{
	struct arena arena = ARENA_INIT;
	struct slice sealed;
	bool proven = false;
	struct wrap_owner owner = notice_contact_owner(account->id);
	int rc = directory_contact_get(l->n->directory, account->id, &arena, &sealed, &proven);
	arena_free(&arena);
	if (rc != 0 || !proven)
		return rc != 0 ? rc : ERR_NOT_FOUND;
	memcpy(l->account, account->id, sizeof l->account);
	l->named = false;
	managed_kek(&l->n->host, &owner, got_kek, l);
	return 0;
}

static int letter_send(struct letter *l)
{
	struct arena arena = ARENA_INIT;
	struct account account;
	l->contact = false;
	int rc = find_account(l, &arena, &account);
	if (rc == 0 && !l->code && account.state == ACCOUNT_ACTIVE && !auth_permit_own(account.role, AUTH_MAIL_RECEIVE))
		rc = ask_contact(l, &account);
	else if (rc == 0)
		rc = letter_pass(l, &account, &arena);
	arena_free(&arena);
	return rc;
}

static struct letter *letter_new(struct notices *n, enum notice notice)
{
	if (n->host.letter == NULL)
		return NULL;
	if (n->waiting >= NOTICES_WAITING_MAX) {
		complain(n, "too many letters wait to be sent", notice);
		return NULL;
	}
	struct letter *l = memory_alloc(sizeof *l);
	l->n = n;
	l->notice = notice;
	buf_init(&l->args, ARGS_MAX);
	list_append(&n->letters, &l->node);
	n->waiting++;
	return l;
}

static void tell_officers(struct letter *l)
{
	uint8_t ids[NOTICE_OFFICERS_MAX][16];
	struct notices *n = l->n;
	int count = directory_officers(n->directory, moment_unix(n->host.now(n->host.arg)), ids, NOTICE_OFFICERS_MAX);
	for (int i = 0; i < count; i++) {
		struct letter *one = letter_new(n, l->notice);
		if (one == NULL)
			break;
		memcpy(one->account, ids[i], sizeof one->account);
		buf_append(&one->args, buf_slice(&l->args));
		letter_work(one);
	}
	if (count < 0)
		complain(n, "the officers could not be read", l->notice);
	letter_free(l);
}

/* A letter that nobody can get ends silently: not everybody has a mailbox or gave an address. A code that nobody gets is said. */
static void letter_failed(struct letter *l, int rc)
{
	if (rc == ERR_IO || rc == ERR_TEMPORARY) {
		letter_sent(l, false);
		return;
	}
	if (l->code || l->contact)
		complain(l->n, "the address of a person leads nowhere, to several people or to the account itself", l->notice);
	letter_free(l);
}

static void letter_work(void *arg)
{
	struct letter *l = arg;
	if (l->officers) {
		tell_officers(l);
		return;
	}
	int rc = letter_send(l);
	if (rc != 0)
		letter_failed(l, rc);
}

/* After the caller has returned: what it is about may not be committed yet. */
static void letter_start(struct letter *l)
{
	l->n->host.after(l->n->host.arg, 0, letter_work, l);
}

/* ---- arguments ---- */

static const struct log_field *field_find(const struct log_field *fields, struct slice name)
{
	for (; fields->key != NULL; fields++)
		if (slice_eq(slice_str(fields->key), name))
			return fields;
	return NULL;
}

static struct slice field_text(const struct log_field *fields, const char *name)
{
	const struct log_field *f = name != NULL ? field_find(fields, slice_str(name)) : NULL;
	return f != NULL && !f->is_number ? f->text : SLICE_NONE;
}

static void put_value(struct buf *out, const struct log_field *f)
{
	if (f->is_number)
		buf_printf(out, "%lld", (long long)f->number);
	for (size_t i = 0; !f->is_number && i < f->text.n; i++)
		buf_append_byte(out, f->text.p[i] == '\n' ? ' ' : f->text.p[i]);
}

static void put_args(struct letter *l, const struct log_field *fields)
{
	struct slice list = notice_args(l->notice), name;
	const struct log_field now = LOG_NUM("time", moment_unix(l->n->host.now(l->n->host.arg)));
	while (slice_split(&list, ' ', &name)) {
		const struct log_field *f = field_find(fields, name);
		if (f == NULL && slice_eq(name, SLICE("time")))
			f = &now;
		if (f == NULL)
			continue;
		buf_append(&l->args, name);
		buf_append_byte(&l->args, '=');
		put_value(&l->args, f);
		buf_append_byte(&l->args, '\n');
	}
}

/* ---- which events are told ---- */

struct rule {
	enum log_event event;
	enum notice notice;
	const char *owner;         /* field with the address of the person */
	const char *field, *value; /* only when this field has that value */
	const char *vary;          /* each value of this field is counted for itself */
	int64_t apart_s;           /* one in so many seconds */
	bool officers;             /* told to these, of the person */
	bool transparency;         /* as audit.owner_sees says */
	bool last;                 /* no further rule of the event applies */
};

static const struct rule rules[] = {
	{EV_LOGIN_UNUSUAL, NOTICE_SIGNIN_UNUSUAL, "user", .apart_s = 3600},
	{EV_LOGIN_UNUSUAL, NOTICE_SIGNIN_UNUSUAL_OFFICER, "user", .apart_s = 3600, .officers = true},
	{EV_DEVICE_SEEN, NOTICE_DEVICE_WAITS, "address", "status", "pending", .vary = "device", .apart_s = 3600},
	{EV_DEVICE_CHANGED, NOTICE_DEVICE_WAITS, "address", .vary = "device", .apart_s = 3600},
	{EV_PASSWORD_CHANGED, NOTICE_PASSWORD_CHANGED, "address", .apart_s = 60},
	{EV_PASSWORD_RESET, NOTICE_RECOVERY_USED, "address", "why", "user.reset", .apart_s = 60, .last = true},
	{EV_PASSWORD_RESET, NOTICE_PASSWORD_RESET, "address", .apart_s = 60},
	{EV_FACTOR_ADDED, NOTICE_FACTOR_ADDED, "address", .vary = "kind", .apart_s = 60},
	{EV_FACTOR_REMOVED, NOTICE_FACTOR_REMOVED, "address", .vary = "kind", .apart_s = 60},
	{EV_ACCESS_OPENED, NOTICE_MAILBOX_OPENED, "owner", .vary = "actor", .apart_s = DAY_S, .transparency = true},
	{EV_ACCESS_RECOVERED, NOTICE_MAILBOX_RECOVERED, "owner", .vary = "actor", .apart_s = 60, .transparency = true},
	{EV_SENDING_SUSPENDED, NOTICE_SENDING_SUSPENDED, "address", .apart_s = 60},
	{EV_SENDING_SUSPENDED, NOTICE_SENDING_SUSPENDED_OFFICER, "address", .apart_s = 60, .officers = true},
	{EV_SENDING_RESTORED, NOTICE_SENDING_RESTORED, "address", .apart_s = 60},
	{EV_ACCOUNT_ISOLATED, NOTICE_ACCOUNT_ISOLATED, "address", .vary = "kind", .apart_s = 60},
	{EV_ACCOUNT_UNUSED, NOTICE_ACCOUNT_UNUSED, "address", .apart_s = DAY_S / 2},
	{EV_BREAK_GLASS, NOTICE_BREAK_GLASS_OFFICER, "actor", .vary = "op", .apart_s = 60, .officers = true},
	{EV_CONTACT_CHANGED, NOTICE_CONTACT_CHANGED_OFFICER, "address", .apart_s = 60, .officers = true},
	{EV_CERTIFICATE_EXPIRES, NOTICE_CERTIFICATE_EXPIRES, "address", .vary = "id", .apart_s = DAY_S},
	{EV_TLS_EXPIRES, NOTICE_TLS_EXPIRES, "address", .vary = "host", .apart_s = DAY_S},
	{EV_DNS_WRONG, NOTICE_DNS_WRONG, "address", .vary = "domain", .apart_s = 60},
	{EV_REPORTS_FAIL, NOTICE_REPORTS_FAIL, "address", .vary = "domain", .apart_s = 60},
	{EV_REPORTS_TLS_FAIL, NOTICE_REPORTS_TLS_FAIL, "address", .vary = "domain", .apart_s = 60},
};

static int64_t limit_now(const struct notices *n)
{
	return n->host.now(n->host.arg).mono_ms / 1000;
}

static bool may_write(struct notices *n, enum notice notice, struct slice who, struct slice vary, int64_t apart_s)
{
	struct buf key = BUF_INIT(2000);
	buf_printf(&key, "%s\n%.*s\n%.*s", notice_name(notice), SLICE_ARG(who), SLICE_ARG(vary));
	bool may = notice_limit_take(&n->limit, buf_slice(&key), 1, apart_s, limit_now(n));
	buf_free(&key);
	return may && notice_limit_take(&n->limit, who, NOTICES_PER_DAY, DAY_S, limit_now(n));
}

static void apply(struct notices *n, const struct rule *r, struct slice who, const struct log_field *fields)
{
	if ((r->transparency && !n->settings.owner_sees) || who.n == 0 || who.n >= ADDRESS_MAX)
		return;
	if (!may_write(n, r->notice, who, field_text(fields, r->vary), r->apart_s))
		return;
	struct letter *l = letter_new(n, r->notice);
	if (l == NULL)
		return;
	memcpy(l->address, who.p, who.n);
	l->named = true;
	l->officers = r->officers;
	/* There the person's name is one of the arguments. */
	if (r->officers && field_find(fields, SLICE("address")) == NULL && slice_starts(notice_args(r->notice), SLICE("address")))
		buf_printf(&l->args, "address=%.*s\n", SLICE_ARG(who));
	put_args(l, fields);
	letter_start(l);
}

void notices_event(struct notices *n, enum log_event event, const struct log_field *fields)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		const struct rule *r = &rules[i];
		if (r->event != event || (r->field != NULL && !slice_eq(field_text(fields, r->field), slice_str(r->value))))
			continue;
		apply(n, r, field_text(fields, r->owner), fields);
		if (r->last)
			return;
	}
}

bool notices_send(struct notices *n, const uint8_t account[16], enum notice notice, const struct log_field *args)
{
	if (!may_write(n, notice, slice_make(account, 16), SLICE_NONE, 60))
		return false;
	struct letter *l = letter_new(n, notice);
	if (l == NULL)
		return false;
	memcpy(l->account, account, sizeof l->account);
	put_args(l, args);
	letter_start(l);
	return true;
}

void notices_code(struct notices *n, const struct auth_factor_send *send)
{
	struct letter *l = letter_new(n, NOTICE_SIGNIN_CODE);
	if (l == NULL)
		return;
	l->code = true;
	memcpy(l->account, send->account, sizeof l->account);
	memcpy(l->address, send->to, sizeof l->address);
	buf_printf(&l->args, "code=%s\nminutes=%d\n", send->code, (int)(FACTOR_CHALLENGE_MS / MINUTES_MS(1)));
	letter_start(l);
}

/* ---- life ---- */

struct notices *notices_create(struct directory *directory, const struct auth_host *host, const struct notices_settings *settings)
{
	struct notices *n = memory_alloc(sizeof *n);
	n->directory = directory;
	n->host = *host;
	n->settings = *settings;
	list_init(&n->letters);
	random_bytes(n->limit.key, sizeof n->limit.key);
	return n;
}

void notices_configure(struct notices *n, const struct notices_settings *settings)
{
	n->settings = *settings;
}

unsigned notices_waiting(const struct notices *n)
{
	return n->waiting;
}

void notices_destroy(struct notices **np)
{
	if (*np == NULL)
		return;
	while (!list_empty(&(*np)->letters))
		letter_free(LIST_ITEM((*np)->letters.next, struct letter, node));
	MEMORY_FREE(np);
}
