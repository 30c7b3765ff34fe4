/* The page before a link of a letter that deceives. */
#include "html/view.h"
#include "role/web.h"

void web_leave(struct web_exchange *x)
{
	struct http_field fields[] = {{SLICE("Content-Security-Policy"), slice_str(html_leave_policy)}, HTTP_FIELD("Cache-Control", "no-cache")};

	web_answer(x, 200, "text/html; charset=utf-8", fields, 2, slice_str(html_leave_page));
}
