"""Figures: what they draw is what the rows say; nothing overlaps; they come out the same twice."""

import math
import os
import re
import statistics
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from frames import fail, trials

from mibench.errors import NothingMatched, UsageError
from mibench.findings.ranking import ranking
from mibench.plots.figures import draw, write
from mibench.plots.kinds import KINDS
from mibench.plots.style import MARKERS

EIGHT = tuple((name, {}, "lower") for name in ("ksg", "mine", "mine-f", "jsd", "infonce", "nwj", "smile", "gaussian"))
POINTS = tuple((dim, mi) for dim in (1, 5, 20) for mi in (0.0, 0.5, 2.0))


def long_run():
    bias = {name: 0.06 * (i - 4) for i, (name, _, _) in enumerate(EIGHT)}
    both = [
        trials(EIGHT, POINTS, (500, 10_000), 5, bias=bias, task=task, rng=i)
        for i, task in enumerate(("gaussian", "nonlinear"))
    ]
    frame = pd.concat(both, ignore_index=True)
    frame.loc[frame["estimator"] == "infonce", "ceiling"] = 2.1
    frame.loc[frame["estimator"] == "smile", "ceiling"] = 40.0  # outside of every frame
    frame["samples_seen"] = (0.7 * frame["n_samples"]).where(~frame["estimator"].isin(["ksg", "gaussian"]))
    return fail(frame, (frame["estimator"] == "smile") & (frame["dim_x"] == 20))


def some_curves(frame):
    steps = range(0, 1001, 100)
    neural = frame[(frame["estimator"] != "ksg") & (frame["status"] == "ok")]
    return {
        t: [(s, v * s / 1000) for s in steps] for t, v in zip(neural["trial_id"], neural["mi_estimate"], strict=True)
    }


FRAME = long_run()
FIGURES = draw(FRAME, ["all"], "nats", some_curves(FRAME))


def drawn_lines(axis):
    return {line.get_label(): line for line in axis.get_lines() if not line.get_label().startswith("_")}


def mean_error(frame, **where):
    """Mean over cells of mean error, by plain loops over the rows."""
    cells = {}
    for row in frame.to_dict("records"):
        if row["status"] == "ok" and all(row[key] == value for key, value in where.items()):
            key = (row["point"], row["n_samples"])
            cells.setdefault(key, []).append(row["mi_estimate"] - row["mi_true"])
    return statistics.fmean(statistics.fmean(errors) for errors in cells.values())


def test_every_kind_is_drawn():
    assert set(FIGURES) == {kind for kind, known in KINDS.items() if known.module}


def titled(kind, title):
    return next(axis for axis in FIGURES[kind].axes if axis.get_title() == title)


def estimates(**where):
    """The ok estimates by truth."""
    rows = FRAME[FRAME["status"] == "ok"]
    for column, value in where.items():
        rows = rows[rows[column] == value]
    return {truth: list(group["mi_estimate"]) for truth, group in rows.groupby("mi_true")}


@pytest.mark.parametrize("n", [500, 10_000])
@pytest.mark.parametrize("dim", [1, 20])
def test_estimates_stand_at_their_means(dim, n):
    """A panel is of one n alone."""
    lines = drawn_lines(titled("estimate", f"gaussian, dimension {dim}, n = {n}"))
    for name, _, _ in EIGHT:
        values = estimates(task="gaussian", dim_x=dim, estimator=name, n_samples=n)
        if not values:
            assert (name, dim) == ("smile", 20)
            continue
        assert list(lines[name].get_xdata()) == [0, 0.5, 2]
        assert list(lines[name].get_ydata()) == pytest.approx([statistics.fmean(v) for v in values.values()])


def test_bands_are_the_t_intervals():
    """2.776 is Student's 97.5 % quantile at 4 degrees of freedom."""
    axis = titled("estimate", "gaussian, dimension 5, n = 10000")
    bands = [band.get_paths()[0].vertices for band in axis.collections]
    assert len(bands) == 2 * len(EIGHT)
    values = estimates(task="gaussian", dim_x=5, estimator="mine", n_samples=10_000)
    half = {truth: 2.776445 * statistics.stdev(v) / 5**0.5 for truth, v in values.items()}
    ends = [(t, statistics.fmean(v) + sign * half[t]) for t, v in values.items() for sign in (-1, 1)]
    assert any(all(np.isclose(band, end, atol=1e-5).all(axis=1).any() for end in ends) for band in bands)


