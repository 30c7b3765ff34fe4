#include "extract/extract.h"

static const char *const status_names[EXTRACT_STATUS_COUNT] = {
#define STATUS(id, name) [EXTRACT_##id] = name,
	EXTRACT_STATUSES(STATUS)
#undef STATUS
};
static const char *const media_names[EXTRACT_MEDIA_COUNT] = {
	[EXTRACT_PNG] = "image/png", [EXTRACT_JPEG] = "image/jpeg",
	[EXTRACT_PDF] = "application/pdf", [EXTRACT_PLAIN] = "text/plain; charset=utf-8",
};

const char *extract_status_name(enum extract_status status)
{
	return status < EXTRACT_STATUS_COUNT ? status_names[status] : status_names[EXTRACT_FAILED];
}

const char *extract_media_name(enum extract_media media)
{
	return media < EXTRACT_MEDIA_COUNT ? media_names[media] : media_names[EXTRACT_PLAIN];
}
