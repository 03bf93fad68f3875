(* Printed by `python -m derivations` from the programs that are printed for Numba and CUDA. Do not edit.
   programs_agree.v proves that they are the recursions of the theorems. Arrays are functions of natural numbers; a name
   that is assigned again gets a number. In a layer, n_out neurons receive and n_in send; layers are counted from 0. *)
From mathcomp Require Import all_ssreflect all_algebra.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(* layer i of a memory is overwritten; the layers up to i are *)
Definition put T (memory : nat -> T) i a := fun l => if l == i then a else memory l.
Definition put_upto T (memory : nat -> T) i a := fun l => if (l <= i)%N then a l else memory l.

(* z_i = sum over j < i of W_ij x_j for every layer, without forming W_ij *)
Module propagate_global.
Section Lines.
Variable R : comRingType.
Variables f df : R -> R.
Variables n_in : nat.
Variables lam_in lam_out : nat -> R.
Variables phi u_in : nat -> nat -> R.
Definition hidden_M (h k : nat) : R := (lam_in k - lam_out h) * phi h k.
Definition hidden_z (s h : nat) : R := \sum_(k < n_in) hidden_M h k * u_in s k.
Definition hidden_v (s h : nat) : R := \sum_(k < n_in) phi h k * u_in s k.
Definition hidden_x (s h : nat) : R := f (hidden_z s h).
Definition hidden_slope (s h : nat) : R := df (hidden_z s h).
Definition hidden_u (s h : nat) : R := hidden_x s h - hidden_v s h.
Definition last_M (h k : nat) : R := (lam_in k - lam_out h) * phi h k.
Definition last_z (s h : nat) : R := \sum_(k < n_in) last_M h k * u_in s k.
End Lines.
Section Loop.
Variable R : comRingType.
Variable f : R -> R.
Variable n : nat -> nat.
Variable lam_in : nat -> nat -> R.
Variable lam_out : nat -> nat -> R.
Variable phi : nat -> nat -> nat -> R.
Variable start : nat -> nat -> nat -> R.
(* u of every layer, once layers 1 to i are done *)
Fixpoint loop (i : nat) : nat -> nat -> nat -> R :=
  if i is m.+1 then let memory := loop m in put memory i (hidden_u f (n m) (lam_in m) (lam_out m) (phi m) (memory m))
  else start.
End Loop.
End propagate_global.

(* z_i = (phi o (lam_in - lam_out)) x_{i-1} for every layer *)
Module propagate_layerwise.
Section Lines.
Variable R : comRingType.
Variables f df : R -> R.
Variables n_in : nat.
Variables lam_in lam_out : nat -> R.
Variables phi x_in : nat -> nat -> R.
Definition hidden_M (h k : nat) : R := (lam_in k - lam_out h) * phi h k.
Definition hidden_z (s h : nat) : R := \sum_(k < n_in) hidden_M h k * x_in s k.
Definition hidden_x (s h : nat) : R := f (hidden_z s h).
Definition hidden_slope (s h : nat) : R := df (hidden_z s h).
Definition last_M (h k : nat) : R := (lam_in k - lam_out h) * phi h k.
Definition last_z (s h : nat) : R := \sum_(k < n_in) last_M h k * x_in s k.
End Lines.
Section Loop.
Variable R : comRingType.
Variable f : R -> R.
Variable n : nat -> nat.
Variable lam_in : nat -> nat -> R.
Variable lam_out : nat -> nat -> R.
Variable phi : nat -> nat -> nat -> R.
Variable start : nat -> nat -> nat -> R.
(* u of every layer, once layers 1 to i are done *)
Fixpoint loop (i : nat) : nat -> nat -> nat -> R :=
  if i is m.+1 then let memory := loop m in put memory i (hidden_x f (n m) (lam_in m) (lam_out m) (phi m) (memory m))
  else start.
End Loop.
End propagate_layerwise.

