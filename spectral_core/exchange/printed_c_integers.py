"""Parts of exported C files in integers, printed from the proven programs in `derivations`. Do not edit.

made by       python -m derivations

PARTS are in the order of the file, once for all types: `exchange.c_parts` puts the WORDS of a type in, those of
`printed_c_network` too; `exchange` adds the numbers of a network.
"""

PARTS: dict[str, str] = {
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
