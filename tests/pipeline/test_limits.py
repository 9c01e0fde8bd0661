"""Options over the limits of a policy."""

import pytest

from modelaudit.cli.values import Size
from modelaudit.engine.errors import UsageError
from modelaudit.pipeline.limits import Limits, Options, check_final


class Policy:
    """The part of a compiled policy that is asked."""

    policy = "acme"

    def __init__(self, limits, *final):
        self.limits = limits
        self.doc = {"final": list(final)}


POLICY = Policy({"timeout": 5, "max_file_size": 1000}, "limits.timeout", "limits.max_file_size")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (Options(timeout=60), "limits.timeout final at 5: 60 would loosen it"),
        (Options(max_file_size=2000), "limits.max_file_size final at 1000: 2000 would"),
        (Options(max_file_size=Size().convert("0", None, None)), "limits.max_file_size final at 1000: no limit would"),
    ],
)
def test_an_option_does_not_loosen_a_final_limit(options, said) -> None:
    with pytest.raises(UsageError, match=said):
        check_final(options, POLICY)


def test_an_option_may_be_stricter_or_change_what_is_not_final() -> None:
    check_final(Options(timeout=2, max_file_size=10, max_total_size=10**9), POLICY)
    check_final(Options(timeout=60), Policy({"timeout": 5}, "limits.max_file_size"))
    check_final(Options(timeout=60), Policy({}, "limits"))
    with pytest.raises(UsageError):
        check_final(Options(timeout=60), Policy({"timeout": 5}, "limits"))
    assert Limits(Options(timeout=2), POLICY.limits).timeout == 2
    assert Limits(Options(), POLICY.limits).timeout == 5


def test_what_holds_where_nobody_says() -> None:
    limits = Limits(Options(max_requests=7), {"max_transfer": 8})
    assert (limits.timeout, limits.max_requests, limits.max_transfer) == (300.0, 7, 8)
    limits = Limits(Options())
    assert (limits.max_requests, limits.max_transfer, limits.max_file_size) == (100_000, 4 * 1024**4, None)