def test_points_that_share_a_truth_have_bars_and_no_line():
    frame = trials(EIGHT[:2], ((1, 0.5), (1, 1.0)), seeds=5)
    twins = frame.assign(point="other " + frame["point"], trial_id="other " + frame["trial_id"])
    axis = draw(pd.concat([frame, twins]), ["estimate"])["estimate"].axes[0]
    drawn = {c.get_label(): c.lines[0] for c in axis.containers}
    assert set(drawn) == {"ksg", "mine"}
    assert {line.get_linestyle() for line in drawn.values()} == {"None"}
    both = pd.concat([frame, twins])
    rows = both[both["estimator"] == "mine"].groupby("point")["mi_estimate"].mean()
    assert sorted(drawn["mine"].get_ydata()) == pytest.approx(sorted(rows))


def test_the_diagonal_is_the_truth():
    line = drawn_lines(FIGURES["estimate"].axes[0])["estimate = truth"]
    assert list(line.get_xdata()) == list(line.get_ydata())


def test_of_two_seeds_the_band_goes_from_one_to_the_other():
    """Student's interval at one degree of freedom, nine times as wide, would hide everything."""
    frame = trials(EIGHT[:1], ((1, 0.5), (1, 2.0)), seeds=2)
    figure = draw(frame, ["estimate"])["estimate"]
    corners = np.concatenate([band.get_paths()[0].vertices for band in figure.axes[0].collections])
    for truth, value in zip(frame["mi_true"], frame["mi_estimate"], strict=True):
        assert np.isclose(corners, (truth, value)).all(axis=1).any()
    assert "bands: from one seed to the other" in said(figure)


@pytest.mark.parametrize("points", [((1, 1.0),), ((1, 0.5), (1, 2.0))], ids=["one truth", "two"])
def test_what_is_far_off_is_at_the_edge_and_named_and_presses_nobody_flat(points):
    frame = trials(EIGHT[:3], points, seeds=2, bias={"mine": 1e4, "mine-f": -40.0})
    figure = draw(frame, ["estimate"])["estimate"]
    (axis,) = figure.axes
    low, high = axis.get_ylim()
    near = frame.loc[frame["estimator"] == "ksg", "mi_estimate"]
    assert low < near.min() < near.max() < high
    assert high - low < 5
    arrows = {(line.get_marker(), float(y)) for line in axis.get_lines() if line.get_marker() in "^v"
              for y in line.get_ydata() if y in (low, high)}  # fmt: skip
    assert arrows == {("^", high), ("v", low)}
    assert f"{2 * len(points)} means beyond it (mine 1e+04" in said(figure)
    assert "mine-f -" in said(figure)


def test_an_axis_spans_what_means_something():
    """Values that differ by thousandths look alike, and a truth that stands alone is one mark of its axis."""
    axis = draw(trials(EIGHT[:4], ((1, 1.0),), sd=0.002, shared=0), ["estimate"])["estimate"].axes[0]
    low, high = axis.get_ylim()
    assert high - low >= 0.2
    assert [label.get_text() for label in axis.get_xticklabels()] == ["1"]


def test_a_task_keeps_its_own_largest_n():
    frame = pd.concat([trials(task="gaussian"), trials(task="own", samples=(200,))], ignore_index=True)
    figures = draw(frame, ["estimate", "error"])
    assert {axis.get_title().partition(",")[0] for axis in figures["estimate"].axes} == {"gaussian", "own"}
    assert any("own/" in label.get_text() for label in figures["error"].axes[0].get_yticklabels())


