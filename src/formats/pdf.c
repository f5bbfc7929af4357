/* SPDX-License-Identifier: Apache-2.0 */
/* PDF, one page of it on white, read only. */
#include "image/format.h"
#include "image/table.h"

int
format_pdf_load(const struct load_spec *spec, VipsImage **out)
{
	return vips_pdfload_buffer(format_bytes(spec), spec->size, out,
	    "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", spec->fail_on, "page",
	    spec->page, "n", 1, "dpi", spec->density, "scale", spec->scale,
	    NULL);
}
