/* What the files of extract share. Pictures and pages are surfaces of cairo, ARGB32. */
#ifndef EXTRACT_EXTRACT_IN_H
#define EXTRACT_EXTRACT_IN_H

#include <cairo.h>

#include "extract/extract.h"

/* A document that is open. `page` gives the picture of a page (from 0 on), about `width` pixels wide, on white; NULL: it cannot. */
struct extract_document {
	struct slice content;
	enum inspect_type type;
	uint32_t pages;
	bool cut;
	bool photo;                  /* its picture is written as JPEG */
	bool picture;                /* one picture, which has no paper around it */
	struct buf text;             /* of what is shown as text */
	void *state;
	cairo_surface_t *(*page)(struct extract_document *d, uint32_t page, uint32_t width);
	void (*close)(struct extract_document *d); /* may be NULL */
};

/* pdf.c, image.c, paper.c: EXTRACT_OK, and *d can be used; or why not. */
enum extract_status pdf_open(struct extract_document *d);
enum extract_status pdf_write_text(struct extract_document *d, struct buf *out);
enum extract_status image_open(struct extract_document *d);
/* d->text is laid out in pages; a form feed ends one. */
enum extract_status paper_open(struct extract_document *d);

/* The size of a page picture for a page of such proportions: about `width` wide, never longer than EXTRACT_HEIGHT_MAX. */
void page_size(double page_width, double page_height, uint32_t width, int *ret_width, int *ret_height);
/* A white one. NULL: no memory. */
cairo_surface_t *page_new(int width, int height);

/* image_*.c: the picture as it stands in the file. NULL, and *ret tells why. */
typedef cairo_surface_t *image_read_fn(struct slice content, uint32_t width, enum extract_status *ret);
image_read_fn image_read_png, image_read_jpeg, image_read_gif, image_read_webp;
/* A surface for a picture of that size; NULL: EXTRACT_TOO_LARGE or EXTRACT_DAMAGED. */
cairo_surface_t *image_surface(uint64_t width, uint64_t height, enum extract_status *ret);
/* The orientation of a JPEG as its camera noted it (EXIF 2.3, tag 274): 1 to 8; 1 where there is none. */
unsigned image_orientation(struct slice jpeg);

/* text.c: the text of a document that is no PDF, as UTF-8 without controls but line feeds, tabs and form feeds. */
enum extract_status text_read(struct slice content, enum inspect_type type, struct slice charset, struct buf *out);
/* text_office.c, text_sheet.c, text_rtf.c. False: not to be had. */
bool text_office(struct slice content, enum inspect_type type, struct buf *out);
bool text_sheet(struct slice content, struct buf *out);
bool text_rtf(struct slice content, struct buf *out);
/* One member of a ZIP, at most `max` bytes; false: none such, encrypted or damaged. */
bool text_member(struct slice content, const char *name, size_t max, struct buf *out);
/* Text of XML, its references resolved. */
void text_xml(struct slice raw, struct buf *out);

/* mark.c */
void mark_draw(cairo_surface_t *page, struct slice text);
/* encode.c: false: no room, or no memory. */
bool encode_png(cairo_surface_t *page, struct buf *out);
bool encode_jpeg(cairo_surface_t *page, struct buf *out);
/* album.c: a PDF of pictures. */
enum extract_status album_write(struct extract_document *d, struct slice mark, struct buf *out);

#endif
