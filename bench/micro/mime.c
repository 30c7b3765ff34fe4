/* CPU of one letter: `bench_mime [file…]`; without files a 4 KB letter in Chinese and English with an HTML alternative. */
#include <stdio.h>
#include <time.h>

#include "mime/make.h"
#include "mime/structure.h"
#include "mime/text.h"
#include "sys/file.h"

#define ROUNDS 2000

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void sample(struct buf *out)
{
	buf_append_str(out, "Received: from a.example ([192.0.2.1])\r\n\tby mx.example.org with ESMTPS id 1;\r\n\tSat, 01 Jan 2000 00:00:00 +0000\r\n"
		"From: =?utf-8?B?5byg5LiJ?= <zhang@example.org>\r\nTo: Ann Lee <ann@example.org>, bob@example.org\r\n"
		"Subject: =?gbk?B?1tC5+tbQufo=?= Re: report\r\nDate: Tue, 1 Jul 2025 10:00:00 +0800\r\nMessage-ID: <1@example.org>\r\n"
		"References: <a@b> <c@d>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"=_b\"\r\n\r\n"
		"--=_b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
	for (int i = 0; i < 20; i++)
		buf_append_str(out, "请查收附件中的报告，谢谢。Please find the report of this quarter below.\r\n");
	buf_append_str(out, "\r\n--=_b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<html><body>");
	for (int i = 0; i < 16; i++)
		buf_append_str(out, "<p style=3D\"x\">=E8=AF=B7=E6=9F=A5=E6=94=B6 Please find the <b>report</b> of this quarter.</p>\r\n");
	buf_append_str(out, "</body></html>\r\n--=_b--\r\n");
}

static void measure(const char *name, struct slice message)
{
	static const uint8_t id[16] = {1};
	struct arena arena = ARENA_INIT;
	struct buf encoded = BUF_INIT(64u << 20);
	struct digest d;
	double start, structure, whole;

	start = now_us();
	for (int i = 0; i < ROUNDS; i++) {
		mime_structure_parse(message, &arena);
		arena_reset(&arena);
	}
	structure = (now_us() - start) / ROUNDS;
	start = now_us();
	for (int i = 0; i < ROUNDS; i++) {
		mime_digest_make(message, id, &arena, &d);
		buf_clear(&encoded);
		digest_encode(&d, &encoded);
		arena_reset(&arena);
	}
	whole = (now_us() - start) / ROUNDS;
	printf("%-20s %8zu bytes: structure %.1f us, digest %.1f us, %zu bytes of digest\n", name, message.n, structure, whole, buf_len(&encoded));
	buf_free(&encoded);
	arena_free(&arena);
}

int main(int argc, char **argv)
{
	struct buf message = BUF_INIT(64u << 20);

	mime_warm();
	sample(&message);
	measure("sample", buf_slice(&message));
	for (int i = 1; i < argc; i++) {
		buf_clear(&message);
		if (file_read(argv[i], &message, NULL) == 0)
			measure(argv[i], buf_slice(&message));
	}
	buf_free(&message);
	return 0;
}
