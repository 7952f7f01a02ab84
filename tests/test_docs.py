"""The pages hold together: links and anchors lead somewhere, lists are complete, sessions print what they show."""

import csv
import importlib
import re
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest
from conftest import ROOT
from sessions import play

from mibench import catalogue
from mibench.interface import Estimate
from mibench.result import COLUMNS

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def without_code(text):
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))


def anchors(page):
    """Those of its headings, as the repository host and the site make them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower().strip()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_anchors_lead_somewhere(page):
    for target in LINK.findall(without_code(page.read_text())):
        if urlsplit(target).scheme:
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        assert other.is_file(), target
        assert not anchor or anchor in anchors(other), target


@pytest.fixture(scope="module")
def site():
    """A module of docs/site by name."""
    sys.path.insert(0, str(DOCS / "site"))
    yield importlib.import_module
    sys.path.remove(str(DOCS / "site"))


def test_the_navigation_holds_every_page(site):
    build = site("build")
    named = [page for pages in build.NAVIGATION.values() for page in pages]
    assert sorted(named) == sorted(path.stem for path in PAGES if path.name != "README.md")


def test_marks_are_those_that_the_build_fills(site):
    build = site("build")
    pages = [without_code(page.read_text()) for page in PAGES]
    assert sorted(name for page in pages for name in re.findall(r"<!-- made: (\w+) -->", page)) == sorted(build.MARKS)
    assert all(page.count("<!-- made:") == page.count("<!-- end -->") for page in pages)


def test_every_family_has_a_section_that_says_how_it_fails(site):
    pages = site("catalogue_pages")
    families = {getattr(made, "approach", None) for made in catalogue.discover().estimators.values()} - {None}
    assert families <= pages.FAMILIES.keys()
    assert all(pages.section("limits.md", heading) for heading in pages.FAMILIES.values())


def test_the_kinds_of_data_hold_the_reference_run_and_name_classes_that_exist(site):
    figures = site("figures")
    with (figures.REFERENCE / "trials.csv").open() as rows:
        assert "other" not in {figures.kind(row["task_params"]) for row in csv.DictReader(rows)}
    sources = [path.read_text() for path in (ROOT / "mibench" / "distributions").glob("*.py")]
    classes = {name for text in sources for name in re.findall(r"^class ([A-Z]\w+)", text, re.MULTILINE)}
    assert set().union(*(named for _, named in figures.KINDS)) <= classes


def test_the_page_of_columns_holds_them_all_in_order():
    text = (DOCS / "columns.md").read_text()
    table, flags = re.split(r"^## Flags", text, flags=re.MULTILINE)
    named = [
        name for line in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", line)
    ]
    assert named == list(COLUMNS)
    said = re.findall(r'"([a-z-]+)" \(', Estimate.__doc__)
    assert set(said) <= set(re.findall(r"^\| `([a-z-]+)`", flags, re.MULTILINE))


@pytest.mark.parametrize("name", ["start", "faq", "settings", "columns", "package", "own-application", "api"])
def test_a_page_does_what_it_shows(name, tmp_path):
    drafts = (DOCS / "own-estimator.md").read_text() if name == "start" else ""
    play((DOCS / f"{name}.md").read_text(), tmp_path, shown=drafts)


class Page(HTMLParser):
    """Of an HTML file: ids, links, and what it loads."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.loads = set(), [], []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids |= {found[key] for key in ("id", "name") if found.get(key)}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        self.loads += [found[key] for key in ("src", "href") if found.get(key) and tag in ("script", "img", "link")]


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_asks_nothing_of_the_network(site):
    pytest.importorskip("furo")
    pytest.importorskip("myst_parser")
    build = site("build")
    assert build.build() == 0
    pages = {path.resolve(): Page(path) for path in build.SITE.rglob("*.html")}
    assert len(pages) > len(PAGES) + len(catalogue.discover().estimators)
    for path, page in pages.items():
        for target in [*page.links, *page.loads]:
            parts = urlsplit(target)
            if parts.scheme:
                assert target in page.links, f"{path.name} loads {target}"
                continue
            other = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert other.is_file(), (path, target)
            if parts.fragment and other in pages:
                assert parts.fragment in pages[other].ids, (path, target)
    for sheet in [*build.SITE.rglob("*.css")]:
        assert not re.search(r"url\(['\"]?(?:https?:)?//|@import ['\"]?https?:", sheet.read_text())
