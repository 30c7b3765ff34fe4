#include "auth/sieve_session.h"

#include <string.h>

#include "base/map.h"
#include "base/memory.h"

struct sieve_sessions { struct map map; };

struct sieve_sessions *sieve_sessions_create(void)
{
	return memory_alloc(sizeof(struct sieve_sessions));
}

void sieve_sessions_destroy(struct sieve_sessions **s)
{
	if (*s == NULL)
		return;
	MAP_FOREACH(e, &(*s)->map)
		memory_free(e->value);
	map_free(&(*s)->map);
	MEMORY_FREE(s);
}

static void drop_idle(struct sieve_sessions *s, int64_t now_ms)
{
	MAP_FOREACH(e, &s->map) {
		struct sieve_session *session = e->value;
		if (now_ms - session->used_ms < SIEVE_SESSION_IDLE_MS)
			continue;
		map_remove(&s->map, map_entry_key(e));
		memory_free(session);
	}
}

bool sieve_session_begin(struct sieve_sessions *s, const uint8_t ticket[16], const uint8_t account[16], uint32_t credential, int64_t now_ms)
{
	if (s->map.count >= SIEVE_SESSIONS_MAX)
		drop_idle(s, now_ms);
	if (s->map.count >= SIEVE_SESSIONS_MAX)
		return false;
	struct sieve_session *session = memory_alloc(sizeof *session);
	memcpy(session->account, account, sizeof session->account);
	session->credential = credential;
	session->used_ms = now_ms;
	memory_free(map_put(&s->map, slice_make(ticket, 16), session));
	return true;
}

const struct sieve_session *sieve_session_find(struct sieve_sessions *s, const uint8_t ticket[16], int64_t now_ms)
{
	struct sieve_session *session = map_get(&s->map, slice_make(ticket, 16));
	if (session == NULL)
		return NULL;
	if (now_ms - session->used_ms >= SIEVE_SESSION_IDLE_MS) {
		sieve_session_end(s, ticket);
		return NULL;
	}
	session->used_ms = now_ms;
	return session;
}

void sieve_session_end(struct sieve_sessions *s, const uint8_t ticket[16])
{
	memory_free(map_remove(&s->map, slice_make(ticket, 16)));
}
