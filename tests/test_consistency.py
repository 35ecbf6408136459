"""What no single test sees: files nobody uses, markup the security policy forbids, colours nobody can read."""

import ast
import re
from itertools import product
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
STATIC = sorted(path for path in (ROOT / "static").rglob("*") if path.is_file())
STYLES = [path for path in STATIC if path.suffix == ".css"]
SCRIPTS = [path for path in STATIC if path.suffix == ".js"]
#: What views share, with no view in it.
SHARED_BY_VIEWS = {"__init__.py", "contexts.py", "downloads.py"}
VIEWS = sorted(path for path in (ROOT / "sessions_app" / "views").glob("*.py") if path.name not in SHARED_BY_VIEWS)
#: Looked for by Django itself.
BY_NAME = {"400.html", "403.html", "403_csrf.html", "404.html", "500.html"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT / path.relative_to(ROOT).parts[0]).as_posix()


def each(paths):
    return pytest.mark.parametrize("path", paths, ids=name_of)


def all_text(*paths: Path) -> str:
    return "\n".join(path.read_text() for path in paths)


def test_the_conformance_suite_knows_nothing_of_what_it_checks():
    code = all_text(*(ROOT / "tests" / "conformance").glob("*.py"))
    imported = set(re.findall(r"^\s*(?:from|import) ([\w.]+)", code, re.MULTILINE))
    ours = {name for name in imported if name.startswith(("agent_service", "sessions_app", "dashboard", "tests"))}
    assert {name for name in ours if not name.startswith("tests.conformance.")} == set()


def test_every_template_is_used():
    code = all_text(*(ROOT / "sessions_app").rglob("*.py"), *(ROOT / "dashboard").rglob("*.py"), *TEMPLATES)
    used = set(re.findall(r"[\"']([\w/]+\.html)(?:#[\w-]+)?[\"']", code))
    assert {name_of(path) for path in TEMPLATES} - used - BY_NAME == set()


def test_every_static_file_is_used():
    used = set(re.findall(r"static '([^']+)'", all_text(*TEMPLATES)))
    used |= {f"js/{name}" for name in re.findall(r"(?:from|import\()\s*\"\./([\w./-]+)\"", all_text(*SCRIPTS))}
    assert {name_of(path) for path in STATIC} - used == set()


def test_every_partial_is_used():
    defined = set(re.findall(r"{% partialdef ([\w-]+)", all_text(*TEMPLATES)))
    code = all_text(*(ROOT / "sessions_app").rglob("*.py"))
    used = set(re.findall(r"{% partial ([\w-]+)", all_text(*TEMPLATES))) | set(re.findall(r"\.html#([\w-]+)", code))
    assert defined == used


@each(TEMPLATES)
def test_a_template_has_nothing_that_the_security_policy_forbids(path):
    text = path.read_text()
    assert (
        re.findall(r"<script(?![^>]*\bsrc=)[^>]*>|<style\b|\sstyle=|\son\w+=|javascript:|\shx-(?:on|vals)\b", text)
        == []
    )
    assert re.findall(r"(?:src|href|action)=\"https?://", text) == []


