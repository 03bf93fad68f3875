"""The budget of a chip: the choice along a curve of sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from spectral_core.architecture.curve import Curve
from spectral_core.errors import InvalidInputError
from spectral_core.exchange.footprint import Footprint
from spectral_core.wording import counted

UNITS = {"flash": "bytes of flash", "ram": "bytes of memory", "operations": "multiplications"}


@dataclass(frozen=True)
class Budget:
    """The greatest cost of each kind; None is no limit."""

    flash: int | None = None
    ram: int | None = None
    operations: int | None = None

    def __bool__(self) -> bool:
        return any(limit is not None for limit in vars(self).values())

    def fits(self, cost: Footprint) -> bool:
        """Whether a network keeps within every limit."""
        return all(limit is None or getattr(cost, name) <= limit for name, limit in vars(self).items())

    def __str__(self) -> str:
        return ", ".join(f"{limit:,} {UNITS[name]}" for name, limit in vars(self).items() if limit is not None)

    def choose(self, curve: Curve, costs: Sequence[Footprint | InvalidInputError]) -> tuple[Curve, list[str]]:
        """The curve with the chosen size moved to one that fits, and sentences on it.

        The chosen network stays where it fits; otherwise it is the one of the greatest score that fits, of equal scores the
        smallest. A network that cannot be exported, for which `costs` has the error, does not fit.

        Raises
        ------
        InvalidInputError : no network fits; the message names the least that would.
        """
        known = {i: cost for i, cost in enumerate(costs) if isinstance(cost, Footprint)}
        fitting = [i for i, cost in known.items() if self.fits(cost)]
        if not fitting:
            errors = [cost for cost in costs if isinstance(cost, InvalidInputError)]
            if not known:
                raise InvalidInputError(f"no network can be exported, so none fits {self}: {errors[0]}")
            least = min(known.values(), key=lambda cost: [getattr(cost, name) for name in self._limited])
            raise InvalidInputError(f"no network fits {self}; the smallest needs {self._needs(least)}")
        chosen = curve.chosen
        if chosen not in fitting:
            chosen = max(fitting, key=lambda i: (curve[i].score, -curve[i].weights))
        kept = replace(curve, chosen=chosen)
        remarks = [
            f"budget: {self}; the chosen network, {counted(curve[chosen].weights, 'weight')}, takes {self._needs(known[chosen])}"
        ]
        wider = [i for i in known if i not in fitting and curve[i].score > curve[chosen].score]
        if wider:
            i = min(wider, key=lambda i: (curve[i].weights, i))
            remarks.append(
                f"a wider budget of {self._needs(known[i])} would give the validation score {curve[i].score:.4f} instead of {curve[chosen].score:.4f}"
            )
        tighter = [i for i in fitting if curve[i].weights < curve[chosen].weights]
        if tighter:
            i = max(tighter, key=lambda i: (curve[i].score, -curve[i].weights))
            remarks.append(
                f"a tighter budget of {self._needs(known[i])} would give the validation score {curve[i].score:.4f}"
            )
        return kept, remarks

    def _needs(self, cost: Footprint) -> str:
        """The costs of the kinds that are limited."""
        return ", ".join(f"{getattr(cost, name):,} {UNITS[name]}" for name in self._limited)

    @property
    def _limited(self) -> list[str]:
        return [name for name, limit in vars(self).items() if limit is not None]
