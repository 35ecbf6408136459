"""The REST calls."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from aiohttp import web

from agent_service.api import answers
from agent_service.api.errors import bad_request, no_instances, no_session, no_task
from agent_service.api.fields import Fields
from agent_service.api.forms import FORMS
from agent_service.api.messages import deliver, require_balance
from agent_service.api.middleware import NOTED
from agent_service.api.preferences import read_hold
from agent_service.api.repeats import Repeats, read_key
from agent_service.api.requests import action_of, parse_message, parse_session
from agent_service.billing.account import Account
from agent_service.options import Form
from agent_service.sessions.instance import LaunchFailed
from agent_service.sessions.orders import SessionOrder
from agent_service.sessions.registry import NoInstances, Registry
from agent_service.sessions.session import EndReason, Session
from agent_service.sessions.tasks import Task, TaskArchive


class Api:
    """Answers the calls: parses requests and leaves the work to sessions."""

    def __init__(
        self,
        registry: Registry,
        account: Account,
        archive: TaskArchive,
        form: Form,
        public_url: str | None,
        *,
        click_offset: int,
    ) -> None:
        self._registry = registry
        self._account = account
        self._archive = archive
        self._form = form
        self._tell = FORMS[form]
        self._public_url = public_url
        self._click_offset = click_offset
        self._repeats = Repeats()

    def routes(self) -> list[web.RouteDef]:
        """The API's addresses."""
        return [
            web.post("/start/start-session", self.start_session),
            web.post("/start/send-message", self.send_message),
            web.post("/start/run-task", self.run_task),
            web.get("/start/health", self.health),
            web.get("/task/{session_id}/{task_id}", self.poll),
        ]

    async def start_session(self, request: web.Request) -> web.Response:
        """Start a session, and its first task if the request has one."""
        order, key = parse_session(await _body(request), self._form), read_key(request)
        session = await self._repeats.once(key, lambda: self._start(request, order, may_ask_again=key is not None))
        balance = float(self._account.balance)
        return web.json_response(answers.session_started(session, self._base(request), balance))

    async def run_task(self, request: web.Request) -> web.Response:
        """Carry out one task in a session of its own."""
        hold = read_hold(request.headers.get("Prefer", ""))
        session = await self._start(request, parse_session(await _body(request), self._form, one_task=True))
        task = session.first_task
        assert task is not None
        request[NOTED]["task"] = task.id
        await task.settled(hold.seconds)
        body = self._tell.new_task(task, self._poll_url(request, task), one_task=True)
        return web.json_response(body, headers=hold.headers)

    async def send_message(self, request: web.Request) -> web.Response:
        """Pass a message to a session; if it is a new task, wait a while for its outcome."""
        hold = read_hold(request.headers.get("Prefer", ""))
        fields = await _body(request)
        request[NOTED]["action"] = action_of(fields.get("message"))
        session_id = Fields(fields).text("sessionId")
        request[NOTED]["session"] = session_id

        async def pass_on() -> Task | None:
            session = self._registry.find(session_id)
            if session is None:
                raise no_session()
            message = parse_message(fields.get("message"), click_offset=self._click_offset)
            return deliver(session, message, self._account)

        task = await self._repeats.once(read_key(request), pass_on)
        if task is None:
            return web.json_response(answers.forwarded())
        request[NOTED]["task"] = task.id
        await task.settled(hold.seconds)
        return web.json_response(self._tell.new_task(task, self._poll_url(request, task)), headers=hold.headers)

    async def poll(self, request: web.Request) -> web.Response:
        """Report the state of a task, even after its session has ended."""
        task = self._archive.find(request.match_info["session_id"], request.match_info["task_id"])
        if task is None:
            raise no_task()
        return web.json_response(self._tell.report(task))

    async def health(self, request: web.Request) -> web.Response:
        """Report that the service runs; this needs no key."""
        return web.json_response(
            {
                "success": True,
                "status": "healthy",
                "instancesAvailable": max(0, self._registry.available),
                "instanceCount": self._registry.max_sessions,
                "extensions": ["respond-async", "idempotency-key"],
                "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            }
        )

    async def _start(self, request: web.Request, order: SessionOrder, *, may_ask_again: bool = False) -> Session:
        require_balance(self._account)
        try:
            session = await self._registry.start(order)
        except (NoInstances, LaunchFailed):
            raise no_instances() from None
        request[NOTED]["session"] = session.id
        if not may_ask_again and (request.transport is None or request.transport.is_closing()):
            # The caller went away while the browser started, so nobody will ever learn this session's id.
            session.end(EndReason.TERMINATED)
        return session

    def _poll_url(self, request: web.Request, task: Task) -> str:
        return f"{self._base(request)}/task/{task.session_id}/{task.id}"

    def _base(self, request: web.Request) -> str:
        return self._public_url or f"{request.scheme}://{request.host}"


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(await request.read())
    except (msgspec.DecodeError, RecursionError, web.RequestPayloadError):
        raise bad_request("The body must be JSON.") from None
    if not isinstance(body, dict):
        raise bad_request("The body must be a JSON object.")
    return body
