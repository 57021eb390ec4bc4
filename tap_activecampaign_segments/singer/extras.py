"""Optional libraries of the SDK, and the extra of this package that installs each."""

from __future__ import annotations

from importlib import import_module

LIBRARIES = {"faker": "faker", "parquet": "pyarrow", "s3": "s3fs"}
"""The library by extra. An extra has the name of the SDK's own."""


def missing(extra: str) -> str | None:
    """Return a sentence that says how to install an extra's library, None if it is there."""
    library = LIBRARIES[extra]
    try:
        import_module(library)
    except ImportError:
        return f"needs {library}: pip install 'tap-activecampaign-segments[{extra}]'"
    return None
