"""Section 3: pausing, stopping and steering by hand, and that what does not apply changes nothing."""

import asyncio

import pytest

row = pytest.mark.row
QUIET = 0.7
"""Seconds in which an agent that is not held would have acted."""
WINDOW_TOP = 155


@row("3", "pause takes effect after the current action; resume goes on")
async def test_pause_and_resume(client, session, site):
    held = asyncio.create_task(client.new_task(session, site.gated()))
    await site.until("/gate")
    await client.state(session, "pause")
    site.gate.set()
    with pytest.raises(TimeoutError):
        await site.until("/page/after", within=QUIET)
    assert not held.done()
    await client.state(session, "resume")
    assert "called after" in client.form.message(await held)


@row("3", "stop ends the current task at once, and the next one begins")
@row("8", "a paused task is stopped; a stopped session takes new tasks")
async def test_stop(client, session, site):
    held = asyncio.create_task(client.new_task(session, site.gated()))
    await site.until("/gate")
    queued = asyncio.create_task(client.new_task(session, site.visit("/page/next")))
    await client.state(session, "pause")
    await client.state(session, "stop")
    async with asyncio.timeout(5):  # though the page never came
        stopped = await held
    assert stopped["status"] == "stopped"
    assert "called next" in client.form.message(await queued)
    assert "/page/after" not in site.reached


@row("3", "a state that does not apply is answered 200 and changes nothing")
async def test_states_that_do_not_apply(client, session, site):
    socket = await client.listen(session)
    await client.new_task(session, site.visit("/page/done"))
    for state in ("pause", "resume", "stop", "pause"):
        await client.state(session, state)
    await client.forward(session, client.answer("nobody asked"))
    answer = await client.new_task(session, site.visit("/page/later"))
    assert "called later" in client.form.message(answer)
    await socket.until("task_completed", count=2)
    assert "error" not in socket.kinds()


@row("3", "taking control pauses the task, releasing it goes on")
@row("3", "CLICK and DOUBLE_CLICK land where the picture shows it, 155 px further down")
@row("3", "TYPE and KEY_PRESS reach the focused element, in order")
async def test_hands_on_the_page(client, session, site):
    opens = f"Go to {site.page('form')}, then go to {site.url}/gate, then go to {site.page('after')}"
    await client.new_task(session, f"Go to {site.page('form')}")
    await client.interact(session, "CLICK", x=150, y=320 + WINDOW_TOP)
    await client.interact(session, "CLICK", x=150, y=100)  # the browser's own controls, and no page
    await client.interact(session, "DOUBLE_CLICK", x=150.4, y=320 + WINDOW_TOP)
    await client.interact(session, "CLICK", x=150, y=220 + WINDOW_TOP)
    await client.interact(session, "TYPE", text="ab")
    await client.interact(session, "TYPE", text="c", humanLike=True)
    await client.interact(session, "KEY_PRESS", key="Backspace")
    clicks = ["click", "click", "click", "double"]
    typed = [one for text in ("a", "ab", "abc") for one in (f"key {text[-1]}", f"value {text}")]
    await site.until_told(*clicks, *typed, "key Backspace", "value ab")

    held = asyncio.create_task(client.new_task(session, opens))
    await site.until("/gate")
    await client.interact(session, "takeOverControl")
    site.gate.set()
    with pytest.raises(TimeoutError):
        await site.until("/page/after", within=QUIET)
    assert not held.done()
    await client.interact(session, "releaseControl")
    client.form.message(await held)
    assert "/page/after" in site.reached


@row("3", "every key and one character are accepted")
async def test_every_key(client, session):
    for key in (*KEYS, "a", "é", "+"):
        await client.interact(session, "KEY_PRESS", key=key)


KEYS = (
    *("Enter", "Escape", "Tab", "Backspace", "Delete", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"),
    *("PageUp", "PageDown", "Home", "End"),
)
