"""Timelines of ten thousand rows: opened by the window, scrolled, searched, narrowed, and live all the while."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Dashboard
from tests.browser.scripted.scene import Scene
from tests.browser.scripted.test_live_page import Line, rows
from tests.browser.steps import wait_for

SEED = """
WITH RECURSIVE added(seq) AS (SELECT :first UNION ALL SELECT seq + 1 FROM added WHERE seq < :last)
INSERT INTO sessions_app_event (team_id, session_id, seq, kind, at, text, detail)
SELECT team_id, id, seq,
  CASE seq % 4 WHEN 0 THEN 'upstream.reasoning' WHEN 3 THEN 'upstream.response' ELSE 'upstream.action' END,
  strftime('%Y-%m-%d %H:%M:%f', 'now'),
  printf('Seeded row %d: I compare the price of <b>keyboard</b> %d with the others.', seq, seq), '{}'
FROM added, sessions_app_agentsession WHERE id = :session
"""
MOST = 600


def seed(dashboard: Dashboard, page: Page, count: int) -> None:
    """Write rows as another process would: the page is told of them with the next row of its own."""
    session = re.search(r"/sessions/([\w-]+)/", page.url)[1]
    with closing(sqlite3.connect(dashboard.data_dir / "watchfloor.sqlite3", timeout=20)) as database, database:
        database.execute("BEGIN IMMEDIATE")
        query = "UPDATE sessions_app_agentsession SET last_seq = last_seq + ? WHERE id = ? RETURNING last_seq"
        ((last,),) = database.execute(query, (count, session)).fetchall()
        database.execute(SEED, {"first": last - count + 1, "last": last, "session": session})


@pytest.fixture
def long_page(open_scene: Callable[[], Scene], dashboard: Dashboard) -> Page:
    """A live session with more than ten thousand rows behind it."""
    page = open_scene().page
    seed(dashboard, page, 10_000)
    page.goto(page.url)
    expect(page.locator("html")).to_have_attribute("data-live", "yes")
    return page


def is_whole(seqs: list[int]) -> bool:
    return seqs == list(range(seqs[0], seqs[-1] + 1))


def scroll(page: Page, to: str) -> None:
    page.locator("[data-live-scroll]").evaluate(f"frame => frame.scrollTo(0, {to})")


def test_ten_thousand_rows_open_quickly_and_stay_few(long_page: Page) -> None:
    page = long_page
    began = rows(page)
    assert len(began) == 200
    assert began[-1] > 10_000
    assert is_whole(began)
    milliseconds = page.evaluate(
        "() => { const [entry] = performance.getEntriesByType('navigation'); return entry.domContentLoadedEventEnd }"
    )
    assert milliseconds < 5000  # generous: the machine is shared

    for _ in range(6):
        first = rows(page)[0]
        scroll(page, "-1e7")
        wait_for(page, lambda first=first: rows(page)[0] < first)
    wait_for(page, lambda: len(rows(page)) <= MOST)
    assert is_whole(rows(page))
    assert rows(page)[-1] < 10_000, "rows far below were let go"

    place = page.locator("#timeline li").nth(250)
    place.scroll_into_view_if_needed()
    for _ in range(12):
        if rows(page)[-1] > 10_000:
            break
        last = rows(page)[-1]
        scroll(page, "0")
        wait_for(page, lambda last=last: rows(page)[-1] > last)
    assert is_whole(rows(page))
    assert len(rows(page)) <= MOST


def test_rows_that_come_while_somebody_reads_far_up_wait_for_them(long_page: Page) -> None:
    page = long_page
    for _ in range(4):
        first = rows(page)[0]
        scroll(page, "-1e7")
        wait_for(page, lambda first=first: rows(page)[0] < first)
    reading = page.locator("#timeline li").nth(300)
    reading.scroll_into_view_if_needed()
    before = reading.bounding_box()
    page.keyboard.press("p")
    expect(page.get_by_role("status", name="Session state")).to_contain_text("Paused")
    after = reading.bounding_box()
    assert before
    assert after
    assert abs(before["y"] - after["y"]) < 2
    assert "asked for pause" not in page.locator("#timeline").inner_text()

    page.get_by_role("link", name="To the newest rows").click()
    expect(page.locator("#timeline")).to_contain_text("asked for pause")
    assert is_whole(rows(page))
    page.locator("body").press("r")
    expect(page.locator("#timeline")).to_contain_text("resumed the task")
    assert is_whole(rows(page))


def test_catching_up_over_thousands_of_rows_misses_none_and_repeats_none(
    page: Page, open_scene: Callable[[], Scene], dashboard: Dashboard
) -> None:
    line = Line(page)
    open_scene()
    page.evaluate("""() => {
      window.everyRow = [];
      const note = row => row.dataset?.seq && window.everyRow.push(Number(row.dataset.seq));
      document.querySelectorAll('#timeline li').forEach(note);
      new MutationObserver(changes => changes.forEach(change => change.addedNodes.forEach(note)))
        .observe(document.getElementById('timeline'), { childList: true });
    }""")
    line.cut()
    seed(dashboard, page, 3000)
    line.mend()

    wait_for(page, lambda: page.evaluate("window.everyRow.at(-1)") > 3000, seconds=60)
    every = page.evaluate("window.everyRow")
    assert every == list(range(1, every[-1] + 1))
    assert len(rows(page)) <= MOST
    assert is_whole(rows(page))


def test_searching_jumping_and_coming_back_without_leaving_the_page(long_page: Page) -> None:
    page = long_page
    page.evaluate("window.sameDocument = true")
    page.get_by_role("tab", name="Tasks").click()
    page.keyboard.press("/")
    box = page.get_by_role("searchbox", name="Search the timeline")
    expect(box).to_be_focused()
    box.press_sequentially("KEYBOARD</b> 4321 ")
    page.keyboard.press("Enter")
    found = page.get_by_role("list", name="Rows found").get_by_role("listitem")
    expect(found).to_have_count(1)
    expect(found.locator("mark")).to_have_text("keyboard</b> 4321")
    assert "q=KEYBOARD" in page.url

    found.get_by_role("link").click()
    row = page.locator("#timeline [data-seq='4321']")
    expect(row).to_be_focused()
    expect(row).to_be_in_viewport()
    expect(box).to_have_value("")
    assert is_whole(rows(page))
    assert page.url.endswith("?around=4321")
    assert page.evaluate("window.sameDocument")

    page.reload()
    expect(row).to_be_in_viewport()
    expect(page.locator("html")).to_have_attribute("data-live", "yes")
    page.get_by_role("link", name="To the newest rows").click()
    wait_for(page, lambda: rows(page)[-1] > 10_000)
    assert "?" not in page.url


def seeded_actions(first: int, last: int) -> list[int]:
    return [seq for seq in range(first, last + 1) if seq % 4 in {1, 2}]


def kinds(page: Page) -> set[str]:
    return set(page.locator("#timeline li").evaluate_all("rows => rows.map(row => row.dataset.kind)"))


def told(page: Page) -> tuple[int, int]:
    """How far the page was told, and how far its window of the log says that it reaches."""
    main = page.locator("main")
    return int(main.get_attribute("data-live-seq")), int(main.locator("[data-through]").get_attribute("data-through"))


def test_narrowing_holds_while_rows_come_and_over_a_reload(long_page: Page) -> None:
    page = long_page
    page.evaluate("window.sameDocument = true")
    page.get_by_role("checkbox", name="Actions").check()
    wait_for(page, lambda: kinds(page) == {"upstream.action"})
    assert page.url.endswith("?kinds=actions")
    newest = rows(page)
    assert len(newest) == 200
    assert newest == seeded_actions(newest[0], newest[-1])

    before, _ = told(page)
    page.keyboard.press("p")  # heard though the box has the focus: nobody types into it
    expect(page.get_by_role("status", name="Session state")).to_contain_text("Paused")
    wait_for(page, lambda: told(page)[0] >= before + 2)  # that it was asked for, and that it is quiet
    assert rows(page) == newest, "rows of other kinds stay out"
    assert told(page)[0] == told(page)[1], "and count as come"

    scroll(page, "-1e7")
    wait_for(page, lambda: rows(page)[0] < newest[0])
    assert rows(page) == seeded_actions(rows(page)[0], newest[-1])
    assert page.evaluate("window.sameDocument")

    page.reload()
    expect(page.get_by_role("checkbox", name="Actions")).to_be_checked()
    expect(page.locator("html")).to_have_attribute("data-live", "yes")
    assert rows(page) == newest

    page.get_by_role("checkbox", name="People").check()
    expect(page.locator("#timeline")).to_contain_text("asked for pause")
    assert page.url.endswith("?kinds=actions&kinds=people")
    page.keyboard.press("r")
    expect(page.locator("#timeline li").last).to_contain_text("resumed the task")
    assert kinds(page) == {"upstream.action", "command", "quiet"}

    page.get_by_role("checkbox", name="Actions").uncheck()
    page.get_by_role("checkbox", name="People").uncheck()
    wait_for(page, lambda: "upstream.reasoning" in kinds(page))
    assert is_whole(rows(page)), "all that was hidden is there"
    assert rows(page)[-1] == told(page)[0]
    assert "?" not in page.url


def test_a_narrowed_search_counts_its_kinds_and_jumps_into_narrowed_surroundings(long_page: Page) -> None:
    page = long_page
    page.get_by_role("checkbox", name="Actions").check()
    wait_for(page, lambda: kinds(page) == {"upstream.action"})
    page.get_by_role("searchbox", name="Search the timeline").fill("price of")
    page.keyboard.press("Enter")
    status = page.locator("#timeline-found").get_by_role("status")
    expect(status).to_have_text("5,000 rows with “price of”")
    page.get_by_role("link", name="Later").click()
    expect(page.get_by_role("navigation", name="Pages of rows found")).to_contain_text("Page 2 of 100")
    found = page.get_by_role("list", name="Rows found").get_by_role("listitem").first
    seq = int(found.get_attribute("data-found"))

    found.get_by_role("link").click()
    row = page.locator(f"#timeline [data-seq='{seq}']")
    expect(row).to_be_focused()
    expect(row).to_be_in_viewport()
    assert page.url.endswith(f"?kinds=actions&around={seq}")
    around = rows(page)
    assert around[0] < seq < around[-1]
    assert [one for one in around if one > 10] == seeded_actions(max(around[0], 11), around[-1])

    page.reload()
    expect(row).to_be_in_viewport()
    assert rows(page) == around
    page.locator("body").press("p")
    expect(page.get_by_role("status", name="Session state")).to_contain_text("Paused")
    assert rows(page)[-1] < 10_000, "the newest rows wait until they are asked for"
