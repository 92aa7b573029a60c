"""Jinja templates, rendered in a sandbox: no files, no imports, no attributes that lead out, bounded work.

Lines are marked before rendering, so that messages name the line of the template and not of what it became.
"""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from looptree.documents import MAX_BYTES, Node, parse_document
from looptree.errors import InputError

SECONDS = 5
"""A template may take so long."""

MEMORY = 512 << 20
"""Bytes that a template may take."""

MAX_TEMPLATE = 1 << 20
"""Characters of a template; what it becomes may be larger."""

MAX_TAGS = 5_000
_MOST = 1_000_000
_SPAN = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_MARK = re.compile("\ue000(\\d+)\ue001")


def is_template(text: str) -> bool:
    """Whether a text is a template: our own files never hold two braces, or a brace and a per cent sign, in a row."""
    return "{{" in text or "{%" in text or "{#" in text


def parameters_of(text: str, file: str) -> frozenset[str]:
    """The variables that a template takes from outside."""
    environment = _environment(file)
    _check_size(text, file)
    import jinja2
    from jinja2 import meta

    tree = _parsed(environment, text, file)
    try:
        with _limited(file):
            return frozenset(meta.find_undeclared_variables(tree))
    except jinja2.TemplateSyntaxError as problem:
        raise _syntax(problem, file) from None


def rendered_document(text: str, file: str, variables: Mapping[str, int]) -> Node:
    """The document that a template becomes.

    Args:
        text: the template; a text without any tags is only parsed.
        file: for messages.
        variables: those that have no default in the template.

    Raises:
        InputError: the package jinja2 is missing, the template is wrong, tries to reach the system, takes too long or
            has a variable without a value; or what it becomes is no YAML.
    """
    if not is_template(text):
        return parse_document(text, file)
    _check_size(text, file)
    rendered = _rendered(_marked(text), file, variables)
    lines: list[int] = []
    for line in rendered.split("\n"):
        marks = _MARK.findall(line)
        lines.append(int(marks[0]) if marks else (lines[-1] if lines else 1))
    try:
        return _placed(parse_document(_MARK.sub("", rendered), file), lines)
    except InputError as problem:
        place = re.fullmatch(rf"{re.escape(file)}:(\d+)(.*)", problem.where, re.DOTALL)
        if place is None:
            raise
        where = f"{file}:{lines[min(int(place[1]), len(lines)) - 1]}{place[2]}"
        raise InputError(problem.problem, where=where, hint=problem.hint) from None


def _check_size(text: str, file: str) -> None:
    """Refuse what takes long to parse."""
    tags = sum(text.count(opening) for opening in ("{{", "{%", "{#"))
    if len(text) > MAX_TEMPLATE or tags > MAX_TAGS:
        most = f"at most {MAX_TEMPLATE >> 20} MiB and {MAX_TAGS:,} tags"
        raise InputError(f"expected a template of {most}, found {len(text):,} characters and {tags:,} tags", where=file)


def _marked(text: str) -> str:
    """The template with the number of each line in front of it, except inside of tags."""
    inside = [match.span() for match in _SPAN.finditer(text)]
    parts, position, span = [], 0, 0
    for number, line in enumerate(text.split("\n"), 1):
        while span < len(inside) and inside[span][1] <= position:
            span += 1
        free = span >= len(inside) or not inside[span][0] < position
        parts.append(f"\ue000{number}\ue001{line}" if free else line)
        position += len(line) + 1
    return "\n".join(parts)


def _placed(node: Node, lines: list[int]) -> Node:
    """The node and everything in it at the lines of the template."""
    value = node.value
    if isinstance(value, dict):
        value = {key: _placed(entry, lines) for key, entry in value.items()}
    elif isinstance(value, list):
        value = [_placed(entry, lines) for entry in value]
    return replace(node, value=value, line=lines[min(node.line, len(lines)) - 1])


