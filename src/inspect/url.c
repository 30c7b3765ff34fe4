#include "inspect/url.h"

#include "base/ensure.h"

static bool is_slash(uint8_t c)
{
	return c == '/' || c == '\\';
}

bool url_is_unc(struct slice url)
{
	url = slice_trim(url);
	if (slice_starts_nocase(url, SLICE("file:"))) {
		url = slice_from(url, 5);
		/* file:///C:/x and file:/x are here; file://host/x, file:////host/x and file:\\host are elsewhere. */
		size_t slashes = 0;
		while (slashes < url.n && is_slash(url.p[slashes]))
			slashes++;
		struct slice rest = slice_from(url, slashes);
		bool drive = rest.n > 1 && ascii_is_alpha(rest.p[0]) && (rest.p[1] == ':' || rest.p[1] == '|');
		return !drive && rest.n > 0 && (slashes == 2 || slashes >= 4) && !slice_starts_nocase(rest, SLICE("localhost"));
	}
	/* "\\?\C:" and "\\.\pipe" are paths of this machine. */
	if (url.n > 3 && is_slash(url.p[0]) && is_slash(url.p[1]))
		return (url.p[2] != '?' && url.p[2] != '.') || slice_starts_nocase(slice_from(url, 4), SLICE("UNC"));
	return slice_starts_nocase(url, SLICE("smb:")) || slice_starts_nocase(url, SLICE("webdav:")) || slice_starts_nocase(url, SLICE("davs:"));
}

bool url_is_remote(struct slice url)
{
	static const struct slice schemes[] = {SLICE_INIT("http:"), SLICE_INIT("https:"), SLICE_INIT("ftp:"), SLICE_INIT("mhtml:"),
		SLICE_INIT("ms-"),
		SLICE_INIT("search-ms:"), SLICE_INIT("search:"), SLICE_INIT("javascript:"), SLICE_INIT("vbscript:"), SLICE_INIT("script:"),
			SLICE_INIT("ldap:"),
		SLICE_INIT("tftp:"), SLICE_INIT("shell:")};
	url = slice_trim(url);
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (slice_starts_nocase(url, schemes[i]))
			return true;
	return url_is_unc(url);
}
