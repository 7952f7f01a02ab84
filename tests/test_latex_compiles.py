"""The tables for papers go through LaTeX as they are."""

import shutil
import subprocess

import pandas as pd
import pytest
from frames import fail, models, trials

from mibench.findings.published_models import beside as beside_models
from mibench.tables import formats, latex, published_models, terms

ENGINE = shutil.which("tectonic") or shutil.which("pdflatex")


@pytest.mark.slow
@pytest.mark.skipif(ENGINE is None, reason="no tectonic or pdflatex")
@pytest.mark.parametrize("make", [latex.wide, latex.long], ids=["wide", "long"])
def test_tables_compile(tmp_path, make):
    names = (r"a_b%c&d#e$f{g}~h^i\j", '<script>|"ж–é±≤', "ksg", "mine", "nwj", "jsd", "smile", "club")
    frame = trials(
        tuple((name, {"k": i}, ("lower", "upper", "none")[i % 3]) for i, name in enumerate(names)),
        tuple((dim, mi) for dim in range(1, 16) for mi in (0.0, 0.5, 2.0)),
        seeds=3,
        bias={"nwj": 2e5},
    )
    frame = fail(frame, (frame["estimator"] == "ksg") & (frame["seed"] == 0))
    frame = fail(frame, (frame["estimator"] == "jsd") & (frame["dim_x"] == 2), "oom")
    frame.loc[frame["estimator"] == "mine", "flags"] = "step-cap,saturated"
    compiles(tmp_path, make(frame))


@pytest.mark.slow
@pytest.mark.skipif(ENGINE is None, reason="no tectonic or pdflatex")
def test_tables_of_models_compile(tmp_path):
    values = {name: [0.1, 0.2, 0.4, 0.3, 0.2] for name in ("none", "a_b%c&d", "mine", "mean-picture")}
    made = {"own": ("mean-picture",), "failed": {("mine", 0)}}
    frame = pd.concat([
        models(values, application=("reconstruction", "digits"), score="accuracy", better="higher", **made),
        models(values, application=("app", "p_1:x=2"), **made),
    ])  # fmt: skip
    beside = published_models.latex(beside_models(frame, "mine-2018-downstream"))
    parts = [formats.papers(frame, "nats", "tab:a", ""), terms.render(frame, "latex", label="tab:b"), beside]
    compiles(tmp_path, "\n".join(parts))


def compiles(folder, tables):
    (folder / "table.tex").write_text(tables)
    (folder / "paper.tex").write_text(
        r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{booktabs} \usepackage{graphicx} \usepackage{amsmath}
\begin{document}
\input{table}
\end{document}
"""
    )
    options = ["-interaction=nonstopmode", "-halt-on-error"] if ENGINE.endswith("pdflatex") else []
    done = subprocess.run([ENGINE, *options, "paper.tex"], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:]
    assert (folder / "paper.pdf").stat().st_size > 10_000
    assert "Overfull" not in done.stdout
