"""A session's page as a browser has it: loaded, then changed by what the server pushes, as `live.js` does it."""

import lxml.html
from lxml import etree

from sessions_app.live.fragments import SESSION_PARTS

#: Made anew with every rendering, and right in each.
_RENDERED_ANEW = ("csrfmiddlewaretoken", "key")


class LivePage:
    """Parts, rows and regions of one loaded page."""

    def __init__(self, client, session) -> None:
        self._client = client
        self.root = lxml.html.fromstring(client.get(f"/sessions/{session.pk}/").content.decode())
        self.seq = int(self.root.xpath("//main/@data-live-seq")[0])

    def apply(self, batch: dict) -> None:
        """What `live.js` does with a batch."""
        assert batch["after"] <= self.seq, "a gap"
        for row in _parse(batch["rows"]):
            if int(row.get("data-seq")) > self.seq:
                self._by_id("timeline").append(row)
        self.seq = max(self.seq, batch["seq"])
        for name, html in batch["parts"].items():
            _replace(self._by_id(name), _parse(html)[0])
        for name, version in batch["versions"].items():
            region = self._by_id(name)
            if region.get("data-version") != version:
                fresh = _parse(self._client.get(region.get("data-live-url")).content.decode())[0]
                assert fresh.get("data-version") == version
                _replace(region, fresh)

    def shown(self) -> dict[str, str]:
        """Everything that may change while the page stands, region by region, in one way of writing."""
        names = [part.get("id") for part in self.root.xpath("//*[@data-live-region]")]
        names += SESSION_PARTS
        regions = {name: _plain(self._by_id(name)) for name in names}
        rows = {f"row {row.get('data-seq')}": _plain(row) for row in self.root.xpath("//li[@data-seq]")}
        return {**regions, **rows, "rows": " ".join(rows)}

    def _by_id(self, name: str):
        (element,) = self.root.xpath("//*[@id=$name]", name=name)
        return element


def _parse(html: str) -> list:
    return lxml.html.fragments_fromstring(html, no_leading_text=True) if html.strip() else []


def _replace(old, fresh) -> None:
    fresh.tail = old.tail
    old.getparent().replace(old, fresh)


def _plain(element) -> str:
    copy = lxml.html.fromstring(etree.tostring(element, with_tail=False))
    for name in _RENDERED_ANEW:
        for field in copy.xpath(f"//input[@name='{name}']"):
            field.set("value", "")
    return " ".join(etree.tostring(copy, method="c14n").decode().split())
