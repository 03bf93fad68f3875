"""The report of a search, as numbers, text and JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from spectral_core.architecture.candidates import Candidate
from spectral_core.architecture.minimality import KINKED, certificate
from spectral_core.architecture.options import SearchOptions
from spectral_core.architecture.smallest import Smallest
from spectral_core.data.preparation import PreparedData
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.paths import path_norms
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.trimming import Trimmed


@dataclass(frozen=True)
class Block:
    """One live block W_ij: layers (from 1) in the numbers of the full network, shape, Frobenius norm, weights that are not 0."""

    receiver: int
    sender: int
    rows: int
    columns: int
    norm: float
    present: int

    @classmethod
    def of(cls, receiver: int, sender: int, block: np.ndarray) -> Block:
        """By hand: a norm for the report. Checked by test_search.test_the_norms_of_the_report_are_those_of_its_blocks."""
        present = int(np.count_nonzero(block))
        return cls(receiver, sender, len(block), block.shape[1], float(np.linalg.norm(block)), present)


@dataclass(frozen=True)
class SearchReport:
    """The result of a search in numbers.

    Losses are in the units of training (standardised, where the data were); scores are accuracy or R² in the units
    of the data. A grown network is direct and has no eigenvalues. `before` means the trained network, `after` the trimmed
    one. `with_test_scores` fills the entries on test data. `constant_features` do not vary in the training part.
    """

    task: str
    activation: str
    bias: bool
    standardized: bool
    training_samples: int
    validation_samples: int
    widths: list[int]
    live: list[int]
    blocks: list[Block]
    spectral_parameters: int
    all_pairs_parameters: int
    compact_parameters: int
    validation_loss_before: float | None
    validation_loss_after: float | None
    validation_loss_limit: float | None
    path_norms_before: list[float]
    path_norms_after: list[float]
    mean_abs_eigenvalue: float | None
    epochs: int
    epoch: int
    eigenvector_penalty: float
    candidates: list[dict[str, float]]
    tolerance: float = 0.0
    seed: int = 0
    seconds: float = 0.0
    data: str = ""
    validation_score_before: float | None = None
    validation_score_after: float | None = None
    test_samples: int = 0
    test_score_before: float | None = None
    test_score_after: float | None = None
    peer: dict[str, Any] = field(default_factory=dict)
    constant_features: list[str] = field(default_factory=list)
    strategy: str = "seed"
    weights: int = 0
    biases: int = 0
    curve: list[dict[str, Any]] = field(default_factory=list)
    certificate: str = ""

    @classmethod
    def of_smallest(
        cls, data: PreparedData, options: SearchOptions, found: Smallest, compact: CompactNetwork
    ) -> SearchReport:
        """The report of a search by refits: `before` is the proposal of the spectrum, `after` the chosen network."""
        net, result, point = found.proposal.network, found.proposal, found.curve[found.curve.chosen]
        return cls(
            **_common(data, options, net, compact),
            validation_loss_before=None,
            validation_loss_after=None,
            validation_loss_limit=None,
            path_norms_after=path_norms(compact.expanded().transfer_blocks(), net.widths),
            epochs=len(result.history),
            epoch=result.epoch,
            eigenvector_penalty=0.0,
            candidates=[],
            seconds=found.seconds,
            validation_score_before=found.proposal_score,
            validation_score_after=point.score,
            weights=point.weights,
            biases=point.biases,
            curve=[
                asdict(one) | {"best": i == found.curve.best, "chosen": i == found.curve.chosen}
                for i, one in enumerate(found.curve)
            ],
            certificate=_certificate(compact, data),
        )

    @classmethod
    def of(
        cls,
        data: PreparedData,
        options: SearchOptions,
        candidates: Sequence[Candidate],
        chosen: Candidate,
        trimmed: Trimmed,
        scores: tuple[float, float],
        seconds: float,
    ) -> SearchReport:
        """The report of a search; `scores` are those on the validation data before and after trimming."""
        net, compact = chosen.network, trimmed.compact
        return cls(
            **_common(data, options, net, compact),
            validation_loss_before=trimmed.loss_before,
            validation_loss_after=trimmed.loss_after,
            validation_loss_limit=trimmed.limit,
            path_norms_after=path_norms(trimmed.network.transfer_blocks(), net.widths),
            epochs=len(chosen.history),
            epoch=chosen.epoch,
            eigenvector_penalty=chosen.strength,
            candidates=[_summary(candidate) for candidate in candidates],
            seconds=seconds,
            validation_score_before=scores[0],
            validation_score_after=scores[1],
            weights=int(sum(np.count_nonzero(block) for block in compact.blocks.values())),
        )

    def with_test_scores(
        self, samples: int, before: float, after: float, peer: dict[str, Any] | None = None
    ) -> SearchReport:
        """The same report with scores on test data, and name and score of a peer on the same data."""
        return replace(
            self, test_samples=samples, test_score_before=before, test_score_after=after, peer=peer or self.peer
        )

    @property
    def score_name(self) -> str:
        return "accuracy" if self.task == "classification" else "R²"

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON: a score that is not defined is None, never NaN."""
        scores = ("validation_score_before", "validation_score_after", "test_score_before", "test_score_after")
        record = asdict(self)
        return record | {name: _defined(record[name]) for name in scores}

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def to_text(self) -> str:
        """The report as a person wants to read it."""
        lines = [
            f"{self.data or 'data'}: {self.task}, {self.training_samples} training, {self.validation_samples} validation"
            + (f", {self.test_samples} test samples" if self.test_samples else " samples"),
            f"trained {'-'.join(map(str, self.widths))} {self.activation} {self._origin}: {self.epochs} epochs, "
            f"of which {self.epoch} was kept; eigenvector penalty {self.eigenvector_penalty:g}; {self.seconds:.1f} s",
            "",
            "layer      neurons   live",
            *(
                self._layer(number, *counts)
                for number, counts in enumerate(zip(self.widths, self.live, strict=True), 1)
            ),
            "",
            "live block   shape        weights      norm",
            *(self._block(block) for block in self.blocks),
            "",
            f"parameters   {self.spectral_parameters:,} {self._kind} ({self.all_pairs_parameters:,} if every pair of layers were "
            f"joined), {self.sizes} {self._after}",
            f"‖Γ‖          {self._norms(self.path_norms_before)} trained, {self._norms(self.path_norms_after)} {self._after}"
            + self._eigenvalues,
            "",
            *self._sizes,
            f"             trained      {self._after}",
            *self._losses,
            self._scores("validation", self.validation_score_before, self.validation_score_after),
        ]
        if self.test_samples:
            lines.append(self._scores("test", self.test_score_before, self.test_score_after))
        if self.peer:
            lines.append(
                f"             {self.peer['score']:<12.5f} {'':<12} {self.score_name} of {self.peer['name']} on the same data"
            )
        if self.constant_features:
            lines += ["", f"no weight, since they do not vary in the training part: {self._listed_features}"]
        return "\n".join(lines) + "\n"

    @property
    def _listed_features(self) -> str:
        names = self.constant_features
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        return ", ".join(names[:5]) + more

    @property
    def sizes(self) -> str:
        """How large the network is that was found."""
        if not self.curve:
            return f"{self.compact_parameters:,} weights"
        return f"{self.weights:,} weights and {self.biases:,} biases"

    @property
    def _after(self) -> str:
        return "chosen" if self.curve else "trimmed"

    @property
    def _losses(self) -> list[str]:
        losses = self.validation_loss_before, self.validation_loss_after, self.validation_loss_limit
        if None in losses:
            return []
        before, after, limit = losses
        return [f"validation   {before:<12.6g} {after:<12.6g} loss (limit {limit:.6g})"]

    @property
    def _sizes(self) -> list[str]:
        """The curve as a table, and the statement on its chosen network."""
        if not self.curve:
            return []
        notes = {(True, True): "best, chosen", (True, False): "best", (False, True): "chosen", (False, False): ""}
        lines = [
            f"{one['weights']:>8,}{one['biases']:>8,}{one['neurons']:>9,}{one['bytes']:>10,}{one['score']:>10.4f}"
            f"{one['error']:>9.4f}   {notes[one['best'], one['chosen']]}".rstrip()
            for one in self.curve
        ]
        head = f" weights  biases  neurons     bytes{self.score_name:>10}    error   (on validation rows)"
        return [head, *lines, *([self.certificate] if self.certificate else []), ""]

    @property
    def _origin(self) -> str:
        return "from the linear seed" if self.mean_abs_eigenvalue is not None else "grown from the linear perceptron"

    @property
    def _kind(self) -> str:
        return "spectral" if self.mean_abs_eigenvalue is not None else "direct"

    @property
    def _eigenvalues(self) -> str:
        mean = self.mean_abs_eigenvalue
        return "" if mean is None else f"; mean |λ| of input and hidden layers {mean:.3g}"

    def _layer(self, number: int, neurons: int, live: int) -> str:
        role = "input" if number == 1 else "output" if number == len(self.widths) else "hidden"
        constant = "  (the constant neuron included)" if number == 1 and self.bias else ""
        return f"{number} {role:<9}{neurons:>7}{live:>7}{constant}"

    def _scores(self, name: str, before: float | None, after: float | None) -> str:
        shown = ["-" if _defined(score) is None else f"{score:.5f}" for score in (before, after)]
        return f"{name:<12} {shown[0]:<12} {shown[1]:<12} {self.score_name}"

    @staticmethod
    def _block(block: Block) -> str:
        name, shape = f"W_{block.receiver},{block.sender}", f"{block.rows}x{block.columns}"
        skip = "  skip connection" if block.receiver - block.sender > 1 else ""
        return f"{name:<12} {shape:<10}{block.present:>10,}{block.norm:>10.4g}{skip}"

    @staticmethod
    def _norms(norms: list[float]) -> str:
        return ", ".join(f"{norm:.4g}" for norm in norms) or "-"


