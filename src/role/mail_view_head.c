#include "role/mail_view_head.h"

#include <time.h>

#include "base/ensure.h"
#include "mime/date.h"
#include "mime/encoded_word.h"

#define LINE_MAX_BYTES 8000 /* of one field */

enum word { FROM, TO, CC, DATE, WORDS };
static const struct {
	struct slice language, words[WORDS];
} texts[] = {
	{SLICE_INIT("en"), {SLICE_INIT("From: "), SLICE_INIT("To: "), SLICE_INIT("Cc: "), SLICE_INIT("Date: ")}},
	{SLICE_INIT("zh-CN"), {SLICE_INIT("发件人："), SLICE_INIT("收件人："), SLICE_INIT("抄送："), SLICE_INIT("日期：")}},
	{SLICE_INIT("zh-TW"), {SLICE_INIT("寄件者："), SLICE_INIT("收件者："), SLICE_INIT("副本："), SLICE_INIT("日期：")}},
};

static const struct slice *words_of(struct slice language)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (slice_eq(texts[i].language, language))
			return texts[i].words;
	return texts[0].words;
}

static void put_person(const struct mime_address *a, struct arena *arena, struct buf *out)
{
	if (a->has_name)
		buf_printf(out, "%.*s <", SLICE_ARG(mime_words_decode_arena(a->name, arena)));
	buf_printf(out, "%.*s@%.*s%s", SLICE_ARG(a->mailbox), SLICE_ARG(a->host), a->has_name ? ">" : "");
}

static void put_people(struct slice word, const struct mime_address *list, struct arena *arena, struct buf *out)
{
	struct buf line = BUF_INIT(LINE_MAX_BYTES);

	for (const struct mime_address *a = list; a != NULL && !line.failed; a = a->next) {
		if (!a->has_mailbox || !a->has_host)
			continue;
		if (buf_len(&line) > 0)
			buf_append(&line, SLICE(", "));
		put_person(a, arena, &line);
	}
	if (buf_len(&line) > 0)
		buf_printf(out, "%.*s%.*s%s\n", SLICE_ARG(word), SLICE_ARG(buf_slice(&line)), line.failed ? " …" : "");
	buf_free(&line);
}

/* In the zone of who wrote it. */
static void put_date(struct slice word, struct slice value, struct buf *out)
{
	int64_t when;
	int zone;
	struct tm t;
	time_t local;

	if (mime_date_parse_zone(value, &when, &zone) < 0)
		return;
	local = (time_t)(when + zone);
	if (gmtime_r(&local, &t) == NULL)
		return;
	buf_printf(out, "%.*s%04d-%02d-%02d %02d:%02d %c%02d%02d\n", SLICE_ARG(word), t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min,
		zone < 0 ? '-' : '+', (zone < 0 ? -zone : zone) / 3600, (zone < 0 ? -zone : zone) / 60 % 60);
}

void mail_view_head(const struct mime_envelope *envelope, struct slice language, struct arena *arena, struct buf *out)
{
	const struct slice *words = words_of(language);

	if (envelope->has_subject)
		buf_printf(out, "%.*s\n\n", SLICE_ARG(mime_words_decode_arena(slice_sub(envelope->subject, 0, LINE_MAX_BYTES), arena)));
	put_people(words[FROM], envelope->from, arena, out);
	put_people(words[TO], envelope->to, arena, out);
	put_people(words[CC], envelope->cc, arena, out);
	if (envelope->has_date)
		put_date(words[DATE], envelope->date, out);
}
