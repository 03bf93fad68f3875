/*
 * Spectral networks in float64: propagation, adjoint, losses, penalties, optimizers, training. Do not edit.
 *
 * made by       python -m derivations
 * SymPy         1.14.0
 * certificates  sha256 f9dcf0ea5ffd7d47
 *
 * Printed from the proven programs in `derivations`: every function that names a theorem computes what it states.
 * Not proven, but compared with the other kernels by the tests: the other functions (layout, mini-batches, order of
 * calls) and rounding outside of the exponential. Numbers are
 * float64, and sums run in the order that stands here.
 *
 * No function but these computes: neither Math.exp nor Math.log, whose last digits differ between engines.
 * All arrays are flat: parameters and states are Float64Array, labels and orders of rows Int32Array. A layout has one row
 * for each layer, its columns named below; in the direct network the columns from BLOCKS on say where W_ij starts, -1
 * where there is no such block.
 */

export const ACTIVATIONS = ["identity", "relu", "leaky_relu", "elu", "tanh", "sigmoid", "gelu", "swish"];
export const WIDTH = 0, START = 1, PHI = 2, LAMBDA_IN = 3, LAMBDA_OUT = 4;
export const BLOCKS = 2;
// 2^n stands at POWERS[n + 640]: a table, so that no conversion of bits depends on the machine.
const POWERS = new Float64Array(1281);
POWERS[640] = 1;
for (let n = 1; n < 640; n++) {
    POWERS[640 + n] = 2 * POWERS[639 + n];
    POWERS[640 - n] = POWERS[641 - n] / 2;
}
// expm1 of the last argument of an exponential.
let expm1 = 0;

/**
 * exp(x) and expm1(x).
 *
 * Theorem: E.float64
 *
 * |computed / exp(x) - 1| <= 1.6 u and |computed / expm1(x) - 1| <= 3.5 u with u = 2^-53, half an ulp of 1, for
 * every float64 x with -708.39 <= x <= 709.78; below, exp adds at most half the smallest number and is 0 from
 * -746 on, while expm1 keeps its bound; above, both turn infinite before 710.
 */
export function exponentialFloat64(x) {
    x = (x < -746) ? -746 : x;
    x = (x > 710) ? 710 : x;
    const t = x * 1.4426950408889634 + 6755399441055744;
    const n = t - 6755399441055744;
    const r = x - n * 0.6931471805598903 - n * 5.497923018708371e-14;
    let q = 1.6059043836821613e-10 * r + 2.08767569878681e-09;
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
    const w = q * r;
    const p = w * r + r;
    const k = n | 0;
    const half = k >> 1;
    const rest = k - half;
    const s1 = POWERS[half + 640];
    const s2 = POWERS[rest + 640];
    const q2 = POWERS[640 - rest];
    const a = s1 * p;
    const power = (s1 + a) * s2;
    const difference = (s1 - q2 + a) * s2;
    expm1 = difference;
    return power;
}

/**
 * log x within 3 ulp: x = 2^k m, log m = 2 (s + s^3/3 + s^5/5 + ...) for s = (m - 1)/(m + 1).
 *
 * By hand: no theorem covers log. Checked by test_javascript_kernels.test_functions_without_a_theorem_are_those_of_the_c_library.
 */
export function log(x) {
    if (x === 0) {
        return -Infinity;
    }
    if (x < 0) {
        return NaN;
    }
    if (!(x < Infinity)) {
        return x;
    }
    let k = 0;
    let m = x;
    while (m > 1.4142135623730951) {
        m = m * 0.5;
        k = k + 1;
    }
    while (m < 0.7071067811865476) {
        m = m * 2;
        k = k - 1;
    }
    const s = (m - 1) / (m + 1);
    const q = s * s;
    let r = 1 / 23;
    r = r * q + 1 / 21;
    r = r * q + 1 / 19;
    r = r * q + 1 / 17;
    r = r * q + 1 / 15;
    r = r * q + 1 / 13;
    r = r * q + 1 / 11;
    r = r * q + 1 / 9;
    r = r * q + 1 / 7;
    r = r * q + 1 / 5;
    r = r * q + 1 / 3;
    // k ln 2 in two parts, of which the first is exact.
    return k * 0.6931471803691238 + (2 * s * (q * r) + k * 1.9082149292705877e-10 + 2 * s);
}

/**
 * log(1 + x) within 5 ulp: the rounding of u = 1 + x is made good by x / (u - 1).
 *
 * By hand: no theorem covers log1p. Checked by test_javascript_kernels.test_functions_without_a_theorem_are_those_of_the_c_library.
 */
export function log1p(x) {
    const u = 1 + x;
    if ((u === 1) || (u === Infinity)) {
        return x;
    }
    return log(u) * (x / (u - 1));
}

/**
 * erfc x within 5 ulp where it is a normal number: fdlibm's four rational approximations.
 *
 * By hand: no theorem covers erfc. Checked by test_javascript_kernels.test_functions_without_a_theorem_are_those_of_the_c_library.
 */
export function erfc(x) {
    const a = Math.abs(x);
    if (a < 0.84375) {
        const z = x * x;
        let r = -2.3763016656650163e-05;
        r = r * z + (-0.005770270296489442);
        r = r * z + (-0.02848174957559851);
        r = r * z + (-0.3250421072470015);
        r = r * z + 0.12837916709551256;
        let d = -3.960228278775368e-06;
        d = d * z + 0.00013249473800432164;
        d = d * z + 0.005081306281875766;
        d = d * z + 0.0650222499887673;
        d = d * z + 0.39791722395915535;
        d = d * z + 1;
        const y = r / d;
        if (x < 0.25) {
            return 1 - (x + x * y);
        }
        return 0.5 - (x - 0.5 + x * y);
    }
    if (a < 1.25) {
        const s = a - 1;
        let p = -0.002166375594868791;
        p = p * s + 0.035478304325618236;
        p = p * s + (-0.11089469428239668);
        p = p * s + 0.31834661990116175;
        p = p * s + (-0.3722078760357013);
        p = p * s + 0.41485611868374833;
        p = p * s + (-0.0023621185607526594);
        let d = 0.011984499846799107;
        d = d * s + 0.01363708391202905;
        d = d * s + 0.12617121980876164;
        d = d * s + 0.07182865441419627;
        d = d * s + 0.540397917702171;
        d = d * s + 0.10642088040084423;
        d = d * s + 1;
        if (x >= 0) {
            return 1 - 0.8450629115104675 - p / d;
        }
        return 1 + (0.8450629115104675 + p / d);
    }
    if (a > 28) {
        return (x > 0) ? 0 : 2;
    }
    if (x < -6) {
        return 2;
    }
    if (!(a >= 1.25)) {
        return x;
    }
    let s = 1 / (a * a);
    let r = 0;
    let d = 0;
    if (a < 2.857142857142857) {
        r = -9.814329344169145;
        r = r * s + (-81.2874355063066);
        r = r * s + (-184.60509290671104);
        r = r * s + (-162.39666946257347);
        r = r * s + (-62.375332450326006);
        r = r * s + (-10.558626225323291);
        r = r * s + (-0.6938585727071818);
        r = r * s + (-0.009864944034847148);
        d = -0.0604244152148581;
        d = d * s + 6.570249770319282;
        d = d * s + 108.63500554177944;
        d = d * s + 429.00814002756783;
        d = d * s + 645.3872717332679;
        d = d * s + 434.56587747522923;
        d = d * s + 137.65775414351904;
        d = d * s + 19.651271667439257;
        d = d * s + 1;
    } else {
        r = -483.5191916086514;
        r = r * s + (-1025.0951316110772);
        r = r * s + (-637.5664433683896);
        r = r * s + (-160.63638485582192);
        r = r * s + (-17.757954917754752);
        r = r * s + (-0.799283237680523);
        r = r * s + (-0.0098649429247001);
        d = -22.44095244658582;
        d = d * s + 474.52854120695537;
        d = d * s + 2553.0504064331644;
        d = d * s + 3199.8582195085955;
        d = d * s + 1536.729586084437;
        d = d * s + 325.7925129965739;
        d = d * s + 30.33806074348246;
        d = d * s + 1;
    }
    // exp(-a^2) as a product, in which z has so few digits that z^2 is exact.
    let z = Math.fround(a);
    let y = exponentialFloat64(-z * z - 0.5625) * exponentialFloat64((z - a) * (z + a) + r / d) / a;
    return (x > 0) ? y : (2 - y);
}

/**
 * base^n for a whole number n >= 0, by squares.
 *
 * By hand: squares in a fixed order, the same bits in every engine. Checked by test_javascript_kernels.test_a_whole_training.
 */
