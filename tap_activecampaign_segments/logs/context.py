"""Log context: which stream and which segment the present work is for.

Every log record gets these fields. Structured logs show them, and the HTTP metrics use them as
tags.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

STREAM = "stream_name"
"""The field that the SDK's structured formatter has for the stream."""

_EMPTY: Mapping[str, str] = MappingProxyType({})
_fields: ContextVar[Mapping[str, str]] = ContextVar("log_fields", default=_EMPTY)


@contextmanager
def log_context(**fields: str) -> Iterator[None]:
    """Add fields to all log records of this block.

    A thread starts without fields unless it is started in a copy of the context.

    Example:
        >>> with log_context(stream_name="count_history"), log_context(segment_id="17"):
        ...     dict(log_fields())
        {'stream_name': 'count_history', 'segment_id': '17'}
    """
    token = _fields.set({**_fields.get(), **fields})
    try:
        yield
    finally:
        _fields.reset(token)


def log_fields() -> Mapping[str, str]:
    """Return the fields of the present block."""
    return _fields.get()


def log_subject() -> str:
    """Return what the present block is for as the beginning of a line, empty if that is all.

    Example:
        >>> with log_context(segment="VIP", segment_id="17"):
        ...     log_subject()
        "segment 'VIP': "
    """
    for name in ("segment", "segment_group"):
        if name in (fields := _fields.get()):
            return f"{name.replace('_', ' ')} {fields[name]!r}: "
    return ""


def install_record_factory() -> None:
    """Let all log records have the fields. Installed once, however often it is called."""
    factory = logging.getLogRecordFactory()
    if getattr(factory, "func", None) is not _create_record:
        logging.setLogRecordFactory(partial(_create_record, factory))


def _create_record(
    factory: Callable[..., logging.LogRecord], *args: Any, **kwargs: Any
) -> logging.LogRecord:
    record = factory(*args, **kwargs)
    record.__dict__.update(_fields.get())
    return record
