"""What agents may reach: tried by real pages against real servers that must never hear of it."""

import asyncio
import socket
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_network
from pathlib import Path

import psutil
import pytest
from aiohttp import web
from playwright.async_api import Error as PlaywrightError

from agent_service.browser.targets import Targets
from tests.agent_service.stream_helpers import agent_browser, processes_on, serving

REFUSED = [
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254"),
    *("168.63.129.16", "100.100.100.200", "192.0.0.192", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::1", "::", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "fe80::1", "fd00:ec2::254", "fec0::1"),
    *("ff02::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:db8::1", "2001::1", "fe80::1%lo"),
]


@pytest.mark.parametrize("address", REFUSED)
def test_what_is_not_public_is_refused(address):
    assert not Targets().allows(address, 80)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_are_allowed_in_every_form(address):
    assert Targets().allows(address, 80)


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "fd00::7"])
def test_a_setting_allows_networks(address):
    assert Targets((ip_network("10.0.0.0/8"), ip_network("fd00::/8"))).allows(address, 80)


def test_the_machines_own_addresses_are_refused_although_public(monkeypatch):
    monkeypatch.setattr("agent_service.browser.targets._is_public", lambda _: True)
    assert not Targets().allows("127.0.0.1", 80)


def test_ports_of_the_service_stay_closed_within_allowed_networks():
    targets = Targets((ip_network("0.0.0.0/0"),), closed_ports=frozenset({8100}))
    assert targets.allows("127.0.0.1", 8101)
    assert not targets.allows("127.0.0.1", 8100)
    assert targets.allows("10.1.2.3", 8100)


class Victim:
    """Servers on loopback that nobody shall reach: HTTP at every address of the family, and a UDP port."""

    def __init__(self) -> None:
        self.reached: list[object] = []
        self.port = self.udp = 0


@asynccontextmanager
async def a_victim():
    victim = Victim()

    class Datagrams(asyncio.DatagramProtocol):
        def datagram_received(self, data, addr):
            victim.reached.append("udp")

    def connected(_, writer):
        victim.reached.append("tcp")
        writer.close()

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Datagrams, local_addr=("127.0.0.1", 0))
    victim.udp = transport.get_extra_info("sockname")[1]
    listener = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    async with await asyncio.start_server(connected, sock=listener) as server:
        victim.port = server.sockets[0].getsockname()[1]
        try:
            yield victim
        finally:
            transport.close()


@asynccontextmanager
async def a_site(victim):
    """A site whose pages try everything to reach the victim; named localhost, it may use what needs a safe origin."""

    async def answer(request: web.Request) -> web.Response:
        if request.path.startswith("/redirect/"):
            raise web.HTTPFound(f"http://{request.path.removeprefix('/redirect/')}:{victim.port}/")
        if request.path == "/worker.js":
            text, kind = f"{TRY}attempt('http://127.0.0.1:{victim.port}/')", "text/javascript"
        else:
            text, kind = PAGE, "text/html"
        text = text.replace("$TCP", str(victim.port)).replace("$UDP", str(victim.udp))
        return web.Response(text=text, content_type=kind)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with serving(app) as origin:
        place = ("127.0.0.1", int(origin.rpartition(":")[2]))
        yield {("localhost", 80): place, ("site.test", 80): place}


async def outcome(page, url: str) -> str:
    """The network error's name, or "" where the page came."""
    try:
        await page.goto(url)
    except PlaywrightError as error:
        with suppress(PlaywrightError):  # the browser's own page about it would break off what is opened next
            await page.wait_for_url("chrome-error://chromewebdata/", wait_until="commit", timeout=2000)
        return error.message.partition("net::")[2].split()[0]
    return ""


async def test_no_page_and_no_address_leads_to_the_machine_itself(tmp_path, driver):
    async with (
        a_victim() as victim,
        a_site(victim) as places,
        agent_browser(driver, tmp_path, targets=Targets(places=places)) as browser,
    ):
        page = browser.page
        hosts = ("127.0.0.1", "localhost", "a.localhost", "2130706433", "0x7f.1", "0", "[::1]", "[::ffff:7f00:1]")
        addresses = [f"http://{host}:{victim.port}/" for host in hosts]
        addresses += [f"http://site.test/redirect/{host}" for host in ("127.0.0.1", "localhost", "[::1]")]
        addresses += ["http://169.254.169.254/latest/", "http://10.0.0.1/", "https://192.168.0.1/"]
        addresses += ["file:///etc/passwd", "view-source:file:///etc/passwd"]
        found = {address: await outcome(page, address) for address in addresses}
        unresolved = {address for address in found if "a.localhost" in address and "NAME" in found[address]}
        assert {error for address, error in found.items() if address not in unresolved} == {"ERR_ACCESS_DENIED"}
        page = await browser.context.new_page()
        assert await outcome(page, "http://localhost/") == ""
        await page.wait_for_function("window.tried")
        assert await page.evaluate("window.tried") == dict.fromkeys(TRIED, "failed")
        assert victim.reached == []


async def test_a_name_that_changes_its_mind_is_checked_where_the_connection_is_made(tmp_path, driver):
    answers = ["127.0.0.2", "127.0.0.1"]
    hosts: list[str] = []

    async def look_up(host, port):
        if host != "rebinding.test":
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        address = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    async def answer(request: web.Request) -> web.Response:
        hosts.append(request.transport.get_extra_info("sockname")[0])
        return web.Response(text="here", headers={"Connection": "close"})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "0.0.0.0", 0).start()
    address = f"http://rebinding.test:{runner.addresses[0][1]}/"
    targets = Targets((ip_network("127.0.0.2/32"),), look_up=look_up)
    async with agent_browser(driver, tmp_path, targets=targets) as browser:
        found = [await outcome(browser.page, address) for _ in range(3)]
    await runner.cleanup()
    assert found[-1] == "ERR_ACCESS_DENIED"
    assert set(hosts) == {"127.0.0.2"}


