#include "base/pinyin.h"

#include "base/ensure.h"

#include "readings.inc"

/* Characters of given names that are read in more than one way; the table knows the first. */
static const struct {
	uint32_t c;
	const char *also[PINYIN_READINGS_MAX - 1];
} several[] = {
	{0x4e50, {"yue", "le"}}, {0x6a02, {"yue", "le"}}, {0x884c, {"hang", "heng"}}, {0x957f, {"zhang", "chang"}}, {0x9577, {"zhang", "chang"}},
	{0x91cd, {"chong", "zhong"}}, {0x671d, {"zhao", "chao"}}, {0x8983, {"tan", "qin"}}, {0x665f, {"cheng", "sheng"}}, {0x831c, {"xi", "qian"}},
	{0x96bd, {"jun", "juan"}}, {0x96cb, {"jun", "juan"}}, {0x66fe, {"ceng", "zeng"}}, {0x5355, {"dan", "shan"}}, {0x55ae, {"dan", "shan"}},
	{0x89e3, {"jie", "xie"}}, {0x4efb, {"ren"}}, {0x533a, {"qu", "ou"}}, {0x5340, {"qu", "ou"}}, {0x67e5, {"cha", "zha"}}, {0x76d6, {"gai", "ge"}},
	{0x84cb, {"gai", "ge"}}, {0x77f3, {"dan"}}, {0x90fd, {"du"}}, {0x7565, {"lve"}}, {0x7eff, {"lu"}}, {0x7da0, {"lu"}}, {0x5415, {"lu"}},
	{0x5442, {"lu"}}, {0x5973, {"nu"}}, {0x4ec7, {"chou", "qiu"}}, {0x7fdf, {"di", "zhai"}}, {0x8d3e, {"gu"}}, {0x8cc8, {"gu"}},
	{0x5b93, {"fu"}}, {0x7e41, {"po"}}, {0x6d17, {"xian"}}, {0x6298, {"she"}}, {0x53ec, {"shao"}}, {0x7f2a, {"miu", "mou"}}, {0x7e46, {"miu", "mou"}},
	{0x6c88, {"chen"}}, {0x85cf, {"zang", "cang"}}, {0x5f3a, {"qiang", "jiang"}}, {0x548c, {"he", "huo"}}, {0x66f4, {"geng"}},
	{0x7a2e, {"chong"}}, {0x79cd, {"chong"}}, {0x6c3e, {"fan"}}, {0x964d, {"xiang"}},
};

/* Surnames that the rules do not know, most of them in traditional characters. */
static const struct { uint32_t c; const char *reading; } more_families[] = {
	{0x55ae, "shan"}, {0x5340, "ou"}, {0x533a, "ou"}, {0x6734, "piao"}, {0x9577, "chang"}, {0x6a02, "yue"}, {0x84cb, "ge"}, {0x7a2e, "chong"},
	{0x79cd, "chong"}, {0x8983, "qin"}, {0x6298, "she"}, {0x53ec, "shao"}, {0x7f2a, "miao"}, {0x7e46, "miao"}, {0x9ed1, "he"}, {0x79d8, "bi"},
	{0x51bc, "xian"}, {0x6d17, "xian"}, {0x54e1, "yun"}, {0x5458, "yun"},
};

static const struct { const char *han; const char *readings[2]; } doubles[] = {
	{"欧阳", {"ou", "yang"}}, {"歐陽", {"ou", "yang"}}, {"上官", {"shang", "guan"}}, {"司马", {"si", "ma"}}, {"司馬", {"si", "ma"}},
	{"司徒", {"si", "tu"}}, {"司空", {"si", "kong"}}, {"诸葛", {"zhu", "ge"}}, {"諸葛", {"zhu", "ge"}}, {"东方", {"dong", "fang"}},
	{"東方", {"dong", "fang"}}, {"皇甫", {"huang", "fu"}}, {"尉迟", {"yu", "chi"}}, {"尉遲", {"yu", "chi"}}, {"公孙", {"gong", "sun"}},
	{"公孫", {"gong", "sun"}}, {"慕容", {"mu", "rong"}}, {"令狐", {"ling", "hu"}}, {"长孙", {"zhang", "sun"}}, {"長孫", {"zhang", "sun"}},
	{"宇文", {"yu", "wen"}}, {"夏侯", {"xia", "hou"}}, {"万俟", {"mo", "qi"}}, {"萬俟", {"mo", "qi"}}, {"单于", {"chan", "yu"}},
	{"單于", {"chan", "yu"}}, {"澹台", {"tan", "tai"}}, {"澹臺", {"tan", "tai"}}, {"南宫", {"nan", "gong"}}, {"南宮", {"nan", "gong"}},
	{"端木", {"duan", "mu"}}, {"申屠", {"shen", "tu"}}, {"西门", {"xi", "men"}}, {"西門", {"xi", "men"}}, {"轩辕", {"xuan", "yuan"}},
	{"軒轅", {"xuan", "yuan"}}, {"呼延", {"hu", "yan"}}, {"钟离", {"zhong", "li"}}, {"鍾離", {"zhong", "li"}}, {"独孤", {"du", "gu"}},
	{"獨孤", {"du", "gu"}}, {"拓跋", {"tuo", "ba"}}, {"赫连", {"he", "lian"}}, {"赫連", {"he", "lian"}}, {"闻人", {"wen", "ren"}}, {"聞人", {"wen", "ren"}},
};

/* NULL: as everywhere. */
static const char *family_reading(uint32_t c)
{
	for (size_t i = 0; i < ARRAY_LEN(more_families); i++)
		if (more_families[i].c == c)
			return more_families[i].reading;
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (families[i].c == c)
			return syllables[families[i].syllable];
	return NULL;
}

static void add(struct slice reading, struct slice ret[PINYIN_READINGS_MAX], size_t *n)
{
	for (size_t i = 0; i < *n; i++)
		if (slice_eq(ret[i], reading))
			return;
	if (*n < PINYIN_READINGS_MAX)
		ret[(*n)++] = reading;
}

size_t pinyin_readings(uint32_t c, bool family, struct slice ret[PINYIN_READINGS_MAX])
{
	const char *family_one = family ? family_reading(c) : NULL;
	unsigned plain_one;
	size_t n = 0;

	if (c < PINYIN_FIRST || c > PINYIN_LAST || (plain_one = plain[c - PINYIN_FIRST]) == 0)
		return 0;
	if (family_one != NULL)
		add(slice_str(family_one), ret, &n);
	add(slice_str(syllables[plain_one]), ret, &n);
	for (size_t i = 0; i < ARRAY_LEN(several); i++)
		for (size_t j = 0; several[i].c == c && j < ARRAY_LEN(several[i].also) && several[i].also[j] != NULL; j++)
			add(slice_str(several[i].also[j]), ret, &n);
	return n;
}

const char *const *pinyin_double_family(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(doubles); i++)
		if (slice_starts(name, slice_str(doubles[i].han)))
			return doubles[i].readings;
	return NULL;
}
