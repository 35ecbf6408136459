"""The agent whose steps a model plans: look, ask, carry out the call, until the task is done or has failed."""

import asyncio
import json
import math
import re
from contextlib import suppress
from functools import partial

from playwright.async_api import Error

from agent_service.agent.consent import ConsentNeeded
from agent_service.agent.failures import could_not_do
from agent_service.agent.interface import TaskFailed, TaskRun
from agent_service.agent.model.completion import Call, Reply
from agent_service.agent.model.conversation import Conversation
from agent_service.agent.model.endpoint import MODEL_ERROR, Endpoint, Unavailable
from agent_service.agent.model.sight import Sight, look
from agent_service.agent.model.tools import (
    AskPerson,
    BadCall,
    Finish,
    GiveUp,
    Hands,
    ShowPart,
    Tool,
    described,
    read_call,
)
from agent_service.agent.model.withheld import Withheld
from agent_service.agent.skills import buying, signing_in
from agent_service.agent.work import Work
from agent_service.billing.metering import CHARACTERS_PER_TOKEN

MOST_STEPS = 60
MOST_FAULTS = 3  # requests in a row without a reply, or unusable replies in a row
MOST_REPEATS = 6
WARN_AT_REPEAT = 3
FIRST_WAIT = 1.0
MOST_SAID = 500
MOST_RESULT = 20_000
# Failures of a single action, which the model may find a way around; any other failure ends the task.
RECOVERABLE = frozenset({"ELEMENT_NOT_FOUND", "NAVIGATION_TIMEOUT", "INVALID_PARAMETER"})
HELD = "Not done: a person held you meanwhile, and may have changed the page. Look at it anew."


class ModelAgent:
    """Keeps only the endpoint and the shop's address: every task is a conversation of its own."""

    reports_tokens = True

    def __init__(self, endpoint: Endpoint, *, shop_url: str) -> None:
        self._endpoint = endpoint
        self._shop_url = shop_url

    async def run(self, run: TaskRun) -> str:
        """Carry out the task."""
        work = Work(run, self._shop_url)
        try:
            return await Errand(self._endpoint, work).carry_out()
        except TaskFailed as failed:
            if not work.bought:
                raise
            raise work.after_purchase(failed) from failed