async def test_why_an_address_cannot_be_opened_is_told_as_without_a_proxy(tmp_path, driver):
    async def look_up(host, port):
        if host != "127.0.0.1":
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]

    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    targets = Targets((ip_network("127.0.0.1"),), look_up=look_up)
    async with agent_browser(driver, tmp_path, targets=targets) as browser:
        assert await outcome(browser.page, "http://unknown.invalid/") == "ERR_NAME_NOT_RESOLVED"
        assert await outcome(browser.page, f"http://127.0.0.1:{port}/") == "ERR_CONNECTION_REFUSED"
        assert await outcome(browser.page, f"https://127.0.0.1:{port}/") == "ERR_CONNECTION_REFUSED"


async def test_a_browser_listens_nowhere_and_knows_no_secret(tmp_path, driver, monkeypatch):
    monkeypatch.setenv("AGENT_SERVICE_KEY", "of-the-service")
    monkeypatch.setenv("AGENT_MODEL_KEY", "of-the-model")
    async with agent_browser(driver, tmp_path):
        family = processes_on(tmp_path)
        listening = [c for process in family for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
        assert listening == []
        assert not [process for process in family if b"of-the-" in environment(process)]


async def test_a_download_is_not_kept(tmp_path, driver):
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/file":
            headers = {"Content-Disposition": "attachment; filename=big.bin"}
            return web.Response(body=b"0123456789" * 1_000_000, headers=headers)
        return web.Response(text="<a href=/file>fetch</a>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with serving(app) as origin:
        places = {("site.test", 80): ("127.0.0.1", int(origin.rpartition(":")[2]))}
        async with agent_browser(driver, tmp_path, targets=Targets(places=places)) as browser:
            await browser.page.goto("http://site.test/")
            async with browser.page.expect_download() as starting:
                await browser.page.click("a")
            assert await (await starting.value).failure() is not None
            kept = [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size >= 10_000_000]
            assert kept == []
            assert await browser.page.text_content("a") == "fetch"


def environment(process: psutil.Process) -> bytes:
    try:
        return Path(f"/proc/{process.pid}/environ").read_bytes()
    except OSError:
        return b""


TRY = """
const attempt = (address, how) => fetch(address, { mode: "no-cors", ...how });
"""
TRIED = ("event source", "fetch", "form", "frame", "image", "service worker", "socket", "stun", "transport", "worker")
PAGE = f"""<!doctype html><iframe name=target></iframe><script>{TRY}
const victim = "127.0.0.1:$TCP", tried = {{}};
const ended = (name, promise) => promise.then(() => "reached", () => "failed").then((how) => {{ tried[name] = how; }});
const event = (target, good, bad) => new Promise((yes, no) => {{
  target.addEventListener(good, yes); target.addEventListener(bad, no);
}});
const image = () => {{
  const image = Object.assign(new Image(), {{ src: `http://${{victim}}/image` }});
  return event(image, "load", "error");
}};
const code = URL.createObjectURL(new Blob([`fetch("http://${{victim}}/", {{mode: "no-cors"}})
  .then(() => postMessage(true), () => postMessage(false))`]));
const worked = async () => {{
  const {{ data }} = await event(new Worker(code), "message", "error");
  if (!data) throw new Error();
}};
const peers = () => {{
  const urls = ["stun:127.0.0.1:$UDP", `turn:${{victim}}?transport=tcp`, `turns:${{victim}}?transport=tcp`];
  const iceServers = urls.map((url) => ({{ urls: url, username: "a", credential: "b" }}));
  const peer = new RTCPeerConnection({{ iceServers }});
  peer.createDataChannel("x");
  peer.setLocalDescription();
  return new Promise((_, no) => {{
    peer.addEventListener("icegatheringstatechange", () => peer.iceGatheringState === "complete" && no());
  }});
}};
const loads = (path) => {{
  const frame = Object.assign(document.createElement("iframe"), {{ src: path }});
  document.body.append(frame);
  return new Promise((yes, no) => frame.addEventListener("load", () => {{
    // A page of ours could be looked into; what shows instead is the browser's own page about the failure.
    frame.contentDocument ? yes() : no();
  }}));
}};
const posted = () => {{
  const form = Object.assign(document.createElement("form"), {{ action: `http://${{victim}}/form`, method: "post" }});
  form.target = "target";
  document.body.append(form);
  form.submit();
  return event(document.querySelector("iframe"), "never", "load");
}};
onload = () => Promise.all([
  ended("fetch", attempt(`http://${{victim}}/fetch`)),
  ended("image", image()),
  ended("frame", loads("http://site.test/redirect/127.0.0.1")),
  ended("form", posted()),
  ended("socket", event(new WebSocket(`ws://${{victim}}/`), "open", "error")),
  ended("event source", event(new EventSource(`http://${{victim}}/`), "open", "error")),
  ended("worker", worked()),
  ended("service worker", navigator.serviceWorker.register("/worker.js").then(() => attempt(`http://${{victim}}/sw`))),
  ended("transport", new WebTransport("https://127.0.0.1:$UDP/").ready),
  ended("stun", peers()),
]).then(() => {{ window.tried = tried; }});
</script>"""
