/*
 * Codes that the machine chooses: recovery codes and app passwords. 128 random bits and a 12-bit checksum as 28 letters of base32
 * (RFC 4648 6, lower case) in seven groups: "k7qm-…". The kind is part of the checksum, so that one is never taken for the other.
 */
#ifndef AUTH_CODE_H
#define AUTH_CODE_H

#include "base/buf.h"

enum code_kind { CODE_RECOVERY = 1, CODE_APP_PASSWORD = 2 };

#define CODE_SIZE 16      /* bytes of the secret */
#define CODE_TEXT_SIZE 34 /* characters as shown, with hyphens */
#define CODE_LETTERS 28
#define CODE_LOOKUP_SIZE 8

void code_make(uint8_t ret_code[CODE_SIZE]);
void code_text(const uint8_t code[CODE_SIZE], enum code_kind kind, char ret[CODE_TEXT_SIZE + 1]);
/* The same without hyphens: some programs drop them. */
void code_text_plain(const uint8_t code[CODE_SIZE], enum code_kind kind, char ret[CODE_LETTERS + 1]);
/* Spaces and hyphens anywhere, either case, 0 1 8 for o l b. False when it is no code of that kind. */
bool code_parse(struct slice text, enum code_kind kind, uint8_t ret_code[CODE_SIZE]);
/* Under which a code is found in the directory; `key` is the directory's lookup key. */
void code_lookup(const uint8_t code[CODE_SIZE], const uint8_t key[32], uint8_t ret[CODE_LOOKUP_SIZE]);

#endif
