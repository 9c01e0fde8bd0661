"""`modelaudit rules fmt|new`: writing rule files."""

from __future__ import annotations

import click

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CHANGED = 1  # exit code of `fmt --check` when a file is not in form
REFUSED = 2  # exit code when a file cannot be brought into form


@click.command(short_help="Bring rule files into their one form.")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--check", is_flag=True, help="Write nothing; name the files that are not in form.")
def fmt(paths: tuple[str, ...], check: bool) -> int:
    """Bring rule files into their one form: keys in order, one indentation, one blank line between rules.

    Comments move with the keys below them. A file that would not read as the same rules afterwards is left as
    it is. Of a folder all YAML files are taken; those without rules only lose loose white space.

    \b
    Examples:
      modelaudit rules fmt acme-rules/
      modelaudit rules fmt --check acme-rules/rules/metadata.yaml

    Exit codes: 0 done or nothing to do, 1 --check found something, 2 a file was refused.
    """
    from modelaudit.cli.console import complain, say
    from modelaudit.engine.authoring.format import FormatRefusedError, formatted

    changed = refused = 0
    for path in _files(paths):
        text = _read(path)
        try:
            made = formatted(text, path)
        except FormatRefusedError as error:
            complain(str(error))
            refused += 1
            continue
        if made != text:
            changed += 1
            if not check:
                _write(path, made)
            say(f"{'not in form' if check else 'formatted'}  {path}")
    if refused:
        return REFUSED
    return CHANGED if check and changed else 0


@click.command(short_help="Write a first version of a rule.")
@click.argument("id", metavar="ID")
@click.option("--for", "kind", metavar="KIND", required=True, help="The kind of fact that the rule is about.")
@click.option("--output", "-o", metavar="FILE", help="The new file; stdout when absent.")
def new(id: str, kind: str, output: str | None) -> int:
    """Write a rule file with one rule that is complete, valid and passes its tests, and says what to change.

    KIND is a kind of fact, such as import, member, tensor or metadata, or artifact. A file that is there
    already is never overwritten.

    \b
    Examples:
      modelaudit rules new ACME-1 --for import -o acme-rules/rules/imports.yaml
      modelaudit rules new ACME-2 --for metadata
    """
    from modelaudit.cli.console import complain, say, write_stdout
    from modelaudit.engine.authoring.skeleton import skeleton

    text = skeleton(id, kind)
    if output is None:
        write_stdout(text)
        return 0
    try:
        with open(output, "x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        complain(f"cannot write {output}: {error.strerror}")
        return REFUSED
    say(f"{output} is there; try it: modelaudit rules test {output}")
    return 0


def _files(paths: Sequence[str]) -> Iterator[str]:
    """The files named, and of folders every YAML file in them, in order."""
    import os

    from modelaudit.engine.packs.files import matching

    for path in paths:
        if os.path.isdir(path):
            yield from (os.path.join(path, name) for name in matching(path, ["**/*.yaml", "**/*.yml"]))
        else:
            yield path


def _read(path: str) -> str:
    from modelaudit.engine.errors import UsageError
    from modelaudit.engine.yaml_tree import MAX_BYTES

    try:
        with open(path, "rb") as stream:
            return stream.read(MAX_BYTES + 1).decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not valid UTF-8") from error


def _write(path: str, text: str) -> None:
    from modelaudit.cli.output import write_whole

    write_whole(path, iter([text]))
