/* Tables of ICU are loaded before the jail closes; later calls look for no file. */
#ifndef POLICY_WARM_H
#define POLICY_WARM_H

/* Once per process; includes mime_warm(). Takes a quarter of a second, for the table of pinyin. */
void policy_warm(void);

void host_warm(void);
#endif
