"""`modelaudit packs list|verify|pin|vendor|update|rollback|build|keygen`."""

from __future__ import annotations

import click

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from modelaudit.engine.distribution.inventory import Line

    Decorator = Callable[[Callable[..., int]], Callable[..., int]]

BROKEN = 2  # exit code when a pack is not what it should be


@click.group(short_help="List, verify, update, pin and build rule packs.")
def packs() -> None:
    """Rule packs: what is here, whether it can be believed, and how it changes.

    Nothing of this happens during a scan. Of these commands only `packs update` uses the network, when it is given
    an https address.

    \b
    Examples:
      modelaudit packs list
      modelaudit packs update core-2026.12.0.zip --signer keys/release.pub
      modelaudit packs pin acme-policy.yaml
    """


def _policy(text: str) -> Decorator:
    return click.option("--policy", metavar="FILE", help=text)


def _signer() -> Decorator:
    text = "Public key of a trusted signer. May be repeated."
    return click.option("--signer", "signers", metavar="KEY.pub", multiple=True, help=text)


@packs.command("list", short_help="Show the packs that are here.")
@_policy("Show the packs of this policy too.")
def list_packs(policy: str | None) -> int:
    """Show the packs that came with modelaudit, those that are installed, and those of a policy.

    \b
    Examples:
      modelaudit packs list
      modelaudit packs list --policy acme-policy.yaml
    """
    from modelaudit.engine.distribution import inventory

    _show(inventory.lines(inventory.resolve(policy)))
    return 0


@packs.command(short_help="Check packs or an archive, offline.")
@click.argument("pack", metavar="[PACK|ARCHIVE]", required=False)
@_policy("Check the packs of this policy too, against its `trust` and its lock.")
@_signer()
def verify(pack: str | None, policy: str | None, signers: tuple[str, ...]) -> int:
    """Check that packs are what was installed or locked, and who signed them. Needs no network.

    Built-in packs come with the program and are only checked against the lock of a policy.

    \b
    Examples:
      modelaudit packs verify
      modelaudit packs verify core-2026.12.0.zip --signer keys/release.pub
      modelaudit packs verify --policy acme-policy.yaml

    Exit codes: 0 all of them are, 2 one is not.
    """
    from modelaudit.engine.distribution import inventory

    found = inventory.verify(pack, inventory.resolve(policy), signers)
    _show(found)
    _count(found)
    return BROKEN if any(line.problem for line in found) else 0


@packs.command(short_help="Write modelaudit.lock beside a policy.")
@click.argument("policy", metavar="POLICY")
def pin(policy: str) -> int:
    """Write modelaudit.lock beside a policy: version and SHA-256 of every pack that it uses now.

    From then on a scan with the policy refuses any other pack, before it reads a model.

    \b
    Example:
      modelaudit packs pin acme-policy.yaml
    """
    from modelaudit.cli import output
    from modelaudit.cli.console import say
    from modelaudit.engine.distribution import inventory, lock, places

    path, before, now = inventory.pin(policy)
    output.write_whole(path, [lock.text(now)])
    for name, locked in now.items():
        old = before.get(name)
        change = f", was {old.version}" if old and old.sha256 != locked.sha256 else ""
        say(f"{name} {locked.version}  sha256 {locked.sha256[:16]}…  {locked.source}{change}", hang=4)
    say(f"Written to {places.shown(path)}", hang=4)
    return 0


@packs.command(short_help="Copy packs into a folder of your own.")
@click.argument("folder", metavar="DIR")
@_policy("Copy the packs of this policy.")
def vendor(folder: str, policy: str | None) -> int:
    """Copy the packs that a scan would use into DIR, each in a folder of its own with the sums of its files.

    A policy names them from there as `packs: {acme: 'file:./DIR/acme'}`.

    \b
    Examples:
      modelaudit packs vendor packs
      modelaudit packs vendor packs --policy acme-policy.yaml
    """
    from modelaudit.cli.console import say
    from modelaudit.engine.distribution import inventory, make

    used = inventory.chosen(inventory.resolve(policy))
    for path in make.vendor([(pack.name, pack.folder) for pack in used.packs], folder):
        say(path)
    return 0


