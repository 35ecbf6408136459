"""Turns plain English into steps. Pure: the same text always gives the same steps."""

import re

from agent_service.agent.clauses import CONDITION, split
from agent_service.agent.credentials import PASSWORD
from agent_service.agent.grammar import read_clause
from agent_service.agent.literals import Literals
from agent_service.agent.steps import Step, Unclear

# Words that say how or when to do something, not what to do.
LEAD_IN = re.compile(
    r"^(?:(?:please|now|next|finally|lastly|also|so|ok(?:ay)?|great|and|but|then|afterwards|after\s+that|again|just|simply"
    r"|kindly|immediately|quickly|hi|hello|hey|from\s+there|there|once\s+(?:there|done|loaded)|when\s+(?:done|ready|there)"
    r"|i\s+(?:want|need|would\s+like|'d\s+like)\s+(?:you\s+)?to|i['’]d\s+like\s+(?:you\s+)?to"
    r"|(?:can|could|would|will)\s+you(?:\s+please)?|let['’]?s|let\s+us|go\s+ahead(?:\s+and)?|try\s+to|make\s+sure\s+(?:to|you|that\s+you)"
    r"|you\s+(?:should|must|need\s+to|can)|your\s+task\s+is\s+to|help\s+me(?:\s+to)?|start\s+by|begin\s+by"
    r"|firstly|secondly|thirdly|(?:first|second|third|to\s+start|to\s+begin)(?=\s*(?:,|$)|\s+(?:go|open|search|visit|navigate|click|type|sign|log|find|look|scroll|wait)\b))\b[\s,:.]*)+",
    re.IGNORECASE,
)
TAIL = re.compile(
    r"(?:[\s,]+(?:please|for\s+me|instead|thanks|thank\s+you|as\s+well|too|if\s+you\s+(?:can|could|would)|right\s+away))+$",
    re.IGNORECASE,
)
# A last paragraph of background: it states what is known already and asks for nothing.
BACKGROUND = re.compile(r"(?<=\S)\s*\n[ \t]*\n\s*background[ \t]*:.*\Z", re.IGNORECASE | re.DOTALL)
NEGATION = re.compile(r"^(?:do\s+not|don['’]t|never|without)\s+(?P<what>.+)$", re.IGNORECASE | re.DOTALL)
GERUND = re.compile(
    r"^(search|go|open|click|add|look|navigat|typ|visit|press|scroll|buy|pay|read|sign|log)+ing\b", re.IGNORECASE
)


def parse(text: str) -> list[Step]:
    """The steps of a task in order; a clause that is not understood stays in its place as `Unclear`."""
    literals = Literals()
    tokenised = literals.tokenise(BACKGROUND.sub("", text))
    steps: list[Step] = []
    for clause in split(tokenised, lambda head: _known(head, literals)):
        steps += _read(clause, literals)
    return steps


def _known(clause: str, literals: Literals) -> bool:
    plain = _bare(clause)
    return bool(plain) and (read_clause(plain, literals) is not None or _is_refusal(plain, literals))


def _read(clause: str, literals: Literals) -> list[Step]:
    plain = _bare(clause)
    if not plain or _is_refusal(plain, literals):
        return []
    steps = None if CONDITION.match(clause) else read_clause(plain, literals)
    return list(steps) if steps else [Unclear(literals.restore(clause).strip(" ,"))]


def _is_refusal(plain: str, literals: Literals) -> bool:
    """Whether a clause only says what not to do: not taking a known step needs no step."""
    match = NEGATION.match(plain)
    return match is not None and read_clause(_verb(match["what"]), literals) is not None


def _bare(clause: str) -> str:
    """The clause without lead-in, courtesies and closing punctuation; a password keeps its final "!"."""
    ends = " \t\r\n,.:" if PASSWORD.search(clause) else " \t\r\n,.!?:"
    plain = TAIL.sub("", LEAD_IN.sub("", clause.strip(ends)))
    return _verb(plain.strip(ends))


def _verb(plain: str) -> str:
    """Turn a leading gerund into an infinitive: "opening the page" becomes "open the page"."""

    def infinitive(match: re.Match[str]) -> str:
        stem = match[1].lower()
        return {"navigat": "navigate", "typ": "type"}.get(stem, stem)

    return GERUND.sub(infinitive, plain)
