/* The passes of winograd.c for one instruction set: included once per set, with NAME(x), VEC (floats in a vector),
   WIDE (vectors in a panel of weights) and ROWS (tiles in a block: ROWS x WIDE sums and the weights fit the registers). */

#define PANEL (VEC * WIDE)

typedef float NAME(vector) __attribute__((vector_size(4 * VEC), aligned(4), may_alias));

/* In place: n numbers, `step` apart, to the values of their polynomial at n points; `count` such side by side. */
static inline __attribute__((always_inline)) void NAME(to_points)(float *t, long step, int n, long count) {
    if (n == 6) {
#pragma GCC ivdep
        for (long i = 0; i < count; i++) {
            float *x = t + i;
            float even = x[4 * step] - x[2 * step], odd = 2 * (x[3 * step] - x[step]);
            float a = x[4 * step] - 4 * x[2 * step], b = x[3 * step] - 4 * x[step];
            float first = 4 * (x[0] - x[2 * step]) + even, last = x[5 * step] - x[3 * step] - 2 * odd;
            x[0] = first;
            x[step] = a + b;
            x[2 * step] = a - b;
            x[3 * step] = even + odd;
            x[4 * step] = even - odd;
            x[5 * step] = last;
        }
    } else {
#pragma GCC ivdep
        for (long i = 0; i < count; i++) {
            float *x = t + i;
            float first = x[0] - x[2 * step], last = x[3 * step] - x[step];
            float sum = x[step] + x[2 * step], gap = x[2 * step] - x[step];
            x[0] = first;
            x[step] = sum;
            x[2 * step] = gap;
            x[3 * step] = last;
        }
    }
}

/* In place: values at n points to n - 2 outputs; what remains behind them means nothing. */
static inline __attribute__((always_inline)) void NAME(from_points)(float *t, long step, int n, long count) {
    if (n == 6) {
#pragma GCC ivdep
        for (long i = 0; i < count; i++) {
            float *x = t + i;
            float s = x[step] + x[2 * step], d = x[step] - x[2 * step];
            float u = x[3 * step] + x[4 * step], v = x[3 * step] - x[4 * step];
            x[0] += s + u;
            x[step] = d + 2 * v;
            x[2 * step] = s + 4 * u;
            x[3 * step] = d + 8 * v + x[5 * step];
        }
    } else {
#pragma GCC ivdep
        for (long i = 0; i < count; i++) {
            float *x = t + i;
            float s = x[step] + x[2 * step], d = x[step] - x[2 * step];
            x[0] += s;
            x[step] = d + x[3 * step];
        }
    }
}

static void NAME(evaluate)(const struct layer *l, const float *x, float *values, long first, long tiles) {
    float t[MOST_POINTS * CHUNK] __attribute__((aligned(64)));
    const long nd = l->tile[0] + 2, nh = l->tile[1] + 2, nw = l->tile[2] + 2;
    memset(t, 0, sizeof t);
    for (long tile = 0; tile < tiles; tile++) {
        long corner[3];
        place(l, first + tile, corner);
        for (long c = 0; c < l->in; c += CHUNK) {
            const size_t bytes = sizeof(float) * (size_t)(l->in - c < CHUNK ? l->in - c : CHUNK);
            float *at = t;
            for (long d = corner[0] - 1; d <= corner[0] + l->tile[0]; d++)
                for (long h = corner[1] - 1; h <= corner[1] + l->tile[1]; h++)
                    for (long w = corner[2] - 1; w <= corner[2] + l->tile[2]; w++, at += CHUNK)
                        if (within(l, d, h, w))
                            memcpy(at, x + ((d * l->size[1] + h) * l->size[2] + w) * l->in + c, bytes);
                        else
                            memset(at, 0, bytes);
            for (long line = 0; line < nd * nh; line++) NAME(to_points)(t + line * nw * CHUNK, CHUNK, nw, CHUNK);
            for (long d = 0; d < nd; d++) NAME(to_points)(t + d * nh * nw * CHUNK, nw * CHUNK, nh, nw * CHUNK);
            NAME(to_points)(t, nh * nw * CHUNK, nd, nh * nw * CHUNK);
            for (long p = 0; p < nd * nh * nw; p++)
                memcpy(values + (p * tiles + tile) * l->in + c, t + p * CHUNK, bytes);
        }
    }
}