def _live_blocks(compact: CompactNetwork) -> list[Block]:
    """The blocks of a compact network in the numbers of the full one."""
    return [Block.of(compact.layers[i - 1], compact.layers[j - 1], block) for (i, j), block in compact.blocks.items()]


def _common(
    data: PreparedData, options: SearchOptions, net: SpectralNetwork, compact: CompactNetwork
) -> dict[str, Any]:
    """The entries that every strategy fills alike."""
    names = options.feature_names or [f"x{number}" for number in range(1, data.x.shape[1] + 1)]
    return {
        "task": data.task,
        "activation": net.activation,
        "bias": net.bias,
        "standardized": data.standardized,
        "training_samples": len(data.x),
        "validation_samples": len(data.x_valid),
        "widths": list(net.widths),
        "live": list(compact.live),
        "blocks": _live_blocks(compact),
        "spectral_parameters": net.n_parameters,
        "all_pairs_parameters": _all_pairs(net.widths),
        "compact_parameters": compact.n_parameters,
        "path_norms_before": path_norms(net.transfer_blocks(), net.widths),
        "mean_abs_eigenvalue": _mean_abs_eigenvalue(net),
        "tolerance": options.trimming if options.strategy in ("seed", "grow") else options.tolerance or 0.0,
        "seed": options.seed,
        "data": options.name,
        "constant_features": [names[column] for column in np.flatnonzero(data.inputs.constant).tolist()],
        "strategy": options.strategy,
    }


