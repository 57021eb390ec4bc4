"""What of the SDK's log is shown at the default level, and what at DEBUG only."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import singer_sdk
from singer_sdk.metrics import METRICS_LOGGER_NAME
from typing_extensions import override

SDK_FOLDER = f"{Path(singer_sdk.__file__).parent}{os.sep}"


class SdkDetailFilter(logging.Filter):
    """Demotes what the SDK itself logs at INFO: it says how the tap is built, for each start."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno != logging.INFO or not record.pathname.startswith(SDK_FOLDER):
            return True
        record.levelno, record.levelname = logging.DEBUG, logging.getLevelName(logging.DEBUG)
        return logging.getLogger(record.name).isEnabledFor(logging.DEBUG)


def demote_sdk_lines(logger: logging.Logger) -> None:
    """Show the SDK's own INFO lines of the tap's logger at DEBUG only."""
    if not any(isinstance(each, SdkDetailFilter) for each in logger.filters):
        logger.addFilter(SdkDetailFilter())


def hide_metrics_from_console() -> None:
    """Show METRIC lines at DEBUG only, unless the log configuration names their logger.

    There are several for each segment, at INFO. Handlers of that logger get all of them.
    """
    logger = logging.getLogger(METRICS_LOGGER_NAME)
    is_configured = logger.handlers or logger.level != logging.NOTSET
    if "SINGER_SDK_LOG_CONFIG" not in os.environ or not is_configured:
        logger.propagate = logging.getLogger().isEnabledFor(logging.DEBUG)
