#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/log.h"
#include "crypt/crypt.h"
#include "crypt/slab.h"
#include "crypt/tls.h"
#include "role/parent.h"
#include "sys/file.h"

#define ZONE_MAX (8 * 1024 * 1024)
#define CA_MAX (4 * 1024 * 1024)
#define PASSWORD_MAX 1024
#define MASTER_KEY_SIZE CONTROL_SECRET_SIZE

static int load_password(struct slice path, struct buf *passwords, struct error *err)
{
	struct buf password = BUF_INIT(PASSWORD_MAX);
	int r = path.n > 0 ? file_read((const char *)path.p, &password, err) : 0;

	while (r == 0 && slice_ends(buf_slice(&password), SLICE("\n")))
		buf_truncate(&password, buf_len(&password) - 1);
	buf_put_bytes(passwords, buf_slice(&password));
	buf_free_secret(&password);
	return r;
}

/* What auth is given: the secrets of providers, and behind them the line of tls.acme_eab_file. */
static int load_auth(const struct config *config, struct buf *passwords, struct error *err)
{
	struct buf all = BUF_INIT(2 * PASSWORD_MAX), eab = BUF_INIT(PASSWORD_MAX);
	(void)buf_reserve(&all, all.max);
	int r = config->sso_secret_file.n > 0 ? file_read((const char *)config->sso_secret_file.p, &all, err) : 0;
	while (r == 0 && slice_ends(buf_slice(&all), SLICE("\n")))
		buf_truncate(&all, buf_len(&all) - 1);
	if (r == 0 && config->tls_acme_eab_file.n > 0)
		r = file_read((const char *)config->tls_acme_eab_file.p, &eab, err);
	if (r == 0 && buf_len(&eab) > 0)
		buf_printf(&all, "\n" ROLE_PASSWORD_ACME " %.*s", SLICE_ARG(slice_trim(buf_slice(&eab))));
	buf_put_bytes(passwords, buf_slice(&all));
	buf_free_secret(&eab);
	buf_free_secret(&all);
	return r;
}

/* In the order of enum role_password. */
static int load_passwords(const struct config *config, struct buf *passwords, struct error *err)
{
	(void)buf_reserve(passwords, passwords->max); /* growing would leave copies behind */
	int r = load_password(config->relay_password_file, passwords, err);

	if (r == 0)
		r = load_password(config->ldap_password_file, passwords, err);
	if (r == 0)
		r = load_auth(config, passwords, err);
	return r == 0 ? load_password(config->audit_webhook_secret_file, passwords, err) : r;
}

int parent_load_files(const struct config *config, struct buf *chain, int *key, struct buf *passwords, struct error *err)
{
	*key = -1;
	buf_init(chain, 0);
	buf_init(passwords, 6 * PASSWORD_MAX);
	int r = parent_check_doors(config, err);
	if (r == 0)
		r = parent_open_tls(config, chain, key, err);
	if (r == 0)
		r = load_passwords(config, passwords, err);
	if (r != 0) {
		buf_free(chain);
		file_close(key);
		buf_free_secret(passwords);
	}
	return r;
}

/* Lists of revoked certificates travel with the certificates that they are about. A file without any would check nothing. */
static int append_crl(const char *path, struct buf *out, struct error *err)
{
	struct buf crl = BUF_INIT(CA_MAX);
	int64_t ends;
	int r = file_read(path, &crl, err);
	if (r == 0)
		r = tls_crl_read(buf_slice(&crl), &ends, err);
	buf_append_byte(out, '\n');
	buf_append(out, buf_slice(&crl));
	buf_free(&crl);
	return r == 0 && out->failed ? error_set(err, ERR_LIMIT, "%s is too large", path) : r;
}

int parent_make_image(const struct config *config, struct slice chain, struct error *err)
{
	struct buf image = BUF_INIT(CONTROL_IMAGE_MAX), whole = BUF_INIT(CONTROL_IMAGE_MAX), zone = BUF_INIT(ZONE_MAX), ca = BUF_INIT(CA_MAX),
		client_ca = BUF_INIT(CA_MAX);
	int fd = -1;
	int r = config->dns_zone.n > 0 ? file_read((const char *)config->dns_zone.p, &zone, err) : 0;
	if (r == 0 && config->tls_ca.n > 0)
		r = file_read((const char *)config->tls_ca.p, &ca, err);
	if (r == 0 && config->auth_client_ca.n > 0)
		r = file_read((const char *)config->auth_client_ca.p, &client_ca, err);
	if (r == 0 && config->auth_client_ca.n > 0 && config->auth_client_crl.n > 0)
		r = append_crl((const char *)config->auth_client_crl.p, &client_ca, err);
	if (r != 0)
		goto out;
	config_encode(config, &image);
	buf_put_bytes(&whole, buf_slice(&image));
	buf_put_bytes(&whole, chain);
	buf_put_bytes(&whole, buf_slice(&ca));
	buf_put_bytes(&whole, buf_slice(&zone));
	buf_put_bytes(&whole, buf_slice(&client_ca));
	if (whole.failed || image.failed) {
		r = error_set(err, ERR_LIMIT, "the configuration is too large");
		goto out;
	}
	fd = memfd_from_slice("configuration", buf_slice(&whole), err);
	r = fd < 0 ? fd : 0;
out:
	buf_free(&image);
	buf_free(&whole);
	buf_free(&zone);
	buf_free(&ca);
	buf_free(&client_ca);
	return r != 0 ? r : fd;
}