def _all_pairs(widths: Sequence[int]) -> int:
    """Weights if every pair of layers were joined."""
    return sum(widths[i] * widths[j] for i in range(len(widths)) for j in range(i))


def _certificate(compact: CompactNetwork, data: PreparedData) -> str:
    """Whether the hidden neurons are proven to be as few as the function allows (M19); empty where M19 says nothing."""
    if len(compact.widths) != 3 or compact.direct.activation not in KINKED:
        return ""
    return certificate(compact, data.x).reason


def _mean_abs_eigenvalue(net: SpectralNetwork) -> float | None:
    """Mean |λ| of the input and the hidden layers; None for a direct network.

    By hand: a statistic for the report. Checked by test_search.test_the_mean_eigenvalue_of_the_report.
    """
    eigenvalues = [np.asarray(values) for values in net.eigenvalues[:-1]]
    return float(np.abs(np.concatenate(eigenvalues)).mean()) if eigenvalues else None


def _summary(candidate: Candidate) -> dict[str, float]:
    return {
        "eigenvector_penalty": candidate.strength,
        "epoch": candidate.epoch,
        "validation_loss": candidate.loss,
        "parameters": candidate.network.n_parameters,
    }


def _defined(score: float | None) -> float | None:
    return score if score is not None and math.isfinite(score) else None
