#include "role/mail_confidential.h"

#include <string.h>
#include <time.h>

#include "base/codec.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "jmap/mail.h"
#include "mailbox/restricted.h"
#include "mime/structure.h"
#include "store/confidential.h"
#include "sys/file.h"

#define LINE 78              /* of the sealed part: base64 in lines of 76 characters and CRLF, as filter writes it */
#define STEP (LINE * 13440u) /* bytes of it that are opened in one round of the loop */
#define ID_MAX 64
#define MARK_MAX 1000

struct opening {
	struct mail_exchange *x;      /* held */
	struct mail_confidential letter;
	enum mail_confidential_use use;
	mail_confidential_fn *fn;
	void *arg;
	uint64_t at;                  /* of the sealed part */
	struct confidential_reader reader;
	struct buf raw, sealed, plain;
	int fd;
	unsigned status;              /* when it fails */
	struct buf mark;
};

/* ---- finding it ---- */

static const struct mime_part *sealed_part(const struct digest *digest)
{
	const struct mime_part *text = digest->root != NULL ? digest->root->children : NULL, *part = text != NULL ? text->next : NULL;

	return part != NULL && slice_eq(part->type, SLICE("application")) && slice_eq(part->subtype, SLICE(CONFIDENTIAL_TYPE)) ? part : NULL;
}

int mail_confidential_find(struct mail_exchange *x, const uint8_t email_id[16], struct mail_confidential *ret)
{
	struct account *mail = x->person->seen;
	const struct mime_part *part;
	struct jmap_email email;
	struct digest digest;
	struct slice encoded;
	uint32_t prefix;
	int rc = jmap_email_find(mail, email_id, &x->arena, &email);

	if (rc == 0)
		rc = mail->ops->digest(mail, &email.rows[0].mailbox, email.rows[0].uid, false, &x->arena, &encoded, &prefix, NULL);
	if (rc == 0)
		rc = digest_decode_structure(encoded, &x->arena, &digest);
	if (rc < 0)
		return rc;
	part = digest.secret != NULL ? sealed_part(&digest) : NULL;
	if (part == NULL)
		return ERR_NOT_FOUND;
	*ret = (struct mail_confidential){.secret = digest.secret, .mailbox = email.rows[0].mailbox, .uid = email.rows[0].uid,
		.expired = digest.secret->ends && digest.secret->expires_unix <= moment_unix(loop_now(mail_http_context(x)->loop)),
		.text_start = prefix + digest.root->children->body_start, .text_end = prefix + digest.root->children->body_end,
		.start = prefix + part->body_start, .end = prefix + part->body_end};
	memcpy(ret->email_id, email_id, sizeof ret->email_id);
	return 0;
}

bool mail_confidential_blob(struct slice id, uint8_t ret_email_id[16], unsigned *ret_part)
{
	uint8_t text[ID_MAX];

	if (id.n == 0 || id.n > sizeof text || id.p[0] != 'C')
		return false;
	memcpy(text, id.p, id.n);
	text[0] = 'B';
	return jmap_blob_parse(slice_make(text, id.n), ret_email_id, ret_part) && *ret_part > 0;
}

/* ---- what is told ---- */

/* The first time in this sign-in. */
static bool remember(struct mail_http *p, const uint8_t email_id[16])
{
	for (size_t i = 0; i < MAIL_OPENED_MAX; i++)
		if (memcmp(p->opened[i], email_id, sizeof p->opened[i]) == 0)
			return false;
	memcpy(p->opened[p->opened_next++ % MAIL_OPENED_MAX], email_id, sizeof p->opened[0]);
	return true;
}

static void tell(struct mail_http *p, const struct mail_confidential *letter)
{
	struct buf id = BUF_INIT(64);

	if (!remember(p, letter->email_id))
		return;
	jmap_id_print('M', letter->email_id, &id);
	log_event(EV_MAIL_CONFIDENTIAL_OPENED, LOG_STR("cid", p->cid), LOG_STR("ip", p->address), LOG_TEXT("user", p->account->login), LOG_STR("actor", p->use.actor),
	          LOG_TEXT("letter", buf_slice(&id)));
	buf_free(&id);
}

/* ---- the end ---- */

static void opening_free(struct opening *o)
{
	struct mail_exchange *x = o->x;

	confidential_close(&o->reader);
	buf_free(&o->raw);
	buf_free(&o->sealed);
	buf_free_secret(&o->plain);
	buf_free(&o->mark);
	file_close(&o->fd);
	x->person->openings--;
	memory_free(o);
	mail_http_drop(x);
}

static void give_up(void *arg)
{
	struct opening *o = arg;

	o->fn(o->arg, o->status, NULL);
	opening_free(o);
}

static void fail_soon(struct opening *o, unsigned status)
{
	o->status = status;
	loop_defer(mail_http_context(o->x)->loop, give_up, o);
}

static void give(struct opening *o)
{
	struct file_map map = FILE_MAP_NONE;
	struct mail_view_inner inner = {.mark = buf_slice(&o->mark)};
	int rc = memfd_map(o->fd, CONFIDENTIAL_PLAIN_MAX, &map, NULL);

	if (rc == 0)
		rc = confidential_split(map.content, &inner.digest, &inner.letter);
	if (rc == 0) {
		mail_http_enter(o->x->person);
		tell(o->x->person, &o->letter);
		o->fn(o->arg, 200, &inner);
		mail_http_leave(o->x->person);
	} else {
		o->fn(o->arg, 503, NULL);
	}
	file_unmap(&map);
	opening_free(o);
}

