"""BibTeX of the papers that a docstring names: "Poole et al. 2019, arXiv 1905.06922", "Fraser & Swinney 1986"."""

import re
import unicodedata

NAME = r"(?:van den )?(?![A-Z]{2})[A-Z][^\W\d_]+(?: Steeg)?"
AUTHORS = re.compile(rf"{NAME}(?:, {NAME})*(?: et al\.|,? & {NAME})|[A-Z][a-z]{{3,}}-[A-Z][a-z]{{3,}}(?= \d{{4}}\b)")
ARXIV = re.compile(r"arXiv[: ]\s*((?:[a-z-]+/\d{7})|\d{4}\.\d{4,5})")
YEAR = re.compile(r"\b(?:1[89]|20)\d\d\b")
TITLE = re.compile(r'"([^"]+)"')
PLACE = re.compile(r", ([A-Z][^()\"]*?) ?[()]")
REACH = 160
"""How many characters after its authors a paper's year, title and number may stand."""


def bibtex(text: str) -> list[str]:
    """An entry for each paper that the text names by authors and a year, a place or an arXiv number, in order.

    What the text does not say is not in the entry: a title only where it is quoted, first authors alone where it
    says "et al."; `eprint` and `url` lead to the rest.
    """
    papers: dict[str, dict[str, str]] = {}
    text = " ".join(text.split())
    found = list(AUTHORS.finditer(text))
    ends = [*(after.start() for after in found[1:]), len(text)]
    for here, end in zip(found, ends, strict=False):
        said = text[here.end() : min(here.end() + REACH, end)]
        number, title = ARXIV.search(said), TITLE.search(said)
        year = YEAR.search(ARXIV.sub("", said))
        place = None if number or title else PLACE.match(said)
        if not (number or year or place):
            continue
        paper = papers.setdefault(here[0], {"author": _authors(here[0])})
        paper |= {
            key: value
            for key, value in (
                ("title", title and title[1].rstrip(",.")),
                ("year", year and year[0]),
                ("howpublished", place and place[1]),
                ("eprint", number and number[1]),
            )
            if value and key not in paper
        }
    return [_entry(paper) for paper in papers.values()]


def _authors(said: str) -> str:
    names = re.sub(r" et al\.$", ", others", said)
    return " and ".join(part if part == "others" else f"{{{part}}}" for part in re.split(r",? & |, |-", names))


def _entry(paper: dict[str, str]) -> str:
    first = unicodedata.normalize("NFKD", paper["author"].partition("}")[0])
    key = re.sub(r"[^a-z]", "", first.lower()) + paper.get("year", "")
    if number := paper.get("eprint"):
        paper = paper | {"eprinttype": "arxiv", "url": f"https://arxiv.org/abs/{number}"}
    return f"@misc{{{key},\n" + "".join(f"  {name} = {{{value}}},\n" for name, value in paper.items()) + "}"
