#include "queue/job.h"

#include <string.h>
#include "base/ascii.h"
#include "base/error.h"

#define JOB_VERSION 1
#define JOB_RECIPIENTS_MAX 1100  /* those of a record: store/seal.h SEAL_READERS_MAX */
#define JOB_ADDRESS_MAX 1024     /* RFC 5321 4.5.3.1.3 has 256; SMTPUTF8 and xtext make them longer */
#define JOB_ENVID_MAX 400        /* RFC 3461 4.4: 100 characters, before xtext */
#define JOB_FACT_MAX 8192
#define RESULT_TEXT_MAX 500

enum { FLAG_SMTPUTF8 = 1, FLAG_8BIT = 2, FLAG_BINARY = 4, FLAG_REQUIRETLS = 8, FLAG_DSN = 16, FLAG_HELD = 32, FLAG_REVIEWER = 64, FLAG_MORE = 128 };
enum { MORE_CLIENT = 1, MORE_FORWARD = 2, MORE_SUBMISSION = 4, MORE_ANY_TLS = 8, MORE_ALL = 15 }; /* a byte of its own, where FLAG_MORE says so */
enum { RECIPIENT_LOCAL = 1, RECIPIENT_FORWARDED = 2, RECIPIENT_ALL = 3 };
enum { NOTIFY_ALL = NOTIFY_NEVER | NOTIFY_SUCCESS | NOTIFY_FAILURE | NOTIFY_DELAY };

static void encode_recipient(const struct job_recipient *r, struct buf *out)
{
	buf_put_u8(out, (uint8_t)((r->local ? RECIPIENT_LOCAL : 0) | (r->forwarded ? RECIPIENT_FORWARDED : 0)));
	buf_put_u8(out, r->notify);
	if (r->local)
		buf_append_bytes(out, r->account, sizeof r->account);
	buf_put_bytes(out, r->address);
	buf_put_bytes(out, r->original);
}

/* Only where its flags say so: earlier jobs have none. */
static void encode_held(const struct job *job, struct buf *out)
{
	if (job->held.n == 0)
		return;
	buf_put_bytes(out, slice_sub(job->held, 0, JOB_HELD_MAX));
	if (job->has_reviewer)
		buf_append_bytes(out, job->reviewer, sizeof job->reviewer);
}

static bool has_client(const struct job_client *c)
{
	return c->address.n > 0 || c->name.n > 0 || c->helo.n > 0 || c->login.n > 0;
}

static uint8_t more_of(const struct job *job)
{
	return (uint8_t)((has_client(&job->client) ? MORE_CLIENT : 0) | (job->forward_path.n > 0 ? MORE_FORWARD : 0) |
		(job->submission.known ? MORE_SUBMISSION : 0) | (job->any_tls ? MORE_ANY_TLS : 0));
}

static uint8_t flags_of(const struct job *job)
{
	return (uint8_t)((job->smtputf8 ? FLAG_SMTPUTF8 : 0) | (job->body_8bit ? FLAG_8BIT : 0) | (job->body_binary ? FLAG_BINARY : 0) |
		(job->requiretls ? FLAG_REQUIRETLS : 0) | (job->is_dsn ? FLAG_DSN : 0) | (job->held.n > 0 ? FLAG_HELD : 0) |
		(job->held.n > 0 && job->has_reviewer ? FLAG_REVIEWER : 0) | (more_of(job) != 0 ? FLAG_MORE : 0));
}

static void encode_client(const struct job_client *c, struct buf *out)
{
	buf_put_u8(out, c->esmtp);
	buf_put_bytes(out, c->address);
	buf_put_bytes(out, c->name);
	buf_put_bytes(out, c->helo);
	buf_put_bytes(out, c->login);
}

static void encode_submission(const struct job_submission *s, struct buf *out)
{
	buf_put_u8(out, s->follows);
	buf_append_bytes(out, s->id, sizeof s->id);
	buf_put_u64(out, (uint64_t)s->due_ms);
	buf_put_bytes(out, slice_sub(s->data, 0, JOB_DATA_MAX));
}

