#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

int error_set(struct error *err, enum error_code code, const char *format, ...)
{
	va_list args;

	if (err == NULL)
		return code;
	err->code = code;
	va_start(args, format);
	vsnprintf(err->private_text, sizeof err->private_text, format, args);
	va_end(args);
	return code;
}

void error_public(struct error *err, const char *format, ...)
{
	va_list args;

	if (err == NULL)
		return;
	va_start(args, format);
	vsnprintf(err->public_text, sizeof err->public_text, format, args);
	va_end(args);
}

int error_errno(struct error *err, const char *format, ...)
{
	int number = errno;
	enum error_code code = number == ENOSPC || number == EDQUOT ? ERR_NO_SPACE : ERR_IO;
	char what[200];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	return error_set(err, code, "%s: %s", what, strerrordesc_np(number) != NULL ? strerrordesc_np(number) : "unknown error");
}

const char *error_code_name(enum error_code code)
{
	switch (code) {
	case ERR_NONE: return "ok";
	case ERR_INVALID: return "invalid";
	case ERR_LIMIT: return "limit";
	case ERR_DENIED: return "denied";
	case ERR_NOT_FOUND: return "not_found";
	case ERR_EXISTS: return "exists";
	case ERR_TEMPORARY: return "temporary";
	case ERR_NO_SPACE: return "no_space";
	case ERR_IO: return "io";
	case ERR_DAMAGED: return "damaged";
	case ERR_UNSUPPORTED: return "unsupported";
	case ERR_CLOSED: return "closed";
	case ERR_CONFLICT: return "conflict";
	}
	return "unknown";
}
