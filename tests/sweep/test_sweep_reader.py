"""Studies as they are read, and what is wrong with those that are not."""

from __future__ import annotations

import pickle
from fractions import Fraction

import pytest

from looptree.architecture.load import load_architecture
from looptree.errors import InputError
from looptree.sweep.reader import load_study, shipped_studies
from looptree.sweep.run import work
from looptree.sweep.surveyed import Surveying
from tests.sweep.sweep_cases import SEARCHED, SURVEYED, study


def test_points_by_number() -> None:
    known = study(SEARCHED)
    assert (known.hardware, known.runs, known.points) == (14, 2, 28)
    assert known.values(3) == {"buffer": 2048, "bandwidth": 8}
    assert known.known(3)["area"] == 10
    hardware, network, space, _, objective = known.chosen(7)
    assert (hardware, network.label, space, objective) == (3, "conv_conv channels=8 resolution=12", "quick", "energy")
    architecture = known.architecture(3)
    assert architecture.level("GLB").capacity_bytes == 2048
    assert architecture.off_chip.bandwidth_bytes_per_cycle == 8
    assert architecture.compute == load_architecture("small").compute


def test_ranges_of_networks() -> None:
    known = study(changed(SEARCHED, "resolution: [8, 12]", "resolution: {from: 8, to: 32, times: 2}, bits: [8, 16]"))
    assert [dict(choice.settings)["resolution"] for choice in known.networks] == [8, 8, 16, 16, 32, 32]
    assert known.networks[1].label == "conv_conv channels=8 resolution=8 bits=16"
    with pytest.raises(InputError, match=r"whole numbers as resolution, found 8\.5"):
        study(changed(SEARCHED, "resolution: [8, 12]", "resolution: {from: 8, to: 9, step: 0.5}"))
    with pytest.raises(InputError, match="'resolution' has a value twice"):
        study(changed(SEARCHED, "resolution: [8, 12]", "resolution: [8, 8]"))


def test_ranges_and_nested_keys() -> None:
    known = study(SURVEYED)
    assert list(map(int, known.axes[1].values)) == [2, 4, 8]
    built = known.architecture(known.hardware - 1)
    assert dict(built.compute.spatial) == {"m": 8, "c": 4}
    assert built.level("GLB").read_pj_per_byte == Fraction(str(8192**0.5 / 32))


def test_points_share_what_was_read_before() -> None:
    for text in (SEARCHED, SURVEYED):
        known = study(text)
        for hardware in [*range(known.hardware), *range(0, known.hardware, 5)]:
            fresh = pickle.loads(pickle.dumps(known))  # without what has been read
            assert known.architecture(hardware) == fresh.architecture(hardware)
        assert pickle.dumps(known) == pickle.dumps(study(text))


