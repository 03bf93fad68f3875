(* The printed programs are the recursions of M7 and M8, for every number of layers, all widths,
   every number of samples: lines of one layer first, then the loops. *)
From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp Require Import ring.
From SpectralCore Require Import network adjoint steps whole programs.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(* Arrays as matrices. Those over samples are stored sample first, the transpose of the columns of the mathematics. *)
Definition mat (R : Type) p q (a : nat -> nat -> R) : 'M[R]_(p, q) := \matrix_(h < p, k < q) a h k.
Definition tmat (R : Type) p s (a : nat -> nat -> R) : 'M[R]_(p, s) := \matrix_(h < p, t < s) a t h.
Definition vec (R : Type) p (a : nat -> R) : 'rV[R]_p := \row_h a h.

Lemma put_same T (m : nat -> T) i a : put m i a i = a.
Proof. by rewrite /put eqxx. Qed.
Lemma put_other T (m : nat -> T) i a j : j != i -> put m i a j = m j.
Proof. by rewrite /put => /negPf ->. Qed.

(* --- the lines of one layer, propagation --- *)
Section OneLayer.
Variables (R : comRingType) (f df : R -> R) (p q s : nat) (phi u : nat -> nat -> R) (a b : nat -> R).
Notation Phi := (mat p q phi).
Notation D := (Phi *m diag_mx (vec q a) - diag_mx (vec p b) *m Phi).

Lemma M_is : D = mat p q (propagate_global.hidden_M a b phi).
Proof. by apply/matrixP => h k; rewrite M2 !mxE. Qed.
Lemma times_M : tmat p s (propagate_global.hidden_z q a b phi u) = D *m tmat q s u.
Proof. by rewrite M_is; apply/matrixP => h t; rewrite !mxE; apply: eq_bigr => k _; rewrite !mxE. Qed.
Lemma z_is : tmat p s (propagate_global.hidden_z q a b phi u) = z Phi (vec q a) (vec p b) (tmat q s u).
Proof. by rewrite z_M times_M. Qed.
Lemma v_is : tmat p s (propagate_global.hidden_v q phi u) = Phi *m tmat q s u.
Proof. by apply/matrixP => h t; rewrite !mxE; apply: eq_bigr => k _; rewrite !mxE. Qed.
Lemma u_is : tmat p s (propagate_global.hidden_u f q a b phi u) =
  next (map_mx f) Phi (vec q a) (vec p b) (tmat q s u).
Proof. by rewrite /next -z_is -v_is; apply/matrixP => h t; rewrite !mxE. Qed.
Lemma slope_is : tmat p s (propagate_global.hidden_slope df q a b phi u) =
  map_mx df (z Phi (vec q a) (vec p b) (tmat q s u)).
Proof. by rewrite -z_is; apply/matrixP => h t; rewrite !mxE. Qed.
End OneLayer.

(* --- M7: the loop --- *)
Section Propagation.
Variables (R : comRingType) (f : R -> R) (n : nat -> nat) (s : nat).
Variables (phi : nat -> nat -> nat -> R) (lam : nat -> nat -> R) (start : nat -> nat -> nat -> R).
Notation Phi := (fun i => mat (n i.+1) (n i) (phi i)).
Notation Lam := (fun i => vec (n i) (lam i)).
Notation run := (propagate_global.loop f n lam (fun i => lam i.+1) phi start).

