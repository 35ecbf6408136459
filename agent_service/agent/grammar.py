"""The sentences the agent understands, in the notation of `notation.py`. The first one that matches wins."""

from agent_service.agent import keys
from agent_service.agent import readings as r
from agent_service.agent import steps as s
from agent_service.agent.literals import Literals
from agent_service.agent.notation import compiled, define
from agent_service.agent.words import PARTS, one_of

SENTENCE_PARTS = define(
    PARTS,
    go="(go|navigate|head|browse|surf|take me|bring me|get|move|jump|switch|return)[ (over|back|on)]",
    look="(open|visit|view|show|see|load|look at|check|display|launch)[ me]",
    pick="(open|click[ on]|view|show[ me]|see|select|choose|pick|visit|tap|follow|press|go to)",
    put="(add|put|place|throw)",
    into="(to|into|in)",
    buying="(buy|purchase|order)",
    signing="((sign|log)-?|(sign|log) [me ])in[to]",
    account="(my account|(the|this) (site|shop|store|website|page))",
    google="google",
    checkout="check-?out|check out",
    reference="{it}|{the}({choice})[ ({noun})]",
    un="un",
    way="up|down",
    amount=r"\d+\.\d+|({number})",
    engine="google|bing|duckduckgo|wikipedia|youtube",
    site="site|shop|store|page|web|catalog|catalogue|website",
    kind="button|link|tab|checkbox|menu item|icon|menu|option|field|box|element|item|category|page|section",
    key=one_of(list(keys.NAMES)),
    tell="return|tell me|give me|report[ back]|list|extract|print|note[ down]|find out|read out|read me|read"
    "|what('s|’s| is| are| was| were)|send me|copy|provide|(answer|respond|reply) with|output|write down",
    show="get|show[ me]|grab|fetch|collect|check|display|see|look up|look at",
    unit=r"s|secs?|seconds?|ms|milliseconds?|m|mins?|minutes?|moments?|bit|while",
    end="top|bottom|end|start|beginning",
    called="[(labelled|labeled|called|named|that says|with [the ]text|saying) ]",
)
PLACES: list[tuple[str, r.Reading]] = [
    ("({go}|{look}) [to ]{the}(home[ ]page|home|(front|start|main|landing) page)[ (of|on) .+]", r.always(s.GoHome())),
    ("home[ ]page|home", r.always(s.GoHome())),
    (
        "({go}|{look}|start[ (at|on|in|from)]) [to ]{the}[(demo|web|online|offline) ](shop|store|webshop)[ {site}]",
        r.always(s.GoToShop()),
    ),
    ("(go|navigate|move|step|get|return|head) back[ (one|a) page]", r.always(s.GoBack())),
    ("(go|return|navigate|head) [back ]to the (previous|last) page|back", r.always(s.GoBack())),
    (r"(go|return|navigate|head) back to [the ](search|results?|list)[ \w+]", r.always(s.GoBack())),
    ("(go|navigate|move) forward[ one page]", r.always(s.GoForward())),
    ("(reload|refresh)[ (the|this) (page|tab|browser)]", r.always(s.Reload())),
    ("({go} to|{look}|enter) {cart}[ page]|{cart}", r.always(s.OpenCart())),
    ("({go}|proceed|continue) to [the ]{checkout}[ page]", r.always(s.GoToCheckout())),
]
SEARCHES: list[tuple[str, r.Reading]] = [
    ("(search|look) [(on|in|with|using) ]<engine:engine> for <q>", r.search),
    ("<engine:google> [for ]<q>", r.search),
    ("(search|look) [(for|up) ]<q> (on|in|with|using|via) <engine:engine>", r.search),
    ("(search|look) [(for|up) ]<q> (on|at|in) <site:address>", r.search),
    ("(search|look) [(on|at|in) ]<site:address> for <q>", r.search),
    (r"(find|search for|look for|get) [me ][the ]<which:best> (?!{noun}\b)<q>", r.find_best),
    ("[(do|run|make|perform) a ]search [(the|this) {site} ]for <q>", r.search),
    ("(look for|looking for|look up|search|query[ for]) <q>", r.search),
    (r"find (?!out\b)[me ][(a|an|some|the) ](?!{choice} {noun})<q>[ (for me|in the (shop|store))]", r.search),
]
SHOPPING: list[tuple[str, r.Reading]] = [
    ("{put} {the}(first|top) <count:number>[ {noun}] {into} {cart}", r.add_several),
    (r"{put} (?!an? )<quantity:number> [(of|pieces of|×|x) ]<what> {into} {cart}", r.add),
    ("{put} <what> {into} {cart}", r.add),
    ("add <what:reference>", r.add),
    ("add to {cart}", r.always(s.AddToCart())),
    ("(remove|delete|take) <what> (from|out of|off) {cart}", r.remove),
    ("[(complete|finish|do) [the ]]{checkout}[ now]", r.always(s.Buy())),
    (
        "{buying}[ ({it}|them|these|everything|anything|{cart}|[the ](items?|things?) in {cart})][ now]",
        r.always(s.Buy()),
    ),
    ("pay[ for][ ({it}|them|everything|the (order|cart|bill))][ now][ (with|by) .+]", r.always(s.Buy())),
    (
        (
            "(place|submit|complete|confirm|finish|make|finalise|finalize) [(the|my|your|an|this) ]"
            "(order|purchase|payment|transaction)"
        ),
        r.always(s.Buy()),
    ),
    ("{buying} <what>", r.buy),
]
SIGNING: list[tuple[str, r.Reading]] = [
    ("{signing}[ (to|on|at|into)][ {account}] (as|with|using) <who>", r.sign_in),
    ("{signing} (to|on|at|into) .+? (as|with|using) <who>", r.sign_in),
    ("{signing}[ (to|on|at)][ {account}]", r.always(s.SignIn())),
    ("((sign|log)-?|(sign|log) [me ])(out|off)", r.always(s.SignOut())),
]
RESULTS: list[tuple[str, r.Reading]] = [
    ("{pick} {the}<which:choice> {noun}[{apostrophe}s page]{on_page}", r.open_result),
    (r"{pick} [the ]{noun} [(number|no\.?) ]<which:place>{on_page}", r.open_result),
    ("compare [the ][prices? of [the ]][(first|top) ][<count:number> ]{noun}[ .+]", r.compare_first),
    ("compare [the ]first[ {noun}] (and|with|to) [the ]second[ {noun}][<count:number>]", r.compare_first),
    ("compare <one> (and|with|to|vs|versus|against) <other>", r.compare_named),
]
TELLING: list[tuple[str, r.Reading]] = [
    ("(how many|count[ all][ the]) {noun}[ .+]|count them", r.ask(s.Subject.COUNT)),
    ("how much (is|does|are|do) {it}[ costs?]", r.ask(s.Subject.PRICE)),
    ("how much (is|are) (the (total|order)|everything|[in ]the cart)[ .+]", r.ask(s.Subject.CART_TOTAL)),
    (
        (
            "(read|describe|look at)[ (the|this)][ (whole|entire|web|current)][ ](page|text|article|screen)"
            "[ (aloud|out|to me)]|read"
        ),
        r.always(s.ReadPage()),
    ),
    ("what({apostrophe}s| is) on (the|this) (page|screen)|what do you see", r.always(s.ReadPage())),
    ("{tell} <what>", r.tell),
    ("{show} <what>", r.show),
]
FORMS: list[tuple[str, r.Reading]] = [
    (
        (
            "(type|enter|write|input|put|fill[ in]|paste) <text:quote>"
            "[ (in|into|in to|to|as|for) {the}<into>[ [text ](field|box|input|area)]]"
        ),
        r.type_text,
    ),
    ("(fill[ (in|out)]|complete|set|change) {the}<into>[ (field|box|input)] (with|as|to|:|=) <text>", r.type_text),
    (
        "(type|enter|write|input|put|paste) <text> (in|into|in to|to) {the}<into>[ [text ](field|box|input|area)]",
        r.type_text,
    ),
    ("type <text>", r.type_text),
    (
        (
            "(select|choose|pick|set) {the}<option> (from|in|under) {the}<of>"
            "[ (drop-?down|drop down|menu|list|field|box|selector)]"
        ),
        r.select,
    ),
    ("(sort|order) [([the ](results|products|items|list)|them|everything) ](by|from) <option>", r.sort),
    ("<off:un>?(tick|check) {the}<target> (check)?box", r.tick),
    ("<off:un>?tick {the}<target>", r.tick),
    ("(press|hit|push) [the ]<key:key>[ (key|button)][ <times:number>[ times]]", r.press_key),
]
MOVING: list[tuple[str, r.Reading]] = [
    ("scroll [[all the way ](up|down) ][to [the ]][very ]<end:end>[ of (the|this) page]", r.scroll_end),
    (
        (
            "scroll[ (the|this) page][ <way:way>][ (a (bit|little|page)|some|further|more)]"
            "[ <times:number>[ (times|pages?|screens?)]]"
        ),
        r.scroll,
    ),
    ("scroll[ (up|down)] (to|until|until you see) [the ]<text>", r.scroll_to),
    (r"(wait|pause|sleep)[ for] [(another|about) ]<amount:amount>[ ]<unit:unit>", r.wait),
    (
        "wait[ (for|until) [(the|this) ](page|site|results?) (to load|loads|is loaded|to be ready|is ready)]",
        r.always(s.Wait(1.0)),
    ),
    (
        (
            "wait (for|until) [(you see|there is) ][the ][(text|words?) ]<text>"
            "[ [to ](appears?|shows?[ up]|loads?|(is|be|become) (visible|shown))]"
        ),
        r.wait_for,
    ),
]
ANYTHING_ELSE: list[tuple[str, r.Reading]] = [
    (
        (
            "({go} (to|onto)|visit|load|launch|browse|start (at|on|from|with)) [(the|this) ]"
            "[(website|site|page|url|address|link|web page) ]<place>"
        ),
        r.go_to,
    ),
    ("<place:address>", r.go_to),
    (
        "(open|load)[ up] {the}[(website|site|page|url|address|link) ]<what>[ (button|link|tab|menu|category|section)]",
        r.open_it,
    ),
    (
        (
            "(click|tap|press|push|hit|select|choose|follow|activate)[ (on|onto|at)] {the}"
            "[<kind:kind> {called}(?=\ue000|\\w)]<target>[ <kind_after:kind>]{on_page}"
        ),
        r.click,
    ),
]
SENTENCES = PLACES + SEARCHES + SHOPPING + SIGNING + RESULTS + TELLING + FORMS + MOVING + ANYTHING_ELSE
PATTERNS = [(compiled(sentence, SENTENCE_PARTS), reading) for sentence, reading in SENTENCES]


def read_clause(clause: str, literals: Literals) -> r.Steps | None:
    """The steps of one clause, or None if no sentence of the grammar matches."""
    for pattern, reading in PATTERNS:
        if (match := pattern.fullmatch(clause)) and (steps := reading(match, literals)):
            return steps
    return None
