/* Inside of the parent process, which starts, restarts, reloads and stops the roles. It parses nothing from the network. */
#ifndef ROLE_PARENT_H
#define ROLE_PARENT_H

#include <sys/types.h>

#include "base/arena.h"
#include "role/control.h"
#include "role/table.h"

#define PARENT_START_MS 60000        /* a role that is not ready by then is killed */
#define PARENT_STOP_MS 10000         /* for all roles together */
#define PARENT_BACKOFF_MS 100
#define PARENT_BACKOFF_MAX_MS 30000
#define PARENT_STABLE_MS 30000       /* a role that ran so long starts again at once */
#define PARENT_FIRST_TRIES 6         /* failed starts of a role of a server that was never complete, until it goes on without */
#define PARENT_TICKET_MS (12 * 3600 * 1000) /* how long a TLS ticket key encrypts; so long it is accepted afterwards */
#define PARENT_ERROR_MAX 200         /* bytes of the last error of a role that are kept */
#define PARENT_STATUS_MS 500         /* roles that have not answered by then are shown without details */
#define PARENT_CALLS_MAX 8           /* as the message table says */

enum child_state {
	CHILD_DOWN,     /* never started, or waiting for its restart */
	CHILD_STARTING,
	CHILD_READY,
	CHILD_STOPPING,
	CHILD_GONE,     /* ended after a stop */
};

struct child {
	struct parent *parent;
	enum role role;
	unsigned index;
	pid_t pid; /* 0: none */
	int control;
	struct watcher *watcher;
	struct timer *timer; /* restart, or the limit of its start */
	enum child_state state;
	int64_t started_at, backoff_ms;
	unsigned restarts, failures; /* failures: starts in a row that did not become ready */
	bool clean;                  /* said that it stopped by itself */
	bool was_ready;
	bool asked;                  /* for its status */
	bool pinged;                 /* and has not answered */
	bool hung;                   /* was ended for that */
	unsigned silent;             /* ticks of the watchdog since */
	uint64_t cpu_ms;             /* at the last of them */
	bool explained;              /* `error` is about this process, not a former one */
	struct buf error;            /* why it ended, or could not start, last time */
	struct sandbox_state jail;
	struct buf status;           /* members of a JSON object */
};

struct parent_listen {
	struct slice service;
	int fd;
};

struct parent {
	struct loop *loop;
	struct ipc *ipc;
	const char *config_path;
	struct config *config;
	struct arena arena;
	int image_fd;                  /* sealed memfd for the roles */
	struct buf tls_chain;          /* PEM */
	int tls_key_fd;                /* its key: only handed on, never read in this process; -1: none */
	struct buf passwords;          /* bytes each, in the order of enum role_password */
	uint8_t *boot_secret, *master_key;
	struct role_tickets tickets[ROLE_COUNT]; /* of the rows that have them; mx, which is exposed to everybody, has others than client */
	struct parent_listen *listens;
	size_t listen_count;
	struct child *children;
	size_t child_count;
	int exe_fd, ready_fd;
	uid_t uid;                     /* of the roles; (uid_t)-1: as we are */
	gid_t gid;
	int64_t since_ms, since_mono_ms; /* wall clock, and the one that does not jump */
	struct timer *stop_timer;
	unsigned stop_rank;
	bool json_log;                 /* by command line */
	bool ready;                    /* every role was up once */
	bool incomplete;               /* it was said that we serve without some */
	bool stopping, hopeless;
	struct timer *watchdog, *ticket_timer;
	struct ipc_call *status_calls[PARENT_CALLS_MAX];
	bool status_checks[PARENT_CALLS_MAX];   /* it is the check that is wanted */
	size_t status_call_count;
	struct timer *status_timer;
	struct config *unconfirmed;    /* comes back when nobody confirms the present one; NULL: that is confirmed */
	struct timer *confirm_timer;
	uint8_t *room;
	char *admin_path;
};

/* parent_files.c: what is read and made before any role runs. */
/* The certificate with its key (an open file, as parent_open_tls has it) and the passwords of roles (bytes each, as struct parent has them);
 * empty where none is configured. */
