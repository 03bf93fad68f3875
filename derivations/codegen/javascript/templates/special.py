"""log, log1p and erfc in float64, for languages that have none or one that differs from machine to machine.

By hand: no theorem covers them. A test compares them with the C library's. They use sums, products, quotients and the proven
exponential, so that their bits are the same everywhere. The rational approximations of erfc are those of fdlibm's s_erf.c
(copyright 1993 by Sun Microsystems, Inc., which granted permission to use, copy, modify and distribute it freely as long as
this notice is preserved).
"""
# The names belong to the printed module; lines are printed as they are written here.
# ruff: noqa: F821
# mypy: ignore-errors
# fmt: off


def log(x):
    """log x within 3 ulp: x = 2^k m, log m = 2 (s + s^3/3 + s^5/5 + ...) for s = (m - 1)/(m + 1).

    By hand: no theorem covers log. Checked by test_javascript_kernels.test_functions_without_a_theorem_are_those_of_the_c_library.
    """
    if x == 0.0:
        return -math.inf
    if x < 0.0:
        return math.nan
    if not (x < math.inf):
        return x
    k = 0
    m = x
    while m > 1.4142135623730951:
        m = m * 0.5
        k = k + 1
    while m < 0.7071067811865476:
        m = m * 2.0
        k = k - 1
    s = (m - 1.0) / (m + 1.0)
    q = s * s
    r = 1.0 / 23.0
    r = r * q + 1.0 / 21.0
    r = r * q + 1.0 / 19.0
    r = r * q + 1.0 / 17.0
    r = r * q + 1.0 / 15.0
    r = r * q + 1.0 / 13.0
    r = r * q + 1.0 / 11.0
    r = r * q + 1.0 / 9.0
    r = r * q + 1.0 / 7.0
    r = r * q + 1.0 / 5.0
    r = r * q + 1.0 / 3.0
    # k ln 2 in two parts, of which the first is exact.
    return k * 0.693147180369123816490 + (2.0 * s * (q * r) + k * 1.90821492927058770002e-10 + 2.0 * s)


def log1p(x):
    """log(1 + x) within 5 ulp: the rounding of u = 1 + x is made good by x / (u - 1).

    By hand: no theorem covers log1p. Checked by test_javascript_kernels.test_functions_without_a_theorem_are_those_of_the_c_library.
    """
    u = 1.0 + x
    if u == 1.0 or u == math.inf:
        return x
    return log(u) * (x / (u - 1.0))


def erfc(x):
    """erfc x within 5 ulp where it is a normal number: fdlibm's four rational approximations.

    By hand: no theorem covers erfc. Checked by test_javascript_kernels.test_functions_without_a_theorem_are_those_of_the_c_library.
    """
    a = abs(x)
    if a < 0.84375:
        z = x * x
        r = -2.37630166566501626084e-05
        r = r * z + -5.77027029648944159157e-03
        r = r * z + -2.84817495755985104766e-02
        r = r * z + -3.25042107247001499370e-01
        r = r * z + 1.28379167095512558561e-01
        d = -3.96022827877536812320e-06
        d = d * z + 1.32494738004321644526e-04
        d = d * z + 5.08130628187576562776e-03
        d = d * z + 6.50222499887672944485e-02
        d = d * z + 3.97917223959155352819e-01
        d = d * z + 1.0
        y = r / d
        if x < 0.25:
            return 1.0 - (x + x * y)
        return 0.5 - (x - 0.5 + x * y)
    if a < 1.25:
        s = a - 1.0
        p = -2.16637559486879084300e-03
        p = p * s + 3.54783043256182359371e-02
        p = p * s + -1.10894694282396677476e-01
        p = p * s + 3.18346619901161753674e-01
        p = p * s + -3.72207876035701323847e-01
        p = p * s + 4.14856118683748331666e-01
        p = p * s + -2.36211856075265944077e-03
        d = 1.19844998467991074170e-02
        d = d * s + 1.36370839120290507362e-02
        d = d * s + 1.26171219808761642112e-01
        d = d * s + 7.18286544141962662868e-02
        d = d * s + 5.40397917702171048937e-01
        d = d * s + 1.06420880400844228286e-01
        d = d * s + 1.0
        if x >= 0.0:
            return 1.0 - 8.45062911510467529297e-01 - p / d
        return 1.0 + (8.45062911510467529297e-01 + p / d)
    if a > 28.0:
        return 0.0 if x > 0.0 else 2.0
    if x < -6.0:
        return 2.0
    if not (a >= 1.25):
        return x
    s = 1.0 / (a * a)
    r = 0.0
    d = 0.0
    if a < 2.857142857142857:
        r = -9.81432934416914548592e+00
        r = r * s + -8.12874355063065934246e+01
        r = r * s + -1.84605092906711035994e+02
        r = r * s + -1.62396669462573470355e+02
        r = r * s + -6.23753324503260060396e+01
        r = r * s + -1.05586262253232909814e+01
        r = r * s + -6.93858572707181764372e-01
        r = r * s + -9.86494403484714822705e-03
        d = -6.04244152148580987438e-02
        d = d * s + 6.57024977031928170135e+00
        d = d * s + 1.08635005541779435134e+02
        d = d * s + 4.29008140027567833386e+02
        d = d * s + 6.45387271733267880336e+02
        d = d * s + 4.34565877475229228821e+02
        d = d * s + 1.37657754143519042600e+02
        d = d * s + 1.96512716674392571292e+01
        d = d * s + 1.0
    else:
        r = -4.83519191608651397019e+02
        r = r * s + -1.02509513161107724954e+03
        r = r * s + -6.37566443368389627722e+02
        r = r * s + -1.60636384855821916062e+02
        r = r * s + -1.77579549177547519889e+01
        r = r * s + -7.99283237680523006574e-01
        r = r * s + -9.86494292470009928597e-03
        d = -2.24409524465858183362e+01
        d = d * s + 4.74528541206955367215e+02
        d = d * s + 2.55305040643316442583e+03
        d = d * s + 3.19985821950859553908e+03
        d = d * s + 1.53672958608443695994e+03
        d = d * s + 3.25792512996573918826e+02
        d = d * s + 3.03380607434824582924e+01
        d = d * s + 1.0
    # exp(-a^2) as a product, in which z has so few digits that z^2 is exact.
    z = float32(a)
    y = exponential_float64(-z * z - 0.5625)[0] * exponential_float64((z - a) * (z + a) + r / d)[0] / a
    return y if x > 0.0 else 2.0 - y


def power(base, n):
    """base^n for a whole number n >= 0, by squares.

    By hand: squares in a fixed order, the same bits in every engine. Checked by test_javascript_kernels.test_a_whole_training.
    """
    result = 1.0
    square = base
    left = n
    while left > 0:
        if left % 2 == 1:
            result = result * square
        square = square * square
        left = left // 2
    return result
