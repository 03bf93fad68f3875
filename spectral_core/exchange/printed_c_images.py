"""Parts of exported C files of image networks, printed from the proven programs in `derivations`. Do not edit.

made by       python -m derivations

PARTS are in the order of the file, once for all types: `exchange.c_parts` puts the WORDS of a type in, those of
`printed_c_network` too; `exchange` adds the numbers of a network.
"""

PARTS: dict[str, str] = {
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
    "pool": """/* Add factor times the pixel (a link), the greatest or the mean of a window of 3 x 3 to the receiving planes. Theorems I5 to I7, I15. */
static void pool(int kind, const REAL *from, int channels, int rows, int columns, REAL *to, int out_rows, int out_columns, int stride,
    const REAL *scale, const REAL *shift, REAL factor)
{
    int i, j, c, t;
    for (c = 0; c < channels; c++) {
        const REAL *plane = from + c * rows * columns;
        const REAL a = scale ? scale[c] : ONE, b = shift ? shift[c] : ZERO;
        for (i = 0; i < out_rows; i++)
            for (j = 0; j < out_columns; j++) {
                REAL given = kind == NET_MAX ? number(SIGN | INFINITE) : ZERO;
                if (kind == NET_LINK) given = pixel(plane, rows, columns, stride * i, stride * j, a, b, 0);
                else
                    for (t = 0; t < 9; t++) {
                        const int r = stride * i + t / 3 - 1, q = stride * j + t % 3 - 1;
                        const REAL x = pixel(plane, rows, columns, r, q, a, b, 0);
                        if (kind == NET_MEAN) MEAN_OF_NINE
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
        "RELU": """(below(z) ? 0.0f : z)""",
        "MEAN_OF_NINE": """given += 0.1111111111111111f * x;""",
        "MEAN": """x / (float)columns / (float)rows""",
    },
    "double": {
        "RELU": """(below(z) ? 0.0 : z)""",
        "MEAN_OF_NINE": """given += 0.1111111111111111 * x;""",
        "MEAN": """x / (double)columns / (double)rows""",
    },
}
