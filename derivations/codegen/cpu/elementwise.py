"""The activations of a layer and their exponential as Numba source for the CPU."""

from __future__ import annotations

from derivations.codegen.cpu.layers import DECORATOR
from derivations.codegen.elementwise import activate_function, exponential_function
from derivations.codegen.expressions import RealPrinter
from derivations.theorems.scalar import activations, exponential
from derivations.theorems.scalar.activations import Activation

# No "reassoc": regrouped, the reduction of the exponential is no longer exact. The flags belong to the instructions,
# so they hold wherever the function is inlined.
EXACT_ORDER = '{"nogil": True, "error_model": "numpy", "fastmath": {"contract"}, "forceinline": True}'
CHOICE = '''
def exponential(x):
    """exp(x) and expm1(x) in the type of x."""
    return exponential_float32(x) if type(x) is np.float32 else exponential_float64(x)


@overload(exponential, jit_options={options})
def exponential_by_type(x):
    return exponential_float32 if x == types.float32 else exponential_float64
'''


def activation_function(table: tuple[Activation, ...] = activations.ACTIVATIONS) -> str:
    """`activate`, vectorised over a layer: a loop over the neurons of a narrow layer would be too short."""
    places = {"size": "pre.size", "z": "z_all[i]", "x": "x_all[i]", "shape": "n_samples, n_out"}
    flat = "z_all, x_all = pre.reshape(pre.size), post.reshape(post.size)"
    head = f"{DECORATOR}\ndef activate(activation, pre, post):"
    return activate_function(RealPrinter(), table, head, places, (flat,))


def exponential_functions() -> list[str]:
    """The programs of the theorems E in each format, and `exponential` that chooses by the type of its argument."""
    parts = [exponential_function(form) for form in exponential.FORMATS]
    return [*parts, *CHOICE.format(options=EXACT_ORDER).strip().split("\n\n\n")]
