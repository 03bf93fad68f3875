(* M6, M11, M15, M16: scores of neurons, what may be dropped, the refit of the kept ones, the merging of two.
   pair X Y = \tr (X^T Y) is the sum over all entries of X times Y, so pair X X is the squared norm. *)
From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp Require Import ring.
From SpectralCore Require Import adjoint.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.Theory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(* --- M6: the norm of the path tensor splits over the hidden neurons h --- *)
Section PathTensor.
Variable R : comRingType.
Definition weight p q (phi : 'M[R]_(p, q)) (a : 'rV_q) (b : 'rV_p) := phi *m diag_mx a - diag_mx b *m phi.
Definition outgoing p q (V : 'M[R]_(p, q)) h := \sum_a V a h ^+ 2.
Definition incoming p q (U : 'M[R]_(p, q)) h := \sum_c U h c ^+ 2.

Theorem M6 p q r (V : 'M[R]_(p, q)) (U : 'M_(q, r)) :
  \sum_a \sum_h \sum_c (V a h * U h c) ^+ 2 = \sum_h outgoing V h * incoming U h.
Proof.
rewrite exchange_big; apply: eq_bigr => h _; rewrite big_distrlr /=.
by apply: eq_bigr => a _; apply: eq_bigr => c _; rewrite exprMn.
Qed.

(* a hidden neuron's row of phi1 times t, its column of phi2 divided by t: the skip weight and each term stay *)
Theorem M6_rescaling p q r (phi2 : 'M[R]_(p, q)) (phi1 : 'M_(q, r)) (t t1 : 'rV_q) a b c :
  (forall h, t1 0 h * t 0 h = 1) ->
  let V := weight phi2 b c in let U := weight phi1 a b in
  let V' := weight (phi2 *m diag_mx t1) b c in let U' := weight (diag_mx t *m phi1) a b in
  (forall h, outgoing V' h * incoming U' h = outgoing V h * incoming U h) /\
  V' *m (diag_mx t *m phi1) = V *m phi1.
Proof.
move=> inv V U V' U'.
have comm n (x y : 'rV[R]_n) : diag_mx x *m diag_mx y = diag_mx y *m diag_mx x.
  by rewrite !mulmx_diag; congr diag_mx; apply/rowP => h; rewrite !mxE mulrC.
have eV : V' = V *m diag_mx t1 by rewrite /V' /V /weight mulmxBl -!mulmxA comm.
have eU : U' = diag_mx t *m U by rewrite /U' /U /weight mulmxBr !mulmxA comm.
have one : diag_mx t1 *m diag_mx t = 1%:M.
  by rewrite mulmx_diag -diag_const_mx; congr diag_mx; apply/rowP => h; rewrite !mxE inv.
split=> [h|]; last by rewrite eV -mulmxA (mulmxA (diag_mx t1)) one mul1mx.
have -> : outgoing V' h = outgoing V h * t1 0 h ^+ 2.
  by rewrite /outgoing mulr_suml; apply: eq_bigr => i _; rewrite eV mul_mx_diag mxE exprMn.
have -> : incoming U' h = t 0 h ^+ 2 * incoming U h.
  by rewrite /incoming mulr_sumr; apply: eq_bigr => i _; rewrite eU mul_diag_mx mxE exprMn.
by rewrite -mulrA (mulrA (t1 0 h ^+ 2)) -exprMn inv expr1n mul1r.
Qed.
End PathTensor.

(* --- M11: the network of the live neurons alone, for every depth, with all skip connections --- *)
Section Compaction.
Variables (R : comRingType) (n : nat -> nat) (s : nat) (f : R -> R).
Variable W : forall i j, 'M[R]_(n i.+1, n j).
Variable live : forall i, pred 'I_(n i).
Variables x z y yz : forall i, 'M[R]_(n i, s).
Hypothesis z_is : forall i, z i.+1 = \sum_(j < i.+1) W i j *m x j.
Hypothesis x_is : forall i, x i.+1 = map_mx f (z i.+1).

(* the compact network: it knows the input and sums over live neurons only *)
Hypothesis y0 : forall k t, live k -> y 0%N k t = x 0%N k t.
Hypothesis yz_is : forall i h t, live h -> yz i.+1 h t = \sum_(j < i.+1) \sum_(k | live k) W i j h k * y j k t.
Hypothesis y_is : forall i h t, live h -> y i.+1 h t = f (yz i.+1 h t).

(* a neuron that is dropped is silent, or no live neuron hears it *)
Hypothesis dropped : forall i j h k, live h -> ~~ live k -> (forall t, x j k t = 0) \/ W i j h k = 0.

Theorem M11 i h t : live h -> y i h t = x i h t.
Proof.
elim/ltn_ind: i h t => -[|i] IH h t lh; first exact: y0.
rewrite y_is // yz_is // x_is mxE z_is summxE; congr f; apply: eq_bigr => j _.
rewrite mxE [RHS](bigID (@live j)) /= [X in _ + X]big1 ?addr0 => [|k lk].
  by apply: eq_bigr => k lk; rewrite IH.
by case: (dropped lh lk) => [->|->]; rewrite ?mulr0 ?mul0r.
Qed.
End Compaction.

(* --- M15: the refit by completing the square --- *)
Section Refit.
Lemma pairC (R : comRingType) m n (X Y : 'M[R]_(m, n)) : pair X Y = pair Y X.
Proof. by rewrite /pair -mxtrace_tr trmx_mul trmxK. Qed.
Lemma pairZr (R : comRingType) m n c (X Y : 'M[R]_(m, n)) : pair X (c *: Y) = c * pair X Y.
Proof. by rewrite /pair -scalemxAr linearZ. Qed.

Definition loss (R : comRingType) s o k (T : 'M[R]_(s, o)) (X : 'M_(s, k)) rho (W : 'M_(o, k)) :=
  pair (T - X *m W^T) (T - X *m W^T) + rho * pair W W.

Theorem M15_square (R : comRingType) s o k (T : 'M[R]_(s, o)) (X : 'M_(s, k)) rho (W D : 'M_(o, k)) :
  W *m (X^T *m X + rho%:M) = T^T *m X ->
  loss T X rho (W + D) = loss T X rho W + pair (X *m D^T) (X *m D^T) + rho * pair D D.
Proof.
move=> normal.
(* the mixed terms cancel: the residual seen through X is rho W *)
have res : (T - X *m W^T)^T *m X = rho *: W.
  rewrite linearB /= trmx_mul trmxK mulmxBl -normal mulmxDr mul_mx_scalar.
  by rewrite -(mulmxA W) addrAC subrr add0r.
have mixed : pair (T - X *m W^T) (X *m D^T) = rho * pair W D.
  rewrite pair_left (pairC W) -pairZr -res.
  by rewrite /pair !trmx_mul !trmxK mxtrace_mulC.
rewrite /loss linearD /= mulmxDr opprD addrA.
move: (T - _) mixed => E mixed.
rewrite !(pairDr, pairDl, pairNr, pairNl) (pairC _ E) mixed (pairC D W).
ring.
Qed.

Section Minimum.
Variables (R : realFieldType) (s o k : nat) (T : 'M[R]_(s, o)) (X : 'M[R]_(s, k)) (rho : R) (W : 'M[R]_(o, k)).
Hypothesis positive : 0 < rho.
Hypothesis normal : W *m (X^T *m X + rho%:M) = T^T *m X.

Lemma pair_sum m n (Y : 'M[R]_(m, n)) : pair Y Y = \sum_j \sum_i Y i j ^+ 2.
Proof. by rewrite /pair /mxtrace; apply: eq_bigr => j _; rewrite mxE; apply: eq_bigr => i _; rewrite mxE. Qed.
Lemma pair_ge0 m n (Y : 'M[R]_(m, n)) : 0 <= pair Y Y.
Proof. by rewrite pair_sum; apply: sumr_ge0 => j _; apply: sumr_ge0 => i _; apply: sqr_ge0. Qed.
Lemma pair_eq0 m n (Y : 'M[R]_(m, n)) : pair Y Y = 0 -> Y = 0.
Proof.
rewrite pair_sum => /eqP; rewrite psumr_eq0 => [/allP zero|j _]; last by apply: sumr_ge0 => i _; apply: sqr_ge0.
apply/matrixP => i j; rewrite mxE.
have := zero j (mem_index_enum j); rewrite /= psumr_eq0 => [/allP one|l _]; last exact: sqr_ge0.
by have := one i (mem_index_enum i); rewrite /= sqrf_eq0 => /eqP.
Qed.

Theorem M15_minimum V : loss T X rho W <= loss T X rho V.
Proof.
rewrite -(subrK W V) [V - W + W]addrC (M15_square _ normal) -addrA -subr_ge0 addrC addKr.
by rewrite addr_ge0 ?mulr_ge0 ?pair_ge0 // ltW.
Qed.

Theorem M15_unique V : loss T X rho V = loss T X rho W -> V = W.
Proof.
rewrite -{1}(subrK W V) [V - W + W]addrC (M15_square _ normal) -addrA => /eqP.
rewrite -subr_eq0 addrC addKr paddr_eq0 ?mulr_ge0 ?pair_ge0 ?ltW // => /andP[_].
by rewrite mulf_eq0 (gt_eqF positive) /= => /eqP/pair_eq0/eqP; rewrite subr_eq0 => /eqP.
Qed.
End Minimum.
End Refit.

(* --- M16: neurons of one layer with the rows w and c w are one neuron --- *)
Section Merging.
Variables (R : realFieldType) (f : R -> R).
Definition homogeneous := forall c z, 0 < c -> f (c * z) = c * f z.

(* X: everything that the two neurons receive; a, b: their outgoing columns, into any layer behind *)
Theorem M16 p q s (w : 'rV[R]_q) (X : 'M_(q, s)) (a b : 'cV_p) c : homogeneous -> 0 < c ->
  a *m map_mx f (w *m X) + b *m map_mx f ((c *: w) *m X) = (a + c *: b) *m map_mx f (w *m X).
Proof.
move=> hom pos; have -> : map_mx f ((c *: w) *m X) = c *: map_mx f (w *m X).
  by apply/matrixP => i j; rewrite -scalemxAl !mxE hom.
by rewrite mulmxDl -scalemxAr -scalemxAl.
Qed.
End Merging.

(* relu is the case a = 0, the identity the case a = 1 *)
Definition leaky_relu (R : realFieldType) (a z : R) := if 0 <= z then z else a * z.
Theorem M16_leaky_relu (R : realFieldType) (a : R) : homogeneous (leaky_relu a).
Proof. by move=> c z pos; rewrite /leaky_relu pmulr_rge0 //; case: ifP => // _; rewrite mulrCA. Qed.
