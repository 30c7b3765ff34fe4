/* One header: fields cover it, dates, parameters, subjects. */
#include "base/ensure.h"
#include "mime/date.h"
#include "mime/header.h"
#include "mime/param.h"
#include "mime/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice header = slice_make(data, size), rest = header;
	struct arena arena = ARENA_INIT;
	struct mime_field field;
	size_t at = 0;

	ENSURE(mime_header_length(header) <= size);
	while (mime_field_next(&rest, &field)) {
		struct slice value = mime_unfold(&arena, field.value), type;
		struct mime_param *params;
		int64_t unix_time;
		bool reply;

		ENSURE(field.name.n > 0 && field.whole.p >= data + at && field.whole.p + field.whole.n <= data + size);
		ENSURE(slice_find(value, '\n') < 0);
		at = (size_t)(field.whole.p - data) + field.whole.n;
		mime_param_parse(field.value, &arena, &type, &params);
		mime_base_subject(value, &arena, &reply);
		if (mime_date_parse(field.value, &unix_time) == 0) {
			struct buf out = BUF_INIT(100);
			int64_t again;

			mime_date_format(unix_time, &out);
			if (unix_time > INT64_C(-60000000000) && unix_time < INT64_C(250000000000))
				ENSURE(mime_date_parse(buf_slice(&out), &again) == 0 && again == unix_time);
			buf_free(&out);
		}
	}
	arena_free(&arena);
	return 0;
}
