/* The file inside of a report that leaves. Internal to filter/report*.c. */
#ifndef FILTER_REPORT_FILE_H
#define FILTER_REPORT_FILE_H

#include "filter/report.h"

struct filter_report_file {
	struct slice organisation, email, id;  /* given */
	struct slice subject, filename;        /* made, in the arena */
};

/* Each appends the file, not packed yet. 0 or ERR_INVALID: rows that make no sense. */
int filter_report_dmarc(const struct filter_report *r, const struct filter_settings *settings, struct arena *arena, struct filter_report_file *file,
                        struct buf *out);
int filter_report_tls(const struct filter_report *r, const struct filter_settings *settings, struct arena *arena, struct filter_report_file *file,
                      struct buf *out);

#endif
