"""One Chromium with its own profile for each session; neither leaves anything behind, however it ends."""

from agent_service.browser.agent_browser import HEIGHT, WIDTH, AgentBrowser
from agent_service.browser.chromium import (
    EXTENSION_ID,
    FEATURES_OFF,
    BrowserOptions,
    find_chromium,
    launch,
)
from agent_service.browser.profiles import remove_leftovers

__all__ = [
    "EXTENSION_ID",
    "FEATURES_OFF",
    "HEIGHT",
    "WIDTH",
    "AgentBrowser",
    "BrowserOptions",
    "find_chromium",
    "launch",
    "remove_leftovers",
]