def test_in_a_crowd_each_estimator_has_a_panel_on_one_scale():
    """Ten points that share a truth, of eight estimators: the means of each stand over their truth."""
    frame = trials(EIGHT, tuple((dim, 1.0) for dim in range(1, 11)), seeds=2, bias={"jsd": 30.0})
    figure = draw(frame, ["estimate"])["estimate"]
    assert {axis.get_title() for axis in figure.axes} == {name for name, _, _ in EIGHT}
    assert len({axis.get_ylim() for axis in figure.axes}) == 1
    axis = next(axis for axis in figure.axes if axis.get_title() == "mine")
    means = frame[frame["estimator"] == "mine"].groupby("point")["mi_estimate"].mean()
    assert sorted(axis.containers[0].lines[0].get_ydata()) == pytest.approx(sorted(means))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["estimate = truth"]


@pytest.mark.parametrize("kind", FIGURES)
def test_legends_hold_what_is_drawn(kind):
    """Every row has a mark of its name inside the frame of a panel."""
    figure = FIGURES[kind]
    for text in figure.legends[0].get_texts() if figure.legends else ():
        name = text.get_text()
        ends = []
        for axis in figure.axes:
            low, high = axis.get_ylim()
            lines = [line for line in axis.get_lines() if line.get_label() == name]
            lines += [box.lines[0] for box in axis.containers if box.get_label() == name]
            ends += [low <= y <= high for line in lines for y in np.ravel(line.get_ydata())]
            ends += [low <= y <= high for p in axis.patches if p.get_label() == name for y in p.get_data().values]
        assert any(ends), name


