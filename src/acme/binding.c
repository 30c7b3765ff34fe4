/* RFC 8555 7.3.4: an account here belongs to one that the authority knows already. */
#include "acme/acme.h"

#include <string.h>

#include "base/codec.h"
#include "base/error.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

#define PART_MAX 8192
#define KEY_MIN 16

bool acme_binding_parse(struct slice text, struct acme_binding *ret)
{
	struct buf key = BUF_INIT(256);
	struct slice rest = slice_trim(text);
	*ret = (struct acme_binding){0};
	bool good = slice_split(&rest, ' ', &ret->kid) && ret->kid.n > 0 && ret->kid.n <= 200;
	for (size_t i = 0; i < ret->kid.n; i++)
		good = good && ret->kid.p[i] > ' ' && ret->kid.p[i] < 0x7f && ret->kid.p[i] != '"' && ret->kid.p[i] != '\\';
	ret->key = slice_trim(rest);
	good = good && base64url_decode_strict(ret->key, &key) == 0 && buf_len(&key) >= KEY_MIN;
	buf_free_secret(&key);
	return good;
}

json_t *acme_binding_make(const struct acme_binding *binding, struct slice url, struct slice jwk)
{
	struct buf head = BUF_INIT(PART_MAX), both = BUF_INIT(PART_MAX), key = BUF_INIT(256), text = BUF_INIT(200);
	uint8_t mac[HASH_SIZE];
	json_t *out = NULL;
	buf_printf(&head, "{\"alg\":\"HS256\",\"kid\":\"%.*s\",\"url\":\"%.*s\"}", SLICE_ARG(binding->kid), SLICE_ARG(url));
	base64url_encode(buf_slice(&head), &both);
	size_t dot = buf_len(&both);
	buf_append_byte(&both, '.');
	base64url_encode(jwk, &both);
	if (!head.failed && !both.failed && base64url_decode_strict(binding->key, &key) == 0) {
		hash_hmac_sha256(buf_slice(&key), buf_slice(&both), mac);
		base64url_encode(slice_make(mac, sizeof mac), &text);
		struct slice all = buf_slice(&both), payload = slice_from(all, dot + 1);
		out = json_pack("{s:s%,s:s%,s:s%}", "protected", (const char *)all.p, dot, "payload",
			(const char *)payload.p, payload.n, "signature", (const char *)buf_slice(&text).p, buf_len(&text));
	}
	buf_free_secret(&key);
	buf_free(&head);
	buf_free(&both);
	buf_free(&text);
	return out;
}

bool acme_binding_jwk(struct slice request, struct buf *out)
{
	struct buf head = BUF_INIT(PART_MAX);
	json_t *whole = json_loadb((const char *)request.p, request.n, 0, NULL), *protected = NULL;
	const json_t *text = json_object_get(whole, "protected");
	if (json_is_string(text) && base64url_decode_strict(slice_make(json_string_value(text), json_string_length(text)), &head) == 0)
		protected = json_loadb((const char *)buf_slice(&head).p, buf_len(&head), 0, NULL);
	char *jwk = json_is_object(json_object_get(protected, "jwk")) ? json_dumps(json_object_get(protected, "jwk"), JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	bool good = jwk != NULL;
	if (good)
		buf_append_str(out, jwk);
	free(jwk);
	json_decref(protected);
	json_decref(whole);
	buf_free(&head);
	return good;
}
