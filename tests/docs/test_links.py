"""Every link in the pages and the documents beside them leads to a file and a heading that are there. No network."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
# The checkout: the tests also run apart from it, with some of its files beside them.
pytestmark = pytest.mark.skipif(
    not (DOCS.is_dir() and (ROOT / "CHANGELOG.md").is_file()), reason="this is no checkout: not all documents are here"
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
    """The anchors that a forge gives to headings."""
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
    assert len(links(DOCS / "index.md")) >= 20
    assert links(DOCS / "client.md")
    assert "was-it-cut" in anchors(DOCS / "providers.md")


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name: str) -> None:
    page = ROOT / name
    astray = []
    for link in links(page):
        if ELSEWHERE.match(link):
            continue
        target, _, anchor = link.partition("#")
        if badge := BADGE.fullmatch(link):  # the forge's page of a workflow, from wherever the repository lives
            assert page.parent == ROOT
            target = f".github/workflows/{badge[1]}"
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and (path.suffix != ".md" or anchor not in anchors(path))):
            astray.append(link)
    assert not astray


def test_links_of_the_pages_stay_within_the_pages() -> None:
    # What is built has nothing else beside it.
    for page in DOCS.rglob("*.md"):
        for link in links(page):
            assert ELSEWHERE.match(link) or not link.startswith(("../", "/")), (page.name, link)


def test_every_page_is_in_the_table_of_contents_once() -> None:
    listed = [
        line
        for tree in TOCTREE.findall(text_of(DOCS / "index.md"))
        for line in tree.splitlines()
        if line and not line.startswith(":")
    ]
    assert sorted(listed) == sorted(page.stem for page in DOCS.glob("*.md") if page.stem != "index")


def test_pictures_have_a_text_and_are_of_this_place() -> None:
    picture = ET.parse(DOCS / "layers.svg").getroot()
    assert picture.attrib["role"] == "img"
    assert "href" not in text_of(DOCS / "layers.svg")
    for page in DOCS.rglob("*.md"):
        for alt, target in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", FENCE.sub("", text_of(page))):
            assert alt.strip()
            assert not ELSEWHERE.match(target)
