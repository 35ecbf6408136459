"""An agent without a model: it reads plain English and carries it out on the page."""

from collections.abc import Awaitable, Callable
from typing import Any

from agent_service.agent import steps as s
from agent_service.agent.consent import Answer, ConsentNeeded, read_answer
from agent_service.agent.credentials import redact
from agent_service.agent.instructions import parse
from agent_service.agent.interface import TaskFailed, TaskRun
from agent_service.agent.skills import buying, carting, places, pointing, searching, signing_in, telling
from agent_service.agent.work import Work

Skill = Callable[[Work, Any], Awaitable[str]]

SKILLS: dict[type, Skill] = {
    s.GoTo: places.go_to,
    s.GoHome: places.go_home,
    s.GoToShop: places.go_to_shop,
    s.GoBack: places.go_back,
    s.GoForward: places.go_forward,
    s.Reload: places.reload,
    s.Search: searching.search,
    s.OpenResult: searching.open_result,
    s.Compare: searching.compare,
    s.AddToCart: carting.add_to_cart,
    s.RemoveFromCart: carting.remove_from_cart,
    s.OpenCart: carting.open_cart,
    s.GoToCheckout: buying.go_to_checkout,
    s.Buy: buying.buy,
    s.SignIn: signing_in.sign_in,
    s.SignOut: signing_in.sign_out,
    s.Click: pointing.click,
    s.TypeText: pointing.type_text,
    s.Select: pointing.select,
    s.Tick: pointing.tick,
    s.PressKey: pointing.press_key,
    s.Scroll: pointing.scroll,
    s.ScrollTo: pointing.scroll_to,
    s.Wait: pointing.wait,
    s.WaitFor: pointing.wait_for,
    s.Return: telling.tell,
    s.ReadPage: telling.read_page,
}
# Steps whose outcome a result must mention even if more was done afterwards.
WORTH_TELLING = (s.Return, s.ReadPage, s.Compare, s.AddToCart, s.RemoveFromCart, s.Buy)
# Steps that may land on a sign-in page instead of where they were meant to lead.
MAY_LEAD_TO_SIGN_IN = (s.Click, s.OpenCart)


class Interpreter:
    """Keeps no state but the shop's address: every task starts from what the page shows."""

    reports_tokens = False

    def __init__(self, *, shop_url: str) -> None:
        self._shop_url = shop_url

    async def run(self, run: TaskRun) -> str:
        work = Work(run, self._shop_url)
        work.to_come = parse(run.prompt) or [s.Unclear(run.prompt.strip())]
        told: list[tuple[s.Step, str]] = []
        try:
            while work.to_come:
                step = work.to_come.pop(0)
                told.append((step, await perform(work, step)))
        except (buying.NotBought, signing_in.NotSignedIn) as end:
            told.append((s.Buy(), str(end)))
        except TaskFailed as failed:
            if not work.bought:
                raise
            raise work.after_purchase(failed) from failed
        return result_of(told)


async def perform(work: Work, step: s.Step) -> str:
    if isinstance(step, s.Unclear):
        return await clarify(work, step)
    try:
        outcome = await SKILLS[type(step)](work, step)
        if isinstance(step, MAY_LEAD_TO_SIGN_IN):
            outcome = await sign_in_if_asked(work) or outcome
    except ConsentNeeded:
        outcome = await consented(work, buying.place_order(work))
    except buying.OtherPlan as plan:
        outcome = await change_plan(work, plan)
    return outcome


async def consented(work: Work, order: Awaitable[str]) -> str:
    try:
        return await order
    except buying.OtherPlan as plan:
        return await change_plan(work, plan)


async def change_plan(work: Work, plan: buying.OtherPlan) -> str:
    """Replace the remaining steps by the instructions that a person gave instead of a yes."""
    await work.say("That is not a yes, so I will not pay. I take it as new instructions.")
    work.to_come = plan.steps
    return "Nothing was bought."


async def sign_in_if_asked(work: Work) -> str:
    """Sign in if a press led to a sign-in page, unless the task itself fills in that page."""
    if any(isinstance(step, s.TypeText | s.SignIn) for step in work.to_come):
        return ""
    if not (await work.see()).asks_password:
        return ""
    return await signing_in.complete_sign_in(work)


async def clarify(work: Work, step: s.Unclear) -> str:
    """Ask once what was meant; if the answer is not understood either, the task ends."""
    quoted = redact(step.text)[:200] or "nothing"
    await work.say(f"I do not understand “{quoted}”, so I will ask instead of guessing.")
    question = (
        f"I did not understand “{quoted}”. Please say it another way, such as “Click …”, “Search for …” "
        "or “Return …”; “skip” leaves it out."
    )
    answer = await work.run.ask("clarification", question)
    if answer.strip().lower().strip(".!") in {"skip", "skip it", "ignore", "ignore it", "leave it out", "never mind"}:
        return f"Left out “{quoted}”."
    if read_answer(answer) is Answer.NO:
        work.to_come = []
        return f"Stopped: “{quoted}” was not clear to me."
    steps = parse(answer)
    if not steps or any(isinstance(again, s.Unclear) for again in steps):
        said = redact(answer.strip())[:200]
        raise TaskFailed(f"I understood neither “{quoted}” nor “{said}”, so I stopped here.", code="INVALID_PARAMETER")
    work.to_come = steps + work.to_come
    return ""


def result_of(told: list[tuple[s.Step, str]]) -> str:
    """Compose the result: the outcomes worth telling, and the last one in any case."""
    last = len(told) - 1
    lines = [text for at, (step, text) in enumerate(told) if text and (at == last or isinstance(step, WORTH_TELLING))]
    return "\n".join(lines) or "Done."
