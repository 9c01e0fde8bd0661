"""Which packs take part: ranges and places of a policy, its trust, its lock."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from fixtures.packs import MANIFEST, RULE, changed
from modelaudit.engine.diagnostics import DiagnosticsError
from modelaudit.engine.distribution import active, install, inventory, lock, make, places, signature
from modelaudit.engine.distribution.trust import Trust
from modelaudit.engine.packs import load, read
from modelaudit.engine.resources import data_path

HEAD = "schema: modelaudit/policy@1\npolicy: acme/p\nversion: 1\n"


def mistakes(shop, text: str, rules=()) -> list:
    """What is wrong with a policy of these lines, after the head."""
    path = shop.folder / "policy.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    with pytest.raises(DiagnosticsError) as refused:
        load.build(str(path), rules)
    return list(refused.value.diagnostics)


def one(shop, text: str, rules=()) -> tuple:
    [found] = mistakes(shop, text, rules)
    span = found.span
    return found.code, span.line, span.column, found.message


def pinned(shop, text: str) -> Path:
    """The lock of a policy, written."""
    (shop.folder / "policy.yaml").write_text(HEAD + text, encoding="utf-8")
    path, _, now = inventory.pin(str(shop.folder / "policy.yaml"))
    Path(path).write_text(lock.text(now), encoding="utf-8")
    return Path(path)


# Ranges and places


def test_a_range_takes_the_active_version(installed):
    assert installed.loaded(HEAD + "packs: {acme: '>=1,<2'}\n") == "1.0"


def test_a_range_that_nothing_fits_is_a_mistake(installed):
    found = one(installed, "packs: {acme: '>=2'}\n")
    assert found == ("E322", 4, 16, "no version of `acme` fits `>=2`")


def test_a_pack_that_is_not_installed_is_a_mistake(shop):
    assert one(shop, "packs: {acme: '>=2'}\n") == ("E321", 4, 16, "pack `acme` is not installed")


def test_what_is_neither_a_range_nor_a_place_is_a_mistake(installed):
    code, line, column, message = one(installed, "packs: {acme: latest}\n")
    assert (code, line, column) == ("E320", 4, 15)
    assert "`latest` is not a clause" in message


def test_an_address_is_not_a_place_of_a_pack(installed):
    assert one(installed, "packs: {acme: 'https://acme.example/x.zip'}\n")[0] == "E320"


def test_a_place_is_relative_to_the_policy(shop):
    shutil.copytree(shop.pack("1.0"), shop.folder / "packs" / "acme")
    assert shop.loaded(HEAD + "packs: {acme: 'file:./packs/acme'}\n") == "1.0"


def test_a_place_without_a_pack_is_a_mistake(shop):
    code, line, column, message = one(shop, "packs: {acme: 'file:./gone'}\n")
    assert (code, line, column, message) == ("E321", 4, 16, "`./gone` holds no pack.yaml")


def test_an_archive_as_a_place_is_a_mistake(shop):
    shop.archive("1.0")
    found = one(shop, "packs: {acme: 'file:./acme-1.0.zip'}\n")
    assert found == ("E321", 4, 16, "`./acme-1.0.zip` is an archive")


def test_a_place_with_a_pack_of_another_name_is_a_mistake(shop):
    shop.pack("1.0")
    found = one(shop, "packs: {other: 'file:./src-acme-1.0'}\n")
    assert found == ("E321", 4, 17, "the pack in that folder is `acme`, not `other`")


def test_mistakes_in_a_pack_at_a_place_are_told_at_their_place(shop):
    shop.pack("1.0", rule=changed(RULE, ("severity: warning", "severity: grave")))
    [found] = mistakes(shop, "packs: {acme: 'file:./src-acme-1.0'}\n")
    assert (found.code, found.span.file) == ("E113", os.path.join("src-acme-1.0", "rules/one.yaml"))


def test_the_later_policy_says_which_pack(shop):
    shop.pack("1.0")
    (shop.folder / "parent.yaml").write_text(HEAD + "packs: {acme: 'file:./gone'}\n", encoding="utf-8")
    child = HEAD.replace("acme/p", "acme/c") + "extends: [parent.yaml]\npacks: {acme: 'file:./src-acme-1.0'}\n"
    assert shop.loaded(child) == "1.0"


@pytest.mark.parametrize(
    ("parent", "child", "said"),
    [
        ("packs: {acme: '>=1'}\nfinal: [packs]", "packs: {acme: '>=0.1'}", "`acme` stays `>=1`"),
        ("trust: {signers: [acme.pub]}\nfinal: [trust]", "trust: {unsigned: allow}", "stay refused"),
        ("trust: {signers: [acme.pub]}\nfinal: [trust]", "trust: {signers: [b.pub, acme.pub]}", "no other signer"),
    ],
)
def test_final_packs_and_final_trust_are_not_loosened(installed, parent, child, said):
    (installed.folder / "parent.yaml").write_text(HEAD + parent + "\n", encoding="utf-8")
    shutil.copy(installed.folder / "acme.pub", installed.folder / "b.pub")
    [found] = mistakes(installed, f"extends: [parent.yaml]\n{child}\n")
    assert (found.code, found.span.line) == ("E310", 5)
    assert said in found.message


def test_a_final_trust_may_become_stricter(installed):
    parent = "trust: {signers: [acme.pub], unsigned: allow}\nfinal: [trust]\n"
    (installed.folder / "parent.yaml").write_text(HEAD + parent, encoding="utf-8")
    child = (
        HEAD.replace("acme/p", "acme/c") + "extends: [parent.yaml]\npacks: {acme: '>=1'}\ntrust: {unsigned: refuse}\n"
    )
    assert installed.loaded(child) == "1.0"


# Trust


def test_a_signed_pack_of_a_trusted_signer_is_taken(installed):
    assert installed.loaded(HEAD + "packs: {acme: '>=1'}\ntrust: {signers: [acme.pub]}\n") == "1.0"


def test_an_installed_pack_of_another_signer_is_refused(installed):
    make.keygen("other")
    code, line, column, message = one(installed, "packs: {acme: '>=1'}\ntrust: {signers: [other.pub]}\n")
    assert (code, line, column) == ("E324", 4, 16)
    assert "not signed by a trusted signer" in message


@pytest.mark.parametrize("trust", ["{signers: [acme.pub]}", "{unsigned: refuse}"])
def test_a_policy_that_speaks_of_trust_refuses_unsigned_packs(shop, trust):
    shop.pack("1.0")
    code, line, column, message = one(shop, f"packs: {{acme: 'file:./src-acme-1.0'}}\ntrust: {trust}\n")
    assert (code, line, column) == ("E324", 4, 16)
    assert "is not signed" in message


def test_a_policy_may_allow_unsigned_packs(shop):
    shop.pack("1.0")
    text = "packs: {acme: 'file:./src-acme-1.0'}\ntrust: {signers: [acme.pub], unsigned: allow}\n"
    assert shop.loaded(HEAD + text) == "1.0"


def test_packs_of_the_command_line_are_held_to_the_trust_of_the_policy(shop):
    folder = shop.pack("1.0")
    bare = shop.folder / "bare.yaml"
    bare.write_text(changed(RULE, ("ACME-1", "ACME-2"), ("acme-one", "acme-two")), encoding="utf-8")
    found = mistakes(shop, "trust: {unsigned: refuse}\n", [str(folder), str(bare)])
    assert [d.code for d in found] == ["E324", "E324"]
    assert "which cannot be signed" in found[0].message
    assert "is not signed" in found[1].message


def test_a_rule_file_beside_a_signed_pack_is_not_signed(installed):
    make.vendor([("acme", active.read("acme").now.folder)], "packs")
    extra = installed.folder / "packs" / "acme" / "extra.yaml"
    extra.write_text(changed(RULE, ("ACME-1", "ACME-2"), ("acme-one", "acme-two")), encoding="utf-8")
    [found] = mistakes(installed, "trust: {signers: [acme.pub]}\n", [str(extra)])
    assert (found.code, found.message) == ("E324", "`extra` is a rule file, which cannot be signed")


def test_a_signed_pack_of_the_command_line_is_taken(installed):
    make.vendor([("acme", active.read("acme").now.folder)], "packs")
    (installed.folder / "policy.yaml").write_text(HEAD + "trust: {signers: [acme.pub]}\n", encoding="utf-8")
    document, _ = load.build(str(installed.folder / "policy.yaml"), ["packs/acme"])
    assert [pack["version"] for pack in document["packs"]] == ["1.0"]


def test_a_key_file_that_is_not_there_is_a_mistake(installed):
    found = one(installed, "packs: {acme: '>=1'}\ntrust: {signers: [keys/gone.pub]}\n")
    assert found == ("E325", 5, 19, "there is no key file `keys/gone.pub`")


def test_a_key_file_that_holds_no_key_is_a_mistake(installed):
    (installed.folder / "x.pub").write_text("no key", encoding="utf-8")
    found = mistakes(installed, "packs: {acme: '>=1'}\ntrust: {signers: [x.pub]}\n")
    assert ("E325", 5, 19) in [(d.code, d.span.line, d.span.column) for d in found]


def test_a_vendored_pack_that_was_changed_is_refused(installed):
    current = active.read("acme").now
    make.vendor([("acme", current.folder)], "packs")
    text = "packs: {acme: 'file:./packs/acme'}\n"
    assert installed.loaded(HEAD + text) == "1.0"
    Path("packs/acme/rules/one.yaml").write_text(changed(RULE, ("warning", "info")), encoding="utf-8")
    code, *_, message = one(installed, text)
    assert code == "E324"
    assert "rules/one.yaml was changed" in message


def test_a_vendored_pack_keeps_its_signature(installed):
    make.vendor([("acme", active.read("acme").now.folder)], "packs")
    assert installed.loaded(HEAD + "packs: {acme: 'file:./packs/acme'}\ntrust: {signers: [acme.pub]}\n") == "1.0"


def test_a_folder_without_a_pack_is_not_replaced_by_a_vendored_one(installed):
    (installed.folder / "packs" / "acme").mkdir(parents=True)
    with pytest.raises(make.PackError, match="holds no pack: it is not replaced"):
        make.vendor([("acme", active.read("acme").now.folder)], "packs")


# The lock


def test_the_locked_pack_is_taken(shop):
    shop.pack("1.0")
    pinned(shop, "packs: {acme: 'file:./src-acme-1.0'}\n")
    assert shop.loaded(HEAD + "packs: {acme: 'file:./src-acme-1.0'}\n") == "1.0"


def test_another_digest_than_the_locked_one_is_refused_with_its_place(shop):
    shop.pack("1.0")
    path = pinned(shop, "packs: {acme: 'file:./src-acme-1.0'}\n")
    shop.pack("1.0", rule=RULE + "# changed\n")
    [found] = mistakes(shop, "packs: {acme: 'file:./src-acme-1.0'}\n")
    assert (found.code, found.span.file, found.span.line) == ("E323", path.name, 6)
    assert found.message == (
        "pack `acme` is not the one of the lock: 1.0 was locked, here is 1.0 (file:./src-acme-1.0)"
    )


def test_a_pack_that_is_not_in_the_lock_is_refused(shop):
    shop.pack("1.0")
    shop.pack("2.0", name="more", rule=changed(RULE, ("ACME-1", "MORE-1"), ("acme-one", "more-one")))
    pinned(shop, "packs: {acme: 'file:./src-acme-1.0'}\n")
    found = one(shop, "packs: {acme: 'file:./src-acme-1.0', more: 'file:./src-more-2.0'}\n")
    assert found == ("E323", 3, 4, "pack `more` is not in the lock")


def test_the_lock_finds_the_version_before_the_active_one(installed):
    pinned(installed, "packs: {acme: '>=1'}\n")
    installed.install(installed.archive("1.1"))
    assert installed.loaded(HEAD + "packs: {acme: '>=1'}\n") == "1.0"
    (installed.folder / places.LOCK).unlink()
    assert installed.loaded(HEAD + "packs: {acme: '>=1'}\n") == "1.1"


def test_a_lock_with_mistakes_is_refused(installed):
    (installed.folder / places.LOCK).write_text('{"schema": "modelaudit/lock@1", "pack": {}}', encoding="utf-8")
    found = mistakes(installed, "packs: {acme: '>=1'}\n")
    assert [(d.code, d.label) for d in found] == [("E110", "did you mean `packs`?")]
    assert {d.span.file for d in found} == {places.LOCK}


def test_packs_of_other_policies_stay_in_the_lock(shop):
    shop.pack("1.0")
    shop.pack("2.0", name="more", rule=changed(RULE, ("ACME-1", "MORE-1"), ("acme-one", "more-one")))
    pinned(shop, "packs: {acme: 'file:./src-acme-1.0'}\n")
    path = pinned(shop, "packs: {more: 'file:./src-more-2.0'}\n")
    assert sorted(lock.read(str(path)).packs) == ["acme", "more"]


def test_a_cached_rule_set_is_not_used_once_pack_or_lock_changed(installed, monkeypatch):
    monkeypatch.setenv("MODELAUDIT_CACHE_DIR", str(installed.folder / "cache"))
    policy = installed.folder / "policy.yaml"
    policy.write_text(HEAD + "packs: {acme: '>=1'}\n", encoding="utf-8")

    def version() -> str:
        [pack] = load.load_ruleset(str(policy)).packs
        return pack["version"] if isinstance(pack, dict) else pack.version

    assert version() == version() == "1.0"
    installed.install(installed.archive("1.1"))
    assert version() == "1.1"
    install.rollback("acme")
    assert version() == "1.0"
    (installed.folder / places.LOCK).write_text('{"schema": "modelaudit/lock@1", "packs": {}}', encoding="utf-8")
    with pytest.raises(DiagnosticsError, match="is not in the lock"):
        version()


# The core pack


class Core:
    """A workshop with a built-in core, of which other versions are installed."""

    def __init__(self, folder: Path, builtin: Path) -> None:
        self.folder, self.builtin = folder, builtin
        self.key, self.public, _ = make.keygen(str(folder / "release"))
        self.trust = Trust((signature.read_public(self.public),), "refuse")
        self.manifest = (builtin / "pack.yaml").read_text(encoding="utf-8")
        self.version = next(line for line in self.manifest.splitlines() if line.startswith("version: "))

    def install(self, version: str, *changes: tuple[str, str], older: bool = False):
        folder = self.folder / f"core-{version}"
        shutil.copytree(self.builtin, folder)
        manifest = changed(self.manifest, (self.version, f"version: {version}"), *changes)
        (folder / "pack.yaml").write_text(manifest, encoding="utf-8")
        made = make.with_sums(str(folder))
        signed = type(made)("core.zip", made.files, made.sums, signature.sign(made.sums, self.key))
        return install.install(signed, self.trust, older=older).now

    def used(self, policy: str | None = None) -> tuple[str, list[str]]:
        chosen = inventory.chosen(inventory.resolve(policy))
        return next(p.version for p in chosen.packs if p.name == "core"), list(chosen.notices)


@pytest.fixture
def core(tmp_path, monkeypatch) -> Core:
    """A built-in core of one rule: to read all of the real one time and again takes a minute."""
    monkeypatch.setenv("MODELAUDIT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "builtin" / "core"
    (folder / "rules").mkdir(parents=True)
    manifest = changed(MANIFEST, ("pack: acme", "pack: core"), ("version: 1.0", "version: 2026.11.0"))
    (folder / "pack.yaml").write_text(manifest + "macros: macros.yaml\n", encoding="utf-8")
    (folder / "macros.yaml").write_text("schema: modelaudit/macros@1\nmacros: {}\n", encoding="utf-8")
    (folder / "rules" / "one.yaml").write_text(RULE, encoding="utf-8")
    monkeypatch.setattr(read, "builtin_folders", lambda: [str(folder)])
    return Core(tmp_path, folder)


def test_the_real_core_can_be_installed_in_the_place_of_the_built_in_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    core = Core(tmp_path, Path(data_path("rules", "core")))
    core.install("2099.1")
    assert core.used() == ("2099.1", [])


def test_an_installed_core_takes_the_place_of_the_built_in_one(core):
    own, _ = core.used()
    core.install("2099.1")
    assert core.used() == ("2099.1", [])
    assert install.rollback("core") == own
    assert core.used() == (own, [])


def test_a_changed_core_leaves_the_built_in_one_working_and_says_so(core):
    own, _ = core.used()
    now = core.install("2099.1")
    Path(now.folder, "macros.yaml").write_text("", encoding="utf-8")
    version, [notice] = core.used()
    assert version == own
    assert notice.startswith("installed pack core 2099.1 is not used: ")
    assert "macros.yaml was changed" in notice


def test_a_core_without_its_signature_leaves_the_built_in_one_working(core):
    own, _ = core.used()
    now = core.install("2099.1")
    os.unlink(os.path.join(now.folder, "SUMS.json.sig"))
    version, [notice] = core.used()
    assert version == own
    assert "is not signed by" in notice


def test_a_damaged_active_file_leaves_the_built_in_core_working(core):
    own, _ = core.used()
    core.install("2099.1")
    Path(places.active_file("core")).write_text("{", encoding="utf-8")
    version, [notice] = core.used()
    assert version == own
    assert notice.endswith("is damaged; the built-in pack is used")


def test_a_core_of_another_engine_leaves_the_built_in_one_working(core, monkeypatch):
    own, _ = core.used()
    core.install("2099.1", ("'>=1.0,<2'", "'>=1.0,<1.5'"))
    monkeypatch.setattr("modelaudit.__version__", "1.6.0")
    version, [notice] = core.used()
    assert version == own
    assert "it needs modelaudit >=1.0,<1.5, this is 1.6.0" in notice


def test_a_core_older_than_the_built_in_one_is_installed_only_when_asked_for(core):
    own, _ = core.used()
    with pytest.raises(make.PackError, match=f"2000.1 is older than {own}, which is in use"):
        core.install("2000.1")
    assert core.used() == (own, [])


def test_a_core_with_a_damaged_manifest_leaves_the_built_in_one_working(core):
    own, _ = core.used()
    now = core.install("2099.1")
    Path(now.folder, "pack.yaml").write_text("pack: core\n", encoding="utf-8")
    version, [notice] = core.used()
    assert version == own
    assert "its manifest has mistakes" in notice


def test_an_older_core_is_used_only_where_a_policy_asks_for_it(core):
    own, _ = core.used()
    core.install("2000.1", older=True)
    assert core.used()[0] == own
    Path("policy.yaml").write_text(HEAD + "packs: {core: '<2001'}\n", encoding="utf-8")
    assert core.used("./policy.yaml")[0] == "2000.1"


def test_a_policy_that_trusts_another_signer_gets_the_built_in_core(core):
    own, _ = core.used()
    core.install("2099.1")
    make.keygen("other")
    Path("policy.yaml").write_text(HEAD + "trust: {signers: [other.pub]}\n", encoding="utf-8")
    version, [notice] = core.used("./policy.yaml")
    assert version == own
    assert "not signed by a trusted signer" in notice


def test_a_vendored_core_is_the_built_in_one_byte_for_byte_or_signed(core):
    own, _ = core.used()
    make.vendor([("core", str(core.builtin))], "packs")
    text = HEAD + "packs: {core: 'file:./packs/core'}\n"
    Path("policy.yaml").write_text(text, encoding="utf-8")
    assert core.used("./policy.yaml") == (own, [])
    manifest = Path("packs/core/pack.yaml")
    manifest.write_text(manifest.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    os.unlink("packs/core/SUMS.json")
    with pytest.raises(DiagnosticsError, match="stands for a built-in one: it must be signed"):
        core.used("./policy.yaml")
    made = make.with_sums("packs/core")
    Path("packs/core/SUMS.json").write_bytes(made.sums)
    Path("packs/core/SUMS.json.sig").write_bytes(signature.sign(made.sums, core.key))
    Path("policy.yaml").write_text(text + "trust: {signers: [release.pub]}\n", encoding="utf-8")
    assert core.used("./policy.yaml") == (own, [])
