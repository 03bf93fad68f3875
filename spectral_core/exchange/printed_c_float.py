"""Functions of one variable of exported C files in float, printed from the proven programs in `derivations`. Do not edit.

made by       python -m derivations

WITH_SLOPES are those of a file that trains.
"""

HELPERS: dict[str, str] = {
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
}
ACTIVATIONS: dict[str, str] = {
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
}
WITH_SLOPES: dict[str, str] = {
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
}
