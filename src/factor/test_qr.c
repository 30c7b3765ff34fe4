/* QR codes: both pictures show the same modules, and these are a code. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"
#include "crypt/crypt.h"
#include "factor/qr.h"

#define WIDTH_MAX 200
#define URI "otpauth://totp/example.org:ann%40example.org?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=example.org"

static bool svg[WIDTH_MAX][WIDTH_MAX], blocks[WIDTH_MAX][WIDTH_MAX];
static int width, lines;

static void read_svg(const char *text)
{
	struct buf out = BUF_INIT(QR_OUT_MAX);
	int x, y, length, back, used;
	memset(svg, 0, sizeof svg);
	assert_int_equal(qr_svg(slice_str(text), &out), 0);
	buf_append_byte(&out, '\0');
	const char *p = (const char *)buf_slice(&out).p;
	assert_int_equal(sscanf(strstr(p, "viewBox"), "viewBox=\"0 0 %d", &width), 1);
	assert_true(width < WIDTH_MAX);
	for (p = strstr(p, " d=\"") + 4; sscanf(p, "M%d %dh%dv1h-%dz%n", &x, &y, &length, &back, &used) == 4; p += used) {
		assert_int_equal(length, back);
		assert_true(x >= 4 && y >= 4 && x + length <= width - 4 && y < width - 4);
		for (int i = 0; i < length; i++)
			svg[y][x + i] = true;
	}
	assert_string_equal(p, "\"/></svg>");
	buf_free(&out);
}

static int take_block(const char *p, bool *upper, bool *lower)
{
	*upper = *p == ' ' || strncmp(p, "▄", 3) == 0;
	*lower = *p == ' ' || strncmp(p, "▀", 3) == 0;
	assert_true(*p == ' ' || strncmp(p, "█", 3) == 0 || *upper || *lower);
	return *p == ' ' ? 1 : 3;
}

static void read_blocks(const char *text)
{
	struct buf out = BUF_INIT(QR_OUT_MAX);
	memset(blocks, 0, sizeof blocks);
	assert_int_equal(qr_blocks(slice_str(text), false, &out), 0);
	buf_append_byte(&out, '\0');
	lines = 0;
	for (const char *p = (const char *)buf_slice(&out).p; *p != '\0'; p++, lines++)
		for (int x = 0; *p != '\n'; x++)
			p += take_block(p, &blocks[2 * lines][x], &blocks[2 * lines + 1][x]);
	buf_free(&out);
}

static void assert_finder(int left, int top)
{
	for (int y = 0; y < 7; y++)
		for (int x = 0; x < 7; x++)
			assert_int_equal(svg[top + y][left + x], x == 0 || x == 6 || y == 0 || y == 6 || (x > 1 && x < 5 && y > 1 && y < 5));
}

static void test_both_pictures_show_the_same_code(void **state)
{
	read_svg(URI);
	read_blocks(URI);
	assert_int_equal(lines, (width + 1) / 2);
	for (int y = 0; y < width; y++)
		for (int x = 0; x < width; x++)
			assert_int_equal(svg[y][x], blocks[y][x]);
	assert_int_equal((width - 8 - 17) % 4, 0); /* 17 + 4 * version */
	assert_finder(4, 4);
	assert_finder(width - 11, 4);
	assert_finder(4, width - 11);
	for (int i = 8; i < width - 16; i++) /* the timing pattern */
		assert_int_equal(svg[10][4 + i], i % 2 == 0);
}

static void test_another_text_is_another_code(void **state)
{
	static bool before[WIDTH_MAX][WIDTH_MAX];
	read_svg(URI);
	memcpy(before, svg, sizeof before);
	read_svg(URI "x");
	assert_memory_not_equal(before, svg, sizeof before);
}

static void test_a_text_has_its_limits(void **state)
{
	char text[QR_TEXT_MAX + 2];
	struct buf out = BUF_INIT(QR_OUT_MAX), small = BUF_INIT(100);
	memset(text, 'x', sizeof text);
	text[QR_TEXT_MAX] = '\0';
	assert_int_equal(qr_svg(slice_str(text), &out), 0);
	assert_int_equal(qr_blocks(slice_str(text), true, &out), 0);
	text[QR_TEXT_MAX] = 'x';
	text[QR_TEXT_MAX + 1] = '\0';
	assert_int_equal(qr_svg(slice_str(text), &out), ERR_LIMIT);
	assert_int_equal(qr_blocks(SLICE(""), true, &out), ERR_LIMIT);
	assert_int_equal(qr_svg(slice_str(URI), &small), ERR_LIMIT);
	buf_free(&out);
	buf_free(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_pictures_show_the_same_code),
		cmocka_unit_test(test_another_text_is_another_code),
		cmocka_unit_test(test_a_text_has_its_limits),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	crypt_init();
	return cmocka_run_group_tests_name("factor_qr", tests, NULL, NULL);
}
