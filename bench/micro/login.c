/* bench_login [times]: CPU of auth for a sign-in by app password (PLAIN) and for a call with a session's token, without IPC and TLS. */
#include <stdio.h>
#include <time.h>

#include "auth/test_host.h"
#include "base/ensure.h"

static double cpu_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	struct test_auth *t = test_auth_create(false);
	uint32_t times = 2000;
	char password[128], token[128];
	if (argc > 1 && (slice_to_u32(slice_str(argv[1]), &times) != 0 || times == 0))
		return 2;
	ENSURE(test_admin_as(t, "ll1-", "user.app_password.add", "{\"address\":\"ann@example.org\",\"password\":\"ann password\"}") == ADMIN_OK);
	snprintf(password, sizeof password, "%s", test_member(t, "app_password"));
	ENSURE(test_admin_as(t, "ll1-", "session.start", "{\"address\":\"ann@example.org\",\"password\":\"ann password\"}") == ADMIN_OK);
	snprintf(token, sizeof token, "%s", test_member(t, "token"));
	unsigned hashes = t->hashes;
	double begin = cpu_ms();
	for (uint32_t i = 0; i < times; i++)
		ENSURE(test_plain(t, "ann@example.org", password, AUTH_PROTOCOL_IMAP) == AUTH_OK);
	double middle = cpu_ms();
	for (uint32_t i = 0; i < times; i++)
		ENSURE(test_admin_as(t, token, "user.show", "{\"address\":\"ann@example.org\"}") == ADMIN_OK);
	double end = cpu_ms();
	printf("%u times: app password %.3f ms (%u Argon2id), call with a token %.3f ms of CPU\n", (unsigned)times, (middle - begin) / times,
	       t->hashes - hashes, (end - middle) / times);
	test_auth_free(&t);
	return 0;
}
