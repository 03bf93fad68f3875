(* Printed by `python -m derivations` from the steps of the certificates. Do not edit.
   Array elements, deltas, sums, exp, log and roots are variables here; each denominator is assumed not to be 0. *)
From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp Require Import ring.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(* a factor that is not 0 stands among the assumptions, perhaps written otherwise *)
Ltac not_zero := first [done | match goal with
  H : is_true (?d != 0) |- _ => let zero := fresh in by apply: contra_neq H => zero; rewrite -[RHS]zero; ring end].
Ltac rational := intros; first [ring | field; repeat (apply/andP; split); not_zero].

Section Goals.
Variable R : numFieldType.
(* M2, elements *)
(* v0: lam_in[k], v1: lam_out[h], v2: phi[h, k] *)
Lemma M2_10 (v0 v1 v2 : R) :
  v0 * v2 - v1 * v2 =
  (v0 - v1) * v2.
Proof. rational. Qed.
(* M3, binomial theorem: from n to n + 1, m = i *)
(* v0: (-1)**i, v1: choose(n, i - 1), v2: choose(n, i) *)
Lemma M3_4 (v0 v1 v2 : R) :
  v0 * v2 + v0 * v1 =
  v0 * (v2 + v1).
Proof. rational. Qed.
(* M6, row *)
(* v0: lam_in[k], v1: lam_out[h], v2: phi[h, k], v3: t *)
Lemma M6_2 (v0 v1 v2 v3 : R) :
  v3 * v0 * v2 - v3 * v1 * v2 =
  v3 * (v0 * v2 - v1 * v2).
Proof. rational. Qed.
(* M6, column *)
(* v0: lam_in[k], v1: lam_out[h], v2: phi[h, k], v3: t *)
Lemma M6_3 (v0 v1 v2 v3 : R) :
  v3 != 0 -> v0 * v2 / v3 - v1 * v2 / v3 =
  (v0 * v2 - v1 * v2) / v3.
Proof. rational. Qed.
(* M6, gauge *)
(* v0: lam_in[k], v1: lam_out[h], v2: phi[h, k], v3: shift *)
Lemma M6_5 (v0 v1 v2 v3 : R) :
  (v3 + v0) * v2 - (v3 + v1) * v2 =
  v0 * v2 - v1 * v2.
Proof. rational. Qed.
(* M7, z, hidden layer, hidden layer before it *)
(* v0: lam_in[k], v1: lam_out[h], v2: phi[h, k], v3: u_in[s, k], v4: Σ_k *)
Lemma M7_6 (v0 v1 v2 v3 v4 : R) :
  v4 * v0 * v2 * v3 - v4 * v1 * v2 * v3 =
  v4 * (v0 * v2 - v1 * v2) * v3.
Proof. rational. Qed.
(* M7, z, hidden layer, input layer before it *)
(* v0: lam_in[k], v1: lam_out[h], v2: phi[h, k], v3: u_in[s, k], v4: Σ_k *)
Lemma M7_10 (v0 v1 v2 v3 v4 : R) :
  v4 * v0 * v2 * v3 - v4 * v1 * v2 * v3 =
  v4 * (v0 * v2 - v1 * v2) * v3.
Proof. rational. Qed.
(* M7, z, last layer, hidden layer before it *)
(* v0: lam_in[k], v1: lam_out[h], v2: phi[h, k], v3: u_in[s, k], v4: Σ_k *)
Lemma M7_14 (v0 v1 v2 v3 v4 : R) :
  v4 * v0 * v2 * v3 - v4 * v1 * v2 * v3 =
  v4 * (v0 * v2 - v1 * v2) * v3.
Proof. rational. Qed.
(* M7, z, last layer, input layer before it *)
(* v0: lam_in[k], v1: lam_out[h], v2: phi[h, k], v3: u_in[s, k], v4: Σ_k *)
Lemma M7_16 (v0 v1 v2 v3 v4 : R) :
  v4 * v0 * v2 * v3 - v4 * v1 * v2 * v3 =
  v4 * (v0 * v2 - v1 * v2) * v3.
Proof. rational. Qed.
(* M7.layerwise, z, hidden layer, hidden layer before it *)
(* v0: lam_in[k], v1: lam_out[h], v2: phi[h, k], v3: x_in[s, k], v4: Σ_k *)
Lemma M7_layerwise_2 (v0 v1 v2 v3 v4 : R) :
  v4 * v0 * v2 * v3 - v4 * v1 * v2 * v3 =
  v4 * (v0 * v2 - v1 * v2) * v3.
Proof. rational. Qed.
(* M7.layerwise, z, hidden layer, input layer before it *)
(* v0: lam_in[k], v1: lam_out[h], v2: phi[h, k], v3: x_in[s, k], v4: Σ_k *)
Lemma M7_layerwise_5 (v0 v1 v2 v3 v4 : R) :
  v4 * v0 * v2 * v3 - v4 * v1 * v2 * v3 =
  v4 * (v0 * v2 - v1 * v2) * v3.
Proof. rational. Qed.
(* M7.layerwise, z, last layer, hidden layer before it *)
(* v0: lam_in[k], v1: lam_out[h], v2: phi[h, k], v3: x_in[s, k], v4: Σ_k *)
Lemma M7_layerwise_8 (v0 v1 v2 v3 v4 : R) :
  v4 * v0 * v2 * v3 - v4 * v1 * v2 * v3 =
  v4 * (v0 * v2 - v1 * v2) * v3.
Proof. rational. Qed.
(* M7.layerwise, z, last layer, input layer before it *)
(* v0: lam_in[k], v1: lam_out[h], v2: phi[h, k], v3: x_in[s, k], v4: Σ_k *)
Lemma M7_layerwise_9 (v0 v1 v2 v3 v4 : R) :
  v4 * v0 * v2 * v3 - v4 * v1 * v2 * v3 =
  v4 * (v0 * v2 - v1 * v2) * v3.
Proof. rational. Qed.
(* M8, ∂ℓ/∂u_in, hidden layer, hidden layer before it *)
(* v0: df(z[s, h]), v1: du[s, h], v2: lam_in[k], v3: lam_out[h], v4: phi[h, k], v5: Σ_h *)
Lemma M8_4 (v0 v1 v2 v3 v4 v5 : R) :
  v5 * v2 * v1 * v4 * v0 - v5 * v1 * v4 - v5 * v3 * v1 * v4 * v0 =
  v5 * (v2 - v3) * v1 * v4 * v0 - v5 * v1 * v4.
Proof. rational. Qed.
(* M8, ∂ℓ/∂u_in, last layer, hidden layer before it *)
(* v0: dz[s, h], v1: lam_in[k], v2: lam_out[h], v3: phi[h, k], v4: Σ_h *)
Lemma M8_11 (v0 v1 v2 v3 v4 : R) :
  v4 * v1 * v0 * v3 - v4 * v2 * v0 * v3 =
  v4 * (v1 - v2) * v0 * v3.
Proof. rational. Qed.
(* M8, first form of φ̄, hidden layer *)
(* v0: du[s, h], v1: dz[s, h], v2: lam_in[k], v3: lam_out[h], v4: u_in[s, k] *)
Lemma M8_23 (v0 v1 v2 v3 v4 : R) :
  (- v0 - v3 * v1) * v4 + v2 * v1 * v4 =
  (v2 - v3) * v1 * v4 - v0 * v4.
Proof. rational. Qed.
(* M8, first form of ū, hidden layer *)
(* v0: du[s, h], v1: dz[s, h], v2: lam_in[k], v3: lam_out[h], v4: phi[h, k] *)
Lemma M8_24 (v0 v1 v2 v3 v4 : R) :
  (- v0 - v3 * v1) * v4 + v2 * v1 * v4 =
  (v2 - v3) * v1 * v4 - v0 * v4.
