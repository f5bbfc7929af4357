/* SPDX-License-Identifier: Apache-2.0 */
/* Of metric alone: what the kernel counts about this process. */
#pragma once

#include <stdio.h>

/*
 * The process_* family under the names that Prometheus' client libraries have
 * agreed on. What cannot be read is left out. Any thread.
 */
void process_print(FILE *out);
