"""A page for each estimator, task and application, of what `mibench describe` says and the kept run measured."""

import contextlib
import functools
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import figures

from mibench import citations
from mibench.cli.look import describe, list_

DOCS = Path(__file__).parent.parent
FAMILIES = {
    "critic": "Critics",
    "density": "Learnt densities",
    "neighbours": "Nearest neighbours",
    "peer": "Nearest neighbours",
    "parametric": "Copulas and other fits",
    "table": "Tables of counts",
    "diffusion": "Denoisers and flows",
    "flow": "Denoisers and flows",
    "choice": "A choice among several",
}
"""The heading in docs/limits.md that says how each family fails."""
DIRECTIONS = {
    "lower": "a lower bound, in expectation",
    "upper": "an upper bound, if its density is right",
    "none": "an estimate, neither a lower nor an upper bound",
}


def described(name: str) -> list[dict[str, Any]]:
    """What `mibench describe NAME --json` prints."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        describe(name, as_json=True)
    found = json.loads(said.getvalue())
    return found if isinstance(found, list) else [found]


@functools.cache
def listed() -> dict[str, list[dict[str, Any]]]:
    """What `mibench list --json` prints, by kind."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        list_(None, as_json=True)
    records = json.loads(said.getvalue())
    return {kind: [r for r in records if r["kind"] == kind] for kind in ("estimator", "task", "application")}


def pages() -> Iterator[tuple[str, str]]:
    """(path below the site's root, Markdown) of every page."""
    for record in listed()["estimator"]:
        (document,) = (d for d in described(record["name"]) if "estimator" in d)
        yield f"estimators/{record['name']}.md", estimator_page(document)
    for kind in ("task", "application"):
        for record in listed()[kind]:
            (document,) = (d for d in described(record["name"]) if kind in d)
            yield f"tasks/{record['name']}.md", task_page(document, record["name"])


def estimator_page(document: dict[str, Any]) -> str:
    """Formula, settings, how it fails, what it measured and cost, and its papers."""
    name = document["estimator"]
    family = document["approach"] or ""
    facts = [
        ("reports", DIRECTIONS[document["bound"]] if family else "nothing: it is the model without a term"),
        ("family", f"{family} ({document['year']})" if document["year"] else family or "–"),
        ("devices", ", ".join(document["devices"])),
        *([("cost", document["cost"])] if "cost" in document else []),
        ("as a term of a model", document["term"]),
        ("file", f"`plugins/{Path(document['file']).name}`"),
    ]
    parts = [f"# `{name}`", beside(prose(document["source"])), table(("", ""), facts)]
    parts += ["## What it computes", formula(document["about"])]
    parts += ["## Settings", settings(document["fields"])]
    if "published" in document:
        parts += ["## As published", f"`{name}:recipe=published` sets {prose(document['published'])}"]
    if family in FAMILIES:
        parts += ["## How it fails", section("limits.md", FAMILIES[family])]
    if measured := figures.of_estimator(name, figures.REFERENCE):
        parts += ["## What was measured", measured]
    parts += ["## Try it", f"```console\n$ {document['example']} -n 1000 --seeds 2\n```"]
    return "\n\n".join([*parts, *papers(document)]) + "\n"


def task_page(document: dict[str, Any], name: str) -> str:
    """Formula, fields, points with their truths, and where it comes from."""
    parts = [f"# `{name}`", prose(document["source"]), formula(document["about"])]
    if document["fields"]:
        parts += ["## Fields", settings(document["fields"])]
    parts += _points(document["points"], name) if "points" in document else _models(document, name)
    if measured := figures.of_task(name, figures.REFERENCE):
        parts += ["## Who was near", measured]
    parts += ["## Try it", f"```console\n$ {document['example']} --seeds 2\n```"]
    return "\n\n".join([*parts, *papers(document)]) + "\n"


def _points(points: dict[str, Any], name: str) -> list[str]:
    truths = [(f"`{point}`", truth if isinstance(truth, str) else f"{truth:.6g}") for point, truth in points.items()]
    said = f"`-t {name}/POINT` runs one of them. True mutual information in nats:"
    return ["## Points", said, table(("point", "nats"), truths)]


