/* Framing and the parser's pieces: whatever the bytes, every frame lies inside the input and every string inside its frame. */
#include "base/ensure.h"
#include "imap/parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse_all(struct slice frame, unsigned way)
{
	struct arena arena = ARENA_INIT;
	struct imap_parser p = {.in = frame, .arena = &arena, .utf8 = way & 1, .net_utf8_names = way & 1};
	struct slice s;
	struct imap_set set;
	struct uid_set uids = {0};
	int64_t value;
	bool nil;

	for (unsigned i = 0; i < 50 && !imap_at_end(&p); i++) {
		struct slice before = p.in;
		switch ((way + i) % 8) {
		case 0: imap_parse_astring(&p, &s); break;
		case 1: imap_parse_mailbox(&p, &s); break;
		case 2: imap_parse_list_mailbox(&p, &s); break;
		case 3: imap_parse_set(&p, &set); break;
		case 4: imap_parse_uid_set(&p, &uids); break;
		case 5: imap_parse_date_time(&p, &value); break;
		case 6: imap_parse_nstring(&p, &s, &nil); break;
		case 7: imap_parse_date(&p, &value); break;
		}
		ENSURE(p.in.n <= before.n);
		if (p.in.n == before.n)
			p.in = slice_from(p.in, 1);
	}
	uid_set_free(&uids);
	arena_free(&arena);
}

static void utf7_round_trip(struct slice in)
{
	struct buf text = BUF_INIT(1u << 20), wire = BUF_INIT(1u << 20);

	if (utf7_decode(in, &text) == 0) {
		utf7_encode(buf_slice(&text), &wire);
		struct buf again = BUF_INIT(1u << 20);
		ENSURE(utf7_decode(buf_slice(&wire), &again) == 0 && slice_eq(buf_slice(&again), buf_slice(&text)));
		buf_free(&again);
	}
	buf_free(&text);
	buf_free(&wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct imap_framer f;

	if (size < 1 || size > 100000)
		return 0;
	unsigned way = data[0];
	struct slice in = slice_make(data + 1, size - 1);
	utf7_round_trip(in);
	imap_framer_init(&f);
	f.literal_minus = way & 2;
	for (unsigned i = 0; i < 1000 && in.n > 0; i++) {
		enum imap_frame_result result = imap_frame(&f, in);
		if (result == IMAP_FRAME_CONTINUE)
			continue;
		if (result == IMAP_FRAME_MORE || result == IMAP_FRAME_TOO_LONG)
			break;
		ENSURE(f.length > 0 && f.length <= in.n);
		parse_all(slice_sub(in, 0, f.length), way + i);
		in = slice_from(in, f.length);
		imap_frame_next(&f);
	}
	return 0;
}
