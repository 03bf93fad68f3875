"""The report of a search, as numbers, text and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from spectral_core.architecture.candidates import Candidate
from spectral_core.architecture.judging import Judgement
from spectral_core.architecture.minimality import KINKED, certificate
from spectral_core.architecture.numbers import Block, Numbers, defined
from spectral_core.architecture.options import SearchOptions
from spectral_core.architecture.report_text import report_text
from spectral_core.architecture.smallest import Smallest
from spectral_core.data.preparation import PreparedData
from spectral_core.kernels.support.activations import written
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.paths import input_scores, path_norms
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.trimming import Trimmed


@dataclass(frozen=True)
class SearchReport(Numbers):
    """The result of a search in numbers, as text and as JSON; `Numbers` has its fields.

    Examples
    --------
    >>> import numpy as np
    >>> from spectral_core import search
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> report = search(X, np.where(X[:, 0] > 0, "right", "left"), hidden=(5,), epochs=20).report
    >>> report.task, report.classes, report.score > report.constant_score
    ('classification', ['left', 'right'], True)
    """

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
        """The report of a search; `scores` are those on the validation data before and after trimming.

        By hand: a sum of counts. Checked by test_search.test_the_norms_of_the_report_are_those_of_its_blocks.
        """
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
        self,
        samples: int,
        before: float,
        after: float,
        peer: dict[str, Any] | None = None,
        judgement: Judgement | None = None,
    ) -> SearchReport:
        """The same report with scores on test data, name and score of a peer, and a judgement on the same data."""
        scored = replace(
            self, test_samples=samples, test_score_before=before, test_score_after=after, peer=peer or self.peer
        )
        return scored if judgement is None else scored.with_judgement(judgement)

    def with_judgement(self, judgement: Judgement) -> SearchReport:
        """The same report with the scores of the best constant and others on the rows that judge."""
        return replace(
            self,
            constant_score=judgement.constant_score,
            balanced_accuracy=judgement.balanced_accuracy,
            roc_auc=judgement.roc_auc,
            sentences=judgement.sentences,
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON: a score that is not defined is None, never NaN."""
        scores = ("validation_score_before", "validation_score_after", "test_score_before", "test_score_after")
        record = asdict(self)
        return record | {name: defined(record[name]) for name in scores}

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def to_text(self) -> str:
        """The report as a person wants to read it."""
        return report_text(self)

    def __repr__(self) -> str:
        of = f" of {self.target}" if self.target else ""
        score = "-" if self.score is None else f"{self.score:.5g}"
        return (
            f"SearchReport({self.task}{of}, {self.sizes}, {self.score_name} {score}); print(report.to_text()) shows all"
        )


def _live_blocks(compact: CompactNetwork) -> list[Block]:
    """The blocks of a compact network in the numbers of the full one."""
    return [Block.of(compact.layers[i - 1], compact.layers[j - 1], block) for (i, j), block in compact.blocks.items()]


def _common(
    data: PreparedData, options: SearchOptions, net: SpectralNetwork, compact: CompactNetwork
) -> dict[str, Any]:
    """The entries that every strategy fills alike; the options have the names of all features and targets."""
    names = options.feature_names
    return {
        "task": data.task,
        "activation": written(net.activation),
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
        "target": ", ".join(options.target_names),
        "classes": [label.item() if isinstance(label, np.generic) else label for label in data.classes],
        "inputs": _inputs(compact, names),
        "remarks": list(data.remarks),
        "settings": {**data.asked, **options.chosen()},
    }


def _inputs(compact: CompactNetwork, names: Sequence[str]) -> list[dict[str, Any]]:
    """The features that have weights and their path scores, the greatest first."""
    scores = input_scores(compact.blocks, compact.widths)
    positions = compact.neurons[0].tolist()
    rows = [
        {"name": names[position], "score": float(score)}
        for position, score in zip(positions, scores, strict=True)
        if score > 0 and position < compact.n_features
    ]
    return sorted(rows, key=lambda row: -row["score"])


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