export function power(base, n) {
    let result = 1;
    let square = base;
    let left = n;
    while (left > 0) {
        if (left % 2 === 1) {
            result = result * square;
        }
        square = square * square;
        left = Math.floor(left / 2);
    }
    return result;
}

/**
 * post = f(pre), and f'(pre) in the place of pre, by the number of f in ACTIVATIONS.
 *
 * Theorem: F.identity, F.relu, F.leaky_relu, F.elu, F.tanh, F.sigmoid, F.gelu, F.swish, E.float32.activations, E.float64.activations, E.float32, E.float64
 *
 * pre (size) z, overwritten by f'(z); post (size) x = f(z)
 */
export function activate(activation, pre, post, size) {
    if (activation === 0) {
        // identity, theorem F.identity
        for (let i = 0; i < size; i++) {
            const z = pre[i];
            const value = z;
            const slope = 1;
            post[i] = value;
            pre[i] = slope;
        }
    } else if (activation === 1) {
        // relu, theorem F.relu
        for (let i = 0; i < size; i++) {
            const z = pre[i];
            const c0 = z <= 0;
            const value = c0 ? 0 : z;
            const slope = c0 ? 0 : 1;
            post[i] = value;
            pre[i] = slope;
        }
    } else if (activation === 2) {
        // leaky_relu, theorem F.leaky_relu
        for (let i = 0; i < size; i++) {
            const z = pre[i];
            const c0 = z <= 0;
            const value = c0 ? (0.01 * z) : z;
            const slope = c0 ? 0.01 : 1;
            post[i] = value;
            pre[i] = slope;
        }
    } else if (activation === 3) {
        // elu, theorem F.elu
        for (let i = 0; i < size; i++) {
            const z = pre[i];
            const E = exponentialFloat64((z <= 0) ? z : 0), m = expm1;
            const c0 = z <= 0;
            const value = c0 ? m : z;
            const slope = c0 ? E : 1;
            post[i] = value;
            pre[i] = slope;
        }
    } else if (activation === 4) {
        // tanh, theorem F.tanh
        for (let i = 0; i < size; i++) {
            const z = pre[i];
            const E = exponentialFloat64(-2 * Math.abs(z)), m = expm1;
            const d = 1 / (m + 2);
            const c0 = d * m;
            const value = (z <= 0) ? c0 : -c0;
            const slope = 4 * E * d * d;
            post[i] = value;
            pre[i] = slope;
        }
    } else if (activation === 5) {
        // sigmoid, theorem F.sigmoid
        for (let i = 0; i < size; i++) {
            const z = pre[i];
            const E = exponentialFloat64(-Math.abs(z)), m = expm1;
            const d = 1 / (E + 1);
            const value = (z <= 0) ? (E * d) : d;
            const slope = E * d * d;
            post[i] = value;
            pre[i] = slope;
        }
    } else if (activation === 6) {
        // gelu, theorem F.gelu
        for (let i = 0; i < size; i++) {
            const z = pre[i];
            const E = exponentialFloat64(-0.5 * z * z), m = expm1;
            const c0 = 0.5 * erfc(-0.7071067811865476 * z);
            const value = c0 * z;
            const slope = 0.3989422804014327 * E * z + c0;
            post[i] = value;
            pre[i] = slope;
        }
    } else {
        // swish, theorem F.swish
        for (let i = 0; i < size; i++) {
            const z = pre[i];
            const E = exponentialFloat64(-Math.abs(z)), m = expm1;
            const d = 1 / (E + 1);
            const c0 = (z <= 0) ? (E * d) : d;
            const value = c0 * z;
            const slope = E * z * d * d + c0;
            post[i] = value;
            pre[i] = slope;
        }
    }
}

/**
 * z_i = sum over j < i of W_ij x_j for every layer, without forming W_ij.
 *
 * Theorem: M7
 *
 * phi (n_out, n_in) φ^(i-1), eigenvector block from layer i-1 to layer i
 * lam_in (n_in) λ^(i-1), eigenvalues on the sending side
 * lam_out (n_out) λ^(i), eigenvalues on the receiving side
 * M (n_out, n_in) M_i = φ^(i-1) ∘ (λ^(i-1) - λ^(i)), the weights between neighbours
 * u_in (n_samples, n_in) u_{i-1} = (Φ⁻¹ x)_{i-1}
 * z (n_samples, n_out) z_i, pre-activations of layer i
 * v (n_samples, n_out) v_i = φ^(i-1) u_{i-1}, the linear path through Φ⁻¹
 * x (n_samples, n_out) x_i = f(z_i), activations of layer i
 * slope (n_samples, n_out) f'(z_i), kept in the place of z_i
 * u (n_samples, n_out) u_i = (Φ⁻¹ x)_i
 */
export function propagateGlobal(layout, activation, nSamples, blockScratch, parameters, sampleScratch, uAll, zAll) {
    const nLayers = layout.length;
    for (let i = 1; i < nLayers; i++) {
        // layer i+1 of the formulas
        const nOut = layout[i][WIDTH];
        const nIn = layout[i - 1][WIDTH];
        const lamIn = parameters.subarray(layout[i][LAMBDA_IN], layout[i][LAMBDA_IN] + nIn);
        const lamOut = parameters.subarray(layout[i][LAMBDA_OUT], layout[i][LAMBDA_OUT] + nOut);
        const phi = parameters.subarray(layout[i][PHI], layout[i][PHI] + nOut * nIn);
        const M = blockScratch.subarray(0, nOut * nIn);
        const uIn = uAll.subarray(nSamples * layout[i - 1][START], nSamples * layout[i - 1][START] + nSamples * nIn);
        const z = zAll.subarray(nSamples * layout[i][START], nSamples * layout[i][START] + nSamples * nOut);
        const v = sampleScratch.subarray(0, nSamples * nOut);
        const x = uAll.subarray(nSamples * layout[i][START], nSamples * layout[i][START] + nSamples * nOut);
        const slope = z;
        const u = x;
        for (let h = 0; h < nOut; h++) {
            for (let k = 0; k < nIn; k++) {
                M[h * nIn + k] = (lamIn[k] - lamOut[h]) * phi[h * nIn + k];
            }
        }
        // z[s, h] = sum_k M[h, k]*u_in[s, k]
        for (let s = 0; s < nSamples; s++) {
            for (let h = 0; h < nOut; h++) {
                let sum0 = 0;
                for (let k = 0; k < nIn; k++) {
                    sum0 += M[h * nIn + k] * uIn[s * nIn + k];
                }
                z[s * nOut + h] = sum0;
            }
        }
        if (i < nLayers - 1) {
            // v[s, h] = sum_k phi[h, k]*u_in[s, k]
            for (let s = 0; s < nSamples; s++) {
                for (let h = 0; h < nOut; h++) {
                    let sum0 = 0;
                    for (let k = 0; k < nIn; k++) {
                        sum0 += phi[h * nIn + k] * uIn[s * nIn + k];
                    }
                    v[s * nOut + h] = sum0;
                }
            }
            // x = f(z), slope = f'(z) in the place of z
            activate(activation, z, x, nSamples * nOut);
            for (let s = 0; s < nSamples; s++) {
                for (let h = 0; h < nOut; h++) {
                    u[s * nOut + h] = -v[s * nOut + h] + x[s * nOut + h];
                }
            }
        }
    }
}

/**
 * z_i = (phi o (lam_in - lam_out)) x_{i-1} for every layer.
 *
 * Theorem: M7.layerwise
 *
 * phi (n_out, n_in) φ^(i-1), eigenvector block from layer i-1 to layer i
 * lam_in (n_in) λ^(i-1), eigenvalues on the sending side
 * lam_out (n_out) λ^(i), eigenvalues on the receiving side
 * M (n_out, n_in) M_i = φ^(i-1) ∘ (λ^(i-1) - λ^(i)), the weights between neighbours
 * x_in (n_samples, n_in) x_{i-1}, activations of layer i-1
 * z (n_samples, n_out) z_i, pre-activations of layer i
 * x (n_samples, n_out) x_i = f(z_i), activations of layer i
 * slope (n_samples, n_out) f'(z_i), kept in the place of z_i
 */