/* ---- who looks ---- */

/* One line; what could end it or is no text becomes a blank. */
static void line_put(struct slice text, struct buf *out)
{
	size_t at = buf_len(out);

	utf8_append_clean(out, slice_sub(text, 0, MARK_MAX / 4));
	for (size_t i = at; i < buf_len(out); i++)
		if (out->data[out->start + i] < ' ')
			out->data[out->start + i] = ' ';
	buf_append_byte(out, '\n');
}

static void mark_make(struct opening *o, struct slice name)
{
	const struct mail_http *p = o->x->person;
	time_t now = (time_t)moment_unix(loop_now(mail_http_context(o->x)->loop));
	struct tm tm = {0};

	if (p->use.actor[0] != 0)
		line_put(slice_str(p->use.actor), &o->mark);
	else if (name.n > 0)
		line_put(name, &o->mark);
	line_put(p->account->login, &o->mark);
	if (gmtime_r(&now, &tm) != NULL)
		buf_printf(&o->mark, "%04d-%02d-%02d %02d:%02d UTC\n", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min);
}

/* Without a name the address says enough. */
static void on_identity(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct opening *o = arg;
	const struct ipc_auth_identity_reply *reply = message;

	mark_make(o, outcome == IPC_OK ? reply->name : SLICE_NONE);
	if (mail_http_is_gone(o->x))
		fail_soon(o, 503);
	else
		give(o);
}

static void ask_name(struct opening *o)
{
	const struct mail_http *p = o->x->person;
	struct ipc_auth_identity request = {.cid = slice_str(p->cid), .credential = p->stands.credential, .proof = p->stands.proof};

	memcpy(request.account.b, p->account->id, sizeof request.account.b);
	memcpy(request.delegate.b, p->stands.delegate, sizeof request.delegate.b);
	ipc_request(mail_http_context(o->x)->ipc, IPC_AUTH_IDENTITY, IPC_ANY, &request, on_identity, o);
}

/* ---- opening ---- */

/* Whole lines. The account as nobody's session sees it: these bytes go to no client, and what does was allowed before. */
static int open_some(struct opening *o)
{
	struct store_account *store = o->x->person->account->store;
	struct account *mail = store != NULL ? store_account_mailboxes(store) : NULL;
	uint64_t left = o->letter.end - o->at, n = left < STEP ? left : STEP;
	int rc = mail == NULL ? ERR_CLOSED : mail->ops->read(mail, &o->letter.mailbox, o->letter.uid, o->at, n, &o->raw, NULL);

	o->at += n;
	if (rc == 0) {
		(void)base64_decode_lenient(buf_slice(&o->raw), &o->sealed);
		rc = confidential_read(&o->reader, buf_slice(&o->sealed), &o->plain);
	}
	if (rc == 0)
		rc = o->sealed.failed ? ERR_LIMIT : file_write_all(o->fd, buf_slice(&o->plain), NULL);
	buf_clear(&o->raw);
	buf_clear(&o->sealed);
	buf_clear(&o->plain);
	return rc;
}

static bool is_read(const struct opening *o)
{
	return o->at >= o->letter.end;
}

static void open_on(void *arg)
{
	struct opening *o = arg;
	int rc = ERR_CLOSED;

	if (!mail_http_is_gone(o->x)) {
		mail_http_enter(o->x->person);
		rc = open_some(o);
		mail_http_leave(o->x->person);
	}
	if (rc == 0 && is_read(o))
		rc = confidential_is_whole(&o->reader) ? memfd_seal(o->fd, NULL) : ERR_DAMAGED;
	if (rc < 0)
		fail_soon(o, 503);
	else if (is_read(o))
		ask_name(o);
	else
		loop_defer(mail_http_context(o->x)->loop, open_on, o);
}

/* What is opened counts as reading what is said outside; attachments become pictures of all that lies there. */
static int allowed(const struct opening *o)
{
	struct account *mail = o->x->person->seen;
	const struct mail_confidential *l = &o->letter;
	bool depict = o->use == MAIL_CONFIDENTIAL_ATTACHMENT;
	uint64_t from = depict ? l->start : l->text_start, to = depict ? l->end : l->text_end;
	int rc;

	restricted_account_depict(mail, depict);
	rc = mail->ops->give != NULL ? mail->ops->give(mail, &l->mailbox, l->uid, from, to - from, NULL) : 0;
	restricted_account_depict(mail, false);
	return rc;
}

void mail_confidential_open(struct mail_exchange *x, const struct mail_confidential *letter, enum mail_confidential_use use, mail_confidential_fn *fn,
                            void *arg)
{
	struct opening *o = memory_alloc(sizeof *o);

	*o = (struct opening){.x = x, .letter = *letter, .use = use, .fn = fn, .arg = arg, .fd = -1, .at = letter->start, .raw = BUF_INIT(STEP), .sealed = BUF_INIT(STEP), .plain = BUF_INIT(2 * STEP),
		.mark = BUF_INIT(MARK_MAX)};
	mail_http_hold(x);
	x->person->openings++;
	if (letter->expired)
		fail_soon(o, 410);
	else if (x->person->openings > MAIL_OPENINGS_MAX || (o->fd = memfd_new("letter", NULL)) < 0)
		fail_soon(o, 503);
	else if (allowed(o) < 0)
		fail_soon(o, 403);
	else {
		confidential_open(&o->reader, o->letter.secret->key);
		loop_defer(mail_http_context(x)->loop, open_on, o);
	}
}
