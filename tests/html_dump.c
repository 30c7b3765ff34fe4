/* html_dump safe|images|quote|dark|text|plain|print FILE: what src/html makes of a file, for tests in a browser. Counts go to stderr. */
#include <stdio.h>
#include <string.h>

#include "html/text.h"
#include "html/view.h"
#include "policy/warm.h"
#include "sys/file.h"

#define FILE_MAX (64 * 1024 * 1024)

static struct html_view view_of(const char *mode)
{
	struct html_view v = {.is_html = strcmp(mode, "plain") != 0, .as_text = strcmp(mode, "text") == 0, .script = strcmp(mode, "script") == 0,
		.print = strcmp(mode, "print") == 0, .options = {.leave = SLICE("/jmap/leave"), .language = SLICE("en")}};

	v.options.images = strcmp(mode, "images") == 0;
	v.options.profile = strcmp(mode, "quote") == 0 ? HTML_QUOTE : HTML_VIEW;
	v.options.theme = strcmp(mode, "dark") == 0 ? HTML_DARK : HTML_LIGHT;
	return v;
}

int main(int argc, char **argv)
{
	struct buf content = BUF_INIT(FILE_MAX), out = BUF_INIT(HTML_DOCUMENT_MAX);
	struct arena arena = ARENA_INIT;
	struct html_report report;
	struct error err = {0};

	if (argc < 3 || file_read(argv[2], &content, &err) != 0)
		return 2;
	policy_warm();
	struct html_view view = view_of(argv[1]);
	view.part = buf_slice(&content);
	html_view_write(&view, &arena, &out, &report);
	fwrite(buf_slice(&out).p, 1, buf_len(&out), stdout);
	fprintf(stderr, "remote %u missing %u links %u deceiving %u dark %d cut %d arena %zu\n", report.remote, report.missing, report.links,
		report.deceiving, report.dark, report.cut, arena.total);
	arena_free(&arena);
	buf_free(&out);
	buf_free(&content);
	return 0;
}
