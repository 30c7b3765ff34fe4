/* The role filter behind real channels: key is a child process, because it is asked synchronously. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "crypt/crypt.h"
#include "crypt/kx.h"
#include "ipc/test_pair.h"
#include "queue/dsn.h"
#include "role/role.h"
#include "store/envelope.h"
#include "store/fact.h"
#include "store/seal.h"
#include "sys/file.h"

static const uint8_t secret[32] = {3};
static uint8_t epoch_public[32], epoch_secret[32];

static struct {
	struct loop *loop;
	struct ipc *edge, *filter, *queue;
	struct role_context ctx;
	pid_t key;
	bool answered, stopped;
	enum envelope_source source; /* 0: SMTP, as t.edge is role mx */
	struct ipc_filter_seal_reply seal;
	bool small, small_verifies;
	struct ipc_filter_dsn_reply dsn;
	struct ipc_filter_notice_reply letter;
} t;

void role_stopped(struct role_context *ctx)
{
	t.stopped = true;
}

/* ---- key ---- */

static void on_epoch(void *arg, struct ipc_call *call, const void *message)
{
	struct ipc_key_epoch_reply reply = {.epoch = 4};

	memcpy(reply.public_key.b, epoch_public, 32);
	ipc_reply(call, &reply);
}

static void on_open(void *arg, struct ipc_call *call, const void *message)
{
	const struct ipc_key_open *request = message;
	struct seal_reader_key key = {.generation = request->epoch, .secret_key = epoch_secret};
	struct ipc_key_open_reply reply = {0};
	uint8_t none[16] = {0};

	memcpy(key.public_key, epoch_public, 32);
	reply.status = request->wrap.n != 48 || seal_wrap_open(READER_OUTBOUND, none, &key, request->ephemeral.b, request->record_nonce.p,
		request->wrap.p, reply.data_key.b) < 0;
	ipc_reply(call, &reply);
}

static _Noreturn void run_key(int fd)
{
	struct loop *loop = loop_create();
	struct ipc *ipc = ipc_create(loop, ROLE_KEY, 0);

	ipc_handle(ipc, IPC_KEY_EPOCH, on_epoch, NULL);
	ipc_handle(ipc, IPC_KEY_OPEN, on_open, NULL);
	ipc_channel_add(ipc, ROLE_FILTER, 0, fd);
	alarm(60);
	loop_run(loop);
	_exit(0);
}

/* ---- the other side ---- */

static int setup(void **state)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	t.key = fork();
	assert_true(t.key >= 0);
	if (t.key == 0) {
		close(pair[0]);
		run_key(pair[1]);
	}
	close(pair[1]);
	t.loop = loop_create();
	t.edge = ipc_create(t.loop, ROLE_MX, 0);
	t.queue = ipc_create(t.loop, ROLE_QUEUE, 0);
	t.filter = ipc_create(t.loop, ROLE_FILTER, 0);
	t.ctx = (struct role_context){.role = ROLE_FILTER, .loop = t.loop, .ipc = t.filter, .config = config_default(), .boot_secret = secret};
	assert_int_equal(role_filter.start(&t.ctx, NULL), 0);
	ipc_channel_add(t.filter, ROLE_KEY, 0, pair[0]);
	ipc_test_join(t.edge, t.filter);
	ipc_test_join(t.queue, t.filter);
	return 0;
}

static int teardown(void **state)
{
	kill(t.key, SIGKILL);
	waitpid(t.key, NULL, 0);
	ipc_destroy(&t.edge);
	ipc_destroy(&t.queue);
	ipc_destroy(&t.filter);
	loop_destroy(&t.loop);
	return 0;
}

static void on_sealed(void *arg, enum ipc_outcome outcome, const void *reply)
{
	assert_int_equal(outcome, IPC_OK);
	t.seal = *(const struct ipc_filter_seal_reply *)reply;
	t.small_verifies = t.seal.small.n > 0 && seal_verify(t.seal.small, secret);
	t.seal.small = SLICE_NONE; /* it is gone with the callback */
	t.answered = true;
}

static void on_notice(void *arg, enum ipc_outcome outcome, const void *reply)
{
	assert_int_equal(outcome, IPC_OK);
	t.dsn = *(const struct ipc_filter_dsn_reply *)reply;
	t.answered = true;
}

static void on_letter(void *arg, enum ipc_outcome outcome, const void *reply)
{
	assert_int_equal(outcome, IPC_OK);
	t.letter = *(const struct ipc_filter_notice_reply *)reply;
	t.answered = true;
}