int parent_load_files(const struct config *config, struct buf *chain, int *key, struct buf *passwords, struct error *err);
/* parent_tls.c: the certificate, and its key as an open file that this process does not read: another one, made for it, has checked that the
 * two belong together. *ret_key is -1 when none is configured, or on an error. */
int parent_open_tls(const struct config *config, struct buf *chain, int *ret_key, struct error *err);
/* A fresh image of configuration, chain, CA and zone: descriptor or negative. */
int parent_make_image(const struct config *config, struct slice chain, struct error *err);
int parent_make_directories(struct parent *parent, struct error *err);
/* Reads the master key, or makes it at the first start. */
int parent_load_master_key(struct parent *parent, struct error *err);
/* parent_listen.c */
int parent_open_listens(struct parent *parent, struct error *err);
void parent_close_listens(struct parent *parent);
/* parent_rights.c: who the roles run as, and what is left of root's rights. */
int parent_find_user(struct parent *parent, struct error *err);
int parent_drop_rights(struct error *err);
/* Only async-signal-safe calls; in the child between fork and exec. 0 or -1. */
int parent_become_user(const struct parent *parent);

/* parent_spawn.c */
void child_spawn(struct child *child);
void child_signal(struct child *child, int signo);
void child_send(struct child *child, enum control_kind kind);
/* The image and the secrets of its row, then `last`. */
void child_send_all(struct child *child, enum control_kind last);
void child_drop_control(struct child *child);
/* Its TLS ticket keys, when its row has them. */
void child_send_tickets(struct child *child);
/* parent_channels.c: a socket pair to every live peer that the message table knows. */
void parent_connect(struct child *child);
/* parent_watch.c: what roles say, and their ends. */
void child_listen(struct child *child);
void child_read(struct child *child); /* what waits, up to a limit */
void parent_reap(struct parent *parent);
void child_restart_later(struct child *child);
/* Keeps the reason of an end that is to come or has come; the first one of a process stays. Printable text; cut at PARENT_ERROR_MAX. */
void child_explain(struct child *child, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* parent_watchdog.c: ends roles whose loop does not go round. */
void parent_watchdog_start(struct parent *parent);
void child_alive(struct child *child);
/* parent_tickets.c: makes TLS ticket keys, and others every PARENT_TICKET_MS; they are on no disk. */
void parent_tickets_start(struct parent *parent);
/* parent_process.c: what proc(5) knows of a process. */
struct parent_process {
	char state;      /* R running, S sleeping, D waiting for a disk, T stopped; 0: not known */
	uint64_t cpu_ms; /* used since its start */
	uint64_t rss;    /* resident bytes */
};
void parent_process_look(pid_t pid, struct parent_process *ret);
/* parent.c */
struct child *parent_child(struct parent *parent, enum role role, unsigned index);
void parent_child_ready(struct child *child);
void parent_child_ended(struct child *child);
void parent_begin_stop(struct parent *parent);
/* Gives every role the image (taken over) and tells it to reload. */
void parent_spread_image(struct parent *parent, int image);
/* parent_confirm.c */
int parent_check_doors(const struct config *config, struct error *err); /* are the lists of who may come in lists of addresses? */
/* Before `next` takes the place of parent->config: when it changes who may come in, that one comes back unless it is confirmed. */
void parent_confirm_begin(struct parent *parent, const struct config *next);
/* How long there is for that, in ms; 0: nothing has to be confirmed. */
int64_t parent_confirm_within(const struct parent *parent);
bool parent_confirm(struct parent *parent); /* false: there was nothing */
/* Tells the service manager that we are up, though not every role is. */
void parent_serve_incomplete(struct parent *parent);
/* 0, or the reason in err; *restart gets the names of options that wait for a restart. */
int parent_reload(struct parent *parent, struct buf *restart, struct error *err);
/* parent_admin.c */
void parent_admin_start(struct parent *parent);
void parent_admin_answered(struct parent *parent);

struct parent_options {
	const char *config_path;
	bool check_only;
	bool json_log;
	int ready_fd; /* -1: none */
};
/* Runs the server (or only checks); returns the exit status. */
int parent_main(const struct parent_options *options);

#endif
