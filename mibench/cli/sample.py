"""`mibench sample`: a task's sample as a file for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from mibench import catalogue
from mibench.cli import complete
from mibench.cli.options import DataDir, Plugins
from mibench.errors import UsageError


def sample(
    task: Annotated[
        str, typer.Argument(help="One point of a task: gaussian/dim=5:mi=0.5.", autocompletion=complete.tasks)
    ],
    n: Annotated[int, typer.Option("--samples", "-n", metavar="N", min=1, help="How many rows.")] = 1000,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", min=0, help="Which sample; a run's trial sees the same.")
    ] = 0,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="A .csv or .npz file.")] = Path(
        "data.csv"
    ),
    marginal: Annotated[
        bool, typer.Option("--marginal", help="Columns x, z and x_bar, z_bar: the pairs, and beside them broken pairs.")
    ] = False,
    plugins: Plugins = None,
    data_dir: DataDir = None,
) -> None:
    """Write a sample of a task for other programs."""
    from mibench import samples, trial

    points = catalogue.discover(plugins or ()).points(task)
    if len(points) > 1:
        raise UsageError(f"'{task}' has {len(points)} points; name one, for example {points[0].sweep}/{points[0].name}")
    (point,) = points
    x, y, mi = samples.drawn(point, n, seed)
    try:
        table = (
            samples.joint_beside_marginal(x, y, trial.stream(point, n, seed, "marginal"))
            if marginal
            else samples.columns(x, y)
        )
        samples.write(output, table)
    except OSError as error:
        raise UsageError(f"cannot write {output}: {error.strerror or error}") from error
    except ValueError as error:
        raise UsageError(str(error)) from error
    typer.echo(f"{output}: {n} rows, {len(table)} columns; {point.sweep}/{point.name}, {mi:.6g} nats")
