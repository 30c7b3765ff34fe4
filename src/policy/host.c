#include "policy/host.h"

#include <string.h>
#include <unicode/uidna.h>

#include "base/ensure.h"
#include "base/utf8.h"
#include "policy/url.h"
#include "policy/warm.h"

#define NAME_ROOM 1024

/* Endings of two labels under which one registers. */
static const char *const endings[] = {
	"ac.cn", "ac.jp", "ac.kr", "ac.nz", "ac.th", "ac.uk", "ad.jp", "co.id", "co.il", "co.in", "co.jp", "co.kr", "co.nz", "co.th", "co.uk", "co.za",
	"com.ar", "com.au", "com.br", "com.cn", "com.hk", "com.mo", "com.mx", "com.my", "com.ph", "com.sg", "com.tr", "com.tw", "com.vn", "ed.jp",
	"edu.au", "edu.cn", "edu.hk", "edu.sg", "edu.tw", "go.jp", "go.kr", "go.th", "gov.au", "gov.br", "gov.cn", "gov.hk", "gov.in", "gov.sg",
	"gov.tw", "gov.uk", "gr.jp", "idv.hk", "idv.tw", "lg.jp", "ltd.uk", "me.uk", "mil.cn", "ne.jp", "ne.kr", "net.au", "net.br", "net.cn",
	"net.hk", "net.in", "net.nz", "net.sg", "net.tw", "net.uk", "nhs.uk", "or.jp", "or.kr", "or.th", "org.au", "org.br", "org.cn", "org.hk",
	"org.in", "org.nz", "org.sg", "org.tw", "org.uk", "plc.uk", "re.kr", "sch.uk",
};
static const char *const free_mail[] = {
	"126.com", "139.com", "163.com", "188.com", "189.cn", "aol.com", "aliyun.com", "daum.net", "docomo.ne.jp", "excite.co.jp", "ezweb.ne.jp",
	"fastmail.com", "foxmail.com", "gmail.com", "gmx.com", "gmx.de", "gmx.net", "googlemail.com", "hanmail.net", "hotmail.co.jp", "hotmail.co.uk",
	"hotmail.com", "hotmail.com.tw", "icloud.com", "inbox.com", "kakao.com", "live.cn", "live.com", "live.jp", "mac.com", "mail.com", "mail.ru",
	"me.com", "msn.cn", "msn.com", "naver.com", "outlook.com", "outlook.jp", "pchome.com.tw", "pm.me", "proton.me", "protonmail.com", "qq.com",
	"rocketmail.com", "seznam.cz", "sina.cn", "sina.com", "sina.com.cn", "softbank.ne.jp", "sohu.com", "tom.com", "tutanota.com", "vip.163.com",
	"vip.qq.com", "vip.sina.com", "web.de", "wo.cn", "yahoo.cn", "yahoo.co.jp", "yahoo.co.uk", "yahoo.com", "yahoo.com.cn", "yahoo.com.hk",
	"yahoo.com.tw", "yandex.com", "yandex.ru", "yeah.net", "ymail.com", "zoho.com",
};
static const char *const shorteners[] = {
	"985.so", "b23.tv", "bit.do", "bit.ly", "buff.ly", "cutt.ly", "dwz.cn", "dwz.date", "goo.gl", "is.gd", "j.mp", "lihi.cc", "lihi1.com", "mrw.so",
	"ow.ly", "ppt.cc", "rb.gy", "rebrand.ly", "reurl.cc", "s.id", "shorturl.at", "sina.lt", "suo.im", "surl.li", "t.cn", "t.co", "t.ly",
	"tiny.cc", "tinyurl.com", "u.nu", "url.cn", "v.gd", "w.url.cn", "x.gd",
};
static const char *const shared[] = {
	"amazonaws.com", "appspot.com", "azureedge.net", "azurewebsites.net", "blogspot.com", "cloudfront.net", "firebaseapp.com", "github.io",
	"glitch.me", "herokuapp.com", "myqcloud.com", "myshopify.com", "netlify.app", "ngrok.io", "oss-cn-hangzhou.aliyuncs.com", "pages.dev",
	"r2.dev", "trycloudflare.com", "vercel.app", "web.app", "web.core.windows.net", "webflow.io", "weebly.com", "wixsite.com", "workers.dev",
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

static struct slice lower(struct slice s, struct arena *arena)
{
	uint8_t *copy = arena_alloc(arena, s.n + 1);
	for (size_t i = 0; i < s.n; i++)
		copy[i] = ascii_lower(s.p[i]);
	return slice_make(copy, s.n);
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
	return host_chars(host) ? lower(host, arena) : SLICE_NONE;
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

/* Start of the last `labels` labels; 0 when there are fewer. */
static size_t last_labels(struct slice host, unsigned labels)
{
	size_t i = host.n;
	while (i > 0) {
		if (host.p[i - 1] == '.' && --labels == 0)
			return i;
		i--;
	}
	return 0;
}

struct slice host_registered(struct slice host)
{
	struct slice two = slice_from(host, last_labels(host, 2));
	if (in_list(two, endings, ARRAY_LEN(endings)))
		return slice_from(host, last_labels(host, 3));
	return two;
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

bool host_is_shared(struct slice host)
{
	for (size_t i = 0; i < ARRAY_LEN(shared); i++)
		if (host_within(host, slice_str(shared[i])))
			return true;
	return false;
}
