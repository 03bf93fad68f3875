"""Our form (M7) in JAX: jit over a whole epoch, its steps in one scan, buffers donated."""

from __future__ import annotations

import time

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.tasks import Task


class JaxTraining:
    def __init__(self, task: Task) -> None:
        self.task = task
        self.x, self.y = (jnp.asarray(value) for value in task.data)
        self.state = jax.tree.map(jnp.asarray, task.start)
        self.first, self.second = (jax.tree.map(jnp.zeros_like, self.state) for _ in range(2))
        self.step = jnp.float32(0)
        self.epoch = jax.jit(self._epoch, donate_argnums=(0, 1, 2))

    def _loss(self, state, x, y):
        phi, lam = state
        u = x
        for i in range(len(phi)):
            z = u @ (phi[i] * (lam[i] - lam[i + 1][:, None])).T
            if i + 1 < len(phi):
                u = jax.nn.relu(z) - u @ phi[i].T
        if self.task.loss == "cross_entropy":
            loss = -jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], axis=1).mean()
        else:
            loss = ((z - y) ** 2).mean()
        return loss + self.task.strength * sum(jnp.linalg.norm(lam[i]) for i in self.task.penalised)

    def _epoch(self, state, first, second, step, x, y, batches):
        def one(carry, rows):
            state, first, second, step = carry
            loss, gradient = jax.value_and_grad(self._loss)(state, x[rows], y[rows])
            step += 1
            first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
            second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)
            rate, root = 1e-3 / (1 - 0.9**step), jnp.sqrt(1 - 0.999**step)
            state = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) / root + 1e-8), state, first, second)
            return (state, first, second, step), loss

        return jax.lax.scan(one, (state, first, second, step), batches)

    def run(self, epochs: int) -> float:
        generator = np.random.default_rng(0)
        start = time.perf_counter()
        for _ in range(epochs):
            batches = generator.permutation(self.task.rows).astype(np.int32).reshape(self.task.steps, -1)
            carry, _ = self.epoch(self.state, self.first, self.second, self.step, self.x, self.y, batches)
            self.state, self.first, self.second, self.step = carry
        jax.block_until_ready(self.state)
        return time.perf_counter() - start

    def loss_and_gradients(self) -> tuple[float, list[np.ndarray]]:
        batch = self.task.batch
        loss, (phi, lam) = jax.value_and_grad(self._loss)(self.state, self.x[:batch], self.y[:batch])
        return float(loss), [np.asarray(value) for value in [*phi, *lam]]

    def parameters(self) -> list[np.ndarray]:
        phi, lam = self.state
        return [np.array(value) for value in [*phi, *lam]]


def make(task: Task) -> JaxTraining:
    return JaxTraining(task)
