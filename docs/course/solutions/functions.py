"""Solutions of the exercises whose answer is a function: `spectral-core exercise NAME --code FILE` judges this file."""

import numpy as np


def weights(phi, lam_in, lam_out):
    """Lesson 1: row h and column k hold (lam_in[k] - lam_out[h]) phi[h, k]."""
    return (lam_in - lam_out[:, None]) * phi


def whole(phi):
    """N, the matrix over all neurons with the blocks of phi below the diagonal."""
    widths = [phi[0].shape[1], *(block.shape[0] for block in phi)]
    ends = np.cumsum([0, *widths])
    N = np.zeros((ends[-1], ends[-1]))
    for i, block in enumerate(phi):
        N[ends[i + 1] : ends[i + 2], ends[i] : ends[i + 1]] = block
    return N


def inverse(phi):
    """Lesson 3: I - N + N² - ..., as many terms as there are layers."""
    N = whole(phi)
    term = result = np.eye(len(N))
    for _ in phi:
        term = -term @ N
        result = result + term
    return result


def propagate(phi, lam, x):
    """Lesson 5: M7, layer by layer."""
    u = x
    for i, block in enumerate(phi):
        z = block @ (lam[i] * u) - lam[i + 1] * (block @ u)
        u = np.maximum(z, 0) - block @ u
    return z


def gradient(phi, lam, x, y):
    """Lesson 6: M7 forwards, then the table of M8 backwards."""
    u, z = [x], [x]
    for i, block in enumerate(phi):
        z.append(block @ (lam[i] * u[i]) - lam[i + 1] * (block @ u[i]))
        u.append(np.maximum(z[-1], 0) - block @ u[i])
    phibar, lambar = [None for _ in phi], [np.zeros(len(values)) for values in lam]
    zbar, ubar = 2 * (z[-1] - y), np.zeros(len(y))  # the last layer hands nothing on
    for i in reversed(range(len(phi))):
        Mbar = np.outer(zbar, u[i])
        difference = lam[i] - lam[i + 1][:, None]
        phibar[i] = Mbar * difference - np.outer(ubar, u[i])
        lambar[i] += (Mbar * phi[i]).sum(axis=0)
        lambar[i + 1] -= (Mbar * phi[i]).sum(axis=1)
        ubar = (phi[i] * difference).T @ zbar - phi[i].T @ ubar
        zbar = ubar * (z[i] > 0)
    return phibar, lambar