static void seal(const char *message, enum fact_kind kind, int seals)
{
	struct recipient_fact fact = {.kind = kind, .account = {1}, .generation = 1, .address = SLICE("bob@else.test")};
	struct envelope e = {.source = t.source != 0 ? t.source : ENVELOPE_SMTP, .received_ms = 1000, .cid = SLICE("c"), .hostname = SLICE("mx.test"),
		.reverse_path = SLICE("a@b"), .recipient_count = 1};
	struct buf facts = BUF_INIT(4096), encoded = BUF_INIT(65536);
	struct ipc_filter_seal request = {.cid = SLICE("c"), .facts = -1, .last = 1};
	uint8_t unused[32];

	kx_keypair(fact.public_key, unused);
	fact_write_recipient(&facts, &fact, secret);
	e.recipients = buf_slice(&facts);
	envelope_encode(&e, &encoded);
	request.envelope = buf_slice(&encoded);
	request.message = t.small ? -1 : memfd_new("message", NULL);
	if (t.small)
		request.small = slice_str(message);
	else
		assert_int_equal(file_write_all(request.message, slice_str(message), NULL), 0);
	if (seals && !t.small)
		assert_int_equal(memfd_seal(request.message, NULL), 0);
	t.answered = false;
	ipc_request(t.edge, IPC_FILTER_SEAL, IPC_ANY, &request, on_sealed, NULL);
	assert_true(ipc_test_run_until(t.loop, &t.answered, 10000));
	file_close(&request.message);
	buf_free(&facts);
	buf_free(&encoded);
}

static void a_letter_comes_back_sealed(void **state)
{
	struct file_map map;

	seal("From: a@b\r\n\r\nhi\r\n", FACT_LOCAL, 1);
	assert_int_equal(t.seal.code, 250);
	assert_int_equal(memfd_map(t.seal.record, 1 << 24, &map, NULL), 0);
	assert_true(seal_verify(map.content, secret));
	file_unmap(&map);
	close(t.seal.record);
}

static void a_small_letter_comes_and_goes_in_the_message(void **state)
{
	uint8_t noise[IPC_SMALL_MAX + 1] = "From: a@b\r\n\r\n";

	t.small = true;
	seal("From: a@b\r\n\r\nhi\r\n", FACT_LOCAL, 0);
	assert_int_equal(t.seal.code, 250);
	assert_true(t.small_verifies && t.seal.record < 0);
	/* Its record does not fit any more. */
	for (size_t i = strlen((char *)noise); i < IPC_SMALL_MAX; i++) {
		uint8_t c;

		random_bytes(&c, 1);
		noise[i] = c % 255 + 1;
	}
	seal((char *)noise, FACT_LOCAL, 0);
	assert_int_equal(t.seal.code, 250);
	assert_true(!t.small_verifies && t.seal.record >= 0);
	close(t.seal.record);
	seal("From: a@b\r\nFrom: c@d\r\n\r\nhi\r\n", FACT_LOCAL, 0);
	assert_int_equal(t.seal.code, 550);
	assert_true(!t.small_verifies && t.seal.record < 0);
	t.small = false;
}

static void a_refusal_has_no_record(void **state)
{
	seal("From: a@b\r\nFrom: c@d\r\n\r\nhi\r\n", FACT_LOCAL, 1);
	assert_int_equal(t.seal.code, 550);
	assert_int_equal(t.seal.record, -1);
}

static void port_25_chooses_no_other_rules(void **state)
{
	static const enum envelope_source others[] = {ENVELOPE_SUBMISSION, ENVELOPE_APPEND};

	for (size_t i = 0; i < 2; i++) {
		t.source = others[i];
		seal("From: a@b\r\n\r\nhi\r\n", t.source == ENVELOPE_APPEND ? FACT_OWN : FACT_LOCAL, 1);
		assert_int_equal(t.seal.code, 451);
		assert_int_equal(t.seal.record, -1);
	}
	t.source = 0;
}

static void a_message_that_may_still_change_is_not_taken(void **state)
{
	seal("From: a@b\r\n\r\nhi\r\n", FACT_LOCAL, 0);
	assert_int_equal(t.seal.code, 451);
	assert_int_equal(t.seal.record, -1);
}

