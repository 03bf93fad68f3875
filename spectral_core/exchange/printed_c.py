"""Parts of exported C files, printed from the proven programs in `derivations`. Do not edit.

made by       python -m derivations

By type: the parts in the order of the file, and the activations; `exchange.c` adds the numbers of a network.
"""

PARTS: dict[str, dict[str, str]] = {
    "float": {
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
        "bits": """static uint32_t bits(float x)
{
    union { float number; uint32_t bits; } both;
    both.number = x;
    return both.bits;
}""",
        "number": """static float number(uint32_t x)
{
    union { uint32_t bits; float number; } both;
    both.bits = x;
    return both.number;
}""",
        "negative": """static float negative(float x) { return number(bits(x) ^ 0x80000000u); }""",
        "magnitude": """static float magnitude(float x) { return number(bits(x) & ~0x80000000u); }""",
        "below": """static int below(float z) { return bits(z) - 0x80000000u <= 0x7f800000u; } /* z <= 0, but for +0; false for NaN */""",
        "beyond": """/* x lies between the limit and the infinity of its sign; false for NaN. By integers: a comparison of floats costs 272 bytes. */
static int beyond(float x, float limit) { return bits(x) - bits(limit) - 1 < 0x7f800000u - (bits(limit) & ~0x80000000u); }""",
        "order": """/* Integers in the order of the numbers, both zeros alike. */
static uint32_t order(float x) { return bits(x) & 0x80000000u ? 0x80000000u - (bits(x) & ~0x80000000u) : 0x80000000u + bits(x); }""",
        "exponential": """/* exp(x), or exp(x) - 1 where minus_one: |computed / exp(x) - 1| <= 1.7 u and |computed / expm1(x) - 1| <= 3.6 u
   with u = 2^-24, half an ulp of 1. Theorem E.float32. */
static float exponential(float x, int minus_one)
{
    x = beyond(x, -104.0f) ? -104.0f : x;
    x = beyond(x, 89.0f) ? 89.0f : x;
    float t = x * 1.4426950216293335f + 12582912.0f;
    float n = negative(negative(t) + 12582912.0f);
    float r = ((x + negative(n * 0.693145751953125f)) + negative(n * 1.428606765330187e-06f));
    float q = 0.00019841270113829523f * r + 0.0013888889225199819f;
    q = q * r + 0.008333333767950535f;
    q = q * r + 0.0416666679084301f;
    q = q * r + 0.1666666716337204f;
    q = q * r + 0.5f;
    float w = q * r;
    float p = w * r + r;
    uint32_t k = bits(t) - 1262485504u;
    uint32_t half = ((k + 4096u) >> 1) - 2048u;
    uint32_t rest = k - half;
    float s1 = number((half + 127u) << 23);
    float s2 = number((rest + 127u) << 23);
    float q2 = number((127u - rest) << 23);
    float a = s1 * p;
    return minus_one ? ((s1 + negative(q2)) + a) * s2 : (s1 + a) * s2;
}""",
        "layer": """/* z_k = b_k + sum over j of W_kj x_j for one layer; a zero is not multiplied. Theorem M7.direct. */
static const float *layer(const float *w, const float *x, int senders, float *out, int receivers)
{
    for (; receivers; receivers--, w += senders) {
        float z = *w++;
        int j;
        for (j = 0; j < senders; j++)
            if (bits(x[j]) << 1) z += w[j] * x[j];
        *out++ = z;
    }
    return w;
}""",
        "sparse": """void net_raw(const float input[NET_INPUTS], float output[NET_OUTPUTS])
{
    float x[NET_USED + NET_HIDDEN];
    const float *w = weight;
    const GAP *g = gap;
    int k;
    for (k = 0; k < NET_USED; k++) x[k] = INPUT;
    for (k = 0; k < NET_HIDDEN + NET_OUTPUTS; k++) {
        const float *sender = x;
        float z = *w++;
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
        "sparse_outputs": """void net_raw(const float input[NET_INPUTS], float output[NET_OUTPUTS])
{
    float x[NET_USED];
    const float *w = weight;
    const GAP *g = gap;
    int k;
    for (k = 0; k < NET_USED; k++) x[k] = INPUT;
    for (k = 0; k < NET_OUTPUTS; k++) {
        const float *sender = x;
        float z = *w++;
        int left = count[k];
        for (; left; left--, w++) {
            sender += *g++;
            if (bits(*sender) << 1) z += *sender * *w;
        }
        output[k] = z;
    }
}""",
        "class": """int net_class(const float input[NET_INPUTS], float output[NET_OUTPUTS])
{
    int k, best = 0;
    net_raw(input, output);
    for (k = 0; k < NET_OUTPUTS; k++) {
        if ((bits(output[k]) & ~0x80000000u) >= 0x7f800000u) return -1;
        if (order(output[k]) > order(output[best])) best = k;
    }
    return best;
}""",
        "probabilities": """void net_predict(const float input[NET_INPUTS], float probability[NET_OUTPUTS])
{
    float greatest, total = 0.0f;
    int k;
    net_raw(input, probability);
    greatest = probability[0];
    for (k = 1; k < NET_OUTPUTS; k++)
        if (order(probability[k]) > order(greatest)) greatest = probability[k];
    for (k = 0; k < NET_OUTPUTS; k++) {
        probability[k] = exponential(probability[k] + negative(greatest), 0);
        total += probability[k];
    }
    total = 1.0f / total;
    for (k = 0; k < NET_OUTPUTS; k++) probability[k] *= total;
}""",
    },
    "double": {
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
        "bits": """static uint64_t bits(double x)
{
    union { double number; uint64_t bits; } both;
    both.number = x;
    return both.bits;
}""",
        "number": """static double number(uint64_t x)
{
    union { uint64_t bits; double number; } both;
    both.bits = x;
    return both.number;
}""",
        "negative": """static double negative(double x) { return number(bits(x) ^ 0x8000000000000000ull); }""",
        "magnitude": """static double magnitude(double x) { return number(bits(x) & ~0x8000000000000000ull); }""",
        "below": """static int below(double z) { return bits(z) - 0x8000000000000000ull <= 0x7ff0000000000000ull; } /* z <= 0, but for +0; false for NaN */""",
        "beyond": """/* x lies between the limit and the infinity of its sign; false for NaN. By integers: a comparison of floats costs 272 bytes. */
static int beyond(double x, double limit) { return bits(x) - bits(limit) - 1 < 0x7ff0000000000000ull - (bits(limit) & ~0x8000000000000000ull); }""",
        "order": """/* Integers in the order of the numbers, both zeros alike. */
static uint64_t order(double x) { return bits(x) & 0x8000000000000000ull ? 0x8000000000000000ull - (bits(x) & ~0x8000000000000000ull) : 0x8000000000000000ull + bits(x); }""",
        "exponential": """/* exp(x), or exp(x) - 1 where minus_one: |computed / exp(x) - 1| <= 1.6 u and |computed / expm1(x) - 1| <= 3.5 u
   with u = 2^-53, half an ulp of 1. Theorem E.float64. */
static double exponential(double x, int minus_one)
{
    x = beyond(x, -746.0) ? -746.0 : x;
    x = beyond(x, 710.0) ? 710.0 : x;
    double t = x * 1.4426950408889634 + 6755399441055744.0;
    double n = negative(negative(t) + 6755399441055744.0);
    double r = ((x + negative(n * 0.6931471805598903)) + negative(n * 5.497923018708371e-14));
    double q = 1.6059043836821613e-10 * r + 2.08767569878681e-09;
    q = q * r + 2.505210838544172e-08;
    q = q * r + 2.755731922398589e-07;
    q = q * r + 2.7557319223985893e-06;
    q = q * r + 2.48015873015873e-05;
    q = q * r + 0.0001984126984126984;
    q = q * r + 0.001388888888888889;
    q = q * r + 0.008333333333333333;
    q = q * r + 0.041666666666666664;
    q = q * r + 0.16666666666666666;
    q = q * r + 0.5;
    double w = q * r;
    double p = w * r + r;
    uint64_t k = bits(t) - 4843621399236968448ull;
    uint64_t half = ((k + 4096u) >> 1) - 2048u;
    uint64_t rest = k - half;
    double s1 = number((half + 1023ull) << 52);
    double s2 = number((rest + 1023ull) << 52);
    double q2 = number((1023ull - rest) << 52);
    double a = s1 * p;
    return minus_one ? ((s1 + negative(q2)) + a) * s2 : (s1 + a) * s2;
}""",
        "layer": """/* z_k = b_k + sum over j of W_kj x_j for one layer; a zero is not multiplied. Theorem M7.direct. */
static const double *layer(const double *w, const double *x, int senders, double *out, int receivers)
{
    for (; receivers; receivers--, w += senders) {
        double z = *w++;
        int j;
        for (j = 0; j < senders; j++)
            if (bits(x[j]) << 1) z += w[j] * x[j];
        *out++ = z;
    }
    return w;
}""",
        "sparse": """void net_raw(const double input[NET_INPUTS], double output[NET_OUTPUTS])
{
    double x[NET_USED + NET_HIDDEN];
    const double *w = weight;
    const GAP *g = gap;
    int k;
    for (k = 0; k < NET_USED; k++) x[k] = INPUT;
    for (k = 0; k < NET_HIDDEN + NET_OUTPUTS; k++) {
        const double *sender = x;
        double z = *w++;
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
        "sparse_outputs": """void net_raw(const double input[NET_INPUTS], double output[NET_OUTPUTS])
{
    double x[NET_USED];
    const double *w = weight;
    const GAP *g = gap;
    int k;
    for (k = 0; k < NET_USED; k++) x[k] = INPUT;
    for (k = 0; k < NET_OUTPUTS; k++) {
        const double *sender = x;
        double z = *w++;
        int left = count[k];
        for (; left; left--, w++) {
            sender += *g++;
            if (bits(*sender) << 1) z += *sender * *w;
        }
        output[k] = z;
    }
}""",
        "class": """int net_class(const double input[NET_INPUTS], double output[NET_OUTPUTS])
{
    int k, best = 0;
    net_raw(input, output);
    for (k = 0; k < NET_OUTPUTS; k++) {
        if ((bits(output[k]) & ~0x8000000000000000ull) >= 0x7ff0000000000000ull) return -1;
        if (order(output[k]) > order(output[best])) best = k;
    }
    return best;
}""",
        "probabilities": """void net_predict(const double input[NET_INPUTS], double probability[NET_OUTPUTS])
{
    double greatest, total = 0.0;
    int k;
    net_raw(input, probability);
    greatest = probability[0];
    for (k = 1; k < NET_OUTPUTS; k++)
        if (order(probability[k]) > order(greatest)) greatest = probability[k];
    for (k = 0; k < NET_OUTPUTS; k++) {
        probability[k] = exponential(probability[k] + negative(greatest), 0);
        total += probability[k];
    }
    total = 1.0 / total;
    for (k = 0; k < NET_OUTPUTS; k++) probability[k] *= total;
}""",
    },
    "int8": {
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
    },
}
ACTIVATIONS: dict[str, dict[str, str]] = {
    "float": {
        "identity": """/* f(z) = z. Theorem F.identity. */
static float activation(float z)
{
    return z;
}""",
        "relu": """/* f(z) = Piecewise((0, z <= 0), (z, True)). Theorem F.relu. */
static float activation(float z)
{
    return (below(z) ? 0.0f : z);
}""",
        "leaky_relu": """/* f(z) = Piecewise((z/100, z <= 0), (z, True)). Theorem F.leaky_relu. */
static float activation(float z)
{
    return (below(z) ? 0.01f * z : z);
}""",
        "elu": """/* f(z) = Piecewise((exp(z) - 1, z <= 0), (z, True)). Theorem F.elu. */
static float activation(float z)
{
    const float m = exponential((below(z) ? z : 0.0f), 1);
    return (below(z) ? m : z);
}""",
        "tanh": """/* f(z) = tanh(z). Theorem F.tanh. */
static float activation(float z)
{
    const float m = exponential(-2.0f * magnitude(z), 1);
    const float d = 1.0f / (m + 2.0f);
    const float c0 = d * m;
    return (below(z) ? c0 : -c0);
}""",
        "sigmoid": """/* f(z) = 1/(1 + exp(-z)). Theorem F.sigmoid. */
static float activation(float z)
{
    const float E = exponential(-magnitude(z), 0);
    const float d = 1.0f / (E + 1.0f);
    return (below(z) ? E * d : d);
}""",
        "swish": """/* f(z) = z/(1 + exp(-z)). Theorem F.swish. */
static float activation(float z)
{
    const float E = exponential(-magnitude(z), 0);
    const float d = 1.0f / (E + 1.0f);
    return z * (below(z) ? E * d : d);
}""",
    },
    "double": {
        "identity": """/* f(z) = z. Theorem F.identity. */
static double activation(double z)
{
    return z;
}""",
        "relu": """/* f(z) = Piecewise((0, z <= 0), (z, True)). Theorem F.relu. */
static double activation(double z)
{
    return (below(z) ? 0.0 : z);
}""",
        "leaky_relu": """/* f(z) = Piecewise((z/100, z <= 0), (z, True)). Theorem F.leaky_relu. */
static double activation(double z)
{
    return (below(z) ? 0.01 * z : z);
}""",
        "elu": """/* f(z) = Piecewise((exp(z) - 1, z <= 0), (z, True)). Theorem F.elu. */
static double activation(double z)
{
    const double m = exponential((below(z) ? z : 0.0), 1);
    return (below(z) ? m : z);
}""",
        "tanh": """/* f(z) = tanh(z). Theorem F.tanh. */
static double activation(double z)
{
    const double m = exponential(-2.0 * magnitude(z), 1);
    const double d = 1.0 / (m + 2.0);
    const double c0 = d * m;
    return (below(z) ? c0 : -c0);
}""",
        "sigmoid": """/* f(z) = 1/(1 + exp(-z)). Theorem F.sigmoid. */
static double activation(double z)
{
    const double E = exponential(-magnitude(z), 0);
    const double d = 1.0 / (E + 1.0);
    return (below(z) ? E * d : d);
}""",
        "swish": """/* f(z) = z/(1 + exp(-z)). Theorem F.swish. */
static double activation(double z)
{
    const double E = exponential(-magnitude(z), 0);
    const double d = 1.0 / (E + 1.0);
    return z * (below(z) ? E * d : d);
}""",
    },
}