def _rendered(text: str, file: str, variables: Mapping[str, int]) -> str:
    import jinja2

    environment = _environment(file)
    tree = _parsed(environment, text, file)
    parts: list[str] = []
    size = 0
    try:
        with _limited(file):
            for part in environment.from_string(tree).generate(**variables):
                parts.append(part)
                size += len(part)
                if size > MAX_BYTES:
                    raise InputError(f"becomes larger than {MAX_BYTES >> 20} MiB", where=file)
    except jinja2.UndefinedError as problem:
        raise _undefined(problem, file) from None
    except jinja2.exceptions.SecurityError as problem:
        raise InputError(f"the template does what is not allowed: {problem}", where=file) from None
    except jinja2.TemplateError as problem:
        raise InputError(f"not a valid template: {problem}", where=file) from None
    except (
        ArithmeticError,
        TypeError,
        ValueError,
        LookupError,
        AttributeError,
        RecursionError,
    ) as problem:
        raise InputError(f"the template cannot be rendered: {_line(problem)}", where=file) from None
    return "".join(parts)


def _line(problem: BaseException) -> str:
    return next(iter(str(problem).splitlines()), type(problem).__name__)[:200]


def _undefined(problem: Exception, file: str) -> InputError:
    match = re.match(r"'(\w+)' is undefined", str(problem))
    if match is None:
        return InputError(f"the template cannot be rendered: {_line(problem)}", where=file)
    return InputError(f"variable {match[1]!r} has no value", where=file, hint=f"--set {match[1]}=1, for instance")


def _parsed(environment: Any, text: str, file: str) -> Any:
    import jinja2

    try:
        tree = environment.parse(text)
        for call in tree.find_all(jinja2.nodes.Call):
            name = call.node.name if isinstance(call.node, jinja2.nodes.Name) else ""
            if name and name not in environment.globals and name not in _defined(tree):
                hint = "functions of AccelForge, which read other files, are not run here: put the text in their place"
                raise InputError(f"the template calls {name!r}", where=f"{file}:{call.lineno}", hint=hint)
        return tree
    except jinja2.TemplateSyntaxError as problem:
        raise _syntax(problem, file) from None
    except RecursionError:
        raise InputError("not a valid template: nested too deeply", where=file) from None


def _syntax(problem: Any, file: str) -> InputError:
    message = next(iter(str(problem.message).splitlines()), "")[:200]
    return InputError(f"not a valid template: {message}", where=f"{file}:{problem.lineno}")


def _defined(tree: Any) -> frozenset[str]:
    """The macros of a template."""
    import jinja2

    return frozenset(macro.name for macro in tree.find_all(jinja2.nodes.Macro))


def _environment(file: str) -> Any:
    """A sandbox without a loader, so that nothing can be included, and with bounded products and powers."""
    try:
        import jinja2.sandbox
    except ImportError:
        hint = "pip install 'looptree[accelforge]'"
        raise InputError("the file is a template, which needs the package jinja2", where=file, hint=hint) from None

    environment: Any = jinja2.sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=False)
    plain = environment.call_binop

    def bounded(context: Any, operator: str, left: Any, right: Any) -> Any:
        sizes = [len(side) for side in (left, right) if isinstance(side, (str, list, tuple, bytes))]
        numbers = [abs(side) for side in (left, right) if isinstance(side, int)]
        large = operator == "*" and sizes and numbers and sizes[0] * numbers[0] > _MOST
        if large or sum(sizes) > MAX_BYTES or (operator == "**" and numbers and max(numbers) > 10_000):
            raise jinja2.exceptions.SecurityError(f"a value that {operator} makes is too large")
        return plain(context, operator, left, right)

    environment.intercepted_binops = frozenset(("*", "**", "+"))
    environment.call_binop = bounded
    return environment


@contextmanager
def _limited(file: str) -> Iterator[None]:
    """Limits of time and memory, where the system has some to offer."""
    with _with_memory(), _with_time(file):
        try:
            yield
        except MemoryError:
            raise InputError(f"the template takes more than {MEMORY >> 20} MiB", where=file) from None


@contextmanager
def _with_time(file: str) -> Iterator[None]:
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise InputError(f"the template takes longer than {SECONDS} seconds", where=file)

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _with_memory() -> Iterator[None]:
    try:
        import resource

        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (ImportError, OSError):
        yield
        return
    before, most = resource.getrlimit(resource.RLIMIT_AS)
    wanted = [taken + MEMORY, *(limit for limit in (before, most) if limit != resource.RLIM_INFINITY)]
    resource.setrlimit(resource.RLIMIT_AS, (min(wanted), most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (before, most))
