"""The sentences the agent understands: patterns over one guarded clause, and the steps each becomes."""

import re
from collections.abc import Callable

from agent_service.agent.credentials import parse_credentials
from agent_service.agent.guarding import Guarded, is_address, looks_like_address
from agent_service.agent.keys import KEY, key_name
from agent_service.agent.questions import labelled, parse_questions
from agent_service.agent.steps import (
    AddToCart,
    Best,
    Buy,
    Click,
    Compare,
    Direction,
    GoBack,
    GoForward,
    GoHome,
    GoTo,
    GoToCheckout,
    GoToShop,
    OpenCart,
    OpenResult,
    PressKey,
    Question,
    ReadPage,
    Reload,
    RemoveFromCart,
    Return,
    Scroll,
    ScrollTo,
    Search,
    Select,
    SignIn,
    SignOut,
    Step,
    Subject,
    Tick,
    TypeText,
    Wait,
    WaitFor,
)
from agent_service.agent.words import CHOICE, NUMBER, SUPERLATIVES, alternatives, choice, number

Steps = tuple[Step, ...]
Build = Callable[[re.Match[str], Guarded], Steps | None]

NOUN = r"(?:search\s+)?(?:results?|items?|products?|links?|entr(?:y|ies)|hits?|articles?|listings?|options?|ones?|stories|story|posts?|offers?)"
CART = r"(?:(?:the|my|your|our)\s+)?(?:shopping\s+)?(?:cart|basket|bag|trolley)"
GO = r"(?:go|navigate|head|browse|surf|take\s+me|bring\s+me|get|move|jump|switch|return)(?:\s+(?:over|back|on))?"
LOOK = r"(?:open|visit|view|show|see|load|look\s+at|check|display|launch)(?:\s+me)?"
IT = r"(?:it|this|that|(?:this|that|the|the\s+current)\s+(?:item|product|one))"
THE = r"(?:(?:the|a|an|my|your|this|that)\s+)?"
ON_PAGE = r"(?:\s+(?:in|on|from|of)\s+(?:the\s+)?(?:list|page|results?|search\s+results?|screen|results\s+page|site))?"
KINDS = {"button": "button", "link": "link", "tab": "tab", "checkbox": "checkbox", "menu item": "menuitem"}
KIND = rf"(?:{alternatives(list(KINDS))}|icon|menu|option|field|box|element|item|category|page|section)"
TELL = r"(?:return|tell\s+me|give\s+me|report(?:\s+back)?|list|extract|print|note(?:\s+down)?|find\s+out|read(?:\s+out)?(?:\s+me)?|what(?:['’]s|\s+is|\s+are|\s+was|\s+were)|send\s+me|copy|provide|answer\s+with|respond\s+with|reply\s+with|output|write\s+down)"
SHOW = r"(?:get|show(?:\s+me)?|grab|fetch|collect|check|display|see|look\s+up|look\s+at)"
AS_WHO = r"(?:\s+(?:to|on|at|into)\s+(?!.*\bpassword\b)(?:my\s+account|the\s+(?:site|shop|store|website|page)|.+?))?"


def _fixed(*steps: Step) -> Build:
    return lambda match, guarded: steps


def _search(match: re.Match[str], guarded: Guarded) -> Steps:
    engine, site = match.groupdict().get("engine") or "", match.groupdict().get("site")
    query = guarded.restore(re.sub(r"^(?:the\s+)?(?:word|term|phrase|text)s?\s+(?=\ue000)", "", match["q"]))
    search = Search(query.strip(), engine.lower())
    return (GoTo(guarded.restore(site)), search) if site else (search,)


def _find_best(match: re.Match[str], guarded: Guarded) -> Steps:
    return Search(guarded.restore(match["q"])), OpenResult(choice(match["which"]))


def _open_result(match: re.Match[str], guarded: Guarded) -> Steps:
    return (OpenResult(choice(match["which"])),)


def _target(match: re.Match[str], guarded: Guarded) -> tuple[int | Best | None, str]:
    """Which result, or the name of one, that a cart sentence speaks of."""
    text = match["what"]
    if re.fullmatch(IT, text, re.IGNORECASE):
        return None, ""
    for pattern in (
        rf"{THE}(?P<which>{CHOICE})(?:\s+{NOUN})?(?:\s+.+)?",
        rf"{NOUN}\s+(?:number\s+)?(?P<which>\d{{1,3}})",
    ):
        if found := re.fullmatch(pattern + ON_PAGE, text, re.IGNORECASE):
            return choice(found["which"]), ""
    return None, guarded.restore(re.sub(rf"^{THE}", "", text, flags=re.IGNORECASE)).strip()


