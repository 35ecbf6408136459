"""The docs keep up with the code."""

import re
from pathlib import Path

import pytest

from agent_service.options import parse_options

ROOT = Path(__file__).resolve().parents[1]
DOCS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def table_names(path: Path) -> set[str]:
    """The names in the first column of a document's tables."""
    return set(re.findall(r"^\| `(?:--)?([A-Za-z_-]+)", path.read_text(), flags=re.MULTILINE))


def test_every_setting_is_documented_and_nothing_else_is():
    code = (ROOT / "dashboard/env.py").read_text()
    read = set(re.findall(r'(?:get\(\s*|values\.get\(\s*)"([A-Z_]+)"', code))
    assert table_names(ROOT / "docs/configuration.md") == read


def test_every_option_of_the_agent_service_is_documented(capsys):
    with pytest.raises(SystemExit):
        parse_options(["--help"], {})
    told = set(re.findall(r"^  (--[\w-]+)|\[([A-Z_]+)\]", capsys.readouterr().out, flags=re.MULTILINE))
    names = {flag or variable for flag, variable in told}
    text = (ROOT / "docs/agent-service.md").read_text()
    assert {"--max-sessions", "AGENT_SERVICE_MAX_SESSIONS"} <= names
    assert {name for name in names if name not in text} == set()


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path):
    targets = re.findall(r"\]\(([^)#]+)", path.read_text())
    local = [target for target in targets if not re.match(r"[a-z]+:", target)]
    assert [target for target in local if not (path.parent / target).exists()] == []


def test_every_decision_is_listed():
    records = {path.name for path in (ROOT / "docs/decisions").glob("0*.md")}
    assert set(re.findall(r"\((0[^)]+\.md)\)", (ROOT / "docs/decisions/README.md").read_text())) == records
