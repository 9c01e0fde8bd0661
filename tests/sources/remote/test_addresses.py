"""Whatever stands where an address should stand, it is an error in words."""

import pytest

from modelaudit.pipeline.limits import Options
from modelaudit.pipeline.scan import scan
from modelaudit.sources.address import host_of
from modelaudit.sources.errors import SourceError
from modelaudit.sources.remote import line
from modelaudit.sources.remote.locations import service_of

ODD = (
    *("https://[::1/x", "https://", "https:///x", "https://h:99999/x", "http://a b/x", "https://a\nb/x"),
    *("oci://h", "oci://[::1/x", "oci:///", "file://[::1/x", "https://127.0.0.1:1/x%zz"),
)


@pytest.mark.parametrize("variable", ["", "JFROG_URL", "HF_ENDPOINT"])
@pytest.mark.parametrize("address", ODD)
def test_odd_addresses(address: str, variable: str, ruleset, monkeypatch) -> None:
    monkeypatch.setattr(line, "FIRST", 0.001)
    if variable:
        monkeypatch.setenv(variable, "https://[")
    document = scan([address], ruleset, Options(timeout=20))
    assert document.decision.exit_code == 2
    assert document.errors[0].code in {"missing-path", "unreadable"}


@pytest.mark.parametrize("address", ODD)
def test_which_service_they_are_for_is_told_without_a_word(address: str) -> None:
    try:
        assert service_of(address)[0] in {"web", "oci"}
    except SourceError:
        assert address.startswith("file:")


def test_hosts() -> None:
    assert host_of("https://me:pw@Host.Example:8080/x") == "host.example"
    assert host_of("https://[::1]:80/x") == "::1"
    assert host_of("https://[::1") == host_of("models/x") == host_of("") == ""
