"""Numbers, positions and other words that many sentences share."""

import re

from agent_service.agent.notation import define
from agent_service.agent.steps import LAST, Best, Choice

NUMBERS = {
    "zero": 0, "a": 1, "an": 1, "one": 1, "once": 1, "two": 2, "twice": 2, "both": 2, "a couple of": 2,
    "three": 3, "thrice": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12,
}  # fmt: skip
ORDINALS = {
    "first": 1, "1st": 1, "top": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "fifth": 5,
    "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "last": LAST, "final": LAST,
}  # fmt: skip
SUPERLATIVES = {
    **dict.fromkeys(("cheapest", "least expensive", "lowest priced", "lowest-priced"), Best.CHEAPEST),
    **dict.fromkeys(("most expensive", "dearest", "priciest", "highest priced"), Best.DEAREST),
    **dict.fromkeys(("best rated", "best-rated", "top rated", "top-rated", "best reviewed", "best"), Best.RATED),
    **dict.fromkeys(("highest rated", "highest-rated"), Best.RATED),
}


def one_of(words: dict[str, int] | dict[str, Best] | list[str]) -> str:
    """A pattern for any of the words, longest first so that no word hides a longer one."""
    return "|".join(sorted(words, key=len, reverse=True))


PARTS = define(
    {},
    apostrophe="'|’",
    quote="\ue000q\\d+\ue001",
    address="\ue000a\\d+\ue001",
    number=rf"\d\d?\d?\d?|{one_of(NUMBERS)}",
    best=one_of(SUPERLATIVES),
    choice=rf"{one_of(SUPERLATIVES)}|{one_of(ORDINALS)}|#\d\d?\d?|\d\d?(st|nd|rd|th)",
    price=r"\d+(\.\d\d?)?",
    place=r"#?\d\d?\d?",
    the="[(the|a|an|my|your|this|that) ]",
    noun="[search ](results?|items?|products?|links?|entry|entries|hits?|articles?|listings?|options?|ones?|story"
    "|stories|posts?|offers?)",
    cart="[(the|my|your|our) ][shopping ](cart|basket|bag|trolley)",
    it="it|this|that|(this|that|the|the current) (item|product|one)",
    on_page="[ (in|on|from|of) [the ](list|page|results?|search results?|screen|results page|site)]",
)


def number(text: str) -> int:
    word = normal(text)
    return NUMBERS[word] if word in NUMBERS else int(word)


def choice(text: str) -> Choice:
    word = normal(text)
    if word in SUPERLATIVES:
        return SUPERLATIVES[word]
    return ORDINALS[word] if word in ORDINALS else max(1, int(re.sub(r"\D", "", word)))


def normal(text: str) -> str:
    return " ".join(text.lower().split())
