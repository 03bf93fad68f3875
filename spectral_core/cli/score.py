"""The command `score`."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectral_core.cli import data_options
from spectral_core.cli.console import output_options, tell
from spectral_core.errors import InvalidInputError
from spectral_core.wording import counted

if TYPE_CHECKING:
    import numpy as np

    from spectral_core.cli.model_data import ModelData, Scored
    from spectral_core.networks.predictor import Predictor

PARTS = ("test", "validation", "all")


def add_parser(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "score",
        help="scores of a saved model on rows that it has not seen, beside the best constant's",
        description="Scores a model of `search`, `compact` or `prune`. On the data of its search the test rows are scored. On other data "
        "the rows that did not train the model are. A sentence says which rows these are, and how many of them the model has seen.",
        epilog="example: spectral-core score results/wine/compact.npz wine",
    )
    parser.add_argument(
        "model", metavar="MODEL", help="a model file with the scaling of its data, such as model.npz of a search"
    )
    parser.add_argument(
        "data", metavar="DATA", help="a file with the model's columns and its target, or a built-in name"
    )
    parser.add_argument(
        "--part", choices=PARTS, help="test or validation rows of the search, or all rows (default: see above)"
    )
    data_options.add_column_options(parser, split=False)
    data_options.add_file_options(parser)
    output_options(parser, "the scores", writes=False)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the scores."""
    import numpy as np

    from spectral_core import checks
    from spectral_core.cli.model_data import model_data
    from spectral_core.data.metrics import scores_of
    from spectral_core.networks.predictor import Predictor

    model = Predictor.load(options.model)
    data = model_data(options, model)
    model = replace(model, encoder=None)  # the rows are encoded
    x, y, sentence, weights = chosen_rows(model, data, options.part)
    given = len(x)
    if weights is not None:
        name = f"column {options.weight!r} of the rows to score"
        used = np.flatnonzero(checks.sample_weights(weights, np.float64, given, name))
        x, y, weights = x[used], y[used], weights[used]
        sentence += f"; the scores are weighted by {options.weight!r}"
        if len(used) < given:
            sentence += f", {counted(given - len(used), 'row')} of weight 0 left out"
    scores, constant = scores_of(model, x, y, weights)
    title = f"{Path(options.model).name} on {data.origin.source}"
    record = {"model": options.model, "data": options.data, "rows": given, "sentence": sentence}
    record |= {"weight": options.weight or None, "scores": scores, "best_constant": constant}
    tell(options, f"{title}: {sentence}\n\n{table(scores, constant)}", record)
    return 0


def table(scores: dict[str, float | None], constant: dict[str, float | None]) -> str:
    """The scores of a model beside those of the best constant."""
    from spectral_core.data.metrics import TITLES

    def shown(value: float | None) -> str:
        return "-" if value is None else f"{value:.5g}"

    lines = [f"{'':<18}{'model':>12}{'best constant':>16}"]
    lines += [f"{TITLES[name]:<18}{shown(scores[name]):>12}{shown(constant[name]):>16}" for name in scores]
    return "\n".join(lines) + "\n"


def chosen_rows(model: Predictor, data: ModelData, part: str | None) -> Scored:
    """The rows to score, a sentence on what the model has seen of them, and their weights.

    By hand: a number of rows. Checked by test_score.test_each_part_says_what_the_model_has_seen.
    """
    import numpy as np

    from spectral_core.data.fingerprints import row_prints

    prints = row_prints(data.x, data.y)
    trained, judged = (
        None if model.origin is None else model.origin.seen(prints, of) for of in ("training", "validation")
    )
    if data.rows:
        return _of_the_search(data, part, trained, judged)
    if part in ("test", "validation"):
        raise InvalidInputError(
            f"--part {part}: {data.origin.source} is not known as the data of the model's search; --part all scores it"
        )
    count = len(data.x)
    rows = counted(count, "row")
    if trained is None or judged is None:
        return data.scored(f"{rows}; it is not known how many of them trained the model")
    seen = int(trained.sum())
    if seen == count:
        every = rows if count == 1 else f"all {rows}"
        return data.scored(f"{every} trained the model: these scores say nothing about new rows")
    if not seen:
        none = "which did not train" if count == 1 else "none of which trained"
        return data.scored(f"{rows}, {none} the model{_judging(judged)}")
    if part == "all":
        return data.scored(f"{rows}, {seen} of which trained the model")
    new = np.flatnonzero(~trained)
    sentence = (
        f"{counted(len(new), 'row')} that did not train the model{_judging(judged[new])}; {counted(seen, 'other')} did and "
        f"{'is' if seen == 1 else 'are'} left out (--part all scores {'it' if seen == 1 else 'them'} too)"
    )
    return data.scored(sentence, new)


def _judging(judged: np.ndarray) -> str:
    """Which of some rows judged the model: they chose it, or the neurons that a `prune` left.

    By hand: a number of rows. Checked by test_score.test_each_part_says_what_the_model_has_seen.
    """
    count, rows = int(judged.sum()), len(judged)
    who = f"{count:,} of them" if count < rows else "it" if rows == 1 else "they"
    return "" if not count else f", but {who} judged {'the model' if rows == 1 else 'it'}"


def _untrained(count: int) -> str:
    """That these rows did not train the model, after a semicolon."""
    return f"{'it did not train' if count == 1 else 'none of them trained'} the model"


def _of_the_search(data: ModelData, part: str | None, trained: np.ndarray | None, judged: np.ndarray | None) -> Scored:
    """Rows of the data that the model was made from.

    By hand: a number of rows. Checked by test_score.test_each_part_says_what_the_model_has_seen.
    """
    import numpy as np

    # Test points that the built-in set draws apart.
    if data.fresh is not None and part in (None, "test"):
        sentence = f"{counted(len(data.fresh[0]), 'test row')}, drawn apart; {_untrained(len(data.fresh[0]))}"
        return *data.fresh, sentence, None
    if part is None:
        part = next((name for name in ("test", "validation") if len(data.rows.get(name, ()))), "all")
    if part == "all":
        fitted = len(data.rows["training"])
        return data.scored(f"all {counted(len(data.x), 'row')} of its search, {fitted} of which trained the model")
    rows = np.asarray(data.rows.get(part, ()), np.int64)
    if not len(rows):
        raise InvalidInputError(
            f"--part {part}: the search of this model kept no {part} rows; parts with rows: {_listed(data)}"
        )
    sentence = f"{counted(len(rows), f'{part} row')} of its search; {_untrained(len(rows))}"
    if judged is not None:
        sentence += _judging(judged[rows])
    equal = 0 if trained is None else int(trained[rows].sum())
    if equal:
        who = "it" if len(rows) == 1 else f"{equal:,} of them"
        sentence += f"; {who} {'equals a row' if equal == 1 else 'equal rows'} that did"
    return data.scored(sentence, rows)


def _listed(data: ModelData) -> str:
    return ", ".join(name for name, rows in data.rows.items() if len(rows)) or "none"
