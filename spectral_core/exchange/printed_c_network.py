"""Parts of exported C files that predict, printed from the proven programs in `derivations`. Do not edit.

made by       python -m derivations

PARTS are in the order of the file, once for all types: `exchange.c_parts` puts the WORDS of a type in, those of
`printed_c_network` too; `exchange` adds the numbers of a network.
"""

PARTS: dict[str, str] = {
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
WORDS: dict[str, dict[str, str]] = {
    "float": {
        "REAL": """float""",
        "BITS": """uint32_t""",
        "SIGN": """0x80000000u""",
        "INFINITE": """0x7f800000u""",
        "ZERO": """0.0f""",
        "ONE": """1.0f""",
    },
    "double": {
        "REAL": """double""",
        "BITS": """uint64_t""",
        "SIGN": """0x8000000000000000ull""",
        "INFINITE": """0x7ff0000000000000ull""",
        "ZERO": """0.0""",
        "ONE": """1.0""",
    },
}
