"""Pruning: remove neurons, layers or single weights, refit the remaining weights, and make the network smaller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.predictor import Predictor
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.neurons import prune_neurons
from spectral_core.resizing.predicting import PrunedPredictor, in_network_units, overlap_sentence, prints_by_part
from spectral_core.resizing.report import PruneResult
from spectral_core.resizing.reporting import report_of, with_numbers
from spectral_core.resizing.request import PruneRequest, checked_request
from spectral_core.resizing.weights import prune_weights


@runtime_checkable
class Prunable(Protocol):
    """A result that prunes itself on the data it was made from, such as that of `search`."""

    def prune(self, **options: Any) -> PruneResult: ...


def prune(
    net: SpectralNetwork | CompactNetwork | Predictor | Prunable,
    *,
    by: str = "path",
    fraction: float | None = None,
    threshold: float | None = None,
    tolerance: float | None = None,
    weights: int | None = None,
    unit: str = "neuron",
    layers: Sequence[int] | None = None,
    even: bool = False,
    X: Any = None,
    y: Any = None,
    loss: str = "squared_error",
    validation_data: tuple[Any, Any] | None = None,
    compensate: bool | None = None,
    ridge: float | None = None,
    towards: str = "network",
    merge: float | None = None,
    skip_connections: bool = False,
    retrain: Mapping[str, Any] | None = None,
) -> PruneResult:
    """Remove hidden neurons, whole layers, or single weights; the given network is left as it was.

    The result is in the direct parametrization: a global network cannot lose a neuron and keep its function, since a
    silent neuron still carries the linear path through Φ⁻¹ (M10, M11).

    Parameters
    ----------
    net : any parametrization, any depth, also a compact network; activations with f(0) = 0. Or a `Predictor`: X, y and
        `validation_data` are then in the units of its data, y of a classifier are labels, and the loss is that of its task
        unless another than ``squared_error``, the default, is given. Or the result of a `search`, which has its data: the same
        as `result.prune(...)`.
    by : ``path``, ``plain_path``, ``eigenvalue``, ``scaled_eigenvalue``, ``connectivity``, ``pivoted_qr``, ``leave_one_out``;
        `rankings.neuron_scores` has their formulas, and says which depend on the units of X or on the scale of neurons.
    fraction : remove this share of all hidden neurons of the `layers` (rounded down), the least scores of all these layers
        first; or
    threshold : remove all neurons with a score below it (those of ``path`` on X, where it is given); or
    tolerance : remove as many as keep the loss on `validation_data`, else on (X, y), at most at
        loss + tolerance · (loss - least + 0.001 (constant - least)). `least` is the least loss that any outputs have on these
        data (0 for all losses but poisson, and binary_cross_entropy of soft targets), `constant` the loss of their mean. So a
        loss of 0, or below 0, has a tolerance too. The network that is returned keeps the limit.
    weights : keep at most this many products, with unit ``weight``.
    unit : ``neuron``; ``layer``: remove whole layers, in the order of the norm of their neurons' scores; or ``weight``: remove
        single weights of the transfer blocks by their Gauss-Newton saliency on (X, y) (M22), as below.
    layers : the hidden layers, counted from 2 (of a compact network: in its own count), whose neurons may be removed or
        merged; by default all.
    even : compare neurons by their rank within their layer, so that all layers shrink alike; for rankings whose scores
        grow with the number of incoming weights. Not with a threshold.
    X, y : (samples, features) and targets. They serve to rank neurons, refit weights and measure losses.
    compensate : refit the weights of the remaining neurons to the pre-activations of the whole network on X, in closed
        form (M15, with `ridge`); by default wherever X is given. Errors of the outputs are weighted by the second derivative
        of the `loss`.
    ridge : strength of the penalty of the refits, which holds against noise. By default 1e-8; for unit ``weight`` 1e-2, which
        is better than 1e-3 on digits, wine, breast_cancer and diabetes, and with a tolerance the one of 1e-8, 1e-3 and 1e-2
        that leaves the fewest weights.
    towards : ``network``; or ``targets``: the weights into the output are then refitted to y, by Newton's steps in closed
        form. With few samples this fits their noise; a larger `ridge` holds against it.
    merge : first merge neurons whose incoming rows are positive multiples of each other up to this sine of their angle
        (M16; 0 is exact; relu, leaky_relu, identity), then rank the merged neurons; not with a ranking by eigenvalue. With X
        the angle is that of the weights times the root mean squares of their senders' values, so units do not change it.
        Nothing is merged where merging and its refit alone would exceed the tolerance.
    skip_connections : let the refits join each layer to all layers before it, so that the inputs and the neurons that stay
        replace what goes. This adds weights: with 784 inputs and 10 outputs 7,850.
    retrain : options of `train`. The compact network is then trained with them on (X, y): all its live weights, also those
        that were frozen. Its `validation_data` are in the units of X and y. A retraining that ends above the limit of the
        tolerance is not kept.

    With unit ``weight`` a product is a weight that acts and is no bias: one that depends on an input and reaches an output.

    - `fraction` is a share of all products; `threshold` is a saliency, in units of the loss: products that have less in the
      given network go; `tolerance` is as above.
    - By default the weights go in steps of a tenth, and L-BFGS on loss + ridge/2 Σ w² over (X, y) follows every step, in units
      in which inputs and neurons with f(c z) = c f(z) have the mean square 1. At up to 150 products, weights that pay more take
      the place of others. `compensate=False` removes by the saliencies of the given network and changes no weight that stays;
      a neuron that has only a bias left goes into the biases of its receivers, which does not change the function.
    - `retrain` takes epochs, batch_size, learning_rate, seed. The network is then trained by mini-batches while its weights go;
      the rate falls to 0 as a cosine. Below 400 products the steps of the default follow. With a tolerance the size is found
      without training first.
    - `by`, `layers`, `even`, `towards`, `merge` and `skip_connections` belong to neurons.

    Returns
    -------
    PruneResult : `.network`, `.compact`, `.report`; of a predictor or a search a `PrunedPredictor`, which also has `.predictor`,
        `.predict(X)`, `.predict_proba(X)`, `.score(X, y)` and `.save(directory)`.

    Raises
    ------
    InvalidInputError : none or several of fraction, threshold, tolerance, weights; values out of range; data that is
        missing; keywords of another unit.
    DivergenceError : the retraining diverged.

    Examples
    --------
    >>> import numpy as np
    >>> from spectral_core import SpectralNetwork, prune
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> net = SpectralNetwork.initialize([1, 10, 1], parametrization="direct", seed=0)
    >>> prune(net, fraction=0.5, X=X, y=np.abs(X)).compact.live
    (2, 5, 1)
    >>> prune(net, unit="weight", weights=6, X=X, y=np.abs(X)).report.weights_after
    6
    """
    request = PruneRequest(
        by=by,
        fraction=fraction,
        threshold=threshold,
        tolerance=tolerance,
        weights=weights,
        unit=unit,
        layers=layers,
        even=even,
        X=X,
        y=y,
        loss=loss,
        validation_data=validation_data,
        compensate=compensate,
        ridge=ridge,
        towards=towards,
        merge=merge,
        skip_connections=skip_connections,
        retrain=retrain,
    )
    if isinstance(net, Predictor):
        inner, prints = in_network_units(net, request), prints_by_part(net, request)
        pruned = PrunedPredictor.of(net, _pruned_network(net.network, inner), overlap_sentence(net, prints))
        return pruned.having_seen(prints)
    if isinstance(net, Prunable):
        options = dict(vars(request))
        del options["x"]
        return net.prune(**options)
    return _pruned_network(net, request)


def _pruned_network(net: SpectralNetwork | CompactNetwork, request: PruneRequest) -> PruneResult:
    """The result for a network, for the live part of a compact one, or for single weights of any."""
    if not isinstance(net, CompactNetwork) or request.unit == "weight":
        return _pruned(net, request)
    inner = _pruned(net.direct, request.for_live_inputs(net))
    small = net.narrowed(inner.compact)
    # `direct` does not know which of its inputs is the constant.
    return PruneResult(small.expanded(), small, with_numbers(inner.report, net, small))


def _pruned(net: SpectralNetwork | CompactNetwork, request: PruneRequest) -> PruneResult:
    """`prune` for a network with all its inputs, or single weights of any network."""
    whole = net.expanded() if isinstance(net, CompactNetwork) else net
    request = checked_request(whole, request)
    limit = request.limit(whole)
    remove = prune_weights if request.unit == "weight" else prune_neurons
    pruned = remove(whole, request, limit)
    return PruneResult(pruned.network, pruned.compact, report_of(net, pruned, limit, request))
