/*
 * Searches files for many byte strings at once, and for zstd frames in the clear. search NEEDLES FILE…: NEEDLES holds strings of at least
 * 8 bytes, each behind its length (u32, big-endian). Prints one JSON line for each finding and one in the end.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/endian.h"
#include "base/memory.h"
#include "base/slice.h"

#define KEY_SIZE 8
#define TABLE_BITS 22
#define TABLE_SIZE (1u << TABLE_BITS)
#define FINDINGS_MAX 200
#define FRAME_SHOWN 4096

struct needle {
	struct slice text;
	uint32_t next; /* with the same hash; 0: none */
};

struct search {
	struct needle *needles; /* from 1 */
	uint32_t count;
	uint32_t *table;
	uint64_t files, bytes, frames, found;
};

static uint32_t hash(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
	return (uint32_t)(v * 0x9e3779b97f4a7c15u >> (64 - TABLE_BITS));
}

static struct slice map_file(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct slice s = SLICE_NONE;
	if (fd < 0)
		return s;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (p != MAP_FAILED)
			s = slice_make(p, (size_t)st.st_size);
	}
	close(fd);
	return s;
}

static void load(struct search *s, const char *path)
{
	struct slice all = map_file(path), text;
	size_t room = all.n / (4 + KEY_SIZE) + 2;
	s->needles = memory_alloc(room * sizeof *s->needles);
	s->table = memory_alloc(TABLE_SIZE * sizeof *s->table);
	while (slice_get_bytes(&all, &text)) {
		if (text.n < KEY_SIZE)
			exit(2);
		uint32_t h = hash(text.p);
		s->needles[++s->count] = (struct needle){text, s->table[h]};
		s->table[h] = s->count;
	}
}

static void report(struct search *s, const char *path, size_t offset, const char *what, struct slice text)
{
	if (s->found++ >= FINDINGS_MAX)
		return;
	printf("{\"file\":\"%s\",\"offset\":%zu,\"what\":\"%s\",\"text\":\"", path, offset, what);
	for (size_t i = 0; i < text.n && i < 64; i++)
		printf("%02x", text.p[i]);
	printf("\"}\n");
}

/* Four bytes come up by chance; a frame that gives text does not. */
static void try_frame(struct search *s, const char *path, struct slice file, size_t at)
{
	uint8_t out[FRAME_SHOWN];
	ZSTD_DStream *stream = ZSTD_createDStream();
	ZSTD_inBuffer in = {file.p + at, file.n - at, 0};
	ZSTD_outBuffer to = {out, sizeof out, 0};
	size_t r = 1;
	while (r != 0 && !ZSTD_isError(r) && in.pos < in.size && to.pos < to.size)
		r = ZSTD_decompressStream(stream, &to, &in);
	if (!ZSTD_isError(r) && to.pos > 0)
		report(s, path, at, "zstd", slice_make(out, to.pos));
	ZSTD_freeDStream(stream);
}

static void search_at(struct search *s, const char *path, struct slice file, size_t at)
{
	for (uint32_t i = s->table[hash(file.p + at)]; i != 0; i = s->needles[i].next) {
		struct slice text = s->needles[i].text;
		if (text.n <= file.n - at && memcmp(file.p + at, text.p, text.n) == 0)
			report(s, path, at, "text", text);
	}
	if (get_u32(file.p + at) == 0x28b52ffd) {
		s->frames++;
		try_frame(s, path, file, at);
	}
}

static void search_file(struct search *s, const char *path)
{
	struct slice file = map_file(path);
	for (size_t at = 0; at + KEY_SIZE <= file.n; at++)
		if (get_u64(file.p + at) != 0) /* much of a pack is zeros */
			search_at(s, path, file, at);
	s->files++;
	s->bytes += file.n;
	if (file.n > 0)
		munmap((void *)file.p, file.n);
}

int main(int argc, char **argv)
{
	struct search s = {0};
	if (argc < 2)
		return 2;
	load(&s, argv[1]);
	for (int i = 2; i < argc; i++)
		search_file(&s, argv[i]);
	printf("{\"summary\":true,\"needles\":%u,\"files\":%llu,\"bytes\":%llu,\"found\":%llu,\"magic\":%llu}\n", s.count,
	       (unsigned long long)s.files, (unsigned long long)s.bytes, (unsigned long long)s.found, (unsigned long long)s.frames);
	return 0;
}
