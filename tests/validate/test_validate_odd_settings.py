"""Settings that nobody published: an answer or one message, never a failure; and formulas hold at all of them."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from looptree.errors import InputError, UnsupportedError
from looptree.validate import Case, case_names, load_case, run_at
from looptree.validate.run import CHANGED, LEFT
from looptree.validate.settings import check_used, checked_values

COUNT = 25
NUMBERS = (1, 2, 3, 4, 5, 7, 8, 13, 64)
NETWORK = """
name: chain
inputs: {image: [2, 9, 11]}
layers:
  - {name: one, type: conv, out_channels: 3, kernel: 3, padding: 1}
  - {name: two, type: conv, depthwise: true, kernel: 3, stride: 2, padding: 1}
  - {name: three, type: conv, out_channels: 2, kernel: 1}
"""


def odd(case: Case, random: Random, network: str) -> dict[str, str]:
    """Some parameters of a case, set to what comes."""
    given: dict[str, str] = {}
    for name, parameter in case.parameters.items():
        if random.random() < 0.25 and parameter.kind != "network":
            continue
        if parameter.kind == "choice":
            given[name] = random.choice(list(parameter.options))
        elif parameter.kind == "number":
            given[name] = str(random.choice(NUMBERS))
        elif parameter.kind == "sizes":
            given[name] = f"{random.choice(NUMBERS)}x{random.choice(NUMBERS)}"
        elif parameter.kind == "blocks":
            given[name] = random.choice(["all", "none", "0-1", "0-2", "1-2", "0-7"])
        else:
            given[name] = network
    return {name: value for name, value in given.items() if is_used(case, given, name)}


def is_used(case: Case, given: dict[str, str], name: str) -> bool:
    """Whether a parameter means anything with the choices given."""
    try:
        check_used(case, {name: given[name]}, checked_values(case.parameters, given))
    except InputError:
        return False
    return True


@pytest.mark.parametrize("name", case_names())
def test_odd_settings(name: str, tmp_path: Path) -> None:
    network = tmp_path / "chain.yaml"
    network.write_text(NETWORK)
    case, random, answered = load_case(name), Random(name), 0
    for _ in range(COUNT):
        given = odd(case, random, str(network))
        try:
            result = run_at(case, given)
        except (InputError, UnsupportedError) as problem:
            assert len(str(problem)) > 20
            continue
        answered += 1
        assert result.rows, given
        assert not [row for row in result.rows if row.status in (LEFT, CHANGED)], given
        assert all(row.ours >= 0 for row in result.rows)
    assert answered > COUNT // 4
