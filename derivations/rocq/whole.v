(* Whole networks: what M8 differentiates, and what M2, M9, M10, M12, M13 and M14 say about every layer behind. *)
From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp Require Import ring.
From SpectralCore Require Import network adjoint steps.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

(* --- M2: the inverse for two layers --- *)
Theorem M2_inverse (R : comRingType) n (phi : forall i, 'M[R]_(n i.+1, n i)) :
  polynomial 1 (big 1 (Phi phi)) = 1%:M *+ 2 - big 1 (Phi phi).
Proof.
have same T (F : 'M[R]_T) : polynomial 1 F = 1%:M *+ 2 - F; last exact: same.
rewrite /polynomial big_ord_recr big_ord1 /=.
by rewrite expr0 scale1r expr1 scaleN1r mulmx1 bin1 binn.
Qed.

(* --- M9, M10: all weights, skip connections too --- *)
Section Weights.
Variables (R : comRingType) (n : nat -> nat).
Variables (phi : forall i, 'M[R]_(n i.+1, n i)) (lam : forall i, 'rV[R]_(n i)).

Theorem M9_network c i j : W phi (fun l => lam l + const_mx c) i j = W phi lam i j.
Proof.
rewrite /W /network.L; set moved := phi i *m _ - _; set old := phi i *m _ - _.
suff -> : moved = old by [].
by apply/matrixP => h k; rewrite !M2 !mxE opprD addrACA subrr addr0.
Qed.

Variables (s : nat) (f : R -> R) (x z : forall i, 'M[R]_(n i, s)).
Hypothesis z_is : forall i, z i.+1 = \sum_(j < i.+1) W phi lam i j *m x j.
Hypothesis x_is : forall i, x i.+1 = map_mx f (z i.+1).

Theorem M10_network i h : f 0 = 0 -> (forall k, phi i h k * (lam i 0 k - lam i.+1 0 h) = 0) ->
  (forall j k, W phi lam i j h k = 0) /\ (forall t, x i.+1 h t = 0).
Proof.
move=> f0 zero; have none j k : W phi lam i j h k = 0.
  rewrite /W !mxE bigop.big1 ?mulr0 // => l _.
  by rewrite /network.L M2 [_ * phi i h l]mulrC zero mul0r.
split=> // t; rewrite x_is mxE z_is summxE bigop.big1 // => j _.
by rewrite mxE bigop.big1 // => k _; rewrite none mul0r.
Qed.
End Weights.

(* --- M8: the derivative of the propagation, in dual numbers: with e^2 = 0, F(a + e b) = F(a) + e F'(a) b --- *)
Section Derivative.
Variables (R : comRingType) (e : R) (n : nat -> nat) (s last : nat).
Hypothesis dual : e * e = 0.
Variables (phi phi' : forall i, 'M[R]_(n i.+1, n i)) (lam lam' : forall i, 'rV[R]_(n i)).
Variables (x x' : forall i, 'M[R]_(n i, s)) (f : forall i, 'M[R]_(n i, s) -> 'M[R]_(n i, s)).
Variable slope : forall i, 'M[R]_(n i, s) -> 'M[R]_(n i, s).
Hypothesis f_slope : forall i (z dz : 'M_(n i, s)), f (z + e *: dz) = f z + e *: had (slope z) dz.

Definition phi_e i := phi i + e *: phi' i.
Definition lam_e i := lam i + e *: lam' i.
Definition x_e i := x i + e *: x' i.
Notation u := (network.u phi lam f x).
Notation u_e := (network.u phi_e lam_e f x_e).

Lemma dual_mul p q r (A A' : 'M[R]_(p, q)) (B B' : 'M_(q, r)) :
  (A + e *: A') *m (B + e *: B') = A *m B + e *: (A' *m B + A *m B').
Proof.
rewrite mulmxDl !mulmxDr -!scalemxAl -!scalemxAr scalerA dual scale0r addr0.
by rewrite scalerDr -addrA [e *: (A *m B') + _]addrC.
Qed.

(* the tangent, line by line *)
Definition g i := match i return 'M_(n i, s) with 0%N => 0 | i'.+1 => slope (zc phi lam f x i') end.
Fixpoint u' i : 'M[R]_(n i, s) :=
  match i with
  | 0%N => x' 0
  | i'.+1 => had (g i'.+1) (M' phi phi' lam lam' i' *m u i' + M phi lam i' *m u' i')
             - (phi' i' *m u i' + phi i' *m u' i')
  end.

Lemma z_dual i : u_e i = u i + e *: u' i ->
  zc phi_e lam_e f x_e i = zc phi lam f x i + e *: z' phi phi' lam lam' u u' i.
Proof.
have L_e j : network.L lam_e j = L lam j + e *: L' lam' j.
  by rewrite /network.L /lam_e linearD linearZ.
move=> ui; rewrite /zc ui !L_e /phi_e !dual_mul opprD addrACA -scalerBr; congr (_ + e *: _).
rewrite /z' /M' /M !(mulmxDl, mulmxDr, mulNmx) !mulmxA.
by do 6!move: (_ *m _ *m _) => ?; apply/matrixP => p q; rewrite !mxE; ring.
Qed.

Theorem M8_tangent i : u_e i = u i + e *: u' i.
Proof.
elim: i => [//|i IH]; have z_e := z_dual IH.
have step psi l y j : network.u psi l f y j.+1 = f (zc psi l f y j) - psi j *m network.u psi l f y j by [].
rewrite !step z_e f_slope IH dual_mul opprD addrACA -scalerBr.
by congr (_ + e *: _).
Qed.

(* through any cotangent of the last z, the change is e times what the adjoint gives for each parameter *)
Variables (bz : forall i, 'M[R]_(n i.+1, s)) (bu : forall i, 'M[R]_(n i, s)).
Hypothesis bz_is : forall i, (i < last)%N -> bz i = had (bu i.+1) (g i.+1).
Hypothesis bu_last : bu last.+1 = 0.
Hypothesis bu_is : forall i, (i <= last)%N -> bu i = (M phi lam i)^T *m bz i - (phi i)^T *m bu i.+1.

Theorem M8_network :
  pair (bz last) (zc phi_e lam_e f x_e last) = pair (bz last) (zc phi lam f x last) + e * (\sum_(i < last.+1)
    (pair (bphi lam u bz bu i) (phi' i) + pair (blam_in phi u bz i) (lam' i) + pair (blam_out phi u bz i) (lam' i.+1))
    + pair (bu 0%N) (x' 0%N)).
Proof.
rewrite (z_dual (M8_tangent last)) pairDr; congr (_ + _).
rewrite /pair -scalemxAr linearZ /= -/(pair _ _); congr (_ * _).
exact: (M8 (u' := u') (g := g)).
Qed.
End Derivative.

(* --- M12, M13, M14: a network as the layers behind one another, any number of them --- *)
Section Chains.
Variables (R : comRingType) (f : R -> R) (out s : nat).

(* what stands behind a layer of q neurons with eigenvalues a *)
Inductive behind : forall q, 'rV[R]_q -> Type :=
  | Last q (a : 'rV[R]_q) (phi : 'M[R]_(out, q)) (b : 'rV[R]_out) : behind a
  | Then q (a : 'rV[R]_q) p (phi : 'M[R]_(p, q)) (b : 'rV[R]_p) : behind b -> behind a.

(* the output z of the network for the u of that layer: each step is one of M7 *)
Fixpoint run q (a : 'rV[R]_q) (N : behind a) : 'M[R]_(q, s) -> 'M[R]_(out, s) :=
  match N with
  | Last _ a phi b => fun u => z phi a b u
  | Then _ a _ phi b rest => fun u => run rest (next (map_mx f) phi a b u)
  end.

Lemma step_is_M7 n phi lam x i :
  let u := @network.u R n phi lam s (fun _ => map_mx f) x in
  u i.+1 = next (map_mx f) (phi i) (lam i) (lam i.+1) (u i).
Proof. by []. Qed.

Lemma map0 p : f 0 = 0 -> map_mx f (0 : 'M_(p, s)) = 0.
Proof. by move=> f0; apply/matrixP => i j; rewrite !mxE. Qed.

(* what is equal behind a layer stays equal with the layer in front, and so with any number of layers in front *)
Lemma before q (a : 'rV_q) p (phi : 'M_(p, q)) (b : 'rV_p) (N N' : behind b) :
  (forall u, run N u = run N' u) -> forall u, run (Then a phi N) u = run (Then a phi N') u.
Proof. by move=> same u; apply: same. Qed.

Theorem M12_network q p r (phi : 'M_(p, q)) (phi2 : 'M_(r, p)) c (b : 'rV_r) (N : behind b) u : f 0 = 0 ->
  run (Then (const_mx c) phi (Then (const_mx c) phi2 N)) u =
  run (Then (const_mx c) (- (phi2 *m phi)) N) u.
Proof.
move=> f0 /=; have [ez ev] := M12 phi phi2 c b u (map0 p f0).
by congr (run N _); rewrite [LHS]/next ez ev.
Qed.
Theorem M12_last q p (phi : 'M_(p, q)) (phi2 : 'M_(out, p)) c (b : 'rV_out) u : f 0 = 0 ->
  run (Then (const_mx c) phi (Last (const_mx c) phi2 b)) u = run (Last (const_mx c) (- (phi2 *m phi)) b) u.
Proof. by move=> f0; have [ez _] := M12 phi phi2 c b u (map0 p f0). Qed.

(* the rows psi, eigenvalues b' and columns 0 of the new neurons stand below those that were there *)
Lemma wide_next q p p' (phi : 'M_(p, q)) (psi : 'M_(p', q)) (a : 'rV_q) b b' (u : 'M_(q, s)) :
  next (map_mx f) (col_mx phi psi) a (row_mx b b') u =
  col_mx (next (map_mx f) phi a b u) (next (map_mx f) psi a b' u).
Proof.
rewrite /next /z diag_mx_row !(mul_col_mx phi) mul_block_col !mul0mx addr0 add0r.
by rewrite !(opp_col_mx, add_col_mx) map_col_mx add_col_mx.
Qed.
Theorem M13_network q p p' r (phi : 'M_(p, q)) (psi : 'M_(p', q)) (phi2 : 'M_(r, p)) (a : 'rV_q) b b' (c : 'rV_r)
  (N : behind c) u :
  run (Then a (col_mx phi psi) (Then (row_mx b b') (row_mx phi2 0) N)) u =
  run (Then a phi (Then b phi2 N)) u.
Proof.
pose row r' (X : 'M_(r', q)) d := next (map_mx f) X a d u.
rewrite /= wide_next; have [ez ev] := M13 phi2 b c (row _ phi b) b' (row _ psi b').
by congr (run N _); rewrite [LHS]/next ez ev.
Qed.
Theorem M13_last q p p' (phi : 'M_(p, q)) (psi : 'M_(p', q)) (phi2 : 'M_(out, p)) (a : 'rV_q) b b' c u :
  run (Then a (col_mx phi psi) (Last (row_mx b b') (row_mx phi2 0) c)) u =
  run (Then a phi (Last b phi2 c)) u.
Proof.
by rewrite /= wide_next; have [ez _] := M13 phi2 b c (next (map_mx f) phi a b u) b' (next (map_mx f) psi a b' u).
Qed.

Theorem M14_network q (a : 'rV_q) (N : behind a) u : f 0 = 0 ->
  run (Then a (- 1%:M) N) u = run N u.
Proof. by move=> f0; rewrite /= M14 // map0. Qed.
End Chains.
