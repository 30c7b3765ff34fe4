/* The check of exports and proofs, and heads: files of strangers. */
#include "audit/export.h"
#include "crypt/crypt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct audit_trust trust = {0};
	struct audit_report report;
	struct error err = {0};
	struct audit_note note;
	struct audit_key key;
	crypt_init();
	struct audit_check *c = audit_check_create(&trust);
	if (audit_check_text(c, slice_make(data, size), &err) == 0)
		(void)audit_check_end(c, &report, &err);
	audit_check_free(&c);
	(void)audit_note_parse(slice_make(data, size), &note);
	(void)audit_key_parse(slice_make(data, size), &key);
	return 0;
}