def test_a_curve_beyond_the_frame_is_named():
    frame = trials(EIGHT[:2], ((1, 0.5),), seeds=1)
    curves = {t: [(0, -1e4), (10, -1e4)] if e == "mine" else [(0, 0.0), (10, 0.5)]
              for t, e in zip(frame["trial_id"], frame["estimator"], strict=True)}  # fmt: skip
    figure = draw(frame, ["curves"], "nats", curves)["curves"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["ksg", "truth"]
    assert "beyond the frame: mine (gaussian/dim=1:mi=0.5)" in said(figure)


def test_titles_and_captions_can_be_left_out():
    frame = trials()
    full, bare = (draw(frame, ["bias"], title=kept, caption=kept)["bias"] for kept in (True, False))
    assert len(full.texts) == 2
    assert not bare.texts
    assert bare.get_figheight() < full.get_figheight()


def test_no_standard_deviation_of_one_seed_is_drawn():
    with pytest.raises(NothingMatched, match="two seeds"):
        draw(trials(seeds=1), ["sd"])


def test_bias_is_the_mean_error():
    """Of the cells that all have: `smile` failed at dimension 20, which is a third of a task's points."""
    titles = [(axis.get_title(), axis.get_xlabel()) for axis in FIGURES["bias"].axes]
    over_n = FIGURES["bias"].axes[titles.index(("gaussian", "samples n"))]
    over_dim = FIGURES["bias"].axes[titles.index(("nonlinear", "dimension of X"))]
    shared = FRAME[FRAME["dim_x"] != 20]
    line = drawn_lines(over_n)["mine"]
    assert list(line.get_xdata()) == [500, 10_000]
    expected = [mean_error(shared, task="gaussian", estimator="mine", n_samples=n) for n in (500, 10_000)]
    assert list(line.get_ydata()) == pytest.approx(expected)
    line = drawn_lines(over_dim)["jsd"]
    expected = [mean_error(FRAME, task="nonlinear", estimator="jsd", dim_x=dim) for dim in (1, 5, 20)]
    assert list(line.get_ydata()) == pytest.approx(expected)
    words = said(FIGURES["bias"])
    assert "12 cells left out (smile lacks 12)" in words
    assert "smile has no point at dimension of X 20" in words


@pytest.mark.parametrize("statistic", ["bias", "sd", "rmse"])
def test_every_line_is_over_the_same_cells(statistic):
    """Where one lacks the hard point, nobody's mean holds it; what holds it nowhere is said."""
    frame = trials(EIGHT[:3], ((1, 0.5), (1, 1.0), (1, 2.0)), (500, 2000), 4, bias={"mine": 0.1})
    hard = frame["mi_true"] == 2.0
    frame.loc[hard, "mi_estimate"] += 5 * (1 + frame.loc[hard, "seed"])
    frame = fail(frame, hard & (frame["estimator"] == "ksg") & (frame["n_samples"] == 2000))
    figure = draw(frame, [statistic])[statistic]
    rest = draw(frame[~hard], [statistic])[statistic]
    for name, line in drawn_lines(figure.axes[0]).items():
        assert list(line.get_ydata()) == pytest.approx(list(drawn_lines(rest.axes[0])[name].get_ydata()))
    assert "1 cell left out (ksg lacks 1)" in said(figure)


def test_the_map_orders_estimators_by_rank_and_points_by_regime():
    axis = draw(FRAME, ["error"])["error"].axes[0]
    assert tuple(label.get_text() for label in axis.get_xticklabels()) == ranking(FRAME).labels
    heads = [text for text in axis.texts if "dimension" in text.get_text()]
    assert [text.get_text() for text in heads] == [
        f"{dimension}, {size}"
        for dimension in ("dimension 1", "dimension 2 to 5", "dimension 6 to 20")
        for size in ("under 0.5 nats", "0.5 to 2 nats", "2 nats and more")
    ]
    below = [text.get_position()[1] for text in heads]
    for tick, label in zip(axis.get_yticks(), axis.get_yticklabels(), strict=True):
        regime = heads[max(i for i, top in enumerate(below) if top < tick)].get_text()
        dim, mi = re.fullmatch(r"\w+/dim=(\d+):mi=(.*)", label.get_text()).groups()
        assert regime.startswith({"1": "dimension 1,", "5": "dimension 2 to 5,", "20": "dimension 6 to 20,"}[dim])
        assert regime.endswith({"0.0": "under 0.5 nats", "0.5": "0.5 to 2 nats", "2.0": "2 nats and more"}[mi])


def test_the_map_prints_root_mean_square_errors():
    axis = FIGURES["error"].axes[0]
    rows, columns = (
        [label.get_text() for label in labels] for labels in (axis.get_yticklabels(), axis.get_xticklabels())
    )
    places = list(axis.get_yticks())
    texts = {(places.index(t.get_position()[1]), int(t.get_position()[0])): t.get_text() for t in axis.texts
             if t.get_position()[1] in places}  # fmt: skip
    part = FRAME[(FRAME["n_samples"] == 10_000) & (FRAME["estimator"] == "nwj") & (FRAME["point"] == "dim=5:mi=0.5")]
    part = part[part["task"] == "gaussian"]
    rmse = np.sqrt(np.mean((part["mi_estimate"] - part["mi_true"]) ** 2))
    assert texts[rows.index("gaussian/dim=5:mi=0.5"), columns.index("nwj")] == f"{rmse:#.3g}"
    assert texts[rows.index("gaussian/dim=20:mi=0.5"), columns.index("smile")] == "failed"


def test_time_leaves_out_what_not_all_finished():
    points = drawn_lines(FIGURES["time"].axes[0])
    rows = FRAME[(FRAME["task"] == "gaussian") & (FRAME["estimator"] == "mine") & (FRAME["dim_x"] != 20)]
    cells = rows.groupby(["point", "n_samples"])
    assert points["mine"].get_xdata()[0] == pytest.approx(cells["fit_seconds"].median().mean())
    squares = ((rows["mi_estimate"] - rows["mi_true"]) ** 2).groupby([rows["point"], rows["n_samples"]]).mean()
    assert points["mine"].get_ydata()[0] == pytest.approx(np.sqrt(squares.mean()))
    assert "(12 left out)" in said(FIGURES["time"])


def test_ranks_stand_at_the_mean_ranks():
    found = ranking(FRAME)
    lines = FIGURES["ranks"].axes[0].get_lines()
    markers = sorted(float(line.get_xdata()[0]) for line in lines if line.get_marker() in MARKERS)
    assert markers == pytest.approx(sorted(found.ranks))


def test_estimators_look_alike_in_all_figures():
    """Also where the ranks leave one out, who never finished."""
    figures = draw(fail(FRAME, FRAME["estimator"] == "gaussian"), ["bias", "ranks"])
    marked = [line for line in figures["ranks"].axes[0].get_lines() if line.get_marker() in MARKERS]
    ranked = {(line.get_color(), line.get_marker()) for line in marked}
    assert ranked == {(line.get_color(), line.get_marker()) for line in drawn_lines(figures["bias"].axes[0]).values()}


def test_curves_are_drawn_as_they_are():
    axis = next(axis for axis in FIGURES["curves"].axes if axis.get_title() == "gaussian/dim=5:mi=2.0")
    given = some_curves(FRAME)
    where = (FRAME["task"] == "gaussian") & (FRAME["point"] == "dim=5:mi=2.0") & (FRAME["n_samples"] == 10_000)
    trial = FRAME.loc[where & (FRAME["estimator"] == "nwj") & (FRAME["seed"] == 0), "trial_id"].iloc[0]
    line = drawn_lines(axis)["nwj"]
    assert list(zip(line.get_xdata(), line.get_ydata(), strict=True)) == given[trial]
    assert set(drawn_lines(axis)["truth"].get_ydata()) == {2.0}


def test_the_staircase_has_the_true_steps():
    axis = titled("staircase", "gaussian, dimension 5")
    (steps,) = (patch for patch in axis.patches if patch.get_label() == "truth")
    assert list(steps.get_data().values) == [0, 0.5, 2]
    assert list(steps.get_data().edges) == [0, 1000, 2000, 3000]


def test_points_that_share_a_truth_are_no_staircase():
    frame = pd.concat([FRAME, FRAME.assign(point="other-" + FRAME["point"], trial_id="other-" + FRAME["trial_id"])])
    with pytest.raises(NothingMatched, match="rise in truth alone"):
        draw(frame, ["staircase"], "nats", some_curves(frame))


def test_a_trace_is_the_curves_one_after_another():
    """Each level is the curve, then apart from it, at the end of the level, the value reported."""
    line = drawn_lines(titled("staircase", "gaussian, dimension 5"))["nwj"]
    given, expected = some_curves(FRAME), []
    rows = FRAME[(FRAME["task"] == "gaussian") & (FRAME["dim_x"] == 5) & (FRAME["estimator"] == "nwj")]
    rows = rows[(rows["n_samples"] == 10_000) & (rows["seed"] == 0)].sort_values("mi_true")
    for level, row in enumerate(rows.to_dict("records")):
        expected += [(1000 * level + step, value) for step, value in given[row["trial_id"]]]
        expected += [(math.nan, math.nan), (1000 * level + 1000, row["mi_estimate"]), (math.nan, math.nan)]
    points = list(zip(line.get_xdata(), line.get_ydata(), strict=True))
    assert np.array(points) == pytest.approx(np.array(expected), nan_ok=True)
    marked = [points[i] for i in line.get_markevery()]
    assert [y for _, y in marked] == pytest.approx(list(rows["mi_estimate"]))


def said(figure):
    return " ".join(text.get_text() for text in figure.texts).replace("\n", " ")


@pytest.mark.parametrize("kind", FIGURES)
def test_captions_say_what_is_drawn(kind):
    words = said(FIGURES[kind])
    assert "n = " in words
    assert "seed" in words
    assert "failed trials" in words
    assert "held-out" in words


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (700, "; values on held-out samples"),
        (52_000, "; values on held-out samples"),
        (1000, "not known to be held out: a"),
        (None, "; values of the whole sample, without training"),
    ],
)
def test_held_out_is_said_of_what_was_held_out(seen, says):
    """Who saw fewer pairs than the 1000 of the sample, or more, was read on others."""
    frame = trials((("a", {}, "none"),)).assign(samples_seen=seen)
    assert says in said(draw(frame, ["estimate"])["estimate"])


