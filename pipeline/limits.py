"""What a scan may spend: the user's options over the policy's limits over the defaults."""

from __future__ import annotations

from time import monotonic

from modelaudit.engine.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelaudit.engine.document import ScannerSelection
    from modelaudit.engine.ruleset import Policy
    from modelaudit.pipeline.workers.bounds import Bounds

UNLIMITED = 2**63 - 1  # bytes: what stands for no limit where a policy has one
_SIZES = ("max_file_size", "max_total_size", "max_requests", "max_transfer")


class Options:
    """What the user asks of a scan; None leaves it to the policy, then to the defaults.

    `timeout` is in seconds for the whole scan (300 by default), the sizes are in bytes (no limit by default).
    `today` is the day (UTC, `YYYY-MM-DD`) on which waivers are judged, that of the clock by default. `jobs` is how many
    files are read at the same time, one for each processor by default; `bounds` are the limits of worker processes.
    `selection` says which parsers take part. `scope` is `full` (every byte is read) or `structure` (all that can run or
    configure, and no weights); None for full on this machine and structure elsewhere. With `describe` the document also
    holds what artifacts say of themselves, as an SBOM needs it. `max_requests` and `max_transfer` bound what is asked
    of other machines; with `stream` their files are read one at a time, and nothing of them is kept.
    """

    __slots__ = (
        "bounds",
        "describe",
        "fail_on",
        "jobs",
        "max_file_size",
        "max_requests",
        "max_total_size",
        "max_transfer",
        "scope",
        "selection",
        "stream",
        "timeout",
        "today",
    )

    def __init__(
        self,
        timeout: float | None = None,
        max_file_size: int | None = None,
        max_total_size: int | None = None,
        fail_on: str | None = None,
        today: str | None = None,
        jobs: int | None = None,
        bounds: Bounds | None = None,
        describe: bool = False,
        selection: ScannerSelection | None = None,
        scope: str | None = None,
        max_requests: int | None = None,
        max_transfer: int | None = None,
        stream: bool = False,
    ) -> None:
        self.timeout = timeout
        self.max_file_size = max_file_size
        self.max_total_size = max_total_size
        self.fail_on = fail_on
        self.today = today
        self.jobs = jobs
        self.bounds = bounds
        self.describe = describe
        self.selection = selection
        self.scope = scope
        self.max_requests = max_requests
        self.max_transfer = max_transfer
        self.stream = stream


class Limits:
    """The limits that hold. `deadline` is a moment of `time.monotonic`, counted from now."""

    __slots__ = (
        *("deadline", "max_depth", "max_file_size", "max_requests", "max_total_size", "max_transfer", "timeout"),
    )

    def __init__(self, options: Options, policy: Mapping[str, float] | None = None) -> None:
        from modelaudit.engine.ruleset import LIMITS  # what reads options alone has no use for it

        policy = policy or {}
        self.timeout = float(_first(options.timeout, policy.get("timeout")) or LIMITS["timeout"])
        self.deadline = monotonic() + self.timeout
        self.max_file_size = _whole(options.max_file_size, policy.get("max_file_size"))
        self.max_total_size = _whole(options.max_total_size, policy.get("max_total_size"))
        self.max_depth = _whole(policy.get("max_depth"))
        self.max_requests = _whole(options.max_requests, policy.get("max_requests")) or int(LIMITS["max_requests"])
        self.max_transfer = _whole(options.max_transfer, policy.get("max_transfer")) or int(LIMITS["max_transfer"])

    def passed(self) -> bool:
        """Whether the time is up."""
        return monotonic() >= self.deadline


def check_final(options: Options, policy: Policy) -> None:
    """Refuse an option that would loosen a limit which the policy makes final, with a `UsageError`."""
    final = set(policy.doc.get("final", ()))
    for name in ("timeout", *_SIZES) if final else ():
        own, asked = policy.limits.get(name), getattr(options, name)
        if own is not None and asked is not None and asked > own and final & {"limits", f"limits.{name}"}:
            said = "no limit" if asked >= UNLIMITED else f"{asked:g}"
            raise UsageError(f"policy {policy.policy} makes limits.{name} final at {own:g}: {said} would loosen it")
    own, asked = policy.limits.get("scope"), options.scope
    if own == "full" and asked is not None and asked != own and final & {"limits", "limits.scope"}:
        raise UsageError(f"policy {policy.policy} makes limits.scope final at full: {asked} would loosen it")


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


def _whole(*values: float | None) -> int | None:
    found = _first(*values)
    return None if found is None else int(found)