@pytest.mark.parametrize("name", shipped_studies())
def test_shipped_studies(name: str) -> None:
    known = load_study(name)
    assert known.name == name
    for hardware in range(0, known.hardware, max(1, known.hardware // 20)):
        known.architecture(hardware)


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("buffer: [512, 2KiB, 4KiB, 8KiB, 32KiB, 64KiB, 128KiB]", "buffer: []", "has no values"),
        ("bandwidth: [2, 8]", "bandwidth: [2, 2]", "a value twice"),
        (
            "bandwidth: [2, 8]",
            "bandwidth: {from: 5, to: 1, step: 1}",
            "expected a range that goes up, found one from 5 to 1",
        ),
        ("bandwidth: [2, 8]", "bandwidth: {from: 1, to: 9}", "either step or times"),
        ("bandwidth: [2, 8]", "bandwidth: {from: 1, to: 9, times: 1}", "times above 1"),
        ("bandwidth: [2, 8]", "bandwidth: {from: 0, to: 1e9, step: 0.001}", "more than 100000 values"),
        ("bandwidth: [2, 8]", "bandwidth: [fast]", "expected a number or a size"),
        ("bandwidth: [2, 8]", "energy: [2, 8]", "the name of a result"),
        ("GLB.capacity_bytes: buffer", "GLB.capacity: buffer", "unknown key 'capacity'"),
        ("GLB.capacity_bytes: buffer", "L2.capacity_bytes: buffer", "no level 'L2'"),
        ("GLB.capacity_bytes: buffer", "GLB: buffer", "expected a key below"),
        ("parameters:\n", "parameters:\n  idle: [1, 2]\n", "parameter 'idle' is used neither by set nor derived"),
        ("spaces: [quick]", "spaces: [{name: x, restrictions: {a: 1}}]", "unknown key 'restrictions'"),
        ("front: [area, energy]", "constraints: [latency + 5]", "expected a comparison"),
        ("front: [area, energy]", "constraints: [latency <= 0]", "expected an amount above 0"),
        ("architecture: small", "architecture: [small, small]", "two architectures are called 'small'"),
        ("architecture: small", "architecture: []", "at least one architecture"),
        ("architecture: small", "architecture: smal", "did you mean 'small'"),
        ("GLB.capacity_bytes: buffer", "GLB.capacity_bytes: size", "mentions 'size'"),
        ("GLB.capacity_bytes: buffer", "GLB.capacity_bytes: buffer / 3", "whole number"),
        ("name: conv_conv,", "name: no_such_network,", "no_such_network"),
        ("resolution: [8, 12]", "colour: [8]", "colour"),
        ("spaces: [quick]", "spaces: [narrow]", "expected a search space"),
        ("spaces: [quick]", "spaces: [{name: mine, loops: 9}]", "spaces[0].loops: expected loops from 1 to 4, found 9"),
        ("spaces: [quick]", "spaces: [{name: mine, spill: 1}]", "spaces[0].spill: expected true or false, found 1"),
        ("spaces: [quick]", "objectives: [speed]", "expected one of"),
        ("front: [area, energy]", "front: [area, beauty]", "expected one of"),
        ("front: [area, energy]", "constraints: [beauty <= 3]", "mentions 'beauty'"),
        ("front: [area, energy]", "keep: some", "expected one of all, front, best"),
        ("front: [area, energy]", "time_limit: 0", "above zero"),
        ("study: small", "studie: small", "unknown key 'studie'"),
        ("architecture: small", "architecture: nothing", "nothing in architectures"),
        ("networks:\n", "group: {network: conv_conv}\nnetworks:\n", "either networks"),
    ],
)
def test_mistakes(old: str, new: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        study(changed(SEARCHED, old, new))
    assert message in str(caught.value)


@pytest.mark.parametrize("key", ["objectives: [energy]", "spaces: [quick, default]", "time_limit: 3", "keep: all"])
def test_keys_of_searches_in_a_survey(key: str) -> None:
    with pytest.raises(InputError, match="is for searches; a group is surveyed"):
        study(f"{SURVEYED}{key}\n")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("power <= 60", "power >= 60", "expected a limit on one metric"),
        ("power <= 60", "power <= 3 * side", "expected a number after <="),
        ("area <= 20", "area <= 0", "no point of the hardware holds"),
        ("order: [p, q]", "order: [p, z]", "there is no loop order p, z"),
    ],
)
def test_mistakes_in_a_survey(old: str, new: str, message: str) -> None:
    known = study(changed(SURVEYED, old, new))
    with pytest.raises(InputError) as caught:
        Surveying.of(known)
    assert message in str(caught.value)


def test_nothing_to_search() -> None:
    with pytest.raises(InputError, match="the study is empty: no point of the hardware holds"):
        work(study(f"{SEARCHED}constraints: [area <= 0]\n"))


def test_too_many_points() -> None:
    axes = "\n".join(f"  a{i}: {{from: 1, to: 1000, step: 1}}" for i in range(5))
    with pytest.raises(InputError, match=r"28,000,000,000,000,000 searches, more than .* fewer values"):
        study(changed(SEARCHED, "parameters:\n", f"parameters:\n{axes}\n"))


def test_no_such_study() -> None:
    with pytest.raises(InputError, match="did you mean 'edge_buffer'"):
        load_study("edge_bufer")
