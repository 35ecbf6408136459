"""What an instruction can ask for: one type for each kind of step."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, StrEnum, auto

LAST = -1


class Best(Enum):
    """A choice among results by price or rating rather than by position."""

    CHEAPEST = auto()
    DEAREST = auto()
    RATED = auto()


# The position of a result: 1 is the first, -1 the last.
Choice = int | Best


@dataclass(frozen=True)
class GoTo:
    """`place` as written: an address, or words such as `Amazon` or `keyboards`."""

    place: str


@dataclass(frozen=True)
class GoHome:
    pass


@dataclass(frozen=True)
class GoToShop:
    pass


@dataclass(frozen=True)
class Search:
    """`at_most` is the highest price that a result may have."""

    query: str
    engine: str = ""
    at_most: Decimal | None = None


@dataclass(frozen=True)
class Click:
    """`role` is empty if the instruction names none; `ref` marks an element of the last snapshot (see `finding`)."""

    target: str
    role: str = ""
    ref: str = ""


@dataclass(frozen=True)
class OpenResult:
    which: Choice = 1


@dataclass(frozen=True)
class AddToCart:
    """`which` and `name` both unset mean "it": whatever the page is about."""

    which: Choice | None = None
    name: str = ""
    quantity: int = 1


@dataclass(frozen=True)
class RemoveFromCart:
    which: int | None = None
    name: str = ""


@dataclass(frozen=True)
class OpenCart:
    pass


@dataclass(frozen=True)
class TypeText:
    text: str = field(repr=False)  # may be a password
    into: str = ""
    ref: str = ""


@dataclass(frozen=True)
class Select:
    option: str
    of: str = ""
    ref: str = ""


@dataclass(frozen=True)
class Tick:
    target: str
    on: bool = True
    ref: str = ""


@dataclass(frozen=True)
class PressKey:
    """`key` as Playwright names it."""

    key: str
    times: int = 1


class Direction(StrEnum):
    DOWN = "down"
    UP = "up"
    TOP = "to the top"
    BOTTOM = "to the bottom"


@dataclass(frozen=True)
class Scroll:
    direction: Direction = Direction.DOWN
    times: int = 1


@dataclass(frozen=True)
class ScrollTo:
    text: str


@dataclass(frozen=True)
class Wait:
    seconds: float


@dataclass(frozen=True)
class WaitFor:
    text: str


@dataclass(frozen=True)
class GoBack:
    pass


@dataclass(frozen=True)
class GoForward:
    pass


@dataclass(frozen=True)
class Reload:
    pass


@dataclass(frozen=True)
class ReadPage:
    pass


class Subject(Enum):
    TITLE = auto()
    HEADING = auto()
    ADDRESS = auto()
    PRICE = auto()
    RATING = auto()
    NAME = auto()
    RESULT = auto()
    CART = auto()
    CART_TOTAL = auto()
    COUNT = auto()
    LINKS = auto()
    TEXT = auto()
    LABELLED = auto()


@dataclass(frozen=True)
class Question:
    """One thing to return. `which` and `count` select results; `label` names a value as the page does."""

    subject: Subject
    which: Choice | None = None
    count: int = 0
    label: str = ""


@dataclass(frozen=True)
class Return:
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Compare:
    """Compare the first `count` results, or the ones called by `names`."""

    count: int = 2
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class SignIn:
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class SignOut:
    pass


@dataclass(frozen=True)
class GoToCheckout:
    pass


@dataclass(frozen=True)
class Buy:
    """Go through checkout to the paid order."""


@dataclass(frozen=True)
class Unclear:
    """A part of the instruction that was not understood, as written."""

    text: str


Step = (
    GoTo | GoHome | GoToShop | Search | Click | OpenResult | AddToCart | RemoveFromCart | OpenCart
    | TypeText | Select | Tick | PressKey | Scroll | ScrollTo | Wait | WaitFor | GoBack | GoForward
    | Reload | ReadPage | Return | Compare | SignIn | SignOut | GoToCheckout | Buy | Unclear
)  # fmt: skip
