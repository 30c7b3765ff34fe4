#ifndef MAILBOX_RAM_INTERNAL_H
#define MAILBOX_RAM_INTERNAL_H

#include "mailbox/mailbox.h"

struct ram_message {
	struct message_row row;
	struct buf bytes;    /* as the reader sees it */
	uint32_t prefix;
	struct buf digest;   /* encoded */
	uint64_t created;    /* when the email came into the account */
};

struct ram_vanished { uint32_t uid; uint64_t modseq; };

struct ram_mailbox {
	struct ram_mailbox *next;  /* by name, INBOX first */
	struct mailbox_ref ref;
	struct buf name;
	uint32_t uid_validity, uid_next, special_use;
	bool subscribed, exists;
	uint64_t modseq, created, info_modseq;
	uint32_t sort_order;
	struct ram_message **messages; /* by UID */
	size_t count;
	struct ram_vanished *vanished;
	size_t vanished_count;
};

struct ram_gone { uint64_t modseq, created; uint8_t id[16], thread_id[16]; bool mailbox; };

enum ram_event_kind { RAM_NOTICE, RAM_CAUGHT_UP, RAM_APPEND };
struct ram_event {
	struct ram_event *next;
	enum ram_event_kind kind;
	struct mailbox_ref mailbox;
	bool list_changed;
	void (*done)(void *arg);
	append_fn *appended;
	void *arg;
	struct append_input *inputs;
	size_t count;
};

struct ram_account {
	struct account base;
	struct ram_mailbox *mailboxes;
	struct buf keywords[KEYWORD_COUNT_MAX];
	unsigned keyword_count;
	uint64_t modseq, ids, forgotten, quota;
	uint32_t uid_validity;
	struct account_listener *listeners;
	struct ram_event *events, **last_event;
	struct buf prefix;
	struct ram_gone *gone;
	size_t gone_count;
	struct ram_note *notes;
};

static inline struct ram_account *ram_of(struct account *a)
{
	return (struct ram_account *)a;
}
int ram_note(struct account *a, struct slice name, struct arena *arena, struct slice *ret, struct error *err);
int ram_set_note(struct account *a, struct slice name, struct slice value, struct error *err);
void ram_notes_free(struct ram_account *r);
struct ram_mailbox *ram_find_id(struct ram_account *r, const struct mailbox_ref *ref);
struct ram_mailbox *ram_find_name(struct ram_account *r, struct slice name);
void ram_new_id(struct ram_account *r, uint8_t id[16]);
void ram_notice(struct ram_account *r, const struct mailbox_ref *mailbox); /* NULL: the list */
struct ram_message *ram_add(struct ram_account *r, struct ram_mailbox *m, struct slice prefix, struct slice message, int64_t internal_date);
struct ram_message *ram_message_at(struct ram_mailbox *m, uint32_t uid, size_t *ret_index);
void ram_remove(struct ram_account *r, struct ram_mailbox *m, size_t index, uint64_t modseq);
void ram_message_free(struct ram_message *message);

int ram_flags(struct account *a, const struct mailbox_ref *ref, uint32_t first, uint32_t last, message_fn *fn, void *arg,
              struct error *err);
int ram_messages(struct account *a, const struct mailbox_ref *ref, uint32_t first, uint32_t last, uint64_t changed_since, message_fn *fn,
                 void *arg, struct error *err);
int ram_messages_with_digest(struct account *a, const struct mailbox_ref *ref, const struct uid_set *uids, bool want_text,
                             message_digest_fn *fn, void *arg, struct error *err);
int ram_vanished(struct account *a, const struct mailbox_ref *ref, uint64_t since, struct uid_set *ret, struct error *err);
int ram_digest(struct account *a, const struct mailbox_ref *ref, uint32_t uid, bool want_text, struct arena *arena, struct slice *ret,
               uint32_t *ret_prefix, struct error *err);
int ram_check(struct account *a, const struct mailbox_ref *ref, uint32_t uid, struct error *err);
int ram_read(struct account *a, const struct mailbox_ref *ref, uint32_t uid, uint64_t offset, uint64_t n, struct buf *out, struct error *err);
int ram_store(struct account *a, const struct mailbox_ref *ref, const struct uid_set *uids, enum flag_change change, struct flag_set flags,
              uint64_t unchanged_since, struct uid_set *skipped, uint64_t *ret_modseq, struct error *err);
int ram_expunge(struct account *a, const struct mailbox_ref *ref, const struct uid_set *uids, bool force, struct uid_set *ret, struct error *err);
int ram_copy(struct account *a, const struct mailbox_ref *from, const struct uid_set *uids, const struct mailbox_ref *to, bool move,
             struct arena *arena, struct copy_result *ret, struct error *err);
int ram_search(struct account *a, const struct mailbox_ref *ref, const struct uid_set *uids, const struct search_words *what, struct uid_set *ret,
               struct error *err);

void ram_gone_add(struct ram_account *r, const struct ram_gone *gone);
void ram_touch(struct ram_account *r, struct ram_mailbox *m);
void ram_state(struct account *a, struct account_state *ret);
int ram_email(struct account *a, const uint8_t email_id[16], email_fn *fn, void *arg, struct error *err);
int ram_thread(struct account *a, const uint8_t thread_id[16], email_fn *fn, void *arg, struct error *err);
int ram_newest(struct account *a, const struct mailbox_ref *m, email_fn *fn, void *arg, struct error *err);
int ram_email_changes(struct account *a, uint64_t since, email_change_fn *fn, void *arg, struct error *err);
int ram_mailbox_changes(struct account *a, uint64_t since, mailbox_change_fn *fn, void *arg, struct error *err);
int ram_counts(struct account *a, const struct mailbox_ref *m, struct mailbox_counts *ret, struct error *err);
int ram_arrange(struct account *a, const struct mailbox_ref *m, uint32_t special_use, uint32_t sort_order, struct error *err);

#endif
