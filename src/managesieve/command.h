/* Commands of ManageSieve as they come over the wire (RFC 5804 4). */
#ifndef MANAGESIEVE_COMMAND_H
#define MANAGESIEVE_COMMAND_H

#include "base/arena.h"
#include "base/buf.h"

#define MANAGESIEVE_LINE_MAX 16384        /* bytes of a command without its literals; SASL messages need most of it */
#define MANAGESIEVE_LITERAL_MAX (256 * 1024) /* of one literal: what is above the limit of a script is refused politely */
#define MANAGESIEVE_ARGUMENTS_MAX 3

struct managesieve_argument {
	bool is_string;       /* else a number or an atom */
	struct slice text;
};
struct managesieve_command {
	struct slice verb;    /* as written; empty when the command begins with a string (an answer of SASL) */
	struct managesieve_argument arguments[MANAGESIEVE_ARGUMENTS_MAX];
	size_t count;
	size_t length;        /* bytes to be taken off the input */
};

enum managesieve_parsed { MANAGESIEVE_NONE, MANAGESIEVE_READY, MANAGESIEVE_BAD /* length says how much to drop */, MANAGESIEVE_TOO_LONG };
/* Looks for one complete command at the front of `in`. Strings lie in the arena or in `in`. */
enum managesieve_parsed managesieve_parse(struct slice in, struct arena *arena, struct managesieve_command *ret);

/* A string as the server sends it: quoted, or as a literal. */
void managesieve_string(struct slice text, struct buf *out);

#endif
