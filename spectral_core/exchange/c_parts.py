"""The printed parts of a C file in one type."""

from __future__ import annotations

from collections.abc import Mapping

import spectral_core.exchange.printed_c_double as in_double
import spectral_core.exchange.printed_c_float as in_float
import spectral_core.exchange.printed_c_images as images
import spectral_core.exchange.printed_c_network as network
import spectral_core.exchange.printed_c_training as training
from spectral_core.exchange.c_text import substituted

FUNCTIONS = {"float": in_float, "double": in_double}


def network_parts(kind: str) -> dict[str, str]:
    """The parts of a file in ``float`` or ``double`` that predicts, by name."""
    return _in_type(network.PARTS, kind) | FUNCTIONS[kind].HELPERS


def training_parts(kind: str) -> dict[str, str]:
    """What a file that trains has beside them."""
    return _in_type(training.PARTS, kind)


def image_parts(kind: str) -> dict[str, str]:
    """What a file of an image network has beside those of one that predicts."""
    return _in_type(images.PARTS, kind)


def activation(kind: str, name: str) -> str:
    """The function f(z)."""
    return FUNCTIONS[kind].ACTIVATIONS[name]


def activation_with_slope(kind: str, name: str) -> str:
    """The function f(z) that gives f'(z) too."""
    return FUNCTIONS[kind].WITH_SLOPES[name]


def _in_type(texts: Mapping[str, str], kind: str) -> dict[str, str]:
    words = network.WORDS[kind] | training.WORDS[kind] | images.WORDS[kind]
    return {name: substituted(text, words) for name, text in texts.items()}
