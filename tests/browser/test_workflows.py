"""Workflows on the real parts: login, search and checkout for each row of a CSV, and going on before the time limit."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.steps import SHOP, end

STEPS = (
    "Log in as {account} with the password {password}",
    "Search for '{what}', then add the first result to cart",
    "Check out, then return the order number",
)
CSV = b'account,password,what\ndana@example.com,demo,wireless keyboard\nlee@example.com,demo,"mouse, or a pad"\n'


def state(page: Page) -> Locator:
    return page.get_by_role("status", name="Session state")


def save_workflow(page: Page) -> None:
    page.goto("/workflows/")
    page.get_by_role("link", name="Make the first").click()
    page.get_by_role("textbox", name="Name").fill("Shopping round")
    page.get_by_role("textbox", name="Starting URL").first.fill(SHOP)
    boxes = page.get_by_role("textbox", name="Task")
    for at, step in enumerate(STEPS):
        if at:
            page.get_by_role("button", name="Add a task").click()
            expect(boxes.nth(at)).to_be_focused()
        boxes.nth(at).fill(step)
    page.get_by_text("Options:").last.click()
    page.get_by_label("End session after this task").last.check()
    page.get_by_role("button", name="Save workflow").click()
    expect(page.get_by_role("heading", name="Shopping round")).to_be_visible()


def buy(page: Page, run: Locator) -> None:
    """The shop's checkout is paid for only once a person agrees."""
    expect(run).to_contain_text("Needs you", timeout=45_000)
    run.get_by_role("link").click()
    page.get_by_role("textbox", name="Your answer").fill("yes")
    page.get_by_role("button", name="Answer and resume").click()
    expect(state(page)).to_contain_text("Terminated")
    expect(page.get_by_role("log", name="Timeline")).to_contain_text("Result of task 3")
    page.go_back()


def test_a_workflow_is_started_on_each_row_of_a_csv_and_seen_through_to_its_results(page: Page) -> None:
    save_workflow(page)
    page.get_by_role("link", name="Start on a list").click()
    file = page.get_by_label("or a CSV file")
    file.set_input_files({"name": "bad.csv", "mimeType": "text/csv", "buffer": CSV.replace(b"what", b"thing", 1)})
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("lacks: what. It names what the workflow does not have: 'thing'.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Rows")).to_have_value(re.compile("wireless keyboard"))
    page.complaints.clear()  # the browser's own word for the refusal
    file.set_input_files({"name": "good.csv", "mimeType": "text/csv", "buffer": CSV})
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("row", name=re.compile("Row 3"))).to_contain_text("Search for 'mouse, or a pad'")
    page.get_by_role("button", name="Start 2 sessions").click()

    for who in ("dana@example.com", "lee@example.com"):
        buy(page, page.get_by_role("row", name=re.compile(who)))
    for who in ("dana@example.com", "lee@example.com"):
        run = page.get_by_role("row", name=re.compile(who))
        expect(run).to_contain_text("3 of 3")
        expect(run).to_contain_text(re.compile(r"order", re.IGNORECASE))
        expect(run).to_contain_text(re.compile(r"\$0\.\d*[1-9]"))
    assert page.complaints == []


def test_a_session_near_its_time_limit_is_continued_with_the_rest_of_its_queue(page: Page) -> None:
    page.goto("/sessions/new/")
    page.get_by_role("textbox", name="First task").fill("Search for 'wireless keyboard', then return the title")
    page.get_by_role("textbox", name="Starting URL").fill(SHOP)
    page.get_by_text("Options:").click()
    page.get_by_label("Time limit, seconds").fill("65")
    page.get_by_role("button", name="Start session").click()
    expect(state(page)).to_contain_text("Completed")
    box = page.get_by_role("textbox", name="Follow-up task")
    for task in ("Wait 60 seconds", "Return the heading"):
        box.fill(task)
        page.get_by_role("button", name=re.compile("Send task|Queue task")).click()
        expect(box).to_have_value("")
    expect(page.get_by_role("list", name="Queue")).to_contain_text("Return the heading")
    expect(page.get_by_text("This session reaches its time limit soon.")).to_be_visible()
    expect(state(page)).to_contain_text("Active")
    old = page.url

    page.get_by_role("link", name="Continue in a new session").click()
    expect(page.get_by_role("textbox", name="Starting URL")).to_have_value(re.compile(SHOP))
    brief = page.get_by_role("textbox", name="What was done")
    expect(brief).to_have_value(re.compile("Search for 'wireless keyboard', then return the title → .*keyboard"))
    expect(brief).to_have_value(re.compile("Begun, not finished:\n- Wait 60 seconds"))
    page.get_by_role("textbox", name="Task 2, in hand").fill("")
    expect(page.get_by_role("textbox", name="Task 3, queued")).to_have_value("Return the heading")
    expect(page.get_by_label("End the old session now")).to_be_checked()
    page.get_by_role("button", name="Start the new session").click()

    expect(page.get_by_role("heading", name="(continued)")).to_be_visible()
    expect(state(page)).to_contain_text("Completed")
    expect(page.get_by_role("log", name="Timeline")).to_contain_text("Result of task 1")
    end(page, page.url)
    page.goto(old)
    expect(state(page)).to_contain_text("Terminated")
    page.get_by_role("tab", name="Tasks").click()
    task = page.get_by_role("list", name="Tasks").get_by_role("listitem").filter(has_text="Return the heading")
    expect(task).to_contain_text("Moved to a new session by admin.")
    assert page.complaints == []
