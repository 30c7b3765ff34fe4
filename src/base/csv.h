/* Lines of comma-separated values (RFC 4180 2; there are no line breaks inside of fields). */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include "base/arena.h"
#include "base/error.h"

#define CSV_LINE_MAX 8192

/*
 * Splits a line, without its line end, into fields, which lie in the arena: without quotes, or without white space around them. An empty line has
 * one empty field. ERR_LIMIT: it is longer than CSV_LINE_MAX or has more than `max` fields; ERR_INVALID: quotes are not right. err says which.
 */
int csv_fields(struct slice line, struct arena *arena, struct slice *ret, size_t max, size_t *ret_count, struct error *err);

#endif
