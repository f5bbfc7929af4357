/* SPDX-License-Identifier: Apache-2.0 */
#include "job_kit.h"

#include "base/clock.h"

struct file photo;
struct file moving;
struct plan plan;
struct image_result result;
struct err e;

struct image_job
job_of(const struct file *original, const char *query)
{
	golden_plan(query, NULL, &plan);
	image_result_fini(&result);
	e = (struct err){ 0 };
	return (struct image_job){ .plan = &plan,
		.limits = golden_limits(),
		.input = { .data = original->bytes, .size = original->size },
		.deadline_ns = CLOCK_NEVER };
}

void
assert_fails(const struct image_job *job, enum err_code code)
{
	bool good = image_render(job, &result, &e);

	if (good || e.code != code)
		print_message("code %d, %s\n", (int)e.code, e.detail);
	assert_false(good);
	assert_int_equal(e.code, code);
}

void
assert_works(const struct image_job *job)
{
	image_result_fini(&result);
	if (!image_render(job, &result, &e))
		fail_msg("%s: %s", err_row(e.code)->code, e.detail);
}

VipsImage *
loaded(void)
{
	VipsImage *in =
	    vips_image_new_from_buffer(result.bytes, result.size, "", NULL);

	if (in == NULL)
		fail_msg("%s", vips_error_buffer());
	return in;
}

int
job_start(void **state)
{
	(void)state;
	golden_start();
	golden_picture("scene jpeg", &photo, NULL);
	golden_picture("moving gif", &moving, NULL);
	return 0;
}

int
job_stop(void **state)
{
	(void)state;
	picture_file_free(&photo);
	picture_file_free(&moving);
	image_result_fini(&result);
	image_fini();
	return 0;
}
