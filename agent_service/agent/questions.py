"""Reads what a task wants to know: "the price", "the names of the first 3 results"."""

import re
from collections.abc import Callable

from agent_service.agent.notation import compiled, define
from agent_service.agent.steps import Question, Subject
from agent_service.agent.words import PARTS, choice, number

Build = Callable[[re.Match[str]], Question]


def _just(subject: Subject) -> Build:
    return lambda match: Question(subject)


def _of_result(subject: Subject) -> Build:
    return lambda match: Question(subject, which=choice(match["which"]))


def _results(match: re.Match[str]) -> Question:
    return Question(Subject.RESULT, count=number(match["count"]))


def _all_results(match: re.Match[str]) -> Question:
    return Question(Subject.RESULT, count=10)


QUESTION_PARTS = define(
    PARTS,
    where="[ (on|of|from|in|at|for) (the|this|that) [(current|web|first|search|whole) ]"
    "(page|site|screen|website|list|results?|shop|store|tab|product|item)[ page]]",
    basket="[shopping ](cart|basket|bag|trolley)",
    facts="[(names?|titles?|prices?|ratings?)[(,| and) (names?|titles?|prices?|ratings?)] of [the ]]",
    amount="[ (price|cost|amount|sum)]",
    several=r"(?!(a|an|once)\b)(\d\d?|one|two|both|three|four|five|six|seven|eight|nine|ten)",
)
SENTENCES: list[tuple[str, Build]] = [
    (r"[[web ]page[{apostrophe}s] ]title{where}|name of the [web ](page|site)", _just(Subject.TITLE)),
    ("[(main|page|top|first) ](heading|headline|header){where}|h1", _just(Subject.HEADING)),
    (r"[(current|web|page[{apostrophe}s]) ](address|url|link){where}|where (you|we) are", _just(Subject.ADDRESS)),
    (
        "[({basket}[{apostrophe}s]|order|grand) ][sub]total{amount}[ (of|in|for) [(the|my) ]({basket}|order)]",
        _just(Subject.CART_TOTAL),
    ),
    ("[contents? of ][(the|my) ]{basket}[ contents?]|in [(the|my) ]{basket}", _just(Subject.CART)),
    ("((items?|products?) |what({apostrophe}s| is) )in [(the|my) ]{basket}", _just(Subject.CART)),
    ("{facts}(first|top) <count:several>[ {noun}][ with [their ]prices?]{where}", _results),
    ("{facts}[all ][[of ]the ][search ](results|products|items|listings){where}", _all_results),
    ("price of [the ]<which:choice>[ {noun}]{where}", _of_result(Subject.PRICE)),
    ("[how much ][the ]<which:choice> {noun} (costs?|is priced at)", _of_result(Subject.PRICE)),
    ("<which:choice> {noun}{apostrophe}s price", _of_result(Subject.PRICE)),
    ("rating of [the ]<which:choice>[ {noun}]{where}", _of_result(Subject.RATING)),
    ("(name|title) of [the ]<which:choice>[ {noun}]{where}", _of_result(Subject.NAME)),
    ("<which:choice> {noun}{where}", _of_result(Subject.RESULT)),
    ("{noun} [number ]<which:place>", _of_result(Subject.RESULT)),
    ("(number|count) of [the ]{noun}[ found]{where}", _just(Subject.COUNT)),
    ("[(current|its|product|item) ](price|cost){where}|price of (it|this)", _just(Subject.PRICE)),
    ("[(customer|its|product) ](rating|stars|score){where}", _just(Subject.RATING)),
    ("[(product|item|its) ](name|product){where}", _just(Subject.NAME)),
    ("links{where}", _just(Subject.LINKS)),
    ("[(whole|full|main|page) ](text|contents?|page){where}", _just(Subject.TEXT)),
    ("what (it|the page) says|what you see", _just(Subject.TEXT)),
]
PATTERNS = [(compiled(sentence, QUESTION_PARTS), build) for sentence, build in SENTENCES]
ARTICLE = re.compile(r"^(?:(?:the|its|their|a|an|all|me|us|my|what|is|are|also|back)\s+)+", re.IGNORECASE)
SEPARATOR = re.compile(r"\s*,\s*(?:and\s+)?|\s+/\s+|\s+and\s+|\s*&\s*", re.IGNORECASE)


def parse_question(text: str) -> Question | None:
    """Read one thing to return; None if it is not a known one."""
    cleaned = text.strip(" \t,.!?:")
    for candidate in (cleaned, ARTICLE.sub("", cleaned)):
        for pattern, build in PATTERNS:
            if match := pattern.fullmatch(candidate):
                return build(match)
    return None


def parse_questions(text: str) -> tuple[Question, ...]:
    """Read all the things to return; empty if any of them is unknown."""
    if whole := parse_question(text):
        return (whole,)
    questions = [parse_question(part) for part in SEPARATOR.split(text) if part.strip()]
    known = tuple(question for question in questions if question)
    return known if len(known) == len(questions) else ()


def parse_request(text: str, restore: Callable[[str], str]) -> tuple[Question, ...]:
    """Read all the things to return; a value that is not a known question is looked up on the page by its label."""
    if questions := parse_questions(text):
        return questions
    parts = [part for part in SEPARATOR.split(text) if part.strip()]
    if not any(parse_question(part) for part in parts):
        return (_labelled(restore(text)),)
    return tuple(parse_question(part) or _labelled(restore(part)) for part in parts)


def _labelled(text: str) -> Question:
    return Question(Subject.LABELLED, label=ARTICLE.sub("", text.strip(" \t,.!?:")))
