"""Names without end before a dangerous one: what no longer fits among the facts is told, and as critical."""

from modelaudit.api import scan
from modelaudit.pipeline import fold


def test_a_name_behind_more_names_than_any_model_has_is_not_hidden_by_them(tmp_path, monkeypatch):
    monkeypatch.setitem(fold.FEWER, "import", 20)
    names = b"".join(b"cm%d\nn\n0" % number for number in range(21))
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x04" + names + b"\x8c\x02os\x8c\x06system\x93\x8c\x04echo\x85R.")
    found = [finding for finding in scan([path]).findings if finding.active and finding.severity == "critical"]
    assert "MA1077" in {finding.rule for finding in found}