def _add_several(match: re.Match[str], guarded: Guarded) -> Steps:
    return tuple(AddToCart(position + 1) for position in range(min(number(match["count"]), 10)))


def _add(match: re.Match[str], guarded: Guarded) -> Steps:
    which, name = _target(match, guarded)
    quantity = match.groupdict().get("quantity")
    return (AddToCart(which, name, number(quantity) if quantity else 1),)


def _remove(match: re.Match[str], guarded: Guarded) -> Steps | None:
    which, name = _target(match, guarded)
    return None if isinstance(which, Best) else (RemoveFromCart(which, name),)


def _buy(match: re.Match[str], guarded: Guarded) -> Steps | None:
    which, name = _target(match, guarded)
    if (
        name
        and not match["what"].startswith("\ue000")
        and not re.match(r"(?:a|an|the|some)\s", match["what"], re.IGNORECASE)
    ):
        return None
    return (Search(name), AddToCart(1), Buy()) if name else (AddToCart(which), Buy())


def _type(match: re.Match[str], guarded: Guarded) -> Steps:
    into = match.groupdict().get("into") or ""
    return (TypeText(guarded.restore(match["text"]).strip(), guarded.restore(into).strip()),)


def _select(match: re.Match[str], guarded: Guarded) -> Steps:
    return (Select(guarded.restore(match["option"]), guarded.restore(match["of"])),)


def _sort(match: re.Match[str], guarded: Guarded) -> Steps:
    return (Select(guarded.restore(match["option"]), "sort"),)


def _tick(match: re.Match[str], guarded: Guarded) -> Steps:
    return (Tick(guarded.restore(match["target"]), not match["off"]),)


def _press(match: re.Match[str], guarded: Guarded) -> Steps:
    return (PressKey(key_name(match["key"]), _times(match)),)


def _times(match: re.Match[str]) -> int:
    return max(1, min(number(match["times"]), 50)) if match["times"] else 1


def _scroll(match: re.Match[str], guarded: Guarded) -> Steps:
    up = (match["way"] or "").lower().startswith("up")
    return (Scroll(Direction.UP if up else Direction.DOWN, _times(match)),)


def _scroll_end(match: re.Match[str], guarded: Guarded) -> Steps:
    top = match["end"].lower() in {"top", "start", "beginning"}
    return (Scroll(Direction.TOP if top else Direction.BOTTOM),)


def _wait(match: re.Match[str], guarded: Guarded) -> Steps:
    amount = float(match["amount"]) if re.fullmatch(r"[\d.]+", match["amount"]) else float(number(match["amount"]))
    unit = (match["unit"] or "s").lower()
    factor = 0.001 if unit.startswith("m") and not unit.startswith("min") else 60 if unit.startswith("min") else 1
    return (Wait(min(amount * factor, 300.0)),)


def _compare_first(match: re.Match[str], guarded: Guarded) -> Steps:
    return (Compare(max(2, min(number(match["count"]), 10)) if match["count"] else 2),)


def _compare_named(match: re.Match[str], guarded: Guarded) -> Steps:
    return (Compare(names=(guarded.restore(match["one"]), guarded.restore(match["other"]))),)


def _sign_in(match: re.Match[str], guarded: Guarded) -> Steps | None:
    credentials = parse_credentials(guarded.restore(match["who"]))
    return (SignIn(credentials.username, credentials.password),) if credentials else None


def _return(match: re.Match[str], guarded: Guarded) -> Steps:
    what = match["what"]
    if questions := parse_questions(what):
        return (Return(questions),)
    return (Return((labelled(guarded.restore(what)),)),)


def _show(match: re.Match[str], guarded: Guarded) -> Steps | None:
    questions = parse_questions(match["what"])
    return (Return(questions),) if questions else None


def _count(match: re.Match[str], guarded: Guarded) -> Steps:
    return (Return((Question(Subject.COUNT),)),)


def _go_to(match: re.Match[str], guarded: Guarded) -> Steps:
    return (GoTo(guarded.restore(match["place"]).strip()),)


def _open(match: re.Match[str], guarded: Guarded) -> Steps:
    text, plain = match["what"], guarded.restore(match["what"]).strip()
    if is_address(text) or looks_like_address(plain) or re.search(r"\b(?:web)?(?:site|page)$", text, re.IGNORECASE):
        return (GoTo(plain),)
    return (Click(plain),)


def _click(match: re.Match[str], guarded: Guarded) -> Steps:
    kind = (match["kind"] or match["kind2"] or "").lower()
    return (Click(guarded.restore(match["target"]).strip(), KINDS.get(" ".join(kind.split()), "")),)


