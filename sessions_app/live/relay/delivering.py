"""What steers an agent goes over the session's link, or by REST where that is down: it is not to wait for the link."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from sessions_app.agent_api.errors import NotReached
from sessions_app.agent_api.link import Link
from sessions_app.domain.budget import take_call
from sessions_app.live.threads import in_database

if TYPE_CHECKING:
    from sessions_app.live.relay.runner import SessionRunner


class Delivering:
    """One session's messages to its agent; each verb raises an AgentApiError where neither way took it."""

    def __init__(self, runner: "SessionRunner") -> None:
        self._runner = runner
        #: Raised with each message sent, so that a report asked for before it can be told from one after it.
        self.sent = 0

    def note_sent(self) -> None:
        """A message goes another way, as a task does: a call of its own, with an answer."""
        self.sent += 1

    async def send_state(self, state: str, *, is_second: bool = False) -> None:
        """`is_second` where the link had it already, and showed nothing of it."""
        api, upstream_id = self._runner.api, self._runner.session.upstream_id
        over_link = None if is_second else lambda link: link.send_state(state)
        await self._deliver(over_link, lambda: api.send_state(upstream_id, state))

    async def send_answer(self, text: str, *, resume: bool) -> None:
        """Answer the agent's question; without `resume` its task ends with the answer."""
        api, upstream_id = self._runner.api, self._runner.session.upstream_id
        await self._deliver(
            lambda link: link.send_guardrail(text, resume=resume),
            lambda: api.send_guardrail(upstream_id, text, resume=resume),
        )

    async def send_interaction(self, message: dict[str, Any]) -> None:
        """Send one of `agent_api/interactions.py`."""
        api, upstream_id = self._runner.api, self._runner.session.upstream_id
        await self._deliver(
            lambda link: link.send_interaction(message), lambda: api.send_interaction(upstream_id, message)
        )

    async def _deliver(
        self, over_link: Callable[[Link], Awaitable[None]] | None, by_rest: Callable[[], Awaitable[None]]
    ) -> None:
        self.note_sent()
        link = self._runner.link
        if link and over_link:
            try:
                await over_link(link)
                return
            except NotReached:
                pass
        await in_database(take_call, self._runner.session.connection, urgent=True)
        await by_rest()