class Errand:
    """One running task."""

    def __init__(self, endpoint: Endpoint, work: Work) -> None:
        self._endpoint = endpoint
        self._work = work
        self._run = work.run
        self._withheld = Withheld()
        self._hands = Hands(work, self._withheld)
        self._conversation = Conversation(self._withheld.take_from(work.run.prompt), work.shop_url)
        self._tools = described()
        self._part = 1
        self._mistakes = 0
        self._repeats = 0
        self._last: tuple[str, str, str] = ("", "", "")

    async def carry_out(self) -> str:
        """Carry out the task and return its result in words."""
        for _ in range(MOST_STEPS):
            room = self._run.output_room
            if room <= 0:
                return self._cut_short("", None)
            reply = await self._ask(room)
            if reply.refusal:
                raise TaskFailed(f"The model refuses to go on: {reply.refusal[:MOST_SAID]}", code=MODEL_ERROR)
            result = await self._go_on(reply, room)
            if result is not None:
                return result
        raise TaskFailed(f"The model was not done after {MOST_STEPS} steps.", code=MODEL_ERROR)

    async def _ask(self, room: int) -> Reply:
        """Get the model's next reply and bill it; faults that may pass are waited out a few times."""
        for fault in range(MOST_FAULTS):
            sight = await self._see()
            try:
                reply = await self._endpoint.ask(partial(self._conversation.with_page, sight), self._tools, room)
            except Unavailable as unavailable:
                why = unavailable
                if fault < MOST_FAULTS - 1:
                    await asyncio.sleep(FIRST_WAIT * 2**fault if why.wait is None else why.wait)
            else:
                self._bill(reply, sight)
                return reply
        raise TaskFailed(f"The model's service was asked {MOST_FAULTS} times, but {why}.", code=MODEL_ERROR)

    async def _see(self) -> Sight:
        """Look at the page while no person holds the agent."""
        while True:
            await self._run.ready()
            pictures = self._endpoint.shows_pictures
            sight = await look(self._work.page, self._withheld, self._part, with_picture=pictures)
            if not await self._run.ready():
                return sight

    def _bill(self, reply: Reply, sight: Sight) -> None:
        """Bill the tokens that the model's service reports, or an estimate from the characters if it reports none."""
        read, wrote = reply.input_tokens, reply.output_tokens
        if read is None:
            messages = self._conversation.with_page(sight, pictures=False)
            read = _tokens_of(str(self._tools), *(str(message) for message in messages))
        if wrote is None:
            wrote = _tokens_of(reply.text, reply.call.arguments if reply.call else "")
        self._run.has_used(read, wrote)

    async def _go_on(self, reply: Reply, room: int) -> str | None:
        """Carry out the call; return the result once there is one."""
        if reply.is_cut and self._run.output_room <= 0:
            return self._cut_short(reply.text, reply.call)
        held = await self._run.ready()
        try:
            tool = self._read(reply)
        except BadCall as bad:
            self._count_mistake(str(bad))
            self._conversation.add(reply, str(bad))
            return None
        self._mistakes = 0
        if reply.text:
            await self._run.say(self._withheld.hide(reply.text)[:MOST_SAID])
        if isinstance(tool, Finish):
            # A server that ignores the limit puts out more; whatever exceeds it is left out.
            beyond = self._run.output_room < 0
            return tool.result[: room * CHARACTERS_PER_TOKEN if beyond else MOST_RESULT].strip() or "Done."
        outcome = HELD if held else await self._use(tool)
        self._conversation.add(reply, self._withheld.hide(outcome) + self._warning(reply.call, outcome))
        return None

    def _read(self, reply: Reply) -> Tool:
        if reply.call is None:
            raise BadCall("You called no tool, so nothing happened. Call one, or finish if the task is done.")
        return read_call(reply.call.name, reply.call.arguments)

    def _count_mistake(self, what: str) -> None:
        self._mistakes += 1
        if self._mistakes >= MOST_FAULTS:
            what = self._withheld.hide(what)[:MOST_SAID]
            raise TaskFailed(
                f"The model went wrong {MOST_FAULTS} times in a row; the last time: {what}", code=MODEL_ERROR
            )

    async def _use(self, tool: Tool) -> str:
        """Carry out a call and return what came of it; raises `TaskFailed` if the model cannot get around a failure."""
        part, self._part = self._part, 1
        try:
            match tool:
                case GiveUp(reason):
                    raise _GivenUp(reason[:MOST_RESULT])
                case ShowPart(part):
                    self._part = part
                    return f"Part {part} is shown."
                case AskPerson(question, kind):
                    answer = await self._run.ask(kind, self._withheld.hide(question))
                    return f"The person answers: {self._withheld.take_from_answer(answer)}"
                case _:
                    return await self._act(tool)
        except TaskFailed as failed:
            if isinstance(failed, _GivenUp) or failed.code not in RECOVERABLE:
                raise
            self._part = part
            return f"It failed: {failed}"

    async def _act(self, tool: Tool) -> str:
        try:
            return await self._hands.use(tool)
        except ConsentNeeded:
            return await self._pay()
        except signing_in.NotSignedIn as end:
            return str(end)
        except (Error, TimeoutError) as error:
            raise could_not_do("do that", error) from error

    async def _pay(self) -> str:
        """Let the person decide about a press that spends money, whatever the model was talked into."""
        try:
            return await buying.place_order(self._work)
        except buying.NotBought as end:
            return str(end)
        except buying.OtherPlan as plan:
            return f"Nothing was bought. The person says instead: {self._withheld.take_from_answer(str(plan))}"

    def _warning(self, call: Call | None, outcome: str) -> str:
        """Warn a model that goes round in circles; raises `TaskFailed` if it goes on all the same."""
        turn = (call.name, call.arguments, outcome) if call else ("", "", "")
        self._repeats = self._repeats + 1 if turn == self._last else 1
        self._last = turn
        if self._repeats >= MOST_REPEATS:
            raise TaskFailed(
                f"The model did the same {MOST_REPEATS} times, to no other effect: {outcome}", code=MODEL_ERROR
            )
        if self._repeats >= WARN_AT_REPEAT:
            return f" You have done exactly this {self._repeats} times: do something else."
        return ""

    def _cut_short(self, text: str, call: Call | None) -> str:
        """As much of the result as the output limit left room for."""
        begun = re.match(r'\s*\{\s*"result"\s*:\s*"((?:[^"\\]|\\.)*)', call.arguments) if call else None
        with suppress(ValueError):
            text = str(json.loads(f'"{begun[1]}"')) if begun else text
        return text or f"Cut short: the output tokens of the task are used up. It was not done. {self._last[2]}".strip()


class _GivenUp(TaskFailed):
    """The model says that the task cannot be done."""


def _tokens_of(*texts: str) -> int:
    return math.ceil(sum(map(len, texts)) / CHARACTERS_PER_TOKEN)
