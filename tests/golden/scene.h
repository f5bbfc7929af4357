/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Painted scenes that look like photographs to an encoder and to people:
 * gradients, texture at every size, hard edges, grain. Made of noise functions
 * alone, so they are the same everywhere and belong to nobody.
 */
#pragma once

#include <stdint.h>

enum scene { SCENE_MOUNTAINS, SCENE_PEBBLES, SCENE_CITY, SCENE_COUNT };

/* rgb: 3 * width * height bytes, sRGB. */
void scene_paint(enum scene scene, int width, int height, uint8_t *rgb);
