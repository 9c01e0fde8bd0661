"""Clients of services tell nobody else that they are used."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from modelaudit.sources.remote import locations

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.fixture
def imported(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, str]]:
    """What stands in the environment while a client is imported."""
    seen: list[Mapping[str, str]] = []

    def importing(name: str) -> SimpleNamespace:
        seen.append(dict(os.environ))
        return SimpleNamespace(connect=lambda address: address)

    for name in locations.SILENCE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(locations, "import_module", importing)
    return seen


@pytest.mark.parametrize("address", ["hf://acme/model", "models:/m/1"])
def test_no_use_is_reported(address: str, imported: list[Mapping[str, str]]) -> None:
    locations.connect(address)
    assert imported[0].items() >= locations.SILENCE.items()
    assert not locations.SILENCE.keys() & os.environ.keys()


def test_what_the_user_says_holds(imported: list[Mapping[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "false")
    locations.connect("models:/m/1")
    assert imported[0]["MLFLOW_DISABLE_TELEMETRY"] == os.environ["MLFLOW_DISABLE_TELEMETRY"] == "false"
