"""Settings of all tests: none depends on how fast the machine is, and each draws the same examples in every run.

`pytest --hypothesis-profile explore` draws new examples each time and prints how to repeat the one that fails.
"""

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.register_profile("explore", settings.get_profile("steady"), derandomize=False, print_blob=True)
settings.load_profile("steady")

STRIDE = 7
LONG_PROOFS = ("test_rocq.py", "test_mutation.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every seventh file first: files of one folder, which use the same kernels, are not compiled by two workers at a time.

    Beside the very first file, which compiles those of a search, the long proofs run, which need no kernel.
    """
    files = list(dict.fromkeys(item.path for item in items))
    begin = {path: 1 + (path.name not in LONG_PROOFS) for path in files} | dict.fromkeys(files[:1], 0)
    order = {path: (begin[path], number % STRIDE, number) for number, path in enumerate(files)}
    items.sort(key=lambda item: order[item.path])
