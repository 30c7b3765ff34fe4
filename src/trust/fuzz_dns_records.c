/* What DNS answers, against every record that a domain needs; what is shown of it has a limit and no control characters. */
#include "base/ensure.h"
#include "crypt/crypt.h"
#include "trust/dns_records.h"

#define KEY "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT;
	struct dns_record records[DNS_RECORDS_MAX];
	struct dns_facts facts = {.domain = SLICE("a.test"), .host = SLICE("mx.a.test"), .services = {{SLICE("imaps"), 993}}, .service_count = 1,
		.keys = {{SLICE("s"), SLICE(KEY), false}}, .key_count = 1, .tlsa_count = 1, .ca = SLICE("ca.test"), .autodiscover = true,
		.sts_id = SLICE("1")};
	crypt_init();
	size_t count = dns_records_make(&facts, &arena, records);
	for (size_t i = 0; i < count; i++) {
		struct slice current;
		(void)dns_record_check(&records[i], slice_make(data, size), &arena, &current);
		ENSURE(current.n <= DNS_RECORDS_CURRENT_MAX);
		for (size_t k = 0; k < current.n; k++)
			ENSURE(current.p[k] >= 0x20 && current.p[k] <= 0x7e);
	}
	arena_free(&arena);
	return 0;
}
