"""The service's REST calls. Nothing here is sent twice: whether to ask again is the caller's decision."""

import asyncio
import json
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from sessions_app.agent_api.errors import NotReached, OutcomeUnknown, refusal
from sessions_app.agent_api.raw import clean
from sessions_app.agent_api.readers import read_report, read_started, read_task_answer
from sessions_app.agent_api.tls import ssl_context
from sessions_app.agent_api.types import Started, TaskAnswer, TaskReport
from sessions_app.agent_api.values import mapping, text
from sessions_app.enums import Dialect

_CONNECT = 5.0
_NOTHING_WAS_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)


@dataclass(frozen=True)
class TimeOuts:
    """Seconds an answer may take."""

    short: float = 10.0
    start: float = 60.0
    #: A new task's answer is held back up to 50 s.
    held: float = 60.0


@dataclass(frozen=True)
class TaskRequest:
    """One task as it goes over the wire; None leaves a field to the service's default. Durations in ms."""

    prompt: str
    starting_url: str | None = None
    max_duration: int | None = None
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    avoid_domains: tuple[str, ...] = ()
    terminate_on_completion: bool = False


class AgentApi:
    """One key at one service."""

    def __init__(
        self,
        open_http: Callable[[], httpx.AsyncClient],
        *,
        base_url: str,
        api_key: str,
        dialect: Dialect,
        time_outs: TimeOuts | None = None,
    ) -> None:
        self._open_http = open_http
        self._opening: asyncio.Future[httpx.AsyncClient] | None = None
        self._base_url = base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {api_key}"}
        self._dialect = dialect
        self._time_outs = time_outs or TimeOuts()
        self._extensions: frozenset[str] | None = None

    async def aclose(self) -> None:
        if self._opening:
            with suppress(NotReached):
                await (await self._opening).aclose()

    async def _http(self) -> httpx.AsyncClient:
        """Open once, off the loop. Raises NotReached where a pinned certificate cannot be read; the next call tries."""
        opening = self._opening = self._opening or asyncio.ensure_future(asyncio.to_thread(self._open_http))
        try:
            return await asyncio.shield(opening)
        except NotReached:
            if self._opening is opening:
                self._opening = None
            raise

    async def repeats_safely(self) -> bool | None:
        """Whether the service does a call with a known Idempotency-Key only once, so that it may be sent again.

        An extension of our own service, named in its health answer; one that says nothing of it has it not. None
        where the service cannot be asked just now.
        """
        if self._extensions is None:
            try:
                http = await self._http()
                response = await http.get(f"{self._base_url}/start/health", timeout=self._time_outs.short)
            except (httpx.HTTPError, NotReached):
                return None
            if response.status_code == 429 or response.is_server_error:
                return None
            said = _body(response).get("extensions")
            self._extensions = frozenset(text(name) for name in said) if isinstance(said, list) else frozenset()
        return "idempotency-key" in self._extensions

    async def start_session(self, request: TaskRequest, *, key: str, mode: str = "default") -> Started:
        body = await self._post(
            "/start/start-session",
            self._start_body(request, mode),
            time_out=self._time_outs.start,
            headers={"Idempotency-Key": f'"{key}"'},
        )
        started = read_started(body)
        if started is None:
            raise OutcomeUnknown("The service's answer names no session.")
        return started

    async def send_task(self, session_id: str, request: TaskRequest, *, key: str) -> TaskAnswer:
        """Send a task; a service that knows `Prefer` answers at once, another holds the answer up to 50 s."""
        body = await self._send(
            session_id,
            {"actionType": "newTask", "newState": "start", **self._task_fields(request)},
            time_out=self._time_outs.held,
            headers={"Prefer": "respond-async", "Idempotency-Key": f'"{key}"'},
        )
        answer = read_task_answer(body)
        if answer is None:
            raise OutcomeUnknown("The service's answer names no task.")
        return answer

    async def send_state(self, session_id: str, new_state: str) -> None:
        await self._send(session_id, state_message(new_state))

    async def send_guardrail(self, session_id: str, answer: str, *, resume: bool) -> None:
        await self._send(session_id, guardrail_message(answer, resume=resume, dialect=self._dialect))

    async def send_interaction(self, session_id: str, message: dict[str, Any]) -> None:
        """Send one of `agent_api/interactions.py`."""
        await self._send(session_id, message)

    async def poll(self, session_id: str, task_id: str) -> TaskReport | None:
        """What the service says of the task now; None where its answer cannot be read. Raises NotFound for 404."""
        url = f"{self._base_url}/task/{quote(session_id, safe='')}/{quote(task_id, safe='')}"
        return read_report(await self._exchange("GET", url, time_out=self._time_outs.short))

    async def _send(
        self,
        session_id: str,
        message: dict[str, Any],
        *,
        time_out: float | None = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        payload = {"sessionId": session_id, "message": message}
        return await self._post(
            "/start/send-message", payload, time_out=time_out or self._time_outs.short, headers=headers
        )

    async def _post(
        self, path: str, payload: dict[str, Any], *, time_out: float, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        body = await self._exchange(
            "POST", self._base_url + path, time_out=time_out, json=payload, headers=headers or {}
        )
        if not body:
            raise OutcomeUnknown("The service's answer could not be read.")
        return body

    async def _exchange(
        self, method: str, url: str, *, time_out: float, headers: dict[str, str] | None = None, **content: Any
    ) -> dict[str, Any]:
        """The answer's body, empty where it cannot be read."""
        http = await self._http()
        try:
            request = http.build_request(
                method,
                url,
                headers=self._headers | (headers or {}),
                timeout=httpx.Timeout(time_out, connect=_CONNECT),
                **content,
            )
        except Exception as error:
            raise NotReached(
                "The request cannot be written: the key, the address or a text does not allow it."
            ) from error
        try:
            # The library's time-outs are for each piece of an answer: one that trickles in would never end.
            async with asyncio.timeout(time_out + _CONNECT):
                response = await http.send(request)
        except _NOTHING_WAS_SENT as error:
            raise NotReached("The agent service cannot be reached.") from error
        except (httpx.TimeoutException, TimeoutError) as error:
            raise OutcomeUnknown("The agent service did not answer in time.") from error
        except httpx.HTTPError as error:
            raise OutcomeUnknown("The connection broke before the whole answer was there.") from error
        body = _body(response)
        _raise_for_refusal(response, body)
        return body

    def _start_body(self, request: TaskRequest, mode: str) -> dict[str, Any]:
        fields = self._task_fields(request)
        if self._dialect is Dialect.WEBRUN:
            fields.pop("avoidDomains", None)
            return {"task": fields, "mode": mode}
        return {**fields, "mode": mode}

    def _task_fields(self, request: TaskRequest) -> dict[str, Any]:
        prompt = "prompt" if self._dialect is Dialect.WEBRUN else "taskDetails"
        fields = {
            prompt: request.prompt,
            "startingUrl": request.starting_url,
            "maxDuration": request.max_duration,
            "maxInputTokens": request.max_input_tokens,
            "maxOutputTokens": request.max_output_tokens,
            "avoidDomains": list(request.avoid_domains) or None,
            "terminateOnCompletion": request.terminate_on_completion or None,
        }
        return {name: value for name, value in fields.items() if value is not None}


def open_api(
    *, base_url: str, api_key: str, dialect: Dialect, verify: str, time_outs: TimeOuts | None = None
) -> AgentApi:
    """Make a client to be kept: a TLS handshake per poll would cost more than the poll. Its first call connects."""

    def open_http() -> httpx.AsyncClient:
        return httpx.AsyncClient(
            verify=ssl_context(base_url, verify),
            timeout=httpx.Timeout(TimeOuts.short, connect=_CONNECT),
            # Many servers close an idle connection after 5 s: a call sent just then would have an unknown outcome.
            limits=httpx.Limits(max_connections=200, max_keepalive_connections=50, keepalive_expiry=3.0),
            follow_redirects=False,
            trust_env=False,
        )

    return AgentApi(open_http, base_url=base_url, api_key=api_key, dialect=dialect, time_outs=time_outs)


def state_message(new_state: str) -> dict[str, Any]:
    return {"actionType": "state", "newState": new_state}


def guardrail_message(answer: str, *, resume: bool, dialect: Dialect) -> dict[str, Any]:
    prompt = "prompt" if dialect is Dialect.WEBRUN else "taskDetails"
    return {"actionType": "guardrail", prompt: answer, "newState": "resume" if resume else "stop"}


def _body(response: httpx.Response) -> dict[str, Any]:
    try:
        return dict(mapping(clean(json.loads(response.content))))
    except (ValueError, RecursionError):
        return {}


def _raise_for_refusal(response: httpx.Response, body: dict[str, Any]) -> None:
    # A failed task's report is {"success": false, "status": "failed", …} with 200: an answer, not a refusal.
    if response.is_success and (body.get("success") is not False or body.get("status")):
        return
    message = text(body.get("message")) or text(body.get("error")) or f"The service answered {response.status_code}."
    raise refusal(
        response.status_code if not response.is_success else 400,
        message[:500],
        text(body.get("code")),
        retry_after=_retry_after(response),
    )


def _retry_after(response: httpx.Response) -> float:
    try:
        seconds = float(response.headers["Retry-After"])
    except (KeyError, ValueError):
        return 60.0
    return min(max(seconds, 1.0), 300.0) if math.isfinite(seconds) and seconds >= 0 else 60.0
