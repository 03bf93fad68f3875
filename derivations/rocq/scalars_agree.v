(* The printed losses, penalties, proximal maps and optimizer steps are what their theorems say, where a field with an
   order and roots suffices. *)
From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp Require Import ring.
From SpectralCore Require Import programs.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Polynomials.
Variables (R : comRingType) (c : R) (rows out size : nat).
Implicit Types z y dz : nat -> nat -> R.

(* the slope is the part of the change that is linear in dz *)
Theorem L_squared_error l w z y dz :
  squared_error.loss_2 rows out l c w (fun s h => z s h + dz s h) y =
  squared_error.loss_2 rows out l c w z y + \sum_(s < rows) \sum_(h < out) squared_error.d_output c w z y s h * dz s h
  + \sum_(s < rows) \sum_(h < out) c * w s * dz s h ^+ 2.
Proof.
rewrite /squared_error.loss_2 -!addrA -!big_split; congr (_ + _); apply: eq_bigr => s _.
rewrite -!big_split; apply: eq_bigr => h _; rewrite /squared_error.d_output /=; ring.
Qed.

Theorem R_l2 v dv :
  penalty_l2.penalty size c (fun p => v p + dv p) = penalty_l2.penalty size c v
  + \sum_(p < size) penalty_l2.gradient_2 c (fun=> 0) v p * dv p + \sum_(p < size) c * dv p ^+ 2.
Proof.
rewrite /penalty_l2.penalty -!big_split; apply: eq_bigr => p _; rewrite /penalty_l2.gradient_2 /=; ring.
Qed.

Theorem O_sgd (rate mu : R) m g theta p :
  let b := sgd.first_new mu m g p in let step nesterov := sgd.updated mu nesterov rate m g theta p in
  [/\ b = mu * m p + g p, step 0 = theta p - rate * b & step 1 = theta p - rate * (g p + mu * b)].
Proof. by move=> b step; rewrite /step /sgd.updated -/b; split; rewrite ?/b /sgd.first_new; ring. Qed.

Theorem O_decay (share : R) v p : decay.decayed share v p = v p - share * v p.
Proof. rewrite /decay.decayed /decay.kept; ring. Qed.
End Polynomials.

Section Fields.
Variables (R : rcfType) (size : nat).
Implicit Types v g dv : nat -> R.

Theorem L_smoothing (e : R) y s h :
  smooth_targets.soft 0 y s h = y s h /\ smooth_targets.soft e y s h = y s h + e * (1 / 2%:R - y s h).
Proof. by rewrite /smooth_targets.soft; split; field. Qed.

(* the minimum, and the only one *)
Theorem P_l2 (t : R) v p : 0 <= t -> let x := proximal_l2.moved t v p in
  forall y, (y - v p) ^+ 2 / 2%:R + t * y ^+ 2 = (x - v p) ^+ 2 / 2%:R + t * x ^+ 2 + (1 / 2%:R + t) * (y - x) ^+ 2.
Proof.
move=> t0 x y; have d : 1 + 2%:R * t != 0 by rewrite gt_eqF // (lt_le_trans ltr01) // ler_addl mulr_ge0 // ler0n.
by rewrite /x /proximal_l2.moved /proximal_l2.factor; field.
Qed.

(* a subgradient: the penalty lies above its tangent everywhere *)
Theorem R_l1 (c : R) v dv : 0 <= c ->
  penalty_l1.penalty size c v + \sum_(p < size) penalty_l1.gradient_2 c (fun=> 0) v p * dv p
  <= penalty_l1.penalty size c (fun p => v p + dv p).
Proof.
move=> c0; rewrite /penalty_l1.penalty -big_split; apply: ler_sum => p _ /=; rewrite /penalty_l1.gradient_2 add0r.
rewrite -mulrA -mulrDr ler_wpmul2l // normrEsg -mulrDr (le_trans (ler_norm _)) // normrM.
by rewrite ler_pimull // normr_sg lern1 leq_b1.
Qed.

