"""Every link in the docs and the documents at the root leads to an existing file and heading. No network."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
# The tests also run outside of the checkout, with some of its files beside them.
pytestmark = pytest.mark.skipif(
    not (DOCS.is_dir() and (ROOT / "CHANGELOG.md").is_file()),
    reason="the documents are missing: the tests run outside of the checkout",
)
PAGES = sorted(
    str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob(".github/**/*.md"))
)
FENCE = re.compile(r"^( *)(`{3,}|~{3,}).*?^\1\2`*$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
LINK = re.compile(r"\]\(<?([^)>\s]+)>?(?: \"[^\"]*\")?\)|^ {0,3}\[[^\]]+\]: +<?([^>\s]+)>?", re.MULTILINE)
HEADING = re.compile(r"^#{1,6} +(.*?) *#*$", re.MULTILINE)
TOCTREE = re.compile(r"^```\{toctree\}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BADGE = re.compile(r"\.\./\.\./actions/workflows/([a-z]+\.yml)(?:/badge\.svg)?")
ELSEWHERE = re.compile(r"[a-z]+:")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def links(page: Path) -> list[str]:
    text = CODE.sub("", FENCE.sub("", text_of(page)))
    return [inline or reference for inline, reference in LINK.findall(text)]


def anchors(page: Path) -> set[str]:
    """Return the anchors that a forge gives to headings."""
    found: set[str] = set()
    for heading in HEADING.findall(FENCE.sub("", text_of(page))):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        anchor = name = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number = 0
        while anchor in found:
            number += 1
            anchor = f"{name}-{number}"
        found.add(anchor)
    return found


def test_there_are_links() -> None:
    assert "docs/index.md" in PAGES
    assert "docs/client.md" in PAGES
    assert sum(len(links(ROOT / page)) for page in PAGES) > 100
    assert links(DOCS / "client.md")
    assert "was-it-cut" in anchors(DOCS / "providers.md")


@pytest.mark.parametrize("name", PAGES)
def test_every_link_is_valid(name: str) -> None:
    page = ROOT / name
    broken = []
    for link in links(page):
        if ELSEWHERE.match(link):
            continue
        target, _, anchor = link.partition("#")
        if badge := BADGE.fullmatch(link):  # the forge's page of a workflow, for any address of the repository
            assert page.parent == ROOT
            target = f".github/workflows/{badge[1]}"
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and (path.suffix != ".md" or anchor not in anchors(path))):
            broken.append(link)
    assert not broken


def test_links_stay_within_the_docs() -> None:
    # The built site contains nothing else.
    for page in DOCS.rglob("*.md"):
        for link in links(page):
            assert ELSEWHERE.match(link) or not link.startswith(("../", "/")), (page.name, link)


def test_every_page_is_in_the_toctree_once() -> None:
    listed = [
        line
        for tree in TOCTREE.findall(text_of(DOCS / "index.md"))
        for line in tree.splitlines()
        if line and not line.startswith(":")
    ]
    assert sorted(listed) == sorted(page.stem for page in DOCS.glob("*.md") if page.stem != "index")


def test_pictures_are_local_and_have_alt_texts() -> None:
    picture = ET.parse(DOCS / "layers.svg").getroot()
    assert picture.attrib["role"] == "img"
    assert "href" not in text_of(DOCS / "layers.svg")
    for page in DOCS.rglob("*.md"):
        for alt, target in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", FENCE.sub("", text_of(page))):
            assert alt.strip()
            assert not ELSEWHERE.match(target)


# The text column of the built site has room for 90 characters of code at 1280 pixels.
MAX_CODE_WIDTH = 88
# A table gets wider than the page if the longest words of its columns do not fit beside each other.
MAX_TABLE_WIDTH = 94
INDENTED = re.compile(r"^ {4}[^\n]*$", re.MULTILINE)
TARGET = re.compile(r"\]\([^)]*\)")
ROWS = re.compile(r"(?:^\|.*\|$\n?)+", re.MULTILINE)


@pytest.mark.parametrize("name", [name for name in PAGES if name.startswith("docs")])
def test_code_fits_the_page(name: str) -> None:
    text = text_of(ROOT / name)
    fenced = [found[0] for found in FENCE.finditer(text) if not found[0].startswith("```{")]
    lines = [line for block in fenced for line in block.splitlines()] + INDENTED.findall(FENCE.sub("", text))
    assert [line for line in lines if len(line) > MAX_CODE_WIDTH] == []


@pytest.mark.parametrize("name", [name for name in PAGES if name.startswith("docs")])
def test_tables_fit_the_page(name: str) -> None:
    for table in ROWS.findall(FENCE.sub("", text_of(ROOT / name))):
        rows = [line.strip("|").split("|") for line in TARGET.sub("]", table).splitlines()]
        columns = zip(*rows, strict=True)
        longest = [max(len(word) for cell in column for word in cell.split() or [""]) for column in columns]
        # Each column also has a margin, of about two characters.
        assert sum(longest) + 2 * len(longest) <= MAX_TABLE_WIDTH, table
