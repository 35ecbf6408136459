"""Turns a browser's errors into sentences that people can read."""

import re
from urllib.parse import urlsplit

from playwright.async_api import Error
from playwright.async_api import TimeoutError as PlaywrightTimeout

from agent_service.agent.interface import TaskFailed

REASONS = {
    "ERR_NAME_NOT_RESOLVED": "its name could not be found",
    "ERR_INTERNET_DISCONNECTED": "there is no network",
    "ERR_CONNECTION_REFUSED": "nothing answers there",
    "ERR_CONNECTION_RESET": "the connection was cut",
    "ERR_CONNECTION_CLOSED": "the connection was cut",
    "ERR_CONNECTION_TIMED_OUT": "it did not answer in time",
    "ERR_TIMED_OUT": "it did not answer in time",
    "ERR_ADDRESS_UNREACHABLE": "the network does not lead there",
    "ERR_EMPTY_RESPONSE": "it answered with nothing",
    "ERR_TOO_MANY_REDIRECTS": "it redirects in circles",
    "ERR_PROXY_CONNECTION_FAILED": "the proxy does not answer",
    "ERR_TUNNEL_CONNECTION_FAILED": "the proxy refused the way there",
}
BLOCKED = ("ERR_BLOCKED_BY_CLIENT", "ERR_BLOCKED_BY_ADMINISTRATOR")
INTERRUPTED = re.compile(r"interrupted by another navigation|ERR_ABORTED")
GONE = re.compile(r"crash|has been closed|Target closed|browser.*disconnected", re.IGNORECASE)


class Interrupted(TaskFailed):
    """Loading an address was broken off; most often another page took its place."""


def could_not_open(address: str, error: Error | TimeoutError) -> TaskFailed:
    site = urlsplit(address).netloc or address
    text = str(error)
    if GONE.search(text):
        return page_gone()
    if any(code in text for code in BLOCKED):
        return TaskFailed(
            f"{site} is one of the sites this task must avoid, so I did not open it.", code="INVALID_PARAMETER"
        )
    if "ERR_ACCESS_DENIED" in text:
        return closed_to_agents(site)
    if isinstance(error, TimeoutError | PlaywrightTimeout):
        return TaskFailed(f"{site} could not be reached: it did not answer in time.", code="NAVIGATION_TIMEOUT")
    if INTERRUPTED.search(text):
        return Interrupted(f"{site} could not be reached: loading it was broken off.", code="NAVIGATION_TIMEOUT")
    if "invalid URL" in text or "ERR_INVALID_URL" in text:
        return TaskFailed(f"“{address}” is not an address I can open.", code="INVALID_PARAMETER")
    return TaskFailed(f"{site} could not be reached: {reason(text)}.", code="NAVIGATION_TIMEOUT")


def closed_to_agents(site: str) -> TaskFailed:
    return TaskFailed(f"{site} is closed to agents here: only public web addresses are open.", code="INVALID_PARAMETER")


def reason(text: str) -> str:
    code = re.search(r"ERR_[A-Z_]+", text)
    if code is None:
        return "the browser could not open it"
    if "CERT" in code[0] or "SSL" in code[0]:
        return "its certificate is not trusted"
    return REASONS.get(code[0], f"the browser says {code[0]}")


def could_not_do(what: str, error: Error | TimeoutError) -> TaskFailed:
    if GONE.search(str(error)):
        return page_gone()
    if "intercepts pointer events" in str(error):
        return TaskFailed(f"I could not {what}: something on the page covers it.")
    if isinstance(error, TimeoutError | PlaywrightTimeout):
        return TaskFailed(f"I could not {what}: the page did not react in time.")
    return TaskFailed(f"I could not {what}: the page changed under my hands.")


def page_gone() -> TaskFailed:
    return TaskFailed("The page crashed or was closed.", code="PAGE_CRASH")
