/* A message: everything that Email/get tells of it is JSON, and each part that has an id is in the structure. */
#include "base/ensure.h"
#include "jmap/mail_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool has_part(const json_t *structure, const json_t *id)
{
	const json_t *one;
	size_t i;

	if (json_equal(json_object_get(structure, "partId"), id))
		return true;
	json_array_foreach(json_object_get(structure, "subParts"), i, one) {
		if (has_part(one, id))
			return true;
	}
	return false;
}

static void check_parts(const json_t *email, const char *property)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(email, property), i, one)
		ENSURE(has_part(json_object_get(email, "bodyStructure"), json_object_get(one, "partId")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mail_rig r;
	const char *id;
	json_t *a;

	mail_rig_start(&r);
	id = mail_rig_deliver(&r, "INBOX", 1000, slice_make(data, size));
	a = mail_rig_ask(&r, "Email/get", "{'ids':['%s'],'fetchAllBodyValues':true,'maxBodyValueBytes':50,'properties':['headers','messageId','inReplyTo',"
		"'references','sender','from','to','cc','bcc','replyTo','subject','sentAt','bodyStructure','bodyValues','textBody','htmlBody','attachments',"
		"'hasAttachment','preview','header:To:asGroupedAddresses','header:X:asDate:all','header:List-Post:asURLs']}", id);
	a = json_array_get(json_object_get(a, "list"), 0);
	ENSURE(a != NULL);
	check_parts(a, "textBody");
	check_parts(a, "htmlBody");
	check_parts(a, "attachments");
	mail_rig_stop(&r);
	return 0;
}