RULES: list[tuple[str, Build]] = [
    # Places
    (rf"(?:{GO}\s+|{LOOK}\s+)(?:to\s+)?{THE}(?:home\s*page|home|front\s+page|start\s+page|main\s+page|landing\s+page)(?:\s+(?:of|on)\s+.+)?", _fixed(GoHome())),
    (r"home(?:\s*page)?", _fixed(GoHome())),
    (rf"(?:{GO}|{LOOK}|start(?:\s+(?:at|on|in|from))?)\s+(?:to\s+)?(?:(?:the|our|your|demo|web|online|offline)\s+)*(?:shop|store|webshop)(?:\s+(?:site|page|website))?", _fixed(GoToShop())),
    (r"(?:go|navigate|move|step|get|return|head)\s+back(?:\s+(?:one|a)\s+page)?(?:\s+to\s+(?:the\s+)?(?:previous|last|search|results?|list)(?:\s+\w+)?)?|(?:go|return)\s+to\s+the\s+previous\s+page|back", _fixed(GoBack())),
    (r"(?:go|navigate|move)\s+forward(?:\s+one\s+page)?", _fixed(GoForward())),
    (r"(?:reload|refresh)(?:\s+(?:the|this)\s+(?:page|tab|browser))?", _fixed(Reload())),
    (rf"(?:{GO}\s+to|{LOOK}|enter)\s+{CART}(?:\s+page)?|{CART}", _fixed(OpenCart())),
    (rf"(?:{GO}|proceed|continue)\s+to\s+(?:the\s+)?check-?\s?out(?:\s+page)?", _fixed(GoToCheckout())),
    # Search
    (r"(?:search|look)\s+(?:on\s+|in\s+|with\s+|using\s+)?(?P<engine>google|bing|duckduckgo|wikipedia|youtube)\s+for\s+(?P<q>.+)", _search),
    (r"(?P<engine>google)\s+(?:for\s+)?(?P<q>.+)", _search),
    (r"(?:search|look)\s+(?:for\s+|up\s+)?(?P<q>.+?)\s+(?:on|in|with|using|via)\s+(?P<engine>google|bing|duckduckgo|wikipedia|youtube)", _search),
    (r"(?:search|look)\s+(?:for\s+|up\s+)?(?P<q>.+?)\s+(?:on|at|in)\s+(?P<site>\ue000a\d+\ue001)", _search),
    (r"(?:search|look)\s+(?:on\s+|at\s+|in\s+)?(?P<site>\ue000a\d+\ue001)\s+for\s+(?P<q>.+)", _search),
    (rf"(?:find|search\s+for|look\s+for|get)\s+(?:me\s+)?(?:the\s+)?(?P<which>{alternatives(dict(SUPERLATIVES))})\s+(?!{NOUN}\b)(?P<q>.+)", _find_best),
    (r"(?:(?:do|run|make|perform)\s+a\s+)?search\s+(?:(?:the|this)\s+(?:site|shop|store|page|web|catalog(?:ue)?|website)\s+)?for\s+(?P<q>.+)", _search),
    (r"(?:look(?:ing)?\s+(?:for|up)|search|query(?:\s+for)?)\s+(?P<q>.+)", _search),
    (rf"find\s+(?!out\b)(?:me\s+)?(?:(?:a|an|some|the)\s+)?(?!{CHOICE}\s+{NOUN})(?P<q>.+?)(?:\s+(?:for\s+me|in\s+the\s+(?:shop|store)))?", _search),
    # Cart and buying
    (rf"(?:add|put|place)\s+{THE}(?:first|top)\s+(?P<count>{NUMBER})(?:\s+{NOUN})?\s+(?:to|into|in)\s+{CART}", _add_several),
    (rf"(?:add|put|place)\s+(?P<quantity>(?!an?\b){NUMBER})\s+(?:of\s+|pieces\s+of\s+|×\s*|x\s+)?(?P<what>.+?)\s+(?:to|into|in)\s+{CART}", _add),
    (rf"(?:add|put|place|throw)\s+(?P<what>.+?)\s+(?:to|into|in)\s+{CART}", _add),
    (rf"add\s+(?P<what>{IT}|{THE}{CHOICE}(?:\s+{NOUN})?)", _add),
    (rf"add\s+to\s+{CART}", _fixed(AddToCart())),
    (rf"(?:remove|delete|take)\s+(?P<what>.+?)\s+(?:from|out\s+of|off)\s+{CART}", _remove),
    (r"check\s*-?\s*out(?:\s+now)?|(?:complete|finish|do)\s+(?:the\s+)?check\s*-?\s*out", _fixed(Buy())),
    (rf"(?:buy|purchase|order)(?:\s+(?:{IT}|them|now|(?:every|any)thing|(?:the\s+)?(?:items?|things?)\s+in\s+{CART}|{CART}|these))?(?:\s+now)?", _fixed(Buy())),
    (r"pay(?:\s+(?:for\s+)?(?:it|this|that|them|now|the\s+order|everything|the\s+cart|the\s+bill))*(?:\s+(?:with|by)\s+.+)?", _fixed(Buy())),
    (r"(?:place|submit|complete|confirm|finish|make|finali[sz]e)\s+(?:(?:the|my|your|an|this)\s+)?(?:order|purchase|payment|transaction)", _fixed(Buy())),
    (r"(?:buy|purchase|order)\s+(?P<what>.+)", _buy),
    # Signing in
    (rf"(?:sign|log)\s*-?\s*(?:me\s+)?in(?:to)?{AS_WHO}\s+(?:as|with|using)\s+(?P<who>.+)", _sign_in),
    (r"(?:sign|log)\s*-?\s*(?:me\s+)?in(?:to)?(?:\s+(?:to|on|at)?\s*(?:my\s+account|the\s+(?:site|shop|store|website)))?|login", _fixed(SignIn())),
    (r"(?:sign|log)\s*-?\s*(?:me\s+)?(?:out|off)|logout", _fixed(SignOut())),
    # Results
    (rf"(?:open|click(?:\s+on)?|view|select|choose|pick|visit|tap|go\s+to|follow|press|see|show(?:\s+me)?)\s+{THE}(?P<which>{CHOICE})(?:\s+{NOUN})(?:'s\s+page)?{ON_PAGE}", _open_result),
    (rf"(?:open|click(?:\s+on)?|view|select|choose|pick|visit|go\s+to)\s+(?:the\s+)?{NOUN}\s+(?:number\s+|no\.?\s+)?(?P<which>#?\d{{1,3}}){ON_PAGE}", _open_result),
    (rf"compare\s+(?:the\s+)?(?:prices?\s+of\s+(?:the\s+)?)?(?:(?:first|top)\s+)?(?:(?P<count>{NUMBER})\s+)?{NOUN}(?:\s+.+)?", _compare_first),
    (rf"compare\s+(?:the\s+)?(?P<count>(?!.))?first\s+(?:{NOUN}\s+)?(?:and|with|to)\s+(?:the\s+)?second(?:\s+{NOUN})?", _compare_first),
    (r"compare\s+(?P<one>.+?)\s+(?:and|with|to|vs\.?|versus|against)\s+(?P<other>.+)", _compare_named),
    # Telling
    (rf"(?:how\s+many)\s+{NOUN}.*|count\s+(?:all\s+)?(?:the\s+)?{NOUN}.*|count\s+them", _count),
    (r"how\s+much\s+(?:is|does|are|do)\s+(?:it|this|that|the\s+(?:product|item))(?:\s+costs?)?", _fixed(Return((Question(Subject.PRICE),)))),
    (r"how\s+much\s+(?:is|are)\s+(?:the\s+(?:total|order)|everything|in\s+the\s+cart|the\s+cart)(?:\s+.+)?", _fixed(Return((Question(Subject.CART_TOTAL),)))),
    (r"(?:read|describe|look\s+at)(?:\s+(?:the|this|whole|entire|web|current|me))*\s*(?:page|text|article|screen)(?:\s+(?:aloud|out|to\s+me))?|read|what(?:['’]s|\s+is)\s+on\s+(?:the|this)\s+(?:page|screen)|what\s+do\s+you\s+see", _fixed(ReadPage())),
    (rf"{TELL}\s+(?P<what>.+)", _return),
    (rf"{SHOW}\s+(?P<what>.+)", _show),
    # Typing and choosing
    (rf"(?:type|enter|write|input|put|fill(?:\s+in)?|paste)\s+(?P<text>\ue000q\d+\ue001)(?:\s+(?:in|into|in\s+to|to|as|for)\s+{THE}(?P<into>.+?)(?:\s+(?:text\s*)?(?:field|box|input|area))?)?", _type),
    (rf"(?:fill\s+(?:in\s+|out\s+)?|complete\s+|set\s+|change\s+){THE}(?P<into>.+?)(?:\s+(?:field|box|input))?\s+(?:with|as|to|:|=)\s+(?P<text>.+)", _type),
    (rf"(?:type|enter|write|input|put|paste)\s+(?P<text>.+?)\s+(?:in|into|in\s+to|to)\s+{THE}(?P<into>.+?)(?:\s+(?:text\s*)?(?:field|box|input|area))?", _type),
    (r"type\s+(?P<text>.+)", _type),
    (rf"(?:select|choose|pick|set)\s+{THE}(?P<option>.+?)\s+(?:from|in|under)\s+{THE}(?P<of>.+?)(?:\s+(?:drop-?\s?down|menu|list|field|box|selector))?", _select),
    (r"(?:sort|order)\s+(?:(?:the\s+)?(?:results|products|items|list|them|everything)\s+)?(?:by|from)\s+(?P<option>.+)", _sort),
    (rf"(?P<off>un)?(?:tick|check)\s+{THE}(?P<target>.+?)\s+(?:check)?box", _tick),
    (rf"(?P<off>un)?tick\s+{THE}(?P<target>.+)", _tick),
    (rf"(?:press|hit|push)\s+(?:the\s+)?(?P<key>{KEY})(?:\s+key|\s+button)?(?:\s+(?P<times>{NUMBER})(?:\s+times)?)?", _press),
    # Moving and waiting
    (r"scroll\s+(?:(?:all\s+the\s+way\s+)?(?:up|down)\s+)?(?:to\s+(?:the\s+)?)?(?:very\s+)?(?P<end>top|bottom|end|start|beginning)(?:\s+of\s+(?:the|this)\s+page)?", _scroll_end),
    (rf"scroll(?:\s+(?:the|this)\s+page)?(?:\s+(?P<way>up|down))?(?:\s+(?:a\s+(?:bit|little|page)|some|further|more))?(?:\s+(?P<times>{NUMBER})(?:\s+(?:times|pages?|screens?))?)?|page\s+down", _scroll),
    (r"scroll(?:\s+(?:up|down))?\s+(?:to|until(?:\s+you\s+see)?)\s+(?:the\s+)?(?P<text>.+)", lambda match, guarded: (ScrollTo(guarded.restore(match["text"])),)),
    (rf"(?:wait|pause|sleep)(?:\s+for)?\s+(?:another\s+|about\s+)?(?P<amount>\d+(?:\.\d+)?|{NUMBER})\s*(?P<unit>s|secs?|seconds?|ms|milliseconds?|m|mins?|minutes?|moments?|bit|while)", _wait),
    (r"wait(?:\s+(?:for|until)\s+(?:the\s+|this\s+)?(?:page|site|results?)\s+(?:to\s+load|loads|is\s+loaded|to\s+be\s+ready|is\s+ready))?", _fixed(Wait(1.0))),
    (r"wait\s+(?:for|until)\s+(?:(?:you\s+see|there\s+is)\s+)?(?:the\s+)?(?:text\s+|words?\s+)?(?P<text>.+?)(?:\s+(?:to\s+)?(?:appears?|shows?(?:\s+up)?|loads?|(?:is|be|become)\s+(?:visible|shown)))?", lambda match, guarded: (WaitFor(guarded.restore(match["text"])),)),
    # Anything else one can go to or press
    (rf"(?:{GO}\s+(?:to|onto)|visit|load|launch|browse|start\s+(?:at|on|from|with))\s+(?:(?:the|this)\s+)?(?:(?:website|site|page|url|address|link|web\s+page)\s+)?(?P<place>.+)", _go_to),
    (r"(?P<place>\ue000a\d+\ue001)", _go_to),
    (rf"(?:open|load)(?:\s+up)?\s+{THE}(?:(?:website|site|page|url|address|link)\s+)?(?P<what>.+?)(?:\s+(?:button|link|tab|menu|category|section))?", _open),
    (rf"(?:click|tap|press|push|hit|select|choose|follow|activate)(?:\s+(?:on|onto|at))?\s+{THE}(?:(?P<kind>{KIND})\s+(?:(?:labell?ed|called|named|that\s+says|with\s+(?:the\s+)?text|saying)\s+)?(?=[\ue000\w]))?(?P<target>.+?)(?:\s+(?P<kind2>{KIND}))?{ON_PAGE}", _click),
]  # fmt: skip
COMPILED = [(re.compile(pattern, re.IGNORECASE | re.DOTALL), build) for pattern, build in RULES]


def read_clause(clause: str, guarded: Guarded) -> Steps | None:
    """The steps of one clause, or nothing where no sentence of the grammar fits."""
    for pattern, build in COMPILED:
        if (match := pattern.fullmatch(clause)) and (steps := build(match, guarded)):
            return steps
    return None
