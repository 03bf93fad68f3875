"""Settings of all tests: none depends on how fast the machine is, and each draws the same examples in every run.

`pytest --hypothesis-profile explore` draws new examples each time and prints how to repeat the one that fails.
"""

from hypothesis import HealthCheck, settings

settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.register_profile("explore", settings.get_profile("steady"), derandomize=False, print_blob=True)
settings.load_profile("steady")
