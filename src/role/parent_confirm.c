/*
 * A reload may shut the door behind the administrator who asked for it: when it changes who may reach the listeners, the former
 * configuration comes back by itself unless somebody who still gets in confirms the new one (operation reload.confirm).
 */
#include "base/ensure.h"
#include "base/log.h"
#include "net/prefix.h"
#include "role/parent.h"

/* The options that say who may come in, and as whom. */
static const struct slice doors[] = {SLICE_INIT("management.allow"), SLICE_INIT("http.forwarded_from"), SLICE_INIT("proxy_from"),
                                     SLICE_INIT("xclient_from")};

/* A mistake in such a list would keep out whom it should let in. */
static int check_list(const char *name, const config_texts *list, struct error *err)
{
	for (size_t i = 0; i < list->count; i++)
		if (!net_prefix_valid(list->items[i]))
			return error_set(err, ERR_INVALID, "%s: \"%.*s\" is neither an address nor a prefix", name, SLICE_ARG(list->items[i]));
	return 0;
}

int parent_check_doors(const struct config *config, struct error *err)
{
	int r = check_list("management.allow", &config->management_allow, err);

	if (r == 0)
		r = check_list("http.forwarded_from", &config->forwarded_from, err);
	if (r == 0)
		r = check_list("proxy_from", &config->proxy_from, err);
	return r == 0 ? check_list("xclient_from", &config->xclient_from, err) : r;
}

static void changed_doors(const struct config *now, const struct config *next, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(doors); i++)
		if (config_option_differs(now, next, doors[i]))
			buf_printf(out, "%s%.*s", buf_len(out) > 0 ? ", " : "", SLICE_ARG(doors[i]));
}

static void on_unconfirmed(void *arg)
{
	struct parent *parent = arg;
	struct config *former = parent->unconfirmed;
	struct error err = {0};
	int image;

	parent->unconfirmed = NULL;
	if (former == NULL || parent->stopping)
		return;
	image = parent_make_image(former, buf_slice(&parent->tls_chain), &err);
	if (image < 0) {
		log_event(EV_CONFIG_REFUSED, LOG_STR("problem", err.private_text));
		return;
	}
	parent->config = former;
	parent_spread_image(parent, image);
	log_event(EV_CONFIG_REVERTED, LOG_STR("why", "nobody confirmed the change in time"));
}

void parent_confirm_begin(struct parent *parent, const struct config *next)
{
	struct buf names = BUF_INIT(1024);
	int64_t ms = parent->config->reload_confirm;

	changed_doors(parent->config, next, &names);
	if (buf_len(&names) == 0 || ms == 0)
		goto out;
	/* While one change waits, a second one comes on top of it: what comes back is what was confirmed last. */
	if (parent->unconfirmed == NULL)
		parent->unconfirmed = parent->config;
	if (parent->confirm_timer == NULL)
		parent->confirm_timer = timer_create_on(parent->loop, on_unconfirmed, parent);
	timer_start(parent->confirm_timer, ms);
	log_event(EV_CONFIG_UNCONFIRMED, LOG_TEXT("what", buf_slice(&names)), LOG_NUM("ms", ms));
out:
	buf_free(&names);
}

int64_t parent_confirm_within(const struct parent *parent)
{
	return parent->unconfirmed != NULL ? parent->unconfirmed->reload_confirm : 0;
}

bool parent_confirm(struct parent *parent)
{
	if (parent->unconfirmed == NULL)
		return false;
	parent->unconfirmed = NULL;
	timer_stop(parent->confirm_timer);
	log_event(EV_CONFIG_CONFIRMED);
	return true;
}
