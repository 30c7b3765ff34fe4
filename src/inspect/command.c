#include "inspect/command.h"

#include "base/ensure.h"
#include "inspect/text.h"

static const struct text_word words[] = {
	{"powershell", false, 0}, {"pwsh", true, 0}, {"cmd.exe", false, 0}, {"cmd /c", false, 0}, {"cmd", true, 0}, {"mshta", false, 0},
	{"wscript", false, 0}, {"cscript", false, 0}, {"rundll32", false, 0}, {"regsvr32", false, 0}, {"msiexec", false, 0},
	{"certutil", false, 0}, {"bitsadmin", false, 0}, {"curl", true, 0}, {"wget", true, 0}, {"forfiles", false, 0}, {"conhost", false, 0},
	{"schtasks", false, 0}, {"wmic", true, 0}, {"explorer.exe \\\\", false, 0}, {"ftp.exe", false, 0}, {"msbuild", false, 0},
	{"installutil", false, 0}, {"pcalua", false, 0}, {"odbcconf", false, 0}, {"control.exe", false, 0}, {"invoke-expression", false, 0},
	{"iex", true, 0}, {"downloadstring", false, 0}, {"frombase64string", false, 0}, {"-encodedcommand", false, 0}, {"-enc", true, 0},
	{"ssh.exe", false, 0}, {"finger.exe", false, 0}, {"osascript", false, 0}, {"/bin/sh", false, 0}, {"bash -c", false, 0},
	{"sh -c", false, 0}, {"python", true, 0}, {"autoit", false, 0}, {"javascript:", false, 0}, {"vbscript:", false, 0},
	{"ms-msdt", false, 0}, {"search-ms", false, 0}, {"hh.exe", false, 0}, {"desktopimgdownldr", false, 0}, {"wsl.exe", false, 0},
};

bool command_inspect(struct walk *w, enum inspect_what what, struct slice text)
{
	uint64_t seen = walk_steps(w, text.n) ? text_words(text, words, ARRAY_LEN(words)) : 0;
	struct buf list = BUF_INIT(1024);
	text_words_list(seen, words, ARRAY_LEN(words), &list);
	if (seen != 0)
		walk_find(w, what, buf_slice(&list));
	buf_free(&list);
	return seen != 0;
}
