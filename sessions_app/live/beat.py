"""What a page says of itself: where it stands as it connects, and that it is there with each beat."""

import json
from dataclasses import dataclass
from urllib.parse import parse_qs

from sessions_app.numbers import whole_number


@dataclass(frozen=True)
class Beat:
    """What a page says of itself each second."""

    acknowledged: int | None = None
    #: The page's own id, where it has control.
    driving_page: str = ""


def read_beat(text: str) -> Beat:
    try:
        message = json.loads(text)
    except ValueError:
        return Beat()
    if not isinstance(message, dict):
        return Beat()
    number, page = message.get("ack"), message.get("drives")
    return Beat(
        acknowledged=number if isinstance(number, int) and number >= 0 else None,
        driving_page=page if isinstance(page, str) and len(page) <= 64 else "",
    )


def read_after(query: bytes) -> int:
    """The number of the last row the page has; 0 where it says none."""
    return whole_number(parse_qs(query.decode("latin1")).get("after", [""])[0]) or 0
