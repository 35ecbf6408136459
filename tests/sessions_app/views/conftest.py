"""Reading an answer as a person would: by what it is called and what it says."""

import re

import lxml.html
import pytest


def words(element) -> str:
    """The text, with a space wherever one element ends and the next begins."""
    text = re.sub(r"\s+", " ", " ".join(element.itertext())).strip()
    return re.sub(r" (?=[.,:)])|(?<=\() ", "", text)


class Page:
    def __init__(self, response) -> None:
        self.status = response.status_code
        self.root = lxml.html.fromstring(response.content.decode())

    def all(self, path: str) -> list:
        return self.root.xpath(f"//{path}")

    def one(self, path: str):
        (found,) = self.all(path)
        return found

    def says(self, path: str) -> str:
        return words(self.one(path))

    def each(self, path: str) -> list[str]:
        return [words(found) for found in self.all(path)]

    def part(self, element_id: str) -> str:
        return self.says(f"*[@id='{element_id}']")

    def alerts(self) -> list[str]:
        return [said for said in self.each("*[@role='alert']") if said]

    def buttons(self) -> dict[str, bool]:
        """Each button's words, and whether it can be pressed."""
        usable = {}
        for button in self.all("main//button"):
            label = words(button).removesuffix(words(button.find("kbd")) if button.find("kbd") is not None else "")
            usable[label.strip()] = "disabled" not in button.attrib
        return usable

    def box(self, name: str):
        """What stands in the box of this name."""
        box = self.one(f"*[@name='{name}' and not(@type='hidden')]")
        if box.tag == "textarea":
            return (box.text or "").removeprefix("\n")
        return "checked" in box.attrib if box.get("type") == "checkbox" else box.get("value", "")

    def error_at(self, name: str) -> list[str]:
        """What is said at the box, tied to it for those who hear the page."""
        box = self.one(f"*[@name='{name}']")
        assert box.get("aria-invalid") == "true"
        (error_id,) = [one for one in box.get("aria-describedby").split() if one.endswith("_error")]
        return self.each(f"*[@id='{error_id}']/li")


@pytest.fixture
def read():
    return Page
