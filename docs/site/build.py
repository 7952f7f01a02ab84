"""Build the documentation site: docs/*.md, README and generated pages to build/site, with no warning.

python docs/site/build.py            # then open build/site/index.html, also without a server
python docs/site/build.py --serve    # and shown at http://localhost:8000, built again when a page changes
"""

import argparse
import functools
import http.server
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import api
import catalogue_pages
import figures
import settings_table

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
STAGED, DOCTREES, SITE = (ROOT / "build" / name for name in ("docs", "doctrees", "site"))

NAVIGATION: dict[str, dict[str, str]] = {
    "Begin": {
        "start": "Start in five minutes",
        "choose": "Choose an estimator",
        "faq": "Questions",
        "limits": "Limits",
    },
    "Use": {
        "own-data": "Your own data",
        "calibration": "Which true values fit",
        "results": "Tables, comparisons, reports",
        "columns": "Columns of a row",
        "settings": "Settings",
        "cluster": "Clusters and GPUs",
        "applications": "Models with a term",
    },
    "Extend": {
        "own-estimator": "Your own estimator",
        "own-task": "Your own task",
        "own-application": "Your own application",
        "package": "Package and publish",
    },
    "Reference": {
        "estimators": "Estimators",
        "tasks": "Tasks",
        "ksg": "Nearest neighbours",
        "neural": "Neural estimators",
        "regression": "Denoisers, flows, codes",
        "auto": "auto",
        "api": "From Python",
    },
    "Project": {"CONTRIBUTING": "Contributing", "CHANGELOG": "Changes"},
}
"""Captions of the navigation, each with its pages and what they are called there."""

MARKS: dict[str, Callable[[], str]] = {
    "choose": lambda: figures.page(figures.REFERENCE),
    "settings": settings_table.table,
    "estimators": catalogue_pages.estimators,
    "tasks": catalogue_pages.tasks,
    "api": api.page,
}
"""What the site has between `<!-- made: NAME -->` and `<!-- end -->`; the repository has a line in its place."""
MARK = re.compile(r"<!-- made: (\w+) -->\n.*?<!-- end -->", re.DOTALL)


def stage() -> None:
    """Write all pages anew below build/docs; files that stay the same keep their time."""
    pages = {path.name: _filled(path.read_text()) for path in (ROOT / "docs").glob("*.md")}
    pages |= {name: (ROOT / name).read_text() for name in ("CONTRIBUTING.md", "CHANGELOG.md")}
    pages["index.md"] = home((ROOT / "README.md").read_text())
    generated = dict(catalogue_pages.pages())
    for kind in ("estimators", "tasks"):
        names = sorted(name.removesuffix(".md") for name in generated if name.startswith(f"{kind}/"))
        pages[f"{kind}.md"] += "\n" + _tree(names)
    pages |= generated
    for name, text in pages.items():
        _write(STAGED / name, text.encode())
    for picture in (ROOT / "docs").glob("*.png"):
        _write(STAGED / picture.name, picture.read_bytes())
    for path in STAGED.rglob("*.md"):
        if str(path.relative_to(STAGED)) not in pages:
            path.unlink()


def home(readme: str) -> str:
    """The README as the site's first page, and what leads to all others."""
    text = re.sub(r"\]\(docs/", "](", readme)
    trees = [
        _tree([f"{title} <{page}>" for page, title in pages.items()], f":caption: {caption}\n")
        for caption, pages in NAVIGATION.items()
    ]
    return "\n".join([text, *trees])


def _tree(pages: Iterable[str], option: str = "") -> str:
    listed = "\n".join(pages)
    return f"```{{toctree}}\n:hidden:\n{option}\n{listed}\n```\n"


def _filled(text: str) -> str:
    return MARK.sub(lambda found: MARKS[found[1]](), text).replace("](../README.md", "](index.md")


def _write(path: Path, content: bytes) -> None:
    if not path.is_file() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def build(anew: bool = True) -> int:
    """Stage and build, all pages or those that changed; the builder's exit code, to which any warning is an error."""
    stage()
    if anew:
        shutil.rmtree(SITE, ignore_errors=True)
        shutil.rmtree(DOCTREES, ignore_errors=True)
    command = ["-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "-c", HERE, "-d", DOCTREES, STAGED, SITE]
    return subprocess.run([sys.executable, *map(str, command)], check=False).returncode


def serve(port: int) -> None:
    """Show the site, and build it again when a page, a docstring or the reference run has changed."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(SITE))
    server = http.server.ThreadingHTTPServer(("localhost", port), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://localhost:{port}  (Ctrl-C ends it)", file=sys.stderr)
    seen = _times()
    while True:
        time.sleep(1)
        if (now := _times()) != seen:
            seen = now
            subprocess.run(
                [sys.executable, __file__, "--changed"], check=False
            )  # another process imports docstrings anew


def _times() -> dict[Path, float]:
    rooms = ("docs", "mibench", "plugins", "tasks", "results/reference", "results/published")
    places = [*ROOT.glob("*.md"), *(path for name in rooms for path in (ROOT / name).rglob("*.*"))]
    return {path: path.stat().st_mtime for path in places if path.is_file() and path.suffix != ".pyc"}


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--serve", action="store_true")
    asked.add_argument("--changed", action="store_true", help="only what changed since the last time")
    asked.add_argument("--port", type=int, default=8000)
    said = asked.parse_args()
    code = build(anew=not said.changed)
    if said.serve:
        try:
            serve(said.port)
        except KeyboardInterrupt:
            code = 0
    sys.exit(code)
