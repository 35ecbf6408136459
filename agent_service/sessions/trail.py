"""Reports where a person goes in the agent's browser while they have control of it."""

from collections.abc import Callable

from playwright.async_api import Frame, Page

from agent_service.browser import AgentBrowser

_LONGEST = 8_000  # characters; a page can make its address as long as it likes


class Trail:
    """Reports each address of the visible page from a takeover to its release, never the same one twice in a row."""

    def __init__(self, browser: Callable[[], AgentBrowser], tell: Callable[[str], None]) -> None:
        self._browser = browser
        self._tell = tell
        self._followed: AgentBrowser | None = None
        self._page: Page | None = None
        self._told = ""

    def begin(self) -> None:
        """Start reporting; calling it again does no harm."""
        browser = self._browser()
        if self._followed is browser:
            return
        self.end()
        self._followed = browser
        browser.page_listeners.add(self._follow)
        self._follow()

    def end(self) -> None:
        """Stop reporting; idempotent."""
        if self._followed:
            self._followed.page_listeners.discard(self._follow)
        if self._page:
            self._page.remove_listener("framenavigated", self._moved)
        self._followed = self._page = None
        self._told = ""

    def _follow(self) -> None:
        if self._page:
            self._page.remove_listener("framenavigated", self._moved)
        if self._followed:
            self._page = self._followed.page
            self._page.on("framenavigated", self._moved)
            self._say(self._page.url)

    def _moved(self, frame: Frame) -> None:
        if frame.parent_frame is None:
            self._say(frame.url)

    def _say(self, url: str) -> None:
        if url.startswith(("http:", "https:")) and url != self._told:
            self._told = url
            self._tell(url[:_LONGEST])