(* z_i = sum over j < i of W_ij x_j for every layer, every W_ij free *)
Module propagate_direct.
Section Lines.
Variable R : comRingType.
Variables f df : R -> R.
Variables n_senders : nat.
Variable n : nat -> nat.
Variables W x_source : nat -> nat -> nat -> R.
Definition hidden_z (s h : nat) : R := 0.
Definition hidden_z_2 (s h : nat) : R := hidden_z s h + \sum_(j < n_senders) \sum_(k < n j) W j h k * x_source j s k.
Definition hidden_x (s h : nat) : R := f (hidden_z_2 s h).
Definition hidden_slope (s h : nat) : R := df (hidden_z_2 s h).
Definition last_z (s h : nat) : R := 0.
Definition last_z_2 (s h : nat) : R := last_z s h + \sum_(j < n_senders) \sum_(k < n j) W j h k * x_source j s k.
End Lines.
Section Loop.
Variable R : comRingType.
Variable f : R -> R.
Variable n : nat -> nat.
Variable W : nat -> nat -> nat -> nat -> R.
Variable start : nat -> nat -> nat -> R.
(* u of every layer, once layers 1 to i are done *)
Fixpoint loop (i : nat) : nat -> nat -> nat -> R :=
  if i is m.+1 then let memory := loop m in put memory i (hidden_x f m.+1 n (W m) memory)
  else start.
End Loop.
End propagate_direct.

(* gradient of a loss with respect to every eigenvector block and eigenvalue *)
Module adjoint_global.
Section Lines.
Variable R : comRingType.
Variables n_samples n_out n_in : nat.
Variables dlam_in dlam_out lam_in lam_out : nat -> R.
Variables du dz phi slope u_in : nat -> nat -> R.
Definition hidden_dz (s h : nat) : R := du s h * slope s h.
Definition hidden_M (h k : nat) : R := (lam_in k - lam_out h) * phi h k.
Definition hidden_dM (h k : nat) : R := \sum_(s < n_samples) hidden_dz s h * u_in s k.
Definition hidden_g (h k : nat) : R := \sum_(s < n_samples) du s h * u_in s k.
Definition hidden_dphi (h k : nat) : R := (lam_in k - lam_out h) * hidden_dM h k - hidden_g h k.
Definition hidden_dlam_in_2 (k : nat) : R := dlam_in k + \sum_(h < n_out) hidden_dM h k * phi h k.
Definition hidden_dlam_out_2 (h : nat) : R := dlam_out h - \sum_(k < n_in) hidden_dM h k * phi h k.
Definition hidden_du_in (s k : nat) : R := \sum_(h < n_out) hidden_M h k * hidden_dz s h.
Definition hidden_q (s k : nat) : R := \sum_(h < n_out) du s h * phi h k.
Definition hidden_du_in_2 (s k : nat) : R := hidden_du_in s k - hidden_q s k.
Definition last_M (h k : nat) : R := (lam_in k - lam_out h) * phi h k.
Definition last_dM (h k : nat) : R := \sum_(s < n_samples) dz s h * u_in s k.
Definition last_dphi (h k : nat) : R := (lam_in k - lam_out h) * last_dM h k.
Definition last_dlam_in_2 (k : nat) : R := dlam_in k + \sum_(h < n_out) last_dM h k * phi h k.
Definition last_dlam_out_2 (h : nat) : R := dlam_out h - \sum_(k < n_in) last_dM h k * phi h k.
Definition last_du_in (s k : nat) : R := \sum_(h < n_out) last_M h k * dz s h.
End Lines.
Section Loop.
Variable R : comRingType.
Variable last : nat.
Variable n : nat -> nat.
Variable dz : nat -> nat -> nat -> R.
Variable lam_in : nat -> nat -> R.
Variable lam_out : nat -> nat -> R.
Variable phi : nat -> nat -> nat -> R.
Variable slope : nat -> nat -> nat -> R.
Variable start : nat -> nat -> nat -> R.
(* du of every layer, once d layers are done, the last one first *)
Fixpoint loop (d : nat) : nat -> nat -> nat -> R :=
  if d is c.+1 then let m := (last - c)%N in let memory := loop c in
    if m is 0%N then memory else put memory m (if c is 0%N then last_du_in (n m.+1) (lam_in m) (lam_out m) (dz m.+1)
      (phi m) else hidden_du_in_2 (n m.+1) (lam_in m) (lam_out m) (memory m.+1) (phi m) (slope m.+1))
  else start.
End Loop.
End adjoint_global.

