/* Skeletons, scripts, names and look-alike domains of any text. */
#include "base/ensure.h"
#include "policy/confusable.h"
#include "policy/host.h"
#include "policy/lookalike.h"
#include "policy/names.h"
#include "policy/warm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is in the index is found again, by its own name. */
static void check_names(struct slice text, struct arena *arena)
{
	struct names names;
	struct name_found person;
	struct person p = {.name = text, .address = SLICE("a@b.example"), .executive = true};
	names_init(&names, arena);
	names_add(&names, &p);
	names_find(&names, text, SLICE("x@y.example"), arena, &person);
	ENSURE(names_find(&names, text, SLICE("A@b.example"), arena, &person) == NAME_NONE);
	names_free(&names);
}

static void check_domains(struct slice text, struct arena *arena)
{
	struct targets targets;
	const struct target *target;
	struct slice host = host_ascii(text, arena);
	targets_init(&targets, arena);
	targets_add(&targets, text, true);
	targets_add(&targets, SLICE("huaxing.example"), true);
	enum likeness like = lookalike_find(&targets, host, arena, &target);
	ENSURE((like == LIKE_NOTHING) == (target == NULL));
	ENSURE(host.n == 0 || slice_find(host, '.') <= 0 || like == LIKE_SAME);
	targets_free(&targets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT;
	struct slice text = slice_make(data, size);
	policy_warm();
	confusable_skeleton(text, &arena);
	confusable_loose(text, &arena);
	confusable_scripts(text);
	confusable_invisible(text);
	check_names(slice_sub(text, 0, 512), &arena);
	check_domains(slice_sub(text, 0, 300), &arena);
	arena_free(&arena);
	return 0;
}