export function propagateLayerwise(layout, activation, nSamples, blockScratch, parameters, uAll, zAll) {
    const nLayers = layout.length;
    for (let i = 1; i < nLayers; i++) {
        // layer i+1 of the formulas
        const nOut = layout[i][WIDTH];
        const nIn = layout[i - 1][WIDTH];
        const lamIn = parameters.subarray(layout[i][LAMBDA_IN], layout[i][LAMBDA_IN] + nIn);
        const lamOut = parameters.subarray(layout[i][LAMBDA_OUT], layout[i][LAMBDA_OUT] + nOut);
        const phi = parameters.subarray(layout[i][PHI], layout[i][PHI] + nOut * nIn);
        const M = blockScratch.subarray(0, nOut * nIn);
        const xIn = uAll.subarray(nSamples * layout[i - 1][START], nSamples * layout[i - 1][START] + nSamples * nIn);
        const z = zAll.subarray(nSamples * layout[i][START], nSamples * layout[i][START] + nSamples * nOut);
        const x = uAll.subarray(nSamples * layout[i][START], nSamples * layout[i][START] + nSamples * nOut);
        const slope = z;
        for (let h = 0; h < nOut; h++) {
            for (let k = 0; k < nIn; k++) {
                M[h * nIn + k] = (lamIn[k] - lamOut[h]) * phi[h * nIn + k];
            }
        }
        // z[s, h] = sum_k M[h, k]*x_in[s, k]
        for (let s = 0; s < nSamples; s++) {
            for (let h = 0; h < nOut; h++) {
                let sum0 = 0;
                for (let k = 0; k < nIn; k++) {
                    sum0 += M[h * nIn + k] * xIn[s * nIn + k];
                }
                z[s * nOut + h] = sum0;
            }
        }
        if (i < nLayers - 1) {
            // x = f(z), slope = f'(z) in the place of z
            activate(activation, z, x, nSamples * nOut);
        }
    }
}

/**
 * z_i = sum over j < i of W_ij x_j for every layer, every W_ij free.
 *
 * Theorem: M7.direct
 *
 * W (n_out, n_in) W_ij, weights from layer j to layer i
 * x_source (n_samples, n_in) x_j, activations of an earlier layer j
 * z (n_samples, n_out) z_i, pre-activations of layer i
 * x (n_samples, n_out) x_i = f(z_i), activations of layer i
 * slope (n_samples, n_out) f'(z_i), kept in the place of z_i
 */
export function propagateDirect(layout, activation, nSamples, parameters, uAll, zAll) {
    const nLayers = layout.length;
    for (let i = 1; i < nLayers; i++) {
        // layer i+1 of the formulas
        const nOut = layout[i][WIDTH];
        const z = zAll.subarray(nSamples * layout[i][START], nSamples * layout[i][START] + nSamples * nOut);
        const x = uAll.subarray(nSamples * layout[i][START], nSamples * layout[i][START] + nSamples * nOut);
        const slope = z;
        for (let s = 0; s < nSamples; s++) {
            for (let h = 0; h < nOut; h++) {
                z[s * nOut + h] = 0;
            }
        }
        for (let j = 0; j < i; j++) {
            // sent by layer j+1
            if (layout[i][BLOCKS + j] >= 0) {
                // the block exists
                const nIn = layout[j][WIDTH];
                const W = parameters.subarray(layout[i][BLOCKS + j], layout[i][BLOCKS + j] + nOut * nIn);
                const xSource = uAll.subarray(nSamples * layout[j][START], nSamples * layout[j][START] + nSamples * nIn);
                // z[s, h] += sum_k W[h, k]*x_source[s, k]
                for (let s = 0; s < nSamples; s++) {
                    for (let h = 0; h < nOut; h++) {
                        let sum0 = 0;
                        for (let k = 0; k < nIn; k++) {
                            sum0 += W[h * nIn + k] * xSource[s * nIn + k];
                        }
                        z[s * nOut + h] += sum0;
                    }
                }
            }
        }
        if (i < nLayers - 1) {
            // x = f(z), slope = f'(z) in the place of z
            activate(activation, z, x, nSamples * nOut);
        }
    }
}

/**
 * gradient of a loss with respect to every eigenvector block and eigenvalue.
 *
 * Theorem: M8
 *
 * phi (n_out, n_in) φ^(i-1), eigenvector block from layer i-1 to layer i
 * lam_in (n_in) λ^(i-1), eigenvalues on the sending side
 * lam_out (n_out) λ^(i), eigenvalues on the receiving side
 * dphi (n_out, n_in) ∂ℓ/∂φ^(i-1)
 * dlam_in (n_in) ∂ℓ/∂λ^(i-1)
 * dlam_out (n_out) ∂ℓ/∂λ^(i)
 * M (n_out, n_in) M_i = φ^(i-1) ∘ (λ^(i-1) - λ^(i)), the weights between neighbours
 * dM (n_out, n_in) ∂ℓ/∂M_i
 * g (n_out, n_in) the path through Φ⁻¹ in ∂ℓ/∂φ^(i-1)
 * u_in (n_samples, n_in) u_{i-1} = (Φ⁻¹ x)_{i-1}
 * slope (n_samples, n_out) f'(z_i), kept in the place of z_i
 * dz (n_samples, n_out) ∂ℓ/∂z_i, kept in the place of f'(z_i)
 * du (n_samples, n_out) ∂ℓ/∂u_i
 * du_in (n_samples, n_in) ∂ℓ/∂u_{i-1}
 * q (n_samples, n_in) the path through Φ⁻¹ in ∂ℓ/∂u_{i-1}
 */
export function adjointGlobal(layout, nSamples, blockScratch, duAll, gradient, parameters, sampleScratch, uAll, zAll) {
    gradient.fill(0);
    const nLayers = layout.length;
    for (let i = nLayers - 1; i > 0; i--) {
        // layer i+1 of the formulas
        const nOut = layout[i][WIDTH];
        const nIn = layout[i - 1][WIDTH];
        const du = duAll.subarray(nSamples * layout[i][START], nSamples * layout[i][START] + nSamples * nOut);
        const slope = zAll.subarray(nSamples * layout[i][START], nSamples * layout[i][START] + nSamples * nOut);
        const dz = slope;
        const lamIn = parameters.subarray(layout[i][LAMBDA_IN], layout[i][LAMBDA_IN] + nIn);
        const lamOut = parameters.subarray(layout[i][LAMBDA_OUT], layout[i][LAMBDA_OUT] + nOut);
        const phi = parameters.subarray(layout[i][PHI], layout[i][PHI] + nOut * nIn);
        const M = blockScratch.subarray(0, nOut * nIn);
        const uIn = uAll.subarray(nSamples * layout[i - 1][START], nSamples * layout[i - 1][START] + nSamples * nIn);
        const dM = blockScratch.subarray(Math.floor(blockScratch.length / 2), Math.floor(blockScratch.length / 2) + nOut * nIn);
        const g = gradient.subarray(layout[i][PHI], layout[i][PHI] + nOut * nIn);
        const dphi = g;
        const dlamIn = gradient.subarray(layout[i][LAMBDA_IN], layout[i][LAMBDA_IN] + nIn);
        const dlamOut = gradient.subarray(layout[i][LAMBDA_OUT], layout[i][LAMBDA_OUT] + nOut);
        const duIn = duAll.subarray(nSamples * layout[i - 1][START], nSamples * layout[i - 1][START] + nSamples * nIn);
        const q = sampleScratch.subarray(0, nSamples * nIn);
        if (i < nLayers - 1) {
            for (let s = 0; s < nSamples; s++) {
                for (let h = 0; h < nOut; h++) {
                    dz[s * nOut + h] = du[s * nOut + h] * slope[s * nOut + h];
                }
            }
        }
        for (let h = 0; h < nOut; h++) {
            for (let k = 0; k < nIn; k++) {
                M[h * nIn + k] = (lamIn[k] - lamOut[h]) * phi[h * nIn + k];
            }
        }
        // dM[h, k] = sum_s dz[s, h]*u_in[s, k]
        for (let h = 0; h < nOut; h++) {
            for (let k = 0; k < nIn; k++) {
                dM[h * nIn + k] = 0;
            }
        }
        for (let s = 0; s < nSamples; s++) {
            for (let h = 0; h < nOut; h++) {
                for (let k = 0; k < nIn; k++) {
                    dM[h * nIn + k] += dz[s * nOut + h] * uIn[s * nIn + k];
                }
            }
        }
        if (i < nLayers - 1) {
            // g[h, k] = sum_s du[s, h]*u_in[s, k]
            for (let h = 0; h < nOut; h++) {
                for (let k = 0; k < nIn; k++) {
                    g[h * nIn + k] = 0;
                }
            }
            for (let s = 0; s < nSamples; s++) {
                for (let h = 0; h < nOut; h++) {
                    for (let k = 0; k < nIn; k++) {
                        g[h * nIn + k] += du[s * nOut + h] * uIn[s * nIn + k];
                    }
                }
            }
            for (let h = 0; h < nOut; h++) {
                for (let k = 0; k < nIn; k++) {
                    dphi[h * nIn + k] = (lamIn[k] - lamOut[h]) * dM[h * nIn + k] - g[h * nIn + k];
                }
            }
        }
        if (i === nLayers - 1) {
            for (let h = 0; h < nOut; h++) {
                for (let k = 0; k < nIn; k++) {
                    dphi[h * nIn + k] = (lamIn[k] - lamOut[h]) * dM[h * nIn + k];
                }
            }
        }
        for (let h = 0; h < nOut; h++) {
            let sum1 = 0;
            for (let k = 0; k < nIn; k++) {
                dlamIn[k] += dM[h * nIn + k] * phi[h * nIn + k];
                sum1 += -dM[h * nIn + k] * phi[h * nIn + k];
            }
            dlamOut[h] += sum1;
        }
        if (i > 1) {
            // du_in[s, k] = sum_h M[h, k]*dz[s, h]
            for (let s = 0; s < nSamples; s++) {
                for (let k = 0; k < nIn; k++) {
                    duIn[s * nIn + k] = 0;
                }
            }
            for (let s = 0; s < nSamples; s++) {
                for (let h = 0; h < nOut; h++) {
                    for (let k = 0; k < nIn; k++) {
                        duIn[s * nIn + k] += M[h * nIn + k] * dz[s * nOut + h];
                    }
                }
            }
            if (i < nLayers - 1) {
                // q[s, k] = sum_h du[s, h]*phi[h, k]
                for (let s = 0; s < nSamples; s++) {
                    for (let k = 0; k < nIn; k++) {
                        q[s * nIn + k] = 0;
                    }
                }
                for (let s = 0; s < nSamples; s++) {
                    for (let h = 0; h < nOut; h++) {
                        for (let k = 0; k < nIn; k++) {
                            q[s * nIn + k] += du[s * nOut + h] * phi[h * nIn + k];
                        }
                    }
                }
                for (let s = 0; s < nSamples; s++) {
                    for (let k = 0; k < nIn; k++) {
                        duIn[s * nIn + k] += -q[s * nIn + k];
                    }
                }
            }
        }
    }
}

