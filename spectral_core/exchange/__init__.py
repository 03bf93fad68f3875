"""Networks in formats of other software, and from other libraries."""

from spectral_core.exchange.c import export_c as export_c
from spectral_core.exchange.dense import from_keras as from_keras
from spectral_core.exchange.dense import from_sklearn as from_sklearn
from spectral_core.exchange.dense import from_torch as from_torch
from spectral_core.exchange.javascript import export_javascript as export_javascript
from spectral_core.exchange.onnx import export_onnx as export_onnx
from spectral_core.exchange.tensors import export_safetensors as export_safetensors
from spectral_core.exchange.tensors import export_torch as export_torch