@packs.command(short_help="Install a pack from a file, a folder or an https address.")
@click.argument("source", metavar="SOURCE")
@_policy("The policy whose `trust` and lock count.")
@_signer()
@click.option("--allow-unsigned", is_flag=True, help="Take a pack that nobody signed, where no policy says otherwise.")
@click.option("--older", is_flag=True, help="Take a version below the active one; never one below the lock.")
def update(source: str, policy: str | None, signers: tuple[str, ...], allow_unsigned: bool, older: bool) -> int:
    """Install a pack and make it the active version; the one before is kept.

    SOURCE is an archive made by `packs build`, the folder of a pack, either as a file:// address, or the https address
    of an archive. The pack is checked as a whole first, and what is active stays active until the new version is in
    place. The lock that counts is the one beside the policy, else the one in the working folder.

    \b
    Examples:
      modelaudit packs update core-2026.12.0.zip --signer keys/release.pub
      modelaudit packs update https://packs.acme.example/acme-7.zip --policy acme-policy.yaml
      modelaudit packs update ./packs/acme --allow-unsigned

    Exit codes: 0 the version is active, 2 it was refused and nothing changed.
    """
    from modelaudit.cli.console import say
    from modelaudit.engine.distribution import contents, fetch, install, inventory
    from modelaudit.engine.distribution.trust import ALLOW, REFUSE

    trust = inventory.trust_of(inventory.resolve(policy), signers, ALLOW if allow_unsigned else REFUSE)
    found = contents.with_sums_if_bare(fetch.fetch(source))
    contents.check(found)
    floor = inventory.floor(found.said["pack"], policy)
    after = install.install(found, trust, floor, older=older)
    kept = f"; {after.before.version} is kept" if after.before else ""
    say(f"{after.now.pack} {after.now.version} is active{kept}")
    return 0


@packs.command(short_help="Go back to the version before the active one.")
@click.argument("pack", metavar="PACK")
@_policy("The policy whose lock counts.")
def rollback(pack: str, policy: str | None) -> int:
    """Make the version before the active one active again, or the one that came with modelaudit.

    Refused when it is below the lock or damaged.

    \b
    Example:
      modelaudit packs rollback core
    """
    from modelaudit.cli.console import say
    from modelaudit.engine.distribution import install, inventory

    version = install.rollback(pack, inventory.floor(pack, policy))
    say(f"{pack} {version} is active again")
    return 0


@packs.command(short_help="Make an archive of a pack, signed or not.")
@click.argument("folder", metavar="DIR")
@click.option("--output", "-o", metavar="ARCHIVE", required=True, help="The ZIP file to write.")
@click.option("--key", metavar="PRIVATE", help="Sign with this private key.")
def build(folder: str, output: str, key: str | None) -> int:
    """Make an archive of the pack in DIR, with the sums of its files and a signature over them.

    \b
    Example:
      modelaudit packs build ./acme-pack -o acme-7.zip --key acme.key
    """
    from modelaudit.cli.console import say
    from modelaudit.engine.distribution import make

    made = make.build(folder, output, key or "")
    signed = "signed" if made.signature else "not signed"
    say(f"{made.said['pack']} {made.said['version']}: {len(made.files)} files, {signed}: {output}", hang=4)
    return 0


@packs.command(short_help="Make a pair of keys to sign packs with.")
@click.argument("name", metavar="NAME")
def keygen(name: str) -> int:
    """Make a pair of ed25519 keys: NAME.key, which stays secret, and NAME.pub, which policies name as a signer.

    \b
    Example:
      modelaudit packs keygen keys/acme-rules
    """
    from modelaudit.cli.console import say
    from modelaudit.engine.distribution import make

    secret, public, key = make.keygen(name)
    say(f"{secret}  keep it secret, without a passphrase")
    say(f"{public}  {key.name}")
    return 0


def _count(lines: list[Line]) -> None:
    """Say how many packs were looked at, and how many of them not, since they came with the program."""
    from modelaudit.cli.console import say
    from modelaudit.reports.diagnostics.text import number

    spared = sum(line.unchecked for line in lines)
    bad = sum(bool(line.problem) for line in lines)
    if len(lines) > spared:
        say(f"{number(len(lines) - spared, 'pack')} verified, {bad or 'none'} not good")
    if spared:
        carried = f"{number(spared, 'built-in pack')} not checked: no signature, what comes with the program is taken"
        say(f"{carried} as it is", hang=4)


def _show(lines: list[Line]) -> None:
    from modelaudit.cli.console import say
    from modelaudit.engine.distribution.places import shown

    for line in lines:
        digest = f"  sha256 {line.digest[:16]}…" if line.digest else ""
        said = f"NOT GOOD: {line.problem}" if line.problem else line.remark
        say(f"{line.name} {line.version}{digest}  {line.origin}  {said}".rstrip(), hang=4)
        say(f"    {shown(line.place)}", hang=4)
