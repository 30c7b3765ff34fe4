/* Master files, and the names that are asked of them. */
#include "base/ensure.h"
#include "trust/dns_zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT;
	struct dns_zone z;
	struct error err = {0};
	struct slice text = slice_make(data, size), word;
	dns_zone_init(&z, &arena);
	if (dns_zone_parse(&z, text, &err) < 0)
		ENSURE(slice_starts(slice_str(err.private_text), SLICE("line ")));
	for (unsigned i = 0; i < 50 && slice_split(&text, ' ', &word); i++) {
		struct dns_answer a = dns_zone_answer(&z, word, DNS_TXT);
		struct slice records = a.records, rdata, joined;
		while (a.status == DNS_FOUND && dns_record_next(&records, &rdata))
			dns_txt_join(&arena, rdata, &joined);
		ENSURE(a.status != DNS_WANTED);
	}
	dns_zone_free(&z);
	arena_free(&arena);
	return 0;
}
