"""Settings of the whole test suite: how Hypothesis searches.

Both profiles give the same examples on every run and never fail because a machine is slow. `ci` looks at more of
them and prints how to repeat a failure; `HYPOTHESIS_PROFILE=ci make test` does the same at home.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from tests.some import PROFILE

_SLOW_MACHINE = [HealthCheck.too_slow]

settings.register_profile("default", derandomize=True, deadline=None, suppress_health_check=_SLOW_MACHINE)
settings.register_profile("ci", settings.get_profile("default"), max_examples=200, print_blob=True)
settings.load_profile(PROFILE)