(* gradient of a loss with respect to every eigenvector block and eigenvalue pair *)
Module adjoint_layerwise.
Section Lines.
Variable R : comRingType.
Variables n_samples n_out n_in : nat.
Variables dlam_in dlam_out lam_in lam_out : nat -> R.
Variables dx dz phi slope x_in : nat -> nat -> R.
Definition hidden_dz (s h : nat) : R := dx s h * slope s h.
Definition hidden_M (h k : nat) : R := (lam_in k - lam_out h) * phi h k.
Definition hidden_dM (h k : nat) : R := \sum_(s < n_samples) hidden_dz s h * x_in s k.
Definition hidden_dphi (h k : nat) : R := (lam_in k - lam_out h) * hidden_dM h k.
Definition hidden_dlam_in_2 (k : nat) : R := dlam_in k + \sum_(h < n_out) hidden_dM h k * phi h k.
Definition hidden_dlam_out_2 (h : nat) : R := dlam_out h - \sum_(k < n_in) hidden_dM h k * phi h k.
Definition hidden_dx_in (s k : nat) : R := \sum_(h < n_out) hidden_M h k * hidden_dz s h.
Definition last_M (h k : nat) : R := (lam_in k - lam_out h) * phi h k.
Definition last_dM (h k : nat) : R := \sum_(s < n_samples) dz s h * x_in s k.
Definition last_dphi (h k : nat) : R := (lam_in k - lam_out h) * last_dM h k.
Definition last_dlam_in_2 (k : nat) : R := dlam_in k + \sum_(h < n_out) last_dM h k * phi h k.
Definition last_dlam_out_2 (h : nat) : R := dlam_out h - \sum_(k < n_in) last_dM h k * phi h k.
Definition last_dx_in (s k : nat) : R := \sum_(h < n_out) last_M h k * dz s h.
End Lines.
Section Loop.
Variable R : comRingType.
Variable last : nat.
Variable n : nat -> nat.
Variable dz : nat -> nat -> nat -> R.
Variable lam_in : nat -> nat -> R.
Variable lam_out : nat -> nat -> R.
Variable phi : nat -> nat -> nat -> R.
Variable slope : nat -> nat -> nat -> R.
Variable start : nat -> nat -> nat -> R.
(* du of every layer, once d layers are done, the last one first *)
Fixpoint loop (d : nat) : nat -> nat -> nat -> R :=
  if d is c.+1 then let m := (last - c)%N in let memory := loop c in
    if m is 0%N then memory else put memory m (if c is 0%N then last_dx_in (n m.+1) (lam_in m) (lam_out m) (dz m.+1)
      (phi m) else hidden_dx_in (n m.+1) (lam_in m) (lam_out m) (memory m.+1) (phi m) (slope m.+1))
  else start.
End Loop.
End adjoint_layerwise.

(* gradient of a loss with respect to every weight W_ij *)
Module adjoint_direct.
Section Lines.
Variable R : comRingType.
Variables n_samples n_out : nat.
Variables dx dz slope : nat -> nat -> R.
Variables W dx_source x_source : nat -> nat -> nat -> R.
Definition hidden_dz (s h : nat) : R := dx s h * slope s h.
Definition hidden_dW (j h k : nat) : R := \sum_(s < n_samples) hidden_dz s h * x_source j s k.
Definition hidden_dx_source_2 (j s k : nat) : R := if (0 < j)%N then dx_source j s k + \sum_(h < n_out) W j h k *
  hidden_dz s h else dx_source j s k.
Definition last_dW (j h k : nat) : R := \sum_(s < n_samples) dz s h * x_source j s k.
Definition last_dx_source_2 (j s k : nat) : R := if (0 < j)%N then dx_source j s k + \sum_(h < n_out) W j h k * dz s h
  else dx_source j s k.
End Lines.
Section Loop.
Variable R : comRingType.
Variable last : nat.
Variable n : nat -> nat.
Variable W : nat -> nat -> nat -> nat -> R.
Variable dz : nat -> nat -> nat -> R.
Variable slope : nat -> nat -> nat -> R.
Variable start : nat -> nat -> nat -> R.
(* du of every layer, once d layers are done, the last one first *)
Fixpoint loop (d : nat) : nat -> nat -> nat -> R :=
  if d is c.+1 then let m := (last - c)%N in let memory := loop c in
    put_upto memory m (if c is 0%N then last_dx_source_2 (n m.+1) (dz m.+1) (W m) memory else hidden_dx_source_2 (n
      m.+1) (memory m.+1) (slope m.+1) (W m) memory)
  else start.
