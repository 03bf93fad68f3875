"""Parts of exported C files that train, printed from the proven programs in `derivations`. Do not edit.

made by       python -m derivations

PARTS are in the order of the file, once for all types: `exchange.c_parts` puts the WORDS of a type in, those of
`printed_c_network` too; `exchange` adds the numbers of a network.
"""

PARTS: dict[str, str] = {
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
WORDS: dict[str, dict[str, str]] = {
    "float": {
        "SQUARED_ERROR": """2.0f * SHARE * (minus_y + z)""",
        "BINARY": """SHARE * (!positive(z) ? minus_y + exponential(z, 0) / (exponential(z, 0) + 1.0f) : minus_y + 1.0f / (1.0f + exponential(-z, 0)))""",
        "MINUS_ONE": """-1.0f""",
    },
    "double": {
        "SQUARED_ERROR": """2.0 * SHARE * (minus_y + z)""",
        "BINARY": """SHARE * (!positive(z) ? minus_y + exponential(z, 0) / (exponential(z, 0) + 1.0) : minus_y + 1.0 / (1.0 + exponential(-z, 0)))""",
        "MINUS_ONE": """-1.0""",
    },
}
