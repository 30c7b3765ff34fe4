/* Certificates: from a request of the ledger to its end. */
#include "auth/authority_private.h"

#include <string.h>

#include "auth/directory_device.h"
#include "auth/directory_sso.h"
#include "base/codec.h"
#include "crypt/hash.h"

#define WAITING_MAX 20
#define UNTOLD_MAX 100

/* ---- issuing ---- */

static int64_t end_of(const struct authority *a, const struct authority_row *authority, const struct issued *row, int64_t now)
{
	unsigned days = row->days > 0 && row->days < a->settings.days ? row->days : a->settings.days;
	int64_t end = now + days * AUTHORITY_DAY_S;
	return end < authority->not_after ? end : authority->not_after;
}

static int sign(struct authority *a, const struct authority_row *authority, struct issued *row, struct arena *arena, struct error *err)
{
	struct buf der = BUF_INIT(MAIL_CA_DER_MAX);
	int64_t now = authority_now(a);
	struct mail_ca_device what = {.spki = row->spki, .address = row->address, .device = row->device, .not_before = now - AUTHORITY_SKEW_S,
		.not_after = end_of(a, authority, row, now), .crl_url = a->settings.crl_url};
	memcpy(what.serial, row->serial, sizeof what.serial);
	memcpy(what.account, row->account, sizeof what.account);
	bool ok = authority->has_key && a->host->ca_issue(a->host->arg, authority->key, &what, &der);
	row->authority = authority->id;
	row->issued = now;
	row->not_after = what.not_after;
	row->certificate = arena_dup(arena, buf_slice(&der));
	hash_sha256(row->certificate, row->fingerprint);
	buf_free(&der);
	return ok ? 0 : error_set(err, ERR_TEMPORARY, "the certificate could not be signed now");
}

/* For the end of its sessions, and where certificates of others are looked up. */
static int add_to_account(struct authority *a, const struct issued *row, struct error *err)
{
	struct directory_certificate c = {.credential = row->credential, .label = row->label, .not_after = row->not_after, .created = row->issued};
	memcpy(c.account, row->account, sizeof c.account);
	memcpy(c.fingerprint, row->fingerprint, sizeof c.fingerprint);
	return directory_certificate_add(a->directory, &c, err);
}

int authority_issue(struct authority *a, struct issued *row, struct slice approver, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct authority_row authority;
	int rc = directory_authority_active(a->directory, AUTHORITY_ISSUING, &arena, &authority);
	if (rc == 0 && authority.not_after <= authority_now(a) + AUTHORITY_DAY_S)
		rc = ERR_NOT_FOUND;
	if (rc == 0 && !authority_covers(&authority, address_domain_of(row->address)))
		rc = error_set(err, ERR_UNSUPPORTED, "the authority is not for this domain");
	if (rc == 0)
		rc = sign(a, &authority, row, &arena, err);
	row->approver = approver;
	if (rc == 0)
		rc = directory_issued_good(a->directory, row, err);
	if (rc == 0)
		rc = add_to_account(a, row, err);
	if (rc == 0)
		row->state = ISSUED_GOOD;
	row->certificate = SLICE_NONE; /* it was in this arena; the ledger has it */
	arena_free(&arena);
	return rc;
}

int authority_issue_device(struct authority *a, uint32_t device, struct slice approver, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct issued *rows = arena_alloc_array(&arena, WAITING_MAX, sizeof *rows);
	int count = directory_issued_waiting(a->directory, device, &arena, rows, WAITING_MAX), rc = count < 0 ? count : 0;
	for (int i = 0; i < count && rc == 0; i++)
		rc = authority_issue(a, &rows[i], approver, err);
	arena_free(&arena);
	return rc;
}

/* ---- ending ---- */

/* The trigger behind the credential changes the state (auth/directory_schema_ca.h). */
int authority_revoke(struct authority *a, const struct issued *row, enum mail_ca_reason reason, struct slice revoker, struct error *err)
{
	int rc = directory_issued_ending(a->directory, row->id, reason, revoker, err);
	return rc == 0 ? directory_credential_remove(a->directory, row->account, row->credential, WRAP_CERTIFICATE, err) : rc;
}

