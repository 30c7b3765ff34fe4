/* Limits of Sieve. A script that passes one of the first group is refused when it is stored; one that passes one of the second ends with an error
 * when it runs, and the letter is kept. */
#ifndef SIEVE_LIMITS_H
#define SIEVE_LIMITS_H

#define SIEVE_SCRIPT_MAX 65536         /* bytes of one script */
#define SIEVE_NAME_MAX 256             /* bytes of the name of a script (RFC 5804 1.6 wants 128 characters) */
#define SIEVE_NESTING_MAX 20           /* blocks within blocks; also tests within tests */
#define SIEVE_NODES_MAX 4000           /* commands and tests of one script */
#define SIEVE_ARGUMENTS_MAX 24         /* of one command or test, tags counted */
#define SIEVE_STRINGS_MAX 2000         /* strings of one list */
#define SIEVE_STRING_MAX 32768         /* bytes of one string */
#define SIEVE_IDENTIFIER_MAX 64

#define SIEVE_WORK_MAX 10000000u       /* steps of one run: about one for each byte that is looked at, SIEVE_WORK_COMMAND for a command or test */
#define SIEVE_WORK_COMMAND 50u
#define SIEVE_ACTIONS_MAX 32           /* different actions of one run */
#define SIEVE_REDIRECTS_MAX 4          /* of them: redirects */
#define SIEVE_VARIABLES_MAX 128
#define SIEVE_VARIABLE_MAX 8192        /* bytes of a value; RFC 5229 3 wants 4,000 characters at least and cuts what is longer */
#define SIEVE_EXPANDED_MAX 65536       /* bytes of one string after variables were put in */
#define SIEVE_MATCHES_MAX 32           /* match variables, ${0} counted */
#define SIEVE_INCLUDE_DEPTH 8
#define SIEVE_INCLUDES_MAX 16          /* different scripts of one run */
#define SIEVE_FLAGS_MAX 32             /* flags of one letter */
#define SIEVE_FLAG_MAX 64              /* bytes of one flag */
#define SIEVE_HEADERS_MAX 400          /* values of header fields that one test looks at */
#define SIEVE_BODY_MAX (512 * 1024)    /* bytes of decoded body that a test looks at */
#define SIEVE_DUPLICATES_MAX 8         /* duplicate tests of one run */
#define SIEVE_REGEX_MAX 1024           /* bytes of a regular expression */
#define SIEVE_REGEX_STATES 2000        /* of its machine, counted repeats written out */

#endif