@pytest.mark.parametrize("kind", FIGURES)
def test_nothing_overlaps_with_eight_estimators(kind):
    figure = FIGURES[kind]
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    panels = [axis.get_tightbbox(renderer) for axis in figure.axes]
    others = [text.get_window_extent(renderer) for text in figure.texts]
    others += [legend.get_window_extent(renderer) for legend in figure.legends]
    for box in others:
        assert box.x0 >= -1
        assert box.x1 <= figure.bbox.width + 1
        assert not any(overlap(box, panel) for panel in panels)
    assert not any(overlap(a, b) for a, b in combinations(others, 2))
    assert not any(overlap(a, b) for a, b in combinations(panels, 2))
    for axis in figure.axes:
        for scale in (axis.xaxis, axis.yaxis):
            shown = [t for t in scale.get_ticklabels() if t.get_text() and t.get_visible() and axis.axison]
            if kind != "error":  # there the labels are slanted: their boxes overlap, their letters do not
                boxes = [t.get_window_extent(renderer) for t in shown]
                low, high = sorted(scale.get_view_interval())
                inside = [b for b, t in zip(boxes, scale.get_ticklocs(), strict=False) if low <= t <= high]
                assert not any(overlap(a, b) for a, b in combinations(inside, 2))


def overlap(a, b, slack=1.0):
    return min(a.x1, b.x1) - max(a.x0, b.x0) > slack and min(a.y1, b.y1) - max(a.y0, b.y0) > slack


