/* Authentication-Results: what was read, written anew, reads the same; what strangers put into values never breaks out. */
#include "base/ensure.h"
#include "trust/authres.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_lines(struct slice s)
{
	size_t line = 0;
	for (size_t i = 0; i < s.n; i++) {
		line = s.p[i] == '\n' ? 0 : line + 1;
		ENSURE(line < 998 && s.p[i] != 0);
		if (s.p[i] == '\r')
			ENSURE(i + 1 < s.n && s.p[i + 1] == '\n' && (i + 2 == s.n || s.p[i + 2] == '\t'));
		ENSURE(s.p[i] != '\n' || (i > 0 && s.p[i - 1] == '\r'));
	}
}

static void check_write(struct slice value, struct arena *arena)
{
	struct authres a = {.id = SLICE("mx.example.org")}, back;
	struct buf out = BUF_INIT(65536);
	struct authres_result *r = authres_add(&a, "spf", "fail");
	r->comment = r->reason = value;
	authres_property(r, "smtp", "mailfrom", value);
	authres_add(&a, "dmarc", "fail");
	authres_write(&a, true, &out);
	check_lines(buf_slice(&out));
	ENSURE(authres_parse(slice_from(buf_slice(&out), 23), arena, &back) && back.count == 2);
	ENSURE(slice_eq(back.results[0].result, SLICE("fail")) && slice_eq(back.results[1].method, SLICE("dmarc")) &&
		back.results[0].property_count <= 1);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct slice ids[] = {SLICE_INIT("mx.example.org")};
	struct arena arena = ARENA_INIT;
	struct slice s = slice_make(data, size > 8192 ? 8192 : size), field;
	struct authres a, back;
	struct buf out = BUF_INIT(1u << 20);
	if (authres_parse(s, &arena, &a)) {
		authres_write(&a, true, &out);
		ENSURE(authres_parse(slice_from(buf_slice(&out), 23), &arena, &back) && back.count == a.count);
	}
	check_write(s, &arena);
	while (authres_forged_next(&s, ids, 1, &field))
		ENSURE(field.n > 0);
	buf_free(&out);
	arena_free(&arena);
	return 0;
}
