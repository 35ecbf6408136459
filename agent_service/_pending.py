"""Stands in for parts that have not landed yet; goes away with the last of them."""
# mypy: ignore-errors
# ruff: noqa

try:
    from .streaming import Stream, stream_routes
except ImportError:

    class Stream:
        def __init__(self, browser):
            pass

        async def close(self):
            pass

    def stream_routes(find, *, loopback_only):
        return []


try:
    from .agent.interpreter import Interpreter
except ImportError:
    from playwright.async_api import Error

    class Interpreter:
        def __init__(self, shop_url):
            self.shop_url = shop_url

        async def run(self, run):
            await run.say(f"I look at the page for: {run.prompt}")
            title = await run.act("read_page", "the title", run.page.title)
            run.has_read(len(title))
            if "sign in" in run.prompt.lower():
                await run.ask("human_input_needed", "Which account should I use?")
            return f"The page's title is {title}."
