/*
 * The signature files of our own in clamd's database folder (malware.signature_folder), each with a detached signature by malware.signature_key beside it
 * (crypt/minisign.h). Who carries them there uses it, and who judges their age.
 */
#ifndef CONF_SIGNATURES_H
#define CONF_SIGNATURES_H

#include "conf/config.h"

#define SIGNATURES_FILE_MAX (64u << 20) /* bytes of one */
#define SIGNATURES_MAX 64               /* files that are looked at */
#define SIGNATURES_NAME_MAX 120
#define SIGNATURES_PREFIX "letterlock-"
#define SIGNATURES_SUFFIX ".minisig"

struct signature_file {
	char name[SIGNATURES_NAME_MAX];
	int64_t made_s;   /* the time that was signed, unix seconds; 0: no signature that holds */
	int64_t stamp[6]; /* size, change and number of the file and of its signature */
};

/* Is it a name of a file that clamd reads as signatures in text, without a signature of its maker (.cvd)? */
bool signatures_name_usable(const char *name);
/*
 * What lies there. files and *count are those of the last look, or none: what has not changed is not verified again. 0; ERR_NOT_FOUND: there is no such
 * folder; ERR_IO, ERR_LIMIT (more than SIGNATURES_MAX): *count is 0.
 */
int signatures_look(const struct config *c, struct signature_file files[SIGNATURES_MAX], size_t *count, struct error *err);
/* The time of the one of that name now; 0: none, or none that holds. */
int64_t signatures_time(const struct config *c, const char *name);

enum signatures_state { SIGNATURES_FRESH, SIGNATURES_OLD, SIGNATURES_STALE, SIGNATURES_UNSIGNED };
/* By malware.old and malware.stale. */
enum signatures_state signatures_state(const struct config *c, int64_t made_s, int64_t now_s);

#endif