Lemma kept i l : (i <= l)%N -> run l i = run i i.
Proof.
elim: l => [|l IH]; first by rewrite leqn0 => /eqP ->.
rewrite leq_eqVlt => /orP[/eqP -> //|il]; rewrite -IH // [LHS]put_other //.
by rewrite neq_ltn il.
Qed.
Lemma loop_is (x : forall i, 'M_(n i, s)) i : x 0%N = tmat (n 0%N) s (start 0%N) ->
  tmat (n i) s (run i i) = network.u Phi Lam (fun=> map_mx f) x i.
Proof. by move=> x0; elim: i => [//|i IH]; rewrite [run _ _]put_same u_is IH. Qed.

Variables (last : nat) (x z : forall i, 'M[R]_(n i, s)).
Hypothesis z_sums : forall i, z i.+1 = \sum_(j < i.+1) W Phi Lam i j *m x j.
Hypothesis x_is : forall i, x i.+1 = map_mx f (z i.+1).
Hypothesis x_start : x 0%N = tmat (n 0%N) s (start 0%N).

(* z of every layer, by the lines of a hidden or of the last one, after the loop *)
Definition printed_z i := let u := run last in
  if (i < last)%N then propagate_global.hidden_z (n i) (lam i) (lam i.+1) (phi i) (u i)
  else propagate_global.last_z (n i) (lam i) (lam i.+1) (phi i) (u i).

Theorem M7_program i : (i <= last)%N -> tmat (n i.+1) s (printed_z i) = z i.+1.
Proof.
move=> il; rewrite -(M7 (f := fun=> map_mx f) z_sums x_is) /printed_z kept //.
by case: ifP => _; rewrite [LHS]z_is (loop_is _ x_start).
Qed.
End Propagation.

(* --- the lines of one layer, adjoint --- *)
Section OneLayerBack.
Variables (R : comRingType) (p q s : nat) (phi u dz du slope : nat -> nat -> R) (a b : nat -> R).
Notation Phi := (mat p q phi).
Notation D := (Phi *m diag_mx (vec q a) - diag_mx (vec p b) *m Phi).
Notation dM := (adjoint_global.last_dM s dz u).
Notation bM := (tmat p s dz *m (tmat q s u)^T).

Lemma dz_is : tmat p s (adjoint_global.hidden_dz du slope) = had (tmat p s du) (tmat p s slope).
Proof. by apply/matrixP => h t; rewrite !mxE. Qed.
Lemma dM_is : mat p q dM = bM.
Proof. by apply/matrixP => h k; rewrite !mxE; apply: eq_bigr => t _; rewrite !mxE. Qed.
Lemma g_is : mat p q (adjoint_global.hidden_g s du u) = tmat p s du *m (tmat q s u)^T.
Proof. by apply/matrixP => h k; rewrite !mxE; apply: eq_bigr => t _; rewrite !mxE. Qed.
Lemma dphi_is : mat p q (adjoint_global.last_dphi s a b dz u) = bM *m diag_mx (vec q a) - diag_mx (vec p b) *m bM.
Proof. by rewrite -dM_is; apply/matrixP => h k; rewrite M2 !mxE. Qed.
Lemma dlam_in_is : vec q (adjoint_global.last_dlam_in_2 s p (fun=> 0) dz phi u) =
  \row_k \sum_h bM h k * Phi h k.
Proof.
rewrite -dM_is; apply/rowP => k; rewrite !mxE /adjoint_global.last_dlam_in_2 add0r.
by apply: eq_bigr => h _; rewrite !mxE.
Qed.
Lemma dlam_out_is : vec p (adjoint_global.last_dlam_out_2 s q (fun=> 0) dz phi u) =
  \row_h - \sum_k bM h k * Phi h k.
Proof.
rewrite -dM_is; apply/rowP => h; rewrite !mxE /adjoint_global.last_dlam_out_2 sub0r; congr (- _).
by apply: eq_bigr => k _; rewrite !mxE.
Qed.
Lemma du_last : tmat q s (adjoint_global.last_du_in p a b dz phi) = D^T *m tmat p s dz.
Proof. by rewrite M_is; apply/matrixP => k t; rewrite !mxE; apply: eq_bigr => h _; rewrite !mxE. Qed.
Lemma du_hidden : tmat q s (adjoint_global.hidden_du_in_2 p a b du phi slope) =
  D^T *m tmat p s (adjoint_global.hidden_dz du slope) - Phi^T *m tmat p s du.
Proof.
rewrite M_is; apply/matrixP => k t; rewrite !mxE; congr (_ - _); apply: eq_bigr => h _; rewrite !mxE //.
by rewrite mulrC.
Qed.
End OneLayerBack.

(* --- M8: what the two printed programs compute is the change of the last z, seen through any cotangent of it --- *)
Section Adjoint.
Variables (R : comRingType) (e : R) (f df : R -> R) (n : nat -> nat) (s last : nat).
Hypothesis dual : e * e = 0.
Hypothesis f_df : forall a b, f (a + e * b) = f a + e * (df a * b).
Variables (phi : nat -> nat -> nat -> R) (lam : nat -> nat -> R) (start dstart dz : nat -> nat -> nat -> R).
Variables (phi' : forall i, 'M[R]_(n i.+1, n i)) (lam' : forall i, 'rV[R]_(n i)).
Notation Phi := (fun i => mat (n i.+1) (n i) (phi i)).
Notation Lam := (fun i => vec (n i) (lam i)).

(* what lies in memory after the propagation: u, and the slopes of layer i; after the adjoint: du *)
Definition u := propagate_global.loop f n lam (fun i => lam i.+1) phi start last.
Definition slope i := if i is m.+1
  then propagate_global.hidden_slope df (n m) (lam m) (lam m.+1) (phi m) (u m) else fun _ _ => 0.
Definition du := adjoint_global.loop last n dz lam (fun i => lam i.+1) phi slope dstart last.+1.

(* the gradients that the lines of layer i + 1 give, or add to what stands there *)
Definition dphi i := if (i < last)%N
  then adjoint_global.hidden_dphi s (lam i) (lam i.+1) (du i.+1) (slope i.+1) (u i)
  else adjoint_global.last_dphi s (lam i) (lam i.+1) (dz i.+1) (u i).
Definition dlam_in i := if (i < last)%N
  then adjoint_global.hidden_dlam_in_2 s (n i.+1) (fun=> 0) (du i.+1) (phi i) (slope i.+1) (u i)
  else adjoint_global.last_dlam_in_2 s (n i.+1) (fun=> 0) (dz i.+1) (phi i) (u i).
Definition dlam_out i := if (i < last)%N
  then adjoint_global.hidden_dlam_out_2 s (n i) (fun=> 0) (du i.+1) (phi i) (slope i.+1) (u i)
  else adjoint_global.last_dlam_out_2 s (n i) (fun=> 0) (dz i.+1) (phi i) (u i).

(* the same in the words of M8 *)
Notation x := (fun i => tmat (n i) s (start i)).
Notation F := (fun i => map_mx f : 'M_(n i, s) -> 'M_(n i, s)).
Notation U := (network.u Phi Lam F x).
Notation x_e := (x_e e x (fun=> 0)).
Definition bz i : 'M_(n i.+1, s) :=
  if (i < last)%N then had (tmat _ _ (du i.+1)) (tmat _ _ (slope i.+1)) else tmat _ _ (dz i.+1).
Definition bu i : 'M_(n i, s) := match i with
  | 0%N => (M Phi Lam 0)^T *m bz 0 - (if (0 < last)%N then (Phi 0%N)^T *m tmat _ _ (du 1) else 0)
  | i'.+1 => if (i' < last)%N then tmat _ _ (du i'.+1) else 0
  end.

Lemma u_U i : (i <= last)%N -> tmat (n i) s (u i) = U i.
Proof. by move=> il; rewrite /u kept //; apply: loop_is. Qed.

Notation back := (adjoint_global.loop last n dz lam (fun i => lam i.+1) phi slope dstart).
(* layer m is written once c = last - m layers are done, and stays *)
Lemma back_kept m d : (0 < m <= last)%N -> (last - m < d)%N -> back d m = back (last - m).+1 m.
Proof.
move=> /andP[m0 ml]; elim: d => [//|d IH]; rewrite ltnS leq_eqVlt => /orP[/eqP -> //|le].
have lt : (last - d < m)%N by rewrite ltn_psubCl // (leq_ltn_trans _ le).
rewrite -(IH le) /=; case E: (last - d)%N => [//|l].
by rewrite put_other // -E neq_ltn lt orbT.
Qed.
Lemma du_is m : (0 < m <= last)%N -> du m =
  if m == last then adjoint_global.last_du_in (n m.+1) (lam m) (lam m.+1) (dz m.+1) (phi m)
  else adjoint_global.hidden_du_in_2 (n m.+1) (lam m) (lam m.+1) (du m.+1) (phi m) (slope m.+1).
Proof.
move=> /[dup] h /andP[m0 ml]; have at_m d : (0 < d <= last)%N -> du d = back (last - d).+1 d.
  by move=> dl; rewrite /du back_kept // ltnS leq_subr.
rewrite [LHS]at_m //= subKn //.
case: m m0 ml h => [//|m] _ ml h; rewrite put_same.
case: eqP => [->|/eqP ne]; first by rewrite subnn.
have lt : (m.+1 < last)%N by rewrite ltn_neqAle ne.
case E: (last - m.+1)%N => [|c]; first by move: lt; rewrite -subn_gt0 E.
have Ec : (last - m.+2)%N = c by apply: succn_inj; rewrite subnSK.
by rewrite at_m ?Ec.
Qed.

Lemma bu_is i : (i <= last)%N -> bu i = (M Phi Lam i)^T *m bz i - (Phi i)^T *m bu i.+1.
Proof.
case: i => [|i] il; first by rewrite /=; case: ifP; rewrite ?mulmx0.
rewrite {1}/bu il du_is ?il // /bz /bu; case: eqP => [e_last|/eqP ne].
  by rewrite e_last ltnn mulmx0 subr0 -e_last du_last.
have -> : (i.+1 < last)%N by rewrite ltn_neqAle ne.
by rewrite du_hidden dz_is.
Qed.

Theorem M8_program :
  pair (tmat _ _ (dz last.+1)) (zc (phi_e e Phi phi') (lam_e e Lam lam') F x_e last) =
  pair (tmat _ _ (dz last.+1)) (zc Phi Lam F x last) + e * \sum_(i < last.+1)
    (pair (mat _ _ (dphi i)) (phi' i) + pair (vec _ (dlam_in i)) (lam' i) + pair (vec _ (dlam_out i)) (lam' i.+1)).
Proof.
have bz_last : bz last = tmat _ _ (dz last.+1) by rewrite /bz ltnn.
have bu_last : bu last.+1 = 0 by rewrite /bu ltnn.
pose slopes i : 'M_(n i, s) -> 'M_(n i, s) := map_mx df.
have f_slopes i (a b : 'M_(n i, s)) : map_mx f (a + e *: b) = map_mx f a + e *: had (slopes i a) b.
  by apply/matrixP => h t; rewrite !mxE f_df.
have bz_is i : (i < last)%N -> bz i = had (bu i.+1) (g Phi Lam x F slopes i.+1).
  by move=> il; rewrite /bz /bu il slope_is u_U // ltnW.
have both : forall i, (i <= last)%N -> mat _ _ (dphi i) = bphi Lam U bz bu i /\
    vec _ (dlam_in i) = blam_in Phi U bz i /\ vec _ (dlam_out i) = blam_out Phi U bz i.
  move=> i il; rewrite /dphi /dlam_in /dlam_out /bphi /blam_in /blam_out /bM /adjoint.L /bz /bu -u_U //.
  case: ifP => _; last by rewrite dphi_is dlam_in_is dlam_out_is mul0mx subr0.
  rewrite -dz_is; split; last by split; [apply: dlam_in_is|apply: dlam_out_is].
  by rewrite -dphi_is -g_is; apply/matrixP => h k; rewrite !mxE.
rewrite -bz_last (M8_network dual phi' lam' (fun=> 0) f_slopes bz_is bu_last bu_is); congr (_ + e * _).
rewrite [pair (bu 0) _](_ : _ = 0) ?addr0; last by rewrite /pair mulmx0 linear0.
apply: eq_bigr => i _.
by have [|-> [-> ->]] := both i; first by rewrite -ltnS.
Qed.
End Adjoint.

(* --- layerwise: the same M, with x in the place of u and no second path --- *)
Section Layerwise.
Variables (R : comRingType) (f : R -> R) (n : nat -> nat) (s : nat).
Variables (phi : nat -> nat -> nat -> R) (lam : nat -> nat -> R) (start : nat -> nat -> nat -> R).
Notation Phi := (fun i => mat (n i.+1) (n i) (phi i)).
Notation Lam := (fun i => vec (n i) (lam i)).
Variables x z : forall i, 'M[R]_(n i, s).
Hypothesis z_is : forall i, z i.+1 = adjoint.M Phi Lam i *m x i.
Hypothesis x_is : forall i, x i.+1 = map_mx f (z i.+1).
Hypothesis x_start : x 0%N = tmat (n 0%N) s (start 0%N).
Notation run := (propagate_layerwise.loop f n lam (fun i => lam i.+1) phi start).

Lemma layerwise_z i y : tmat (n i) s y = x i ->
  tmat (n i.+1) s (propagate_layerwise.hidden_z (n i) (lam i) (lam i.+1) (phi i) y) = z i.+1.
Proof. by rewrite z_is => <-; apply: times_M. Qed.
Theorem M7_layerwise_program i : tmat (n i) s (run i i) = x i.
Proof.
elim: i => [|i IH]; first by rewrite x_start.
by rewrite x_is -(layerwise_z IH) [run _ _]put_same; apply/matrixP => h t; rewrite !mxE.
Qed.
End Layerwise.

(* --- direct: every W_ij is free --- *)
Section Direct.
Variables (R : comRingType) (f df : R -> R) (n : nat -> nat) (s : nat).
Variables (w : nat -> nat -> nat -> nat -> R) (start : nat -> nat -> nat -> R).
(* W i j leads from layer j to layer i + 1 *)
Notation W i j := (mat (n i.+1) (n j) (w i j)).
Variables x z : forall i, 'M[R]_(n i, s).
Hypothesis z_is : forall i, z i.+1 = \sum_(j < i.+1) W i j *m x j.
Hypothesis x_is : forall i, x i.+1 = map_mx f (z i.+1).
Hypothesis x_start : x 0%N = tmat (n 0%N) s (start 0%N).
Notation run := (propagate_direct.loop f n w start).

Lemma direct_z i m : (forall j, (j <= i)%N -> tmat (n j) s (m j) = x j) ->
  tmat (n i.+1) s (propagate_direct.hidden_z_2 i.+1 n (w i) m) = z i.+1.
Proof.
move=> e; rewrite z_is; apply/matrixP => h t; rewrite !mxE summxE [LHS]add0r; apply: eq_bigr => j _.
by rewrite -e -1?ltnS // !mxE; apply: eq_bigr => k _; rewrite !mxE.
Qed.
Theorem M7_direct_program i j : (j <= i)%N -> tmat (n j) s (run i j) = x j.
Proof.
elim: i j => [|i IH] j; first by rewrite leqn0 => /eqP ->; rewrite x_start.
rewrite leq_eqVlt => /orP[/eqP ->|]; last first.
  by rewrite ltnS => ji; rewrite [run _ _]put_other ?IH // neq_ltn ltnS ji.
by rewrite x_is -(direct_z IH) [run _ _]put_same; apply/matrixP => h t; rewrite !mxE.
Qed.
End Direct.

(* --- M8 in the other two: the lines of one layer, from m neurons that send; dx0 is what stood there --- *)
Section OtherLines.
Variables (R : comRingType) (p q s : nat) (phi x dx slope : nat -> nat -> R) (a b : nat -> R).
Notation Phi := (mat p q phi).
Notation D := (Phi *m diag_mx (vec q a) - diag_mx (vec p b) *m Phi).
Notation dz := (had (tmat p s dx) (tmat p s slope)).
Notation bM := (dz *m (tmat q s x)^T).

Theorem M8_layerwise_lines :
  [/\ mat p q (adjoint_layerwise.hidden_dphi s a b dx slope x) = bM *m diag_mx (vec q a) - diag_mx (vec p b) *m bM,
      vec q (adjoint_layerwise.hidden_dlam_in_2 s p (fun=> 0) dx phi slope x) = \row_k \sum_h bM h k * Phi h k,
      vec p (adjoint_layerwise.hidden_dlam_out_2 s q (fun=> 0) dx phi slope x) = \row_h - \sum_k bM h k * Phi h k
    & tmat q s (adjoint_layerwise.hidden_dx_in p a b dx phi slope) = D^T *m dz].
Proof. by rewrite -dz_is; split; [apply: dphi_is|apply: dlam_in_is|apply: dlam_out_is|apply: du_last]. Qed.

Variables (xs dx0 w : nat -> nat -> nat -> R) (n : nat -> nat).
Theorem M8_direct_lines j :
  mat p (n j) (adjoint_direct.hidden_dW s dx slope xs j) = dz *m (tmat (n j) s (xs j))^T /\
  tmat (n j) s (adjoint_direct.hidden_dx_source_2 p dx slope w dx0 j) =
    tmat (n j) s (dx0 j) + (if (0 < j)%N then (mat p (n j) (w j))^T *m dz else 0).
Proof.
split; first by rewrite -dz_is -dM_is.
apply/matrixP => k t; rewrite !mxE /adjoint_direct.hidden_dx_source_2; case: ifP => _; rewrite !mxE ?addr0 //.
by congr (_ + _); apply: eq_bigr => h _; rewrite !mxE.
Qed.
End OtherLines.
