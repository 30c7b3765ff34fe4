/* Links of an HTML text, in linear time and bounded memory. It reads tags as browsers do, well enough that a target cannot be hidden. */
#ifndef POLICY_LINKS_H
#define POLICY_LINKS_H

#include "policy/url.h"

#define LINKS_ATTRIBUTES_MAX 100   /* of one tag */
#define LINKS_TEXT_MAX 512         /* bytes of an anchor's shown text */
#define LINKS_INSIDE_MAX 8192      /* bytes of HTML inside of an anchor that its text is taken from */

/*
 * Appends anchors (with their shown text), forms and images to urls[*count], up to `max`. html: UTF-8. Relative links count when the page
 * has a base. What is no link is passed over.
 */
void links_scan(struct slice html, struct arena *arena, struct policy_url *urls, size_t *count, size_t max);
/* The value of an attribute with its character references as characters. */
struct slice links_value(struct slice raw, struct arena *arena);

#endif
