#include "policy/warm.h"

#include "mime/text.h"
#include "policy/confusable.h"
#include "policy/names.h"

void policy_warm(void)
{
	mime_warm();
	host_warm();
	confusable_warm();
	names_warm();
}
