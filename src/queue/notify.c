#include "queue/notify.h"

#include "base/ensure.h"

/* What NOTIFY must contain; a recipient without NOTIFY stands for FAILURE and DELAY (RFC 3461 4.1 leaves delays to us). */
static const uint8_t needed[] = {
	[OUTCOME_FAILED] = NOTIFY_FAILURE,
	[OUTCOME_DELAYED] = NOTIFY_DELAY,
	[OUTCOME_RELAYED] = NOTIFY_SUCCESS,
	[OUTCOME_DELIVERED] = NOTIFY_SUCCESS,
	[OUTCOME_PASSED_ON] = 0,
};

bool notify_double_bounce(const struct job *job)
{
	return job->reverse_path.n == 0 || job->is_dsn;
}

bool notify_wanted(const struct job *job, const struct job_recipient *recipient, enum notify_outcome outcome)
{
	uint8_t notify = recipient->notify ? recipient->notify : NOTIFY_FAILURE | NOTIFY_DELAY;
	ENSURE((size_t)outcome < ARRAY_LEN(needed));
	if (notify_double_bounce(job) || job->dsn_fact.n == 0 || notify & NOTIFY_NEVER)
		return false;
	return (notify & needed[outcome]) != 0;
}

enum dsn_action notify_action(enum notify_outcome outcome)
{
	switch (outcome) {
	case OUTCOME_FAILED:
		return DSN_FAILED;
	case OUTCOME_DELAYED:
		return DSN_DELAYED;
	case OUTCOME_DELIVERED:
		return DSN_DELIVERED;
	case OUTCOME_RELAYED:
	case OUTCOME_PASSED_ON:
		return DSN_RELAYED;
	}
	UNREACHABLE();
}

enum dsn_kind notify_kind(enum notify_outcome outcome)
{
	switch (outcome) {
	case OUTCOME_FAILED:
		return DSN_FAILURE;
	case OUTCOME_DELAYED:
		return DSN_DELAY;
	case OUTCOME_DELIVERED:
	case OUTCOME_RELAYED:
	case OUTCOME_PASSED_ON:
		return DSN_SUCCESS;
	}
	UNREACHABLE();
}
