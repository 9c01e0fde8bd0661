import click
import pytest

from modelaudit.cli.values import Seconds, Size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1024", 1024),
        ("1KB", 1024),
        ("1 kib", 1024),
        ("1.5 GB", 3 * 512 * 1024**2),
        ("20GiB", 20 * 1024**3),
        (" 2tb ", 2 * 1024**4),
        ("0", 2**63 - 1),
        ("7B", 7),
    ],
)
def test_sizes_are_bytes_with_or_without_a_unit_and_zero_is_no_limit(text: str, size: int) -> None:
    assert Size().convert(text, None, None) == size


@pytest.mark.parametrize("text", ["", "x", "-1", "1XB", "1e9", "1.GB", "GB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is not a size"):
        Size().convert(text, None, None)


@pytest.mark.parametrize("text", ["0", "-1", "x", "nan", "inf", ""])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is not a number of seconds"):
        Seconds().convert(text, None, None)


def test_seconds_may_have_a_fraction() -> None:
    assert Seconds().convert("1.5", None, None) == 1.5
