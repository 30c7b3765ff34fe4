/* VBA projects (MS-OVBA) in OLE files. Private to src/inspect. */
#ifndef INSPECT_VBA_H
#define INSPECT_VBA_H

#include "inspect/ole.h"

/* 2.4.1.3.1: appends what the container holds, as much as fits and is intact. False: no container, or damaged behind what was appended. */
bool vba_decompress(struct slice in, struct buf *out);
/* Looks for projects and tells what is in them. */
void vba_inspect(struct walk *w, struct ole *o);
/* Words of source text, whatever it came from (also Basic of ODF). */
void vba_source(struct walk *w, struct slice name, struct slice source);

#endif
