"""A site of the test's own for an agent's browser: it tells where it was clicked and which keys it got."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

PAGE = b"""<!doctype html><title>Where was it</title><body style="margin:0">
<input style="position:absolute;left:100px;top:500px;width:300px;height:40px">
<script>
  let before = Promise.resolve();
  const tell = what => before = before.then(() => fetch(`/told?${new URLSearchParams(what)}`));
  for (const name of ['click', 'dblclick']) {
    document.addEventListener(name, ({clientX, clientY}) => tell({name, x: clientX, y: clientY}));
  }
  addEventListener('keydown', ({key}) => tell({name: 'key', key}));
</script>"""


class Site:
    """A page that tells where it was clicked and which keys it got."""

    def __init__(self) -> None:
        self.told: list[dict[str, str]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                if parts.path == "/told":
                    site.told.append({name: value[0] for name, value in parse_qs(parts.query).items()})
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(PAGE)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def points(self, name: str = "click") -> list[tuple[int, int]]:
        return [(int(one["x"]), int(one["y"])) for one in self.told if one["name"] == name]

    def keys(self) -> str:
        return " ".join(one["key"] for one in self.told if one["name"] == "key")
