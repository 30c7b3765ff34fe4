/* The server engine: whatever arrives and however it is cut, the replies and events are the same, and the output is lines. */
#include <string.h>
#include "base/ensure.h"
#include "smtp/test_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(struct rig *r, uint8_t kind, struct slice input, unsigned cut)
{
	struct smtp_server_settings set = {.hostname = SLICE("mx.example.org"), .starttls = (kind & 1) != 0, .lmtp = (kind & 2) != 0};
	set.trusted = (kind & 32) != 0;
	if (kind & 4) {
		set.mechanisms = 15;
		set.auth_in_clear = true;
	}
	if (kind & 8) {
		set.size_max = 50;
		set.recipients_max = 2;
		set.refused_max = 3;
		set.noise_max = 10;
	}
	set.recipients_max = set.recipients_max != 0 ? set.recipients_max : 20;
	/* Where refusals are counted, it depends on the order of answers when it is enough. */
	rig_open(r, &set, kind & 16 && !(kind & 8) ? RIG_LATER_REVERSED : RIG_AT_ONCE);
	while (input.n > 0) {
		size_t n = cut == 0 || cut > input.n ? input.n : cut;
		rig_feed(r, slice_sub(input, 0, n));
		input = slice_from(input, n);
	}
}

static void check_lines(struct slice out)
{
	struct slice line;
	while (slice_split(&out, '\n', &line)) {
		ENSURE(line.n >= 4 && line.p[line.n - 1] == '\r' && memchr(line.p, '\r', line.n - 1) == NULL);
		ENSURE(ascii_is_digit(line.p[0]) && ascii_is_digit(line.p[1]) && ascii_is_digit(line.p[2]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rig whole, cut;
	if (size < 2 || size > 65536)
		return 0;
	struct slice input = slice_make(data + 2, size - 2);
	run(&whole, data[0], input, 0);
	run(&cut, data[0], input, data[1] % 17 + 1);
	check_lines(buf_slice(&whole.out));
	/* Behind STARTTLS it depends on time what still belongs to the clear. */
	if (slice_search(buf_slice(&whole.log), SLICE("starttls")) < 0) {
		ENSURE(slice_eq(buf_slice(&whole.out), buf_slice(&cut.out)));
		ENSURE(slice_eq(buf_slice(&whole.log), buf_slice(&cut.log)));
	}
	rig_close(&whole);
	rig_close(&cut);
	return 0;
}
