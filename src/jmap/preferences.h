/*
 * Preferences of the webmail, kept with the account so that every browser of a person has them: an extension of our own. The one object, id "singleton",
 * has whatever members the page gives it; the server knows nothing of their meaning.
 */
#ifndef JMAP_PREFERENCES_H
#define JMAP_PREFERENCES_H

#include "jmap/method.h"

#define JMAP_PREFERENCES_NOTE "jmap.preferences"
#define JMAP_PREFERENCES_MAX 200000     /* bytes of all, as JSON */
#define JMAP_PREFERENCE_NAME_MAX 64     /* letters, digits, '-' and '_' */
#define JMAP_PREFERENCES_COUNT_MAX 200

/* A new object, empty when nothing is kept. 0 or negative. */
int jmap_preferences_load(struct account *mail, json_t **ret);
/* ERR_LIMIT; ERR_DENIED. */
int jmap_preferences_keep(struct account *mail, const json_t *kept);

#endif