static void encode_more(const struct job *job, struct buf *out)
{
	uint8_t more = more_of(job);
	if (more != 0)
		buf_put_u8(out, more);
	if (more & MORE_CLIENT)
		encode_client(&job->client, out);
	if (more & MORE_FORWARD)
		buf_put_bytes(out, job->forward_path);
	if (more & MORE_SUBMISSION)
		encode_submission(&job->submission, out);
}

void job_encode(const struct job *job, struct buf *out)
{
	buf_put_u8(out, JOB_VERSION);
	buf_put_u8(out, flags_of(job));
	buf_put_u8(out, job->ret);
	buf_put_u64(out, (uint64_t)job->received_ms);
	buf_append_bytes(out, job->sender_account, sizeof job->sender_account);
	buf_put_bytes(out, job->reverse_path);
	buf_put_bytes(out, job->envid);
	buf_put_bytes(out, job->cid);
	buf_put_bytes(out, job->dsn_fact);
	encode_held(job, out);
	encode_more(job, out);
	buf_put_u16(out, (uint16_t)job->recipient_count);
	for (size_t i = 0; i < job->recipient_count; i++)
		encode_recipient(&job->recipients[i], out);
}

/* A field of at most `max` bytes. */
static bool get_text(struct slice *s, size_t max, struct slice *ret)
{
	return slice_get_bytes(s, ret) && ret->n <= max;
}

static bool decode_recipient(struct slice *s, struct job_recipient *r)
{
	uint8_t flags;
	if (!slice_get_u8(s, &flags) || flags > RECIPIENT_ALL || !slice_get_u8(s, &r->notify) || r->notify > NOTIFY_ALL)
		return false;
	r->local = flags & RECIPIENT_LOCAL;
	r->forwarded = flags & RECIPIENT_FORWARDED;
	if (r->local && !slice_get_fixed(s, r->account, sizeof r->account))
		return false;
	return get_text(s, JOB_ADDRESS_MAX, &r->address) && get_text(s, JOB_ADDRESS_MAX, &r->original);
}

static bool decode_held(struct slice *s, uint8_t flags, struct job *job)
{
	job->has_reviewer = (flags & FLAG_REVIEWER) != 0;
	if (!(flags & FLAG_HELD))
		return !job->has_reviewer;
	return get_text(s, JOB_HELD_MAX, &job->held) && job->held.n > 0 && !ascii_has_control(job->held)
		&& (!job->has_reviewer || slice_get_fixed(s, job->reviewer, sizeof job->reviewer));
}

static bool decode_client(struct slice *s, struct job_client *c)
{
	uint8_t esmtp;
	if (!slice_get_u8(s, &esmtp) || esmtp > 1)
		return false;
	c->esmtp = esmtp;
	return get_text(s, JOB_ADDRESS_MAX, &c->address) && get_text(s, JOB_ADDRESS_MAX, &c->name) && get_text(s, JOB_ADDRESS_MAX, &c->helo) &&
		get_text(s, JOB_ADDRESS_MAX, &c->login) && has_client(c);
}

static bool decode_submission(struct slice *s, struct job_submission *ret)
{
	uint8_t follows;
	uint64_t due;
	if (!slice_get_u8(s, &follows) || follows > 1 || !slice_get_fixed(s, ret->id, sizeof ret->id) || !slice_get_u64(s, &due) || due > INT64_MAX)
		return false;
	ret->known = true;
	ret->follows = follows;
	ret->due_ms = (int64_t)due;
	return get_text(s, JOB_DATA_MAX, &ret->data);
}

static bool decode_more(struct slice *s, uint8_t flags, struct job *job)
{
	uint8_t more;
	if ((flags & FLAG_MORE) == 0)
		return true;
	if (!slice_get_u8(s, &more) || more == 0 || more > MORE_ALL || ((more & MORE_CLIENT) != 0 && !decode_client(s, &job->client)))
		return false;
	job->any_tls = (more & MORE_ANY_TLS) != 0;
	if ((more & MORE_FORWARD) != 0 && (!get_text(s, JOB_ADDRESS_MAX, &job->forward_path) || job->forward_path.n == 0))
		return false;
	return (more & MORE_SUBMISSION) == 0 || decode_submission(s, &job->submission);
}

