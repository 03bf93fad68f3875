"""Functions of one variable of exported C files in double, printed from the proven programs in `derivations`. Do not edit.

made by       python -m derivations

WITH_SLOPES are those of a file that trains.
"""

HELPERS: dict[str, str] = {
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
}
ACTIVATIONS: dict[str, str] = {
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
}
WITH_SLOPES: dict[str, str] = {
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
}
