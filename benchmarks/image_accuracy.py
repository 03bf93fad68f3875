"""A small convolutional network in PyTorch, trained for a given time: what `images search --time` is compared with.

`python -m benchmarks.image_accuracy DATA --minutes 15 --parameters 20000 [--size ROWS] [--crop 2] [--flip]` trains with the same
parts of DATA as the command `images search` with the same seed: a convolution of 3 × 3, three stages of two residual separable convolutions,
batch norms, means of planes, a linear map. Its width is the largest that the parameters allow. SGD with momentum 0.9 and one cosine
over the epochs that fit into the time, measured on the first. One thread.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from spectral_core.data.augmentation import Augmentation, changed
from spectral_core.data.image_parts import images_of, parts_of


def network(width: int, colours: int, classes: int) -> Any:
    """The network; width channels in the first stage, twice as many in each further one."""
    import torch
    from torch import nn

    class Block(nn.Module):
        def __init__(self, into: int, out: int, stride: int) -> None:
            super().__init__()
            self.body = nn.Sequential(
                nn.Conv2d(into, into, 3, stride, 1, groups=into, bias=False), nn.Conv2d(into, out, 1, bias=False),
                nn.BatchNorm2d(out), nn.ReLU(), nn.Conv2d(out, out, 3, 1, 1, groups=out, bias=False),
                nn.Conv2d(out, out, 1, bias=False), nn.BatchNorm2d(out),
            )  # fmt: skip
            self.short = nn.Identity() if (into, stride) == (out, 1) else nn.Conv2d(into, out, 1, stride, bias=False)

        def forward(self, x: Any) -> Any:
            return torch.relu(self.body(x) + self.short(x))

    w = width
    return nn.Sequential(
        nn.Conv2d(colours, w, 3, 1, 1, bias=False), nn.BatchNorm2d(w), nn.ReLU(),
        Block(w, w, 1), Block(w, w, 1), Block(w, 2 * w, 2), Block(2 * w, 2 * w, 1), Block(2 * w, 4 * w, 2), Block(4 * w, 4 * w, 1),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4 * w, classes),
    )  # fmt: skip


def size_of(net: Any) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


def main() -> None:
    """Train, and print accuracy, parameters, epochs and seconds."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--parameters", type=int, default=20_000)
    parser.add_argument("--size", type=int)
    parser.add_argument("--crop", type=int, default=0)
    parser.add_argument("--flip", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    given = parts_of(options.data, images_of(options.data, options.size), options.seed, 0.2, 0.1)
    training, test = given.training, given.test
    colours, rows, columns = training.shape
    width = max(
        (w for w in range(1, 200) if size_of(network(w, colours, len(training.classes))) <= options.parameters),
        default=1,
    )
    net = network(width, colours, len(training.classes)).to(memory_format=torch.channels_last)
    augmentation = Augmentation(crop=options.crop, flip=options.flip, seed=options.seed)
    x, y = training.images.reshape(len(training), colours, -1).astype(np.float32), torch.from_numpy(training.labels)
    batch, start, epoch, epochs, step = 64, time.monotonic(), 0, 2, 0
    steps = len(x) // batch
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=3e-4)
    generator = np.random.default_rng(options.seed)
    while epoch < epochs:
        order, changes = generator.permutation(len(x)), augmentation.changes(step, len(x), (rows, columns))
        net.train()
        for k in range(steps):
            own = order[k * batch : (k + 1) * batch]
            seen = changed(x[own], changes[k * batch : (k + 1) * batch], (rows, columns)).reshape(
                batch, colours, rows, columns
            )
            rate = 0.05 * 0.5 * (1 + np.cos(np.pi * step / (epochs * steps)))
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(
                net(torch.from_numpy(seen).to(memory_format=torch.channels_last)), y[own]
            )
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            step += 1
        epoch += 1
        taken = time.monotonic() - start
        if epoch == 1:
            epochs = max(1, int(60 * options.minutes / taken))
        print(f"epoch {epoch} of {epochs}, {taken:.0f} s, loss {loss.item():.3f}", flush=True)
    net.eval()
    hits = 0
    with torch.no_grad():
        for k in range(0, len(test), 500):
            part = torch.from_numpy(test.images[k : k + 500].astype(np.float32)).to(memory_format=torch.channels_last)
            hits += int((net(part).argmax(1).numpy() == test.labels[k : k + 500]).sum())
    print(
        f"test accuracy {hits / len(test):.4f}, {size_of(net):,} parameters, {epochs} epochs, {time.monotonic() - start:.0f} s"
    )


if __name__ == "__main__":
    main()