static bool decode_head(struct slice *s, struct job *job, uint16_t *ret_count)
{
	uint8_t version, flags;
	uint64_t received;
	if (!slice_get_u8(s, &version) || version != JOB_VERSION || !slice_get_u8(s, &flags))
		return false;
	if (!slice_get_u8(s, &job->ret) || job->ret > 2 || !slice_get_u64(s, &received))
		return false;
	job->smtputf8 = flags & FLAG_SMTPUTF8;
	job->body_8bit = flags & FLAG_8BIT;
	job->body_binary = flags & FLAG_BINARY;
	job->requiretls = flags & FLAG_REQUIRETLS;
	job->is_dsn = flags & FLAG_DSN;
	job->received_ms = (int64_t)received;
	return slice_get_fixed(s, job->sender_account, sizeof job->sender_account) && get_text(s, JOB_ADDRESS_MAX, &job->reverse_path) &&
	       get_text(s, JOB_ENVID_MAX, &job->envid) && get_text(s, JOB_ADDRESS_MAX, &job->cid) &&
	       get_text(s, JOB_FACT_MAX, &job->dsn_fact) && decode_held(s, flags, job) && decode_more(s, flags, job) && slice_get_u16(s, ret_count);
}

/* Takes a job off the front of *s. */
static int decode_from(struct slice *s, struct arena *arena, struct job *ret)
{
	struct job job = {0};
	uint16_t count;
	if (!decode_head(s, &job, &count))
		return ERR_INVALID;
	if (count > JOB_RECIPIENTS_MAX)
		return ERR_LIMIT;
	job.recipients = arena_alloc_array(arena, count ? count : 1, sizeof *job.recipients);
	job.recipient_count = count;
	for (size_t i = 0; i < count; i++) {
		if (!decode_recipient(s, &job.recipients[i]))
			return ERR_INVALID;
	}
	*ret = job;
	return 0;
}

int job_decode(struct slice data, struct arena *arena, struct job *ret)
{
	int rc = decode_from(&data, arena, ret);
	return rc == 0 && data.n != 0 ? ERR_INVALID : rc;
}

void delivery_result_encode(const struct delivery_result *r, struct buf *out)
{
	buf_put_u8(out, r->state);
	buf_put_u16(out, r->code);
	buf_put_bytes(out, r->enhanced);
	buf_put_bytes(out, slice_sub(r->text, 0, RESULT_TEXT_MAX));
	buf_put_bytes(out, r->remote_host);
	buf_put_bytes(out, r->tls);
}

int delivery_result_decode(struct slice *list, struct delivery_result *ret)
{
	struct delivery_result r;
	uint8_t state;
	if (!slice_get_u8(list, &state) || state < DELIVERY_DONE || state > DELIVERY_PERMANENT || !slice_get_u16(list, &r.code))
		return ERR_INVALID;
	r.state = (enum delivery_state)state;
	if (!get_text(list, 16, &r.enhanced) || !get_text(list, RESULT_TEXT_MAX, &r.text) || !get_text(list, JOB_ADDRESS_MAX, &r.remote_host) ||
	    !get_text(list, 200, &r.tls))
		return ERR_INVALID;
	if (!!ascii_has_control(r.enhanced) || !!ascii_has_control(r.text) || !!ascii_has_control(r.remote_host) || !!ascii_has_control(r.tls))
		return ERR_INVALID;
	*ret = r;
	return 0;
}

void relay_job_encode(struct slice destination, const struct job *job, struct buf *out)
{
	buf_put_bytes(out, destination);
	job_encode(job, out);
}

int relay_job_decode(struct slice data, struct arena *arena, struct slice *ret_destination, struct job *ret)
{
	struct slice destination;
	if (!get_text(&data, JOB_ADDRESS_MAX, &destination))
		return ERR_INVALID;
	int rc = job_decode(data, arena, ret);
	if (rc == 0)
		*ret_destination = destination;
	return rc;
}
