/* The YAML parser and the image codec: nothing crashes, and what was parsed survives the image. */
#include "base/ensure.h"
#include "conf/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_problems problems = {0};
	struct config *config = config_parse(slice_make(data, size), SLICE("fuzz"), &problems);
	ENSURE((config == NULL) == (problems.count > 0));
	if (config != NULL) {
		struct buf image = BUF_INIT(CONFIG_FILE_MAX * 8), again = BUF_INIT(CONFIG_FILE_MAX * 8);
		config_encode(config, &image);
		struct config *copy = config_decode(buf_slice(&image), NULL);
		ENSURE(copy != NULL);
		config_encode(copy, &again);
		ENSURE(slice_eq(buf_slice(&image), buf_slice(&again)));
		config_free(&copy);
		buf_free(&image);
		buf_free(&again);
	}
	struct config *wild = config_decode(slice_make(data, size), NULL);
	config_free(&wild);
	config_free(&config);
	config_problems_free(&problems);
	return 0;
}
