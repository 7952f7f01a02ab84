"""The papers that docstrings name, as BibTeX."""

import sys

import pytest
from typer.testing import CliRunner

from mibench import catalogue, citations
from mibench.cli import app
from mibench.errors import NothingMatched

NAMED = {
    "et al.": ("MINE (Belghazi et al. 2018, arXiv 1801.04062): a bound", ["belghazi2018", "1801.04062", "and others"]),
    "two": ("Equiprobable bins (Fraser & Swinney 1986): the oldest", ["fraser1986", "{Fraser} and {Swinney}"]),
    "a place": ("Kraskov & Grassberger, Phys. Rev. E 69, 066138 (2004).", ["kraskov2004", "Phys. Rev. E 69, 066138"]),
    "a title": ('Gao & Oh, "On mixtures",\nNIPS 2017 (arXiv:1709.99999).', ["gao2017", "{On mixtures}", "1709.99999"]),
    "a title cut short": ('Czyż et al., "Beyond Normal" (arXiv:2306.11078)', ["{Beyond Normal: On the Eval"]),
    "an old number": ("Guo, Shamai & Verdú, arXiv cs/0412108.", ["@misc{guo,", "https://arxiv.org/abs/cs/0412108"]),
    "a hyphen": ("(Miller-Madow 1955)", ["miller1955", "{Miller} and {Madow}"]),
    "after a name in capitals": ("(MINE, Belghazi et al. 2018)", ["author = {{Belghazi} and others}"]),
    "letters with accents": ('Czyż et al. 2023, "Beyond Normal"', ["czyz2023", "{Czyż}"]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "parts"), NAMED.values(), ids=NAMED)
def test_a_paper_is_an_entry(text, parts):
    (entry,) = citations.bibtex(text)
    assert entry.startswith("@misc{")
    assert entry.count("{") == entry.count("}")
    assert [part for part in parts if part not in entry] == []


def test_each_paper_has_its_own_year_and_number():
    first, second = citations.bibtex(
        "Poole et al. 2019, arXiv 1905.06922; Song & Ermon 2020, arXiv 1910.06222; Poole et al. 2019"
    )
    assert ("1905.06922" in first, "{2019}" in first) == (True, True)
    assert ("1910.06222" in second, "{2020}" in second) == (True, True)


def test_no_paper_is_no_entry():
    assert citations.bibtex("One number for data of unknown shape, and Signal & Noise.") == []


def test_every_bundled_estimator_names_its_paper():
    """But for two, which are nobody's."""
    lacking = set()
    for name, made in catalogue.discover().estimators.items():
        docs = (sys.modules[type(made).__module__].__doc__, type(made).__doc__)
        if not any(citations.bibtex(doc or "") for doc in docs):
            lacking.add(name)
    assert lacking == {"auto", "none"}


ASKED = {
    "an estimator": (["ksg"], 0, "howpublished = {Phys. Rev. E 69, 066138}"),
    "one whose class names it": (["gaussian-copula"], 0, "@misc{liu2009,"),
    "a task": (["beyond-normal"], 0, "eprint = {2306.11078}"),
    "an application": (["representation"], 0, "@misc{hjelm2019,"),
    "what names none": (["auto"], NothingMatched, "auto names no paper"),
    "as JSON": (["mine", "--json"], 0, '["@misc{belghazi2018,'),
}


@pytest.mark.parametrize(("words", "code", "said"), ASKED.values(), ids=ASKED)
def test_describe_prints_them(words, code, said):
    done = CliRunner().invoke(app, ["describe", *words, "--bibtex"])
    if code == 0:
        assert done.exit_code == 0
        assert said in done.stdout
    else:
        assert isinstance(done.exception, code)
        assert said in str(done.exception)
