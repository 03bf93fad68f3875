(* The block inversion, the weights between layers, the propagation: M1, M3, M4, M5, M7, for every number of layers and
   all widths.
   Layers are counted from 0; n i neurons in layer i, phi i leads from layer i to layer i+1. *)
From mathcomp Require Import all_ssreflect all_algebra.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Binomial.
Variable R : ringType.
Implicit Type x : R.

(* S_B(x) = sum_{i <= B} (-1)^i C(B+1, i+1) x^i *)
Definition S x B := \sum_(i < B.+1) ((-1) ^+ i * x ^+ i) *+ 'C(B.+1, i.+1).

Lemma mul_S x B : x * S x B = 1 - (1 - x) ^+ B.+1.
Proof.
rewrite exprBn_comm; last exact/commr_sym/commr1.
rewrite big_ord_recl bin0 expr0 !expr1n !mulr1 mulr1n opprD addrA subrr add0r.
rewrite /S mulr_sumr -sumrN; apply: eq_bigr => i _.
rewrite !lift0 expr1n mulr1 mulrnAr -mulNrn; congr (_ *+ _).
by rewrite (exprS (-1)) mulN1r mulNr opprK mulrA (commr_sign x i) -mulrA -exprS.
Qed.

Lemma S_mul x B : S x B * x = x * S x B.
Proof.
rewrite /S mulr_suml mulr_sumr; apply: eq_bigr => i _.
by rewrite mulrnAl mulrnAr mulrA (commr_sign x i) -!mulrA -exprS -exprSr.
Qed.

Lemma binomial_inverse x B :
  (1 - x) ^+ B.+1 = 0 -> x * S x B = 1 /\ S x B * x = 1.
Proof. by move=> nil; rewrite S_mul mul_S nil subr0. Qed.
End Binomial.

Section Blocks.
Variables (R : comRingType) (n : nat -> nat).
Variable phi : forall i, 'M[R]_(n i.+1, n i).
Variable lam : forall i, 'rV[R]_(n i).
Definition blocks := forall i j, 'M[R]_(n i, n j).
Implicit Types X Y : blocks.

Definition I1 : blocks := fun i j => if i == j then pid_mx (n i) else 0.
Definition N : blocks := fun i j =>
  match i return 'M_(n i, n j) with 0%N => 0 | i'.+1 => phi i' *m I1 i' j end.
Definition L i : 'M[R]_(n i) := diag_mx (lam i).
Definition Lambda : blocks := fun i j => L i *m I1 i j.
Definition Phi : blocks := fun i j => I1 i j + N i j.

(* P(i, j) = phi^(i-1) ... phi^(j), the identity for i = j and 0 for i < j *)
Fixpoint P i j : 'M[R]_(n i, n j) :=
  if i == j then pid_mx (n i) else
  match i return 'M_(n i, n j) with 0%N => 0 | i'.+1 => phi i' *m P i' j end.

Lemma I1_diag i : I1 i i = 1%:M. Proof. by rewrite /I1 eqxx pid_mx_1. Qed.
Lemma P_diag i : P i i = 1%:M. Proof. by case: i => [|i]; rewrite /= ?eqxx pid_mx_1. Qed.
Lemma P_above i j : (i < j)%N -> P i j = 0.
Proof.
elim: i => [|i IH] ij /=; first by rewrite (ltn_eqF ij).
by rewrite (ltn_eqF ij) IH ?mulmx0 // (ltn_trans _ ij).
Qed.
Lemma P_step i j : (j <= i)%N -> P i.+1 j = phi i *m P i j.
Proof. by move=> ji; rewrite /= gtn_eqF. Qed.
Lemma P_join i m j : (j <= m <= i)%N -> P i m *m P m j = P i j.
Proof.
move=> /andP[jm]; elim: i => [|i IH] mi.
  by move: mi jm; rewrite leqn0 => /eqP ->; rewrite P_diag mul1mx.
move: mi; rewrite leq_eqVlt ltnS => /orP[/eqP e|mi]; first by rewrite -e P_diag mul1mx.
by rewrite (P_step mi) -mulmxA IH // -P_step // (leq_trans jm mi).
Qed.

