"""Splits a task written in English into clauses, each with one instruction."""

import re
from collections.abc import Callable, Iterator

LIST_ITEM = re.compile(r"^\s*(?:(?:step\s+)?\(?\d{1,2}\s*[.):]|[-*•–])\s+", re.IGNORECASE)
INLINE_ITEM = re.compile(r"(?:(?<=^)|(?<=\s))\(?\d{1,2}[.)]\s+(?=\S)")
# A full stop ends a sentence, except after a single letter ("U.S. layout") and within a number.
SENTENCE_END = re.compile(
    r"(?<=[^\W\d_]{2})[.!?]+\s+|(?<=[\ue001\d\"')\]%])[.!?]+\s+|(?<=[a-z])\.(?=[A-Z][a-z])|[;\n]+"
)
THEN = re.compile(
    r"[\s,]*(?:\band\s+)?(?:\b(?:after\s+that|afterwards|and\s+finally)\b|\bthen\b|→|->|=>)[\s,:]*"
    r"|,?\s+but\s+(?=(?:do\s+not|don['’]t|never)\b)",
    re.IGNORECASE,
)
AND = re.compile(r"\s*,\s*(?:and\s+|also\s+)*|\s+(?:and|&)\s+(?:also\s+)?", re.IGNORECASE)
HEADS = 4  # how many separators ahead the end of an instruction is looked for; keeps long lists cheap
CONDITION = re.compile(
    r"(?:^|,|\b(?:and|then|but)\b)[\s,]*(?:and\s+|then\s+|but\s+)*\b(?:if|unless|until|while|whenever|in\s+case)\b",
    re.IGNORECASE,
)


def split(text: str, begins_step: Callable[[str], bool]) -> Iterator[str]:
    """Cut a tokenised text into clauses; `begins_step` tells a new instruction from more of the same one."""
    for sentence in sentences(text):
        condition = CONDITION.search(sentence)
        free = sentence[: condition.start()] if condition else sentence
        for part in THEN.split(free):
            yield from (clause for clause in cut_at_and(part, begins_step) if clause.strip(" ,.!?:"))
        if condition:
            yield sentence[condition.start() :]  # cutting "if A then B" would do B regardless


def sentences(text: str) -> Iterator[str]:
    for line in text.splitlines():
        numbered = bool(LIST_ITEM.match(line))
        items = INLINE_ITEM.split(line) if numbered and len(INLINE_ITEM.findall(line)) > 1 else [line]
        for item in items:
            for sentence in SENTENCE_END.split(LIST_ITEM.sub("", item)):
                if sentence.strip(" \t,.!?:"):
                    yield sentence.strip()


def cut_at_and(text: str, begins_step: Callable[[str], bool]) -> Iterator[str]:
    """Cut at commas and at "and", but only where a known instruction begins."""
    start = 0
    separators = list(AND.finditer(text))
    for at, separator in enumerate(separators):
        ends = [later.start() for later in separators[at + 1 : at + HEADS]] + [len(text)]
        heads = (text[separator.end() : end] for end in ends)
        if text[start : separator.start()].strip() and any(begins_step(head) for head in heads):
            yield text[start : separator.start()]
            start = separator.end()
    yield text[start:]
