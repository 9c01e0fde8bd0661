"""Whether a checkpoint would load with weights_only=True, one line for each object, with the reasons."""

import pytest

from fixtures import archives, pickles, torches
from fixtures.ruling import builtin
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.engine.verdict import judges, verdicts_of
from modelaudit.pipeline.facts import facts
from modelaudit.pipeline.scan import scan
from modelaudit.reports import View, digest
from modelaudit.reports.text import render_text

SCRIPT = [archives.Entry("m/data.pkl", b"\x80\x02}."), archives.Entry("m/constants.pkl", b"\x80\x02).")]
NEEDS = "acme.models.Net needs add_safe_globals"
SYSTEM = b"\x80\x02cos\nsystem\n."
MODULE = pickles.stream(torches.persistent("module", "x"), protocol=2)
NET = pickles.newobj_call("acme.models", "Net")
OBJECT = b"\x80\x02" + pickles.glob("acme.models", "Net") + b")\x81}b."


def module(*classes: str) -> bytes:
    """An archive whose object is made of classes."""
    made = b"".join(pickles.glob(*name.rsplit(".", 1)) + b")\x81" for name in classes)
    return archives.checkpoint(b"\x80\x02(" + made + b"t.")


CASES = {
    "tensors": (archives.checkpoint(), "yes", ()),
    "five pickles": (torches.legacy(), "yes", ()),
    "a class": (archives.checkpoint(OBJECT), "no", (NEEDS, "BUILD on acme.models.Net")),
    "a class in five pickles": (torches.legacy(OBJECT), "no", (NEEDS,)),
    "a forbidden module": (archives.checkpoint(SYSTEM), "no", ("os.system is refused, whatever is allowed",)),
    "another protocol": (archives.checkpoint(pickles.stream(b"}", protocol=4) + b""), "yes", ()),
    "frames": (archives.checkpoint(b"\x80\x04" + pickles.frame(b"}\x94.")), "no", ("opcodes of protocol 2",)),
    "an id of its own": (archives.checkpoint(MODULE), "no", ("is no storage",)),
    "cut short": (archives.checkpoint(b"\x80\x02}"), "no", ("does not end with STOP",)),
    "a script": (archives.archive(SCRIPT), "no", ("the file is TorchScript",)),
    "a tar": (torches.tar(), "no", ("tar archives",)),
}  # fmt: skip


def answers(path):
    return [verdict for tree in facts([str(path)]) for verdict in verdicts_of(judges(builtin()), tree)]


@pytest.mark.parametrize("name", CASES)
def test_one_answer_for_each_checkpoint_with_its_reasons(tmp_path, name):
    data, answer, reasons = CASES[name]
    (tmp_path / "m.pt").write_bytes(data)
    (verdict,) = answers(tmp_path / "m.pt")
    assert (verdict.name, verdict.question, verdict.answer) == (
        "weights-only",
        "would load with weights_only=True",
        answer,
    )
    assert (not verdict.reasons) == (not reasons)
    for reason in reasons:
        assert any(reason in told for told in verdict.reasons), verdict.reasons


def test_reasons_stand_in_one_order_whoever_asks(tmp_path):
    (tmp_path / "m.pt").write_bytes(archives.checkpoint(b"\x80\x04" + pickles.frame(b"cos\nsystem\n\x94.")))
    (told,) = answers(tmp_path / "m.pt")
    assert len(told.reasons) == 2
    ((scanned,),) = digest.answers(scan([str(tmp_path)], builtin())).values()
    assert scanned.reasons == told.reasons


def test_what_is_no_checkpoint_has_no_answer(tmp_path):
    (tmp_path / "m.pkl").write_bytes(NET)
    (tmp_path / "m.zip").write_bytes(archives.archive([archives.Entry("a.pkl", NET), archives.Entry("a.txt", b"a")]))
    assert answers(tmp_path) == []


def report(path, **options) -> str:
    document = scan([str(path)], builtin())
    return render_text(document, View(width=100, **{"colour": False, "verbose": False, "quiet": False, **options}))


def test_the_report_answers_beside_the_file(tmp_path):
    (tmp_path / "good.pt").write_bytes(archives.checkpoint())
    (tmp_path / "evil.pt").write_bytes(archives.checkpoint(SYSTEM))
    text = report(tmp_path)
    assert text.count("would load with weights_only=True: ") == 2
    assert "    would load with weights_only=True: yes\n" in text
    assert "  would load with weights_only=True: no, because os.system is refused, whatever is allowed\n" in text


def test_reasons_are_few_and_counted(tmp_path):
    (tmp_path / "m.pt").write_bytes(module(*[f"acme.Layer{number}" for number in range(9)]))
    text = " ".join(report(tmp_path / "m.pt").split())
    assert "; 5 more like these" in text
    assert text.count("needs add_safe_globals") == 4


def test_several_checkpoints_in_one_file_have_their_names(tmp_path):
    members = [archives.Entry(f"{n}.pt", archives.checkpoint()) for n in range(5)]
    (tmp_path / "all.zip").write_bytes(archives.archive(members))
    assert "0.pt!archive/data.pkl would load with weights_only=True: yes" in report(tmp_path / "all.zip")
    assert "… and 2 more of these" in report(tmp_path / "all.zip")
    assert report(tmp_path / "all.zip", verbose=True).count("weights_only=True: yes") == 5


def test_a_policy_that_ignores_the_rules_takes_no_answer_away(tmp_path):
    (tmp_path / "m.pt").write_bytes(archives.checkpoint(OBJECT))
    (tmp_path / "p.yaml").write_text(
        "schema: modelaudit/policy@1\npolicy: acme/quiet\nversion: 1\nowner: a@b.c\n"
        "extends: [builtin:default]\nignore: ['tag:verdict:weights-only', 'tag:subject:weights-only']\n"
    )
    document = scan([str(tmp_path / "m.pt")], load_ruleset(policy=str(tmp_path / "p.yaml")))
    assert "no, because acme.models.Net" in render_text(
        document, View(width=100, colour=False, verbose=False, quiet=False)
    )
