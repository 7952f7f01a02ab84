"""One HTML file of what was found of own data: no network, no other file, everything escaped."""

from importlib.resources import files

from mibench import __version__
from mibench.owndata import Findings, Matrix, text
from mibench.plots import own_data
from mibench.report.svg import element


def page(found: Findings | Matrix, again: str) -> str:
    """The findings as one document; `again` is the Python that asks the same."""
    import jinja2

    here = files("mibench.report")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string((here / "own_data.html").read_text(encoding="utf-8"))
    return template.render(
        found=found,
        table=text.table(found) if isinstance(found, Findings) else found.table(len(found.pairs)),
        notes=found.notes,
        facts=text.facts(found),
        columns=[["side", "column", "kind", "values", "first row"], *text.columns(found)],
        style=(here / "page.css").read_text(encoding="utf-8"),
        figures=[(name, element(figure, name)) for name, figure in own_data.figures(found).items()],
        again=again,
        version=__version__,
    )
