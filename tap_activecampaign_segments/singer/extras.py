"""Optional libraries of the SDK, and the extra of this package that installs each."""

from __future__ import annotations

LIBRARIES = {"faker": "faker", "parquet": "pyarrow", "s3": "s3fs"}
"""The library by extra. An extra has the name of the SDK's own."""


def describe_missing(extra: str) -> str:
    """Return a sentence that says how to install the library of an extra."""
    library = LIBRARIES[extra]
    package = f"'tap-activecampaign-segments[{extra}]'"
    return f"needs {library}: pip install {package}, or pip install {library} beside the tap"
