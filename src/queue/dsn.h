/*
 * What filter must know to compose a delivery status notification (RFC 3464): FILTER_DSN.report. queue fills it from its ledger;
 * the letter that it is about comes beside it as a sealed record, so no subject or body passes here.
 */
#ifndef QUEUE_DSN_H
#define QUEUE_DSN_H

#include "base/arena.h"
#include "base/buf.h"

enum dsn_kind { DSN_FAILURE = 1, DSN_DELAY = 2, DSN_SUCCESS = 3 };
/* RFC 3464 2.3.3 */
enum dsn_action { DSN_FAILED = 1, DSN_DELAYED = 2, DSN_DELIVERED = 3, DSN_RELAYED = 4, DSN_EXPANDED = 5 };

#define DSN_RECIPIENTS_MAX 1100

struct dsn_recipient {
	enum dsn_action action;
	struct slice final;         /* address that was tried, without <> */
	struct slice original;      /* ORCPT as given ("rfc822;…", xtext kept) or empty */
	struct slice status;        /* enhanced code "5.1.1"; empty: by action */
	uint16_t code;              /* reply of the peer, 0: none */
	struct slice diagnostic;    /* its text, one line; empty: none */
	struct slice remote;        /* "mx.example.org [192.0.2.1]" or empty */
	int64_t last_attempt_ms;    /* 0: none */
	int64_t retry_until_ms;     /* DELAYED: when it is given up; 0: not told */
};

struct dsn_report {
	enum dsn_kind kind;
	struct slice fact;          /* job.dsn_fact: a MACed recipient fact of who receives the notification */
	struct slice domain;        /* that it is from; empty: our host name */
	struct slice signer;        /* MACed sender fact whose keys sign it (auth/signer.h); empty: nothing does */
	struct slice language;      /* of who reads it: en, zh-CN, zh-TW; empty: that of the organisation */
	struct slice envid;         /* xtext as given, or empty */
	uint8_t ret;                /* as job.ret: 0 default (header only), 1 FULL, 2 HDRS */
	bool requiretls;            /* of the letter: the notification asks for it too and holds no body (RFC 8689 5) */
	bool smtputf8;              /* the letter needed SMTPUTF8: message/global-… (RFC 6533) */
	struct slice cid;           /* for Received and the log */
	struct slice queue_id;      /* shown to people, or empty */
	int64_t arrival_ms;         /* job.received_ms */
	int64_t now_ms;             /* wall clock */
	struct dsn_recipient *recipients;
	size_t recipient_count;     /* 1 … DSN_RECIPIENTS_MAX */
};

void dsn_report_encode(const struct dsn_report *report, struct buf *out);
/* Slices point into `data`. 0, ERR_INVALID or ERR_LIMIT. */
int dsn_report_decode(struct slice data, struct arena *arena, struct dsn_report *ret);

#endif