Variable B : nat.
Local Notation K := B.+1.

Definition mul X Y : blocks := fun i j => \sum_(m < K) X i m *m Y m j.

Lemma mul1 X i j : (i < K)%N -> mul I1 X i j = X i j.
Proof.
move=> iK; rewrite /mul (bigD1 (Ordinal iK)) //= I1_diag mul1mx big1 ?addr0 // => m.
by rewrite -val_eqE /= eq_sym /I1 => /negPf ->; rewrite mul0mx.
Qed.
Lemma mulN0 X j : mul N X 0%N j = 0.
Proof. by rewrite /mul big1 // => m _; rewrite mul0mx. Qed.
Lemma mulNS X i j : (i < K)%N -> mul N X i.+1 j = phi i *m X i j.
Proof.
move=> iK; rewrite -(mul1 X j iK) /mul mulmx_sumr.
by apply: eq_bigr => m _; rewrite /N mulmxA.
Qed.
Lemma mulD X X' Y i j : mul (fun i j => X i j + X' i j) Y i j = mul X Y i j + mul X' Y i j.
Proof. by rewrite /mul -big_split; apply: eq_bigr => m _; rewrite mulmxDl. Qed.

(* --- M1 --- *)
Definition powN k : blocks := iter k (mul N) I1.

Theorem M1_power k i j : (i < K)%N -> powN k i j = if i == (j + k)%N then P i j else 0.
Proof.
elim: k i => [|k IH] i iK.
  rewrite /powN /= addn0; case: eqP => [->|/eqP/negPf ne]; first by rewrite I1_diag P_diag.
  by rewrite /I1 ne.
case: i iK => [|i] iK; first by rewrite [LHS]mulN0 addnS.
have -> : powN k.+1 i.+1 j = phi i *m powN k i j by exact/mulNS/ltnW.
rewrite IH ?(ltnW iK) // addnS eqSS.
by case: eqP => [e|_]; rewrite ?mulmx0 // -P_step // e leq_addr.
Qed.

Theorem M1_nilpotent i j : (i < K)%N -> powN K i j = 0.
Proof. by move=> iK; rewrite M1_power // ltn_eqF // (leq_trans iK) // leq_addl. Qed.

(* --- the same for matrices of the whole size --- *)
Definition big X : 'M[R]_(\sum_(i < K) n i) := \mxblock_(i < K, j < K) X i j.

Lemma big_mul X Y : big X *m big Y = big (mul X Y).
Proof. by rewrite /big mul_mxblock. Qed.
Lemma eq_big X Y : (forall i j, (i < K)%N -> (j < K)%N -> X i j = Y i j) -> big X = big Y.
Proof. by move=> e; apply: eq_mxblock => i j; apply: e. Qed.
Lemma big1 : big I1 = 1%:M.
Proof.
rewrite -[RHS]mxdiagZ; apply: eq_mxblock => i j.
case: eqVneq => [->|ne]; first by rewrite I1_diag conform_mx_id.
by rewrite /I1 (_ : (i == j :> nat) = false) //; apply: negbTE.
Qed.
Lemma bigPhi : big Phi = 1%:M + big N.
Proof. by rewrite -big1 /big -mxblockD. Qed.
Lemma big_iter k : iter k (mulmx (big N)) 1%:M = big (powN k).
Proof. by elim: k => [|k IH]; rewrite ?big1 //= IH big_mul. Qed.
Lemma big_nilpotent : iter K (mulmx (big N)) 1%:M = 0.
Proof.
rewrite big_iter (eq_big (Y := fun i j => 0)) ?mxblock0 ?/big //.
  by apply/matrixP => a b; rewrite !mxE.
by move=> i j iK _; apply: M1_nilpotent.
Qed.