def test_estimators_differ_without_colour():
    from mibench.plots.style import looks

    look = looks([f"e{i}" for i in range(24)])
    assert len({(style["marker"], style["markerfacecolor"] == "white") for style in look.values()}) == 24
    assert len({style["marker"] for style in list(look.values())[:12]}) == 12


def test_names_are_text_not_markup():
    frame = trials((("$x^2$ <script>", {}, "none"), ("50%_&", {}, "none")))
    figure = draw(frame, ["estimate"])["estimate"]
    assert "$x^2$ <script>" in [text.get_text() for text in figure.legends[0].get_texts()]


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_files_are_the_same_twice(tmp_path, form):
    frame = trials()
    first = write(draw(frame, ["bias"]), tmp_path / "a", [form])
    second = write(draw(frame, ["bias"]), tmp_path / "b", [form])
    assert first[0].name == f"bias.{form}"
    assert first[0].read_bytes() == second[0].read_bytes()


def test_units_scale_the_axis():
    nats, bits = (draw(trials(), ["bias"], unit)["bias"].axes[0] for unit in ("nats", "bits"))
    assert drawn_lines(bits)["ksg"].get_ydata() == pytest.approx(drawn_lines(nats)["ksg"].get_ydata() / np.log(2))
    assert bits.get_ylabel() == "bias (bits)"


def test_what_cannot_be_drawn_says_why():
    frame = trials()
    with pytest.raises(UsageError, match="no figure 'biass'; did you mean 'bias'"):
        draw(frame, ["biass"])
    with pytest.raises(UsageError, match="no figure format 'gif'"):
        write(draw(frame, ["bias"]), None, ["gif"])
    with pytest.raises(NothingMatched, match="no trial left a learning curve"):
        draw(frame, ["curves"])
    assert "curves" not in draw(frame, ["all"])
    failed = fail(frame, frame["seed"] >= 0)
    with pytest.raises(NothingMatched, match="none of them ok"):
        draw(failed, ["all"])


def test_curves_are_read_and_damaged_ones_passed_over(tmp_path):
    from mibench import store

    (tmp_path / "curves").mkdir()
    (tmp_path / "curves" / "a.json").write_text("[[0, 0.1], [100, null]]")
    (tmp_path / "curves" / "b.json").write_text("[[0, ")
    (tmp_path / "curves" / "c.json").write_text("[[0, 0.5]]")
    assert store.read_curves([tmp_path], ["a", "b"]) == {"a": [(0, 0.1), (100, None)]}


def test_pyplot_is_left_alone():
    """A process of its own: another test may import pyplot."""
    code = (
        "import sys, frames, matplotlib as mpl; from mibench.plots import figures;"
        "figures.draw(frames.trials(), ['bias']);"
        "assert 'matplotlib.pyplot' not in sys.modules; assert mpl.rcParams == mpl.rcParamsDefault"
    )
    here = Path(__file__).parent
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": f"{here}{os.pathsep}{here.parent}"}
    )
