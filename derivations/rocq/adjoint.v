(* M8: the adjoint of the propagation, for every number of layers, all widths, every number of samples.
   In the form of a pairing: what the tangent of the propagation (product rule, line by line) does to the last z,
   seen through any cotangent of z, is what the adjoint gives for each parameter, times its change, summed. *)
From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp Require Import ring.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Pairing.
Variable R : comRingType.
Definition pair m n (X Y : 'M[R]_(m, n)) := \tr (X^T *m Y).
Definition had m n (X Y : 'M[R]_(m, n)) := \matrix_(i, j) (X i j * Y i j).
Lemma pairDr m n (X Y Z : 'M_(m, n)) : pair X (Y + Z) = pair X Y + pair X Z.
Proof. by rewrite /pair mulmxDr mxtraceD. Qed.
Lemma pairDl m n (X Y Z : 'M_(m, n)) : pair (X + Y) Z = pair X Z + pair Y Z.
Proof. by rewrite /pair linearD mulmxDl mxtraceD. Qed.
Lemma pairNr m n (X Y : 'M_(m, n)) : pair X (- Y) = - pair X Y.
Proof. by rewrite /pair mulmxN linearN. Qed.
Lemma pairNl m n (X Y : 'M_(m, n)) : pair (- X) Y = - pair X Y.
Proof. by rewrite /pair linearN mulNmx linearN. Qed.
Lemma pair0l m n (Y : 'M_(m, n)) : pair 0 Y = 0.
Proof. by rewrite /pair linear0 mul0mx linear0. Qed.
Lemma pair_left m n p (X : 'M_(m, p)) (Y : 'M_(m, n)) (Z : 'M_(n, p)) : pair X (Y *m Z) = pair (Y^T *m X) Z.
Proof. by rewrite /pair trmx_mul trmxK mulmxA. Qed.
Lemma pair_right m n p (X : 'M_(m, p)) (Y : 'M_(m, n)) (Z : 'M_(n, p)) : pair X (Y *m Z) = pair (X *m Z^T) Y.
Proof. by rewrite /pair trmx_mul trmxK mulmxA mxtrace_mulC mulmxA. Qed.
Lemma pair_had m n (X G Y : 'M_(m, n)) : pair X (had G Y) = pair (had X G) Y.
Proof.
rewrite /pair /mxtrace; apply: eq_bigr => i _; rewrite !mxE; apply: eq_bigr => j _.
by rewrite !mxE mulrA.
Qed.
End Pairing.

Section Adjoint.
Variables (R : comRingType) (n : nat -> nat) (s last : nat).
Variables (phi phi' : forall i, 'M[R]_(n i.+1, n i)) (lam lam' : forall i, 'rV[R]_(n i)).
Variables (u g : forall i, 'M[R]_(n i, s)) (u' : forall i, 'M[R]_(n i, s)).
Definition L i := diag_mx (lam i).
Definition L' i := diag_mx (lam' i).
Definition M i := phi i *m L i - L i.+1 *m phi i.
Definition M' i := phi' i *m L i + phi i *m L' i - L' i.+1 *m phi i - L i.+1 *m phi' i.

(* the tangent of z_{i+1} = M u_i, v = phi u_i, u_{i+1} = f(z_{i+1}) - v, with g = f'(z) *)
Definition z' i := M' i *m u i + M i *m u' i.
Definition v' i := phi' i *m u i + phi i *m u' i.
Hypothesis u'_is : forall i, (i < last)%N -> u' i.+1 = had (g i.+1) (z' i) - v' i.

(* the adjoint, from the last layer down *)
Variables (bz : forall i, 'M[R]_(n i.+1, s)) (bu : forall i, 'M[R]_(n i, s)).
Hypothesis bz_is : forall i, (i < last)%N -> bz i = had (bu i.+1) (g i.+1).
Hypothesis bu_last : bu last.+1 = 0.
Hypothesis bu_is : forall i, (i <= last)%N -> bu i = (M i)^T *m bz i - (phi i)^T *m bu i.+1.
Definition bM i := bz i *m (u i)^T.
Definition bphi i := bM i *m L i - L i.+1 *m bM i - bu i.+1 *m (u i)^T.
Definition blam_in i : 'rV_(n i) := \row_k \sum_h bM i h k * phi i h k.
Definition blam_out i : 'rV_(n i.+1) := \row_h - \sum_k bM i h k * phi i h k.

Lemma pair_diag m (X : 'M[R]_m) (d : 'rV_m) : pair X (diag_mx d) = pair (\row_k X k k) d.
Proof.
rewrite /pair; transitivity (\sum_k X k k * d 0 k).
  rewrite /mxtrace; apply: eq_bigr => i _; rewrite !mxE (bigD1 i) //= !mxE eqxx mulr1n.
  by rewrite big1 ?addr0 // => j /negPf ne; rewrite !mxE ne mulr0n mulr0.
by rewrite mxtrace_mulC /mxtrace big_ord1 mxE; apply: eq_bigr => i _; rewrite !mxE mulrC.
Qed.

Lemma layer i : (i <= last)%N ->
  pair (bz i) (z' i) - pair (bu i.+1) (v' i) =
  pair (bphi i) (phi' i) + pair (blam_in i) (lam' i) + pair (blam_out i) (lam' i.+1) + pair (bu i) (u' i).
Proof.
move=> il.
have din : pair (blam_in i) (lam' i) = pair ((phi i)^T *m bM i) (L' i).
  rewrite pair_diag; congr (pair _ _); apply/rowP => k; rewrite !mxE.
  by apply: eq_bigr => h _; rewrite !mxE mulrC.
have dout : pair (blam_out i) (lam' i.+1) = - pair (bM i *m (phi i)^T) (L' i.+1).
  rewrite pair_diag -pairNl; congr (pair _ _); apply/rowP => h; rewrite !mxE; congr (- _).
  by apply: eq_bigr => k _; rewrite !mxE.
have tL j : (L j)^T = L j by rewrite tr_diag_mx.
rewrite din dout (bu_is il) /z' /v' /bphi /M' /bM !(pairDr, pairDl, pairNl).
rewrite (pair_right _ _ (u i)) !(pairDr, pairNr) (pair_left _ (M i)).
rewrite (pair_right _ (phi' i) (L i)) tL (pair_left _ (phi i) (L' i)) (pair_right _ (L' i.+1)).
rewrite (pair_left _ (L i.+1) (phi' i)) tL (pair_right (bu i.+1) (phi' i)) (pair_left (bu i.+1) (phi i)).
do 7!move: (pair _ _) => ?.
ring.
Qed.

Theorem M8 :
  pair (bz last) (z' last) =
  \sum_(i < last.+1) (pair (bphi i) (phi' i) + pair (blam_in i) (lam' i) + pair (blam_out i) (lam' i.+1))
  + pair (bu 0%N) (u' 0%N).
Proof.
pose T i := pair (bphi i) (phi' i) + pair (blam_in i) (lam' i) + pair (blam_out i) (lam' i.+1).
have hidden i : (i <= last)%N -> pair (bu i) (u' i) = \sum_(j < i) T j + pair (bu 0%N) (u' 0%N).
  elim: i => [|i IH] il; first by rewrite big_ord0 add0r.
  rewrite u'_is // pairDr pairNr pair_had -bz_is // layer ?(ltnW il) // IH ?(ltnW il) //.
  by rewrite big_ord_recr /= -/(T i) addrA [T i + _]addrC.
have := layer (leqnn last); rewrite bu_last pair0l subr0 => ->.
by rewrite hidden // big_ord_recr /= -/(T last) addrA [T last + _]addrC.
Qed.
End Adjoint.
