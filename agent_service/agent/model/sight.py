"""The page as a model sees it: a picture, and text with roles, names, values and marks for elements to act on."""

import asyncio
import re
from base64 import b64encode
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec
from playwright.async_api import Error, Page

from agent_service.agent.arriving import loaded
from agent_service.agent.failures import could_not_do
from agent_service.agent.model.withheld import MASK, Withheld
from agent_service.agent.seeing import READ_AT_MOST
from agent_service.agent.skills.pointing import SECRET_FIELD

LOOK_SECONDS = 10
PICTURE_MS = 3_000
TRIES = 3
MOST_CHARACTERS_OF_A_LINE = 300
ACTED_ON = (
    "button|link|textbox|searchbox|combobox|spinbutton|slider|checkbox|radio|switch|tab|menuitem|menuitemcheckbox"
    "|menuitemradio|option|treeitem|iframe"
)
# Marks of elements that cannot be acted on would take up most of the text, so they are dropped; elements that react to
# a pointer keep theirs.
_IDLE_MARK = re.compile(rf"^(?P<before>\s*- (?!'?(?:{ACTED_ON})\b).*?) \[ref=\w+\](?!.*\[cursor=pointer\])")
_FIELD = re.compile(
    r"^(?P<before>\s*- '?(?:textbox|searchbox|combobox|spinbutton)\b.*?\[ref=\w+\].*?'?: )(?P<value>.+)$"
)
# Finds the values of fields for secrets, however the page names them; `shows` marks those that a picture would show.
_VALUES_TO_HIDE = """
(pattern) => {
  const byName = new RegExp(pattern, "i");
  const byKind = /^(?:cc-(?:number|csc)|one-time-code|.*-password)$/;
  return [...document.querySelectorAll("input, textarea")].filter((el) => el.value).flatMap((el) => {
    const names = [el.getAttribute("aria-label"), el.labels?.[0]?.innerText, el.name, el.placeholder];
    const dots = el.type === "password";
    if (!dots && !byKind.test(el.autocomplete || "") && !byName.test(names.join(" "))) return [];
    return [{ value: el.value, shows: !dots && el.checkVisibility() }];
  });
}
"""


class _Secret(msgspec.Struct, frozen=True):
    value: str
    shows: bool


@dataclass(frozen=True)
class Sight:
    """One look at the page; `text` is one part of a long page, and `picture` is a JPEG as a data URL."""

    url: str
    title: str
    text: str
    part: int
    parts: int
    picture: str = ""


async def look(page: Page, withheld: Withheld, part: int, *, with_picture: bool) -> Sight:
    """Look at the page as it is now; raises `TaskFailed`."""
    for attempt in range(TRIES):
        try:
            await loaded(page)
            async with asyncio.timeout(LOOK_SECONDS):
                return await _look(page, withheld, part, with_picture=with_picture)
        except (Error, TimeoutError) as error:  # the page navigated meanwhile: look again
            if attempt == TRIES - 1:
                raise could_not_do("read the page", error) from error
    raise AssertionError


async def _look(page: Page, withheld: Withheld, part: int, *, with_picture: bool) -> Sight:
    snapshot = await page.aria_snapshot(mode="ai", timeout=LOOK_SECONDS * 1000)
    # Read after the snapshot, so that every secret in the snapshot is known here.
    secrets = await _secrets(page)
    text = withheld.hide(readable(snapshot, {secret.value for secret in secrets}))
    pieces = [text[at : at + READ_AT_MOST] for at in range(0, len(text), READ_AT_MOST)] or [""]
    part = min(max(part, 1), len(pieces))
    show = with_picture and not any(secret.shows for secret in secrets)
    return Sight(
        url=withheld.hide(page.url)[:MOST_CHARACTERS_OF_A_LINE],
        title=withheld.hide(await page.title())[:MOST_CHARACTERS_OF_A_LINE],
        text=pieces[part - 1],
        part=part,
        parts=len(pieces),
        picture=await _picture(page) if show else "",
    )


async def _secrets(page: Page) -> list[_Secret]:
    found: list[_Secret] = []
    for frame in page.frames:
        seen: Any = await frame.evaluate(_VALUES_TO_HIDE, SECRET_FIELD.pattern)
        found += msgspec.convert(seen, list[_Secret])
    return found


async def _picture(page: Page) -> str:
    with suppress(Error):  # a page without a picture can still be read
        # Playwright hides the caret by default, which would change the page that people watch.
        jpeg = await page.screenshot(type="jpeg", quality=60, caret="initial", timeout=PICTURE_MS)
        return f"data:image/jpeg;base64,{b64encode(jpeg).decode()}"
    return ""


def readable(snapshot: str, secrets: Collection[str]) -> str:
    """The snapshot with marks only where they are useful, and without the values of secret fields."""
    lines = (_IDLE_MARK.sub(r"\g<before>", line) for line in snapshot.splitlines())
    return "\n".join(
        _without(line.replace(" [cursor=pointer]", ""), secrets)[:MOST_CHARACTERS_OF_A_LINE] for line in lines
    )


def _without(line: str, secrets: Collection[str]) -> str:
    field = _FIELD.match(line)
    if field and (SECRET_FIELD.search(field["before"]) or any(secret in field["value"] for secret in secrets)):
        return field["before"] + MASK
    for secret in secrets:
        if len(secret) > 3:  # shorter secrets occur within many ordinary words
            line = line.replace(secret, MASK)
    return line
