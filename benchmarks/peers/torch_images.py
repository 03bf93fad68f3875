"""An image network in PyTorch: the same structure and parameters, its own convolutions, batch norms and gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from spectral_core.networks.image import ImageNetwork

EPSILON, SHARE = 1e-5, 0.4


class TorchImages:
    """`ImageNetwork` in training mode; `channels_last` is PyTorch's other layout."""

    def __init__(self, net: ImageNetwork, channels_last: bool = False) -> None:
        self.structure = net.structure
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        self.p = {
            name: torch.tensor(values, requires_grad=True)
            for name, values in net.groups.items()
            if not name.startswith("running")
        }

    def norm(self, x: Any, name: str) -> Any:
        """Batch norm by the statistics of the batch."""
        return F.batch_norm(x, None, None, self.p[f"scales[{name}]"], self.p[f"shifts[{name}]"], True, 0.1, EPSILON)

    def convolution(self, x: Any, key: str, taps: int, dilation: int, stride: int) -> Any:
        """Depthwise, pointwise, batch norm."""
        kernel, matrix = self.p[f"kernels[{key}]"], self.p[f"weights[{key}]"]
        padding = dilation * (taps - 1) // 2
        x = F.conv2d(x, kernel[:, None], None, stride, padding, dilation, x.shape[1])
        return self.norm(F.conv2d(x, matrix[:, :, None, None]), key)

    def operation(self, x: Any, name: str, edge: str, stride: int) -> Any:
        """One operation of an edge."""
        if name == "identity":
            return x[:, :, ::stride, ::stride]
        if name == "max3":
            return F.max_pool2d(x, 3, stride, 1)
        if name == "mean3":
            return F.avg_pool2d(x, 3, stride, 1)
        taps, dilation, halves = int(name[3]), 2 if name.startswith("dil") else 1, 1 if name.startswith("dil") else 2
        for half in range(halves):
            x = self.convolution(
                F.relu(x) if half else x, f"{edge},{name},{half}", taps, dilation, 1 if half else stride
            )
        return x

    def input(self, x: Any, name: str, width: int, rows: int) -> Any:
        """An input node of a cell."""
        stride = x.shape[2] // rows
        if (x.shape[1], stride) != (width, 1):
            early = 1 if self.structure.scaled_first else stride
            x = F.conv2d(x[:, :, ::early, ::early], self.p[f"weights[{name}]"][:, :, None, None])
            x = self.norm(x, f"{name},scaler")[:, :, :: stride // early, :: stride // early]
        return self.norm(x, name)

    def loss(self, X: Any, y: Any) -> Any:
        """The cross entropy of the last tower plus 0.4 times that of the others."""
        x = X.to(memory_format=self.layout)
        outputs, total = [self.norm(F.conv2d(x, self.p["kernels[stem]"], None, 1, 1), "stem")], 0.0
        family = "eigenvalues" if self.structure.gates == "spectral" else "gates"
        for c, cell in enumerate(self.structure.cells):
            width, rows = self.structure.channels * 2**c, self.structure.image[1] // 2 ** max(c - 1, 0)
            nodes = [self.input(value, f"{c},{i}", width, rows) for i, value in enumerate(outputs)]
            for node in range(cell.inputs, cell.nodes):
                u = 0.0
                for (i, j), names in cell.edges:
                    if j == node:
                        gates = self.p[f"{family}[{c},{i},{j}]"]
                        stride = 2 if c and i < cell.inputs else 1
                        for k, name in enumerate(names):
                            u = u + gates[k] * self.operation(nodes[i], name, f"{c},{i},{j}", stride)
                nodes.append(self.norm(u, f"{c},{node}"))
            outputs.append(nodes[-1])
            logits = F.linear(nodes[-1].mean((2, 3)), self.p[f"towers[{c}]"], self.p[f"tower_biases[{c}]"])
            last = c == len(self.structure.cells) - 1
            total = total + (1.0 if last else SHARE) * F.cross_entropy(logits, y)
        return total

    def loss_and_gradients(self, X: np.ndarray, y: np.ndarray) -> tuple[float, dict[str, np.ndarray]]:
        """The loss of a batch and all gradients."""
        for values in self.p.values():
            values.grad = None
        loss = self.loss(torch.as_tensor(X), torch.as_tensor(y))
        loss.backward()
        return float(loss.detach()), {name: values.grad.numpy() for name, values in self.p.items()}
