"""A short way to write sentence patterns.

A space matches white space and `[ ]` optional white space; `[the ]` may be missing; `(a|b)` is one of several;
`{noun}` is a named part; `<q>` captures any text, and `<n:number>` captures what the part `number` matches.
Everything else is a regular expression.
"""

import re
from collections.abc import Mapping

MARKS = re.compile(r"\(\?|<(?P<name>\w+)(?::(?P<of>\w+))?>|\{(?P<part>\w+)\}|[ (\[\]]")
PLAIN = {"(?": "(?", "(": "(?:", "[": "(?:", "]": ")?", " ": r"\s+"}


def expand(sentence: str, parts: Mapping[str, str]) -> str:
    """The regular expression of a sentence pattern."""

    def expanded(mark: re.Match[str]) -> str:
        if mark["part"]:
            return f"(?:{parts[mark['part']]})"
        if mark["name"]:
            return f"(?P<{mark['name']}>{parts[mark['of']] if mark['of'] else '.+?'})"
        return PLAIN[mark[0]]

    return MARKS.sub(expanded, sentence)


def compiled(sentence: str, parts: Mapping[str, str]) -> re.Pattern[str]:
    return re.compile(expand(sentence, parts), re.IGNORECASE | re.DOTALL)


def define(known: Mapping[str, str], /, **sentences: str) -> dict[str, str]:
    """Extend the known parts by new named ones, each of which may use those before it."""
    parts = dict(known)
    for name, sentence in sentences.items():
        parts[name] = expand(sentence, parts)
    return parts
