"""modelaudit reads machine-learning model files without loading them and says what they would do.

>>> import modelaudit
>>> report = modelaudit.scan("model.pkl", policy="strict")
>>> for finding in report:
...     print(finding.severity, finding.message)

Everything named in `__all__` is the Python API; it is imported when it is first used.
"""

__version__ = "1.0.0"

__all__ = [
    "DiagnosticsError",
    "Fact",
    "Finding",
    "IncompleteError",
    "ModelAuditError",
    "Report",
    "UsageError",
    "__version__",
    "facts",
    "scan",
]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.api import (
        DiagnosticsError,
        Fact,
        Finding,
        IncompleteError,
        ModelAuditError,
        Report,
        UsageError,
        facts,
        scan,
    )


def __getattr__(name: str) -> object:
    if name in __all__:
        from modelaudit import api

        return getattr(api, name)
    raise AttributeError(f"module 'modelaudit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
