#include "audit/nodes.h"

#include "sys/file.h"

int audit_nodes_read(int fd, unsigned level, uint64_t index, struct audit_hash *ret, struct error *err)
{
	/* It came right behind the last leaf that it covers, after the roots of the levels below it. */
	uint64_t last_leaf = ((index + 1) << level) - 1;
	uint64_t position = audit_node_count(last_leaf) + level;
	return file_pread_exact(fd, ret->b, AUDIT_HASH_SIZE, position * AUDIT_HASH_SIZE, err);
}
