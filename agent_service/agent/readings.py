"""Turns the words that a sentence captured into steps."""

import re
from collections.abc import Callable
from decimal import Decimal

from agent_service.agent import steps as s
from agent_service.agent.credentials import parse_credentials
from agent_service.agent.keys import key_name
from agent_service.agent.literals import Literals, is_address, is_quote, looks_like_address
from agent_service.agent.notation import compiled
from agent_service.agent.questions import parse_questions, parse_request
from agent_service.agent.words import PARTS, choice, number

Steps = tuple[s.Step, ...]
Reading = Callable[[re.Match[str], Literals], Steps | None]

LONGEST_WAIT = 300.0
MOST_TIMES = 50
MOST_RESULTS = 10
ROLES = {"button": "button", "link": "link", "tab": "tab", "checkbox": "checkbox", "menu item": "menuitem"}
IT = compiled("{it}", PARTS)
A_RESULT = compiled("{the}<which:choice>[ {noun}]{on_page}|{the}<rank:choice> {noun} .+", PARTS)
NTH_RESULT = compiled("{noun} [number ]<which:place>{on_page}", PARTS)
THE = compiled("^{the}", PARTS)
TERM = compiled("^[the ](word|term|phrase|text)s? (?=\ue000)", PARTS)
UP_TO = compiled(
    "<q>[ (that costs?|that (is|are)|priced|for|costing)]"
    " (under|below|less than|cheaper than|up to|at most|no more than)"
    r" [\$|€|£|usd|eur][ ]<limit:price>[[ ](\$|€|£|dollars?|euros?|usd|eur)]",
    PARTS,
)
UNNAMED = compiled("(a|an|the|some) .*", PARTS)


def always(*steps: s.Step) -> Reading:
    return lambda match, literals: steps


def search(match: re.Match[str], literals: Literals) -> Steps:
    words = match.groupdict()
    query = TERM.sub("", match["q"])
    if words.get("engine"):
        return (s.Search(literals.restore(query).strip(), match["engine"].lower()),)
    step = priced_search(query, literals)
    return (s.GoTo(literals.restore(match["site"])), step) if words.get("site") else (step,)


def priced_search(query: str, literals: Literals) -> s.Search:
    """A search in which "under $50" limits the results and is not part of the query."""
    limit = UP_TO.fullmatch(query)
    words, at_most = (limit["q"], Decimal(limit["limit"])) if limit else (query, None)
    return s.Search(literals.restore(words).strip(), at_most=at_most)


def find_best(match: re.Match[str], literals: Literals) -> Steps:
    return priced_search(match["q"], literals), s.OpenResult(choice(match["which"]))


def open_result(match: re.Match[str], literals: Literals) -> Steps:
    return (s.OpenResult(choice(match["which"])),)


def spoken_of(text: str, literals: Literals) -> tuple[s.Choice | None, str]:
    """The result that a sentence refers to, by position or by name; neither means "it"."""
    if IT.fullmatch(text):
        return None, ""
    for pattern in (A_RESULT, NTH_RESULT):
        if match := pattern.fullmatch(text):
            which = match.groupdict().get("rank") or match["which"]
            return choice(which), ""
    return None, literals.restore(THE.sub("", text)).strip()


def add_several(match: re.Match[str], literals: Literals) -> Steps:
    return tuple(s.AddToCart(place + 1) for place in range(min(number(match["count"]), MOST_RESULTS)))


def add(match: re.Match[str], literals: Literals) -> Steps:
    which, name = spoken_of(match["what"], literals)
    quantity = match.groupdict().get("quantity")
    return (s.AddToCart(which, name, number(quantity) if quantity else 1),)


def remove(match: re.Match[str], literals: Literals) -> Steps | None:
    which, name = spoken_of(match["what"], literals)
    return None if isinstance(which, s.Best) else (s.RemoveFromCart(which, name),)


def buy(match: re.Match[str], literals: Literals) -> Steps | None:
    which, name = spoken_of(match["what"], literals)
    if not name:
        return s.AddToCart(which), s.Buy()
    if is_quote(match["what"]) or UNNAMED.fullmatch(match["what"]):
        return priced_search(THE.sub("", match["what"]), literals), s.AddToCart(1), s.Buy()
    return None


