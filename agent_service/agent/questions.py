"""What a task wants to be told: "the price", "the names of the first 3 results"."""

import re
from collections.abc import Callable

from agent_service.agent.steps import Question, Subject
from agent_service.agent.words import CHOICE, NUMBER, choice, number

NOUN = r"(?:search\s+)?(?:results?|items?|products?|entr(?:y|ies)|hits?|articles?|listings?|ones?|links?|stories|story|posts?)"
WHERE = r"(?:\s+(?:on|of|from|in|at|for)\s+(?:the|this|that)\s+(?:(?:current|web|first|search|whole)\s+)?(?:page|site|screen|website|list|results?|shop|store|tab|product|item)(?:\s+page)?)?"
CART = r"(?:(?:shopping\s+)?(?:cart|basket|bag|trolley))"
FIELDS = r"(?:(?:names?|titles?|prices?|ratings?|names?\s+and\s+prices?|titles?\s+and\s+prices?|prices?\s+and\s+(?:names?|titles?))\s+of\s+(?:the\s+)?)"

Build = Callable[[re.Match[str]], Question]


def _results(match: re.Match[str]) -> Question:
    return Question(Subject.RESULT, count=number(match["count"]))


def _one_result(match: re.Match[str]) -> Question:
    return Question(Subject.RESULT, which=choice(match["which"]))


def _fact_of_result(subject: Subject) -> Build:
    return lambda match: Question(subject, which=choice(match["which"]))


def _just(subject: Subject) -> Build:
    return lambda match: Question(subject)


OF_RESULT = rf"\s+of\s+(?:the\s+)?(?P<which>{CHOICE})(?:\s+{NOUN})?"
RULES: list[tuple[str, Build]] = [
    (rf"(?:(?:web\s*)?page(?:['’]s)?\s+)?title{WHERE}|name\s+of\s+the\s+(?:web\s*)?(?:page|site)", _just(Subject.TITLE)),
    (rf"(?:(?:main|page|top|first)\s+)?head(?:ing|line|er){WHERE}|h1", _just(Subject.HEADING)),
    (
        rf"(?:(?:current|web|page(?:'s)?)\s+)*(?:address|url|link){WHERE}|where\s+(?:you|we)\s+are",
        _just(Subject.ADDRESS),
    ),
    (
        rf"(?:(?:{CART}(?:'s)?|order|grand)\s+)?(?:sub)?total(?:\s+(?:price|cost|amount|sum))?(?:\s+(?:of|in|for)\s+(?:(?:the|my)\s+)?(?:{CART}|order))?",
        _just(Subject.CART_TOTAL),
    ),
    (
        rf"(?:contents?\s+of\s+)?(?:(?:the|my)\s+)?(?:(?:items?|products?|what(?:'s|\s+is))\s+in\s+)?(?:(?:the|my)\s+)?{CART}(?:\s+contents?)?",
        _just(Subject.CART),
    ),
    (
        rf"{FIELDS}?(?:first|top)\s+(?P<count>(?!a\b|an\b|once\b){NUMBER})(?:\s+{NOUN})?(?:\s+with\s+(?:their\s+)?prices?)?{WHERE}",
        _results,
    ),
    (rf"{FIELDS}?(?:all\s+)?(?:(?:of\s+)?the\s+)?(?:search\s+)?(?:results|products|items|listings){WHERE}", lambda match: Question(Subject.RESULT, count=10)),
    (rf"price{OF_RESULT}{WHERE}|(?P<which2>{CHOICE})\s+{NOUN}'s\s+price", lambda match: Question(Subject.PRICE, which=choice(match["which"] or match["which2"]))),
    (rf"(?:how\s+much\s+)?(?:the\s+)?(?P<which>{CHOICE})\s+{NOUN}\s+(?:costs?|is\s+priced\s+at)", _fact_of_result(Subject.PRICE)),
    (rf"rating{OF_RESULT}{WHERE}", _fact_of_result(Subject.RATING)),
    (rf"(?:name|title){OF_RESULT}{WHERE}", _fact_of_result(Subject.NAME)),
    (rf"(?P<which>{CHOICE})\s+{NOUN}{WHERE}", _one_result),
    (rf"{NOUN}\s+(?:number\s+)?(?P<which>#?\d{{1,3}})", _one_result),
    (r"(?P<which>cheapest|most\s+expensive|best[\s-]rated|highest[\s-]rated)(?:\s+\w+){0,3}", _one_result),
    (rf"(?:number|count)\s+of\s+(?:the\s+)?{NOUN}(?:\s+found)?{WHERE}", _just(Subject.COUNT)),
    (rf"(?:current\s+|its\s+|product\s+|item\s+)?(?:price|cost){WHERE}|price\s+of\s+(?:it|this)", _just(Subject.PRICE)),
    (rf"(?:customer\s+|its\s+|product\s+)?(?:rating|stars|score){WHERE}", _just(Subject.RATING)),
    (rf"(?:product\s+|item\s+|its\s+)?(?:name|product){WHERE}", _just(Subject.NAME)),
    (rf"links{WHERE}", _just(Subject.LINKS)),
    (rf"(?:whole\s+|full\s+|main\s+|page\s+)?(?:text|contents?|page){WHERE}|what\s+(?:it|the\s+page)\s+says|what\s+you\s+see", _just(Subject.TEXT)),
]  # fmt: skip
COMPILED = [(re.compile(pattern, re.IGNORECASE), build) for pattern, build in RULES]
ARTICLE = re.compile(r"^(?:(?:the|its|their|a|an|all|me|us|my|what|is|are|'s|also|back)\s+)+", re.IGNORECASE)
SEPARATOR = re.compile(r"\s*,\s*(?:and\s+)?|\s+/\s+|\s+and\s+|\s*&\s*", re.IGNORECASE)


def parse_question(text: str) -> Question | None:
    """One thing to return, or nothing where it is not one of the known."""
    cleaned = text.strip(" \t,.!?:")
    for candidate in (cleaned, ARTICLE.sub("", cleaned)):
        for pattern, build in COMPILED:
            if match := pattern.fullmatch(candidate):
                return build(match)
    return None


def parse_questions(text: str) -> tuple[Question, ...]:
    """All the things to return; empty if one of them is unknown."""
    if whole := parse_question(text):
        return (whole,)
    questions = [parse_question(part) for part in SEPARATOR.split(text) if part.strip()]
    known = tuple(question for question in questions if question)
    return known if len(known) == len(questions) else ()


def labelled(text: str) -> Question:
    """A value to be found on the page by the name the instruction gives it."""
    return Question(Subject.LABELLED, label=ARTICLE.sub("", text.strip(" \t,.!?:")))
