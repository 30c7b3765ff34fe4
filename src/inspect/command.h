/* Command lines and scripts: which interpreters and doors they use. Private to src/inspect. */
#ifndef INSPECT_COMMAND_H
#define INSPECT_COMMAND_H

#include "inspect/walk.h"

/* Finds `what` with the words, when any interpreter or loader of programs is named. True: it was. */
bool command_inspect(struct walk *w, enum inspect_what what, struct slice text);

#endif
