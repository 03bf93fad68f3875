"""Settings of all tests: none depends on how fast the machine is, and each draws the same examples in every run.

`pytest --hypothesis-profile explore` draws new examples each time and prints how to repeat the one that fails.
"""

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.register_profile("explore", settings.get_profile("steady"), derandomize=False, print_blob=True)
settings.load_profile("steady")

STRIDE = 5


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every fifth file first: files of one folder, which use the same kernels, are not compiled by two workers at a time."""
    files = list(dict.fromkeys(item.path for item in items))
    order = {path: (number % STRIDE, number) for number, path in enumerate(files)}
    items.sort(key=lambda item: order[item.path])
