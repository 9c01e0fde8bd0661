"""What the parameters of the API take."""

from pathlib import Path

import pytest

import modelaudit


@pytest.fixture(autouse=True)
def _own_cache(cache_folder, monkeypatch):
    monkeypatch.setenv("MODELAUDIT_CACHE_DIR", str(cache_folder))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.pkl"
    path.write_bytes(b"\x80\x02cacme.models\nThing\n)\x81.")
    return path


def test_one_text_is_one_word_and_never_its_letters(model) -> None:
    assert [finding.rule for finding in modelaudit.scan(model, blacklist="zebra-l")] == ["MA1090"]
    assert modelaudit.scan(model, ignore="MA1090").passed
    assert [finding.rule for finding in modelaudit.scan(model, select="MA1090")] == ["MA1090"]
    assert [finding.rule for finding in modelaudit.scan(model, scanners="pickle")] == ["MA1090"]


@pytest.mark.parametrize("name", ["max_file_size", "max_total_size"])
def test_a_size_of_zero_is_no_limit_as_on_the_command_line(model, name) -> None:
    assert modelaudit.scan(model, **{name: 0}).exit_code == 1
    assert modelaudit.scan(model, **{name: 1}).outcome == "incomplete"


def test_the_facts_of_a_report_without_limit_are_all_there(model) -> None:
    assert len(list(modelaudit.scan(model, max_file_size=0).facts())) == len(list(modelaudit.facts(model)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("max_file_size", -1), ("max_total_size", "1KB"), ("timeout", 0), ("timeout", -1), ("timeout", "soon")),
        *(("max_requests", 0), ("max_transfer", -1), ("scope", "half"), ("jobs", 0), ("fail_on", "info")),
    ],
)
def test_limits_that_make_no_sense_are_refused_with_their_name(model, name, value) -> None:
    with pytest.raises(modelaudit.UsageError, match=f"{name} takes"):
        modelaudit.scan(model, **{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [("severity", {"PKL-001": "loud"}), ("blacklist", ""), ("blacklist", "re:("), ("scanners", "zzzz")],
)
def test_words_that_mean_nothing_are_refused_by_the_name_of_the_parameter(model, name, value) -> None:
    said = rf"^(unknown )?{name.removesuffix('s')}\b"
    with pytest.raises(modelaudit.UsageError, match=said):
        modelaudit.scan(model, **{name: value})


def test_the_scope_is_what_the_report_says(tmp_path) -> None:
    header = b'{"a":{"dtype":"F32","shape":[1024],"data_offsets":[0,4096]}}'
    (tmp_path / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4096))
    for scope in ("structure", "full"):
        (artifact,) = modelaudit.scan(tmp_path, scope=scope, stream=True).artifacts
        assert artifact.scope == scope