/**
 * gradient of a loss with respect to every eigenvector block and eigenvalue pair.
 *
 * Theorem: M8.layerwise
 *
 * phi (n_out, n_in) φ^(i-1), eigenvector block from layer i-1 to layer i
 * lam_in (n_in) λ^(i-1), eigenvalues on the sending side
 * lam_out (n_out) λ^(i), eigenvalues on the receiving side
 * dphi (n_out, n_in) ∂ℓ/∂φ^(i-1)
 * dlam_in (n_in) ∂ℓ/∂λ^(i-1)
 * dlam_out (n_out) ∂ℓ/∂λ^(i)
 * M (n_out, n_in) M_i = φ^(i-1) ∘ (λ^(i-1) - λ^(i)), the weights between neighbours
 * dM (n_out, n_in) ∂ℓ/∂M_i
 * x_in (n_samples, n_in) x_{i-1}, activations of layer i-1
 * slope (n_samples, n_out) f'(z_i), kept in the place of z_i
 * dz (n_samples, n_out) ∂ℓ/∂z_i, kept in the place of f'(z_i)
 * dx (n_samples, n_out) ∂ℓ/∂x_i
 * dx_in (n_samples, n_in) ∂ℓ/∂x_{i-1}
 */
export function adjointLayerwise(layout, nSamples, blockScratch, duAll, gradient, parameters, uAll, zAll) {
    gradient.fill(0);
    const nLayers = layout.length;
    for (let i = nLayers - 1; i > 0; i--) {
        // layer i+1 of the formulas
        const nOut = layout[i][WIDTH];
        const nIn = layout[i - 1][WIDTH];
        const dx = duAll.subarray(nSamples * layout[i][START], nSamples * layout[i][START] + nSamples * nOut);
        const slope = zAll.subarray(nSamples * layout[i][START], nSamples * layout[i][START] + nSamples * nOut);
        const dz = slope;
        const lamIn = parameters.subarray(layout[i][LAMBDA_IN], layout[i][LAMBDA_IN] + nIn);
        const lamOut = parameters.subarray(layout[i][LAMBDA_OUT], layout[i][LAMBDA_OUT] + nOut);
        const phi = parameters.subarray(layout[i][PHI], layout[i][PHI] + nOut * nIn);
        const M = blockScratch.subarray(0, nOut * nIn);
        const xIn = uAll.subarray(nSamples * layout[i - 1][START], nSamples * layout[i - 1][START] + nSamples * nIn);
        const dM = blockScratch.subarray(Math.floor(blockScratch.length / 2), Math.floor(blockScratch.length / 2) + nOut * nIn);
        const dphi = gradient.subarray(layout[i][PHI], layout[i][PHI] + nOut * nIn);
        const dlamIn = gradient.subarray(layout[i][LAMBDA_IN], layout[i][LAMBDA_IN] + nIn);
        const dlamOut = gradient.subarray(layout[i][LAMBDA_OUT], layout[i][LAMBDA_OUT] + nOut);
        const dxIn = duAll.subarray(nSamples * layout[i - 1][START], nSamples * layout[i - 1][START] + nSamples * nIn);
        if (i < nLayers - 1) {
            for (let s = 0; s < nSamples; s++) {
                for (let h = 0; h < nOut; h++) {
                    dz[s * nOut + h] = dx[s * nOut + h] * slope[s * nOut + h];
                }
            }
        }
        for (let h = 0; h < nOut; h++) {
            for (let k = 0; k < nIn; k++) {
                M[h * nIn + k] = (lamIn[k] - lamOut[h]) * phi[h * nIn + k];
            }
        }
        // dM[h, k] = sum_s dz[s, h]*x_in[s, k]
        for (let h = 0; h < nOut; h++) {
            for (let k = 0; k < nIn; k++) {
                dM[h * nIn + k] = 0;
            }
        }
        for (let s = 0; s < nSamples; s++) {
            for (let h = 0; h < nOut; h++) {
                for (let k = 0; k < nIn; k++) {
                    dM[h * nIn + k] += dz[s * nOut + h] * xIn[s * nIn + k];
                }
            }
        }
        for (let h = 0; h < nOut; h++) {
            let sum2 = 0;
            for (let k = 0; k < nIn; k++) {
                dphi[h * nIn + k] = (lamIn[k] - lamOut[h]) * dM[h * nIn + k];
                dlamIn[k] += dM[h * nIn + k] * phi[h * nIn + k];
                sum2 += -dM[h * nIn + k] * phi[h * nIn + k];
            }
            dlamOut[h] += sum2;
        }
        if (i > 1) {
            // dx_in[s, k] = sum_h M[h, k]*dz[s, h]
            for (let s = 0; s < nSamples; s++) {
                for (let k = 0; k < nIn; k++) {
                    dxIn[s * nIn + k] = 0;
                }
            }
            for (let s = 0; s < nSamples; s++) {
                for (let h = 0; h < nOut; h++) {
                    for (let k = 0; k < nIn; k++) {
                        dxIn[s * nIn + k] += M[h * nIn + k] * dz[s * nOut + h];
                    }
                }
            }
        }
    }
}

/**
 * gradient of a loss with respect to every weight W_ij.
 *
 * Theorem: M8.direct
 *
 * W (n_out, n_in) W_ij, weights from layer j to layer i
 * dW (n_out, n_in) ∂ℓ/∂W_ij
 * x_source (n_samples, n_in) x_j, activations of an earlier layer j
 * slope (n_samples, n_out) f'(z_i), kept in the place of z_i
 * dz (n_samples, n_out) ∂ℓ/∂z_i, kept in the place of f'(z_i)
 * dx (n_samples, n_out) ∂ℓ/∂x_i
 * dx_source (n_samples, n_in) ∂ℓ/∂x_j
 */
