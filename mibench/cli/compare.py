"""`mibench compare`: two runs, the estimators of one run, or a run against published numbers."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mibench.cli import complete
from mibench.cli.options import AsJson, Estimators, Points, Samples, Tasks, Unit, print_unicode
from mibench.errors import NothingMatched, UsageError, writing

if TYPE_CHECKING:
    import pandas as pd

    from mibench.findings.compare import Comparison
    from mibench.findings.ranking import Ranking
    from mibench.findings.wins import Wins


def compare(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="RUN [RUN]", help="The reference and what is compared with it.", autocompletion=complete.runs
        ),
    ] = None,
    estimators: Estimators = None,
    tasks: Tasks = None,
    samples: Samples = None,
    points: Points = None,
    by: Annotated[
        Literal["estimator"] | None, typer.Option("--by", help="Compare the estimators of one run with one another.")
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            "--baseline",
            metavar="NAME",
            help="Compare every estimator with this one, by cells.",
            autocompletion=complete.estimators,
        ),
    ] = None,
    published: Annotated[
        str | None,
        typer.Option(
            "--published",
            metavar="SOURCE",
            help="Set the run beside the numbers of a paper.",
            autocompletion=complete.sources,
        ),
    ] = None,
    failures: Annotated[
        Literal["drop", "worst"],
        typer.Option("--failures", help="In ranks: drop cells with failures, or rank them last."),
    ] = "drop",
    diagram: Annotated[
        Path | None, typer.Option("--diagram", metavar="FILE", help="Draw critical differences: png, svg or pdf.")
    ] = None,
    unit: Unit = "nats",
    fail_if_worse: Annotated[
        bool, typer.Option("--fail-if-worse", help="Exit 4 if the second is worse beyond noise, or fails more.")
    ] = False,
    format: Annotated[
        Literal["text", "md", "latex", "json"],
        typer.Option("--format", "-f", help="Of --published: text, md, latex (booktabs) or json."),
    ] = "text",
    as_json: AsJson = False,
) -> None:
    """Say which is nearer the truth, or trains the better model, with intervals and tests paired by seed."""
    from mibench import store
    from mibench.findings.selection import select
    from mibench.findings.summary import of_tasks
    from mibench.tables import verdict

    runs = runs or []
    if len(runs) > 2:
        raise UsageError(f"compare takes one run or two, not {len(runs)}")
    if len(runs) == 2 and (by or baseline or published):
        raise UsageError("--by, --baseline and --published take one run")
    if format not in ("text", "json") and not published:
        raise UsageError(f"--format {format} is for --published; a comparison is text or json")
    if diagram and (len(runs) == 2 or baseline or published):
        raise UsageError("--diagram draws the ranks of one run's estimators")
    frames = [
        select(frame, estimators or (), tasks or (), samples or (), points or ())
        for frame in [store.load(run) for run in runs] or [store.load()]
    ]
    if published:
        if fail_if_worse:
            raise UsageError("--fail-if-worse has no meaning beside published numbers: the protocols differ")
        print_unicode(_published(frames[0], published, unit, "json" if as_json else format))
        return
    models = _models(frames, runs, baseline)
    try:
        ranked, found = _estimates(frames, runs, baseline, unit, failures)
    except NothingMatched as reason:
        if models is None:
            raise
        ranked, found = [], []
        if not any(of_tasks(frame)[0].empty for frame in frames):
            typer.echo(f"mibench: models alone are compared, for of tasks {reason}", err=True)
    judged: list[Comparison | Wins] = [*([models] if models else []), *found]
    if fail_if_worse and not judged:
        raise UsageError("--fail-if-worse needs two runs, two estimators or --baseline NAME")
    if diagram and ranked:
        _draw(ranked[0], frames[0], diagram)
    outcomes: list[verdict.Outcome] = [*ranked, *judged]
    if as_json:
        print_unicode(verdict.as_json(outcomes))
    else:
        print_unicode(verdict.text(*outcomes))
    lines = [line for outcome in judged for line in verdict.worse(outcome)]
    if fail_if_worse and lines:
        for line in lines:
            typer.echo(line, err=True)
        raise typer.Exit(4)


def _published(frame: "pd.DataFrame", name: str, unit: str, form: str) -> str:
    """A run beside a paper's estimates, or its trained models over a paper's tables of such."""
    from mibench.findings import published, published_models
    from mibench.findings.sources import source
    from mibench.tables import published as estimates
    from mibench.tables import published_models as models

    if source(name).applications:
        over = published_models.beside(frame, name)
        of_models = {"text": models.text, "md": models.markdown, "latex": models.latex, "json": models.as_json}
        return of_models[form](over)
    beside = published.beside(frame, name, unit)
    shown = {"text": estimates.text, "md": estimates.markdown, "latex": estimates.latex, "json": estimates.as_json}
    return shown[form](beside)


def _estimates(
    frames: "list[pd.DataFrame]", runs: list[Path], baseline: str | None, unit: str, failures: str
) -> "tuple[list[Ranking], list[Comparison]]":
    """Estimates of tasks compared: in ranks where one run is given and no baseline, and side by side."""
    from mibench.findings import compare as comparing
    from mibench.findings.ranking import ranking

    if len(frames) == 2:
        return [], [comparing.runs(frames[0], frames[1], (str(runs[0]), str(runs[1])), unit)]
    if baseline:
        return [], comparing.with_baseline(frames[0], baseline, unit)
    ranked = ranking(frames[0], unit, failures)
    one, *others = sorted(ranked.labels)
    return [ranked], [comparing.labels(frames[0], one, others[0], unit)] if len(others) == 1 else []


def _models(frames: "list[pd.DataFrame]", runs: list[Path], baseline: str | None) -> "Wins | None":
    """Trained models side by side, if the runs have any."""
    from mibench.findings import wins
    from mibench.findings.summary import of_applications

    if any(of_applications(frame).empty for frame in frames):
        return None
    if len(frames) == 2:
        return wins.runs(frames[0], frames[1], (str(runs[0]), str(runs[1])))
    return wins.against(frames[0], baseline)


def _draw(ranking: "Ranking", frame: "pd.DataFrame", path: Path) -> None:
    from mibench.findings.summary import cells
    from mibench.plots.figures import format_of
    from mibench.plots.ranking import critical_differences
    from mibench.plots.style import finish, save

    with writing(path):
        save(finish(critical_differences(ranking, cells(frame))), path, format_of(path))
    typer.echo(f"wrote {path}", err=True)
