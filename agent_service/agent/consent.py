"""Recognises what needs a person's consent, and how people say yes or no."""

import re
from enum import Enum, auto

# The names of buttons that spend money.
PAYS = re.compile(
    r"^\W*(?:(?:place|submit|confirm|complete|finish)\b.*\b(?:order|purchase|payment)|pay(?!ment)\b|buy\s+now\b"
    r"|order\s+(?:now|and\s+pay)\b|purchase\b|confirm\s+and\s+pay\b|book\s+and\s+pay\b)",
    re.IGNORECASE,
)
YES = re.compile(
    r"^\W*(?:yes|y|yep|yeah|yup|ok|okay|sure|approved?|confirm(?:ed)?|agreed|accept(?:ed)?|go\s+(?:on|ahead)|proceed|continue|resume"
    r"|do\s+it|fine|please\s+do|buy\s+it|pay|place\s+(?:it|the\s+order)|of\s+course|correct|true|allow(?:ed)?)"
    r"(?:\W+(?:please|go\s+(?:on|ahead)|do\s+it|continue|proceed|you\s+may|buy\s+it|pay|approved?|thanks|thank\s+you|it|sure|that(?:'s|\s+is)\s+fine))*\W*$",
    re.IGNORECASE,
)
NO = re.compile(
    r"^\W*(?:no|n|nope|nah|stop|cancel(?:led)?|don['’]?t|do\s+not|abort|refused?|den(?:y|ied)|declined?|never(?:\s*mind)?|reject(?:ed)?|not\s+(?:now|yet)"
    r"|forget\s+it|leave\s+it|false|quit)\b",
    re.IGNORECASE,
)


class Answer(Enum):
    YES = auto()
    NO = auto()
    OTHER = auto()


def read_answer(text: str) -> Answer:
    """Read an answer: a no at the start wins, and a yes must consist of nothing but a yes."""
    if NO.match(text):
        return Answer.NO
    return Answer.YES if YES.match(text) else Answer.OTHER


class ConsentNeeded(Exception):
    """The button about to be pressed spends money."""

    def __init__(self, button: str) -> None:
        super().__init__(button)
        self.button = button
