#include "policy/host.h"

#include <libpsl.h>
#include <string.h>
#include <unicode/uidna.h>

#include "base/ascii.h"
#include "base/ensure.h"
#include "base/utf8.h"
#include "policy/url.h"
#include "policy/warm.h"

#define NAME_ROOM 1024

static const char *const free_mail[] = {
	"126.com", "139.com", "163.com", "188.com", "189.cn", "aol.com", "aliyun.com", "daum.net", "docomo.ne.jp", "excite.co.jp", "ezweb.ne.jp",
	"fastmail.com", "foxmail.com", "gmail.com", "gmx.com", "gmx.de", "gmx.net", "googlemail.com", "hanmail.net", "hotmail.co.jp",
	"hotmail.co.uk", "hotmail.com", "hotmail.com.tw", "icloud.com", "inbox.com", "kakao.com", "live.cn", "live.com", "live.jp", "mac.com",
	"mail.com", "mail.ru", "me.com", "msn.cn", "msn.com", "naver.com", "outlook.com", "outlook.jp", "pchome.com.tw", "pm.me", "proton.me",
	"protonmail.com", "qq.com", "rocketmail.com", "seznam.cz", "sina.cn", "sina.com", "sina.com.cn", "softbank.ne.jp", "sohu.com", "tom.com",
	"tutanota.com", "vip.163.com", "vip.qq.com", "vip.sina.com", "web.de", "wo.cn", "yahoo.cn", "yahoo.co.jp", "yahoo.co.uk", "yahoo.com",
	"yahoo.com.cn", "yahoo.com.hk", "yahoo.com.tw", "yandex.com", "yandex.ru", "yeah.net", "ymail.com", "zoho.com",
};
static const char *const shorteners[] = {
	"985.so", "b23.tv", "bit.do", "bit.ly", "buff.ly", "cutt.ly", "dwz.cn", "dwz.date", "goo.gl", "is.gd", "j.mp", "lihi.cc", "lihi1.com",
	"mrw.so", "ow.ly", "ppt.cc", "rb.gy", "rebrand.ly", "reurl.cc", "s.id", "shorturl.at", "sina.lt", "suo.im", "surl.li", "t.cn", "t.co",
	"t.ly", "tiny.cc", "tinyurl.com", "u.nu", "url.cn", "v.gd", "w.url.cn", "x.gd",
};
static bool in_list(struct slice name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_eq_nocase(name, slice_str(list[i])))
			return true;
	return false;
}

static bool host_chars(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_alnum(s.p[i]) && s.p[i] != '.' && s.p[i] != '-' && s.p[i] != '_')
			return false;
	return s.n > 0 && s.n <= URL_HOST_MAX;
}

static const UIDNA *mapper(void)
{
	static UIDNA *opened;
	UErrorCode status = U_ZERO_ERROR;
	if (opened == NULL)
		opened = uidna_openUTS46(UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_NONTRANSITIONAL_TO_UNICODE, &status);
	ENSURE(U_SUCCESS(status) && opened != NULL);
	return opened;
}

void host_warm(void)
{
	mapper();
}

struct slice host_ascii(struct slice host, struct arena *arena)
{
	char out[NAME_ROOM];
	UIDNAInfo info = UIDNA_INFO_INITIALIZER;
	UErrorCode status = U_ZERO_ERROR;
	if (host.n > NAME_ROOM)
		return SLICE_NONE;
	if (!slice_is_ascii(host)) {
		int32_t n = uidna_nameToASCII_UTF8(mapper(), (const char *)host.p, (int32_t)host.n, out, sizeof out, &info, &status);
		if (U_FAILURE(status) || n <= 0 || n > (int32_t)sizeof out)
			return SLICE_NONE;
		host = slice_make(out, (size_t)n);
	}
	if (host.n > 0 && host.p[host.n - 1] == '.')
		host.n--;
	return host_chars(host) ? ascii_dup_lower(arena, host) : SLICE_NONE;
}

struct slice host_unicode(struct slice host, struct arena *arena)
{
	char out[NAME_ROOM];
	UIDNAInfo info = UIDNA_INFO_INITIALIZER;
	UErrorCode status = U_ZERO_ERROR;
	int32_t n;
	if (slice_search_nocase(host, SLICE("xn--")) < 0 || host.n > URL_HOST_MAX)
		return host;
	n = uidna_nameToUnicodeUTF8(mapper(), (const char *)host.p, (int32_t)host.n, out, sizeof out, &info, &status);
	if (U_FAILURE(status) || n <= 0 || n > (int32_t)sizeof out)
		return host;
	return arena_dup(arena, slice_make(out, (size_t)n));
}

/* Two labels, for names that stand in no list. */
static struct slice last_two(struct slice host)
{
	ptrdiff_t dot = slice_rfind(host, '.');
	ptrdiff_t before = dot > 0 ? slice_rfind(slice_sub(host, 0, (size_t)dot), '.') : -1;
	return slice_from(host, (size_t)(before + 1));
}

struct slice host_registered(struct slice host)
{
	char name[URL_HOST_MAX + 1];
	const psl_ctx_t *psl = psl_builtin();
	if (host.n == 0 || host.n > URL_HOST_MAX || psl == NULL || slice_find(host, 0) >= 0)
		return last_two(host);
	memcpy(name, host.p, host.n);
	name[host.n] = '\0';
	const char *found = psl_registrable_domain(psl, name);
	return found != NULL ? slice_from(host, (size_t)(found - name)) : last_two(host);
}

struct slice host_label(struct slice host)
{
	struct slice name = host_registered(host);
	ptrdiff_t dot = slice_find(name, '.');
	return dot < 0 ? name : slice_sub(name, 0, (size_t)dot);
}

struct slice host_ending(struct slice host)
{
	struct slice name = host_registered(host);
	ptrdiff_t dot = slice_find(name, '.');
	return dot < 0 ? SLICE_NONE : slice_from(name, (size_t)dot + 1);
}

bool host_within(struct slice host, struct slice domain)
{
	if (domain.n == 0 || host.n < domain.n || !slice_ends_nocase(host, domain))
		return false;
	return host.n == domain.n || host.p[host.n - domain.n - 1] == '.';
}

bool host_is_free_mail(struct slice domain)
{
	return in_list(domain, free_mail, ARRAY_LEN(free_mail));
}

bool host_is_shortener(struct slice host)
{
	return in_list(host, shorteners, ARRAY_LEN(shorteners));
}
