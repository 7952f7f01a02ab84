"""Figures of trained models: what they draw is what the models left, of one seed for all, whatever its size."""

import json
import math
import re
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from test_report import folder

from mibench import report, store
from mibench.errors import NothingMatched, Passed
from mibench.plots.figures import draw, slug, write

BETAS = [0.01, 0.1, 1.0]
RNG = np.random.default_rng(0)


def trained(labels=("none", "mine"), seeds=2, score=0.25, chosen=None, application=("app", "p"), failed=()):
    """Rows of one trained model a label and seed; `chosen` by label."""
    kept = json.dumps({"kl": {"value": score, "better": "lower", "margin": 0.1}})
    rows = [
        {
            "trial_id": f"{label}-{seed}", "run_id": "run", "estimator": label, "task": application[0], "seed": seed,
            "point": application[1], "n_samples": None, "status": "oom" if (label, seed) in failed else "ok",
            "mi_true": None, "mi_estimate": None, "kind": "application", "code": "c0de", "scores": kept, "flags": "",
            "chosen": json.dumps((chosen or {}).get(label, {})), "schema_version": 1, "estimator_params": "{}",
            "task_params": "{}", "device": "cpu", "dtype": "float32", "fit_seconds": 1.0,
        }
        for label in labels
        for seed in range(seeds)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def figure_of(kind, frame, left, unit="nats"):
    (figure,) = draw(frame, [kind], unit, left={kind: left}).values()
    return figure


def said(figure):
    return " ".join(text.get_text() for text in figure.texts).replace("\n", " ")


def lines(axis, label, start=""):
    """The (x, y) of the lines of that name; of single seeds and marks, which no legend holds, with `start` "_"."""
    return [np.array(line.get_data(), dtype=float) for line in axis.get_lines() if line.get_label() == start + label]


def test_what_a_frame_has_is_what_is_drawn():
    """Of a run with models and tasks each kind draws what it can; a kind of neither is refused."""
    left = {"curves": {"mine-0": {"mi": [(0, 0.0), (1, 1.0)]}}, "pictures": {"mine-0": {"dots": np.ones((3, 2))}}}
    assert list(draw(trained(), ["all"], left=left)) == ["pictures app/p", "curves app/p"]
    for kind, why in {"bias": "nothing to draw", "curves": "left a curve", "pictures": "left a picture"}.items():
        with pytest.raises(NothingMatched, match=why):
            draw(trained(), [kind])
    with pytest.raises(NothingMatched, match="no figure applies to them"):
        draw(trained(), ["all"])


def test_a_curve_is_the_mean_of_its_seeds():
    curves = {f"mine-{s}": {"mi": [(step, step * (1 + s)) for step in range(0, 50, 10)]} for s in range(2)}
    figure = figure_of("curves", trained(failed={("mine", 2)}, seeds=3), curves, "bits")
    (axis,) = figure.axes
    ((x, y),) = lines(axis, "mine")
    assert list(x) == [0, 10, 20, 30, 40]
    assert list(y) == pytest.approx([1.5 * step / np.log(2) for step in x])
    assert [list(seed) for _, seed in lines(axis, "mine", "_")] == [
        pytest.approx([step * (1 + s) / np.log(2) for step in x]) for s in range(2)
    ]
    assert axis.get_title() == "mi (bits)"
    assert axis.get_xlabel() == "step"
    assert "means over 3 seeds; 1 failed trials left out" in said(figure)


def test_what_was_tried_is_an_axis_and_what_was_chosen_a_mark():
    """A curve over the places of `betas` in `chosen`; one value alone is a level line."""
    chosen = {"mine": {"beta": 0.1, "betas": BETAS, "step": 7}, "none": {"beta": 0.0, "betas": [0.0]}}
    curves = {f"mine-{s}": {"kl": [(k, 10 * s + k) for k in range(3)]} for s in range(2)}
    curves |= {f"none-{s}": {"kl": [(0, 4.0 + s)]} for s in range(2)}
    figure = figure_of("curves", trained(chosen=chosen), curves)
    (axis,) = figure.axes
    ((x, y),) = lines(axis, "mine")
    assert (list(x), list(y)) == (BETAS, [5, 6, 7])
    *seeds, marks = lines(axis, "mine", "_")
    assert [list(seed[1]) for seed in seeds] == [[0, 1, 2], [10, 11, 12]]
    assert marks.tolist() == [[0.1, 0.1], [1, 11]]
    assert set(lines(axis, "none")[0][1]) == {4.5}
    assert (axis.get_xscale(), axis.get_xlabel(), axis.get_title()) == ("log", "beta", "kl ↓")
    assert "what each seed chose" in said(figure)


@pytest.mark.parametrize(
    "chosen",
    [
        {"beta": 1, "betas": BETAS[:2]},
        {"beta": 1, "betas": ["a", "b", "c"]},
        {"beta": 1, "betas": [1, 2, math.inf]},
        [],
        {},
    ],
    ids=str,
)
def test_a_list_that_does_not_fit_is_no_axis(chosen):
    curves = {"mine-0": {"kl": [(0, 1.0), (1, 2.0), (2, 3.0)]}}
    (axis,) = figure_of("curves", trained(chosen={"mine": chosen}), curves).axes
    assert axis.get_xlabel() == "step"
    assert list(lines(axis, "mine")[0][0]) == [0, 1, 2]


@pytest.mark.parametrize("grid", [[0.0, *BETAS], [-1.0, 0.0, 5.0, 100.0]], ids=str)
def test_a_grid_with_zero_in_it_is_drawn(grid):
    chosen = {"mine": {"beta": 0.0, "betas": grid}}
    curves = {"mine-0": {"kl": [(k, float(k)) for k in range(4)]}}
    (axis,) = figure_of("curves", trained(chosen=chosen), curves).axes
    assert list(lines(axis, "mine")[0][0]) == grid
    assert lines(axis, "mine", "_")[0].tolist() == [[0], [grid.index(0.0)]]


def test_a_curve_that_runs_off_presses_nobody_flat():
    labels = ("none", "mine", "jsd", "nwj")
    size = {"none": 1.0, "mine": 1.1, "jsd": 0.9, "nwj": 1e5}
    curves = {f"{label}-0": {"mi": [(k, size[label] * k) for k in range(20)]} for label in labels}
    figure = figure_of("curves", trained(labels, seeds=1), curves)
    low, high = figure.axes[0].get_ylim()
    assert low < 0 < 1.1 * 19 < high < 30
    assert "beyond the frame: nwj (mi)" in said(figure)


def test_many_estimators_have_means_alone():
    labels = ("none", *(f"e{i}" for i in range(12)))
    chosen = {label: {"beta": 1.0, "betas": BETAS} for label in labels}
    curves = {f"{label}-{s}": {"kl": [(k, k + s) for k in range(3)]} for label in labels for s in range(3)}
    figure = figure_of("curves", trained(labels, 3, chosen=chosen), curves)
    (marks,) = lines(figure.axes[0], "e1", "_")
    assert marks.tolist() == [[1.0], [3.0]]
    assert "what most seeds chose" in said(figure)


def dots(axis):
    """Points of a panel, as those that are no mode and not of the legend alone."""
    return [np.array(line.get_data()).T for line in axis.get_lines() if line.get_rasterized()]


def test_points_are_panels_of_one_seed_in_one_frame_over_the_modes():
    """Of the first seed that all have: `jsd` failed at seed 0."""
    left = {
        f"{label}-{seed}": {"made": RNG.normal(seed, 1, (30, 2)), "modes": np.array([[9.0, 9.0], [-9.0, 9.0]])}
        for label in ("none", "mine", "jsd")
        for seed in range(3)
    }
    figure = figure_of("pictures", trained(("mine", "none", "jsd"), 3, failed={("jsd", 0)}), left)
    assert [axis.get_title() for axis in figure.axes] == [f"{label}\nkl 0.250" for label in ("none", "jsd", "mine")]
    for axis, label in zip(figure.axes, ("none", "jsd", "mine"), strict=True):
        assert dots(axis)[0].tolist() == left[f"{label}-1"]["made"].tolist()
        assert lines(axis, "modes")[0].T.tolist() == [[9, 9], [-9, 9]]
        assert axis.get_xlim()[0] < -9 < 9 < axis.get_xlim()[1]
    assert len({(axis.get_xlim(), axis.get_ylim()) for axis in figure.axes}) == 1
    assert "models of seed 1; 1 failed trials left out" in said(figure)


def test_who_lacks_the_seed_is_named():
    left = {f"{label}-1": {"made": np.ones((2, 2))} for label in ("none", "mine")}
    left["jsd-0"] = left["none-1"]
    figure = figure_of("pictures", trained(("none", "mine", "jsd")), left)
    assert [axis.get_title().split("\n")[0] for axis in figure.axes] == ["none", "mine"]
    assert "models of seed 1, which jsd lacks" in said(figure)


def test_classes_of_points_are_told_apart():
    points, labels = RNG.normal(size=(40, 2)), np.arange(40) % 10
    left = {"none-0": {"plane": points, "labels": labels}, "mine-0": {"plane": 100 * points, "labels": labels}}
    figure = figure_of("pictures", trained(seeds=1), left)
    for axis, scale in zip(figure.axes, (1, 100), strict=True):
        drawn = dots(axis)
        assert len({line.get_color() for line in axis.get_lines()}) == len(drawn) == 10
        for value, mine in enumerate(drawn):
            assert mine == pytest.approx(scale * points[labels == value])
    assert figure.axes[1].get_xlim()[1] > 20 * figure.axes[0].get_xlim()[1], "planes have no common scale"


@pytest.mark.filterwarnings("error")
def test_points_that_no_axis_holds_are_left_out_and_counted():
    points, labels = RNG.normal(size=(40, 2)), np.arange(40) % 2
    broken, far = points.copy(), points.copy()
    broken[:2], broken[3, 1], far[0] = np.nan, np.inf, 1e308
    left = {"none": points, "mine": broken, "jsd": far, "dv": np.full((4, 2), np.nan)}
    modes = np.array([[0.0, 0.0], [np.nan, 1.0]])
    made = {f"{label}-0": {"made": array, "modes": modes} for label, array in left.items()}
    figure = figure_of("pictures", trained(tuple(left), 1), made)
    shown = {axis.get_title().split("\n")[0]: dots(axis)[0] for axis in figure.axes}
    assert {label: len(array) for label, array in shown.items()} == {"none": 40, "mine": 37, "jsd": 39, "dv": 0}
    assert shown["mine"].tolist() == broken[[2, *range(4, 40)]].tolist()
    assert "not finite, or beyond 1e+150 (dv 4, jsd 1, mine 3)" in said(figure)
    (axis,) = figure_of("pictures", trained(("none",), 1), {"none-0": {"plane": broken, "labels": labels}}).axes
    assert [one.tolist() for one in dots(axis)] == [broken[2::2].tolist(), broken[5::2].tolist()]


def images(axis):
    return [(image.get_array(), image.get_extent()) for image in axis.get_images()]


def test_pictures_are_rows_and_what_all_share_is_one():
    """Four greys of side 8 with a gap of 1: pixel (i, j) of picture k is at (i, 9 k + j)."""
    shared = RNG.random((4, 64))
    left = {f"{label}-0": {"given": shared, "back": RNG.random((4, 64))} for label in ("none", "mine")}
    figure = figure_of("pictures", trained(seeds=1), left)
    (axis,) = figure.axes
    assert [label.get_text() for label in axis.get_yticklabels()] == ["given", "none\nkl 0.250", "mine\nkl 0.250"]
    assert [text.get_text() for text in axis.texts] == ["back"]
    given = [shared, left["none-0"]["back"], left["mine-0"]["back"]]
    for (tile, _), array in zip(images(axis), given, strict=True):
        tile = np.asarray(tile).reshape(8, 4, 9, 4)
        for channel in range(3):
            assert np.swapaxes(tile[:, :, :8, channel], 0, 1).reshape(4, 64) == pytest.approx(array)
        assert (tile[:, :, :8, 3] == 1).all()
        assert not tile[:, :, 8].any()


@pytest.mark.parametrize(
    ("shape", "height", "width"),
    [((5, 64), 8, 8), ((5, 784), 28, 28), ((5, 24, 8), 24, 8), ((5, 3072), 32, 32), ((5, 3, 9, 6), 9, 6),
     ((5, 9, 6, 3), 9, 6), ((5, 1, 16, 16), 16, 16)],
    ids=str,
)  # fmt: skip
def test_pictures_of_any_size_stand_beside_others(shape, height, width):
    """A picture and its gap are 1 wide, whatever their pixels."""
    left = {"none-0": {"made": RNG.random((5, 64))}, "mine-0": {"made": RNG.random(shape)}}
    (axis,) = figure_of("pictures", trained(seeds=1), left).axes
    _, (tile, extent) = images(axis)
    assert np.asarray(tile).shape[0] == height
    left_, right, bottom, top = extent
    assert (left_, right) == (0, 5)
    assert (bottom - top) * np.asarray(tile).shape[1] / 5 == pytest.approx(height)
    gap = np.asarray(tile).shape[1] // 5 - width
    assert 1 <= gap <= max(1, width // 7)


def test_colours_are_red_green_and_blue():
    colours = np.zeros((2, 3, 8, 8))
    colours[0, 0] = colours[1, 2] = 1
    (axis,) = figure_of("pictures", trained(("none",), 1), {"none-0": {"made": colours}}).axes
    tile = np.asarray(images(axis)[0][0])
    assert tile[4, 4].tolist() == [1, 0, 0, 1]
    assert tile[4, 13].tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("values", "black", "white"),
    [(np.array([0.0, 0.5]), 0, 1), (np.array([0, 51], dtype=np.uint8), 0, 255), (np.array([-2.0, 6.0]), -2, 6),
     (np.array([np.nan, 0.5]), 0, 1)],
    ids=str,
)  # fmt: skip
def test_black_and_white_are_the_same_for_all(values, black, white):
    one = np.full((1, 8, 8), values[0]).astype(values.dtype)
    other = np.full((1, 8, 8), values[1]).astype(values.dtype)
    (axis,) = figure_of("pictures", trained(seeds=1), {"none-0": {"made": one}, "mine-0": {"made": other}}).axes
    for (tile, _), value in zip(images(axis), values, strict=True):
        assert ("64 pixels that are not finite are black" in said(axis.figure)) == np.isnan(values).any()
        expected = 0 if np.isnan(value) else (float(value) - black) / (white - black)
        assert float(np.asarray(tile)[0, 0, 0]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "array", "why"),
    [("codes", np.ones((4, 1)), r"\(4, 1\) is no shape"), ("solid", np.ones((2, 3, 4, 5, 6)), "is no shape"),
     ("words", np.array([["a", "b"]]), "no numbers"), ("nothing", np.ones((0, 64)), "is no shape"),
     ("labels", np.ones(7), "no shape of classes"), ("labels", np.arange(30), "30 classes are more than")],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_drawn_is_told_once_and_the_rest_drawn(name, array, why):
    left = {f"{label}-0": {"made": np.ones((30, 2)), name: array} for label in ("none", "mine")}
    with pytest.warns(Passed, match=f"app/p: picture '{name}' is not drawn: .*{why}") as told:
        figure = figure_of("pictures", trained(seeds=1), left)
    assert len(told) == 1
    assert len(figure.axes) == 2


def test_points_and_pictures_of_one_application_are_two_figures():
    left = {"none-0": {"plane": np.ones((3, 2)), "made": np.ones((3, 64))}}
    drawn = draw(trained(("none",), 1), ["pictures"], left={"pictures": left})
    assert list(drawn) == ["pictures app/p: points", "pictures app/p: pictures"]


def test_names_stand_inside_the_figure_and_over_nothing():
    labels = ("none", *(f"an-estimator-{i}" for i in range(12)))
    left = {f"{label}-0": {"given": np.ones((20, 64)), "back": RNG.random((20, 64))} for label in labels}
    figure = figure_of("pictures", trained(labels, 1), left)
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    (axis,) = figure.axes
    names = [label.get_window_extent(renderer) for label in axis.get_yticklabels()]
    heads = [text.get_window_extent(renderer) for text in axis.texts]
    rows = [image.get_window_extent(renderer) for image in axis.get_images()]
    assert min(box.x0 for box in names) >= 0
    assert max(box.x1 for box in rows) <= figure.bbox.width
    for box in names:
        assert box.x1 <= rows[0].x0
    for box in heads:
        assert not any(min(box.y1, row.y1) - max(box.y0, row.y0) > 1 for row in rows)
    for one, other in pairwise(names):
        assert one.y0 >= other.y1 - 1
    assert "the first 16 of 20 pictures" in said(figure)


def test_files_are_named_by_kind_and_application(tmp_path):
    assert slug("pictures app/p:a=1:b=2x3") == "pictures-app-p-a=1-b=2x3"
    long = [slug(f"curves app/{'x' * 300}{end}") for end in "ab"]
    assert len(set(long)) == 2
    assert max(map(len, long)) <= 120
    left = {"pictures": {"none-0": {"made": RNG.random((3, 64)), "plane": RNG.random((9, 2))}}}
    drawn = [draw(trained(("none",), 1), ["pictures"], left=left) for _ in range(2)]
    first, second = (write(figures, tmp_path / str(i), ["svg"]) for i, figures in enumerate(drawn))
    assert [path.name for path in first] == [f"pictures-app-p-{what}.svg" for what in ("points", "pictures")]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder of models alone, one of whose picture files is damaged and one of which is no such file."""
    path = folder(tmp_path_factory.mktemp("runs") / "models", trained(("none", "mine", "jsd", "dv"), 1))
    (path / "pictures").mkdir()
    for label in ("none", "mine", "jsd", "dv"):
        np.savez_compressed(path / "pictures" / f"{label}-0.npz", made=RNG.random((3, 64)), plane=RNG.random((9, 2)))
        (path / "curves" / f"{label}-0.json").write_text(json.dumps({"mi": [[0, 0.0], [1, 0.5]]}))
    whole = (path / "pictures" / "jsd-0.npz").read_bytes()
    (path / "pictures" / "jsd-0.npz").write_bytes(whole[: len(whole) // 2])
    np.save((path / "pictures" / "dv-0.npz").open("wb"), np.ones(3))
    return path


def test_pictures_are_read_when_they_are_asked_for(run):
    kept = store.read_pictures([run], ["none-0", "jsd-0", "dv-0", "lost"])
    assert set(kept) == {"none-0", "jsd-0", "dv-0"}
    assert kept["none-0"]["made"].shape == (3, 64)
    for trial in ("jsd-0", "dv-0"):
        with pytest.warns(Passed, match=f"{trial}.npz: passed over, no pictures can be read from it"):
            assert kept[trial] == {}


def test_a_damaged_file_costs_a_line_and_its_own_row(run, mibench):
    done = mibench("plot", run, "--kind", "pictures", "-e", "none,mine,jsd", "-o", "out")
    assert done.returncode == 0
    assert [line.split("/")[-1] for line in done.stdout.split()] == [
        f"pictures-app-p-{what}.png" for what in ("points", "pictures")
    ]
    (line,) = done.stderr.splitlines()
    assert re.fullmatch(r"mibench: \S+jsd-0.npz: passed over, no pictures can be read from it \(.*\)", line)


@pytest.fixture(scope="module")
def page(run):
    with pytest.warns(Passed):
        return report.page(store.load(run), [run])


class Elements(HTMLParser):
    """The ids of the page's sections and figures in order, and every address in it."""

    def __init__(self):
        super().__init__()
        self.places, self.addresses = [], []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag in ("section", "figure") and "hidden" not in given:
            self.places.append(given["id"])
        self.addresses += [given[name] for name in ("href", "xlink:href", "src") if name in given]


def test_the_report_shows_pictures_and_curves_of_models(page):
    """And of a run of models alone no empty section of tasks; what is shown lies in the page itself."""
    elements = Elements()
    elements.feed(page)
    shown = ["pictures-app-p-points", "pictures-app-p-pictures", "curves-app-p"]
    at = elements.places.index("models")
    assert sorted(elements.places[at + 1 : at + 4]) == sorted(f"figure-{name}" for name in shown)
    assert not {"summary", "cells", "figures"} & set(elements.places)
    assert all(re.match("#|data:image/png;base64,", address) for address in elements.addresses)
    assert sum(address.startswith("data:") for address in elements.addresses) >= 4
    assert {"#models", "#comparison"} <= set(elements.addresses)