def _models(document: dict[str, Any], name: str) -> list[str]:
    parts = ["## Models", table(("point",), [(f"`{name}/{model}`",) for model in document["models"]])]
    for model, fields in document["own_fields"].items():
        parts += [f"Fields of `{model}`:", settings(fields)]
    scores = document["scores"]
    parts += ["## Scores", "The first decides."]
    for model, own in scores.items() if isinstance(scores, dict) else [("", scores)]:
        parts += [f"Of `{model}`:"] * bool(model) + ["\n".join(f"* {score}" for score in own)]
    if document["baselines"]:
        parts.append("Rows of its own, without a term: " + ", ".join(f"`{one}`" for one in document["baselines"]) + ".")
    return parts


def settings(fields: dict[str, dict[str, Any]]) -> str:
    """A table of fields, their values and what they mean."""
    if not fields:
        return "None."
    shown = [
        (f"`{name}`", f"`{json.dumps(one['value'], default=str)}`", prose(one["about"])) for name, one in fields.items()
    ]
    return table(("field", "default", "means"), shown)


def papers(document: dict[str, Any]) -> list[str]:
    """The papers that it names, as BibTeX; nothing if it names none."""
    entries = citations.bibtex(document["source"]) or citations.bibtex(document["about"])
    return ["## Papers", "```bibtex\n" + "\n\n".join(entries) + "\n```"] if entries else []


def section(page: str, heading: str) -> str:
    """What stands under a heading of a page, up to the next one."""
    text = (DOCS / page).read_text()
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    if found is None:
        raise LookupError(f"docs/{page} has no heading '{heading}'")
    return re.sub(r"\]\((?!https?:|#|/)", "](../", found[1].strip())


def formula(text: str) -> str:
    """A docstring whose first paragraph, where it is a formula, stands by itself as it is written."""
    first, _, rest = text.partition("\n\n")
    if "`" in first or not re.search(r"[=≥≤Σ∫⟨]|E\[|E_", first):
        return beside(prose(text))
    return f"```{{code-block}} none\n:class: formula\n\n{' '.join(first.split())}\n```\n\n{beside(prose(rest))}"


def beside(text: str) -> str:
    """The pages of docs/ that a docstring names, as links from a page of its own."""
    return re.sub(r"docs/([\w-]+)\.md", r"[docs/\1.md](../\1.md)", text)


def prose(text: str) -> str:
    """A docstring as Markdown: signs that Markdown would take for its own are kept as they are written."""
    pieces = re.split(r"(`[^`]*`)", text)
    return "".join(piece if piece.startswith("`") else _plain(piece) for piece in pieces)


def _plain(text: str) -> str:
    text = re.sub(r"(?<![\n ])([*_])|([*_])(?=\S)(?!\n)", lambda found: "\\" + found[0], text)
    return re.sub(r"([<\[\]{}$])", r"\\\1", text)


def table(head: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    """A Markdown table of texts."""
    rows = ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines]
    return "\n".join(["| " + " | ".join(head) + " |", "|" + ":--|" * len(head), *rows])


def estimators() -> str:
    """All estimators in a table, each leading to its page."""
    lines = [
        (_to("estimators", r["name"]), r["bound"], r["approach"] or "", str(r["year"] or ""), prose(r["about"]))
        for r in listed()["estimator"]
    ]
    return table(("name", "bound", "family", "year", "what it is"), lines)


def tasks() -> str:
    """All tasks, then all applications, each leading to its page."""
    models = "Applications, which train [models with a term](applications.md):"
    return "\n\n".join([_links("task"), models, _links("application")])


def _links(kind: str) -> str:
    lines = [(_to("tasks", r["name"]), str(r["points"]), prose(r["about"])) for r in listed()[kind]]
    return table(("name", "points", "what it is"), lines)


def _to(folder: str, name: str) -> str:
    return f"[`{name}`]({folder}/{name}.md)"
