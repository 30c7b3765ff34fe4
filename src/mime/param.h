/* Values with parameters: Content-Type, Content-Disposition (RFC 2045 5.1, RFC 2183) with RFC 2231 continuations and charsets. */
#ifndef MIME_PARAM_H
#define MIME_PARAM_H

#include "mime/digest.h"

/*
 * "type/subtype; name=value; …": value in lower case, parameters joined and decoded. Broken input gives what can be read of it.
 * ret_value is empty when there is nothing. At most MIME_PARAMS_MAX parameters; of two with the same name the first counts.
 */
void mime_param_parse(struct slice field_value, struct arena *arena, struct slice *ret_value, struct mime_param **ret_params);
/* NULL: none. name in lower case. */
const struct mime_param *mime_param_find(const struct mime_param *params, struct slice name);
/* File name of a part, UTF-8: filename of the disposition, else name of the type, encoded words decoded. Empty: none. */
struct slice mime_part_filename(const struct mime_part *part, struct arena *arena);

#endif
