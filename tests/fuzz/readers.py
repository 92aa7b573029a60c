"""Fuzz one reader: whatever a file holds, it is read, or refused by one `InputError` within seconds.

    pip install atheris
    python tests/fuzz/readers.py onnx --seconds 600 --found build/found

Readers: `onnx`, `accelforge`, `jinja`, `maestro`, `looptree`, `network`, `plan`, `study`. Seeds are the files that ship
and those of the tests. A mutation keeps the grammar half of the time (a number, a name, a line, an attribute), and is
one of bytes otherwise; inputs that reach new code are kept. Every other way to end is written to the folder `--found`,
once per place in the code; `tests/importers/found` keeps those that were found before.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import atheris

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

with atheris.instrument_imports(include=["looptree"]):
    import looptree.importers.accelforge
    import looptree.importers.assembly
    import looptree.importers.file
    import looptree.importers.inference
    import looptree.importers.looptree_yaml
    import looptree.importers.maestro.comparison
    import looptree.importers.maestro.mapping
    import looptree.importers.maestro.workload  # noqa: F401 - so that what is imported late is instrumented as well
    from looptree.errors import InputError
    from looptree.importers.load import file_parameters, load_architecture, load_plan, load_workload
    from looptree.sweep.reader import load_study
    from looptree.workload.reader import workload_to_dict

SLOWEST = 10.0
"""Seconds that an input may take, several times slower than usual for being watched."""

NUMBERS = ("0", "1", "-1", "2", "7", "128", "1000003", "2147483648", "9223372036854775807", "1e30", "nan", "0.5", "")
_WORD = re.compile(r"[A-Za-z_][\w']*|\d+")


def text_seeds(reader: str) -> Iterator[str]:
    """Files in the format of a reader."""
    from tests.importers import looptree_files
    from tests.importers.accelforge import files as accelforge_files

    def literals(module: Any) -> list[str]:
        return [value for value in vars(module).values() if isinstance(value, str) and "\n" in value and ":" in value]

    if reader in ("accelforge", "jinja"):
        wanted = reader == "jinja"
        yield from (text for text in literals(accelforge_files) if wanted or "{%" not in text)
    elif reader == "maestro":
        folder = ROOT / "tests/importers/maestro/published"
        yield from (path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.m")))
    elif reader == "looptree":
        yield from literals(looptree_files)
    elif reader == "study":
        yield from (path.read_text(encoding="utf-8") for path in sorted((ROOT / "taxonomy/studies").glob("*.yaml")))
    elif reader == "plan":
        yield from (path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests/fuzz/seeds").glob("*.yaml")))
    else:
        places = [*(ROOT / "workloads").glob("*.yaml"), *(ROOT / "architectures").glob("*.yaml")]
        yield from (path.read_text(encoding="utf-8") for path in sorted(places) if path.stat().st_size < 6_000)


def model_seeds() -> Iterator[bytes]:
    """Small models of the package `onnx`."""
    import onnx

    folder = Path(onnx.__file__).parent / "backend/test/data"
    yield from (path.read_bytes() for path in sorted(folder.glob("**/model.onnx")) if path.stat().st_size < 20_000)


def mutated_text(text: str, other: str, chance: random.Random) -> str:
    """A text with a number, a name or a line changed."""
    lines = text.split("\n")
    match chance.randrange(5):
        case 0:
            del lines[chance.randrange(len(lines))]
        case 1:
            lines.insert(chance.randrange(len(lines)), chance.choice(other.split("\n")))
        case 2:
            place = chance.randrange(len(lines))
            lines[place] = chance.choice(("  ", "- ", "")) + lines[place].removeprefix("  ")
        case _:
            words = list(_WORD.finditer(text))
            if words:
                word = chance.choice(words)
                new = chance.choice((*NUMBERS, chance.choice(words)[0], chance.choice(_WORD.findall(other) or ["x"])))
                return text[: word.start()] + new + text[word.end() :]
    return "\n".join(lines)


def mutated_model(data: bytes, chance: random.Random) -> bytes:
    """A model with an operator, an attribute, a name or an extent changed."""
    import onnx

    model = onnx.ModelProto.FromString(data)
    graph = model.graph
    names = [name for node in graph.node for name in (*node.input, *node.output)] or ["x"]
    number = chance.choice((0, 1, -1, 2, 3, 8, 100, 2**31, 2**62, -(2**63)))
    typed = [*graph.input, *graph.output, *graph.value_info]
    node = chance.choice(graph.node) if graph.node else graph.node.add()
    match chance.randrange(8):
        case 0:
            node.op_type = chance.choice([*(schema.name for schema in onnx.defs.get_all_schemas()), node.op_type])
        case 1 if node.attribute:
            attribute = chance.choice(node.attribute)
            attribute.i = number
            attribute.ints.append(number)
            if chance.random() < 0.5:
                attribute.ints.pop(0)
        case 2 if node.input:
            node.input[chance.randrange(len(node.input))] = chance.choice((*names, ""))
        case 3:
            node.input.append(chance.choice(names))
        case 4 if typed:
            dims = chance.choice(typed).type.tensor_type.shape.dim
            (chance.choice(dims) if dims and chance.random() < 0.7 else dims.add()).dim_value = number
        case 5 if graph.initializer:
            tensor = chance.choice(graph.initializer)
            tensor.dims.append(number)
            if chance.random() < 0.7:
                tensor.dims.pop(0)
        case 6:
            graph.node.add().CopyFrom(node)
        case _:
            for opset in model.opset_import:
                opset.version = chance.choice((*range(5, 30), number))
    changed: bytes = model.SerializeToString()
    return changed


def mutator(reader: str, seeds: list[bytes]) -> Callable[[bytes, int, int], bytes]:
    """A mutation for libFuzzer."""

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        chance = random.Random(seed)
        if chance.random() < 0.7:
            try:
                for _ in range(chance.randrange(1, 4)):
                    if reader == "onnx":
                        data = mutated_model(data, chance)
                    else:
                        other = chance.choice(seeds).decode("utf-8", "replace")
                        data = mutated_text(data.decode(), other, chance).encode()
                return data[:most]
            except Exception:  # what is no model or no text is changed as bytes
                pass
        return bytes(atheris.Mutate(data, most))

    return mutate


def attempts(reader: str, path: Path) -> Iterable[Callable[[], object]]:
    """What is read from a file."""
    if reader == "study":
        return (lambda: load_study(path),)
    architecture = load_architecture("small")

    def workload() -> object:
        values = {} if reader == "onnx" else dict.fromkeys(file_parameters(path), 2)
        found = load_workload(path, **values)
        return workload_to_dict(found)

    if reader == "onnx":
        return (workload,)
    return (workload, lambda: load_architecture(path), lambda: load_plan(path, architecture))


def main() -> None:
    """Fuzz one reader."""
    parser = argparse.ArgumentParser(description="Fuzz one reader of looptree.")
    readers = ("onnx", "accelforge", "jinja", "maestro", "looptree", "network", "plan", "study")
    parser.add_argument("reader", choices=readers)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--found", type=Path, default=ROOT / "build" / "found")
    options = parser.parse_args()
    reader: str = options.reader
    options.found.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f"looptree-fuzz-{reader}-"))
    corpus = work / "corpus"
    corpus.mkdir()
    seeds = list(model_seeds()) if reader == "onnx" else [text.encode() for text in text_seeds(reader)]
    for number, seed in enumerate(seeds):
        (corpus / f"seed{number}").write_bytes(seed)
    suffix = {"onnx": ".onnx", "maestro": ".m"}.get(reader, ".yaml")
    path = work / f"input{suffix}"
    tries = tuple(attempts(reader, path))
    seen: set[str] = set()

    def keep(place: str, data: bytes, text: str) -> None:
        if place not in seen:
            seen.add(place)
            target = options.found / f"{reader}-{len(seen)}{suffix}"
            target.write_bytes(data)
            target.with_suffix(".txt").write_text(text, encoding="utf-8")
            print(f"found {target}: {text.splitlines()[-1][:200]}", flush=True)

    def one_input(data: bytes) -> None:
        path.write_bytes(data)
        for attempt in tries:
            started = time.monotonic()
            try:
                attempt()
            except InputError:
                pass
            except Exception as problem:
                frames = [
                    frame for frame in traceback.extract_tb(problem.__traceback__) if "looptree" in frame.filename
                ]
                place = f"{type(problem).__name__} {frames[-1].filename}:{frames[-1].lineno}"
                keep(place, data, traceback.format_exc())
            if time.monotonic() - started > SLOWEST:
                keep(f"slow {len(seen)}", data, f"took {time.monotonic() - started:.1f} s")

    arguments = [
        sys.argv[0],
        f"-max_total_time={options.seconds}",
        "-timeout=60",
        "-rss_limit_mb=6000",
        "-max_len=30000",
    ]
    arguments += ["-print_final_stats=1", f"-artifact_prefix={options.found}/{reader}-stopped-", str(corpus)]
    os.chdir(work)
    atheris.Setup(arguments, one_input, custom_mutator=mutator(reader, seeds))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
