/* Every message type from bytes: nothing reads beyond them, and what was decoded encodes to the same fields. */
#include "base/ensure.h"
#include "ipc/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(enum ipc_type type, enum ipc_kind kind, struct slice in, const union ipc_any *fields, const struct ipc_fds *fds)
{
	struct buf out = BUF_INIT(IPC_MESSAGE_MAX);
	struct ipc_fds named = {.count = 0};
	ENSURE(ipc_encode(type, kind, fields, &out, &named) == 0);
	ENSURE(slice_eq(buf_slice(&out), in));
	ENSURE(named.count == fds->count);
	for (unsigned i = 0; i < named.count; i++)
		ENSURE(named.fd[i] == fds->fd[i]);
	buf_free(&out);
}

static void decode(enum ipc_type type, enum ipc_kind kind, struct slice in)
{
	for (unsigned count = 0; count <= IPC_FDS_MAX; count++) {
		struct ipc_fds fds = {.fd = {100, 101}, .count = count};
		union ipc_any fields;
		if (ipc_decode(type, kind, in, &fds, &fields) == 0)
			again(type, kind, in, &fields, &fds);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_make(data, size);
	struct ipc_header header;
	if (ipc_header_get(&in, &header) != 0)
		return 0;
	decode(header.type, IPC_KIND_REQUEST, in);
	decode(header.type, IPC_KIND_REPLY, in);
	return 0;
}