Proof. rational. Qed.
(* M8, first form of φ̄, last layer *)
(* v0: dz[s, h], v1: lam_in[k], v2: lam_out[h], v3: u_in[s, k] *)
Lemma M8_25 (v0 v1 v2 v3 : R) :
  v1 * v0 * v3 - v2 * v0 * v3 =
  (v1 - v2) * v0 * v3.
Proof. rational. Qed.
(* M8, first form of ū, last layer *)
(* v0: dz[s, h], v1: lam_in[k], v2: lam_out[h], v3: phi[h, k] *)
Lemma M8_26 (v0 v1 v2 v3 : R) :
  v1 * v0 * v3 - v2 * v0 * v3 =
  (v1 - v2) * v0 * v3.
Proof. rational. Qed.
(* M8.layerwise, ∂ℓ/∂x_in, hidden layer, hidden layer before it *)
(* v0: df(z[s, h]), v1: dx[s, h], v2: lam_in[k], v3: lam_out[h], v4: phi[h, k], v5: Σ_h *)
Lemma M8_layerwise_4 (v0 v1 v2 v3 v4 v5 : R) :
  v5 * v2 * v1 * v4 * v0 - v5 * v3 * v1 * v4 * v0 =
  v5 * (v2 - v3) * v1 * v4 * v0.
Proof. rational. Qed.
(* M8.layerwise, ∂ℓ/∂x_in, last layer, hidden layer before it *)
(* v0: dz[s, h], v1: lam_in[k], v2: lam_out[h], v3: phi[h, k], v4: Σ_h *)
Lemma M8_layerwise_11 (v0 v1 v2 v3 v4 : R) :
  v4 * v1 * v0 * v3 - v4 * v2 * v0 * v3 =
  v4 * (v1 - v2) * v0 * v3.
Proof. rational. Qed.
(* M9, entries *)
(* v0: c, v1: lam_in[k], v2: lam_out[h], v3: phi[h, k] *)
Lemma M9_2 (v0 v1 v2 v3 : R) :
  (v0 + v1) * v3 - (v0 + v2) * v3 =
  v1 * v3 - v2 * v3.
Proof. rational. Qed.
(* M10, entries *)
(* v0: lam_in[k], v1: lam_out[h], v2: phi[h, k] *)
Lemma M10_2 (v0 v1 v2 : R) :
  v0 * v2 - v1 * v2 =
  (v0 - v1) * v2.
Proof. rational. Qed.
(* M14, waking *)
(* v0: KroneckerDelta(h, k), v1: lam_in[k], v2: lam_out[h] *)
Lemma M14_9 (v0 v1 v2 : R) :
  v2 * v0 - v1 * v0 =
  (v2 - v1) * v0.
Proof. rational. Qed.
(* M15, squares *)
(* v0: Y[s, h], v1: r[s, h] *)
Lemma M15_3 (v0 v1 : R) :
  (v1 - v0) ^+ 2 - v1 ^+ 2 =
  v0 ^+ 2 - 2%:R * v0 * v1.
Proof. rational. Qed.
(* M15, ridge *)
(* v0: D[h, m], v1: W[h, m], v2: rho *)
Lemma M15_4 (v0 v1 v2 : R) :
  v2 * ((v0 + v1) ^+ 2 - v1 ^+ 2) =
  v2 * (v0 ^+ 2) + 2%:R * v2 * v0 * v1.
Proof. rational. Qed.
(* M15, mixed terms *)
(* v0: D[h, m], v1: W[h, m], v2: X[s, m], v3: r[s, h], v4: rho, v5: Σ_h, v6: Σ_m, v7: Σ_s *)
Lemma M15_5 (v0 v1 v2 v3 v4 v5 v6 v7 : R) :
  2%:R * v5 * v6 * v4 * v0 * v1 - 2%:R * v5 * v6 * v7 * v0 * v2 * v3 =
  v5 * v6 * (2%:R * v4 * v1 - 2%:R * v7 * v2 * v3) * v0.
Proof. rational. Qed.
(* M18, gelu, z > 0: f(-z) = 1 f(z) - 1 z *)
(* v0: erf(sqrt(2)*z/2), v1: z *)
Lemma M18_9 (v0 v1 : R) :
  - v1 * (1 / 2%:R - (1 / 2%:R) * v0) =
  v1 * (1 / 2%:R + (1 / 2%:R) * v0) - v1.
Proof. rational. Qed.
(* M18, gelu, z <= 0: f(-z) = 1 f(z) - 1 z *)
(* v0: erf(sqrt(2)*z/2), v1: z *)
Lemma M18_10 (v0 v1 : R) :
  - v1 * (1 / 2%:R - (1 / 2%:R) * v0) =
  v1 * (1 / 2%:R + (1 / 2%:R) * v0) - v1.
Proof. rational. Qed.
(* M18, swish, z > 0: f(-z) = 1 f(z) - 1 z *)
(* v0: exp_z, v1: z *)
Lemma M18_11 (v0 v1 : R) :
  v0 != 0 -> 1 + v0 != 0 -> - v1 / (1 + v0) =
  v1 / (1 + v0^-1) - v1.
Proof. rational. Qed.
(* M18, swish, z <= 0: f(-z) = 1 f(z) - 1 z *)
(* v0: exp_z, v1: z *)
Lemma M18_12 (v0 v1 : R) :
  v0 != 0 -> 1 + v0 != 0 -> - v1 / (1 + v0) =
  v1 / (1 + v0^-1) - v1.
Proof. rational. Qed.
(* M18, v f(-c t) = c p v f(t) - c κ v t: the column goes to the other neuron, ΔW_hk = -κ c v_h w_k past the layer *)
(* v0: c, v1: f(Σ_k*row[k]*x[s, k]), v2: gone[h], v3: kappa, v4: kept[h], v5: parity, v6: row[k], v7: skip[h, k], v8:
  x[s, k], v9: Σ_k *)
Lemma M18_14 (v0 v1 v2 v3 v4 v5 v6 v7 v8 v9 : R) :
  v4 * v1 + v9 * v7 * v8 + v0 * (v5 * v1 - v3 * v9 * v6 * v8) * v2 =
  v4 * v1 + v9 * v7 * v8 + v5 * v0 * v2 * v1 - v3 * v9 * v0 * v2 * v6 * v8.
Proof. rational. Qed.
(* M18, one input, w > 0: w lo + b = w (lo - (-b/w)), not below 0 where the breakpoint -b/w is at most lo *)
(* v0: b, v1: end, v2: w *)
Lemma M18_25 (v0 v1 v2 : R) :
  v2 != 0 -> v0 + v1 * v2 =
  v2 * (v1 + v0 / v2).
Proof. rational. Qed.
(* M19, the skip is the same on both sides: jump = Σ_m v_m (f' above - f' below) w_m *)
(* v0: above[m], v1: below[m], v2: out[h, m], v3: row[m, k], v4: Σ_m *)
Lemma M19_15 (v0 v1 v2 v3 v4 : R) :
  v4 * v0 * v2 * v3 - v4 * v1 * v2 * v3 =
  v4 * (v0 - v1) * v2 * v3.
