(* M2, M9, M10, M12, M13, M14 as statements about one step of the propagation (M7): since u is its only state,
   a layer that is added, removed or widened needs to be compared only where u enters and leaves it. *)
From mathcomp Require Import all_ssreflect all_algebra.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Steps.
Variable R : comRingType.
Definition z p q s (phi : 'M[R]_(p, q)) (a : 'rV_q) (b : 'rV_p) (u : 'M_(q, s)) :=
  phi *m (diag_mx a *m u) - diag_mx b *m (phi *m u).
Definition next p q s (f : 'M_(p, s) -> 'M_(p, s)) (phi : 'M[R]_(p, q)) a b (u : 'M_(q, s)) :=
  f (z phi a b u) - phi *m u.

Theorem M2 p q (phi : 'M[R]_(p, q)) (a : 'rV_q) (b : 'rV_p) h k :
  (phi *m diag_mx a - diag_mx b *m phi) h k = (a 0 k - b 0 h) * phi h k.
Proof.
rewrite !mxE (bigD1 k) //= (bigD1 h) //= !mxE !eqxx !mulr1n.
rewrite !big1 ?addr0 1?mulrBl 1?mulrC // => [i /negPf ne|i /negPf ne]; rewrite !mxE.
  by rewrite eq_sym ne mulr0n mul0r.
by rewrite ne mulr0n mulr0.
Qed.

Lemma z_M p q s (phi : 'M[R]_(p, q)) a b (u : 'M_(q, s)) :
  z phi a b u = (phi *m diag_mx a - diag_mx b *m phi) *m u.
Proof. by rewrite /z mulmxBl !mulmxA. Qed.

Theorem M9 p q s (phi : 'M[R]_(p, q)) a b (u : 'M_(q, s)) c :
  z phi (a + const_mx c) (b + const_mx c) u = z phi a b u.
Proof.
rewrite !z_M; congr (_ *m _); apply/matrixP => h k; rewrite !M2 !mxE.
by rewrite opprD addrACA subrr addr0.
Qed.

Theorem M10 p q s (phi : 'M[R]_(p, q)) (a : 'rV_q) (b : 'rV_p) (u : 'M_(q, s)) h :
  (forall k, phi h k * (a 0 k - b 0 h) = 0) -> forall t, z phi a b u h t = 0.
Proof.
by move=> e t; rewrite z_M mxE big1 // => k _; rewrite M2 mulrC [_ * phi h k]mulrC e mulr0.
Qed.

Theorem M12 p q r s f (phi : 'M[R]_(p, q)) (phi2 : 'M_(r, p)) c b (u : 'M_(q, s)) : f 0 = 0 ->
  let u1 := next f phi (const_mx c) (const_mx c) u in
  let short := - (phi2 *m phi) in
  z phi2 (const_mx c) b u1 = z short (const_mx c) b u /\ phi2 *m u1 = short *m u.
Proof.
move=> f0 u1 short; have e : u1 = - (phi *m u).
  by rewrite /u1 /next /z !diag_const_mx !mul_scalar_mx scalemxAr subrr f0 sub0r.
have v : phi2 *m u1 = short *m u by rewrite e mulmxN mulNmx mulmxA.
by split=> //; rewrite /z v !diag_const_mx !mul_scalar_mx -!scalemxAr v.
Qed.

Theorem M13 p q q' s (phi : 'M[R]_(p, q)) a b (u : 'M_(q, s)) (a' : 'rV_q') (u' : 'M_(q', s)) :
  let wide := row_mx phi 0 in
  z wide (row_mx a a') b (col_mx u u') = z phi a b u /\ wide *m col_mx u u' = phi *m u.
Proof.
move=> wide; have v (X : 'M_(q, s)) X' : wide *m col_mx X X' = phi *m X.
  by rewrite mul_row_col mul0mx addr0.
split=> //; rewrite /z v diag_mx_row; congr (_ - _).
by rewrite mul_block_col !mul0mx addr0 add0r v.
Qed.

Theorem M14 q s f (a : 'rV[R]_q) (u : 'M_(q, s)) : f 0 = 0 -> next f (- 1%:M) a a u = u.
Proof.
move=> f0; rewrite /next /z !mulNmx !mul1mx mulmxN opprK addNr.
by rewrite f0 sub0r opprK.
Qed.
End Steps.
