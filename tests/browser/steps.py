"""What people do on the pages, for the tests to do the same."""

import re
from collections.abc import Callable
from functools import partial

import lxml.html
from playwright.sync_api import APIResponse, Page, expect

from tests.helpers.waiting import wait_until

PASSWORD = "watch-the-floor"
SHOP = "https://shop.test/"


def sign_in(page: Page, *, name: str, password: str) -> None:
    page.goto("/")
    page.get_by_role("textbox", name="Username").fill(name)
    page.get_by_role("textbox", name="Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Desk")).to_be_visible()


def start(page: Page, task: str, **more: str) -> None:
    """Start a session; `more` are fields under Options, by their names."""
    page.goto("/sessions/new/")
    page.get_by_role("textbox", name="First task").fill(task)
    page.get_by_role("textbox", name="Starting URL").fill(SHOP)
    if more:
        page.get_by_text("Options:").click()
    for name, value in more.items():
        page.locator(f"[name='{name}']").fill(value)
    page.get_by_role("button", name="Start session").click()  # works before any script does, unlike its shortcut
    page.wait_for_url(re.compile(r"/sessions/(?!new)[\w-]+/$"))


def begin(page: Page, task: str, **more: str) -> str:
    """Start a session by its form and give its address, for who has no need to see it started; `more` as above."""
    answer = send_form(page, "/sessions/new/", "/sessions/new/", first_task=task, starting_url=SHOP, **more)
    assert re.search(r"/sessions/(?!new)[\w-]+/$", answer.url), answer.text()
    return answer.url


def end(page: Page, *addresses: str) -> None:
    """Terminate sessions by their forms where they have not ended yet, and wait until all have."""
    going_on = [address for address in addresses if not has_ended(page, address)]
    for address in going_on:
        send_form(page, address, "/commands/terminate/")
    for address in going_on:
        wait_for(page, partial(has_ended, page, address))


def has_ended(page: Page, address: str) -> bool:
    return 'data-state="ended"' in page.request.get(address).text()


def send_form(page: Page, address: str, action: str, **fields: str) -> APIResponse:
    """Send the form that goes to such an address, as it stands on the page but for these fields, without a browser."""
    forms = lxml.html.fromstring(page.request.get(address).text()).forms
    (form,) = [form for form in forms if (form.action or address).endswith(action) and form.method == "POST"]
    return page.request.post(form.action or address, form={**dict(form.form_values()), **fields})


def terminate(page: Page) -> None:
    # Not by its shortcut, which is rightly deaf while a box has the focus.
    page.get_by_role("button", name="Terminate").click()
    page.get_by_role("dialog").get_by_role("button", name="Terminate").click()
    expect(page.get_by_role("status", name="Session state")).to_contain_text("Terminated")


def wait_for(page: Page, condition: Callable[[], bool], *, seconds: float = 15) -> None:
    wait_until(condition, within=seconds, pause=lambda: page.wait_for_timeout(50))  # lets Playwright work


def module_url(page: Page, name: str) -> str:
    """Where a module was loaded from, once it is: its name holds a hash of what is in it."""
    urls: set[str] = set()

    def is_loaded() -> bool:
        every = page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
        urls.update(url for url in every if re.search(rf"/js/{name}(\.\w+)?\.js$", url))
        return bool(urls)

    wait_for(page, is_loaded)
    (url,) = urls
    return url
