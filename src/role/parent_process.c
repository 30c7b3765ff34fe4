#include <stdio.h>
#include <unistd.h>

#include "role/parent.h"
#include "sys/file.h"

static uint64_t field(struct slice line, unsigned number)
{
	struct slice rest = line, word = SLICE_NONE;
	uint64_t value = 0;
	for (unsigned i = 0; i <= number; i++)
		if (!slice_split(&rest, ' ', &word))
			return 0;
	return slice_to_u64(slice_trim(word), &value) == 0 ? value : 0;
}

static struct slice proc_line(pid_t pid, const char *name, struct buf *room)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	buf_clear(room);
	file_read(path, room, NULL);
	return buf_slice(room);
}

/* proc(5): stat fields 3, 14 and 15, statm field 2. The name of the process, field 2, may hold anything. */
void parent_process_look(pid_t pid, struct parent_process *ret)
{
	struct buf room = BUF_INIT(4096);
	struct slice stat = proc_line(pid, "stat", &room);
	ptrdiff_t name_end = slice_rfind(stat, ')');
	stat = name_end < 0 ? SLICE_NONE : slice_from(stat, (size_t)name_end + 2);
	ret->state = stat.n > 0 ? (char)stat.p[0] : 0;
	ret->cpu_ms = (field(stat, 11) + field(stat, 12)) * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
	ret->rss = field(proc_line(pid, "statm", &room), 1) * (uint64_t)sysconf(_SC_PAGESIZE);
	buf_free(&room);
}
