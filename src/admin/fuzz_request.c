#include "admin/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT;
	struct admin_request request;
	struct buf out = BUF_INIT(1u << 20);
	struct error err = {0};

	if (size > ADMIN_LINE_MAX)
		return 0;
	admin_request_parse(slice_make(data, size), &arena, &request, &err);
	admin_answer(&out, ADMIN_OK, slice_make(data, size));
	buf_free(&out);
	arena_free(&arena);
	return 0;
}
