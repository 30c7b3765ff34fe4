/* FILTER_VIEW: a letter becomes a safe document. */
#include "filter/view.h"
#include "role/filter.h"
#include "sys/file.h"

static int view(struct filter_role *f, const struct ipc_filter_view *request, struct ipc_filter_view_reply *reply, struct buf *out, struct error *err)
{
	struct file_map map = FILE_MAP_NONE;
	struct html_report r;
	int code = request->parts >= 0 ? memfd_map(request->parts, FILTER_VIEW_BUNDLE_MAX, &map, err) : 0;

	if (code == 0)
		code = filter_view(request->parts >= 0 ? map.content : request->small, request->flags, request->leave, request->language, &f->arena, out, &r, err);
	file_unmap(&map);
	if (code < 0)
		return code;
	*reply = (struct ipc_filter_view_reply){.document = -1, .remote = r.remote, .missing = r.missing, .links = r.links, .deceiving = r.deceiving,
		.cut = r.cut, .dark = r.dark};
	if (buf_len(out) <= IPC_SMALL_MAX)
		reply->small = buf_slice(out);
	else if ((reply->document = memfd_from_slice("document", buf_slice(out), err)) < 0)
		return reply->document;
	return 0;
}

void filter_on_view(void *arg, struct ipc_call *call, const void *message)
{
	struct filter_role *f = arg;
	const struct ipc_filter_view *request = message;
	struct ipc_filter_view_reply reply = {.document = -1};
	struct buf out = BUF_INIT(HTML_DOCUMENT_MAX);
	struct error err = {0};
	int parts = request->parts;

	filter_role_cpu_limit(FILTER_VIEW_CPU_SECONDS);
	if (view(f, request, &reply, &out, &err) < 0) {
		filter_role_failed(f, request->cid, &err);
		reply = (struct ipc_filter_view_reply){.status = 1, .document = -1};
	}
	ipc_reply(call, &reply);
	file_close(&reply.document);
	file_close(&parts);
	buf_free(&out);
	filter_role_done(f);
}
