#include "conf/signatures.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/ensure.h"
#include "crypt/minisign.h"
#include "sys/file.h"

#define PATH_ROOM 4096

bool signatures_name_usable(const char *name)
{
	static const char *const kinds[] = {".hdb", ".hsb", ".mdb", ".msb", ".ndb", ".ldb", ".ldu", ".yar", ".yara", ".cdb", ".fp", ".sfp", ".ign2",
		".pdb", ".wdb"};
	const char *dot = strrchr(name, '.');
	for (const char *c = name; *c != '\0'; c++)
		if (!ascii_is_alnum((uint8_t)*c) && *c != '.' && *c != '-' && *c != '_')
			return false;
	for (size_t i = 0; dot != NULL && dot != name && i < ARRAY_LEN(kinds); i++)
		if (strcmp(dot, kinds[i]) == 0)
			return strlen(name) <= SIGNATURES_NAME_MAX - sizeof SIGNATURES_PREFIX;
	return false;
}

static bool path_of(const struct config *c, const char *name, const char *suffix, char ret[PATH_ROOM])
{
	int n = snprintf(ret, PATH_ROOM, "%.*s/%s%s", SLICE_ARG(c->malware_signature_folder), name, suffix);
	return n > 0 && n < PATH_ROOM;
}

int64_t signatures_time(const struct config *c, const char *name)
{
	char path[PATH_ROOM];
	struct buf content = BUF_INIT(SIGNATURES_FILE_MAX), signature = BUF_INIT(MINISIGN_TEXT_MAX);
	struct error err = {0};
	int64_t time = 0;
	if (!path_of(c, name, "", path) || file_read(path, &content, &err) != 0 || !path_of(c, name, SIGNATURES_SUFFIX, path)
	    || file_read(path, &signature, &err) != 0
	    || minisign_verify(c->malware_signature_key, buf_slice(&content), buf_slice(&signature), &time, &err) != 0)
		time = 0;
	buf_free(&content);
	buf_free(&signature);
	return time;
}

/* What differs when a file is another one; zero: it is not there. */
static void stamp(const struct config *c, const char *name, int64_t ret[6])
{
	static const char *const suffixes[] = {"", SIGNATURES_SUFFIX};
	char path[PATH_ROOM];
	struct stat st;
	memset(ret, 0, 6 * sizeof *ret);
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		if (!path_of(c, name, suffixes[i], path) || stat(path, &st) != 0)
			continue;
		ret[3 * i] = st.st_size;
		ret[3 * i + 1] = st.st_ctim.tv_sec * INT64_C(1000000000) + st.st_ctim.tv_nsec;
		ret[3 * i + 2] = (int64_t)st.st_ino;
	}
}

static const struct signature_file *find(const struct signature_file *files, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(files[i].name, name) == 0)
			return &files[i];
	return NULL;
}

static struct signature_file look_at(const struct config *c, const char *name, const struct signature_file *before)
{
	struct signature_file f = {0};
	(void)snprintf(f.name, sizeof f.name, "%s", name);
	stamp(c, name, f.stamp); /* before it is read: what changes meanwhile is read again */
	f.made_s = before != NULL && memcmp(before->stamp, f.stamp, sizeof f.stamp) == 0 ? before->made_s : signatures_time(c, name);
	return f;
}

static bool is_ours(const char *name)
{
	return strncmp(name, SIGNATURES_PREFIX, sizeof SIGNATURES_PREFIX - 1) == 0 && strlen(name) < SIGNATURES_NAME_MAX
	       && signatures_name_usable(name);
}

int signatures_look(const struct config *c, struct signature_file files[SIGNATURES_MAX], size_t *count, struct error *err)
{
	struct signature_file before[SIGNATURES_MAX];
	size_t known = *count;
	int rc = 0;
	DIR *folder = opendir((const char *)c->malware_signature_folder.p);
	memcpy(before, files, known * sizeof *before);
	*count = 0;
	if (folder == NULL)
		return errno == ENOENT ? error_set(err, ERR_NOT_FOUND, "there is no such folder") : error_errno(err, "malware.signature_folder");
	for (const struct dirent *e; rc == 0 && (e = readdir(folder)) != NULL;) {
		if (!is_ours(e->d_name))
			continue;
		if (*count == SIGNATURES_MAX)
			rc = error_set(err, ERR_LIMIT, "more than %d signature files of our own", SIGNATURES_MAX);
		else
			files[(*count)++] = look_at(c, e->d_name, find(before, known, e->d_name));
	}
	closedir(folder);
	if (rc != 0)
		*count = 0;
	return rc;
}

enum signatures_state signatures_state(const struct config *c, int64_t made_s, int64_t now_s)
{
	int64_t age_ms = (now_s - made_s) * 1000;
	if (made_s == 0)
		return SIGNATURES_UNSIGNED;
	return age_ms >= c->malware_stale ? SIGNATURES_STALE : age_ms >= c->malware_old ? SIGNATURES_OLD : SIGNATURES_FRESH;
}
