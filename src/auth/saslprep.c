#include "auth/saslprep.h"

#include <unicode/usprep.h>
#include <unicode/ustring.h>

#include "crypt/crypt.h"
#include "crypt/password.h"

#define UNITS_MAX (PASSWORD_MAX * 2) /* UTF-16; NFKC makes some characters longer */

void saslprep_warm(void)
{
	UErrorCode code = U_ZERO_ERROR;
	usprep_close(usprep_openByType(USPREP_RFC4013_SASLPREP, &code));
}

static bool is_plain(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < 0x20 || text.p[i] > 0x7e)
			return false;
	return true;
}

static int32_t prepare(const UChar *in, int32_t n, UChar *out, int32_t size)
{
	UErrorCode code = U_ZERO_ERROR;
	UStringPrepProfile *profile = usprep_openByType(USPREP_RFC4013_SASLPREP, &code);
	int32_t written = U_SUCCESS(code) ? usprep_prepare(profile, in, n, out, size, USPREP_DEFAULT, NULL, &code) : 0;
	usprep_close(profile);
	return U_SUCCESS(code) ? written : -1;
}

bool saslprep(struct slice text, struct buf *out)
{
	UChar given[UNITS_MAX], prepared[UNITS_MAX];
	char utf8[UNITS_MAX * 3];
	int32_t n = 0, size = 0;
	UErrorCode code = U_ZERO_ERROR;
	if (text.n > PASSWORD_MAX)
		return false;
	if (is_plain(text)) {
		buf_append(out, text);
		return !out->failed;
	}
	(void)u_strFromUTF8(given, UNITS_MAX, &n, (const char *)text.p, (int32_t)text.n, &code);
	n = U_SUCCESS(code) ? prepare(given, n, prepared, UNITS_MAX) : -1;
	if (n >= 0)
		(void)u_strToUTF8(utf8, sizeof utf8, &size, prepared, n, &code);
	if (n >= 0 && U_SUCCESS(code))
		buf_append_bytes(out, utf8, (size_t)size);
	secret_wipe(given, sizeof given);
	secret_wipe(prepared, sizeof prepared);
	secret_wipe(utf8, sizeof utf8);
	return n >= 0 && U_SUCCESS(code) && !out->failed;
}
