#include <string.h>

#include "crypt/crypt.h"
#include "role/parent.h"

static void renew(struct parent *parent)
{
	for (enum role role = 0; role < ROLE_COUNT; role++) {
		struct role_tickets *t = &parent->tickets[role];
		if (!role_row(role)->tls_tickets)
			continue;
		memcpy(t->older, t->newer, sizeof t->older);
		random_bytes(t->newer, sizeof t->newer);
	}
}

static void on_time(void *arg)
{
	struct parent *parent = arg;
	renew(parent);
	for (size_t i = 0; i < parent->child_count; i++)
		child_send_tickets(&parent->children[i]);
	timer_start(parent->ticket_timer, PARENT_TICKET_MS);
}

void parent_tickets_start(struct parent *parent)
{
	/* Twice: a key of zeros is nobody's. */
	renew(parent);
	renew(parent);
	parent->ticket_timer = timer_create_on(parent->loop, on_time, parent);
	timer_start(parent->ticket_timer, PARENT_TICKET_MS);
}