End Loop.
End adjoint_direct.

(* weighted mean over samples and outputs of (z - y)^2, and its gradient *)
Module squared_error.
Section Lines.
Variable R : comRingType.
Variables n_samples n_out : nat.
Variables loss scale : R.
Variables weight : nat -> R.
Variables output target : nat -> nat -> R.
Definition loss_2 : R := loss + \sum_(s < n_samples) \sum_(h < n_out) scale * ((output s h - target s h) ^+ 2) * weight
  s.
Definition d_output (s h : nat) : R := 2%:R * scale * (output s h - target s h) * weight s.
End Lines.
End squared_error.

(* weighted mean over samples and outputs of (z - y)^2 / 2 near y and |z - y| - 1/2 beyond a distance of 1 *)
Module huber.
Section Lines.
Variable R : rcfType.
Variables n_samples n_out : nat.
Variables loss scale : R.
Variables weight : nat -> R.
Variables output target : nat -> nat -> R.
Definition loss_2 : R := loss + \sum_(s < n_samples) \sum_(h < n_out) scale * weight s * (if output s h - target s h <
  - 1 then target s h - 1 / 2%:R - output s h else if output s h - target s h > 1 then output s h - 1 / 2%:R - target s
  h else (1 / 2%:R) * ((output s h - target s h) ^+ 2)).
Definition d_output (s h : nat) : R := scale * weight s * (if output s h - target s h < - 1 then - 1 else if output s h
  - target s h > 1 then 1 else output s h - target s h).
End Lines.
End huber.

(* weighted mean over samples and outputs of exp(z) - y z for counts y of mean exp(z), and its gradient *)
Module poisson.
Section Lines.
Variable R : comRingType.
Variables exp : R -> R.
Variables n_samples n_out : nat.
Variables loss scale : R.
Variables weight : nat -> R.
Variables output target : nat -> nat -> R.
Definition loss_2 : R := loss + \sum_(s < n_samples) \sum_(h < n_out) scale * (exp (output s h) - output s h * target s
  h) * weight s.
Definition d_output (s h : nat) : R := scale * (exp (output s h) - target s h) * weight s.
End Lines.
End poisson.

(* weighted mean over samples and labels of log(1 + exp(z)) - y z, without overflow, and its gradient *)
Module binary_cross_entropy.
Section Lines.
Variable R : rcfType.
Variables exp log1p : R -> R.
Variables n_samples n_out : nat.
Variables loss scale : R.
Variables weight : nat -> R.
Variables output target : nat -> nat -> R.
Definition loss_2 : R := loss + \sum_(s < n_samples) \sum_(h < n_out) scale * weight s * (if output s h <= 0 then log1p
  (exp (output s h)) - output s h * target s h else output s h + log1p (exp (- output s h)) - output s h * target s h).
Definition d_output (s h : nat) : R := scale * weight s * (if output s h <= 0 then exp (output s h) / (1 + exp (output
  s h)) - target s h else (1 + exp (- output s h))^-1 - target s h).
End Lines.
End binary_cross_entropy.

(* weighted mean over samples of log sum_h exp(z_h) - sum_h q_h z_h, q = (1 - smoothing) onehot(label) + spread, and
  its gradient *)
Module cross_entropy.
Section Lines.
Variable R : rcfType.
Variables exp log : R -> R.
Variable greatest : nat -> (nat -> R) -> R.
Variables n_samples n_out : nat.
Variables loss scale smoothing spread : R.
Variables weight : nat -> R.
Variables label : nat -> nat.
Variables output : nat -> nat -> R.
Definition peak (s : nat) : R := greatest n_out (fun h => output s h).
Definition chosen (s : nat) : R := \sum_(h < n_out) (spread + (1 - smoothing) * (h == label s :> nat)%:R) * output s h.
Definition shifted (s h : nat) : R := exp (output s h - peak s).
Definition total (s : nat) : R := \sum_(h < n_out) shifted s h.
Definition loss_2 : R := loss + \sum_(s < n_samples) scale * (peak s + log (total s) - chosen s) * weight s.
Definition d_output (s h : nat) : R := scale * (shifted s h / total s - spread - (1 - smoothing) * (h == label s :>
  nat)%:R) * weight s.