static int make_owned(struct parent *parent, const char *path, struct error *err)
{
	int r = file_make_dir(path, 0700, err);
	if (r == 0 && parent->uid != (uid_t)-1 && chown(path, parent->uid, parent->gid) != 0)
		r = error_errno(err, "%s", path);
	return r;
}

static int make_buckets(struct parent *parent, const char *accounts, struct error *err)
{
	int r = 0;
	for (unsigned i = 0; i < 256 && r == 0; i++) {
		struct arena arena = ARENA_INIT;
		struct slice path = arena_printf(&arena, "%s/%02x", accounts, i);
		r = make_owned(parent, (const char *)path.p, err);
		arena_free(&arena);
	}
	return r;
}

/* Two servers on one directory would take each other's sockets and databases. The lock ends with this process. */
static int lock_directory(struct parent *parent, struct slice directory, struct error *err)
{
	struct slice path = arena_printf(&parent->arena, "%.*s/lock", SLICE_ARG(directory));
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open((const char *)path.p, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_errno(err, "%s", (const char *)path.p);
	if (fcntl(fd, F_OFD_SETLK, &whole) == 0)
		return 0;
	close(fd);
	return error_set(err, ERR_EXISTS, "%.*s: another server runs on this directory", SLICE_ARG(directory));
}

int parent_make_directories(struct parent *parent, struct error *err)
{
	static const char *const names[] = {ROLE_DIR_KEY, ROLE_DIR_DIRECTORY, ROLE_DIR_SPOOL, ROLE_DIR_PACKS, ROLE_DIR_ACCOUNTS, ROLE_DIR_AUDIT};
	const struct config *c = parent->config;
	int r = make_owned(parent, (const char *)c->data_dir.p, err);
	if (r == 0)
		r = file_make_dir((const char *)c->run_dir.p, 0755, err);
	if (r == 0)
		r = lock_directory(parent, c->data_dir, err);
	if (r == 0 && !slice_eq(c->run_dir, c->data_dir))
		r = lock_directory(parent, c->run_dir, err);
	for (size_t i = 0; i < ARRAY_LEN(names) && r == 0; i++) {
		struct slice path = arena_printf(&parent->arena, "%.*s/%s", SLICE_ARG(c->data_dir), names[i]);
		r = make_owned(parent, (const char *)path.p, err);
		if (r == 0 && slice_ends(path, SLICE("/" ROLE_DIR_ACCOUNTS)))
			r = make_buckets(parent, (const char *)path.p, err);
	}
	return r;
}

static bool is_empty_directory(const char *path)
{
	DIR *dir = opendir(path);
	bool empty = true;
	if (dir == NULL)
		return true;
	for (struct dirent *e; (e = readdir(dir)) != NULL;)
		empty &= e->d_name[0] == '.';
	closedir(dir);
	return empty;
}

static int create_master_key(struct parent *parent, const char *path, struct error *err)
{
	struct slice keys = arena_printf(&parent->arena, "%.*s/%s", SLICE_ARG(parent->config->data_dir), ROLE_DIR_KEY);
	/* A new key would make everything that is there unreadable; somebody has to look for the old one. */
	if (!is_empty_directory((const char *)keys.p))
		return error_set(err, ERR_NOT_FOUND, "%s is missing, but there is data that needs it", path);
	random_bytes(parent->master_key, MASTER_KEY_SIZE);
	int r = file_create(path, slice_make(parent->master_key, MASTER_KEY_SIZE), 0600, err);
	if (r == 0)
		log_event(EV_KEY_CREATED, LOG_STR("file", path), LOG_STR("advice", "keep a copy: who has this file and the data can read queue and directory"));
	return r;
}

static int check_mode(const char *path, struct error *err)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return error_errno(err, "%s", path);
	if (st.st_mode & 077)
		return error_set(err, ERR_DENIED, "%s: others may read it; it must have mode 0600", path);
	return 0;
}

int parent_load_master_key(struct parent *parent, struct error *err)
{
	const struct config *c = parent->config;
	struct slice path = c->key_file.n > 0 ? c->key_file : arena_printf(&parent->arena, "%.*s/master.key", SLICE_ARG(c->data_dir));
	const char *name = (const char *)path.p;
	struct buf content = BUF_INIT(MASTER_KEY_SIZE);
	parent->master_key = slab_alloc(MASTER_KEY_SIZE);
	parent->boot_secret = slab_alloc(CONTROL_SECRET_SIZE);
	ENSURE(parent->master_key != NULL && parent->boot_secret != NULL);
	random_bytes(parent->boot_secret, CONTROL_SECRET_SIZE);
	int r = file_read(name, &content, err);
	if (r == ERR_NOT_FOUND) {
		r = create_master_key(parent, name, err);
	} else if (r == 0) {
		r = check_mode(name, err);
		if (r == 0 && buf_len(&content) != MASTER_KEY_SIZE)
			r = error_set(err, ERR_INVALID, "%s: not a key of %d bytes", name, MASTER_KEY_SIZE);
		if (r == 0)
			memcpy(parent->master_key, buf_slice(&content).p, MASTER_KEY_SIZE);
	}
	buf_free_secret(&content);
	return r;
}