export function adjointDirect(layout, nSamples, duAll, gradient, parameters, uAll, zAll) {
    duAll.fill(0);
    const nLayers = layout.length;
    for (let i = nLayers - 1; i > 0; i--) {
        // layer i+1 of the formulas
        const nOut = layout[i][WIDTH];
        const dx = duAll.subarray(nSamples * layout[i][START], nSamples * layout[i][START] + nSamples * nOut);
        const slope = zAll.subarray(nSamples * layout[i][START], nSamples * layout[i][START] + nSamples * nOut);
        const dz = slope;
        if (i < nLayers - 1) {
            for (let s = 0; s < nSamples; s++) {
                for (let h = 0; h < nOut; h++) {
                    dz[s * nOut + h] = dx[s * nOut + h] * slope[s * nOut + h];
                }
            }
        }
        for (let j = 0; j < i; j++) {
            // sent by layer j+1
            if (layout[i][BLOCKS + j] >= 0) {
                // the block exists
                const nIn = layout[j][WIDTH];
                const xSource = uAll.subarray(nSamples * layout[j][START], nSamples * layout[j][START] + nSamples * nIn);
                const dW = gradient.subarray(layout[i][BLOCKS + j], layout[i][BLOCKS + j] + nOut * nIn);
                // dW[h, k] = sum_s dz[s, h]*x_source[s, k]
                for (let h = 0; h < nOut; h++) {
                    for (let k = 0; k < nIn; k++) {
                        dW[h * nIn + k] = 0;
                    }
                }
                for (let s = 0; s < nSamples; s++) {
                    for (let h = 0; h < nOut; h++) {
                        for (let k = 0; k < nIn; k++) {
                            dW[h * nIn + k] += dz[s * nOut + h] * xSource[s * nIn + k];
                        }
                    }
                }
            }
        }
        for (let j = 1; j < i; j++) {
            // sent by layer j+1
            if (layout[i][BLOCKS + j] >= 0) {
                // the block exists
                const nIn = layout[j][WIDTH];
                const W = parameters.subarray(layout[i][BLOCKS + j], layout[i][BLOCKS + j] + nOut * nIn);
                const dxSource = duAll.subarray(nSamples * layout[j][START], nSamples * layout[j][START] + nSamples * nIn);
                // dx_source[s, k] += sum_h W[h, k]*dz[s, h]
                for (let s = 0; s < nSamples; s++) {
                    for (let h = 0; h < nOut; h++) {
                        for (let k = 0; k < nIn; k++) {
                            dxSource[s * nIn + k] += W[h * nIn + k] * dz[s * nOut + h];
                        }
                    }
                }
            }
        }
    }
}

/**
 * weighted mean over samples and outputs of (z - y)^2, and its gradient.
 *
 * Theorem: L.squared_error
 *
 * output (n_samples, n_out) z_K, the network's output
 * target (n_samples, n_out) y, the targets
 * weight (n_samples) sample weights
 * d_output (n_samples, n_out) ∂ℓ/∂z_K, written over the output
 */
export function squaredError(output, target, weight, scale, nSamples, nOut) {
    scale = scale;
    let loss = 0;
    const dOutput = output;
    for (let s = 0; s < nSamples; s++) {
        let sum0 = 0;
        for (let h = 0; h < nOut; h++) {
            sum0 += scale * (output[s * nOut + h] - target[s * nOut + h]) * (output[s * nOut + h] - target[s * nOut + h]) * weight[s];
        }
        loss += sum0;
        for (let h = 0; h < nOut; h++) {
            dOutput[s * nOut + h] = 2 * scale * (output[s * nOut + h] - target[s * nOut + h]) * weight[s];
        }
    }
    return loss;
}

/**
 * weighted mean over samples and outputs of (z - y)^2 / 2 near y and |z - y| - 1/2 beyond a distance of 1.
 *
 * Theorem: L.huber
 *
 * output (n_samples, n_out) z_K, the network's output
 * target (n_samples, n_out) y, the targets
 * weight (n_samples) sample weights
 * d_output (n_samples, n_out) ∂ℓ/∂z_K, written over the output
 */
export function huber(output, target, weight, scale, nSamples, nOut) {
    scale = scale;
    let loss = 0;
    const dOutput = output;
    for (let s = 0; s < nSamples; s++) {
        let sum0 = 0;
        for (let h = 0; h < nOut; h++) {
            sum0 += scale * weight[s] * ((output[s * nOut + h] - target[s * nOut + h] < -1) ? (-output[s * nOut + h] + target[s * nOut + h] - 0.5) : ((output[s * nOut + h] - target[s * nOut + h] > 1) ? (output[s * nOut + h] - target[s * nOut + h] - 0.5) : (0.5 * (output[s * nOut + h] - target[s * nOut + h]) * (output[s * nOut + h] - target[s * nOut + h]))));
        }
        loss += sum0;
        for (let h = 0; h < nOut; h++) {
            dOutput[s * nOut + h] = scale * weight[s] * ((output[s * nOut + h] - target[s * nOut + h] < -1) ? -1 : ((output[s * nOut + h] - target[s * nOut + h] > 1) ? 1 : (output[s * nOut + h] - target[s * nOut + h])));
        }
    }
    return loss;
}

/**
 * weighted mean over samples and outputs of exp(z) - y z for counts y of mean exp(z), and its gradient.
 *
 * Theorem: L.poisson, E.float32, E.float64
 *
 * output (n_samples, n_out) z_K, the network's output
 * target (n_samples, n_out) y, the targets
 * weight (n_samples) sample weights
 * d_output (n_samples, n_out) ∂ℓ/∂z_K, written over the output
 */
export function poisson(output, target, weight, scale, nSamples, nOut) {
    scale = scale;
    let loss = 0;
    const dOutput = output;
    for (let s = 0; s < nSamples; s++) {
        let sum0 = 0;
        for (let h = 0; h < nOut; h++) {
            sum0 += scale * (exponentialFloat64(output[s * nOut + h]) - output[s * nOut + h] * target[s * nOut + h]) * weight[s];
        }
        loss += sum0;
        for (let h = 0; h < nOut; h++) {
            dOutput[s * nOut + h] = scale * (exponentialFloat64(output[s * nOut + h]) - target[s * nOut + h]) * weight[s];
        }
    }
    return loss;
}

/**
 * weighted mean over samples and labels of log(1 + exp(z)) - y z, without overflow, and its gradient.
 *
 * Theorem: L.binary_cross_entropy, E.float32, E.float64
 *
 * output (n_samples, n_out) z_K, the network's output
 * target (n_samples, n_out) y, the targets
 * weight (n_samples) sample weights
 * d_output (n_samples, n_out) ∂ℓ/∂z_K, written over the output
 */
export function binaryCrossEntropy(output, target, weight, scale, nSamples, nOut) {
    scale = scale;
    let loss = 0;
    const dOutput = output;
    for (let s = 0; s < nSamples; s++) {
        let sum0 = 0;
        for (let h = 0; h < nOut; h++) {
            sum0 += scale * weight[s] * ((output[s * nOut + h] <= 0) ? (log1p(exponentialFloat64(output[s * nOut + h])) - output[s * nOut + h] * target[s * nOut + h]) : (log1p(exponentialFloat64(-output[s * nOut + h])) - output[s * nOut + h] * target[s * nOut + h] + output[s * nOut + h]));
        }
        loss += sum0;
        for (let h = 0; h < nOut; h++) {
            dOutput[s * nOut + h] = scale * weight[s] * ((output[s * nOut + h] <= 0) ? (-target[s * nOut + h] + exponentialFloat64(output[s * nOut + h]) / (exponentialFloat64(output[s * nOut + h]) + 1)) : (-target[s * nOut + h] + 1 / (1 + exponentialFloat64(-output[s * nOut + h]))));
        }
    }
    return loss;
}

/**
 * weighted mean over samples of log sum_h exp(z_h) - sum_h q_h z_h, q = (1 - smoothing) onehot(label) + spread, and its gradient.
 *
 * Theorem: L.cross_entropy, E.float32, E.float64
 *
 * output (n_samples, n_out) z_K, the network's output
 * label (n_samples) y, the class of each sample
 * weight (n_samples) sample weights
 * d_output (n_samples, n_out) ∂ℓ/∂z_K, written over the output
 * shifted (n_samples, n_out) exp(z - max z), written over the output
 */
export function crossEntropy(output, label, weight, scale, smoothing, spread, nSamples, nOut) {
    scale = scale;
    smoothing = smoothing;
    spread = spread;
    let loss = 0;
    const dOutput = output;
    const shifted = output;
    for (let s = 0; s < nSamples; s++) {
        let peak = -Infinity;
        let chosen = 0;
        for (let h = 0; h < nOut; h++) {
            peak = (output[s * nOut + h] > peak ? output[s * nOut + h] : peak);
            chosen += (spread + (1 - smoothing) * ((h === label[s]) ? 1 : 0)) * output[s * nOut + h];
        }
        for (let h = 0; h < nOut; h++) {
            shifted[s * nOut + h] = exponentialFloat64(-peak + output[s * nOut + h]);
        }
        let total = 0;
        for (let h = 0; h < nOut; h++) {
            total += shifted[s * nOut + h];
        }
        loss += scale * (-chosen + peak + log(total)) * weight[s];
        for (let h = 0; h < nOut; h++) {
            dOutput[s * nOut + h] = scale * (-spread - (1 - smoothing) * ((h === label[s]) ? 1 : 0) + shifted[s * nOut + h] / total) * weight[s];
        }
    }
    return loss;
}

