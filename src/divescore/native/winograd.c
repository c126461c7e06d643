/* 3 x 3 x 3 convolution with an eighth to a quarter of the multiplications: Winograd's minimal filtering F(m, 3) along
   time, rows and columns (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016).

   m neighbouring outputs take m + 2 inputs and 3 m products by definition, and m + 2 products by way of polynomials:
   evaluate inputs and kernel at m + 2 points, multiply, interpolate. Here m is 4 (points 0, 1, -1, 2, -2, infinity) or
   2 (0, 1, -1, infinity), for each of the three directions by itself. The kernels' values are given.

   evaluate     x [frames, H, W, in]                       to values [points, tiles, in]
   multiply     values, kernels [points, panels, in, PANEL] to products [points, tiles, panels x PANEL]
   interpolate  products                                    to y [frames, H, W, out], with bias, ReLU and, if asked
                                                            for, the largest of each 2 x 2 x 2

   Each takes a part of its range, so that threads can share it. */

#include <string.h>

#define MOST_POINTS 216
#define CHUNK 128 /* channels at a time: long enough for the processor to fetch ahead */

struct layer {
    long in, out;
    long size[3]; /* frames, height, width of the input */
    long tile[3]; /* m in each direction */
    long points;  /* (m + 2) multiplied over the directions */
    long tiles;
    long block; /* tiles that are worked on together */
    long pooled;
};

static long across(const struct layer *l, int direction) {
    return (l->size[direction] + l->tile[direction] - 1) / l->tile[direction];
}

/* Where a tile's outputs begin. */
static void place(const struct layer *l, long tile, long *corner) {
    corner[2] = tile % across(l, 2) * l->tile[2];
    tile /= across(l, 2);
    corner[1] = tile % across(l, 1) * l->tile[1];
    corner[0] = tile / across(l, 1) * l->tile[0];
}

static int within(const struct layer *l, long d, long h, long w) {
    return d >= 0 && d < l->size[0] && h >= 0 && h < l->size[1] && w >= 0 && w < l->size[2];
}

#if defined(__x86_64__)

#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,prefer-vector-width=512")
#define NAME(x) avx512_##x
#define VEC 16
#define WIDE 2
#define ROWS 12
#include "winograd.h"
#undef NAME
#undef VEC
#undef WIDE
#undef ROWS
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx2,fma")
#define NAME(x) avx2_##x
#define VEC 8
#define WIDE 2
#define ROWS 6
#include "winograd.h"
#undef NAME
#undef VEC
#undef WIDE
#undef ROWS
#pragma GCC pop_options

#define CHOSEN(call) \
    if (winograd_panel() == 32) \
        avx512_##call; \
    else \
        avx2_##call

/* Output channels of a panel of weights; 0 where there are no instructions for it. */
long winograd_panel(void) {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw"))
        return 32;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 16 : 0;
}

#else /* arm64 and others: vectors of four, of which the compiler makes what there is */

#define NAME(x) plain_##x
#define VEC 4
#define WIDE 4
#define ROWS 6
#include "winograd.h"
#define CHOSEN(call) plain_##call

long winograd_panel(void) { return 16; }

#endif

/* One of `parts` of a convolution; `scratch` takes points x block x (in + panels x PANEL) floats. */
void winograd_convolve(const struct layer *l, const float *x, const float *kernels, const float *bias, float *y,
                       float *scratch, long part, long parts) {
    const long from = l->tiles * part / parts, to = l->tiles * (part + 1) / parts;
    CHOSEN(convolve(l, x, kernels, bias, y, scratch, from, to));
}
