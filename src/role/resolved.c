#include "role/resolved.h"

#define DNS_RCODE_NXDOMAIN 3

struct dns_answer role_resolved(enum ipc_outcome outcome, const struct ipc_resolve_reply *reply)
{
	struct dns_answer a = {.status = DNS_FAILED};
	if (outcome != IPC_OK)
		return a;
	if (reply->bogus)
		a.status = DNS_BOGUS;
	if (reply->status != 0)
		return a;
	a.secure = reply->secure != 0;
	a.ttl = reply->ttl;
	a.records = slice_from(reply->records, 2); /* behind their count */
	if (a.records.n > 0)
		a.status = DNS_FOUND;
	else if (reply->rcode == DNS_RCODE_NXDOMAIN)
		a.status = DNS_NXDOMAIN;
	else if (reply->rcode == 0)
		a.status = DNS_NODATA;
	return a;
}