/**
 * (1 - smoothing) y + smoothing / 2: soft labels for binary_cross_entropy.
 *
 * Theorem: L.smoothing
 *
 * target (n_samples, n_out) y, the targets
 * soft (n_samples, n_out) (1 - smoothing) y + smoothing/2, written over the targets
 */
export function smoothTargets(target, smoothing, nSamples, nOut) {
    smoothing = smoothing;
    const soft = target;
    for (let s = 0; s < nSamples; s++) {
        for (let h = 0; h < nOut; h++) {
            soft[s * nOut + h] = 0.5 * smoothing + (1 - smoothing) * target[s * nOut + h];
        }
    }
}

/**
 * strength |value|_2 (not squared), and its gradient, 0 at the zero vector.
 *
 * Theorem: R.group
 *
 * value (size) the parameters of one group, e.g. λ^(i)
 * gradient (size) ∂(ℓ + penalty)/∂value
 */
export function penaltyGroup(value, gradient, strength) {
    strength = strength;
    let size = value.length;
    size = gradient.length;
    let squares = 0;
    for (let p = 0; p < size; p++) {
        squares += value[p] * value[p];
    }
    const norm = Math.sqrt(squares);
    const penalty = norm * strength;
    const inverse = (norm > 0) ? (strength / norm) : 0;
    for (let p = 0; p < size; p++) {
        gradient[p] += inverse * value[p];
    }
    return penalty;
}

/**
 * strength |value|_1, and its gradient, 0 at 0.
 *
 * Theorem: R.l1
 *
 * value (size) the parameters of one group, e.g. λ^(i)
 * gradient (size) ∂(ℓ + penalty)/∂value
 */
export function penaltyL1(value, gradient, strength) {
    strength = strength;
    let size = value.length;
    size = gradient.length;
    let penalty = 0;
    for (let p = 0; p < size; p++) {
        penalty += strength * Math.abs(value[p]);
        gradient[p] += strength * ((value[p] > 0) ? 1 : ((value[p] < 0) ? -1 : value[p]));
    }
    return penalty;
}

/**
 * strength |value|_2^2, and its gradient.
 *
 * Theorem: R.l2
 *
 * value (size) the parameters of one group, e.g. λ^(i)
 * gradient (size) ∂(ℓ + penalty)/∂value
 */
export function penaltyL2(value, gradient, strength) {
    strength = strength;
    let size = value.length;
    size = gradient.length;
    let penalty = 0;
    for (let p = 0; p < size; p++) {
        penalty += strength * value[p] * value[p];
        gradient[p] += 2 * strength * value[p];
    }
    return penalty;
}

/**
 * v (1 - threshold / |v|_2), and 0 where |v|_2 <= threshold.
 *
 * Theorem: P.group
 *
 * value (size) v, the parameters of one group, overwritten by x
 * moved (size) x, in the place of v
 */
export function proximalGroup(value, threshold) {
    threshold = threshold;
    const size = value.length;
    const moved = value;
    let squares = 0;
    for (let p = 0; p < size; p++) {
        squares += value[p] * value[p];
    }
    const norm = Math.sqrt(squares);
    const factor = (norm > threshold) ? (1 - threshold / norm) : 0;
    for (let p = 0; p < size; p++) {
        moved[p] = factor * value[p];
    }
}

/**
 * v moved towards 0 by threshold, and 0 where |v| <= threshold.
 *
 * Theorem: P.l1
 *
 * value (size) v, the parameters of one group, overwritten by x
 * moved (size) x, in the place of v
 */
export function proximalL1(value, threshold) {
    threshold = threshold;
    const size = value.length;
    const moved = value;
    for (let p = 0; p < size; p++) {
        moved[p] = (threshold < value[p]) ? (-threshold + value[p]) : ((threshold < -value[p]) ? (threshold + value[p]) : 0);
    }
}

/**
 * v / (1 + 2 threshold).
 *
 * Theorem: P.l2
 *
 * value (size) v, the parameters of one group, overwritten by x
 * moved (size) x, in the place of v
 */
export function proximalL2(value, threshold) {
    threshold = threshold;
    const size = value.length;
    const moved = value;
    const factor = 1 / (2 * threshold + 1);
    for (let p = 0; p < size; p++) {
        moved[p] = factor * value[p];
    }
}

/**
 * m = beta1 m + (1-beta1) g, v = beta2 v + (1-beta2) g^2, theta -= rate m/c1 / (sqrt(v/c2) + epsilon).
 *
 * Theorem: O.adam
 *
 * parameter (size) θ, updated in place
 * gradient (size) g = ∂ℓ/∂θ
 * first (size) m, first moment, updated in place
 * second (size) v, second moment, updated in place
 * updated (size) θ after the step
 * first_new (size) m after the step
 * second_new (size) v after the step
 */
export function adam(parameter, gradient, first, second, rate, beta1, beta2, epsilon, correction1, correction2) {
    rate = rate;
    beta1 = beta1;
    beta2 = beta2;
    epsilon = epsilon;
    correction1 = correction1;
    correction2 = correction2;
    let size = parameter.length;
    size = gradient.length;
    size = first.length;
    size = second.length;
    const updated = parameter;
    const firstNew = first;
    const secondNew = second;
    const stepSize = rate / correction1;
    const root = 1 / Math.sqrt(correction2);
    for (let p = 0; p < size; p++) {
        firstNew[p] = beta1 * first[p] + (1 - beta1) * gradient[p];
        secondNew[p] = beta2 * second[p] + gradient[p] * gradient[p] * (1 - beta2);
        updated[p] = -stepSize * firstNew[p] / (epsilon + root * Math.sqrt(secondNew[p])) + parameter[p];
    }
}

/**
 * b = momentum b + g, theta -= rate (g + momentum b) with nesterov = 1, rate b with nesterov = 0.
 *
 * Theorem: O.sgd
 *
 * parameter (size) θ, updated in place
 * gradient (size) g = ∂ℓ/∂θ
 * first (size) m, first moment, updated in place
 * updated (size) θ after the step
 * first_new (size) m after the step
 */
export function sgd(parameter, gradient, first, rate, momentum, nesterov) {
    rate = rate;
    momentum = momentum;
    nesterov = nesterov;
    let size = parameter.length;
    size = gradient.length;
    size = first.length;
    const updated = parameter;
    const firstNew = first;
    for (let p = 0; p < size; p++) {
        firstNew[p] = momentum * first[p] + gradient[p];
        updated[p] = -rate * (nesterov * (momentum * firstNew[p] + gradient[p]) + (1 - nesterov) * firstNew[p]) + parameter[p];
    }
}

/**
 * theta -= share theta.
 *
 * Theorem: O.decay
 *
 * value (size) θ, the parameters of one group
 * decayed (size) θ after the decay
 */
export function decay(value, share) {
    share = share;
    const size = value.length;
    const decayed = value;
    const kept = 1 - share;
    for (let p = 0; p < size; p++) {
        decayed[p] = kept * value[p];
    }
}

/**
 * |g|_2^2 of one group.
 *
 * Theorem: O.clip
 *
 * gradient (size) g, the gradient of one group
 */
export function squaredNorm(gradient) {
    const size = gradient.length;
    let squares = 0;
    for (let p = 0; p < size; p++) {
        squares += gradient[p] * gradient[p];
    }
    return squares;
}

/**
 * g limit / |g|_2 where |g|_2 > limit, else g, for |g|_2^2 = squares of all groups.
 *
 * Theorem: O.clip
 *
 * gradient (size) g, the gradient of one group
 * clipped (size) g of limited norm
 */
export function clip(gradient, squares, limit) {
    squares = squares;
    limit = limit;
    const size = gradient.length;
    const clipped = gradient;
    const norm = Math.sqrt(squares);
    const factor = (limit < norm) ? (limit / norm) : 1;
    for (let p = 0; p < size; p++) {
        clipped[p] = factor * gradient[p];
    }
}

/**
 * One row for each layer: width, first neuron, then where phi, lam_in, lam_out or the blocks of weights start, -1 for none.
 *
 * parametrization "global", "layerwise" or "direct"; widths: neurons of all layers, the constant 1 of layer 1 included
 * pairs: for "direct", the pairs [i, j] of layers, counted from 1, whose block W_ij exists, in the order of the parameters
 */
