"""The error tree. Parsers raise none of these: what is wrong with a model is a fact.

ModelAuditError
├── DiagnosticsError    mistakes in rule, pack or policy files, all at once   (engine/diagnostics.py)
├── SourceError         a location that cannot be read                        (sources/)
└── UsageError          a request that makes no sense
    └── OptionError     a value that an option cannot have
"""


class ModelAuditError(Exception):
    """Whatever the product itself refuses."""


class UsageError(ModelAuditError):
    """A request that makes no sense, such as an unknown policy name."""


class OptionError(UsageError):
    """A value that an option cannot have; the command line answers with its usage."""
