"""Where the product's own data files stand."""

from __future__ import annotations

import os

import modelaudit


def data_path(*parts: str) -> str:
    """The path of a data file or folder inside the installed package, such as `schemas`, `rules.schema.json`."""
    return os.path.join(os.path.dirname(modelaudit.__file__), *parts)