export function layoutOf(parametrization, widths, pairs) {
    const layout = [];
    let first = 0;
    for (let i = 0; i < widths.length; i++) {
        const row = [widths[i], first];
        layout.push(row);
        first = first + widths[i];
    }
    let at = 0;
    if (parametrization === "direct") {
        for (let i = 0; i < widths.length; i++) {
            for (let j = 0; j < widths.length; j++) {
                layout[i].push(-1);
            }
        }
        for (const pair of pairs) {
            layout[pair[0] - 1][BLOCKS + pair[1] - 1] = at;
            at = at + widths[pair[0] - 1] * widths[pair[1] - 1];
        }
        return layout;
    }
    layout[0].push(-1);
    for (let i = 1; i < widths.length; i++) {
        layout[i].push(at);
        at = at + widths[i] * widths[i - 1];
    }
    layout[0].push(-1);
    layout[0].push(-1);
    for (let i = 1; i < widths.length; i++) {
        layout[i].push(at);
        at = at + widths[i - 1];
        layout[i].push(at);
        at = at + ((parametrization === "layerwise") ? widths[i] : 0);
    }
    return layout;
}

/**
 * The number of parameters of a layout.
 */
export function parametersOf(layout, parametrization) {
    let count = 0;
    const last = layout.length - 1;
    for (let i = 1; i < layout.length; i++) {
        if (parametrization === "direct") {
            for (let j = 0; j < i; j++) {
                count = count + ((layout[i][BLOCKS + j] >= 0) ? (layout[i][WIDTH] * layout[j][WIDTH]) : 0);
            }
        } else {
            count = count + layout[i][WIDTH] * layout[i - 1][WIDTH] + layout[i - 1][WIDTH];
            count = count + (((parametrization === "layerwise") || (i === last)) ? layout[i][WIDTH] : 0);
        }
    }
    return count;
}

/**
 * Gather rows of the data as the input layer; columns beyond the data are the constant 1.
 */
export function loadRows(xData, rows, nFeatures, width, uAll) {
    for (let s = 0; s < rows.length; s++) {
        for (let k = 0; k < nFeatures; k++) {
            uAll[s * width + k] = xData[rows[s] * nFeatures + k];
        }
        for (let k = nFeatures; k < width; k++) {
            uAll[s * width + k] = 1;
        }
    }
}

/**
 * u_all, z_all, du_all for all layers; sample_scratch for the widest layer, block_scratch for M and dM.
 */
export function workspace(layout, batchSize) {
    let neurons = 0;
    let widest = 0;
    let block = 0;
    for (let i = 0; i < layout.length; i++) {
        neurons = neurons + layout[i][WIDTH];
        widest = (layout[i][WIDTH] > widest ? layout[i][WIDTH] : widest);
        if (i > 0) {
            block = (layout[i][WIDTH] * layout[i - 1][WIDTH] > block ? layout[i][WIDTH] * layout[i - 1][WIDTH] : block);
        }
    }
    const uAll = new Float64Array(batchSize * neurons);
    const zAll = new Float64Array(batchSize * neurons);
    const duAll = new Float64Array(batchSize * neurons);
    return [uAll, zAll, duAll, new Float64Array(batchSize * widest), new Float64Array(2 * block)];
}

/**
 * Loss of one mini-batch, labels smoothed; its gradient takes the place of the output. Returns loss and batch weight.
 *
 * Theorem: L.smoothing, O.batch
 */
export function outputLoss(data, rows, loss, smoothing, output, nOutputs) {
    const nSamples = rows.length;
    const weight = new Float64Array(nSamples);
    let batchWeight = 0;
    for (let s = 0; s < nSamples; s++) {
        weight[s] = data.weights[rows[s]];
        batchWeight += weight[s];
    }
    if (batchWeight === 0) {
        output.fill(0);
        return [0, batchWeight];
    }
    if (loss === "cross_entropy") {
        const label = data.labels.subarray(0, nSamples).slice();
        for (let s = 0; s < nSamples; s++) {
            label[s] = data.labels[rows[s]];
        }
        return [crossEntropy(output, label, weight, 1 / batchWeight, smoothing, smoothing / nOutputs, nSamples, nOutputs), batchWeight];
    }
    const target = new Float64Array(nSamples * nOutputs);
    for (let s = 0; s < nSamples; s++) {
        for (let h = 0; h < nOutputs; h++) {
            target[s * nOutputs + h] = data.y[rows[s] * nOutputs + h];
        }
    }
    if (loss === "binary_cross_entropy") {
        smoothTargets(target, smoothing, nSamples, nOutputs);
    }
    const share = 1 / (batchWeight * nOutputs);
    let value = 0;
    if (loss === "squared_error") {
        value = squaredError(output, target, weight, share, nSamples, nOutputs);
    } else if (loss === "huber") {
        value = huber(output, target, weight, share, nSamples, nOutputs);
    } else if (loss === "poisson") {
        value = poisson(output, target, weight, share, nSamples, nOutputs);
    } else {
        value = binaryCrossEntropy(output, target, weight, share, nSamples, nOutputs);
    }
    return [value, batchWeight];
}

/**
 * Add the gradient of the penalty on each group {start, stop, kind, strength} of parameters; returns the penalty.
 *
 * Theorem: O.batch
 */
export function addPenalty(groups, parameters, gradient) {
    let total = 0;
    for (const group of groups) {
        const values = parameters.subarray(group.start, group.stop);
        const slopes = gradient.subarray(group.start, group.stop);
        if (group.kind === "group") {
            total += penaltyGroup(values, slopes, group.strength);
        } else if (group.kind === "l1") {
            total += penaltyL1(values, slopes, group.strength);
        } else {
            total += penaltyL2(values, slopes, group.strength);
        }
    }
    return total;
}

/**
 * Scale the gradient of all trainable groups {start, stop} to a norm of at most `limit`; 0 is no limit.
 *
 * Theorem: O.batch
 */
export function limitNorm(limit, groups, gradient) {
    if (limit === 0) {
        return;
    }
    let squares = 0;
    for (const group of groups) {
        squares += squaredNorm(gradient.subarray(group.start, group.stop));
    }
    for (const group of groups) {
        clip(gradient.subarray(group.start, group.stop), squares, limit);
    }
}

/**
 * One optimizer step, the `state.step`-th, on each group {start, stop, rate, decay} of trainable parameters, after its decay.
 *
 * Theorem: O.correction, O.decay, S.rate
 */
export function update(options, factor, parameters, state) {
    const correction1 = 1 - power(options.beta1, state.step);
    const correction2 = 1 - power(options.beta2, state.step);
    for (const group of options.trainable) {
        const rate = factor * group.rate;
        const theta = parameters.subarray(group.start, group.stop);
        const slope = state.gradient.subarray(group.start, group.stop);
        const m = state.first.subarray(group.start, group.stop);
        const v = state.second.subarray(group.start, group.stop);
        if (group.decay > 0) {
            decay(theta, rate * group.decay);
        }
        if (options.optimizer === "adam") {
            adam(theta, slope, m, v, rate, options.beta1, options.beta2, options.epsilon, correction1, correction2);
        } else {
            sgd(theta, slope, m, rate, options.momentum, options.nesterov);
        }
    }
}

/**
 * The proximal map of a penalty on each group {start, stop, kind, threshold}, with factor · its own threshold.
 *
 * Theorem: P.threshold
 */
export function shrink(groups, factor, parameters) {
    for (const group of groups) {
        const values = parameters.subarray(group.start, group.stop);
        if (group.kind === "group") {
            proximalGroup(values, factor * group.threshold);
        } else if (group.kind === "l1") {
            proximalL1(values, factor * group.threshold);
        } else {
            proximalL2(values, factor * group.threshold);
        }
    }
}

/**
 * z_K (rows, outputs) of all rows of x_data (rows, features).
 */
export function predictGlobal(xData, nRows, nFeatures, layout, activation, parameters) {
    const last = layout.length - 1;
    const nOutputs = layout[last][WIDTH];
    const nSamples = 1;
    const [uAll, zAll, duAll, sampleScratch, blockScratch] = workspace(layout, nSamples);
    const result = new Float64Array(nRows * nOutputs);
    for (let row = 0; row < nRows; row++) {
        for (let k = 0; k < layout[0][WIDTH]; k++) {
            uAll[k] = (k < nFeatures) ? xData[row * nFeatures + k] : 1;
        }
        propagateGlobal(layout, activation, nSamples, blockScratch, parameters, sampleScratch, uAll, zAll);
        for (let h = 0; h < nOutputs; h++) {
            result[row * nOutputs + h] = zAll[layout[last][START] + h];
        }
    }
    return result;
}

/**
 * One pass over the rows of the data in the given order, one optimizer step for each mini-batch.
 *
 * Theorem: O.batch, O.epoch
 *
 * data: {x (rows, features), features, y (rows, outputs) or labels (rows), weights (rows)}, all flat
 * options: {loss, batch_size, smoothing, penalised, shrunk, clip_norm, trainable, factors, optimizer, beta1, beta2,
 * epsilon, momentum, nesterov}; factors: of the rates in the first, second, ... step of this call
 * state: {gradient, first, second (n_parameters), step: the steps done before}, updated as the parameters are
 *
 * Returns the weighted mean loss, the mean penalty and the number of steps; stops at a loss that is not finite.
 */
