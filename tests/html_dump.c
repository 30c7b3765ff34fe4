/*
 * html_dump MODE IN OUT ...: what src/html makes of files, for tests in a browser; counts go to stderr. MODE: safe, images, dark, script, text,
 * plain (the file is plain text), print, quote, marked (under a name); policy: only the policy of the document.
 */
#include <stdio.h>
#include <string.h>

#include "html/text.h"
#include "html/view.h"
#include "policy/warm.h"
#include "sys/file.h"

#define FILE_MAX (64 * 1024 * 1024)

static struct html_view view_of(const char *mode)
{
	struct html_view v = {.as_text = strcmp(mode, "text") == 0, .script = strcmp(mode, "script") == 0, .print = strcmp(mode, "print") == 0,
		.options = {.leave = SLICE(HTML_LEAVE), .language = SLICE("en")}};

	v.mark = strcmp(mode, "marked") == 0 ? SLICE("Maria Rossi\nmaria.rossi@demo.test\n2026-11-20 08:00 UTC\n") : SLICE_NONE;
	v.options.images = strcmp(mode, "images") == 0;
	v.options.profile = strcmp(mode, "quote") == 0 ? HTML_QUOTE : HTML_VIEW;
	v.options.theme = strcmp(mode, "dark") == 0 ? HTML_DARK : HTML_LIGHT;
	return v;
}

static int dump(const char *mode, const char *from, const char *to)
{
	struct buf content = BUF_INIT(FILE_MAX), out = BUF_INIT(HTML_DOCUMENT_MAX);
	struct arena arena = ARENA_INIT;
	struct html_view view = view_of(mode);
	struct html_part part = {.is_html = strcmp(mode, "plain") != 0};
	struct html_report r = {0};
	struct error err = {0};
	int code = file_read(from, &content, &err);

	if (code == 0) {
		part.content = buf_slice(&content);
		view.parts = &part;
		view.part_count = 1;
		if (strcmp(mode, "policy") == 0)
			html_view_policy(false, false, false, &out);
		else
			html_view_write(&view, &arena, &out, &r);
		fprintf(stderr, "remote %u missing %u links %u deceiving %u dark %d cut %d arena %zu\n", r.remote, r.missing, r.links, r.deceiving, r.dark,
			r.cut, arena.total);
		code = file_write_atomic(to, buf_slice(&out), 0600, &err);
	}
	arena_free(&arena);
	buf_free(&out);
	buf_free(&content);
	return code;
}

int main(int argc, char **argv)
{
	int code = argc < 4 || argc % 2 != 0 ? -1 : 0;

	policy_warm();
	for (int i = 2; code == 0 && i + 1 < argc; i += 2)
		code = dump(argv[1], argv[i], argv[i + 1]);
	return code == 0 ? 0 : 2;
}
