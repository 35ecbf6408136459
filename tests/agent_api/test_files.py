"""Fetching a result's file over real sockets: from where it may be fetched, and from nowhere else."""

import ipaddress

import pytest

from sessions_app.agent_api import files
from sessions_app.agent_api.files import FileRefused, Source, open_file
from tests.helpers.upstream import Upstream

KEY = "enig_secret_key"


@pytest.fixture
def upstream():
    upstream = Upstream()
    upstream.start()
    yield upstream
    upstream.stop()


@pytest.fixture
def other():
    upstream = Upstream()
    upstream.start()
    yield upstream
    upstream.stop()


def source(upstream) -> Source:
    return Source(upstream.url(""), "system", KEY)


async def fetch(address, source) -> bytes:
    async with open_file(address, source) as body:
        return b"".join([chunk async for chunk in body.chunks()])


async def test_the_connections_own_host_is_asked_with_its_key_even_inside_a_private_network(upstream):
    upstream.answer("/files/a.csv", b"1,2")
    assert await fetch(upstream.url("/files/a.csv?sig=x%2Fy"), source(upstream)) == b"1,2"
    (call,) = upstream.calls
    assert call.path == "/files/a.csv?sig=x%2Fy"
    assert call.headers["Authorization"] == f"Bearer {KEY}"
    assert call.headers["Host"] == f"127.0.0.1:{upstream.port}"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "0x7f000001", "[::ffff:127.0.0.1]", "0.0.0.0"])
async def test_nothing_else_inside_a_private_network_is_asked(upstream, other, host):
    other.answer("/a.csv", b"internal")
    with pytest.raises(FileRefused, match="private network"):
        await fetch(f"http://{host}:{other.port}/a.csv", source(upstream))
    assert other.calls == []


async def test_a_named_host_is_asked_without_the_key(upstream, other, monkeypatch):
    monkeypatch.setattr(files, "is_public", lambda _: True)  # there is no open internet here
    other.answer("/a.csv", b"1,2")
    assert await fetch(f"http://someone:secret@localhost:{other.port}/a.csv", source(upstream)) == b"1,2"
    (call,) = other.calls
    assert "Authorization" not in call.headers
    assert call.headers["Host"] == f"localhost:{other.port}"


async def test_a_redirect_is_followed_on_the_same_host_and_to_the_connections_own(upstream):
    upstream.answer("/one", status=302, Location="/two")
    upstream.answer("/two", b"here")
    assert await fetch(upstream.url("/one"), source(upstream)) == b"here"


@pytest.mark.parametrize("leads_to", ["http://169.254.169.254/latest/meta-data", "http://elsewhere.example/", "//x/"])
async def test_a_redirect_to_another_host_is_refused(upstream, leads_to):
    upstream.answer("/one", status=302, Location=leads_to)
    with pytest.raises(FileRefused, match="leads on to another"):
        await fetch(upstream.url("/one"), source(upstream))


async def test_a_redirect_to_another_port_inside_is_refused(upstream, other):
    other.answer("/", b"internal")
    upstream.answer("/one", status=307, Location=other.url("/"))
    with pytest.raises(FileRefused, match="private network"):
        await fetch(upstream.url("/one"), source(upstream))
    assert other.calls == []


async def test_redirects_end(upstream):
    upstream.answer("/one", status=302, Location="/one")
    with pytest.raises(FileRefused, match="on and on"):
        await fetch(upstream.url("/one"), source(upstream))
    assert len(upstream.calls) == 4


@pytest.mark.parametrize(
    ("status", "words"), [(403, "may have expired"), (404, "no longer has"), (500, "it answered 500")]
)
async def test_a_no_is_put_into_words(upstream, status, words):
    upstream.answer("/a", "<h1>secret</h1>", status=status)
    with pytest.raises(FileRefused, match=words) as refused:
        await fetch(upstream.url("/a"), source(upstream))
    assert "secret" not in str(refused.value)


async def test_a_file_that_is_too_large_is_refused_before_and_while_it_comes(upstream, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 10)
    upstream.answer("/said", b"x" * 11)
    upstream.drip("/unsaid", b"x" * 4, seconds=0.01)
    for path in ("/said", "/unsaid"):
        with pytest.raises(FileRefused, match="larger than"):
            await fetch(upstream.url(path), source(upstream))
    assert upstream.gone.wait(5)


async def test_a_file_that_stops_coming_is_given_up(upstream, monkeypatch):
    monkeypatch.setattr(files, "_SILENCE", 0.2)
    upstream.drip("/a", b"x", seconds=30)
    with pytest.raises(FileRefused, match="cannot be reached"):
        await fetch(upstream.url("/a"), source(upstream))


async def test_a_file_that_never_ends_is_given_up(upstream, monkeypatch):
    monkeypatch.setattr(files, "_WHOLE", 0.2)
    upstream.drip("/a", b"x", seconds=0.02)
    with pytest.raises(FileRefused, match="too long"):
        await fetch(upstream.url("/a"), source(upstream))


@pytest.mark.parametrize("address", ["", "ftp://x/y", "http://", "http://[::1", "http://x:99999/", "/etc/passwd"])
async def test_an_address_that_makes_no_sense_is_refused(upstream, address):
    with pytest.raises(FileRefused):
        await fetch(address, source(upstream))


@pytest.mark.parametrize(
    ("ip", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
    ],
)
def test_which_addresses_are_of_the_open_internet(ip, public):
    assert files.is_public(ipaddress.ip_address(ip)) is public
