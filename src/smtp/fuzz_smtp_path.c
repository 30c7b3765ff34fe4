/* Addresses: what was taken parses to the same again, and its parts are its text. */
#include "base/ensure.h"
#include "smtp/path.h"
#include "smtp/xtext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	struct slice text = slice_make(data + 1, size - 1), rest = text, ignored;
	struct smtp_path path, again;
	unsigned flags = data[0] & 7;
	struct buf local = BUF_INIT(4096);
	if (smtp_path_take(&rest, flags, &path) == 0) {
		ENSURE(rest.n < text.n);
		smtp_path_local(&path, &local);
		ENSURE(buf_len(&local) <= SMTP_LOCAL_MAX);
		ENSURE((flags & SMTP_PATH_UTF8) || !path.utf8);
		if (path.domain.n > 0) {
			ENSURE(path.address.n == path.local.n + 1 + path.domain.n);
			ENSURE(smtp_path_parse(path.address, flags, &again) == 0);
			ENSURE(slice_eq(again.local, path.local) && slice_eq(again.domain, path.domain));
		}
	}
	smtp_path_parse(text, flags, &path);
	smtp_helo_valid(text);
	smtp_literal_valid(text, &ignored);
	orcpt_valid(text, flags & 1);
	buf_clear(&local);
	xtext_decode(text, &local);
	buf_free(&local);
	return 0;
}
