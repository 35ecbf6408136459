"""Placeholders: names in braces, which a workflow's texts hold until it is started."""

import re
from collections.abc import Mapping

_BRACES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")


class NotATemplate(ValueError):
    """The braces of a text do not make placeholders; the text says why, to people."""


def placeholders_in(text: str) -> tuple[str, ...]:
    """The names in braces, in order, each once; raises NotATemplate. Doubled braces stand for themselves."""
    names: dict[str, None] = {}
    for match in _BRACES.finditer(text):
        if match[0] in {"{{", "}}"}:
            continue
        name = match[1]
        if name is None:
            raise NotATemplate(f"A “{match[0]}” stands alone: write {match[0] * 2} for the sign itself.")
        if not _NAME.fullmatch(name):
            raise NotATemplate(
                f"“{{{name}}}” is no placeholder: a name has letters, digits and _, and begins with a letter. "
                "Write {{ and }} for the signs themselves."
            )
        names[name] = None
    return tuple(names)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put the values in; what is in a value is never read as a placeholder."""
    return _BRACES.sub(lambda match: match[0][0] if match[1] is None else values[match[1]], text)


def as_literal(text: str) -> str:
    """A template that gives the text back as it is."""
    return text.replace("{", "{{").replace("}", "}}")
