"""Paths as URI references."""

import pytest

from modelaudit.reports.address import uri


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("./models/a.pkl", "models/a.pkl"),
        ("models/./a.pkl", "models/a.pkl"),
        (".", "."),
        ("./", "."),
        ("../a.pkl", "../a.pkl"),
        (".hidden/a..pkl", ".hidden/a..pkl"),
        ("/data/./a.pkl", "file:///data/a.pkl"),
        ("./c:x.pkl", "c%3Ax.pkl"),
        ("https://host.example/./a.pkl", "https://host.example/./a.pkl"),
    ],
)
def test_segments_that_mean_nothing_are_left_out(path, said) -> None:
    assert uri(path) == said
