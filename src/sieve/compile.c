#include <stdio.h>

#include "base/ensure.h"
#include "base/error.h"
#include "base/utf8.h"
#include "sieve/script.h"

static const struct slice names[] = {
#define SIEVE_EXTENSION(id, name) [SIEVE_##id] = SLICE_INIT(name),
#include "sieve/extensions.h"
#undef SIEVE_EXTENSION
};

int sieve_extension_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eq(names[i], name))
			return (int)i;
	return -1;
}

const char *sieve_extension_name(enum sieve_extension e)
{
	return e < SIEVE_EXTENSION_COUNT ? (const char *)names[e].p : "";
}

/* RFC 5804 1.7: what every implementation has is not listed, nor are comparators that need no require (RFC 5228 2.7.3). */
void sieve_extensions_print(struct buf *out)
{
	const char *before = "";
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (i == SIEVE_COMPARATOR_OCTET || i == SIEVE_COMPARATOR_ASCII)
			continue;
		buf_append_str(out, before);
		buf_append(out, names[i]);
		before = " ";
	}
}

static bool failed(struct compiler *c, int code, struct sieve_place place, const char *format, va_list args)
{
	if (c->code != 0)
		return false; /* the first one counts */
	c->code = code;
	c->err->place = place;
	vsnprintf(c->err->text, sizeof c->err->text, format, args);
	return false;
}

bool compile_error(struct compiler *c, struct sieve_place place, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	failed(c, ERR_INVALID, place, format, args);
	va_end(args);
	return false;
}

__attribute__((format(printf, 3, 4))) static bool limit(struct compiler *c, struct sieve_place place, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	failed(c, ERR_LIMIT, place, format, args);
	va_end(args);
	return false;
}

bool compile_limit(struct compiler *c, struct sieve_place place, const char *what)
{
	return limit(c, place, "%s", what);
}

bool compile_has(const struct compiler *c, enum sieve_extension e)
{
	return e == SIEVE_CORE || (c->program->required & SIEVE_BIT(e)) != 0;
}

int sieve_compile(struct slice text, struct arena *arena, struct sieve_program **ret, struct sieve_error *err)
{
	struct sieve_program *program = ARENA_NEW(arena, struct sieve_program);
	struct compiler c = {.arena = arena, .program = program, .err = err};
	*err = (struct sieve_error){0};
	program->text = text;
	/* The two that RFC 5228 2.7.3 gives to everybody. */
	program->required = SIEVE_BIT(SIEVE_COMPARATOR_OCTET) | SIEVE_BIT(SIEVE_COMPARATOR_ASCII);
	if (sieve_parse(&c, text, &program->block) && sieve_bind(&c, program->block))
		*ret = program;
	return c.code;
}

/* RFC 5804 1.6: Unicode (RFC 5198 2) without controls and line separators. */
bool sieve_name_valid(struct slice name)
{
	if (name.n == 0 || name.n > SIEVE_NAME_MAX || !utf8_valid(name))
		return false;
	while (name.n > 0) {
		uint32_t c = utf8_next(&name);
		if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029)
			return false;
	}
	return true;
}