export function epochGlobal(data, order, layout, activation, parameters, options, state) {
    const last = layout.length - 1;
    const nOutputs = layout[last][WIDTH];
    const gradient = state.gradient;
    const [uAll, zAll, duAll, sampleScratch, blockScratch] = workspace(layout, options.batchSize);
    let lossSum = 0;
    let weightSum = 0;
    let penaltySum = 0;
    let batches = 0;
    for (let start = 0; start < order.length; start += options.batchSize) {
        const rows = order.subarray(start, start + options.batchSize);
        const nSamples = rows.length;
        loadRows(data.x, rows, data.features, layout[0][WIDTH], uAll);
        propagateGlobal(layout, activation, nSamples, blockScratch, parameters, sampleScratch, uAll, zAll);
        const output = zAll.subarray(nSamples * layout[last][START], nSamples * layout[last][START] + nSamples * nOutputs);
        const [value, batchWeight] = outputLoss(data, rows, options.loss, options.smoothing, output, nOutputs);
        if (!Number.isFinite(value)) {
            return [value, penaltySum / (1 > batches ? 1 : batches), state.step];
        }
        if (batchWeight === 0) {
            continue;
        }
        const factor = options.factors[batches];
        lossSum += value * batchWeight;
        weightSum += batchWeight;
        batches = batches + 1;
        state.step = state.step + 1;
        adjointGlobal(layout, nSamples, blockScratch, duAll, gradient, parameters, sampleScratch, uAll, zAll);
        penaltySum += addPenalty(options.penalised, parameters, gradient);
        limitNorm(options.clipNorm, options.trainable, gradient);
        update(options, factor, parameters, state);
        shrink(options.shrunk, factor, parameters);
    }
    return [lossSum / weightSum, penaltySum / batches, state.step];
}

/**
 * z_K (rows, outputs) of all rows of x_data (rows, features).
 */
export function predictLayerwise(xData, nRows, nFeatures, layout, activation, parameters) {
    const last = layout.length - 1;
    const nOutputs = layout[last][WIDTH];
    const nSamples = 1;
    const [uAll, zAll, duAll, sampleScratch, blockScratch] = workspace(layout, nSamples);
    const result = new Float64Array(nRows * nOutputs);
    for (let row = 0; row < nRows; row++) {
        for (let k = 0; k < layout[0][WIDTH]; k++) {
            uAll[k] = (k < nFeatures) ? xData[row * nFeatures + k] : 1;
        }
        propagateLayerwise(layout, activation, nSamples, blockScratch, parameters, uAll, zAll);
        for (let h = 0; h < nOutputs; h++) {
            result[row * nOutputs + h] = zAll[layout[last][START] + h];
        }
    }
    return result;
}

/**
 * One pass over the rows of the data in the given order, one optimizer step for each mini-batch.
 *
 * Theorem: O.batch, O.epoch
 *
 * data: {x (rows, features), features, y (rows, outputs) or labels (rows), weights (rows)}, all flat
 * options: {loss, batch_size, smoothing, penalised, shrunk, clip_norm, trainable, factors, optimizer, beta1, beta2,
 * epsilon, momentum, nesterov}; factors: of the rates in the first, second, ... step of this call
 * state: {gradient, first, second (n_parameters), step: the steps done before}, updated as the parameters are
 *
 * Returns the weighted mean loss, the mean penalty and the number of steps; stops at a loss that is not finite.
 */
export function epochLayerwise(data, order, layout, activation, parameters, options, state) {
    const last = layout.length - 1;
    const nOutputs = layout[last][WIDTH];
    const gradient = state.gradient;
    const [uAll, zAll, duAll, sampleScratch, blockScratch] = workspace(layout, options.batchSize);
    let lossSum = 0;
    let weightSum = 0;
    let penaltySum = 0;
    let batches = 0;
    for (let start = 0; start < order.length; start += options.batchSize) {
        const rows = order.subarray(start, start + options.batchSize);
        const nSamples = rows.length;
        loadRows(data.x, rows, data.features, layout[0][WIDTH], uAll);
        propagateLayerwise(layout, activation, nSamples, blockScratch, parameters, uAll, zAll);
        const output = zAll.subarray(nSamples * layout[last][START], nSamples * layout[last][START] + nSamples * nOutputs);
        const [value, batchWeight] = outputLoss(data, rows, options.loss, options.smoothing, output, nOutputs);
        if (!Number.isFinite(value)) {
            return [value, penaltySum / (1 > batches ? 1 : batches), state.step];
        }
        if (batchWeight === 0) {
            continue;
        }
        const factor = options.factors[batches];
        lossSum += value * batchWeight;
        weightSum += batchWeight;
        batches = batches + 1;
        state.step = state.step + 1;
        adjointLayerwise(layout, nSamples, blockScratch, duAll, gradient, parameters, uAll, zAll);
        penaltySum += addPenalty(options.penalised, parameters, gradient);
        limitNorm(options.clipNorm, options.trainable, gradient);
        update(options, factor, parameters, state);
        shrink(options.shrunk, factor, parameters);
    }
    return [lossSum / weightSum, penaltySum / batches, state.step];
}

/**
 * z_K (rows, outputs) of all rows of x_data (rows, features).
 */
export function predictDirect(xData, nRows, nFeatures, layout, activation, parameters) {
    const last = layout.length - 1;
    const nOutputs = layout[last][WIDTH];
    const nSamples = 1;
    const [uAll, zAll, duAll, sampleScratch, blockScratch] = workspace(layout, nSamples);
    const result = new Float64Array(nRows * nOutputs);
    for (let row = 0; row < nRows; row++) {
        for (let k = 0; k < layout[0][WIDTH]; k++) {
            uAll[k] = (k < nFeatures) ? xData[row * nFeatures + k] : 1;
        }
        propagateDirect(layout, activation, nSamples, parameters, uAll, zAll);
        for (let h = 0; h < nOutputs; h++) {
            result[row * nOutputs + h] = zAll[layout[last][START] + h];
        }
    }
    return result;
}

/**
 * One pass over the rows of the data in the given order, one optimizer step for each mini-batch.
 *
 * Theorem: O.batch, O.epoch
 *
 * data: {x (rows, features), features, y (rows, outputs) or labels (rows), weights (rows)}, all flat
 * options: {loss, batch_size, smoothing, penalised, shrunk, clip_norm, trainable, factors, optimizer, beta1, beta2,
 * epsilon, momentum, nesterov}; factors: of the rates in the first, second, ... step of this call
 * state: {gradient, first, second (n_parameters), step: the steps done before}, updated as the parameters are
 *
 * Returns the weighted mean loss, the mean penalty and the number of steps; stops at a loss that is not finite.
 */
export function epochDirect(data, order, layout, activation, parameters, options, state) {
    const last = layout.length - 1;
    const nOutputs = layout[last][WIDTH];
    const gradient = state.gradient;
    const [uAll, zAll, duAll, sampleScratch, blockScratch] = workspace(layout, options.batchSize);
    let lossSum = 0;
    let weightSum = 0;
    let penaltySum = 0;
    let batches = 0;
    for (let start = 0; start < order.length; start += options.batchSize) {
        const rows = order.subarray(start, start + options.batchSize);
        const nSamples = rows.length;
        loadRows(data.x, rows, data.features, layout[0][WIDTH], uAll);
        propagateDirect(layout, activation, nSamples, parameters, uAll, zAll);
        const output = zAll.subarray(nSamples * layout[last][START], nSamples * layout[last][START] + nSamples * nOutputs);
        const [value, batchWeight] = outputLoss(data, rows, options.loss, options.smoothing, output, nOutputs);
        if (!Number.isFinite(value)) {
            return [value, penaltySum / (1 > batches ? 1 : batches), state.step];
        }
        if (batchWeight === 0) {
            continue;
        }
        const factor = options.factors[batches];
        lossSum += value * batchWeight;
        weightSum += batchWeight;
        batches = batches + 1;
        state.step = state.step + 1;
        adjointDirect(layout, nSamples, duAll, gradient, parameters, uAll, zAll);
        penaltySum += addPenalty(options.penalised, parameters, gradient);
        limitNorm(options.clipNorm, options.trainable, gradient);
        update(options, factor, parameters, state);
        shrink(options.shrunk, factor, parameters);
    }
    return [lossSum / weightSum, penaltySum / batches, state.step];
}