Proof. rational. Qed.
(* M19, n'·x + β' = (c/c')(n·x + β), termwise: both vanish at the same x, one hyperplane *)
(* v0: beta, v1: c, v2: n, v3: other, v4: x *)
Lemma M19_24 (v0 v1 v2 v3 v4 : R) :
  v3 != 0 -> v0 * v1 / v3 + v2 * v4 * v1 / v3 =
  v1 * (v0 + v2 * v4) / v3.
Proof. rational. Qed.
(* E.float32, r = -n*(ln2_high + ln2_low) + x *)
(* v0: ln2_high, v1: ln2_low, v2: n, v3: x *)
Lemma E_float32_7 (v0 v1 v2 v3 : R) :
  v3 - v0 * v2 - v1 * v2 =
  v3 - v2 * (v0 + v1).
Proof. rational. Qed.
(* E.float32, power = s1*s2*(p + 1) *)
(* v0: p, v1: s1, v2: s2 *)
Lemma E_float32_9 (v0 v1 v2 : R) :
  v2 * (v1 + v0 * v1) =
  v1 * v2 * (1 + v0).
Proof. rational. Qed.
(* E.float32, difference = -q2*s2 + s1*s2*(p + 1) *)
(* v0: p, v1: q2, v2: s1, v3: s2 *)
Lemma E_float32_10 (v0 v1 v2 v3 : R) :
  v3 * (v2 + v0 * v2 - v1) =
  v2 * v3 * (1 + v0) - v1 * v3.
Proof. rational. Qed.
(* E.float64, r = -n*(ln2_high + ln2_low) + x *)
(* v0: ln2_high, v1: ln2_low, v2: n, v3: x *)
Lemma E_float64_7 (v0 v1 v2 v3 : R) :
  v3 - v0 * v2 - v1 * v2 =
  v3 - v2 * (v0 + v1).
Proof. rational. Qed.
(* E.float64, power = s1*s2*(p + 1) *)
(* v0: p, v1: s1, v2: s2 *)
Lemma E_float64_9 (v0 v1 v2 : R) :
  v2 * (v1 + v0 * v1) =
  v1 * v2 * (1 + v0).
Proof. rational. Qed.
(* E.float64, difference = -q2*s2 + s1*s2*(p + 1) *)
(* v0: p, v1: q2, v2: s1, v3: s2 *)
Lemma E_float64_10 (v0 v1 v2 v3 : R) :
  v3 * (v2 + v0 * v2 - v1) =
  v2 * v3 * (1 + v0) - v1 * v3.
Proof. rational. Qed.
(* F.tanh, value is f, n = 1 *)
(* v0: exp_z *)
Lemma F_tanh_2 (v0 : R) :
  v0 != 0 -> 1 + v0 ^+ 2 != 0 -> (v0 ^+ 2 - 1) / (1 + v0 ^+ 2) =
  (v0 - v0^-1) / (v0 + v0^-1).
Proof. rational. Qed.
(* F.tanh, value is f, n = 2 *)
(* v0: exp_z *)
Lemma F_tanh_3 (v0 : R) :
  v0 != 0 -> 1 + v0 ^+ 2 != 0 -> - ((v0 ^+ 2)^-1 - 1) / (1 + (v0 ^+ 2)^-1) =
  (v0 - v0^-1) / (v0 + v0^-1).
Proof. rational. Qed.
(* F.tanh, slope is f', n = 1 *)
(* v0: exp_z *)
Lemma F_tanh_4 (v0 : R) :
  v0 != 0 -> 1 + v0 ^+ 2 != 0 -> 4%:R * (v0 ^+ 2) / ((1 + v0 ^+ 2) ^+ 2) =
  1 - ((v0 - v0^-1) ^+ 2) / ((v0 + v0^-1) ^+ 2).
Proof. rational. Qed.
(* F.tanh, slope is f', n = 2 *)
(* v0: exp_z *)
Lemma F_tanh_5 (v0 : R) :
  v0 != 0 -> 1 + v0 ^+ 2 != 0 -> 4%:R / (v0 ^+ 2) / ((1 + (v0 ^+ 2)^-1) ^+ 2) =
  1 - ((v0 - v0^-1) ^+ 2) / ((v0 + v0^-1) ^+ 2).
Proof. rational. Qed.
(* F.sigmoid, value is f, n = 1 *)
(* v0: exp_z *)
Lemma F_sigmoid_2 (v0 : R) :
  v0 != 0 -> 1 + v0 != 0 -> v0 / (1 + v0) =
  (1 + v0^-1)^-1.
Proof. rational. Qed.
(* F.sigmoid, slope is f', n = 1 *)
(* v0: exp_z *)
Lemma F_sigmoid_4 (v0 : R) :
  v0 != 0 -> 1 + v0 != 0 -> v0 / ((1 + v0) ^+ 2) =
  1 / v0 / ((1 + v0^-1) ^+ 2).
Proof. rational. Qed.
(* F.swish, value is f, n = 1 *)
(* v0: exp_z, v1: z *)
Lemma F_swish_2 (v0 v1 : R) :
  v0 != 0 -> 1 + v0 != 0 -> v0 * v1 / (1 + v0) =
  v1 / (1 + v0^-1).
Proof. rational. Qed.
(* F.swish, slope is f', n = 1 *)
(* v0: exp_z, v1: z *)
Lemma F_swish_4 (v0 v1 : R) :
  v0 != 0 -> 1 + v0 != 0 -> v0 / (1 + v0) + v0 * v1 / ((1 + v0) ^+ 2) =
  (1 + v0^-1)^-1 + v1 / v0 / ((1 + v0^-1) ^+ 2).
Proof. rational. Qed.
(* L.squared_error, ρ' is its derivative, n = 1 *)
(* v0: output[s, h], v1: scale, v2: target[s, h], v3: weight[s] *)
Lemma L_squared_error_7 (v0 v1 v2 v3 : R) :
  2%:R * v1 * (v0 - v2) * v3 =
  v1 * (2%:R * v0 - 2%:R * v2) * v3.
Proof. rational. Qed.
(* L.huber, ρ' is its derivative, n = 3 *)
(* v0: output[s, h], v1: scale, v2: target[s, h], v3: weight[s] *)
Lemma L_huber_13 (v0 v1 v2 v3 : R) :
  v1 * (v0 - v2) * v3 =
  (1 / 2%:R) * v1 * (2%:R * v0 - 2%:R * v2) * v3.
Proof. rational. Qed.
(* L.binary_cross_entropy, ρ' is its derivative, n = 2 *)
(* v0: exp(output[s, h]), v1: scale, v2: target[s, h], v3: weight[s] *)
Lemma L_binary_cross_entropy_11 (v0 v1 v2 v3 : R) :
  v0 != 0 -> 1 + v0 != 0 -> v1 * ((1 + v0^-1)^-1 - v2) * v3 =
  v1 * (1 - v2 - 1 / (1 + v0^-1) / v0) * v3.
Proof. rational. Qed.
(* L.binary_cross_entropy, every region is log(1 + exp(z)) - y z: the derivative, n = 2 *)
(* v0: exp(output[s, h]), v1: target[s, h] *)
Lemma L_binary_cross_entropy_16 (v0 v1 : R) :
  v0 != 0 -> 1 + v0 != 0 -> (1 + v0^-1)^-1 - v1 =
  v0 / (1 + v0) - v1.
Proof. rational. Qed.
(* L.cross_entropy, ∂ℓ/∂z = scale w (softmax - q) *)
(* v0: KroneckerDelta(h, label[s]), v1: exp(output[s, h]), v2: exp(peak), v3: scale, v4: smoothing, v5: spread, v6:
  total, v7: weight[s] *)
Lemma L_cross_entropy_6 (v0 v1 v2 v3 v4 v5 v6 v7 : R) :
  v2 != 0 -> v6 != 0 -> v3 * (v1 / v6 / v2 - v5 - (1 - v4) * v0) * v7 =
  v3 * v4 * v7 * v0 + v3 * v7 * v1 / v6 / v2 - v3 * v5 * v7 - v3 * v7 * v0.
Proof. rational. Qed.
(* L.smoothing, it is linear in the smoothing *)
(* v0: smoothing, v1: target[s, h] *)
Lemma L_smoothing_5 (v0 v1 : R) :
  (1 / 2%:R) * v0 + (1 - v0) * v1 =
  v0 * (1 / 2%:R - v1) + v1.
Proof. rational. Qed.
(* L.smoothing, region 1: ℓ *)
(* v0: log1p(exp(output[s, h])), v1: output[s, h], v2: smoothing, v3: target[s, h] *)
Lemma L_smoothing_6 (v0 v1 v2 v3 : R) :
  v0 - ((1 / 2%:R) * v2 + (1 - v2) * v3) * v1 =
  v2 * (v0 - (1 / 2%:R) * v1) + (1 - v2) * (v0 - v1 * v3).
Proof. rational. Qed.
(* L.smoothing, region 1: ∂ℓ/∂z *)
(* v0: exp(output[s, h]), v1: smoothing, v2: target[s, h] *)
Lemma L_smoothing_7 (v0 v1 v2 : R) :
  1 + v0 != 0 -> v0 / (1 + v0) - (1 / 2%:R) * v1 - (1 - v1) * v2 =
  v1 * (v0 / (1 + v0) - 1 / 2%:R) + (1 - v1) * (v0 / (1 + v0) - v2).
Proof. rational. Qed.
(* L.smoothing, region 2: ℓ *)
(* v0: log1p(exp(-output[s, h])), v1: output[s, h], v2: smoothing, v3: target[s, h] *)
Lemma L_smoothing_8 (v0 v1 v2 v3 : R) :
  v1 + v0 - ((1 / 2%:R) * v2 + (1 - v2) * v3) * v1 =
  v2 * ((1 / 2%:R) * v1 + v0) + (1 - v2) * (v1 + v0 - v1 * v3).
Proof. rational. Qed.
(* L.smoothing, region 2: ∂ℓ/∂z *)
(* v0: exp(output[s, h]), v1: smoothing, v2: target[s, h] *)
Lemma L_smoothing_9 (v0 v1 v2 : R) :
  v0 != 0 -> 1 + v0 != 0 -> (1 + v0^-1)^-1 - (1 / 2%:R) * v1 - (1 - v1) * v2 =
  v1 * ((1 + v0^-1)^-1 - 1 / 2%:R) + (1 - v1) * ((1 + v0^-1)^-1 - v2).
Proof. rational. Qed.
(* L.smoothing, the shares of all classes sum to 1 *)
(* v0: classes, v1: smoothing *)
Lemma L_smoothing_10 (v0 v1 : R) :
  v0 != 0 -> 1 + v1 / v0 + v1 * (v0 - 1) / v0 - v1 =
  1.
Proof. rational. Qed.
(* P.group, ½(y - v)² - ½(x - v)² = ½(y - x)² - t s (y - x) for t s = v - x *)
(* v0: s, v1: t, v2: x, v3: y *)
Lemma P_group_1 (v0 v1 v2 v3 : R) :
  (1 / 2%:R) * ((v3 - v2 - v0 * v1) ^+ 2) - (1 / 2%:R) * (v0 ^+ 2) * (v1 ^+ 2) =
  (1 / 2%:R) * ((v3 - v2) ^+ 2) - v0 * v1 * (v3 - v2).
Proof. rational. Qed.
(* P.group, s = (v - x)/t = v/|v| *)
(* v0: norm, v1: threshold, v2: value[p] *)
Lemma P_group_7 (v0 v1 v2 : R) :
  v0 != 0 -> v1 != 0 -> (v2 - (1 - v1 / v0) * v2) / v1 =
  v2 / v0.
Proof. rational. Qed.
(* P.l1, ½(y - v)² - ½(x - v)² = ½(y - x)² - t s (y - x) for t s = v - x *)
(* v0: s, v1: t, v2: x, v3: y *)
Lemma P_l1_1 (v0 v1 v2 v3 : R) :
  (1 / 2%:R) * ((v3 - v2 - v0 * v1) ^+ 2) - (1 / 2%:R) * (v0 ^+ 2) * (v1 ^+ 2) =
  (1 / 2%:R) * ((v3 - v2) ^+ 2) - v0 * v1 * (v3 - v2).
Proof. rational. Qed.
(* P.l2, ½(y - v)² - ½(x - v)² = ½(y - x)² - t s (y - x) for t s = v - x *)
(* v0: s, v1: t, v2: x, v3: y *)
Lemma P_l2_1 (v0 v1 v2 v3 : R) :
  (1 / 2%:R) * ((v3 - v2 - v0 * v1) ^+ 2) - (1 / 2%:R) * (v0 ^+ 2) * (v1 ^+ 2) =
  (1 / 2%:R) * ((v3 - v2) ^+ 2) - v0 * v1 * (v3 - v2).
Proof. rational. Qed.
(* P.l2, s = (v - x)/t = 2x, the gradient of x² *)
(* v0: threshold, v1: value[p] *)
Lemma P_l2_4 (v0 v1 : R) :
  1 + 2%:R * v0 != 0 -> v0 != 0 -> (v1 - v1 / (1 + 2%:R * v0)) / v0 =
  2%:R * v1 / (1 + 2%:R * v0).
Proof. rational. Qed.
(* P.l2, y² = x² + 2x (y - x) + (y - x)² *)
(* v0: x, v1: y *)
Lemma P_l2_5 (v0 v1 : R) :
  v1 ^+ 2 =
  v0 ^+ 2 + (v1 - v0) ^+ 2 + 2%:R * v0 * (v1 - v0).
Proof. rational. Qed.
(* O.adam, m *)
(* v0: beta1, v1: first[p], v2: gradient[p] *)
Lemma O_adam_2 (v0 v1 v2 : R) :
  v0 * v1 + v2 - v0 * v2 =
  v0 * v1 + (1 - v0) * v2.
Proof. rational. Qed.
(* O.adam, v *)
(* v0: beta2, v1: gradient[p], v2: second[p] *)
Lemma O_adam_3 (v0 v1 v2 : R) :
  v1 ^+ 2 + v0 * v2 - v0 * (v1 ^+ 2) =
  v0 * v2 + (v1 ^+ 2) * (1 - v0).
Proof. rational. Qed.
(* O.adam, θ *)
(* v0: beta1, v1: correction1, v2: epsilon, v3: first[p], v4: gradient[p], v5: parameter[p], v6: rate, v7:
  root(-beta2*gradient[p]**2 + beta2*second[p] + gradient[p]**2), v8: root(correction2) *)
Lemma O_adam_4 (v0 v1 v2 v3 v4 v5 v6 v7 v8 : R) :
  v1 != 0 -> v1 * (v7 + v8 * v2) != 0 -> v7 + v8 * v2 != 0 -> v8 != 0 -> v0 * v6 * v4 / (v1 * v2 + v1 * (v7 ^+ 1) / v8)
    + v5 - v6 * v4 / (v1 * v2 + v1 * (v7 ^+ 1) / v8) - v0 * v6 * v3 / (v1 * v2 + v1 * (v7 ^+ 1) / v8) =
  v5 - v6 * (v0 * v3 + (1 - v0) * v4) / v1 / (v2 + (v7 ^+ 1) / v8).
Proof. rational. Qed.
(* O.sgd, θ without Nesterov *)
(* v0: first[p], v1: gradient[p], v2: momentum, v3: parameter[p], v4: rate *)
Lemma O_sgd_3 (v0 v1 v2 v3 v4 : R) :
  v3 - v4 * v1 - v2 * v4 * v0 =
  v3 - v4 * (v2 * v0 + v1).
Proof. rational. Qed.
(* O.sgd, θ with Nesterov *)
(* v0: first[p], v1: gradient[p], v2: momentum, v3: parameter[p], v4: rate *)
Lemma O_sgd_4 (v0 v1 v2 v3 v4 : R) :
  v3 - v4 * v1 - v2 * v4 * v1 - v4 * (v2 ^+ 2) * v0 =
  v3 - v4 * (v2 * (v2 * v0 + v1) + v1).
Proof. rational. Qed.
(* S.cosine, the program is the formula *)
(* v0: cos(pi*share), v1: final *)
Lemma S_cosine_1 (v0 v1 : R) :
  1 / 2%:R + (1 / 2%:R) * v1 + (1 / 2%:R) * v0 - (1 / 2%:R) * v1 * v0 =
  v1 + (1 / 2%:R) * (1 - v1) * (1 + v0).
Proof. rational. Qed.
(* S.rise, the program of one cycle is the formula at u = step/steps *)
(* v0: cos(pi*share), v1: start *)
Lemma S_rise_1 (v0 v1 : R) :
  1 / 2%:R + (1 / 2%:R) * v1 + (1 / 2%:R) * v1 * v0 - (1 / 2%:R) * v0 =
  v1 + (1 / 2%:R) * (1 - v1) * (1 - v0).
Proof. rational. Qed.
(* S.rise, the program of the warm-up is the formula *)
(* v0: step, v1: steps *)
Lemma S_rise_2 (v0 v1 : R) :
  v1 != 0 -> v1^-1 + v0 / v1 =
  (1 + v0) / v1.
Proof. rational. Qed.
(* S.rise, every step adds 1/steps *)
(* v0: step, v1: steps *)
Lemma S_rise_11 (v0 v1 : R) :
  v1 != 0 -> (2%:R + v0) / v1 - (1 + v0) / v1 =
  v1^-1.
Proof. rational. Qed.
(* S.rate, adam: the step at factor · rate *)
(* v0: beta1, v1: correction1, v2: epsilon, v3: factor, v4: first[p], v5: gradient[p], v6: rate, v7:
  root(-beta2*gradient[p]**2 + beta2*second[p] + gradient[p]**2), v8: root(correction2) *)
Lemma S_rate_2 (v0 v1 v2 v3 v4 v5 v6 v7 v8 : R) :
  v1 * (v7 + v8 * v2) != 0 -> v8 != 0 -> v0 * v3 * v6 * v5 / (v1 * v2 + v1 * (v7 ^+ 1) / v8) - v3 * v6 * v5 / (v1 * v2
    + v1 * (v7 ^+ 1) / v8) - v0 * v3 * v6 * v4 / (v1 * v2 + v1 * (v7 ^+ 1) / v8) =
  v3 * (v0 * v6 * v5 / (v1 * v2 + v1 * (v7 ^+ 1) / v8) - v6 * v5 / (v1 * v2 + v1 * (v7 ^+ 1) / v8) - v0 * v6 * v4 / (v1
    * v2 + v1 * (v7 ^+ 1) / v8)).
Proof. rational. Qed.
(* S.rate, sgd: the step at factor · rate *)
(* v0: factor, v1: first[p], v2: gradient[p], v3: momentum, v4: nesterov, v5: rate *)
Lemma S_rate_6 (v0 v1 v2 v3 v4 v5 : R) :
  v3 * v4 * v0 * v5 * v1 - v0 * v5 * v2 - v3 * v0 * v5 * v1 - v3 * v4 * v0 * v5 * v2 - v4 * v0 * v5 * (v3 ^+ 2) * v1 =
  v0 * (v3 * v4 * v5 * v1 - v5 * v2 - v3 * v5 * v1 - v3 * v4 * v5 * v2 - v4 * v5 * (v3 ^+ 2) * v1).
Proof. rational. Qed.
(* O.epoch, the part of the mean that n chunks make: from n to n + 1 *)
(* v0: A(0), v1: A(n + 1), v2: A(n), v3: total *)
Lemma O_epoch_5 (v0 v1 v2 v3 : R) :
  v3 != 0 -> (v2 - v0) / v3 + (v1 - v2) / v3 =
  (v1 - v0) / v3.
Proof. rational. Qed.
(* P.threshold, rate times the objective is that of the proximal map, but for what does not depend on x *)
(* v0: penalty, v1: rate, v2: slope, v3: strength, v4: theta, v5: x *)
Lemma P_threshold_1 (v0 v1 v2 v3 v4 v5 : R) :
  v1 != 0 -> v1 * (v0 * v3 + v2 * (v5 - v4) + (1 / 2%:R) * ((v5 - v4) ^+ 2) / v1) =
  (1 / 2%:R) * ((v5 + v2 * v1 - v4) ^+ 2) + v0 * v1 * v3 - (1 / 2%:R) * (v2 ^+ 2) * (v1 ^+ 2).
Proof. rational. Qed.
(* M20, dloss/dt = Σ_mk D ∂loss/∂W + Σ_hm E ∂loss/∂V *)
(* v0: D[m, k], v1: E[h, m], v2: V[h, m], v3: a[s, m], v4: df(z[s, m]), v5: r[s, h], v6: rho, v7: x[s, k], v8: Σ_h, v9:
  Σ_k, v10: Σ_m, v11: Σ_s *)
Lemma M20_2 (v0 v1 v2 v3 v4 v5 v6 v7 v8 v9 v10 v11 : R) :
  2%:R * v8 * v10 * v6 * v1 * v2 - 2%:R * v8 * v10 * v11 * v1 * v3 * v5 - 2%:R * v8 * v9 * v10 * v11 * v0 * v2 * v5 *
    v7 * v4 =
  v8 * v10 * (2%:R * v6 * v2 - 2%:R * v11 * v3 * v5) * v1 - 2%:R * v8 * v9 * v10 * v11 * v0 * v2 * v5 * v7 * v4.
Proof. rational. Qed.
(* M20, ∂loss/∂V = 0 at the refitted V: dloss/dt = Σ_mk D ∂loss/∂W for every E *)
(* v0: D[m, k], v1: E[h, m], v2: V[h, m], v3: a[s, m], v4: df(z[s, m]), v5: r[s, h], v6: rho, v7: x[s, k], v8: Σ_h, v9:
  Σ_k, v10: Σ_m, v11: Σ_s *)
Lemma M20_3 (v0 v1 v2 v3 v4 v5 v6 v7 v8 v9 v10 v11 : R) :
  2%:R * v8 * v10 * v6 * v1 * v2 - v8 * v10 * (2%:R * v6 * v2 - 2%:R * v11 * v3 * v5) * v1 - 2%:R * v8 * v10 * v11 * v1
    * v3 * v5 - 2%:R * v8 * v9 * v10 * v11 * v0 * v2 * v5 * v7 * v4 =
  - 2%:R * v8 * v9 * v10 * v11 * v0 * v2 * v5 * v7 * v4.
Proof. rational. Qed.
(* M20.factor, a label: (H y)_h = scale w p_h (y_h - Σ_k p_k y_k) *)
(* v0: exp(output[s, h]), v1: exp(peak), v2: mixed[s], v3: scale, v4: total, v5: weight[s], v6: y[s, h] *)
Lemma M20_factor_24 (v0 v1 v2 v3 v4 v5 v6 : R) :
  v1 != 0 -> v4 != 0 -> v3 * v5 * v6 * v0 / v4 / v1 - v3 * v2 * v5 * v0 / (v4 ^+ 2) / v1 =
  v3 * (v6 - v2 / v4) * v5 * v0 / v4 / v1.
Proof. rational. Qed.
(* M20.factor, targets that sum to 1, as label smoothing makes them: (H y)_h = scale w p_h (y_h - Σ_k p_k y_k) *)
(* v0: exp(output[s, h]), v1: exp(peak), v2: mixed[s], v3: scale, v4: total, v5: weight[s], v6: y[s, h] *)
Lemma M20_factor_27 (v0 v1 v2 v3 v4 v5 v6 : R) :
  v1 != 0 -> v4 != 0 -> v3 * v5 * v6 * v0 / v4 / v1 - v3 * v2 * v5 * v0 / (v4 ^+ 2) / v1 =
  v3 * (v6 - v2 / v4) * v5 * v0 / v4 / v1.
Proof. rational. Qed.
(* M21, adam: rate - |step| = rate ((1-β1) |g| (1-r) + extra |g| + (1-β1^t) ε r) / ((1-β1^t) (|g| + ε r)), r =
  √(1-β2^t) *)
(* v0: epsilon, v1: extra, v2: g, v3: r, v4: rate, v5: share *)
Lemma M21_21 (v0 v1 v2 v3 v4 v5 : R) :
  (v1 + v5) * (v2 + v0 * v3) != 0 -> v2 + v0 * v3 != 0 -> v1 + v5 != 0 -> v3 != 0 -> v4 + v2 * v4 * (1 - v5) / (v0 *
    (v1 + v5) + v2 * (v1 + v5) / v3) - v2 * v4 / (v0 * (v1 + v5) + v2 * (v1 + v5) / v3) =
  v4 * (v1 * v2 + v0 * v3 * (v1 + v5) + v2 * v5 * (1 - v3)) / (v1 + v5) / (v2 + v0 * v3).
Proof. rational. Qed.
(* M22, growth: g δ + ½ H δ² = ½ H (δ + g/H)² - g²/2H, least at δ = -g/H *)
(* v0: H, v1: d, v2: g *)
Lemma M22_2 (v0 v1 v2 : R) :
  v0 != 0 -> v1 * v2 + (1 / 2%:R) * v0 * (v1 ^+ 2) =
  (1 / 2%:R) * v0 * ((v1 + v2 / v0) ^+ 2) - (1 / 2%:R) * (v2 ^+ 2) / v0.
Proof. rational. Qed.
(* M22, hidden layer, hidden layer before it: x_i goes to its mean, Fᵀ z_K moves by x̄_i^(m) (mean - x_i): rise is Σ_s
  of the square *)
(* v0: dx[s, h], v1: mean[h], v2: x[s, h], v3: Σ_s *)
Lemma M22_13 (v0 v1 v2 v3 : R) :
  v3 * (v1 ^+ 2) * (v0 ^+ 2) + v3 * (v0 ^+ 2) * (v2 ^+ 2) - 2%:R * v3 * (v0 ^+ 2) * v1 * v2 =
  v3 * ((v2 - v1) ^+ 2) * (v0 ^+ 2).
Proof. rational. Qed.
(* M22, hidden layer, input layer before it: x_i goes to its mean, Fᵀ z_K moves by x̄_i^(m) (mean - x_i): rise is Σ_s
  of the square *)
(* v0: dx[s, h], v1: mean[h], v2: x[s, h], v3: Σ_s *)
Lemma M22_19 (v0 v1 v2 v3 : R) :
  v3 * (v1 ^+ 2) * (v0 ^+ 2) + v3 * (v0 ^+ 2) * (v2 ^+ 2) - 2%:R * v3 * (v0 ^+ 2) * v1 * v2 =
  v3 * ((v2 - v1) ^+ 2) * (v0 ^+ 2).
Proof. rational. Qed.
(* M22, outgoing: Σ_m p_m (δ_km - p_k)² = p_k (1 - p_k), as the sum of the other p_m = 1 - p_k *)
(* v0: p_k *)
Lemma M22_31 (v0 : R) :
  v0 * ((1 - v0) ^+ 2) + (v0 ^+ 2) * (1 - v0) =
  v0 * (1 - v0).
Proof. rational. Qed.
(* M22, it stays when c is added to all outgoing weights: Σ p (W+c)², Σ p (W+c) *)
(* v0: c, v1: first, v2: second *)
Lemma M22_33 (v0 v1 v2 : R) :
  v2 + v0 ^+ 2 + 2%:R * v1 * v0 - (v1 + v0) ^+ 2 =
  v2 - v1 ^+ 2.
Proof. rational. Qed.
(* M22, neuron: ½ Σ p (W Δx)² - ½ (Σ p W Δx)² = ½ Δx² (Σ p W² - (Σ p W)²) *)
(* v0: first, v1: second, v2: step *)
Lemma M22_34 (v0 v1 v2 : R) :
  (1 / 2%:R) * v1 * (v2 ^+ 2) - (1 / 2%:R) * (v0 ^+ 2) * (v2 ^+ 2) =
  (1 / 2%:R) * (v2 ^+ 2) * (v1 - v0 ^+ 2).
Proof. rational. Qed.
(* M22, the λ-gauge changes no weight *)
(* v0: lam_in[k], v1: lam_out[h], v2: phi[h, k], v3: t *)
Lemma M22_38 (v0 v1 v2 v3 : R) :
  (v3 + v0) * v2 - (v3 + v1) * v2 =
  v0 * v2 - v1 * v2.
Proof. rational. Qed.
(* M24, Σ (λ_k + c)² is least where c = -mean λ *)
(* v0: c, v1: count, v2: squares, v3: total *)
Lemma M24_1 (v0 v1 v2 v3 : R) :
  v1 != 0 -> v2 + v1 * (v0 ^+ 2) + 2%:R * v0 * v3 =
  v2 + v1 * ((v0 + v3 / v1) ^+ 2) - (v3 ^+ 2) / v1.
Proof. rational. Qed.
(* M24, ‖φ_h‖² + λ_h² = 2 ‖w_h‖ + (λ_h² - ‖w_h‖)²/λ_h² *)
(* v0: norm, v1: square *)
Lemma M24_2 (v0 v1 : R) :
  v1 != 0 -> v1 + (v0 ^+ 2) / v1 =
  2%:R * v0 + ((v1 - v0) ^+ 2) / v1.
Proof. rational. Qed.
(* I2, row = stride ⌊row/stride⌋ + stride frac(row/stride) *)
(* v0: floor(row/stride), v1: row, v2: stride *)
Lemma I2_9 (v0 v1 v2 : R) :
  v2 != 0 -> v2 * (v1 / v2 - v0) + v2 * v0 =
  v1.
Proof. rational. Qed.
(* I2, phase(row) = stride frac(row/stride) *)
(* v0: floor(row/stride), v1: row, v2: stride *)
Lemma I2_10 (v0 v1 v2 : R) :
  v2 != 0 -> v1 - v2 * v0 =
  v2 * (v1 / v2 - v0).
Proof. rational. Qed.
(* I8, a x + b = γ (x - μ)/σ + β *)
(* v0: beta[c], v1: deviation[c], v2: gamma[c], v3: mean[c], v4: x[s, c, r, q] *)
Lemma I8_6 (v0 v1 v2 v3 v4 : R) :
  v1 != 0 -> v2 * v4 / v1 + v0 - v2 * v3 / v1 =
  (v4 - v3) * v2 / v1 + v0.
Proof. rational. Qed.
(* I8, x̄ = a ȳ + k1 x + k0 *)
(* v0: count, v1: dbeta[c], v2: deviation[c], v3: dgamma[c], v4: dnormed[s, c, r, q], v5: gamma[c], v6: mean[c], v7:
  x[s, c, r, q] *)
Lemma I8_12 (v0 v1 v2 v3 v4 v5 v6 v7 : R) :
  v0 != 0 -> v2 != 0 -> v5 * v4 / v2 + v3 * v5 * v6 / v0 / (v2 ^+ 2) - v1 * v5 / v0 / v2 - v3 * v5 * v7 / v0 / (v2 ^+
    2) =
  v5 * v4 / v2 + (v1 * v6 + v2 * v3) * v5 * v6 / v0 / (v2 ^+ 3) + v1 * v5 * v6 * v7 / v0 / (v2 ^+ 3) - v1 * v5 / v0 /
    v2 - (v6 ^+ 2) * v1 * v5 / v0 / (v2 ^+ 3) - (v1 * v6 + v2 * v3) * v5 * v7 / v0 / (v2 ^+ 3).
Proof. rational. Qed.
(* I8, = γ/σ (ȳ - β̄/n - x̂ γ̄/n) *)
(* v0: count, v1: dbeta[c], v2: deviation[c], v3: dgamma[c], v4: dnormed[s, c, r, q], v5: gamma[c], v6: mean[c], v7:
  x[s, c, r, q] *)
Lemma I8_13 (v0 v1 v2 v3 v4 v5 v6 v7 : R) :
  v0 != 0 -> v2 != 0 -> v5 * v4 / v2 + v3 * v5 * v6 / v0 / (v2 ^+ 2) - v1 * v5 / v0 / v2 - v3 * v5 * v7 / v0 / (v2 ^+
    2) =
  (v4 - v1 / v0 - (v7 - v6) * v3 / v0 / v2) * v5 / v2.
Proof. rational. Qed.
(* I8, Σ x̄ x̂ = a γ̄ ε/σ² *)
(* v0: deviation[c], v1: dgamma[c], v2: epsilon, v3: mean[c], v4: scale[c] *)
Lemma I8_15 (v0 v1 v2 v3 v4 : R) :
  v0 != 0 -> v1 * v4 + (v3 ^+ 2) * v1 * v4 / (v0 ^+ 2) - (v0 ^+ 2 + v3 ^+ 2 - v2) * v1 * v4 / (v0 ^+ 2) =
  v2 * v1 * v4 / (v0 ^+ 2).
Proof. rational. Qed.
(* I8, ⟨x̄, x⟩ = a γ̄ ε/σ, 0 for ε = 0 *)
(* v0: deviation[c], v1: dgamma[c], v2: epsilon, v3: mean[c], v4: scale[c] *)
Lemma I8_16 (v0 v1 v2 v3 v4 : R) :
  v0 != 0 -> (v1 * v4 + (v3 ^+ 2) * v1 * v4 / (v0 ^+ 2) - (v0 ^+ 2 + v3 ^+ 2 - v2) * v1 * v4 / (v0 ^+ 2)) * v0 =
  v2 * v1 * v4 / v0.
Proof. rational. Qed.
(* I8, ε = 0: α x + δ has μ' = α μ + δ, σ' = α σ for α > 0, and the same x̂ *)
(* v0: alpha, v1: deviation[c], v2: mean[c], v3: x[s, c, r, q] *)
Lemma I8_17 (v0 v1 v2 v3 : R) :
  v0 != 0 -> v1 != 0 -> (v0 * v3 - v0 * v2) / v0 / v1 =
  (v3 - v2) / v1.
Proof. rational. Qed.
(* I8, its σ'² is α² v *)
(* v0: alpha, v1: count, v2: deviation[c], v3: epsilon, v4: mean[c] *)
Lemma I8_18 (v0 v1 v2 v3 v4 : R) :
  v1 * (v0 ^+ 2) * (v2 ^+ 2 + v4 ^+ 2 - v3) - v1 * (v0 ^+ 2) * (v4 ^+ 2) =
  v1 * (v0 ^+ 2) * (v2 ^+ 2 - v3).
Proof. rational. Qed.
(* I8.blocks, Σ x of both parts *)
(* v0: count_a, v1: count_b, v2: mean_a[c], v3: mean_b[c] *)
Lemma I8_blocks_3 (v0 v1 v2 v3 : R) :
  v0 + v1 != 0 -> (v0 + v1) * (v1 * (v3 - v2) / (v0 + v1) + v2) =
  v0 * v2 + v1 * v3.
Proof. rational. Qed.
(* I8.blocks, Σ x² of both parts *)
(* v0: count_a, v1: count_b, v2: mean_a[c], v3: mean_b[c], v4: squares_a[c], v5: squares_b[c] *)
Lemma I8_blocks_4 (v0 v1 v2 v3 v4 v5 : R) :
  v0 + v1 != 0 -> ((v1 * (v3 - v2) / (v0 + v1) + v2) ^+ 2) * (v0 + v1) + v0 * v1 * ((v3 - v2) ^+ 2) / (v0 + v1) + v4 +
    v5 =
  v0 * (v2 ^+ 2) + v1 * (v3 ^+ 2) + v4 + v5.
Proof. rational. Qed.
(* I8.blocks, M = Σ x² - n μ², with Σ x² = n (v + μ²) *)
(* v0: count, v1: deviation[c], v2: epsilon, v3: mean[c] *)
Lemma I8_blocks_5 (v0 v1 v2 v3 : R) :
  v0 * (v1 ^+ 2 + v3 ^+ 2 - v2) - v0 * (v3 ^+ 2) =
  v0 * (v1 ^+ 2 - v2).
Proof. rational. Qed.
(* I8.blocks, m moves by θ towards μ *)
(* v0: mean[c], v1: running_mean[c], v2: theta *)
Lemma I8_blocks_6 (v0 v1 v2 : R) :
  v2 * v0 + (1 - v2) * v1 - v1 =
  v2 * (v0 - v1).
Proof. rational. Qed.
(* I8.blocks, u moves by θ towards v n/(n-1) *)
(* v0: count, v1: deviation[c], v2: epsilon, v3: running_variance[c], v4: theta *)
Lemma I8_blocks_7 (v0 v1 v2 v3 v4 : R) :
  v0 - 1 != 0 -> (1 - v4) * v3 + v4 * v0 * (v1 ^+ 2 - v2) / (v0 - 1) - v3 =
  v4 * (v0 * (v1 ^+ 2 - v2) / (v0 - 1) - v3).
Proof. rational. Qed.
(* I9, a x + b = γ (x - m)/√(u + ε) + β *)
(* v0: beta[c], v1: gamma[c], v2: root(epsilon + running_variance[c]), v3: running_mean[c], v4: x[s, c, r, q] *)
Lemma I9_3 (v0 v1 v2 v3 v4 : R) :
  v2 != 0 -> v1 * v4 / v2 + v0 - v1 * v3 / v2 =
  (v4 - v3) * v1 / v2 + v0.
Proof. rational. Qed.
(* I18, flat: the read at r pitch + q is that place *)
(* v0: dilation, v1: kappa, v2: pitch, v3: q, v4: r, v5: rho *)
Lemma I18_2 (v0 v1 v2 v3 v4 v5 : R) :
  v3 + v4 * v2 + v0 * (v1 + v5 * v2) =
  v3 + v1 * v0 + v2 * (v4 + v5 * v0).
Proof. rational. Qed.
(* I18, flat_weights: the read at r pitch + q is that place *)
(* v0: dilation, v1: kappa, v2: pitch, v3: q, v4: r, v5: rho *)
Lemma I18_3 (v0 v1 v2 v3 v4 v5 : R) :
  v3 + v4 * v2 + v0 * (v1 + v5 * v2) =
  v3 + v1 * v0 + v2 * (v4 + v5 * v0).
Proof. rational. Qed.
(* I18, flat_greatest: the read at r pitch + q is that place *)
(* v0: kappa, v1: pitch, v2: q, v3: r, v4: rho *)
Lemma I18_4 (v0 v1 v2 v3 v4 : R) :
  v0 + v2 + v3 * v1 + v4 * v1 =
  v0 + v2 + v1 * (v3 + v4).
Proof. rational. Qed.
(* I18, a read from (r, q) at the distance down P + right ends `further` rows below row r + down, in column q + right -
  further P *)
(* v0: columns, v1: down, v2: further, v3: q, v4: r, v5: right *)
Lemma I18_8 (v0 v1 v2 v3 v4 v5 : R) :
  v3 + v5 + v1 * v0 + v4 * v0 =
  v3 + v5 + v0 * (v1 + v2 + v4) - v2 * v0.
Proof. rational. Qed.
(* I18, plane g begins g · height · pitch further: a plane with more rows *)
(* v0: height, v1: number, v2: pitch, v3: q, v4: r *)
Lemma I18_13 (v0 v1 v2 v3 v4 : R) :
  v3 + v2 * (v4 + v0 * v1) =
  v3 + v4 * v2 + v0 * v1 * v2.
Proof. rational. Qed.
(* G1, z = [φ ∘ (λ_in - λ_out)] x in every pixel *)
(* v0: lam_in[c], v1: lam_out[o], v2: phi[o, c], v3: x[s, c, r, q], v4: Σ_c *)
Lemma G1_2 (v0 v1 v2 v3 v4 : R) :
  v4 * v0 * v2 * v3 - v4 * v1 * v2 * v3 =
  v4 * (v0 - v1) * v2 * v3.
Proof. rational. Qed.
(* G2, δ > 0: BN_ε(δ z) - β = sign(δ) (BN_(ε/δ²)(z) - β), root = √(v + ε/δ²) *)
(* v0: delta, v1: gamma, v2: mu, v3: root, v4: x *)
Lemma G2_1 (v0 v1 v2 v3 v4 : R) :
  v0 != 0 -> v3 != 0 -> v1 * (v4 * v0 - v2 * v0) / v0 / v3 =
  v1 * (v4 - v2) / v3.
Proof. rational. Qed.
(* G2, δ < 0: BN_ε(δ z) - β = sign(δ) (BN_(ε/δ²)(z) - β), root = √(v + ε/δ²) *)
(* v0: delta, v1: gamma, v2: mu, v3: root, v4: x *)
Lemma G2_2 (v0 v1 v2 v3 v4 : R) :
  v0 != 0 -> v3 != 0 -> v1 * (v2 * v0 - v4 * v0) / v0 / v3 =
  - v1 * (v4 - v2) / v3.
Proof. rational. Qed.
(* G2, δ² (v + ε/δ²) = δ² v + ε *)
(* v0: delta, v1: epsilon, v2: v *)
Lemma G2_3 (v0 v1 v2 : R) :
  v0 != 0 -> (v0 ^+ 2) * (v2 + v1 / (v0 ^+ 2)) =
  v1 + v2 * (v0 ^+ 2).
Proof. rational. Qed.
(* G2, λ̄ λ, a term: ȳ γ x̂ ε/σ² *)
(* v0: bar, v1: epsilon, v2: gamma, v3: mu, v4: sigma, v5: x *)
Lemma G2_4 (v0 v1 v2 v3 v4 v5 : R) :
  v4 != 0 -> v0 * (v2 * (v5 - v3) / v4 - v2 * (v5 - v3) * (v4 ^+ 2 - v1) / (v4 ^+ 3)) =
  v0 * v2 * v1 * (v5 - v3) / (v4 ^+ 3).
Proof. rational. Qed.
(* D1, what is left, factor size, side 1 *)
(* v0: reach, v1: rest, v2: size, v3: slack *)
Lemma D1_1 (v0 v1 v2 v3 : R) :
  v3 + v2 * v0 - v2 * (v0 - v1) =
  v3 + v1 * v2.
Proof. rational. Qed.
(* D1, what is left, factor size, side -1 *)
(* v0: reach, v1: rest, v2: size, v3: slack *)
Lemma D1_3 (v0 v1 v2 v3 : R) :
  v3 + v2 * v0 + v2 * (v1 - v0) =
  v3 + v1 * v2.
Proof. rational. Qed.
(* D1, what is left, factor -size, side 1 *)
(* v0: reach, v1: rest, v2: size, v3: slack *)
Lemma D1_5 (v0 v1 v2 v3 : R) :
  v3 + v2 * v0 + v2 * (v1 - v0) =
  v3 + v1 * v2.
Proof. rational. Qed.
(* D1, what is left, factor -size, side -1 *)
(* v0: reach, v1: rest, v2: size, v3: slack *)
Lemma D1_7 (v0 v1 v2 v3 : R) :
  v3 + v2 * v0 - v2 * (v0 - v1) =
  v3 + v1 * v2.
Proof. rational. Qed.
(* D2, q - a/2^s = 1/2 - r/2^s *)
(* v0: a, v1: rest, v2: unit *)
Lemma D2_1 (v0 v1 v2 : R) :
  v2 != 0 -> (1 / 2%:R) * (v0 + v2 - v1) / v2 - (1 / 2%:R) * v0 / v2 =
  1 / 2%:R - (1 / 2%:R) * v1 / v2.
Proof. rational. Qed.
(* D2, r = 2^s - 1 - t: above -1/2 by (1 + t)/2^s *)
(* v0: a, v1: above, v2: unit *)
Lemma D2_3 (v0 v1 v2 : R) :
  v2 != 0 -> 1 / 2%:R + (1 / 2%:R) * (1 + v1 + v0 - v2) / v2 - (1 / 2%:R) * v0 / v2 =
  (1 / 2%:R) * (1 + v1) / v2.
Proof. rational. Qed.
(* D2, what is left, factor size, side 1 *)
(* v0: reach, v1: rest, v2: size, v3: slack *)
Lemma D2_5 (v0 v1 v2 v3 : R) :
  v3 + v2 * v0 - v2 * (v0 - v1) =
  v3 + v1 * v2.
Proof. rational. Qed.
(* D2, what is left, factor size, side -1 *)
(* v0: reach, v1: rest, v2: size, v3: slack *)
Lemma D2_7 (v0 v1 v2 v3 : R) :
  v3 + v2 * v0 + v2 * (v1 - v0) =
  v3 + v1 * v2.
Proof. rational. Qed.
(* D2, what is left, factor -size, side 1 *)
(* v0: reach, v1: rest, v2: size, v3: slack *)
Lemma D2_9 (v0 v1 v2 v3 : R) :
  v3 + v2 * v0 + v2 * (v1 - v0) =
  v3 + v1 * v2.
Proof. rational. Qed.
(* D2, what is left, factor -size, side -1 *)
(* v0: reach, v1: rest, v2: size, v3: slack *)
Lemma D2_11 (v0 v1 v2 v3 : R) :
  v3 + v2 * v0 - v2 * (v0 - v1) =
  v3 + v1 * v2.
Proof. rational. Qed.
(* D2, |δ| = 1/2 - room: below |x|/2 by room |x| *)
(* v0: reach, v1: room *)
Lemma D2_13 (v0 v1 : R) :
  (1 / 2%:R) * v0 - v0 * (1 / 2%:R - v1) =
  v1 * v0.
Proof. rational. Qed.
(* D2, in units of the accumulator *)
(* v0: reach, v1: scale *)
Lemma D2_15 (v0 v1 : R) :
  v1 * (1 / 2%:R + (1 / 2%:R) * v0) =
  (1 / 2%:R) * v1 * (1 + v0).
Proof. rational. Qed.
(* D2, 2^s · greatest less the weighed entries *)
(* v0: first, v1: other, v2: part, v3: reach, v4: second *)
Lemma D2_16 (v0 v1 v2 v3 v4 : R) :
  v3 * (v1 + v2) - v1 * (v3 - v0) - v2 * (v3 - v4) =
  v0 * v1 + v2 * v4.
Proof. rational. Qed.
End Goals.
(* Steps that are no goals here.
   written alike on both sides: 472
   left out: assumptions that are equations: 16
   left out: matrices, which do not commute: 65
   left out: numbers of many digits: 2
   left out: rules for df: 2
   left out: rules for exp: 7
   left out: rules for f: 2
   left out: rules for roots: 1
   left out: symbolic exponents: 3
*)
