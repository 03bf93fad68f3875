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
        "error_complement": """/* erfc(x): the rational approximations of fdlibm (Sun Microsystems, 1993). No theorem covers it. */
static float error_complement(float x)
{
    float a = magnitude(x);
    if (order(a) < order(0.84375f)) {
        float z = x * x;
        float r = -2.3763016656650163e-05f;
        r = r * z + -0.005770270296489442f;
        r = r * z + -0.02848174957559851f;
        r = r * z + -0.3250421072470015f;
        r = r * z + 0.12837916709551256f;
        float d = -3.960228278775368e-06f;
        d = d * z + 0.00013249473800432164f;
        d = d * z + 0.005081306281875766f;
        d = d * z + 0.0650222499887673f;
        d = d * z + 0.39791722395915535f;
        d = d * z + 1.0f;
        float y = r / d;
        if (order(x) < order(0.25f)) {
            return 1.0f + negative(x + x * y);
        }
        return 0.5f + negative(negative(negative(x) + 0.5f) + x * y);
    }
    if (order(a) < order(1.25f)) {
        float s = negative(negative(a) + 1.0f);
        float p = -0.002166375594868791f;
        p = p * s + 0.035478304325618236f;
        p = p * s + -0.11089469428239668f;
        p = p * s + 0.31834661990116175f;
        p = p * s + -0.3722078760357013f;
        p = p * s + 0.41485611868374833f;
        p = p * s + -0.0023621185607526594f;
        float d = 0.011984499846799107f;
        d = d * s + 0.01363708391202905f;
        d = d * s + 0.12617121980876164f;
        d = d * s + 0.07182865441419627f;
        d = d * s + 0.540397917702171f;
        d = d * s + 0.10642088040084423f;
        d = d * s + 1.0f;
        if (order(x) >= order(0.0f)) {
            return 0.15493708848953247f + negative(p / d);
        }
        return 1.0f + (0.8450629115104675f + p / d);
    }
    if (order(a) > order(28.0f)) {
        return order(x) > order(0.0f) ? 0.0f : 2.0f;
    }
    if (order(x) < order(-6.0f)) {
        return 2.0f;
    }
    if (!(order(a) >= order(1.25f))) {
        return x;
    }
    float s = 1.0f / (a * a);
    float r = 0.0f;
    float d = 0.0f;
    if (order(a) < order(2.857142857142857f)) {
        r = -9.814329344169145f;
        r = r * s + -81.2874355063066f;
        r = r * s + -184.60509290671104f;
        r = r * s + -162.39666946257347f;
        r = r * s + -62.375332450326006f;
        r = r * s + -10.558626225323291f;
        r = r * s + -0.6938585727071818f;
        r = r * s + -0.009864944034847148f;
        d = -0.0604244152148581f;
        d = d * s + 6.570249770319282f;
        d = d * s + 108.63500554177944f;
        d = d * s + 429.00814002756783f;
        d = d * s + 645.3872717332679f;
        d = d * s + 434.56587747522923f;
        d = d * s + 137.65775414351904f;
        d = d * s + 19.651271667439257f;
        d = d * s + 1.0f;
    } else {
        r = -483.5191916086514f;
        r = r * s + -1025.0951316110772f;
        r = r * s + -637.5664433683896f;
        r = r * s + -160.63638485582192f;
        r = r * s + -17.757954917754752f;
        r = r * s + -0.799283237680523f;
        r = r * s + -0.0098649429247001f;
        d = -22.44095244658582f;
        d = d * s + 474.52854120695537f;
        d = d * s + 2553.0504064331644f;
        d = d * s + 3199.8582195085955f;
        d = d * s + 1536.729586084437f;
        d = d * s + 325.7925129965739f;
        d = d * s + 30.33806074348246f;
        d = d * s + 1.0f;
    }
    float z = number(bits(a) & 0xfffff000u);
    float y = (exponential(negative(negative(negative(z) * z) + 0.5625f), 0) * exponential((z + negative(a)) * (z + a) + r / d, 0)) / a;
    return order(x) > order(0.0f) ? y : 2.0f + negative(y);
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
        float less = probability[k] + negative(greatest);
        probability[k] = bits(less) ? exponential(less, 0) : 1.0f; /* exp(0) = 1 takes no time */
        total += probability[k];
    }
    total = 1.0f / total;
    for (k = 0; k < NET_OUTPUTS; k++) probability[k] *= total;
}""",
        "train_positive": """static int positive(float z) { return order(z) > 0x80000000u; } /* z > 0 */""",
        "train_forward": """/* x = the activations of all neurons, slope = f'(z) of the hidden ones unless it is 0, output = z_K. Theorem M7.direct. */
static void forward(const float *input, float *x, float *slope, float *output)
{
    const float *w = net_weight;
    FIRST_GAP
    int k;
    for (k = 0; k < NET_USED; k++) x[k] = INPUT;
    for (k = 0; k < NET_HIDDEN + NET_OUTPUTS; k++) {
        int place = START, left = count[k];
        float z = *w++;
        for (; left; left--, w++) {
            NEXT_GAP
            if (bits(x[place]) << 1) z += *w * x[place];
            NEXT_PLACE
        }
        if (k < NET_HIDDEN) x[NET_USED + k] = activation(z, slope ? slope + k : 0);
        else output[k - NET_HIDDEN] = z;
    }
}""",
        "train_raw": """void net_raw(const float input[NET_INPUTS], float output[NET_OUTPUTS])
{
    float x[NET_USED + NET_HIDDEN];
    forward(input, x, 0, output);
}""",
        "train_raw_in_units": """void net_raw(const float input[NET_INPUTS], float output[NET_OUTPUTS])
{
    float x[NET_USED + NET_HIDDEN];
    int k;
    forward(input, x, 0, output);
    for (k = 0; k < NET_OUTPUTS; k++) output[k] = output[k] * deviation[k] + mean[k];
}""",
        "train_train": """void net_train(const float input[NET_INPUTS], TARGET, float rate, int all)
{
    float x[NET_USED + NET_HIDDEN], slope[NET_HIDDEN + 1], dx[NET_HIDDEN + 1], dz[NET_OUTPUTS];
    float *w = net_weight + NET_WEIGHTS;
    LAST_GAP
    float descent = negative(rate);
    int k;
    forward(input, x, slope, dz);
    GRADIENT
    for (k = 0; k < NET_HIDDEN; k++) dx[k] = 0.0f;
    for (k = NET_HIDDEN + NET_OUTPUTS - 1; k >= (all ? 0 : NET_HIDDEN); k--) {
        float delta = k < NET_HIDDEN ? dx[k] * slope[k] : dz[k - NET_HIDDEN];
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
        "train_bias": """*w = *w + delta * descent;""",
        "train_cross_entropy": """/* dz = the gradient of log(sum of exp(z)) - z_label. Theorem L.cross_entropy. */