(* --- M3 --- *)
Definition power T (A : 'M[R]_T) k := iter k (mulmx A) 1%:M.
Definition polynomial T (A : 'M[R]_T) :=
  \sum_(i < K) ((-1) ^+ i *: power A i) *+ 'C(K, i.+1).

Lemma nilpotent_inverse T (A : 'M[R]_T) : power (1%:M - A) K = 0 ->
  A *m polynomial A = 1%:M /\ polynomial A *m A = 1%:M.
Proof.
case: T A => [|T] A nil; first by split; apply/matrixP => -[].
have pow (X : 'M[R]_T.+1) k : power X k = X ^+ k.
  by elim: k => [|k IH]; rewrite ?expr0 //= exprS -IH.
have sgn k (X : 'M[R]_T.+1) : (-1) ^+ k *: X = (-1) ^+ k * X.
  elim: k => [|k IH]; first by rewrite !expr0 scale1r mul1r.
  by rewrite !exprS !mulN1r scaleNr IH mulNr.
have -> : polynomial A = S A B.
  by apply: eq_bigr => i _; rewrite pow sgn.
by rewrite pow in nil; exact: (binomial_inverse nil).
Qed.

Lemma power_opp T (A : 'M[R]_T) k : power (- A) k = (-1) ^+ k *: power A k.
Proof.
elim: k => [|k IH]; first by rewrite expr0 scale1r.
by rewrite /power /= -/(power (- A) k) IH mulNmx -scalemxAr -scaleNr exprS mulN1r.
Qed.

Theorem M3_polynomial :
  big Phi *m polynomial (big Phi) = 1%:M /\ polynomial (big Phi) *m big Phi = 1%:M.
Proof.
apply: nilpotent_inverse; rewrite bigPhi opprD addrA subrr add0r power_opp.
by rewrite [power _ _]big_nilpotent scaler0.
Qed.

Definition Inv : blocks := fun i j => (-1) ^+ (i - j) *: P i j.

Lemma mul_Phi_Inv i j : (i < K)%N -> mul Phi Inv i j = I1 i j.
Proof.
move=> iK; rewrite mulD mul1 //; case: i iK => [|i] iK.
  rewrite mulN0 addr0 /Inv sub0n expr0 scale1r /I1; case: eqP => [<-|/eqP ne].
    by rewrite P_diag pid_mx_1.
  by rewrite P_above // lt0n eq_sym.
rewrite (mulNS _ _ (ltnW iK)) /Inv -scalemxAr; case: (ltngtP j i.+1) => [ji|ij|->].
- rewrite /I1 (gtn_eqF ji) -P_step // subSn // exprS mulN1r scaleNr addrC subrr //.
- by rewrite /I1 (ltn_eqF ij) !P_above ?(ltnW ij) // mulmx0 !scaler0 addr0.
by rewrite subnn expr0 scale1r P_diag P_above // mulmx0 scaler0 addr0 I1_diag.
Qed.

Theorem M3_blocks : big Phi *m big Inv = 1%:M /\ big Inv *m big Phi = 1%:M.
Proof.
have e : big Phi *m big Inv = 1%:M.
  by rewrite big_mul -big1; apply: eq_big => i j iK _; apply: mul_Phi_Inv.
by split=> //; apply: mulmx1C.
Qed.

Theorem M3_same : polynomial (big Phi) = big Inv.
Proof.
by rewrite -[LHS]mulmx1 -M3_blocks.1 mulmxA M3_polynomial.2 mul1mx.
Qed.

(* --- M4 --- *)
Definition A : blocks := mul (mul Phi Lambda) Inv.

Lemma big_A : big A = big Phi *m big Lambda *m big Inv.
Proof. by rewrite !big_mul. Qed.

Definition W i j := (-1) ^+ (i - j) *: ((phi i *m L i - L i.+1 *m phi i) *m P i j).

Lemma mulLambda X i j : (i < K)%N -> mul Lambda X i j = L i *m X i j.
Proof.
move=> iK; rewrite -(mul1 X j iK) /mul mulmx_sumr.
by apply: eq_bigr => m _; rewrite /Lambda mulmxA.
Qed.
Lemma mulA X Y Z i j : mul (mul X Y) Z i j = mul X (mul Y Z) i j.
Proof.
rewrite /mul; under eq_bigr do rewrite mulmx_suml.
rewrite exchange_big /=; apply: eq_bigr => m _; rewrite mulmx_sumr.
by apply: eq_bigr => l _; rewrite mulmxA.
Qed.

Theorem M4_below i j : (i.+1 < K)%N -> (j <= i)%N -> A i.+1 j = W i j.
Proof.
move=> iK ji; have iK' := ltnW iK; rewrite /A mulA mulD mul1 // mulNS // !mulLambda //.
rewrite /Inv /W P_step // subSn // exprS mulN1r -!scalemxAr mulmxBl scalerBr.
by rewrite scaleNr addrC !mulmxA.
Qed.
Theorem M4_diagonal i : (i < K)%N -> A i i = L i.
Proof.
case: i => [|i] iK; rewrite /A mulA mulD mul1 //.
  by rewrite mulN0 addr0 mulLambda // /Inv subnn expr0 scale1r P_diag mulmx1.
rewrite mulNS ?(ltnW iK) // !mulLambda ?(ltnW iK) // /Inv subnn expr0 scale1r P_diag mulmx1.
by rewrite P_above // scaler0 !mulmx0 addr0.
Qed.
Theorem M4_above i j : (i < j)%N -> (i < K)%N -> A i j = 0.
Proof.
case: i => [|i] ij iK; rewrite /A mulA mulD mul1 // mulLambda // /Inv P_above //.
  by rewrite scaler0 mulmx0 mulN0 addr0.
rewrite scaler0 mulmx0 mulNS ?(ltnW iK) // mulLambda ?(ltnW iK) //.
by rewrite P_above ?(ltnW ij) // scaler0 !mulmx0 addr0.
Qed.

(* --- M5 --- *)
Theorem M5_spectrum : big A *m big Phi = big Phi *m big Lambda.
Proof. by rewrite big_A -[LHS]mulmxA M3_blocks.2 mulmx1. Qed.

(* --- M7: any activation f, any input x0, any number of samples s --- *)
Section Propagation.
Variables (s : nat) (f : forall i, 'M[R]_(n i, s) -> 'M[R]_(n i, s)).
Variable x z : forall i, 'M[R]_(n i, s).
(* what a network is: z_i = sum_{j < i} W_ij x_j and x_i = f(z_i) *)
Hypothesis z_is : forall i, z i.+1 = \sum_(j < i.+1) W i j *m x j.
Hypothesis x_is : forall i, x i.+1 = f (z i.+1).

(* the algorithm: u is the only state *)
Fixpoint u i : 'M[R]_(n i, s) :=
  match i with
  | 0%N => x 0
  | i'.+1 => f (phi i' *m (L i' *m u i') - L i'.+1 *m (phi i' *m u i')) - phi i' *m u i'
  end.
Definition zc i := phi i *m (L i *m u i) - L i.+1 *m (phi i *m u i).

Lemma zc_eq i : u i = \sum_(j < i.+1) Inv i j *m x j -> zc i = z i.+1.
Proof.
move=> e; rewrite /zc z_is !mulmxA -mulmxBl e mulmx_sumr; apply: eq_bigr => j _.
by rewrite mulmxA /Inv /W -scalemxAr.
Qed.
Lemma u_is i : u i = \sum_(j < i.+1) Inv i j *m x j.
Proof.
elim: i => [|i IH].
  by rewrite big_ord1 /Inv subnn expr0 scale1r P_diag mul1mx.
have one : Inv i.+1 i.+1 = 1%:M by rewrite /Inv subnn expr0 scale1r P_diag.
have -> : u i.+1 = f (zc i) - phi i *m u i by [].
rewrite (zc_eq IH) -x_is big_ord_recr /= one mul1mx addrC IH mulmx_sumr -sumrN.
congr (_ + _); apply: eq_bigr => j _.
have ji : (j <= i)%N by rewrite -ltnS.
by rewrite /Inv P_step // subSn // exprS mulN1r scaleNr mulNmx -!scalemxAl -scalemxAr mulmxA.
Qed.

Theorem M7 i : zc i = z i.+1.
Proof. exact/zc_eq/u_is. Qed.
End Propagation.
End Blocks.
