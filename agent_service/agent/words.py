"""Numbers and positions as people write them."""

import re

from agent_service.agent.steps import LAST, Best, Choice

NUMBERS = {
    word: number
    for number, word in enumerate(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"])
} | {"a": 1, "an": 1, "a couple of": 2, "both": 2, "once": 1, "twice": 2, "thrice": 3}
ORDINALS = {
    word: number
    for number, word in enumerate(["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"], start=1)
} | {"1st": 1, "2nd": 2, "3rd": 3, "top": 1, "last": LAST, "final": LAST}
SUPERLATIVES = {
    "cheapest": Best.CHEAPEST,
    "least expensive": Best.CHEAPEST,
    "lowest priced": Best.CHEAPEST,
    "lowest-priced": Best.CHEAPEST,
    "most expensive": Best.DEAREST,
    "dearest": Best.DEAREST,
    "priciest": Best.DEAREST,
    "highest priced": Best.DEAREST,
    "best rated": Best.RATED,
    "best-rated": Best.RATED,
    "top rated": Best.RATED,
    "top-rated": Best.RATED,
    "highest rated": Best.RATED,
    "highest-rated": Best.RATED,
    "best reviewed": Best.RATED,
    "best": Best.RATED,
}


def alternatives(words: dict[str, object] | list[str]) -> str:
    """A pattern for any of the words, the longest first so that none hides another."""
    return "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in sorted(words, key=len, reverse=True))


NUMBER = rf"(?:\d{{1,4}}|{alternatives(dict(NUMBERS))})"
CHOICE = rf"(?:{alternatives(dict(SUPERLATIVES))}|{alternatives(dict(ORDINALS))}|#\d{{1,3}}|\d{{1,3}}(?:st|nd|rd|th))"


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
