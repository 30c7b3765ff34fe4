/* Addresses in attachments. Private to src/inspect. */
#ifndef INSPECT_URL_H
#define INSPECT_URL_H

#include "base/slice.h"

/* Leads away from the document: "http:", "ftp:", "file:", "\\host", "//host", "mhtml:", "ms-…:". */
bool url_is_remote(struct slice url);
/* Names another machine to the file system: "\\host\share", "file://host/…", "smb:"; opening it gives the password of the user away. */
bool url_is_unc(struct slice url);

#endif
