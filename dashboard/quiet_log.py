"""What Django logs of requests, without a flood of what was rightly refused."""

import logging
import time

#: Seconds in which the same refusal of the same address is not written again: pages ask every few seconds.
_AGAIN = 600.0
_REMEMBERED = 1000


class ExpectedRefusals(logging.Filter):
    """Leaves errors of ours as they are; a refusal in words (4xx, 502) becomes one line without a traceback."""

    def __init__(self) -> None:
        super().__init__()
        self._written: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        status = getattr(record, "status_code", 500)
        if status >= 500 and status != 502:
            return True
        record.levelno, record.levelname = logging.INFO, "INFO"
        record.exc_info = record.exc_text = None
        return self._is_news(record.getMessage())

    def _is_news(self, sentence: str) -> bool:
        now = time.monotonic()
        if now - self._written.get(sentence, -_AGAIN) < _AGAIN:
            return False
        if len(self._written) >= _REMEMBERED:
            self._written.clear()
        self._written[sentence] = now
        return True
