/* Files of keys and certificates that the tool reads and writes for its user. */
#ifndef CMD_CLI_FILE_H
#define CMD_CLI_FILE_H

#include <stdbool.h>

#include "base/buf.h"

/* "<prefix><suffix>" for its owner alone (0600); one that exists is never written over, nor a link followed. False after cli_error. */
bool cli_file_write(const char *prefix, const char *suffix, struct slice content);
/* Appends it; at most the buffer's maximum. False after cli_error. */
bool cli_file_read(const char *prefix, const char *suffix, struct buf *out);
void cli_file_remove(const char *prefix, const char *suffix);
bool cli_file_exists(const char *prefix, const char *suffix);
/* A public file, replaced as a whole. False after cli_error. */
bool cli_file_replace(const char *path, struct slice content);

#endif
