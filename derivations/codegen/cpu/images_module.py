"""The kernel module of image networks as text: header, tables, proven functions, orchestration."""

from __future__ import annotations

import sympy

from derivations.codegen import templates
from derivations.codegen.cpu import images
from derivations.codegen.cpu import layers as cpu

INLINED = (
    "group_size",
    "scratch_sizes",
    "tap_places",
    "pixel_places",
    "read",
    "place",
    "take",
    "copied",
    "masked",
    "add_masked",
    "mask_columns",
    "add_copies",
    "subsampled",
    "put_back",
    "give",
)
"""Helpers. Of the others, which Python calls, none calls another: each is compiled when it is first needed, and once."""
HEADER = '''
"""Numba kernels for image networks, printed from the proven programs in `derivations`. Do not edit.

made by       python -m derivations
SymPy         {sympy}
certificates  sha256 {digest}

Planes are (sample, channel, row · column). Every value, the output of a convolution or the sum at a node, has a batch norm
behind it that is not stored: who reads the value reads a x + b, with relu if there is one. A window of k × k taps is k²
slices of a flat scratch plane with zeros around, so no index is negative and loops over positions are vectorised.

What Python calls is compiled when it is first called; it calls functions that are printed from proven programs, and helpers
that place and read planes and say `By hand`; all of them are inlined.
"""

import math

import numpy as np
from numba import njit

STEM, CONVOLUTION, LINK, MAX, MEAN = 0, 1, 2, 3, 4
MEAN_OF, DEVIATION, SCALE, SHIFT = 0, 1, 2, 3
EPSILON = 1e-5
'''


def images_module(digest: str) -> str:
    """The text of `spectral_core/kernels/cpu/images.py`."""
    header = HEADER.format(sympy=sympy.__version__, digest=digest)
    parts = []
    written = {
        name: source for file in images.TEMPLATES for name, source in templates.read(images.FOLDER, file).items()
    }
    for name, source in written.items():
        for taps in images.TAPS if name.endswith("_TAPS") else (0,):
            words = {"TAPS": str(taps)} if taps else {}
            parts.append(templates.specialise(source, cpu.HELPER if name in INLINED else cpu.RUNNER, **words))
    return "\n\n\n".join([header.strip(), *images.sources(), *parts]) + "\n"
