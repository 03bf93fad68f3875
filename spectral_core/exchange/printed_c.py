"""Parts of exported C files, printed from the proven programs in `derivations`. Do not edit.

made by       python -m derivations

Parts in the order of the file, once for all types: `exchange.c_parts` puts WORDS of a type in; `exchange.c` adds the
numbers of a network.
"""

NETWORK: dict[str, str] = {
    "start": """#include <stdint.h>
#ifdef __FAST_MATH__
#error "fast-math regroups sums: the results would differ from what is stated here"
#endif
#if defined __FLT_EVAL_METHOD__ && (__FLT_EVAL_METHOD__ == 1 || __FLT_EVAL_METHOD__ == 2)
#error "this compiler computes with more digits than the type has: add -msse2 -mfpmath=sse"
#endif
#if defined __clang__ /* a product and a sum in one rounding would change the last digits */
#pragma STDC FP_CONTRACT OFF
#elif defined __GNUC__ /* and gcc -Os for Cortex-M0 may lose an argument across a call where ipa-ra is on */
#pragma GCC optimize("fp-contract=off", "no-ipa-ra")
#endif""",
    "bits": """static BITS bits(REAL x)
{
    union { REAL number; BITS bits; } both;
    both.number = x;
    return both.bits;
}""",
    "number": """static REAL number(BITS x)
{
    union { BITS bits; REAL number; } both;
    both.bits = x;
    return both.number;
}""",
    "negative": """static REAL negative(REAL x) { return number(bits(x) ^ SIGN); }""",
    "magnitude": """static REAL magnitude(REAL x) { return number(bits(x) & ~SIGN); }""",
    "below": """static int below(REAL z) { return bits(z) - SIGN <= INFINITE; } /* z <= 0, but for +0; false for NaN */""",
    "beyond": """/* x lies between the limit and the infinity of its sign; false for NaN. By integers: a comparison of floats costs 272 bytes. */
static int beyond(REAL x, REAL limit) { return bits(x) - bits(limit) - 1 < INFINITE - (bits(limit) & ~SIGN); }""",
    "order": """/* Integers in the order of the numbers, both zeros alike. */
static BITS order(REAL x) { return bits(x) & SIGN ? SIGN - (bits(x) & ~SIGN) : SIGN + bits(x); }""",
    "layer": """/* z_k = b_k + sum over j of W_kj x_j for one layer; a zero is not multiplied. Theorem M7.direct. */
static const REAL *layer(const REAL *w, const REAL *x, int senders, REAL *out, int receivers)
{
    for (; receivers; receivers--, w += senders) {
        REAL z = *w++;
        int j;
        for (j = 0; j < senders; j++)
            if (bits(x[j]) << 1) z += w[j] * x[j];
        *out++ = z;
    }
    return w;
}""",
    "sparse": """void net_raw(const REAL input[NET_INPUTS], REAL output[NET_OUTPUTS])
{
    REAL x[NET_USED + NET_HIDDEN];
    const REAL *w = weight;
    const GAP *g = gap;
    int k;
    for (k = 0; k < NET_USED; k++) x[k] = INPUT;
    for (k = 0; k < NET_HIDDEN + NET_OUTPUTS; k++) {
        const REAL *sender = x;
        REAL z = *w++;
        int left = count[k];
        for (; left; left--, w++) {
            sender += *g++;
            if (bits(*sender) << 1) z += *sender * *w;
        }
        if (k >= NET_HIDDEN) {
            output[k - NET_HIDDEN] = z;
            continue;
        }
        x[NET_USED + k] = activation(z);
    }
}""",
    "sparse_outputs": """void net_raw(const REAL input[NET_INPUTS], REAL output[NET_OUTPUTS])
{
    REAL x[NET_USED];
    const REAL *w = weight;
    const GAP *g = gap;
    int k;
    for (k = 0; k < NET_USED; k++) x[k] = INPUT;
    for (k = 0; k < NET_OUTPUTS; k++) {
        const REAL *sender = x;
        REAL z = *w++;
        int left = count[k];
        for (; left; left--, w++) {
            sender += *g++;
            if (bits(*sender) << 1) z += *sender * *w;
        }
        output[k] = z;
    }
}""",
    "class": """int net_class(const REAL input[NET_INPUTS], REAL output[NET_OUTPUTS])
{
    int k, best = 0;
    net_raw(input, output);
    for (k = 0; k < NET_OUTPUTS; k++) {
        if ((bits(output[k]) & ~SIGN) >= INFINITE) return -1;
        if (order(output[k]) > order(output[best])) best = k;
    }
    return best;
}""",
    "probabilities": """void net_predict(const REAL input[NET_INPUTS], REAL probability[NET_OUTPUTS])
{
    REAL greatest, total = ZERO;
    int k;
    net_raw(input, probability);
    greatest = probability[0];
    for (k = 1; k < NET_OUTPUTS; k++)
        if (order(probability[k]) > order(greatest)) greatest = probability[k];
    for (k = 0; k < NET_OUTPUTS; k++) {
        REAL less = probability[k] + negative(greatest);
        probability[k] = bits(less) ? exponential(less, 0) : ONE; /* exp(0) = 1 takes no time */
        total += probability[k];
    }
    total = ONE / total;
    for (k = 0; k < NET_OUTPUTS; k++) probability[k] *= total;
}""",
}
TRAINING: dict[str, str] = {
    "positive": """static int positive(REAL z) { return order(z) > SIGN; } /* z > 0 */""",
    "forward": """/* x = the activations of all neurons, slope = f'(z) of the hidden ones unless it is 0, output = z_K. Theorem M7.direct. */
static void forward(const REAL *input, REAL *x, REAL *slope, REAL *output)
{
    const REAL *w = net_weight;
    FIRST_GAP
    int k;
    for (k = 0; k < NET_USED; k++) x[k] = INPUT;
    for (k = 0; k < NET_HIDDEN + NET_OUTPUTS; k++) {
        int place = START, left = count[k];
        REAL z = *w++;
        for (; left; left--, w++) {
            NEXT_GAP
            if (bits(x[place]) << 1) z += *w * x[place];
            NEXT_PLACE
        }
        if (k < NET_HIDDEN) x[NET_USED + k] = activation(z, slope ? slope + k : 0);
        else output[k - NET_HIDDEN] = z;
    }
}""",
    "raw": """void net_raw(const REAL input[NET_INPUTS], REAL output[NET_OUTPUTS])
{
    REAL x[NET_USED + NET_HIDDEN];
    forward(input, x, 0, output);
}""",
    "raw_in_units": """void net_raw(const REAL input[NET_INPUTS], REAL output[NET_OUTPUTS])
{
    REAL x[NET_USED + NET_HIDDEN];
    int k;
    forward(input, x, 0, output);
    for (k = 0; k < NET_OUTPUTS; k++) output[k] = output[k] * deviation[k] + mean[k];
}""",
    "train": """void net_train(const REAL input[NET_INPUTS], TARGET, REAL rate, int all)
{
    REAL x[NET_USED + NET_HIDDEN], slope[NET_HIDDEN + 1], dx[NET_HIDDEN + 1], dz[NET_OUTPUTS];
    REAL *w = net_weight + NET_WEIGHTS;
    LAST_GAP
    REAL descent = negative(rate);
    int k;
    forward(input, x, slope, dz);
    GRADIENT
    for (k = 0; k < NET_HIDDEN; k++) dx[k] = ZERO;
    for (k = NET_HIDDEN + NET_OUTPUTS - 1; k >= (all ? 0 : NET_HIDDEN); k--) {
        REAL delta = k < NET_HIDDEN ? dx[k] * slope[k] : dz[k - NET_HIDDEN];
        int place = START, left = count[k], j;
        w -= left + 1;
        ROW_GAP
        for (j = 0; j < left; j++) {
            THIS_GAP
            if (place >= NET_USED) dx[place - NET_USED] += delta * w[1 + j];
            w[1 + j] = (delta * x[place]) * descent + w[1 + j];
            NEXT_PLACE
        }
        OWN_STEP
    }
}""",
    "bias": """*w = *w + delta * descent;""",
    "cross_entropy": """/* dz = the gradient of log(sum of exp(z)) - z_label. Theorem L.cross_entropy. */
static void gradient(REAL *dz, int label)
{
    REAL greatest = dz[0], total = ZERO;
    int k;
    for (k = 1; k < NET_OUTPUTS; k++)
        if (order(dz[k]) > order(greatest)) greatest = dz[k];
    for (k = 0; k < NET_OUTPUTS; k++) {
        dz[k] = exponential(dz[k] + negative(greatest), 0);
        total += dz[k];
    }
    for (k = 0; k < NET_OUTPUTS; k++) {
        REAL minus_hit = k == label ? MINUS_ONE : ZERO;
        dz[k] = dz[k] / total + minus_hit;
    }
}""",
    "squared_error": """/* dz = the gradient of the mean of (z - y)^2 over the outputs. Theorem L.squared_error. */
static void gradient(REAL *dz, const REAL *target)
{
    int k;
    for (k = 0; k < NET_OUTPUTS; k++) {
        REAL z = dz[k], minus_y = negative(SCALED);
        dz[k] = SQUARED_ERROR;
    }
}""",
    "binary_cross_entropy": """/* dz = the gradient of the mean of log(1 + exp(z)) - y z over the labels. Theorem L.binary_cross_entropy. */
static void gradient(REAL *dz, const REAL *target)
{
    int k;
    for (k = 0; k < NET_OUTPUTS; k++) {
        REAL z = dz[k], minus_y = negative(target[k]);
        dz[k] = BINARY;
    }
}""",
}
INTEGERS: dict[str, str] = {
    "sum": """/* z + sum over j of W_kj x_j, integers without overflow: theorem D1. */
static int32_t sum(const int8_t *w, const int16_t *x, int left, int32_t z)
{
    for (; left; left--, w++, x++) z += *w * *x;
    return z;
}""",
    "sparse_sum": """/* z + sum over j of W_kj x_j over the weights that are there, integers without overflow: theorem D1. */
static int32_t sparse_sum(const int8_t *w, const GAP *g, const int16_t *x, int left, int32_t z)
{
    for (; left; left--, w++) {
        x += *g++;
        z += *w * *x;
    }
    return z;
}""",
    "relu": """/* relu in the scale of the next layer: a shift, half a unit is in the bias. Theorem D2. */
static int16_t relu(int32_t z, int shift)
{
    if (z < 0) return 0;
    z >>= shift;
    return (int16_t)(z > 2047 ? 2047 : z);
}""",
    "curve": """/* f by a table, linear between its entries, the nearest integer. Theorem D2. */
static int16_t curve(int32_t z, const int16_t *entry, int32_t low, int shift, int last)
{
    uint32_t place = z < low ? 0 : (uint32_t)z - (uint32_t)low, i = place >> shift, size = (uint32_t)1 << shift;
    int32_t part = (int32_t)(place & (size - 1));
    if (i >= (uint32_t)last) return entry[last];
    part = entry[i] * ((int32_t)size - part) + entry[i + 1] * part;
    return (int16_t)((int32_t)(((uint32_t)part + (size << 12) + (size >> 1)) >> shift) - 4096);
}""",
    "class": """int net_class(const int16_t input[NET_INPUTS], int32_t output[NET_OUTPUTS])
{
    int k, best = 0;
    net_raw(input, output);
    for (k = 1; k < NET_OUTPUTS; k++)
        if (output[k] > output[best]) best = k;
    return best;
}""",
    "float": """void net_float(const float input[NET_INPUTS], int16_t integer[NET_INPUTS])
{
    int k;
    for (k = 0; k < NET_INPUTS; k++) {
        float q = (input[k] + shift[k]) * factor[k];
        integer[k] = (int16_t)(q >= 2047.0f ? 2047 : q > -2047.0f ? (int32_t)(q + 4096.5f) - 4096 : -2047);
    }
}""",
}
IMAGES: dict[str, str] = {
    "pixel": """/* What a step reads of a pixel: a x + b, with relu where it asks for it; 0 beyond the border. Theorems I9, I10. */
static REAL pixel(const REAL *plane, int rows, int columns, int r, int q, REAL scale, REAL shift, int relu)
{
    REAL x, z;
    if (r < 0 || q < 0 || r >= rows || q >= columns) return ZERO;
    x = plane[r * columns + q];
    z = scale * x + shift;
    return relu ? RELU : z;
}""",
    "convolve": """/* Add W (depthwise kernel * what is read) + bias to the receiving planes; without a kernel every stride-th pixel is taken. Theorems I2, I3, I5. */
static void convolve(const REAL *from, int channels, int rows, int columns, REAL *to, int receivers, int out_rows, int out_columns,
    int taps, int dilation, int stride, int relu, const REAL *scale, const REAL *shift, const REAL *kernel, const REAL *matrix,
    const REAL *bias)
{
    REAL held[NET_WIDEST];
    const int border = dilation * (taps / 2);
    int i, j, c, o, t;
    for (i = 0; i < out_rows; i++)
        for (j = 0; j < out_columns; j++) {
            for (c = 0; c < channels; c++) {
                const REAL *plane = from + c * rows * columns;
                const REAL a = scale ? scale[c] : ONE, b = shift ? shift[c] : ZERO;
                REAL y = ZERO;
                if (!kernel) y = pixel(plane, rows, columns, stride * i, stride * j, a, b, relu);
                else
                    for (t = 0; t < taps * taps; t++) {
                        const int r = stride * i + dilation * (t / taps) - border, q = stride * j + dilation * (t % taps) - border;
                        const REAL w = kernel[c * taps * taps + t], x = pixel(plane, rows, columns, r, q, a, b, relu);
                        y += w * x;
                    }
                held[c] = y;
            }
            for (o = 0; o < receivers; o++) {
                REAL z = ZERO;
                for (c = 0; c < channels; c++) {
                    const REAL W = matrix[o * channels + c], x = held[c];
                    z += W * x;
                }
                if (bias) z += bias[o];
                to[(o * out_rows + i) * out_columns + j] += z;
            }
        }
}""",
    "stem": """/* Add the dense convolution of the image, windows of 3 x 3, + bias to the receiving planes. Theorem I4. */
static void stem(const REAL *from, int channels, int rows, int columns, REAL *to, int receivers, const REAL *scale, const REAL *shift,
    const REAL *matrix, const REAL *bias)
{
    int i, j, c, o, t;
    for (o = 0; o < receivers; o++)
        for (i = 0; i < rows; i++)
            for (j = 0; j < columns; j++) {
                REAL y = ZERO;
                for (c = 0; c < channels; c++) {
                    const REAL a = scale ? scale[c] : ONE, b = shift ? shift[c] : ZERO;
                    for (t = 0; t < 9; t++) {
                        const REAL w = matrix[(o * channels + c) * 9 + t];
                        const REAL x = pixel(from + c * rows * columns, rows, columns, i + t / 3 - 1, j + t % 3 - 1, a, b, 0);
                        y += w * x;
                    }
                }
                if (bias) y += bias[o];
                to[(o * rows + i) * columns + j] += y;
            }
}""",
    "pool": """/* Add factor times the pixel (kind 2), the greatest (3) or the mean of a window of 3 x 3 (4) to the receiving planes. Theorems I5 to I7, I15. */
static void pool(int kind, const REAL *from, int channels, int rows, int columns, REAL *to, int out_rows, int out_columns, int stride,
    const REAL *scale, const REAL *shift, REAL factor)
{
    int i, j, c, t;
    for (c = 0; c < channels; c++) {
        const REAL *plane = from + c * rows * columns;
        const REAL a = scale ? scale[c] : ONE, b = shift ? shift[c] : ZERO;
        for (i = 0; i < out_rows; i++)
            for (j = 0; j < out_columns; j++) {
                REAL given = kind == 3 ? number(SIGN | INFINITE) : ZERO;
                if (kind == 2) given = pixel(plane, rows, columns, stride * i, stride * j, a, b, 0);
                else
                    for (t = 0; t < 9; t++) {
                        const int r = stride * i + t / 3 - 1, q = stride * j + t % 3 - 1;
                        const REAL x = pixel(plane, rows, columns, r, q, a, b, 0);
                        if (kind == 4) MEAN_OF_NINE
                        else if (r >= 0 && q >= 0 && r < rows && q < columns && order(x) > order(given)) given = x;
                    }
                to[(c * out_rows + i) * out_columns + j] += factor * given;
            }
    }
}""",
    "classifier": """/* output = V (mean of each plane) + bias. Theorems I11, I12. */
static void classifier(const REAL *from, int channels, int rows, int columns, const REAL *matrix, const REAL *bias, REAL *output)
{
    REAL held[NET_WIDEST];
    int c, o, k;
    for (c = 0; c < channels; c++) {
        REAL x = ZERO;
        for (k = 0; k < rows * columns; k++) x += from[c * rows * columns + k];
        held[c] = MEAN;
    }
    for (o = 0; o < NET_OUTPUTS; o++) {
        REAL z = ZERO;
        for (c = 0; c < channels; c++) {
            const REAL V = matrix[o * channels + c], pooled = held[c];
            z += V * pooled;
        }
        output[o] = z + bias[o];
    }
}""",
    "clear": """static void clear(REAL *plane, int size)
{
    int k;
    for (k = 0; k < size; k++) plane[k] = ZERO;
}""",
}
WORDS: dict[str, dict[str, str]] = {
    "float": {
        "REAL": """float""",
        "BITS": """uint32_t""",
        "SIGN": """0x80000000u""",
        "INFINITE": """0x7f800000u""",
        "ZERO": """0.0f""",
        "ONE": """1.0f""",
        "SQUARED_ERROR": """2.0f * SHARE * (minus_y + z)""",
        "BINARY": """SHARE * (!positive(z) ? minus_y + exponential(z, 0) / (exponential(z, 0) + 1.0f) : minus_y + 1.0f / (1.0f + exponential(-z, 0)))""",
        "MINUS_ONE": """-1.0f""",
        "RELU": """(below(z) ? 0.0f : z)""",
        "MEAN_OF_NINE": """given += 0.1111111111111111f * x;""",
        "MEAN": """x / (float)columns / (float)rows""",
    },
    "double": {
        "REAL": """double""",
        "BITS": """uint64_t""",
        "SIGN": """0x8000000000000000ull""",
        "INFINITE": """0x7ff0000000000000ull""",
        "ZERO": """0.0""",
        "ONE": """1.0""",
        "SQUARED_ERROR": """2.0 * SHARE * (minus_y + z)""",
        "BINARY": """SHARE * (!positive(z) ? minus_y + exponential(z, 0) / (exponential(z, 0) + 1.0) : minus_y + 1.0 / (1.0 + exponential(-z, 0)))""",
        "MINUS_ONE": """-1.0""",
        "RELU": """(below(z) ? 0.0 : z)""",
        "MEAN_OF_NINE": """given += 0.1111111111111111 * x;""",
        "MEAN": """x / (double)columns / (double)rows""",
    },
}
