"""The idea of each theorem M1 to M24 in words, an example in small numbers, and the notation, for the pages.

`IDEAS` and `EXAMPLES` are by theorem. A test works out every equation of an example. The numbers of M17 to M24 are also
computed from the definitions, by brute force.
"""

from __future__ import annotations

IDEAS = {
    "M1": "N leads from each layer to the next one alone, so N^k leads k layers up: its only blocks are the paths of k steps. "
    "Row i of N has the one block φ^(i-1), so (N N^k)_ij is φ^(i-1) times the block of N^k one layer below. A network with B+1 "
    "layers has no path of B+1 steps.",
    "M2": "Two neighbouring layers see only one block of Φ. The weight between two neurons is the entry of φ times the "
    "difference of their eigenvalues, the sender's less the receiver's. With one block, Φ = I + N and N N = 0, so 2I - Φ = I - N "
    "undoes it.",
    "M3": "Row i of Φ holds I in column i and φ^(i-1) in column i-1. Below the diagonal of Φ Φ⁻¹ a path of i-j steps is counted "
    "twice, once whole and once as its last step after the others, with opposite signs. The polynomial: I - Φ = -N, and (-N)^{B+1} "
    "is 0, so 1 - (1-x)^{B+1} = x S_B(x) becomes I = Φ S_B(Φ) for x = Φ.",
    "M4": "A = Φ Λ Φ⁻¹, and row i of Φ holds two blocks. So A_ij has two terms, with the eigenvalues of layers i and i-1; both end "
    "in the same path down to layer j, with opposite signs. What stays is their difference in front of that path.",
    "M5": "Column j of Φ holds I in row j and φ^(j) in row j+1. A times this column is the column times L_j, because Φ⁻¹ Φ = I.",
    "M6": "A path from input c over neuron b to output a has the weight W_ab W_bc. The squares of all paths through b are a product "
    "of two sums, over a and over c. Scaling the row of b by t and its column by 1/t moves t from one factor to the other.",
    "M7": "u is what one layer hands to the next. Since Φ u = x, row i reads u_i = x_i - φ^(i-1) u_{i-1}. All weights into layer i "
    "begin with the same difference block, so one product with M_i gives the sum over all earlier layers at once.",
    "M7.layerwise": "Each pair of neighbouring layers is a network of two layers with eigenvalues of its own, so only the weights "
    "between neighbours are left.",
    "M7.direct": "Every weight is free: z_i is the sum over all earlier layers, one after another.",
    "M8": "A step of the propagation is a short list of sums and products. Read backwards, each line passes the derivative of its "
    "result on to what it read. The lines of the adjoint are compared with exactly that, for each kind of layer.",
    "M8.layerwise": "As M8, for the propagation between neighbours: there is no linear path.",
    "M8.direct": "As M8, for free weights: a weight gets the product of the two ends, a sender the sum over all its receivers.",
    "M9": "Only differences of eigenvalues occur. So a common constant changes nothing, and the derivative in that direction, the sum "
    "of all eigenvalue gradients, is 0.",
    "M10": "All weights into neuron h have row h of M_i as their first factor. If that row is 0, nothing arrives, and f(0) = 0 is sent. "
    "The path through Φ⁻¹ does not contain M_i, so it stays.",
    "M11": "A neuron that always sends 0, or that nobody hears, adds 0 to every sum. A sum over the others is the same sum.",
    "M12": "With L_m = L_{m-1} = c I the difference block of layer m is 0, so layer m sends 0. Every path from below m to above it "
    "runs through φ^(m) φ^(m-1), one step more than in the shorter network: the sign of φ' makes up for it.",
    "M13": "What a neuron adds to the next layer has its outgoing column as a factor. A column of zeros adds 0, whatever the neuron does.",
    "M14": "u is all that one layer hands to the next. With φ = -I and equal eigenvalues the new layer computes z = -L u + L u = 0 and "
    "hands on u' = f(0) + u = u, so every later layer sees what it saw before.",
    "M15": "The loss is a sum of squares, so its slope is linear in W. Where the slope is 0, any change D adds ‖X Dᵀ‖² + ρ‖D‖², which is "
    "never negative, and positive for D ≠ 0 if ρ > 0.",
    "M16": "z' = c z has the sign of z, so both neurons stand on the same straight piece of f and x' = c x. One neuron with the outgoing "
    "weight a + c b sends what both sent.",
    "M17": "After a least squares fit the residual is orthogonal to every column. If columns g go, the best change of the others "
    "solves a least squares problem of its own. What the others cannot replace of a column is its part a_{⊥} outside their span. The rise of "
    "the loss is the square of what that part did. Read backwards, it is what a new column gains.",
    "M18": "relu(-z) = relu(z) - z. So a neuron with the opposite row is the other neuron and a linear term, and a linear term can go past "
    "the layer. A neuron whose z never changes its sign stays on one straight piece of f, so it is linear.",
    "M19": "Between its kinks a network with one hidden layer of relu is linear. A relu neuron can change the gradient on one "
    "hyperplane alone, where its z is 0. So k different hyperplanes with a jump need k neurons.",
    "M20": "At the best output weights V the slope along V is 0. So it does not matter that V moves with W: the slope along W is the "
    "whole slope. The step: H + μD + εI is positive definite, so the solution δ of (H + μD + εI) δ = -g leads downhill.",
    "M20.factor": "The second derivative of a loss by its outputs is a square F Fᵀ. For softmax it is the covariance of a draw with "
    "the probabilities p: column m of F is √p_m times the distance of draw m from the mean.",
    "M21": "With a gradient of 0, every optimizer multiplies moments that are 0 and adds 0, so a weight that is gone stays 0. A neuron that "
    "nobody reads adds nothing. A neuron that receives nothing always sends f(b), and the next bias can hold that constant.",
    "M22": "Near a minimum the loss is its quadratic model. A weight that goes takes the step -w, which costs ½ w² H. H is a sum of squares "
    "of gradients that M8 gives. w and its gradient scale in opposite ways, so w² H does not depend on the scale.",
    "M23": "The eigenvalues of the last layer occur in one difference alone, so φ can make up for any change of them. A common scale "
    "of φ and λ stays in every path: a path with n more steps gets s^n more.",
    "M24": "w = φ (λ_in - λ_out) is a product. Of all pairs with one product, the pair of equal sizes has the least sum of squares, "
    "because (‖φ‖ - |λ|)² is never negative.",
}
EXAMPLES = {
    "M1": "Three layers of one neuron, φ^(1) = 2, φ^(2) = 3: N = [[0,0,0],[2,0,0],[0,3,0]], N² has the one entry 3·2 = 6 in the corner, "
    "N³ = 0.",
    "M2": "φ = 2, λ_in = 5, λ_out = 1: w = (5 - 1)·2 = 8. Φ = [[1,0],[2,1]] and 2I - Φ = [[1,0],[-2,1]]: place (2,1) of the product is "
    "2·1 + 1·(-2) = 0.",
    "M3": "φ^(1) = 2, φ^(2) = 3: Φ = [[1,0,0],[2,1,0],[0,3,1]], Φ⁻¹ = [[1,0,0],[-2,1,0],[6,-3,1]]. Place (3,1) of Φ Φ⁻¹: "
    "6 + 3·(-2) = 0. The polynomial for B = 2: 3 I - 3 Φ + Φ²; its place (3,1) is 0 - 0 + 3·2 = 6.",
    "M4": "φ^(1) = 2, φ^(2) = 3, λ = 5, 1, 4: W_21 = 2·(5 - 1) = 8, W_32 = 3·(1 - 4) = -9, W_31 = -(-9)·2 = 18.",
    "M5": "φ^(1) = 2, λ = 5, 1: A = [[5,0],[8,1]], and the first column of Φ, (1, 2), gives (5, 8 + 2) = 5·(1, 2).",
    "M6": "W_21 = (1, 2), W_32 = (3): Γ has the entries 3 and 6, and 9 + 36 = 45 = 3²·(1 + 4).",
    "M7": "φ = 2, 3, λ = 5, 1, 4, x_1 = 1, f(z) = z: u_1 = 1, z_2 = 8, u_2 = 8 - 2 = 6, z_3 = 3·(1 - 4)·6 = -54. With the weights of M4: "
    "18·1 - 9·8 = -54.",
    "M7.layerwise": "φ = 2, λ_in = 5, λ_out = 1, x = 3: z = 2·(5 - 1)·3 = 24.",
    "M7.direct": "W_31 = 18, W_32 = -9, x_1 = 1, x_2 = 8: z_3 = 18 - 72 = -54.",
    "M8": "One weight into the last layer, φ = 2, λ_in = 5, λ_out = 1, u = 3, z̄ = 1: φ̄ = 1·3·(5 - 1) = 12. φ = 2.1 gives "
    "z = 25.2 in place of 24: 0.1·12 = 1.2 more.",
    "M8.layerwise": "φ = 2, λ_in = 5, λ_out = 1, x = 3, z̄ = 1: λ̄_in = 3·2 = 6 and λ̄_out = -6.",
    "M8.direct": "z̄ = 2, x = 3, W = 4: W̄ = 2·3 = 6 and x̄ = 4·2 = 8.",
    "M9": "φ = 2, λ_in = 5, λ_out = 1: 2·(5 - 1) = 8 and with 7 more on both 2·(12 - 8) = 8. The gradients of M8: 6 - 6 = 0.",
    "M10": "λ_in = (4, 4), λ_out = 4: φ·(4 - 4) = 0 for every φ, so z = 0 and x = f(0) = 0.",
    "M11": "W = (2, 7), x = (3, 0): 2·3 + 7·0 = 6 = 2·3.",
    "M12": "φ = 2, 3, λ = 4, 4, 1: W_21 = 2·(4 - 4) = 0, W_31 = -3·(4 - 1)·2 = -18. Without the layer, φ' = -3·2 = -6: -6·(4 - 1) = -18.",
    "M13": "Outgoing weight 0, sent 5: 0·5 = 0 arrives.",
    "M14": "L = 4, u = 3, φ = -1: z = -1·4·3 + 4·1·3 = 0, u' = 0 + 1·3 = 3.",
    "M15": "X = (1, 2), T = (2, 5), ρ = 1: W = (2 + 10)/(1 + 4 + 1) = 2. Loss 0 + 1 + 4 = 5; with W = 3 it is 1 + 1 + 9 = 11: "
    "1·(1 + 4 + 1) = 6 more.",
    "M16": "relu, rows 2 and 6 (c = 3), outgoing 1 and 5, x = 1: 1·2 + 5·6 = 32 = (1 + 3·5)·2.",
    "M17": "Columns a = (1,0,0), b = (1,1,0), targets (3,2,1). The fit is 1 a + 2 b with loss 1; G = [[1,1],[1,2]], G⁻¹ = [[2,-1],[-1,1]]. "
    "b goes: the weight of a becomes 1 - (-1)·1·2 = 3, and the loss rises by 2²/1 = 4, to 5. The other way: a_{⊥} = (0,1,0), "
    "R = (0,2,1), (2·1)²/1 = 4.",
    "M18": "relu, rows 2 and -6 (c = 3), outgoing 4 and 5, x = -1: both send 4·0 + 5·6 = 30. One neuron with 4 + 3·5 = 19 and the skip "
    "-3·5·2 = -30 sends 19·0 - 30·(-1) = 30. With x = 1: 4·2 + 5·0 = 8 = 19·2 - 30·1. Always on: z = 2 x + 5 on -1 <= x <= 1 is at least "
    "-2 + 5 = 3. The wedge for a = 3, b = -2: 3 + 0 - 1 = 2.",
    "M19": "y = relu(x) + 3 relu(2 - 2x) has the slopes -6, 1 - 6 = -5 and 1. They jump by -5 - (-6) = 1·1 at x = 0 and by 1 - (-5) = 3·2 "
    "at x = 1. Two kinks: one neuron is not enough.",
    "M20": "Hidden values 1 and W, targets 1 and 3, W = 1: V = (1 + 3·1)/(1 + 1²) = 2, loss (2 - 1)² + (2 - 3)² = 2. With V held fixed the "
    "slope is 2·(2 - 3)·2 = -4; that of the loss with the best V, 10 - (1 + 3W)²/(1 + W²), is -4 too. The step: J = (1,2), F Fᵀ = 2, H = 2·(1 + 4) = 10, "
    "μD = 8, ε = 2, g = -20: δ = 20/(10 + 8 + 2) = 1 and gᵀδ = -20·1 = -10 - 8 - 2 < 0.",
    "M20.factor": "p = (1/4, 3/4): place (1,1) of diag(p) - p pᵀ is 1/4·(1 - 1/4) = 3/16. From F: 1/4·(3/4)² + 3/4·(1/4)² = 3/16.",
    "M21": "Adam, weight 0, m = v = 0, gradient 5, mask 0: m = 0.9·0 + 0.1·(5·0) = 0, and the step is 0. A neuron without input, b = 2, "
    "outgoing 3, next bias 1: the new bias is 1 + 3·2 = 7.",
    "M22": "z = w x, w = 3, x = 1 and 2, targets 3 and 6, squared error, F Fᵀ = 2: H = 2·(1 + 4) = 10 and ½ w² H = 9·10/2 = 45. Without "
    "the weight the loss is 3² + 6² = 45. From w = 0 the slope is -2·(3 + 12) = -30, and g²/2H = 30²/(2·10) = 45. With 2w and x/2: 6²·(10/4)/2 = 45.",
    "M23": "w = 2·(5 - 1) = 8. The last eigenvalue becomes 3: φ = 8/(5 - 3) = 4 and 4·(5 - 3) = 8. s = 2 in the network of M4: φ = 4, 6 and "
    "λ = 2.5, 0.5, 2, so W_21 = 4·(2.5 - 0.5) = 8 stays and W_31 = -6·(0.5 - 2)·4 = 36 is 2·18.",
    "M24": "w = (2.4, 3.2), λ_in = 0, ‖w‖ = 4. λ = -2, φ = (1.2, 1.6): 1.2² + 1.6² + 2² = 8 = 2·4. λ = -1, φ = (2.4, 3.2): 2.4² + 3.2² + 1² = 17. "
    "The gauge of λ = (5, 1): c = -3 gives 2² + (-2)² = 8, c = -2 gives 3² + (-1)² = 10.",
}
NOTATION = (
    (
        r"$\varphi^{(i)}$",
        r"the block of eigenvectors between layers i and i + 1: a matrix with a row for each neuron of layer i + 1 and a column for each neuron of layer i",
    ),
    (r"$L_i$", r"the diagonal matrix of the eigenvalues $\lambda^{(i)}$"),
    (
        r"$N$",
        r"the square matrix over all neurons that holds $\varphi^{(i)}$ in block row i + 1 and block column i, and 0 everywhere else",
    ),
    (r"$\Phi = I + N$", r"the matrix of all eigenvectors"),
    (r"$\Lambda$", r"the diagonal matrix of all eigenvalues"),
    (r"$A = \Phi\,\Lambda\,\Phi^{-1}$", r"the adjacency matrix of the network"),
    (r"$W_{ij}$", r"the weights from layer j to layer i: the block of A in row i and column j, for i > j"),
    (
        r"$P_{i,j}$",
        r"the path product $\varphi^{(i-1)} \varphi^{(i-2)} \cdots \varphi^{(j)}$ of all blocks between layers j and i; $P_{i,i} = I$",
    ),
    (
        r"$x_i, z_i$",
        r"the activations and the pre-activations of layer i: $z_i = \sum_{j<i} W_{ij}\,x_j$ and $x_i = f(z_i)$; $x_1$ is the input, and z of the last layer is the output",
    ),
    (r"$u_i, v_i$", r"$u = \Phi^{-1} x$, and $v_i = \varphi^{(i-1)} u_{i-1}$"),
    (r"$\ell, \bar z$", r"the loss; a bar is a derivative of the loss: $\bar z = \partial \ell / \partial z$"),
    (r"$\circ$", r"the product entry by entry"),
)
"""Symbols of the theorems on networks, and what they mean, for the pages."""
