/* bench_inspect: MB/s of CPU time for what makes inspecting slow: a 10 MB document in a zip, a 10 MB PDF, pages, macros. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/ensure.h"
#include "inspect/inspect.h"

#define SIZE (10u << 20)
#define ROUNDS 5

static double now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void put16(struct buf *b, unsigned v)
{
	buf_append_byte(b, (uint8_t)v);
	buf_append_byte(b, (uint8_t)(v >> 8));
}

static void put32(struct buf *b, size_t v)
{
	put16(b, (unsigned)v & 0xffff);
	put16(b, (unsigned)(v >> 16) & 0xffff);
}

/* Numbers of a plain generator: the same file each time. */
static unsigned draw(void)
{
	static uint32_t state = 1;
	state = state * 1664525 + 1013904223;
	return state >> 16;
}

static void deflate_into(struct slice in, int bits, struct buf *out)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)in.p, .avail_in = (uInt)in.n};
	ENSURE(deflateInit2(&z, 6, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	uLong most = deflateBound(&z, in.n);
	z.next_out = buf_reserve(out, most);
	z.avail_out = (uInt)most;
	ENSURE(deflate(&z, Z_FINISH) == Z_STREAM_END);
	buf_commit(out, most - z.avail_out);
	deflateEnd(&z);
}

/* ---- a document: text in XML, and pictures that are stored ---- */

struct member {
	const char *name;
	struct buf content;
	bool packed;
};

static void append_zip(struct member *m, size_t count, struct buf *out)
{
	struct buf directory = BUF_INIT(1 << 20);
	for (size_t i = 0; i < count; i++) {
		struct slice name = slice_str(m[i].name), plain = buf_slice(&m[i].content);
		struct buf data = BUF_INIT((size_t)SIZE * 8);
		size_t start = buf_len(out);
		if (m[i].packed)
			deflate_into(plain, -15, &data);
		else
			buf_append(&data, plain);
		unsigned long crc = crc32(0, plain.p, (uInt)plain.n);
		for (unsigned pass = 0; pass < 2; pass++) {
			struct buf *to = pass == 0 ? out : &directory;
			buf_append(to, pass == 0 ? SLICE("PK\3\4\24\0") : SLICE("PK\1\2\24\0\24\0"));
			put16(to, 0);
			put16(to, m[i].packed ? 8 : 0);
			put32(to, 0);
			put32(to, crc);
			put32(to, buf_len(&data));
			put32(to, plain.n);
			put16(to, (unsigned)name.n);
			put16(to, 0);
			if (pass == 1) {
				buf_append_bytes(to, "\0\0\0\0\0\0\0\0\0\0", 10);
				put32(to, start);
			}
			buf_append(to, name);
		}
		buf_append(out, buf_slice(&data));
		buf_free(&data);
	}
	size_t at = buf_len(out);
	buf_append(out, buf_slice(&directory));
	buf_append(out, SLICE("PK\5\6\0\0\0\0"));
	put16(out, (unsigned)count);
	put16(out, (unsigned)count);
	put32(out, buf_len(&directory));
	put32(out, at);
	put16(out, 0);
	buf_free(&directory);
}

static void append_words(struct buf *b, const char *before, const char *behind, size_t size)
{
	while (buf_len(b) < size) {
		buf_append_str(b, before);
		for (unsigned i = 0; i < 12; i++)
			buf_printf(b, "%c%c%u ", 'a' + draw() % 26, 'a' + draw() % 26, draw() % 1000);
		buf_append_str(b, behind);
	}
}

static void make_document(struct buf *out, bool pictures)
{
	struct member m[] = {{"[Content_Types].xml", BUF_INIT(1 << 20), true}, {"word/document.xml", BUF_INIT((size_t)SIZE * 8), true},
		{"word/media/1.png", BUF_INIT(SIZE * 2), false}};
	buf_append_str(&m[0].content, "<Types><Override"
		" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>");
	buf_append_str(&m[1].content, "<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">");
	append_words(&m[1].content, "<w:p w:rsidR=\"00A77B3E\"><w:r><w:rPr><w:b/></w:rPr><w:t>", "</w:t></w:r></w:p>", pictures ? SIZE / 5 :
		SIZE * 7 / 2);
	buf_append_str(&m[2].content, "\x89PNG\r\n\x1a\n");
	while (pictures && buf_len(&m[2].content) < SIZE * 9 / 10)
		buf_append_byte(&m[2].content, (uint8_t)draw());
	append_zip(m, ARRAY_LEN(m), out);
	for (size_t i = 0; i < ARRAY_LEN(m); i++)
		buf_free(&m[i].content);
}

/* ---- a PDF: many small objects, packed pages ---- */

static void make_pdf(struct buf *out)
{
	buf_append_str(out, "%PDF-1.7\n");
	for (unsigned i = 1; buf_len(out) < SIZE; i += 2) {
		struct buf page = BUF_INIT(1 << 20), packed = BUF_INIT(1 << 20);
		append_words(&page, "BT /F1 12 Tf 72 700 Td (", ") Tj ET\n", 20000);
		deflate_into(buf_slice(&page), 15, &packed);
		buf_printf(out, "%u 0 obj\n<< /Type /Page /Parent 1 0 R /Resources << /Font << /F1 9 0 R >> >> /MediaBox [0 0 595 842]"
			" /Contents %u 0 R >>\nendobj\n", i, i + 1);
		buf_printf(out, "%u 0 obj\n<< /Length %zu /Filter /FlateDecode >>\nstream\n", i + 1, buf_len(&packed));
		buf_append(out, buf_slice(&packed));
		buf_append_str(out, "\nendstream\nendobj\n");
		buf_free(&page);
		buf_free(&packed);
	}
	buf_append_str(out, "trailer << /Root 1 0 R >>\n%%EOF\n");
}

static void make_page(struct buf *out)
{
	buf_append_str(out, "<html><body>");
	append_words(out, "<div class=\"a\" style='color: red'><a href=\"https://example.org/\">", "</a></div>\n", SIZE);
}

static void measure(const char *what, const char *name, struct buf *content)
{
	double best = 1e18;
	struct inspect_report report;
	struct inspect_budget budget;
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct arena arena = ARENA_INIT;
		struct inspect_input in = {.content = buf_slice(content), .name = slice_str(name)};
		inspect_budget_init(&budget, &INSPECT_LIMITS_DEFAULT);
		double start = now_us();
		inspect_content(&in, &budget, NULL, NULL, &arena, &report);
		double took = now_us() - start;
		best = took < best ? took : best;
		arena_free(&arena);
	}
	double bytes = (double)buf_len(content);
	printf("%-28s %6.1f MB  %8.1f ms  %7.0f MB/s  %5.0f MB/s unpacked  %zu findings, gaps %u, %.1f ns a step\n", what, bytes / 1e6,
		best / 1e3, bytes / best,
		(double)budget.unpacked / best, report.finding_count, report.gaps, best * 1e3 / (double)budget.steps);
	buf_free(content);
}

int main(void)
{
	struct buf b = BUF_INIT((size_t)SIZE * 4);
	make_document(&b, true);
	measure("document with pictures", "a.docx", &b);
	make_document(&b, false);
	measure("document, text alone", "a.docx", &b);
	make_pdf(&b);
	measure("PDF", "a.pdf", &b);
	make_page(&b);
	measure("page", "a.html", &b);
	append_words(&b, "", "\n", SIZE);
	measure("text", "a.txt", &b);
	return 0;
}
