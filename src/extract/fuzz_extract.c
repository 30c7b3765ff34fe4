/* What of the reading of documents is our own: texts, and which side of a photograph is up. The first byte chooses. */
#include "base/charset.h"
#include "base/ensure.h"
#include "base/utf8.h"
#include "extract/extract_in.h"

static const enum inspect_type types[] = {FILE_text, FILE_html, FILE_rtf, FILE_docx, FILE_xlsx, FILE_pptx, FILE_odt, FILE_ods};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out = BUF_INIT(EXTRACT_TEXT_MAX);
	struct slice content = slice_from(slice_make(data, size), 1);
	enum extract_status status;
	unsigned side;

	if (size == 0)
		return 0;
	status = text_read(content, types[data[0] % ARRAY_LEN(types)], SLICE_NONE, &out);
	ENSURE(status < EXTRACT_STATUS_COUNT && buf_len(&out) <= EXTRACT_TEXT_MAX && utf8_valid(buf_slice(&out)));
	side = image_orientation(content);
	ENSURE(side >= 1 && side <= 8);
	buf_free(&out);
	return 0;
}
