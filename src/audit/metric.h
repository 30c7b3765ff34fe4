/*
 * Counters that come from records: Prometheus text of the names of docs/audit.md. Labels are few by construction: their values are taken
 * from a list in the table, everything else counts as "other".
 */
#ifndef AUDIT_METRIC_H
#define AUDIT_METRIC_H

#include "audit/record.h"

struct audit_metrics;

struct audit_metrics *audit_metrics_create(void);
void audit_metrics_free(struct audit_metrics **metrics);
void audit_metrics_count(struct audit_metrics *m, const struct audit_event *event);
/* Records of one class so far. */
uint64_t audit_metrics_class(const struct audit_metrics *m, enum log_class class);
/* Appends the exposition format (text/plain; version=0.0.4) of all counters. */
void audit_metrics_print(const struct audit_metrics *m, struct buf *out);

#endif
