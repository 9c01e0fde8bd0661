"""`modelaudit doctor`."""

from __future__ import annotations

import click

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.pipeline.checkup import Checkup, Part

    Json = dict[str, Any]

UNWELL = 1  # exit code when something does not work


@click.command(short_help="Say what is installed, what works, and what to do about the rest.")
@click.option("--show-failed", is_flag=True, help="Say of everything that does not work what is wrong with it.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def doctor(show_failed: bool, as_json: bool) -> int:
    """Say what is installed, what works, and what to do about the rest.

    Looks at Python, libraries, extras, parsers, plug-ins, rule packs, policies, folders and the limits of worker
    processes. Nothing is scanned, and no network is used.

    \b
    Examples:
      modelaudit doctor
      modelaudit doctor --show-failed
      modelaudit doctor --json

    Exit codes: 0 everything works, 1 something does not.
    """
    import json

    from modelaudit.cli.console import say, write_stdout
    from modelaudit.pipeline.checkup import checkup
    from modelaudit.reports import plugins

    found = checkup(plugins.installed())
    if as_json:
        write_stdout(json.dumps(_json(found), indent=2) + "\n")
    else:
        for line in (*_lines(found), *(_failed(found) if show_failed else ()), *_end(found, show_failed)):
            say(line, hang=0 if line.startswith(" ") else 12)
    return UNWELL if found.failed else 0


def _lines(found: Checkup) -> Iterator[str]:
    """What there is, a line each."""
    from modelaudit.reports.digest import counted

    yield f"modelaudit  {found.version}"
    yield f"Python      {found.python.says} on {found.platform}"
    yield f"NumPy       {found.numpy.says}"
    missing = [part.name for part in found.libraries if part.problem]
    yield f"Libraries   {len(found.libraries) - len(missing)} of {len(found.libraries)}{_missing(missing)}"
    lost = [part.name for part in found.parsers if part.problem]
    yield f"Parsers     {len(found.parsers) - len(lost)} of {counted(len(found.parsers), 'format')}{_missing(lost)}"
    yield from (f"{'Plug-ins' * (not n):<12}{p.name}: {p.says}" for n, p in enumerate(found.plugins))
    yield from (f"{'Extras' * (not n):<12}{p.name}: {p.says}" for n, p in enumerate(_told(found.extras)))
    yield from (
        f"{'Packs' * (not n):<12}{p.pack} {p.version}, {counted(p.rules, 'rule')}, sha256 {p.digest[:16]}…"
        for n, p in enumerate(found.packs)
    )
    yield f"Policies    {', '.join(f'{policy.name} ({policy.says})' for policy in found.policies)}"
    yield from (f"{part.name.capitalize():<12}{part.says}" for part in found.folders)
    yield from (
        f"{'Limits' * (not n):<12}{name}: {value}, held by {who}" for n, (name, value, who) in enumerate(found.limits)
    )


def _told(extras: tuple[Part, ...]) -> Iterator[Part]:
    """The extras, those that add nothing on one line."""
    from modelaudit.engine.record import replace

    empty = [extra for extra in extras if extra.says.startswith("nothing to add")]
    yield from (extra for extra in extras if extra not in empty)
    if empty:
        yield replace(empty[0], name=", ".join(extra.name for extra in empty))


def _failed(found: Checkup) -> Iterator[str]:
    for part in found.failed:
        yield f"Failed      {part.name}: {part.problem}"


def _end(found: Checkup, shown: bool) -> Iterator[str]:
    from modelaudit.reports.digest import counted

    yield from (f"Advice      {words}" for words in found.advice)
    if not found.failed:
        yield "OK          Everything works."
        return
    more = "" if shown else "; --show-failed says why"
    does = "does" if len(found.failed) == 1 else "do"
    yield f"FAILED      {counted(len(found.failed), 'thing')} {does} not work{more}."


def _missing(names: list[str]) -> str:
    return f", without {', '.join(names)}" if names else ""


def _json(found: Checkup) -> Json:
    """Everything as plain data."""
    return {
        "modelaudit": found.version,
        "python": _part(found.python),
        "numpy": _part(found.numpy),
        "platform": found.platform,
        **{name: [_part(p) for p in getattr(found, name)] for name in ("libraries", "extras", "parsers", "plugins")},
        "rules": _part(found.rules),
        "packs": [{"pack": p.pack, "version": p.version, "digest": p.digest, "rules": p.rules} for p in found.packs],
        "policies": [_part(part) for part in found.policies],
        "folders": [_part(part) for part in found.folders],
        "limits": [{"name": name, "value": value, "held_by": who} for name, value, who in found.limits],
        "failed": [_part(part) for part in found.failed],
        "advice": list(found.advice),
    }


def _part(part: Part) -> Json:
    problem = {"problem": part.problem} if part.problem else {}
    return {"name": part.name, "says": part.says, "works": not part.problem, **problem}