End Lines.
End cross_entropy.

(* (1 - smoothing) y + smoothing / 2: soft labels for binary_cross_entropy *)
Module smooth_targets.
Section Lines.
Variable R : rcfType.
Variables smoothing : R.
Variables target : nat -> nat -> R.
Definition soft (s h : nat) : R := (1 / 2%:R) * smoothing + (1 - smoothing) * target s h.
End Lines.
End smooth_targets.

(* strength |value|_2 (not squared), and its gradient, 0 at the zero vector *)
Module penalty_group.
Section Lines.
Variable R : rcfType.
Variables size : nat.
Variables strength : R.
Variables gradient value : nat -> R.
Definition squares : R := \sum_(p < size) (value p) ^+ 2.
Definition norm : R := Num.sqrt squares.
Definition penalty : R := norm * strength.
Definition inverse : R := (if norm > 0 then strength / norm else 0).
Definition gradient_2 (p : nat) : R := gradient p + inverse * value p.
End Lines.
End penalty_group.

(* strength |value|_1, and its gradient, 0 at 0 *)
Module penalty_l1.
Section Lines.
Variable R : rcfType.
Variables size : nat.
Variables strength : R.
Variables gradient value : nat -> R.
Definition penalty : R := \sum_(p < size) strength * `|value p|.
Definition gradient_2 (p : nat) : R := gradient p + strength * Num.sg (value p).
End Lines.
End penalty_l1.

(* strength |value|_2^2, and its gradient *)
Module penalty_l2.
Section Lines.
Variable R : comRingType.
Variables size : nat.
Variables strength : R.
Variables gradient value : nat -> R.
Definition penalty : R := \sum_(p < size) strength * ((value p) ^+ 2).
Definition gradient_2 (p : nat) : R := gradient p + 2%:R * strength * value p.
End Lines.
End penalty_l2.

(* v (1 - threshold / |v|_2), and 0 where |v|_2 <= threshold *)
Module proximal_group.
Section Lines.
Variable R : rcfType.
Variables size : nat.
Variables threshold : R.
Variables value : nat -> R.
Definition squares : R := \sum_(p < size) (value p) ^+ 2.
Definition norm : R := Num.sqrt squares.
Definition factor : R := (if norm > threshold then 1 - threshold / norm else 0).
Definition moved (p : nat) : R := factor * value p.
End Lines.
End proximal_group.

(* v moved towards 0 by threshold, and 0 where |v| <= threshold *)
Module proximal_l1.
Section Lines.
Variable R : rcfType.
Variables threshold : R.
Variables value : nat -> R.
Definition moved (p : nat) : R := (if threshold < value p then value p - threshold else if threshold < - value p then
  threshold + value p else 0).
End Lines.
End proximal_l1.

(* v / (1 + 2 threshold) *)
Module proximal_l2.
Section Lines.
Variable R : rcfType.
Variables threshold : R.
Variables value : nat -> R.
Definition factor : R := (1 + 2%:R * threshold)^-1.
Definition moved (p : nat) : R := factor * value p.
End Lines.
End proximal_l2.

(* m = beta1 m + (1-beta1) g, v = beta2 v + (1-beta2) g^2, theta -= rate m/c1 / (sqrt(v/c2) + epsilon) *)
Module adam.
Section Lines.
Variable R : rcfType.
Variables beta1 beta2 correction1 correction2 epsilon rate : R.
Variables first gradient parameter second : nat -> R.
Definition step_size : R := rate / correction1.
Definition root : R := (Num.sqrt correction2)^-1.
Definition first_new (p : nat) : R := beta1 * first p + (1 - beta1) * gradient p.
Definition second_new (p : nat) : R := beta2 * second p + ((gradient p) ^+ 2) * (1 - beta2).
Definition updated (p : nat) : R := parameter p - step_size * first_new p / (epsilon + root * Num.sqrt (second_new p)).
End Lines.
End adam.

(* b = momentum b + g, theta -= rate (g + momentum b) with nesterov = 1, rate b with nesterov = 0 *)
Module sgd.
Section Lines.
Variable R : comRingType.
Variables momentum nesterov rate : R.
Variables first gradient parameter : nat -> R.
Definition first_new (p : nat) : R := momentum * first p + gradient p.
Definition updated (p : nat) : R := parameter p - rate * (nesterov * (momentum * first_new p + gradient p) + (1 -
  nesterov) * first_new p).
End Lines.
End sgd.

(* theta -= share theta *)
Module decay.
Section Lines.
Variable R : comRingType.
Variables share : R.
Variables value : nat -> R.
Definition kept : R := 1 - share.
Definition decayed (p : nat) : R := kept * value p.
End Lines.
End decay.

(* |g|_2^2 of one group *)
Module squared_norm.
Section Lines.
Variable R : comRingType.
Variables size : nat.
Variables gradient : nat -> R.
Definition squares : R := \sum_(p < size) (gradient p) ^+ 2.
End Lines.
End squared_norm.

(* g limit / |g|_2 where |g|_2 > limit, else g, for |g|_2^2 = squares of all groups *)
Module clip.
Section Lines.
Variable R : rcfType.
Variables limit squares : R.
Variables gradient : nat -> R.
Definition norm : R := Num.sqrt squares.
Definition factor : R := (if limit < norm then limit / norm else 1).
Definition clipped (p : nat) : R := factor * gradient p.
End Lines.
End clip.

(* gradient of each sample's loss with respect to every weight W_ij *)
Module jacobian_direct.
Section Lines.
Variable R : comRingType.
Variables n_out : nat.
Variables dx dz slope : nat -> nat -> R.
Variables W dx_source x_source : nat -> nat -> nat -> R.
Definition hidden_dz (s h : nat) : R := dx s h * slope s h.
Definition hidden_J (j h k s : nat) : R := hidden_dz s h * x_source j s k.
Definition hidden_dx_source_2 (j s k : nat) : R := if (0 < j)%N then dx_source j s k + \sum_(h < n_out) W j h k *
  hidden_dz s h else dx_source j s k.
Definition last_J (j h k s : nat) : R := dz s h * x_source j s k.
Definition last_dx_source_2 (j s k : nat) : R := if (0 < j)%N then dx_source j s k + \sum_(h < n_out) W j h k * dz s h
  else dx_source j s k.
End Lines.
Section Loop.
Variable R : comRingType.
Variable last : nat.
Variable n : nat -> nat.
Variable W : nat -> nat -> nat -> nat -> R.
Variable dz : nat -> nat -> nat -> R.
Variable slope : nat -> nat -> nat -> R.
Variable start : nat -> nat -> nat -> R.
(* du of every layer, once d layers are done, the last one first *)
Fixpoint loop (d : nat) : nat -> nat -> nat -> R :=
  if d is c.+1 then let m := (last - c)%N in let memory := loop c in
    put_upto memory m (if c is 0%N then last_dx_source_2 (n m.+1) (dz m.+1) (W m) memory else hidden_dx_source_2 (n
      m.+1) (memory m.+1) (slope m.+1) (W m) memory)
  else start.
End Loop.
End jacobian_direct.

(* squared derivatives by every weight W_ij and by every hidden activation, summed over samples *)
Module curvature_direct.
Section Lines.
Variable R : comRingType.
Variables n_samples n_out : nat.
Variables mean rise : nat -> R.
Variables dx dz slope x : nat -> nat -> R.
Variables H W dx_source x_source : nat -> nat -> nat -> R.
Definition hidden_rise_2 (h : nat) : R := rise h + \sum_(s < n_samples) ((x s h - mean h) ^+ 2) * ((dx s h) ^+ 2).
Definition hidden_dz (s h : nat) : R := dx s h * slope s h.
Definition hidden_H_2 (j h k : nat) : R := H j h k + \sum_(s < n_samples) ((hidden_dz s h) ^+ 2) * ((x_source j s k) ^+
  2).
Definition hidden_dx_source_2 (j s k : nat) : R := if (0 < j)%N then dx_source j s k + \sum_(h < n_out) W j h k *
  hidden_dz s h else dx_source j s k.
Definition last_H_2 (j h k : nat) : R := H j h k + \sum_(s < n_samples) ((dz s h) ^+ 2) * ((x_source j s k) ^+ 2).
Definition last_dx_source_2 (j s k : nat) : R := if (0 < j)%N then dx_source j s k + \sum_(h < n_out) W j h k * dz s h
  else dx_source j s k.
End Lines.
Section Loop.
Variable R : comRingType.
Variable last : nat.
Variable n : nat -> nat.
Variable W : nat -> nat -> nat -> nat -> R.
Variable dz : nat -> nat -> nat -> R.
Variable slope : nat -> nat -> nat -> R.
Variable start : nat -> nat -> nat -> R.
(* du of every layer, once d layers are done, the last one first *)
Fixpoint loop (d : nat) : nat -> nat -> nat -> R :=
  if d is c.+1 then let m := (last - c)%N in let memory := loop c in
    put_upto memory m (if c is 0%N then last_dx_source_2 (n m.+1) (dz m.+1) (W m) memory else hidden_dx_source_2 (n
      m.+1) (memory m.+1) (slope m.+1) (W m) memory)
  else start.
End Loop.
End curvature_direct.

(* column of the factor F of the second derivative of squared error *)
Module factor_squared_error.
Section Lines.
Variable R : rcfType.
Variables scale : R.
Variables weight : nat -> R.
Variables label : nat -> nat.
Definition d_output (s h : nat) : R := (h == label s :> nat)%:R * Num.sqrt (scale * weight s * 2%:R).
End Lines.
End factor_squared_error.

(* column of the factor F of the second derivative of huber *)
Module factor_huber.
Section Lines.
Variable R : rcfType.
Variables scale : R.
Variables weight : nat -> R.
Variables label : nat -> nat.
Variables output target : nat -> nat -> R.
Definition d_output (s h : nat) : R := (h == label s :> nat)%:R * Num.sqrt (scale * weight s * (if (output s h - target
  s h < - 1) || (output s h - target s h > 1) then 0 else 1)).
End Lines.
End factor_huber.

(* column of the factor F of the second derivative of poisson *)
Module factor_poisson.
Section Lines.
Variable R : rcfType.
Variables exp : R -> R.
Variables scale : R.
Variables weight : nat -> R.
Variables label : nat -> nat.
Variables output : nat -> nat -> R.
Definition d_output (s h : nat) : R := (h == label s :> nat)%:R * Num.sqrt (scale * weight s * exp (output s h)).
End Lines.
End factor_poisson.

(* column of the factor F of the second derivative of binary cross entropy *)
Module factor_binary_cross_entropy.
Section Lines.
Variable R : rcfType.
Variables exp : R -> R.
Variables scale : R.
Variables weight : nat -> R.
Variables label : nat -> nat.
Variables output : nat -> nat -> R.
Definition d_output (s h : nat) : R := (h == label s :> nat)%:R * Num.sqrt (scale * weight s * (if output s h <= 0 then
  exp (output s h) / ((1 + exp (output s h)) ^+ 2) else exp (- output s h) / ((1 + exp (- output s h)) ^+ 2))).
End Lines.
End factor_binary_cross_entropy.

(* column of the factor F of the second derivative of cross entropy *)
Module factor_cross_entropy.
Section Lines.
Variable R : rcfType.
Variables exp : R -> R.
Variable greatest : nat -> (nat -> R) -> R.
Variables n_out : nat.
Variables scale : R.
Variables weight : nat -> R.
Variables label : nat -> nat.
Variables output : nat -> nat -> R.
Definition peak (s : nat) : R := greatest n_out (fun h => output s h).
Definition shifted (s h : nat) : R := exp (output s h - peak s).
Definition total (s : nat) : R := \sum_(h < n_out) shifted s h.
Definition chosen (s : nat) : R := \sum_(h < n_out) shifted s h * (h == label s :> nat)%:R.
Definition d_output (s h : nat) : R := Num.sqrt (chosen s * scale * weight s / total s) * ((h == label s :> nat)%:R -
  shifted s h / total s).
End Lines.
End factor_cross_entropy.
