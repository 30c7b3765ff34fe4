/* A request as bytes, over a small account: envelope, references, arguments of every method. What comes out must be JSON. */
#include "jmap/mail_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mail_rig rig;
	static bool made;

	if (!made) {
		mail_rig_start(&rig);
		(void)mail_rig_deliver(&rig, "INBOX", 1000, SLICE("From: a@b\r\nSubject: x\r\n\r\nx\r\n"));
		made = true;
	}
	json_decref(mail_rig_request(&rig, slice_make(data, size)));
	return 0;
}
