/* The binary image that roles get: name and values of every option, so that a role never depends on the order of the table. */
#include "base/ensure.h"
#include "conf/option.h"

#define IMAGE_MAGIC 0x4c4c4331u /* "LLC1" */

static const void *field_of(const struct config *config, const struct config_option *option)
{
	return (const char *)config + option->offset;
}

static void put_place(struct slice first, struct slice host, uint16_t port, struct buf *out)
{
	buf_put_bytes(out, first);
	buf_put_bytes(out, host);
	buf_put_u16(out, port);
}

static void encode_option(const struct config *config, const struct config_option *option, struct buf *out)
{
	const void *field = field_of(config, option);
	const config_texts *texts = field;
	const config_listens *listens = field;
	const config_routes *routes = field;
	switch (option->type) {
	case CONFIG_TYPE_text:
	case CONFIG_TYPE_path:
		buf_put_bytes(out, *(const struct slice *)field);
		return;
	case CONFIG_TYPE_number:
	case CONFIG_TYPE_size:
	case CONFIG_TYPE_duration:
		buf_put_u64(out, *(const uint64_t *)field);
		return;
	case CONFIG_TYPE_flag:
		buf_put_u8(out, *(const config_flag *)field);
		return;
	case CONFIG_TYPE_texts:
		buf_put_u32(out, (uint32_t)texts->count);
		for (size_t i = 0; i < texts->count; i++)
			buf_put_bytes(out, texts->items[i]);
		return;
	case CONFIG_TYPE_listens:
		buf_put_u32(out, (uint32_t)listens->count);
		for (size_t i = 0; i < listens->count; i++)
			put_place(listens->items[i].service, listens->items[i].address, listens->items[i].port, out);
		return;
	case CONFIG_TYPE_routes:
		buf_put_u32(out, (uint32_t)routes->count);
		for (size_t i = 0; i < routes->count; i++)
			put_place(routes->items[i].domain, routes->items[i].host, routes->items[i].port, out);
		return;
	}
	UNREACHABLE();
}

void config_encode(const struct config *config, struct buf *out)
{
	buf_put_u32(out, IMAGE_MAGIC);
	buf_put_u32(out, (uint32_t)config_option_count);
	buf_put_bytes(out, config->file);
	for (size_t i = 0; i < config_option_count; i++) {
		buf_put_bytes(out, config_options[i].name);
		encode_option(config, &config_options[i], out);
	}
}

static bool get_text(struct config *config, struct slice *in, struct slice *ret)
{
	struct slice s;
	if (!slice_get_bytes(in, &s))
		return false;
	*ret = arena_dup(&config->arena, s);
	return true;
}

/* The number of entries of a list, each of which takes at least `least` bytes. */
static bool get_count(struct slice *in, size_t least, size_t *ret)
{
	uint32_t count;
	if (!slice_get_u32(in, &count) || count > CONFIG_LIST_MAX || (size_t)count * least > in->n)
		return false;
	*ret = count;
	return true;
}

static bool decode_texts(struct config *config, config_texts *list, struct slice *in)
{
	size_t count;
	if (!get_count(in, 4, &count))
		return false;
	list->items = arena_alloc_array(&config->arena, count + 1, sizeof *list->items);
	for (list->count = 0; list->count < count; list->count++)
		if (!get_text(config, in, &list->items[list->count]))
			return false;
	return true;
}

static bool decode_listens(struct config *config, config_listens *list, struct slice *in)
{
	size_t count;
	if (!get_count(in, 10, &count))
		return false;
	list->items = arena_alloc_array(&config->arena, count + 1, sizeof *list->items);
	for (list->count = 0; list->count < count; list->count++) {
		struct config_listen *l = &list->items[list->count];
		if (!get_text(config, in, &l->service) || !get_text(config, in, &l->address) || !slice_get_u16(in, &l->port))
			return false;
	}
	return true;
}

static bool decode_routes(struct config *config, config_routes *list, struct slice *in)
{
	size_t count;
	if (!get_count(in, 10, &count))
		return false;
	list->items = arena_alloc_array(&config->arena, count + 1, sizeof *list->items);
	for (list->count = 0; list->count < count; list->count++) {
		struct config_route *r = &list->items[list->count];
		if (!get_text(config, in, &r->domain) || !get_text(config, in, &r->host) || !slice_get_u16(in, &r->port))
			return false;
	}
	return true;
}

static bool decode_option(struct config *config, const struct config_option *option, struct slice *in)
{
	void *field = (char *)config + option->offset;
	uint8_t flag = 0;
	switch (option->type) {
	case CONFIG_TYPE_text:
	case CONFIG_TYPE_path:
		return get_text(config, in, field);
	case CONFIG_TYPE_number:
	case CONFIG_TYPE_size:
	case CONFIG_TYPE_duration:
		return slice_get_u64(in, field);
	case CONFIG_TYPE_flag:
		if (!slice_get_u8(in, &flag))
			return false;
		*(config_flag *)field = flag != 0;
		return true;
	case CONFIG_TYPE_texts:
		return decode_texts(config, field, in);
	case CONFIG_TYPE_listens:
		return decode_listens(config, field, in);
	case CONFIG_TYPE_routes:
		return decode_routes(config, field, in);
	}
	UNREACHABLE();
}

static bool decode_all(struct config *config, struct slice in)
{
	uint32_t magic, count;
	if (!slice_get_u32(&in, &magic) || magic != IMAGE_MAGIC || !slice_get_u32(&in, &count) || count != config_option_count)
		return false;
	if (!get_text(config, &in, &config->file))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		struct slice name;
		const struct config_option *option = slice_get_bytes(&in, &name) ? config_option_find(name) : NULL;
		if (option == NULL || !decode_option(config, option, &in))
			return false;
	}
	return in.n == 0;
}

struct config *config_decode(struct slice image, struct error *err)
{
	struct config *config = config_default();
	if (!decode_all(config, image)) {
		error_set(err, ERR_INVALID, "damaged configuration image");
		config_free(&config);
	}
	return config;
}
