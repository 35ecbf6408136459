"""Signs in and out. Passwords pass through here, but are never said, shown or returned."""

import re

from playwright.async_api import Locator, Page

from agent_service.agent import actions
from agent_service.agent.consent import Answer, read_answer
from agent_service.agent.credentials import Credentials, parse_credentials
from agent_service.agent.finding import find_pressable, first_shown, not_found
from agent_service.agent.interface import TaskFailed
from agent_service.agent.seeing import PageView
from agent_service.agent.skills.pointing import press
from agent_service.agent.steps import SignIn, SignOut
from agent_service.agent.work import Work

TRIES = 3
USER_FIELDS = (
    "input[autocomplete~=username], input[autocomplete~=email]",
    "input[type=email]",
    "input[name*=user i], input[name*=email i], input[name*=login i], input[id*=user i], input[id*=email i]",
    "input[type=text], input:not([type])",
)
SUBMIT = re.compile(r"^\W*(?:sign in|log in|login|continue|next|submit|enter)\W*$", re.IGNORECASE)
DONE = re.compile(r"\b(?:done|signed\s+in|logged\s+in|did\s+it)\b", re.IGNORECASE)


class NotSignedIn(Exception):
    """The person does not want to sign in; `str()` is the result."""


async def sign_in(work: Work, step: SignIn) -> str:
    view = await work.see()
    if view.signed_in and not view.asks_password:
        return "Already signed in."
    if not view.asks_password:
        await open_sign_in(work, view)
    given = Credentials(step.username, step.password) if step.username and step.password else None
    return await complete_sign_in(work, given)


async def open_sign_in(work: Work, view: PageView) -> None:
    found = await find_pressable(work.page, "Sign in")
    if found is None:
        if await has_user_or_password(work.page):
            return  # the page asks for the user name first
        raise not_found("a way to sign in", view, view.links + view.buttons)
    name = await actions.name_of(found)
    await work.say(f"I see “{name}” and will press it to get to the sign-in page.")
    await press(work, found, name)


async def complete_sign_in(work: Work, given: Credentials | None = None) -> str:
    """On a sign-in page, get the details, enter them and check that they were accepted."""
    trouble = ""
    for _ in range(TRIES):
        view = await work.see()
        if not await has_user_or_password(work.page):
            raise not_found("the fields of a sign-in page", view, view.fields + view.buttons)
        credentials = given or await ask_for_credentials(work, view, trouble)
        if credentials is None:
            return await signed_in_by_hand(work)
        given = None
        await enter(work, credentials)
        after = await work.see()
        if not after.asks_password:
            return f"Signed in as {credentials.username}."
        trouble = without_secret(after.errors[0] if after.errors else "", credentials) or "the page still asks for them"
        await work.say(f"That did not work. The page says: {trouble}")
    raise TaskFailed(f"I could not sign in after {TRIES} tries. The page says: {trouble}", code="INVALID_PARAMETER")


async def ask_for_credentials(work: Work, view: PageView, trouble: str) -> Credentials | None:
    """Ask for the details; None if the person has signed in by hand."""
    site = view.site or "this page"
    refused = f"They were refused: {trouble} " if trouble else ""
    question = (
        f"{refused}I need the sign-in details for {site} to continue. "
        "Please answer with e-mail and password, for example: name@example.com / password."
    )
    for _ in range(2):
        await work.say(f"{site} asks me to sign in. I cannot know these details, so I will ask for them.")
        answer = await work.run.ask("credentials", question)
        if credentials := parse_credentials(answer):
            return credentials
        if read_answer(answer) is Answer.NO:
            raise NotSignedIn(f"Stopped at the sign-in page of {site}: no sign-in details were given.")
        if DONE.search(answer) and not (await work.see()).asks_password:
            return None
        question = (
            "I could not read a user name and a password in that. "
            f"For {site}, please answer just: name@example.com / password."
        )
    raise TaskFailed(
        "I did not get sign-in details that I could read, so I could not sign in.", code="INVALID_PARAMETER"
    )


async def signed_in_by_hand(work: Work) -> str:
    await work.say("The sign-in page is gone, so I take it that you signed in yourself.")
    return "Signed in by hand."


async def enter(work: Work, credentials: Credentials) -> None:
    """Enter both details, which one page may ask for together, or two pages one after the other."""
    if user := await first_shown(map(work.page.locator, USER_FIELDS)):
        await work.say(f"I will enter {credentials.username} and the password.")
        await work.act(
            "type_text",
            "User name",
            "enter the user name",
            lambda page: actions.type_into(user, credentials.username),
            leads=False,
        )
    if not await password_field(work.page):
        await submit(work)
    password = await password_field(work.page)
    if password is None:
        view = await work.see()
        raise not_found("a password field", view, view.fields)
    await work.act(
        "type_text",
        "Password",
        "enter the password",
        lambda page: actions.type_into(password, credentials.password),
        leads=False,
    )
    await submit(work)


async def submit(work: Work) -> None:
    """Press the button of the form that holds the fields: a page's header often has one of the same name."""
    form = work.page.locator("form").filter(
        has=work.page.locator("input[type=password], input[type=email], input[type=text]")
    )
    button = await first_shown([form.get_by_role("button", name=SUBMIT), work.page.get_by_role("button", name=SUBMIT)])
    if button is not None:
        await press(work, button, await actions.name_of(button), "send the sign-in form")
        return

    async def strike(page: Page) -> None:
        await page.keyboard.press("Enter")

    await work.act("press_key", "Enter", "send the sign-in form", strike)


async def password_field(page: Page) -> Locator | None:
    return await first_shown([page.locator("input[type=password]")])


async def has_user_or_password(page: Page) -> bool:
    named = page.locator(f"{USER_FIELDS[0]}, {USER_FIELDS[1]}")
    return await first_shown([page.locator("input[type=password]"), named]) is not None


def without_secret(text: str, credentials: Credentials) -> str:
    return text.replace(credentials.password, "•••")


async def sign_out(work: Work, step: SignOut) -> str:
    view = await work.see()
    found = await find_pressable(work.page, "Sign out")
    if found is None:
        raise not_found("a way to sign out", view, view.links + view.buttons)
    await work.say("I will sign out.")
    await press(work, found, "Sign out")
    return "Signed out."