static void gradient(float *dz, int label)
{
    float greatest = dz[0], total = 0.0f;
    int k;
    for (k = 1; k < NET_OUTPUTS; k++)
        if (order(dz[k]) > order(greatest)) greatest = dz[k];
    for (k = 0; k < NET_OUTPUTS; k++) {
        dz[k] = exponential(dz[k] + negative(greatest), 0);
        total += dz[k];
    }
    for (k = 0; k < NET_OUTPUTS; k++) {
        float minus_hit = k == label ? -1.0f : 0.0f;
        dz[k] = dz[k] / total + minus_hit;
    }
}""",
        "train_squared_error": """/* dz = the gradient of the mean of (z - y)^2 over the outputs. Theorem L.squared_error. */
static void gradient(float *dz, const float *target)
{
    int k;
    for (k = 0; k < NET_OUTPUTS; k++) {
        float z = dz[k], minus_y = negative(SCALED);
        dz[k] = 2.0f * SHARE * (minus_y + z);
    }
}""",
        "train_binary_cross_entropy": """/* dz = the gradient of the mean of log(1 + exp(z)) - y z over the labels. Theorem L.binary_cross_entropy. */
static void gradient(float *dz, const float *target)
{
    int k;
    for (k = 0; k < NET_OUTPUTS; k++) {
        float z = dz[k], minus_y = negative(target[k]);
        dz[k] = SHARE * (!positive(z) ? minus_y + exponential(z, 0) / (exponential(z, 0) + 1.0f) : minus_y + 1.0f / (1.0f + exponential(-z, 0)));
    }
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
        "error_complement": """/* erfc(x): the rational approximations of fdlibm (Sun Microsystems, 1993). No theorem covers it. */
static double error_complement(double x)
{
    double a = magnitude(x);
    if (order(a) < order(0.84375)) {
        double z = x * x;
        double r = -2.3763016656650163e-05;
        r = r * z + -0.005770270296489442;
        r = r * z + -0.02848174957559851;
        r = r * z + -0.3250421072470015;
        r = r * z + 0.12837916709551256;
        double d = -3.960228278775368e-06;
        d = d * z + 0.00013249473800432164;
        d = d * z + 0.005081306281875766;
        d = d * z + 0.0650222499887673;
        d = d * z + 0.39791722395915535;
        d = d * z + 1.0;
        double y = r / d;
        if (order(x) < order(0.25)) {
            return 1.0 + negative(x + x * y);
        }
        return 0.5 + negative(negative(negative(x) + 0.5) + x * y);
    }
    if (order(a) < order(1.25)) {
        double s = negative(negative(a) + 1.0);
        double p = -0.002166375594868791;
        p = p * s + 0.035478304325618236;
        p = p * s + -0.11089469428239668;
        p = p * s + 0.31834661990116175;
        p = p * s + -0.3722078760357013;
        p = p * s + 0.41485611868374833;
        p = p * s + -0.0023621185607526594;
        double d = 0.011984499846799107;
        d = d * s + 0.01363708391202905;
        d = d * s + 0.12617121980876164;
        d = d * s + 0.07182865441419627;
        d = d * s + 0.540397917702171;
        d = d * s + 0.10642088040084423;
        d = d * s + 1.0;
        if (order(x) >= order(0.0)) {
            return 0.15493708848953247 + negative(p / d);
        }
        return 1.0 + (0.8450629115104675 + p / d);
    }
    if (order(a) > order(28.0)) {
        return order(x) > order(0.0) ? 0.0 : 2.0;
    }
    if (order(x) < order(-6.0)) {
        return 2.0;
    }
    if (!(order(a) >= order(1.25))) {
        return x;
    }
    double s = 1.0 / (a * a);
    double r = 0.0;
    double d = 0.0;
    if (order(a) < order(2.857142857142857)) {
        r = -9.814329344169145;
        r = r * s + -81.2874355063066;
        r = r * s + -184.60509290671104;
        r = r * s + -162.39666946257347;
        r = r * s + -62.375332450326006;
        r = r * s + -10.558626225323291;
        r = r * s + -0.6938585727071818;
        r = r * s + -0.009864944034847148;
        d = -0.0604244152148581;
        d = d * s + 6.570249770319282;
        d = d * s + 108.63500554177944;
        d = d * s + 429.00814002756783;
        d = d * s + 645.3872717332679;
        d = d * s + 434.56587747522923;
        d = d * s + 137.65775414351904;
        d = d * s + 19.651271667439257;
        d = d * s + 1.0;
    } else {
        r = -483.5191916086514;
        r = r * s + -1025.0951316110772;
        r = r * s + -637.5664433683896;
        r = r * s + -160.63638485582192;
        r = r * s + -17.757954917754752;
        r = r * s + -0.799283237680523;
        r = r * s + -0.0098649429247001;
        d = -22.44095244658582;
        d = d * s + 474.52854120695537;
        d = d * s + 2553.0504064331644;
        d = d * s + 3199.8582195085955;
        d = d * s + 1536.729586084437;
        d = d * s + 325.7925129965739;
        d = d * s + 30.33806074348246;
        d = d * s + 1.0;
    }
    double z = number(bits(a) & 0xffffffff00000000ull);
    double y = (exponential(negative(negative(negative(z) * z) + 0.5625), 0) * exponential((z + negative(a)) * (z + a) + r / d, 0)) / a;
    return order(x) > order(0.0) ? y : 2.0 + negative(y);
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
        double less = probability[k] + negative(greatest);
        probability[k] = bits(less) ? exponential(less, 0) : 1.0; /* exp(0) = 1 takes no time */
        total += probability[k];
    }
    total = 1.0 / total;
    for (k = 0; k < NET_OUTPUTS; k++) probability[k] *= total;
}""",
        "train_positive": """static int positive(double z) { return order(z) > 0x8000000000000000ull; } /* z > 0 */""",
        "train_forward": """/* x = the activations of all neurons, slope = f'(z) of the hidden ones unless it is 0, output = z_K. Theorem M7.direct. */
static void forward(const double *input, double *x, double *slope, double *output)
{
    const double *w = net_weight;
    FIRST_GAP
    int k;
    for (k = 0; k < NET_USED; k++) x[k] = INPUT;
    for (k = 0; k < NET_HIDDEN + NET_OUTPUTS; k++) {
        int place = START, left = count[k];
        double z = *w++;
        for (; left; left--, w++) {
            NEXT_GAP
            if (bits(x[place]) << 1) z += *w * x[place];
            NEXT_PLACE
        }
        if (k < NET_HIDDEN) x[NET_USED + k] = activation(z, slope ? slope + k : 0);
        else output[k - NET_HIDDEN] = z;
    }
}""",
        "train_raw": """void net_raw(const double input[NET_INPUTS], double output[NET_OUTPUTS])
{
    double x[NET_USED + NET_HIDDEN];
    forward(input, x, 0, output);
}""",
        "train_raw_in_units": """void net_raw(const double input[NET_INPUTS], double output[NET_OUTPUTS])
{
    double x[NET_USED + NET_HIDDEN];
    int k;
    forward(input, x, 0, output);
    for (k = 0; k < NET_OUTPUTS; k++) output[k] = output[k] * deviation[k] + mean[k];
}""",
        "train_train": """void net_train(const double input[NET_INPUTS], TARGET, double rate, int all)
{
    double x[NET_USED + NET_HIDDEN], slope[NET_HIDDEN + 1], dx[NET_HIDDEN + 1], dz[NET_OUTPUTS];
    double *w = net_weight + NET_WEIGHTS;
    LAST_GAP
    double descent = negative(rate);
    int k;
    forward(input, x, slope, dz);
    GRADIENT
    for (k = 0; k < NET_HIDDEN; k++) dx[k] = 0.0;
    for (k = NET_HIDDEN + NET_OUTPUTS - 1; k >= (all ? 0 : NET_HIDDEN); k--) {
        double delta = k < NET_HIDDEN ? dx[k] * slope[k] : dz[k - NET_HIDDEN];
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
        "train_bias": """*w = *w + delta * descent;""",
        "train_cross_entropy": """/* dz = the gradient of log(sum of exp(z)) - z_label. Theorem L.cross_entropy. */
static void gradient(double *dz, int label)
{
    double greatest = dz[0], total = 0.0;
    int k;
    for (k = 1; k < NET_OUTPUTS; k++)
        if (order(dz[k]) > order(greatest)) greatest = dz[k];
    for (k = 0; k < NET_OUTPUTS; k++) {
        dz[k] = exponential(dz[k] + negative(greatest), 0);
        total += dz[k];
    }
    for (k = 0; k < NET_OUTPUTS; k++) {
        double minus_hit = k == label ? -1.0 : 0.0;
        dz[k] = dz[k] / total + minus_hit;
    }
}""",
        "train_squared_error": """/* dz = the gradient of the mean of (z - y)^2 over the outputs. Theorem L.squared_error. */
static void gradient(double *dz, const double *target)
{
    int k;
    for (k = 0; k < NET_OUTPUTS; k++) {
        double z = dz[k], minus_y = negative(SCALED);
        dz[k] = 2.0 * SHARE * (minus_y + z);
    }
}""",
        "train_binary_cross_entropy": """/* dz = the gradient of the mean of log(1 + exp(z)) - y z over the labels. Theorem L.binary_cross_entropy. */
static void gradient(double *dz, const double *target)
{
    int k;
    for (k = 0; k < NET_OUTPUTS; k++) {
        double z = dz[k], minus_y = negative(target[k]);
        dz[k] = SHARE * (!positive(z) ? minus_y + exponential(z, 0) / (exponential(z, 0) + 1.0) : minus_y + 1.0 / (1.0 + exponential(-z, 0)));
    }
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
        "gelu": """/* f(z) = z*normal_cdf(z). Theorem F.gelu. */
static float activation(float z)
{
    return z * (0.5f * error_complement(-0.7071067811865476f * z));
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
        "gelu": """/* f(z) = z*normal_cdf(z). Theorem F.gelu. */
static double activation(double z)
{
    return z * (0.5 * error_complement(-0.7071067811865476 * z));
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
WITH_SLOPES: dict[str, dict[str, str]] = {
    "float": {
        "identity": """/* f(z) = z, and f'(z) unless its place is 0. Theorem F.identity. */
static float activation(float z, float *at)
{
    if (at) {
        *at = 1.0f;
    }
    return z;
}""",
        "relu": """/* f(z) = Piecewise((0, z <= 0), (z, True)), and f'(z) unless its place is 0. Theorem F.relu. */
static float activation(float z, float *at)
{
    const int c0 = !positive(z);
    if (at) {
        *at = (c0 ? 0.0f : 1.0f);
    }
    return (c0 ? 0.0f : z);
}""",
        "leaky_relu": """/* f(z) = Piecewise((z/100, z <= 0), (z, True)), and f'(z) unless its place is 0. Theorem F.leaky_relu. */
static float activation(float z, float *at)
{
    const int c0 = !positive(z);
    if (at) {
        *at = (c0 ? 0.01f : 1.0f);
    }
    return (c0 ? 0.01f * z : z);
}""",
        "elu": """/* f(z) = Piecewise((exp(z) - 1, z <= 0), (z, True)), and f'(z) unless its place is 0. Theorem F.elu. */
static float activation(float z, float *at)
{
    const float m = exponential((below(z) ? z : 0.0f), 1);
    const int c0 = !positive(z);
    if (at) {
        const float E = exponential((below(z) ? z : 0.0f), 0);
        *at = (c0 ? E : 1.0f);
    }
    return (c0 ? m : z);
}""",
        "tanh": """/* f(z) = tanh(z), and f'(z) unless its place is 0. Theorem F.tanh. */
static float activation(float z, float *at)
{
    const float m = exponential(-2.0f * magnitude(z), 1);
    const float d = 1.0f / (m + 2.0f);
    const float c0 = d * m;
    if (at) {
        const float E = exponential(-2.0f * magnitude(z), 0);
        *at = 4.0f * E * d * d;
    }
    return (!positive(z) ? c0 : -c0);
}""",
        "sigmoid": """/* f(z) = 1/(1 + exp(-z)), and f'(z) unless its place is 0. Theorem F.sigmoid. */
static float activation(float z, float *at)
{
    const float E = exponential(-magnitude(z), 0);
    const float d = 1.0f / (E + 1.0f);
    if (at) {
        *at = E * d * d;
    }
    return (!positive(z) ? E * d : d);
}""",
        "gelu": """/* f(z) = z*normal_cdf(z), and f'(z) unless its place is 0. Theorem F.gelu. */
static float activation(float z, float *at)
{
    const float c0 = (0.5f * error_complement(-0.7071067811865476f * z));
    if (at) {
        const float E = exponential(-0.5f * z * z, 0);
        *at = 0.3989422804014327f * E * z + c0;
    }
    return c0 * z;
}""",
        "swish": """/* f(z) = z/(1 + exp(-z)), and f'(z) unless its place is 0. Theorem F.swish. */
static float activation(float z, float *at)
{
    const float E = exponential(-magnitude(z), 0);
    const float d = 1.0f / (E + 1.0f);
    const float c0 = (!positive(z) ? E * d : d);
    if (at) {
        *at = E * z * d * d + c0;
    }
    return c0 * z;
}""",
    },
    "double": {
        "identity": """/* f(z) = z, and f'(z) unless its place is 0. Theorem F.identity. */
static double activation(double z, double *at)
{
    if (at) {
        *at = 1.0;
    }
    return z;
}""",
        "relu": """/* f(z) = Piecewise((0, z <= 0), (z, True)), and f'(z) unless its place is 0. Theorem F.relu. */
static double activation(double z, double *at)
{
    const int c0 = !positive(z);
    if (at) {
        *at = (c0 ? 0.0 : 1.0);
    }
    return (c0 ? 0.0 : z);
}""",
        "leaky_relu": """/* f(z) = Piecewise((z/100, z <= 0), (z, True)), and f'(z) unless its place is 0. Theorem F.leaky_relu. */
static double activation(double z, double *at)
{
    const int c0 = !positive(z);
    if (at) {
        *at = (c0 ? 0.01 : 1.0);
    }
    return (c0 ? 0.01 * z : z);
}""",
        "elu": """/* f(z) = Piecewise((exp(z) - 1, z <= 0), (z, True)), and f'(z) unless its place is 0. Theorem F.elu. */
static double activation(double z, double *at)
{
    const double m = exponential((below(z) ? z : 0.0), 1);
    const int c0 = !positive(z);
    if (at) {
        const double E = exponential((below(z) ? z : 0.0), 0);
        *at = (c0 ? E : 1.0);
    }
    return (c0 ? m : z);
}""",
        "tanh": """/* f(z) = tanh(z), and f'(z) unless its place is 0. Theorem F.tanh. */
static double activation(double z, double *at)
{
    const double m = exponential(-2.0 * magnitude(z), 1);
    const double d = 1.0 / (m + 2.0);
    const double c0 = d * m;
    if (at) {
        const double E = exponential(-2.0 * magnitude(z), 0);
        *at = 4.0 * E * d * d;
    }
    return (!positive(z) ? c0 : -c0);
}""",
        "sigmoid": """/* f(z) = 1/(1 + exp(-z)), and f'(z) unless its place is 0. Theorem F.sigmoid. */
static double activation(double z, double *at)
{
    const double E = exponential(-magnitude(z), 0);
    const double d = 1.0 / (E + 1.0);
    if (at) {
        *at = E * d * d;
    }
    return (!positive(z) ? E * d : d);
}""",
        "gelu": """/* f(z) = z*normal_cdf(z), and f'(z) unless its place is 0. Theorem F.gelu. */
static double activation(double z, double *at)
{
    const double c0 = (0.5 * error_complement(-0.7071067811865476 * z));
    if (at) {
        const double E = exponential(-0.5 * z * z, 0);
        *at = 0.3989422804014327 * E * z + c0;
    }
    return c0 * z;
}""",
        "swish": """/* f(z) = z/(1 + exp(-z)), and f'(z) unless its place is 0. Theorem F.swish. */
static double activation(double z, double *at)
{
    const double E = exponential(-magnitude(z), 0);
    const double d = 1.0 / (E + 1.0);
    const double c0 = (!positive(z) ? E * d : d);
    if (at) {
        *at = E * z * d * d + c0;
    }
    return c0 * z;
}""",
    },
}