static void a_notification_returns_the_header_of_a_sealed_letter(void **state)
{
	struct recipient_fact fact = {.kind = FACT_REMOTE, .address = SLICE("a@b")};
	struct dsn_recipient recipient = {.action = DSN_FAILED, .final = SLICE("bob@else.test")};
	struct dsn_report report = {.kind = DSN_FAILURE, .ret = 1, .now_ms = 5000, .recipients = &recipient, .recipient_count = 1};
	struct buf facts = BUF_INIT(4096), encoded = BUF_INIT(65536), disk = BUF_INIT(1 << 24);
	struct ipc_filter_dsn request = {0};
	struct file_map map;
	struct slice form;

	seal("From: a@b\r\nSubject: gone\r\n\r\nhi\r\n", FACT_REMOTE, 1);
	assert_int_equal(t.seal.code, 250);
	assert_int_equal(memfd_map(t.seal.record, 1 << 24, &map, NULL), 0);
	form = seal_disk_form(map.content, &disk);
	request.original = memfd_from_slice("original", form, NULL);
	fact_write_recipient(&facts, &fact, secret);
	report.fact = buf_slice(&facts);
	dsn_report_encode(&report, &encoded);
	request.report = buf_slice(&encoded);
	t.answered = false;
	ipc_request(t.queue, IPC_FILTER_DSN, IPC_ANY, &request, on_notice, NULL);
	assert_true(ipc_test_run_until(t.loop, &t.answered, 10000));
	assert_int_equal(t.dsn.status, 0);
	assert_true(t.dsn.record >= 0);
	close(t.dsn.record);
	file_unmap(&map);
	close(t.seal.record);
	close(request.original);
	buf_free(&facts);
	buf_free(&encoded);
	buf_free(&disk);
}

static void write_letter(const char *name, enum fact_kind kind, const uint8_t *key)
{
	struct recipient_fact fact = {.kind = kind, .account = {1}, .generation = 1, .address = SLICE("a@b")};
	struct ipc_filter_notice request = {.cid = SLICE("c"), .now_ms = 5000, .name = slice_str(name), .language = SLICE("zh-CN"), .domain = SLICE("b"),
		.args = SLICE("time=5\n")};
	struct buf facts = BUF_INIT(4096);
	uint8_t unused[32];

	kx_keypair(fact.public_key, unused);
	fact_write_recipient(&facts, &fact, key);
	request.fact = buf_slice(&facts);
	t.answered = false;
	ipc_request(t.queue, IPC_FILTER_NOTICE, IPC_ANY, &request, on_letter, NULL);
	assert_true(ipc_test_run_until(t.loop, &t.answered, 30000));
	buf_free(&facts);
}

static void a_letter_of_the_system_is_written_for_a_fact_of_auth_only(void **state)
{
	static const uint8_t forged[32] = {4};
	static const enum fact_kind kinds[] = {FACT_LOCAL, FACT_REMOTE};
	struct file_map map;

	for (size_t i = 0; i < 2; i++) {
		write_letter("password.changed", kinds[i], secret);
		assert_int_equal(t.letter.status, 0);
		assert_int_equal(memfd_map(t.letter.record, 1 << 24, &map, NULL), 0);
		assert_true(seal_verify(map.content, secret));
		file_unmap(&map);
		close(t.letter.record);
	}
	write_letter("password.changed", FACT_LOCAL, forged);
	assert_true(t.letter.status != 0 && t.letter.record < 0);
	write_letter("no.such", FACT_LOCAL, secret);
	assert_true(t.letter.status != 0 && t.letter.record < 0);
}

static void after_its_share_the_process_hands_over(void **state)
{
	for (int i = 0; i < 1000; i++) {
		seal("From: a@b\r\n\r\nhi\r\n", FACT_LOCAL, 1);
		close(t.seal.record);
	}
	assert_true(ipc_test_run_until(t.loop, &t.stopped, 30000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_letter_comes_back_sealed),
		cmocka_unit_test(a_small_letter_comes_and_goes_in_the_message),
		cmocka_unit_test(a_refusal_has_no_record),
		cmocka_unit_test(port_25_chooses_no_other_rules),
		cmocka_unit_test(a_message_that_may_still_change_is_not_taken),
		cmocka_unit_test(a_notification_returns_the_header_of_a_sealed_letter),
		cmocka_unit_test(a_letter_of_the_system_is_written_for_a_fact_of_auth_only),
		cmocka_unit_test(after_its_share_the_process_hands_over),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	kx_keypair(epoch_public, epoch_secret);
	return cmocka_run_group_tests_name("role_filter", tests, setup, teardown);
}
