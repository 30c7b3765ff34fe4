/* What EmailSubmission/set knows, for the files that do it: submission_set.c creates, submission_update.c updates and destroys. */
#ifndef JMAP_SUBMISSION_SET_H
#define JMAP_SUBMISSION_SET_H

#include "jmap/sent.h"
#include "jmap/write.h"

struct jmap_submission_setting {
	struct jmap_sent_load state;    /* asked before anything is done */
	struct jmap_sender sender;
	bool asked_sender;
	json_t *on_update, *on_destroy; /* onSuccessUpdateEmail, onSuccessDestroyEmail; borrowed */
};

/* Asks once who may send from here; false: wait. */
bool jmap_submission_sender_known(struct jmap_call *call, struct jmap_submission_setting *t);
/* For jmap_set_ops. undoStatus and recall, one of them. */
enum jmap_step jmap_submission_update(struct jmap_call *call, struct jmap_set_item *item);
enum jmap_step jmap_submission_destroy(struct jmap_call *call, struct jmap_set_item *item);

#endif
