/*
 * How Han characters of names are read: pinyin without tones, in ASCII letters (v stands for u with dots), from a table that is made of ICU's rules when
 * the program is built. Simplified and traditional characters alike. Characters that names commonly read in several ways have several readings.
 */
#ifndef BASE_PINYIN_H
#define BASE_PINYIN_H

#include "base/buf.h"

#define PINYIN_FIRST 0x4e00
#define PINYIN_LAST 0x9fff
#define PINYIN_READINGS_MAX 3 /* of one character */

/*
 * The readings of a character, the likeliest first; family: as a surname, which has a reading of its own (Shan, Zeng, Qiu). 0: it has none here. Static text.
 */
size_t pinyin_readings(uint32_t c, bool family, struct slice ret[PINYIN_READINGS_MAX]);
/* Of a surname of two characters at the start of `name` (Ouyang, Zhangsun): its two readings; NULL: there is none. */
const char *const *pinyin_double_family(struct slice name);

#endif
