"""Structured logs: one line per event on stderr, as JSON or as text, with the request id of the moment."""

import json
import logging
import sys
import time
from typing import Any

from strata_chassis import request_id
from strata_chassis.errors import InvalidArgument

_FIELDS = "strata_fields"
# Control characters in a message (names come from images and peers) must not forge lines or drive a terminal.
_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(0x20), 0x7F, *range(0x80, 0xA0))}


def fields(**values: Any) -> dict[str, Any]:
    """Return the ``extra`` of a log call: ``log.info("pulled", extra=fields(image=name, duration_s=1.2))``."""
    return {_FIELDS: values}


class JsonFormatter(logging.Formatter):
    """One JSON object per line."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        entry = {
            "time": _rfc3339(record),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
            **({"request_id": request_id.current()} if request_id.current() else {}),
            **getattr(record, _FIELDS, {}),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


class TextFormatter(logging.Formatter):
    """Time, level, service, message and ``key=value`` fields, for people; exceptions follow on lines of their own."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line, followed by the lines of its exception if there is one."""
        values = dict(getattr(record, _FIELDS, {}))
        if request_id.current():
            values["request_id"] = request_id.current()
        pairs = "".join(f" {key}={_quoted(value)}" for key, value in values.items())
        message = record.getMessage().translate(_ESCAPES)
        line = f"{_rfc3339(record)} {record.levelname:<7} {self._service}: {message}{pairs}"
        return line if not record.exc_info else f"{line}\n{self.formatException(record.exc_info)}"


def setup(service: str, *, level: str = "info", style: str = "text") -> None:
    """Send all logs of the process to stderr; raises InvalidArgument for an unknown level or style."""
    formatters = {"json": JsonFormatter, "text": TextFormatter}
    number = logging.getLevelNamesMapping().get(level.upper())
    if style not in formatters or number is None:
        raise InvalidArgument(
            f"log level {level!r} or format {style!r} is not known",
            reason="LOG_CONFIG_INVALID",
            metadata={"level": level, "format": style},
        )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatters[style](service))
    logging.root.handlers = [handler]
    logging.root.setLevel(number)


def _rfc3339(record: logging.LogRecord) -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z"


def _quoted(value: Any) -> str:
    text = str(value)
    plain = text.isprintable() and not any(character in text for character in ' "=')
    return text if plain and text else json.dumps(text)
