#include "auth/plain.h"

#include "base/error.h"
#include "base/utf8.h"

int plain_parse(struct slice message, struct plain *ret)
{
	ptrdiff_t first = slice_find(message, 0);
	if (first < 0)
		return ERR_INVALID;
	struct slice rest = slice_from(message, (size_t)first + 1);
	ptrdiff_t second = slice_find(rest, 0);
	if (second < 0)
		return ERR_INVALID;
	ret->authzid = slice_sub(message, 0, (size_t)first);
	ret->name = slice_sub(rest, 0, (size_t)second);
	ret->password = slice_from(rest, (size_t)second + 1);
	if (ret->name.n == 0 || ret->name.n > PLAIN_NAME_MAX || ret->authzid.n > PLAIN_NAME_MAX)
		return ERR_INVALID;
	if (ret->password.n == 0 || ret->password.n > PLAIN_PASSWORD_MAX || slice_find(ret->password, 0) >= 0)
		return ERR_INVALID;
	return utf8_valid(message) ? 0 : ERR_INVALID;
}