(* the minimum, and the only one *)
Theorem P_l1 (t : R) v p : 0 <= t -> let x := proximal_l1.moved t v p in
  forall y, (x - v p) ^+ 2 / 2%:R + t * `|x| + (y - x) ^+ 2 / 2%:R <= (y - v p) ^+ 2 / 2%:R + t * `|y|.
Proof.
move=> t0 x y; rewrite -subr_ge0.
have -> : (y - v p) ^+ 2 / 2%:R + t * `|y| - ((x - v p) ^+ 2 / 2%:R + t * `|x| + (y - x) ^+ 2 / 2%:R) =
  t * (`|y| - `|x|) + (x - v p) * (y - x) by move: `|y| `|x| => a b; field.
rewrite /x /proximal_l1.moved; case: ifP => [above|]; last case: ifP => [below _|].
- have pos : 0 < v p - t by rewrite subr_gt0.
  rewrite (gtr0_norm pos).
  have -> : t * (`|y| - (v p - t)) + (v p - t - v p) * (y - (v p - t)) = t * (`|y| - y) by move: `|y| => a; ring.
  by rewrite mulr_ge0 // subr_ge0 ler_norm.
- have neg : t + v p < 0 by rewrite -ltr_subr_addr sub0r.
  rewrite (ltr0_norm neg).
  have -> : t * (`|y| - - (t + v p)) + (t + v p - v p) * (y - (t + v p)) = t * (`|y| + y) by move: `|y| => a; ring.
  by rewrite mulr_ge0 // -ler_subl_addr sub0r ler_normr lexx orbT.
move=> /negbT; rewrite -leNgt => low /negbT; rewrite -leNgt => high.
rewrite normr0 !subr0 sub0r mulNr subr_ge0 (le_trans (ler_norm _)) // normrM ler_wpmul2r //.
by rewrite ler_norml high andbT ler_oppl.
Qed.

Theorem O_clip limit g (squares := squared_norm.squares size g) : 0 < limit ->
  if limit < Num.sqrt squares then \sum_(p < size) clip.clipped limit squares g p ^+ 2 = limit ^+ 2
  else forall p, clip.clipped limit squares g p = g p.
Proof.
move=> l0; rewrite /clip.clipped /clip.factor /clip.norm; case: ifP => [big|small p]; last first.
  by rewrite small mul1r.
have n0 : Num.sqrt squares != 0 by rewrite gt_eqF // (lt_trans l0).
have sq : 0 <= squares by apply: sumr_ge0 => p _; apply: sqr_ge0.
under eq_bigr do rewrite big exprMn.
by rewrite -mulr_sumr -/(squared_norm.squares size g) -/squares -[X in _ * X](sqr_sqrtr sq) -exprMn divfK.
Qed.

Theorem O_adam (beta1 beta2 c1 c2 epsilon rate : R) first g theta second p :
  0 <= beta2 <= 1 -> 0 <= second p -> 0 < c2 ->
  let m := beta1 * first p + (1 - beta1) * g p in let v := beta2 * second p + (1 - beta2) * g p ^+ 2 in
  adam.updated beta1 beta2 c1 c2 epsilon rate first g theta second p =
  theta p - rate * (m / c1) / (Num.sqrt (v / c2) + epsilon).
Proof.
move=> /andP[b0 b1] s0 c0 m v; have v0 : 0 <= v by apply: addr_ge0; apply: mulr_ge0; rewrite ?subr_ge0 ?sqr_ge0.
rewrite sqrtrM // sqrtrV ?ltW // /adam.updated /adam.step_size /adam.root /adam.second_new /adam.first_new.
by rewrite [g p ^+ 2 * _]mulrC [epsilon + _]addrC ?sqrtrV ?ltW // [_^-1 * Num.sqrt _]mulrC
  -!mulrA [c1^-1 * (m * _)]mulrCA.
Qed.
End Fields.
