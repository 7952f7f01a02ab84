"""The kinds of figure there are: what each is called and which module draws it. This loads no matplotlib."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of figure, and the modules whose functions of its name draw it.

    The one in `module` draws tasks, from (trials, unit), or (…, curves) too; the one in `models` draws trained models,
    a figure an application, from (trials, unit, what they left beside their rows by trial_id).
    """

    title: str
    module: str = ""
    of_curves: bool = False
    models: str = ""


KINDS = {
    "estimate": Kind("Estimate against truth", "estimates"),
    "bias": Kind("Bias over sample size and dimension", "accuracy"),
    "sd": Kind("Standard deviation over sample size and dimension", "accuracy"),
    "rmse": Kind("Root mean square error over sample size and dimension", "accuracy"),
    "error": Kind("Root mean square error by estimator and task", "error_map"),
    "time": Kind("Accuracy against time", "ranking"),
    "ranks": Kind("Critical differences", "ranking"),
    "pictures": Kind("Pictures", models="pictures"),
    "curves": Kind("Learning curves", "training", of_curves=True, models="model_curves"),
    "staircase": Kind("Staircase", "training", of_curves=True),
}
"""The one list of them: the command line, the figures and the report read it."""

FORMATS = ("png", "svg", "pdf")
