/* letterlockd: the server. Started by hand or by the service manager it is the parent; with --role it is one of its roles. */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/log.h"
#include "crypt/ca.h"
#include "crypt/crypt.h"
#include "role/parent.h"
#include "role/process.h"
#include "sys/file.h"

#define DEFAULT_CONFIG "/etc/letterlock/letterlock.yaml"
#define CERTIFICATE_DAYS 825
#define CA_DAYS 3650

enum exit_code { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static const char help[] =
	"letterlockd [--config FILE]                 run the server (default " DEFAULT_CONFIG ", or LETTERLOCK_CONFIG)\n"
	"letterlockd --check                         check configuration and certificate, start nothing\n"
	"letterlockd --make-certificate DIR NAME...  make a CA and a server certificate for these names and addresses in DIR\n"
	"letterlockd --version | --help\n"
	"\n"
	"  --log json       log lines as JSON instead of logfmt\n"
	"  --ready-fd N     write \"ready\" to this descriptor when every process is up\n"
	"\n"
	"SIGHUP reads configuration and certificates again; SIGTERM and SIGINT end the server cleanly.\n"
	"Exit status: 0 ended cleanly, 1 could not run, 2 usage, 3 errors in the configuration.\n";

enum option_id { OPTION_CONFIG = 1, OPTION_CHECK, OPTION_READY_FD, OPTION_LOG, OPTION_ROLE, OPTION_INDEX, OPTION_CERTIFICATE, OPTION_VERSION,
	OPTION_HELP, OPTION_PROBE };

static const struct option options[] = {
	{"config", required_argument, NULL, OPTION_CONFIG},
	{"check", no_argument, NULL, OPTION_CHECK},
	{"ready-fd", required_argument, NULL, OPTION_READY_FD},
	{"log", required_argument, NULL, OPTION_LOG},
	{"role", required_argument, NULL, OPTION_ROLE},
	{"index", required_argument, NULL, OPTION_INDEX},
	{"make-certificate", required_argument, NULL, OPTION_CERTIFICATE},
	{"jail-probe", no_argument, NULL, OPTION_PROBE},
	{"version", no_argument, NULL, OPTION_VERSION},
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

struct arguments {
	struct parent_options parent;
	const char *role, *index, *certificate_dir;
	bool version, help, probe;
};

static int usage(const char *what)
{
	fprintf(stderr, "letterlockd: %s; see letterlockd --help\n", what);
	return EXIT_USAGE;
}

static int take_option(struct arguments *a, enum option_id id, const char *value)
{
	uint32_t fd;
	switch (id) {
	case OPTION_CONFIG:
		a->parent.config_path = value;
		return 0;
	case OPTION_CHECK:
		a->parent.check_only = true;
		return 0;
	case OPTION_READY_FD:
		if (slice_to_u32(slice_str(value), &fd) != 0 || fd > 1000000 || fcntl((int)fd, F_SETFD, FD_CLOEXEC) != 0)
			return usage("--ready-fd is not an open descriptor");
		a->parent.ready_fd = (int)fd;
		return 0;
	case OPTION_LOG:
		if (strcmp(value, "json") != 0 && strcmp(value, "logfmt") != 0)
			return usage("--log is json or logfmt");
		a->parent.json_log = strcmp(value, "json") == 0;
		return 0;
	case OPTION_ROLE:
		a->role = value;
		return 0;
	case OPTION_INDEX:
		a->index = value;
		return 0;
	case OPTION_CERTIFICATE:
		a->certificate_dir = value;
		return 0;
	case OPTION_PROBE:
		a->probe = true;
		return 0;
	case OPTION_VERSION:
		a->version = true;
		return 0;
	case OPTION_HELP:
		a->help = true;
		return 0;
	}
	return EXIT_USAGE;
}

/* ---- --make-certificate ---- */

struct output {
	const char *name;
	struct buf *content;
	mode_t mode;
};

static int write_all(const char *dir, const struct output *outputs, size_t count, struct error *err)
{
	int r = file_make_dir(dir, 0755, err);
	for (size_t i = 0; i < count && r == 0; i++) {
		struct arena arena = ARENA_INIT;
		struct slice path = arena_printf(&arena, "%s/%s", dir, outputs[i].name);
		r = file_create((const char *)path.p, buf_slice(outputs[i].content), outputs[i].mode, err);
		if (r == 0)
			printf("%.*s\n", SLICE_ARG(path));
		arena_free(&arena);
	}
	return r;
}

static int make_certificate(const char *dir, char *const *names, int count)
{
	struct slice list[CA_NAMES_MAX];
	struct buf ca = BUF_INIT(65536), ca_key = BUF_INIT(65536), chain = BUF_INIT(65536), key = BUF_INIT(65536);
	const struct output outputs[] = {{"ca.pem", &ca, 0644}, {"ca.key", &ca_key, 0600}, {"server.pem", &chain, 0644}, {"server.key", &key, 0600}};
	struct error err = {0};
	if (count < 1 || count > CA_NAMES_MAX)
		return usage("--make-certificate needs between 1 and 100 names");
	for (int i = 0; i < count; i++)
		list[i] = slice_str(names[i]);
	crypt_init();
	int r = ca_create("Letterlock CA", CA_DAYS, &ca, &ca_key, &err);
	if (r == 0)
		r = ca_issue(buf_slice(&ca), buf_slice(&ca_key), list, (size_t)count, CERTIFICATE_DAYS, &chain, &key, &err);
	if (r == 0)
		r = write_all(dir, outputs, ARRAY_LEN(outputs), &err);
	if (r != 0)
		fprintf(stderr, "letterlockd: %s\n", err.private_text);
	buf_free(&ca);
	buf_free(&chain);
	buf_free_secret(&ca_key);
	buf_free_secret(&key);
	return r == 0 ? EXIT_GOOD : EXIT_FAILED;
}

static int run_role(const struct arguments *a)
{
	enum role role;
	uint32_t index = 0;
	if (role_from_name(slice_str(a->role), &role) != 0 || role == ROLE_PARENT)
		return usage("no such role");
	if (a->index != NULL && slice_to_u32(slice_str(a->index), &index) != 0)
		return usage("--index is not a number");
#ifdef LETTERLOCK_FAULTS
	if (a->probe)
		return role_jail_probe(role, index, a->parent.config_path);
#endif
	if (fcntl(CONTROL_FD, F_GETFD) < 0)
		return usage("--role is for the parent process only");
	return role_main(role, index);
}

/* Descriptors 0 to 2 are never something else, whatever we were started with. False: there is no /dev/null. */
static bool standard_descriptors_fill(void)
{
	int fd;
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	return fd > STDERR_FILENO && close(fd) == 0;
}

int main(int argc, char **argv)
{
	struct arguments a = {.parent = {.config_path = getenv("LETTERLOCK_CONFIG"), .ready_fd = -1}};
	int id;
	while ((id = getopt_long(argc, argv, "", options, NULL)) != -1) {
		int r = take_option(&a, (enum option_id)id, optarg);
		if (r != 0)
			return r;
	}
	if (a.help) {
		fputs(help, stdout);
		return EXIT_GOOD;
	}
	if (a.version) {
		puts("letterlockd " LETTERLOCK_VERSION);
		return EXIT_GOOD;
	}
	if (a.certificate_dir != NULL)
		return make_certificate(a.certificate_dir, argv + optind, argc - optind);
	if (optind != argc)
		return usage("unexpected argument");
	if (a.role != NULL)
		return run_role(&a);
	if (a.parent.config_path == NULL)
		a.parent.config_path = DEFAULT_CONFIG;
	if (!standard_descriptors_fill())
		return EXIT_FAILED;
	return parent_main(&a.parent);
}