@each(TEMPLATES)
def test_a_template_stays_small_and_loads_what_it_uses(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 130
    assert max(map(len, text.splitlines())) <= 210
    sign = {
        "static": r"{% static ",
        "partials": r"{% partial",
        "django_htmx": r"{% htmx_script",
        "watchfloor": r"\|(?:money|usd|count|seconds|milliseconds|total_tokens|as_json|field|excerpt|marked|row_label)"
        r"\b",
        "timeline": r"\|timeline_row\b",
        "moments": r"\|(?:clock|day_and_clock|countdown|due|since)\b",
    }
    loaded = {name for names in re.findall(r"{% load ([^%]+) %}", text) for name in names.split()}
    assert loaded == {library for library, pattern in sign.items() if re.search(pattern, text)}


@each(TEMPLATES)
def test_a_form_that_changes_something_is_protected_and_sent_once(path):
    for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", path.read_text(), flags=re.DOTALL):
        assert "{% csrf_token %}" in form
        if not re.search(r"url '(sign-in|sign-out|theme|shortcuts|alerts)'", form):
            assert 'name="key"' in form


@each(TEMPLATES)
def test_a_template_labels_what_it_shows_in_pictures(path):
    for svg in re.findall(r"<svg[^>]*>", path.read_text()):
        assert 'aria-hidden="true"' in svg


@each(STYLES)
def test_a_style_sheet_is_small_and_takes_its_colours_from_the_tokens(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 200
    if path.name != "tokens.css":
        assert re.findall(r"#[0-9a-f]{3,8}\b(?=[^{]*;)|\brgba?\(|\bhsl\(", text) == []


def test_every_class_in_the_style_sheets_is_used():
    styled = set(
        re.findall(r"\.([a-z][\w-]*)(?=[^{}]*{)", re.sub(r"/\*.*?\*/|\d\.\d|\[[^]]*\]", "", all_text(*STYLES)))
    )
    pages = all_text(*TEMPLATES, *SCRIPTS)
    made_by_others = {"errorlist", "htmx-request"}
    assert {name for name in styled if not re.search(rf"[\"' ]{name}[\"' {{]", pages)} == made_by_others


def test_every_token_is_used():
    text = all_text(*STYLES)
    assert {name for name in re.findall(r"^  (--[\w-]+):", text, re.MULTILINE) if f"var({name})" not in text} == set()


# -- what the colours must bear (WCAG 2.2, AA) --------------------------------------------------------------------


def tokens() -> dict[str, tuple[str, str]]:
    """Each colour token, light and dark."""
    text = (ROOT / "static" / "css" / "tokens.css").read_text()
    pairs = re.findall(r"(--[\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", text)
    return {name: (light, dark) for name, light, dark in pairs}


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


SURFACES = ("--ground", "--surface", "--raised")
INKS = ("--ink", "--muted", "--hint", "--live", "--needs", "--alarm", "--held", "--accent")
TINTED = [(f"--{tone}", f"--{tone}-ground") for tone in ("live", "needs", "alarm", "held")]
ON_TINTED = product(("--ink", "--muted", "--hint"), [ground for _, ground in TINTED])


@pytest.mark.parametrize(
    ("ink", "ground", "least"),
    [
        *((ink, ground, 4.5) for ink, ground in product(INKS, SURFACES)),
        *((ink, ground, 4.5) for ink, ground in [*TINTED, *ON_TINTED, ("--on-strong", "--strong")]),
        *(("--line-strong", ground, 3) for ground in SURFACES),
    ],
)
def test_colours_can_be_read_in_both_themes(ink, ground, least):
    known = tokens()
    for theme in (0, 1):
        assert contrast(known[ink][theme], known[ground][theme]) >= least


# -- how views are written ----------------------------------------------------------------------------------------

#: What needs no more than being signed in, or not even that.
WITHOUT_A_TEAM = {"healthz", "theme", "shortcuts", "alerts"}
#: A viewing is found by its own viewer alone, and a web view's parts by whoever knows its unguessable id.
BY_VIEWING = {"whep_viewing", "web_view_part"}
FOUND = r"find_(?:team|session|task|workflow|note|file)"
PERMISSION = re.compile(rf"\w+ = (?:{FOUND}|await database_sync_to_async\({FOUND}\))\(request\b")


def screens(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [
        node
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and node.decorator_list
    ]


@each(VIEWS)
def test_a_views_first_line_is_its_permission(path):
    views = screens(path)
    assert views, "no view is found here: where would its permission be looked for?"
    for view in views:
        if view.name in WITHOUT_A_TEAM | BY_VIEWING:
            continue
        body = view.body[1:] if ast.get_docstring(view) else view.body
        assert PERMISSION.match(ast.unparse(body[0])), view.name


@each(VIEWS)
def test_a_view_says_which_methods_it_takes(path):
    for view in screens(path):
        assert any("require_" in ast.unparse(decorator) for decorator in view.decorator_list), view.name