const char *authority_problem(struct directory *d, const struct issued *row, const uint8_t account[16], uint32_t credential, int64_t now)
{
	struct arena arena = ARENA_INIT;
	struct authority_row authority;
	struct credential_rule rule;
	const char *why = NULL;
	if (row->state != ISSUED_GOOD)
		why = row->state == ISSUED_REVOKED ? "the certificate is revoked" : "the certificate is not issued";
	else if (now >= row->not_after)
		why = "the certificate has expired";
	else if (memcmp(row->account, account, 16) != 0 || row->credential != credential)
		why = "the ledger has the certificate for another account";
	else if (directory_authority_get(d, row->authority, &arena, &authority) != 0 || authority.state == AUTHORITY_ENDED)
		why = "the authority of the certificate is not trusted any more";
	else if (directory_rule_get(d, credential, &arena, &rule) != 0 || rule.device != row->device)
		why = "the certificate is of a device that is not there any more";
	arena_free(&arena);
	return why;
}

/* ---- what is new in the ledger ---- */

/* Nobody said why its credential went: perhaps the account did. */
static enum mail_ca_reason reason_of(struct authority *a, const struct issued *row, struct arena *arena)
{
	struct account account;
	if (row->state != ISSUED_REVOKED || row->reason != MAIL_CA_CESSATION || row->revoker.n > 0)
		return row->reason;
	int rc = directory_account_get(a->directory, row->account, arena, &account);
	return rc == ERR_NOT_FOUND || (rc == 0 && account.state != ACCOUNT_ACTIVE) ? MAIL_CA_AFFILIATION_CHANGED : MAIL_CA_CESSATION;
}

static void tell_one(struct authority *a, const struct issued *row, enum mail_ca_reason reason, struct arena *arena)
{
	struct slice serial = authority_serial(row->serial, arena);
	switch (row->state) {
	case ISSUED_REQUESTED:
		authority_event(a, EV_CERTIFICATE_REQUESTED, LOG_TEXT("actor", row->address), LOG_TEXT("address", row->address), LOG_TEXT("id", serial),
			LOG_NUM("credential", row->credential), LOG_NUM("device", row->device));
		break;
	case ISSUED_GOOD:
		authority_event(a, EV_CERTIFICATE_ISSUED, LOG_TEXT("actor", row->address), LOG_TEXT("approver", row->approver),
			LOG_TEXT("address", row->address), LOG_TEXT("id", serial), LOG_NUM("credential", row->credential), LOG_NUM("device", row->device),
			LOG_NUM("until", row->not_after));
		break;
	case ISSUED_REVOKED:
		authority_event(a, EV_CERTIFICATE_REVOKED, LOG_TEXT("actor", row->revoker), LOG_TEXT("address", row->address), LOG_TEXT("id", serial),
			LOG_NUM("credential", row->credential), LOG_NUM("device", row->device), LOG_STR("why", mail_ca_reason_name(reason)));
		break;
	case ISSUED_WITHDRAWN:
		authority_event(a, EV_CERTIFICATE_WITHDRAWN, LOG_TEXT("actor", row->revoker), LOG_TEXT("address", row->address), LOG_TEXT("id", serial),
			LOG_NUM("device", row->device));
		break;
	}
}

static int note_one(struct authority *a, const struct issued *row, struct arena *arena, struct error *err)
{
	enum mail_ca_reason reason = reason_of(a, row, arena);
	int rc = directory_begin(a->directory, err);
	if (rc == 0)
		rc = directory_issued_told(a->directory, row->id, reason, authority_now(a), err);
	if (rc == 0 && row->state == ISSUED_REVOKED)
		rc = directory_authority_due(a->directory, row->authority, err);
	if (rc == 0)
		rc = directory_commit(a->directory, err);
	directory_rollback(a->directory);
	if (rc != 0)
		return rc;
	tell_one(a, row, reason, arena);
	if (row->state == ISSUED_REVOKED) {
		a->lists_due = true;
		a->host->revoke(a->host->arg, row->account, row->credential);
	}
	return 0;
}

void authority_sweep(struct authority *a)
{
	struct arena arena = ARENA_INIT;
	struct error err = {0};
	struct issued *rows = arena_alloc_array(&arena, UNTOLD_MAX, sizeof *rows);
	int count, rc = 0;
	do {
		count = directory_issued_untold(a->directory, &arena, rows, UNTOLD_MAX);
		for (int i = 0; i < count && rc == 0; i++)
			rc = note_one(a, &rows[i], &arena, &err);
	} while (rc == 0 && count == UNTOLD_MAX);
	if (rc != 0)
		authority_event(a, EV_INTERNAL, LOG_STR("what", "ledger of certificates"), LOG_STR("why", err.private_text));
	arena_free(&arena);
	if (a->lists_due)
		authority_lists(a);
}
