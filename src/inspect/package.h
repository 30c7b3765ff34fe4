/* OLE 1 objects and packages, as they stand in OLE streams and in RTF (MS-OLEDS). Private to src/inspect. */
#ifndef INSPECT_PACKAGE_H
#define INSPECT_PACKAGE_H

#include "inspect/walk.h"

/* The body of "\1Ole10Native" behind its size: a file with its name. */
void package_inspect(struct walk *w, struct slice body);
/* 2.2.4: an embedded or linked object with its class, topic and data. */
void object_inspect(struct walk *w, struct slice object);
/* A program id or class name: finds Equation, packages, controls. */
void object_class(struct walk *w, struct slice name);

#endif