/* Products of `rows` (a constant) lines of `a` with a panel of weights. */
static inline __attribute__((always_inline)) void NAME(block)(
    const float *a, long depth, const float *b, float *out, long wide, const int rows) {
    NAME(vector) sums[ROWS][WIDE];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < WIDE; v++) sums[r][v] = (NAME(vector)){0};
    for (long k = 0; k < depth; k++, b += PANEL) {
        NAME(vector) weights[WIDE];
        for (int v = 0; v < WIDE; v++) weights[v] = *(const NAME(vector) *)(b + v * VEC);
        for (int v = 0; v < PANEL; v += 16) __builtin_prefetch(b + depth * PANEL + v);
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < WIDE; v++) sums[r][v] += a[r * depth + k] * weights[v];
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < WIDE; v++) *(NAME(vector) *)(out + r * wide + v * VEC) = sums[r][v];
}

static void NAME(multiply)(const struct layer *l, const float *values, const float *kernels, float *products,
                           long tiles) {
    const long wide = (l->out + PANEL - 1) / PANEL * PANEL;
    for (long p = 0; p < l->points; p++) {
        const float *a = values + p * tiles * l->in, *b = kernels + p * wide * l->in;
        float *out = products + p * tiles * wide;
        for (long o = 0; o < wide; o += PANEL, b += PANEL * l->in) {
            long row = 0;
            for (; row + ROWS <= tiles; row += ROWS)
                NAME(block)(a + row * l->in, l->in, b, out + row * wide + o, wide, ROWS);
            if (row < tiles && tiles >= ROWS) { /* some again: cheaper than fewer at a time */
                row = tiles - ROWS;
                NAME(block)(a + row * l->in, l->in, b, out + row * wide + o, wide, ROWS);
            } else
                for (; row < tiles; row++)
                    NAME(block)(a + row * l->in, l->in, b, out + row * wide + o, wide, 1);
        }
    }
}

static void NAME(interpolate)(const struct layer *l, const float *products, const float *bias, float *y, long first,
                              long tiles) {
    float t[MOST_POINTS * CHUNK] __attribute__((aligned(64)));
    const long nd = l->tile[0] + 2, nh = l->tile[1] + 2, nw = l->tile[2] + 2;
    const long wide = (l->out + PANEL - 1) / PANEL * PANEL, by = l->pooled ? 2 : 1;
    memset(t, 0, sizeof t);
    for (long tile = 0; tile < tiles; tile++) {
        long corner[3];
        place(l, first + tile, corner);
        for (long c = 0; c < l->out; c += CHUNK) {
            const long count = l->out - c < CHUNK ? l->out - c : CHUNK;
            for (long p = 0; p < nd * nh * nw; p++)
                memcpy(t + p * CHUNK, products + (p * tiles + tile) * wide + c, sizeof(float) * (size_t)count);
            NAME(from_points)(t, nh * nw * CHUNK, nd, nh * nw * CHUNK);
            for (long d = 0; d < l->tile[0]; d++) NAME(from_points)(t + d * nh * nw * CHUNK, nw * CHUNK, nh, nw * CHUNK);
            for (long d = 0; d < l->tile[0]; d++)
                for (long h = 0; h < l->tile[1]; h++)
                    NAME(from_points)(t + (d * nh + h) * nw * CHUNK, CHUNK, nw, CHUNK);
            for (long d = 0; d < l->tile[0]; d += by)
                for (long h = 0; h < l->tile[1]; h += by)
                    for (long w = 0; w < l->tile[2]; w += by) {
                        if (!within(l, corner[0] + d, corner[1] + h, corner[2] + w)) continue;
                        float *best = t + ((d * nh + h) * nw + w) * CHUNK;
                        if (l->pooled)
                            for (int other = 1; other < 8; other++) {
                                const float *than = best + (((other >> 2) * nh + (other >> 1 & 1)) * nw + (other & 1)) * CHUNK;
                                for (long i = 0; i < CHUNK; i++) best[i] = best[i] > than[i] ? best[i] : than[i];
                            }
                        const long row = (corner[0] + d) / by * (l->size[1] / by) + (corner[1] + h) / by;
                        float *to_y = y + (row * (l->size[2] / by) + (corner[2] + w) / by) * l->out + c;
                        for (long i = 0; i < count; i++) {
                            const float value = best[i] + bias[c + i];
                            to_y[i] = value > 0 ? value : 0;
                        }
                    }
        }
    }
}

static void NAME(convolve)(const struct layer *l, const float *x, const float *kernels, const float *bias, float *y,
                           float *scratch, long from, long to) {
    for (long first = from; first < to; first += l->block) {
        const long tiles = to - first < l->block ? to - first : l->block;
        float *products = scratch + l->points * l->block * l->in;
        NAME(evaluate)(l, x, scratch, first, tiles);
        NAME(multiply)(l, scratch, kernels, products, tiles);
        NAME(interpolate)(l, products, bias, y, first, tiles);
    }
}

#undef PANEL