def type_text(match: re.Match[str], literals: Literals) -> Steps:
    into = match.groupdict().get("into") or ""
    return (s.TypeText(literals.restore(match["text"]).strip(), literals.restore(into).strip()),)


def select(match: re.Match[str], literals: Literals) -> Steps:
    return (s.Select(literals.restore(match["option"]), literals.restore(match["of"])),)


def sort(match: re.Match[str], literals: Literals) -> Steps:
    return (s.Select(literals.restore(match["option"]), "sort"),)


def tick(match: re.Match[str], literals: Literals) -> Steps:
    return (s.Tick(literals.restore(match["target"]), not match["off"]),)


def press_key(match: re.Match[str], literals: Literals) -> Steps:
    return (s.PressKey(key_name(match["key"]), _times(match)),)


def _times(match: re.Match[str]) -> int:
    return max(1, min(number(match["times"]), MOST_TIMES)) if match["times"] else 1


def scroll(match: re.Match[str], literals: Literals) -> Steps:
    up = (match["way"] or "").lower() == "up"
    return (s.Scroll(s.Direction.UP if up else s.Direction.DOWN, _times(match)),)


def scroll_end(match: re.Match[str], literals: Literals) -> Steps:
    top = match["end"].lower() in {"top", "start", "beginning"}
    return (s.Scroll(s.Direction.TOP if top else s.Direction.BOTTOM),)


def scroll_to(match: re.Match[str], literals: Literals) -> Steps:
    return (s.ScrollTo(literals.restore(match["text"])),)


def wait(match: re.Match[str], literals: Literals) -> Steps:
    amount = match["amount"]
    seconds = float(amount) if re.fullmatch(r"\d+(\.\d+)?", amount) else float(number(amount))
    unit = match["unit"].lower()
    factor = (
        60 if re.fullmatch(r"m|mins?|minutes?", unit) else 0.001 if unit.startswith("m") and unit != "moment" else 1
    )
    return (s.Wait(min(seconds * factor, LONGEST_WAIT)),)


def wait_for(match: re.Match[str], literals: Literals) -> Steps:
    return (s.WaitFor(literals.restore(match["text"])),)


def compare_first(match: re.Match[str], literals: Literals) -> Steps:
    count = number(match["count"]) if match["count"] else 2
    return (s.Compare(max(2, min(count, MOST_RESULTS))),)


def compare_named(match: re.Match[str], literals: Literals) -> Steps:
    return (s.Compare(names=(literals.restore(match["one"]), literals.restore(match["other"]))),)


def sign_in(match: re.Match[str], literals: Literals) -> Steps | None:
    credentials = parse_credentials(literals.restore(match["who"]))
    return (s.SignIn(credentials.username, credentials.password),) if credentials else None


def tell(match: re.Match[str], literals: Literals) -> Steps:
    return (s.Return(parse_request(match["what"], literals.restore)),)


def show(match: re.Match[str], literals: Literals) -> Steps | None:
    questions = parse_questions(match["what"])
    return (s.Return(questions),) if questions else None


def ask(subject: s.Subject) -> Reading:
    return always(s.Return((s.Question(subject),)))


def go_to(match: re.Match[str], literals: Literals) -> Steps:
    return (s.GoTo(literals.restore(match["place"]).strip()),)


def open_it(match: re.Match[str], literals: Literals) -> Steps:
    text, plain = match["what"], literals.restore(match["what"]).strip()
    is_place = (
        is_address(text) or looks_like_address(plain) or re.search(r"\b(?:site|website|page)$", text, re.IGNORECASE)
    )
    return (s.GoTo(plain),) if is_place else (s.Click(plain),)


def click(match: re.Match[str], literals: Literals) -> Steps:
    kind = " ".join((match["kind"] or match["kind_after"] or "").lower().split())
    return (s.Click(literals.restore(match["target"]).strip(), ROLES.get(kind, "")),)
