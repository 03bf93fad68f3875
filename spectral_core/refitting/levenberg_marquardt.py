"""Levenberg-Marquardt on the weights that a small network has (M20)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError

from spectral_core.kernels.support.activations import distinct, of_layer
from spectral_core.kernels.tables import POSITIVELY_HOMOGENEOUS
from spectral_core.networks.sparse import SparseNetwork
from spectral_core.refitting.output_weights import refit
from spectral_core.refitting.samples import Samples
from spectral_core.training.levenberg_marquardt import damped_step

TRIALS = 8
"""Values of the damping that are tried before a step is given up."""
SLOW, PATIENCE = 1e-4, 3
"""The fit ends when the loss fell by less than this share in this many steps one after another."""
PRECISE = 1e-22
"""A loss below this is rounding."""


def normal_equations(net: SparseNetwork, samples: Samples) -> tuple[float, np.ndarray, np.ndarray]:
    """Mean loss, gradient g (n,) and Gauss-Newton matrix H = Σ_m J_m J_mᵀ (n, n).

    By hand: sums of the kernels' rows. Checked by test_refitting.test_the_gauss_newton_matrix_is_that_of_differences.
    """
    loss, gradient = samples.loss_and_gradient(net, net.weights)
    matrix = np.zeros((len(net.weights), len(net.weights)))
    for column in range(net.n_outputs):
        rows = samples.jacobian(net, column)
        matrix += rows @ rows.T
    return loss, gradient, matrix


def balanced(net: SparseNetwork) -> SparseNetwork:
    """The same function with the incoming weights of every hidden neuron of length 1, where f(c z) = c f(z), c > 0 (M16).

    By hand: a change of scale. Checked by test_refitting.test_balancing_keeps_the_function.
    """
    if not set(distinct(net.activation)).intersection(POSITIVELY_HOMOGENEOUS):
        return net
    weights = net.weights.astype(np.float64)
    for neuron in range(net.n_inputs, net.n_neurons - net.n_outputs):
        if of_layer(net.activation, int(net.layers[neuron])) not in POSITIVELY_HOMOGENEOUS:
            continue
        incoming = slice(*net.offsets[neuron - net.n_inputs : neuron - net.n_inputs + 2])
        length = float(np.sqrt((weights[incoming] ** 2).sum()))
        if length:
            weights[incoming] /= length
            weights[net.senders == neuron] *= length
    return net.with_weights(weights)


@dataclass
class Fit:
    """A network, its loss, and the damping that its last step needed."""

    net: SparseNetwork
    loss: float
    damping: float


def fit(net: SparseNetwork, samples: Samples, iterations: int, enough: float = 0.0, l2: float = 0.0) -> Fit:
    """The network after Levenberg-Marquardt steps on all its weights; the loss never rises.

    (H + μ D + ε I) δ = -g, D = diag H. For squared errors the weights into the outputs are refitted in closed form after each
    step (variable projection), and D is 0 there. A step counts only where the loss falls: then μ becomes μ/5, else 4 μ.

    Parameters
    ----------
    net : in float64; small, since a step costs O(samples n² + n³) for n weights.
    iterations : at most this many steps.
    enough : a loss below it ends the fit.
    l2 : added to the loss as l2/2 Σ w² over the weights that are no biases, unless the loss is the squared error.

    By hand: an optimizer on the kernels' derivatives. Checked by test_refitting.test_the_loss_never_rises.
    """
    projects = samples.loss == "squared_error"
    step = _Step(samples, 0.0 if projects else l2)
    if not len(net.weights):
        return Fit(net, step.loss(net), 0.0)
    net = balanced(net)
    if projects:
        net = refit(net, samples)
    state, slow = Fit(net, step.loss(net), 1e-3), 0
    if not (net.receivers < net.n_neurons - net.n_outputs).any() and projects:
        return state
    for number in range(iterations):
        before = state.loss
        found = step.next(state, projects)
        if found is None:
            break
        state = found
        if number % 5 == 4 and not step.l2:
            state.net = balanced(state.net)
        slow = slow + 1 if before - state.loss < SLOW * before else 0
        if slow >= PATIENCE or state.loss < max(enough, PRECISE):
            break
    return state


@dataclass(frozen=True)
class _Step:
    """The objective of a fit and one step on it."""

    samples: Samples
    l2: float

    def loss(self, net: SparseNetwork) -> float:
        """The loss, plus l2/2 Σ w² over the weights that are no biases.

        By hand: a sum of squares. Checked by test_refitting.test_the_loss_never_rises.
        """
        value = self.samples.loss_of(net)
        return value + self.l2 / 2 * float((net.weights[~net.biases] ** 2).sum()) if self.l2 else value

    def next(self, state: Fit, projects: bool) -> Fit | None:
        """The state after one step that lowers the loss; None where no damping gives one.

        By hand: linear algebra on the kernels' derivatives. Checked by test_refitting.test_a_convex_objective_reaches_its_minimum.
        """
        net, damping = state.net, state.damping
        _, gradient, matrix = normal_equations(net, self.samples)
        if self.l2:
            gradient = gradient + self.l2 * net.weights * ~net.biases
            matrix[np.diag_indices(len(matrix))] += self.l2 * ~net.biases
        if not (np.isfinite(matrix).all() and np.isfinite(gradient).all()):
            return None
        diagonal = matrix.diagonal()
        into_outputs = net.receivers >= net.n_neurons - net.n_outputs
        damped = np.where(into_outputs, 0, diagonal) if projects else diagonal
        for _ in range(TRIALS):
            try:
                moved = net.with_weights(net.weights - damped_step(matrix, gradient, damping * damped))
                moved = refit(moved, self.samples) if projects else moved
            except LinAlgError:
                damping = max(damping * 10, 1e-8)
                continue
            loss = self.loss(moved)
            if np.isfinite(loss) and loss < state.loss:
                return Fit(moved, loss, max(damping / 5, 1e-9))
            damping = max(damping * 4, 1e-8)
        return None
