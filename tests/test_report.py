"""The report: its numbers are the rows', its text is text, and it asks nothing of any network."""

import csv
import json
import math
import re
import shutil
import statistics
import subprocess
from html import escape, unescape
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from frames import fail, trials

from mibench import report, store
from mibench.errors import MibenchError, NothingMatched
from mibench.findings import leaderboard
from mibench.result import COLUMNS

HOSTILE = "<script>alert(1)</script>"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
POINTS = tuple((dim, mi) for dim in (1, 5) for mi in (0.5, 1.0, 2.0))


def folder(path, frame, logs=True):
    """A results folder as a run leaves it, with these rows."""
    (path / "logs").mkdir(parents=True)
    (path / "curves").mkdir()
    frame = frame.assign(run_id=path.name).reindex(columns=list(COLUMNS))
    for name, column in COLUMNS.items():
        if column.kind is str and not column.optional:
            frame[name] = frame[name].astype(object).where(frame[name].notna(), column.default or "")
    frame["sequence"] = [f"2026-01-01T00:00:00#{i:020}" for i in range(len(frame))]
    frame.to_csv(path / "trials.csv", index=False)
    (path / "rows").mkdir()
    with (path / "rows" / "one.jsonl").open("w") as file:
        for row in json.loads(frame.to_json(orient="records")):
            file.write(json.dumps(row) + "\n")
    settings = {"estimators": ["ksg,mine"], "tasks": ["gaussian"], "samples": ["1000"], "seeds": "10", "jobs": None}
    run = {"schema_version": 1, "command": "mibench run", "settings": settings, "versions": {"mibench": "0.1.0"}}
    (path / "run.json").write_text(json.dumps({**run, "git": {"commit": "abc123", "dirty": True}}))
    for trial in frame.loc[frame["status"] != "ok", "trial_id"] if logs else ():
        (path / "logs" / f"{trial}.log").write_text(f"Traceback {HOSTILE}\n")
    return path


def page_of(path, *more):
    return report.page(store.load(path), [path], *more)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    frame = trials((("ksg", {"k": 3}, "none"), (HOSTILE, {"a": "&<b>"}, "lower"), ("mine", {}, "lower")), POINTS)
    frame["trial_id"] = [f"t{i}" for i in range(len(frame))]
    frame = fail(frame, (frame["estimator"] == HOSTILE) & (frame["seed"] < 2))
    frame.loc[frame["status"] != "ok", "error"] = HOSTILE
    return folder(tmp_path_factory.mktemp("runs") / "a-run", frame)


@pytest.fixture(scope="module")
def page(run):
    return page_of(run)


def data_of(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])


class Elements(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.ids, self.text = [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.ids += [value for name, value in attributes if name == "id"]

    def handle_data(self, data):
        self.text.append(data)


def test_every_cell_is_recomputed_from_the_rows(run, page):
    data = data_of(page)
    with (run / "trials.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(data["cells"]) == 3 * len(POINTS)
    for values, inside in zip(data["cells"], data["trials"], strict=True):
        cell = dict(zip(data["cell_columns"], values, strict=True))
        mine = [row for row in rows if row["estimator"] == cell["label"] and row["point"] == cell["point"]]
        ok = [float(row["mi_estimate"]) for row in mine if row["status"] == "ok"]
        truth = float(mine[0]["mi_true"])
        assert (cell["n_ok"], cell["n_failed"]) == (len(ok), len(mine) - len(ok))
        assert cell["mean"] == pytest.approx(statistics.fmean(ok), rel=1e-5)
        assert cell["sd"] == pytest.approx(statistics.stdev(ok), rel=1e-5)
        assert cell["bias"] == pytest.approx(statistics.fmean(ok) - truth, rel=1e-4, abs=1e-6)
        assert cell["rmse"] == pytest.approx(math.sqrt(statistics.fmean((x - truth) ** 2 for x in ok)), rel=1e-5)
        listed = [dict(zip(data["trial_columns"], trial, strict=True)) for trial in inside]
        assert [trial["seed"] for trial in listed] == list(range(10))
        assert [trial["mi_estimate"] for trial in listed if trial["status"] == "ok"] == pytest.approx(ok, rel=1e-5)


LINES = {
    'File "/home/ann/mi/plugins/ksg.py", line 3': 'File "plugins/ksg.py", line 3',
    'File "/opt/venv/lib/python3.11/site-packages/scipy/a.py"': 'File "site-packages/scipy/a.py"',
    'File "mine.py", line 1': 'File "mine.py", line 1',
    'File "/home/ann/half.py", line 1': 'File "half.py", line 1',
    "No such file: '/home/ann/my-data/x.csv'": "No such file: 'x.csv'",
    r"C:\Users\ann\x.csv is gone": "x.csv is gone",
    "see https://example.org/a/b, 3/4 and x/y/z": "see https://example.org/a/b, 3/4 and x/y/z",
}
"""Lines of logs, and what a report keeps of them."""


def test_logs_do_not_say_where_a_checkout_lies(tmp_path):
    frame = trials((("ksg", {}, "none"),), POINTS[:1])
    frame = fail(frame, frame["seed"] < len(LINES), "error")
    path = folder(tmp_path / "run", frame, logs=False)
    failed = frame.loc[frame["status"] == "error", "trial_id"]
    for trial, line in zip(failed, LINES, strict=True):
        (path / "logs" / f"{trial}.log").write_text(f"Traceback\n  {line}\n")
    kept = {trial: f"Traceback\n  {line}\n" for trial, line in zip(failed, LINES.values(), strict=True)}
    assert data_of(page_of(path))["logs"] == kept


def test_no_place_on_a_machine_is_in_a_report(tmp_path):
    """Neither in commands, settings and messages nor where plugins lie."""
    frame = trials((("half", {"file": "/home/ann/own/d.csv"}, "none"), ("ksg", {}, "none")), POINTS[:1])
    frame = frame.assign(task_params='{"path": "/home/ann/own/d.csv"}')
    frame = fail(frame, frame["seed"] == 0, "error").assign(error="no file /home/ann/own/d.csv")
    path = folder(tmp_path / "run", frame, logs=False)
    run = json.loads((path / "run.json").read_text())
    run["command"] = "mibench run -p /home/ann/own/half.py -o /home/ann/out/run"
    run["settings"]["plugins"] = ["/home/ann/own/half.py"]
    (path / "run.json").write_text(json.dumps(run))
    page = page_of(path)
    assert "/home" not in page
    assert "ann" not in re.sub(r"<style>.*?</script>", "", page, flags=re.DOTALL).split()
    assert "-p half.py" in page


@pytest.mark.parametrize("kind", ["up", "link"])
def test_no_file_outside_a_run_is_embedded(tmp_path, kind):
    frame = fail(trials((("ksg", {}, "none"),), POINTS[:1], seeds=2), np.array([True, False]), "error")
    frame["trial_id"] = ["../../secret" if kind == "up" else "t0", "t1"]
    path = folder(tmp_path / "run", frame, logs=False)
    (tmp_path / "secret.log").write_text("SECRET")
    if kind == "link":
        (path / "logs" / "t0.log").symlink_to(tmp_path / "secret.log")
    assert "SECRET" not in report.page(frame, [path])


def test_names_are_text(page):
    assert HOSTILE not in page
    assert "<b>" not in page
    elements = Elements()
    elements.feed(page)
    assert len([tag for tag, _ in elements.tags if tag == "script"]) == 2
    assert any(HOSTILE in text for text in elements.text)
    assert HOSTILE in {values[0] for values in data_of(page)["cells"]}


def test_nothing_is_fetched(page):
    elements = Elements()
    elements.feed(page)
    for tag, attributes in elements.tags:
        assert tag not in ("link", "img", "iframe", "base", "object", "embed")
        assert "src" not in attributes
        for name in ("href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith("#")
    assert "default-src 'none'" in page
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


def test_ids_are_unique_and_every_link_has_its_end(page):
    elements = Elements()
    elements.feed(page)
    assert len(elements.ids) == len(set(elements.ids))
    links = {
        value[1:] for _, a in elements.tags for name, value in a.items() if name in ("href", "xlink:href") if value
    }
    pages = {f"cell-{i}" for i in range(len(data_of(page)["cells"]))}  # which the page makes when they are opened
    assert links <= set(elements.ids) | pages


def test_figures_in_the_page_say_what_the_figures_say(run, page):
    from mibench.plots import figures

    texts = {text.strip() for text in re.findall(r">([^<>]+)</text>", page)}
    drawn_now = figures.draw(store.load(run), ["ranks"])
    drawn_now["ranks"].draw_without_rendering()
    drawn = {text.get_text().strip() for axis in drawn_now["ranks"].axes for text in axis.texts}
    assert any("ksg" in text for text in drawn)
    assert {escape(text, quote=False) for text in drawn} <= texts


class Maps(HTMLParser):
    """The rows of the error map: the texts of their entries, and the shade and link of each."""

    def __init__(self):
        super().__init__()
        self.rows, self.inside, self.entry = [], False, None

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.inside = given.get("class") == "map" if tag == "table" else self.inside
        if not self.inside:
            return
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            shade = (given.get("style") or "").removeprefix("--s:")
            self.entry = {"text": "", "shade": float(shade) if shade else None}
            self.rows[-1].append(self.entry)
        if tag == "a":
            self.entry["cell"] = int(given["href"].removeprefix("#cell-"))

    def handle_endtag(self, tag):
        self.entry = None if tag in ("td", "th") else self.entry

    def handle_data(self, data):
        if self.inside and self.entry:
            self.entry["text"] += data.strip()


def map_of(page):
    found = Maps()
    found.feed(page)
    return found.rows


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Eight estimators; `e1` does not support dimension 5, `e2` failed there."""
    names = tuple((f"e{i}", {}, "none") for i in range(8))
    frame = trials(names, POINTS, bias={f"e{i}": 0.2 * i for i in range(8)}, seeds=2)
    frame = fail(frame, (frame["estimator"] == "e1") & (frame["dim_x"] == 5), "unsupported")
    frame = fail(frame, (frame["estimator"] == "e2") & (frame["dim_x"] == 5), "crashed")
    return page_of(folder(tmp_path_factory.mktemp("many") / "run", frame, logs=False))


def test_each_entry_of_the_error_map_is_that_of_its_cell(many):
    head, *rows = map_of(many)
    data = data_of(many)
    column = {name: i for i, name in enumerate(data["cell_columns"])}
    rows = [row for row in rows if len(row) > 1]
    assert len(rows) == len(POINTS)
    shades = []
    for name, *entries in rows:
        for label, entry in zip(head[1:], entries, strict=True):
            cell = data["cells"][entry["cell"]]
            assert (cell[column["label"]], cell[column["point"]]) == (label["text"], name["text"])
            known = cell[column["rmse"]]
            said = {"e1": "n/a", "e2": "failed"}[label["text"]] if known is None else f"{known:#.3g}"
            assert entry["text"] == said
            assert (entry["shade"] is None) == (known is None)
            shades += [] if known is None else [(known, entry["shade"])]
    ordered = [shade for _, shade in sorted(shades)]
    assert ordered == sorted(ordered)
    assert (ordered[0], ordered[-1]) == (0, 1)


@pytest.mark.parametrize("count", ["few", "many"])
def test_with_many_estimators_the_report_opens_on_the_error_map(page, many, count):
    text = {"few": page, "many": many}[count]
    assert (text.index('id="errors"') < text.index('id="summary"')) == (count == "many")
    labels = [entry["text"] for entry in map_of(text)[0][1:]]
    assert set(labels) == {cell[0] for cell in data_of(text)["cells"]}
    if count == "many":
        assert labels[0] == "e0"
        assert labels[-1] == "e7"


def test_what_is_not_supported_is_no_failure_anywhere(many):
    assert ">n/a<" in many
    assert '<div class="bad"><dt>unsupported' not in many
    assert '<div class="bad"><dt>crashed' in many
    assert "e1 without 3 of 6 cells: 3 unsupported" in many


def test_failures_and_logs_are_told(page):
    data = data_of(page)
    assert len(data["logs"]) == 2 * len(POINTS)
    assert all(HOSTILE in log for log in data["logs"].values())
    assert sum(cell[data["cell_columns"].index("n_failed")] for cell in data["cells"]) == 2 * len(POINTS)
    assert "timeout 2" in page


def test_it_says_where_the_numbers_come_from(page):
    for said in ("abc123", "and uncommitted changes", "mibench run -e ksg,mine -t gaussian -n 1000 --seeds 10"):
        assert said in page


def test_units_reach_every_number(tmp_path):
    run = folder(tmp_path / "run", trials((("ksg", {}, "none"),), POINTS[:1]))
    nats, bits = (data_of(page_of(run, unit))["cells"][0] for unit in ("nats", "bits"))
    columns = report.CELL_COLUMNS
    for name in ("truth", "mean", "sd", "ci_low", "bias", "rmse"):
        i = columns.index(name)
        assert bits[i] == pytest.approx(nats[i] / math.log(2), rel=1e-4)
    assert bits[columns.index("fit_seconds")] == nats[columns.index("fit_seconds")]


def test_a_run_where_all_failed_has_an_honest_report(tmp_path):
    frame = trials()
    page = page_of(folder(tmp_path / "bad", fail(frame, frame["seed"] >= 0)))
    assert "No figure can be drawn" in page
    assert "failed: timeout 10" in page


def test_an_empty_run_has_an_honest_report(tmp_path):
    page = page_of(folder(tmp_path / "empty", trials().iloc[:0]))
    assert data_of(page)["cells"] == []


def test_what_is_no_run_gives_one_line(tmp_path):
    with pytest.raises(MibenchError) as caught:
        page_of(tmp_path / "nothing")
    assert "\n" not in str(caught.value)


def test_a_thousand_cells_fit_in_two_megabytes(tmp_path):
    names = tuple((f"estimator-{i}", {"k": i}, "lower") for i in range(10))
    frame = trials(names, tuple((dim, mi) for dim in range(1, 11) for mi in (0.1, 0.5, 1, 2, 5)), (1000, 10_000), 10)
    frame["trial_id"] = [f"t{i:016x}" for i in range(len(frame))]
    page = page_of(folder(tmp_path / "big", frame, logs=False))
    assert len(data_of(page)["cells"]) == 1000
    assert len(page.encode()) < 2_000_000


@pytest.mark.parametrize(
    ("status", "why"), [("error", "failed or was not run"), ("unsupported", "does not support them")]
)
def test_the_leaderboard_is_ranks_by_pairs_over_what_both_finished(status, why):
    names = (("a", {}, "none"), ("b", {}, "none"), ("c", {}, "none"))
    frame = trials(names, POINTS, bias={"b": 0.2, "c": 0.5}, seeds=4)
    seeds = frame["seed"] == 0 if status == "error" else frame["seed"] >= 0
    frame = fail(frame, (frame["estimator"] == "c") & (frame["dim_x"] == 5) & seeds, status)
    board = leaderboard.board(frame)
    ok = frame[frame["status"] == "ok"]
    errors = {
        key: float((group["mi_estimate"] - group["mi_true"]).abs().mean())
        for key, group in ok.groupby(["estimator", "point"])
    }
    points = {name: sorted(set(frame["point"]) if name != "c" else set(frame[frame["dim_x"] == 1]["point"]))
              for name in "abc"}  # fmt: skip
    table = board.table.set_index("label")
    assert list(table.index) == ["a", "b", "c"]
    for name in "abc":
        assert table.loc[name, "error"] == pytest.approx(np.mean([errors[name, point] for point in points["c"]]))
        shares = [
            np.mean([errors[other, p] < errors[name, p] for p in points[name] if p in points[other]])
            for other in "abc" if other != name
        ]  # fmt: skip
        assert table.loc[name, "rank"] == pytest.approx(1 + sum(shares))
        assert table.loc[name, "rank_low"] <= table.loc[name, "rank"] <= table.loc[name, "rank_high"]
    assert table["cells"].tolist() == [6, 6, 3]
    assert table.loc["c", ["failed", "unsupported"]].tolist() == ([3, 0] if status == "error" else [0, 12])
    assert "over 6 of 6 cells, 4 seeds each" in board.notes
    assert f"not compared because c {why}: 3 cells" in board.notes
    assert any("over the 3 that all have" in note for note in board.notes)


def test_the_leaderboard_leaves_out_who_never_finished():
    names = (("a", {}, "none"), ("b", {}, "none"), ("c", {}, "none"))
    frame = trials(names, POINTS, seeds=4)
    rest = leaderboard.board(frame[frame["estimator"] != "c"])
    board = leaderboard.board(fail(frame, frame["estimator"] == "c", "crashed"))
    pd.testing.assert_frame_equal(board.table, rest.table)
    assert "c left out: none of its trials ended ok" in board.notes


def test_the_leaderboard_needs_rivals():
    with pytest.raises(NothingMatched, match="two estimators"):
        leaderboard.board(trials((("ksg", {}, "none"),)))


DRIVE = """
<script>
const refused = [];
addEventListener("securitypolicyviolation", (event) => refused.push(event.blockedURI));
addEventListener("load", () => {
  const cells = (row) => [...row.cells].map((c) => c.textContent);
  const rows = () => [...document.querySelectorAll("#table tbody tr")].map(cells);
  const out = { all: rows().length };
  const button = (name) => document.querySelector(`th[data-name=${name}] button`);
  button("rmse").click(); out.up = rows().map((r) => +r[11]);
  button("rmse").click(); out.down = rows().map((r) => +r[11]);
  out.aria = document.querySelector("th[data-name=rmse]").getAttribute("aria-sort");
  button("point").click(); out.points = rows().map((r) => r[2]);
  const words = document.getElementById("words");
  words.value = "ksg dim=5"; words.dispatchEvent(new Event("input")); out.filtered = rows().map((r) => r[0] + r[2]);
  out.said = document.getElementById("shown").textContent;
  words.value = ""; words.dispatchEvent(new Event("input"));
  const kind = document.getElementById("kind");
  kind.value = "failed"; kind.dispatchEvent(new Event("change")); out.failed = rows().map((r) => r[0]);
  document.querySelector("#table tbody a").click();
  setTimeout(() => {
    out.cell = document.getElementById("cell").innerText;
    out.hidden = document.getElementById("overview").hidden;
    out.focus = document.activeElement.id;
    dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
    setTimeout(() => {
      out.back = !document.getElementById("overview").hidden;
      out.wide = document.documentElement.scrollWidth <= innerWidth;
      out.fetched = performance.getEntriesByType("resource").map((entry) => entry.name);
      out.refused = refused;
      document.body.textContent = JSON.stringify(out);
    }, 50);
  }, 50);
});
addEventListener("error", (event) => { document.body.textContent = JSON.stringify({ error: event.message }); });
</script>
"""


MEASURE = """
<script>
addEventListener("load", () => {
  document.querySelectorAll("details").forEach((one) => { one.open = true; });
  const wide = [...document.querySelectorAll("main .wide")].filter((one) => !one.closest("figure"));
  const cut = wide.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.getAttribute("aria-label"));
  const page = document.documentElement;
  parent.postMessage({ width: innerWidth, boxes: wide.length, cut, over: page.scrollWidth > page.clientWidth }, "*");
});
</script>
"""
FRAMES = """
<body><script>
const found = [];
addEventListener("message", (event) => {
  found.push(event.data);
  if (found.length === 2) document.body.textContent = JSON.stringify(found);
});
</script>
<iframe src="report.html" style="width:390px;height:900px"></iframe>
<iframe src="report.html" style="width:1280px;height:900px"></iframe></body>
"""


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium")
def test_no_column_is_cut_on_a_phone_or_a_laptop(tmp_path, monkeypatch):
    """Sixteen estimators and tasks with names as long as the longest bundled ones, everything unfolded.

    Figures scroll in frames of their own, and are not drawn here.
    """
    monkeypatch.setattr(report, "_figures", lambda *_: [])
    names = tuple((f"deep-infomax-{i}", {}, "lower") for i in range(16))
    frame = trials(names, tuple((dim, mi) for dim in (1, 25) for mi in (0.2, 0.3)), seeds=2)
    frame["point"] = "spiral-normal_cdf-multinormal-sparse-25-25-2-" + frame["point"]
    frame = fail(frame, (frame["estimator"] == "deep-infomax-3") & (frame["seed"] == 0), "crashed")
    page = page_of(folder(tmp_path / "run", frame, logs=False), "nats", True)
    (tmp_path / "report.html").write_text(page.replace("</body>", MEASURE + "</body>"))
    (tmp_path / "frames.html").write_text(FRAMES)
    shown, _ = browse(tmp_path / "frames.html", tmp_path, 1700)
    measured = json.loads(unescape(re.search(r"<body>(.*?)</body>", shown, re.DOTALL)[1]))
    assert sorted(one["width"] for one in measured) == [390, 1280]
    for one in measured:
        assert one["boxes"] >= 6
        assert one["cut"] == []
        assert not one["over"]


def browse(path, tmp_path, width):
    """The page's text after its scripts ran, and the addresses asked for but by the browser's own housekeeping."""
    log = tmp_path / "net.json"
    done = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
            f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},900", f"--log-net-log={log}",
            "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=4000", "--dump-dom", path.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    asked = set(re.findall(r'"url":"((?:https?|wss?|ftp)://[^/"]*)', log.read_text()))
    return done.stdout, {address for address in asked if not re.search(r"\.(google|googleapis|gstatic)\.com$", address)}


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium")
@pytest.mark.parametrize("width", [1280, 500], ids=["laptop", "phone"])
def test_a_browser_opens_sorts_and_filters_it(page, tmp_path, width):
    path = tmp_path / "report.html"
    path.write_text(page.replace("</body>", DRIVE + "</body>"))
    shown, asked = browse(path, tmp_path, width)
    out = json.loads(unescape(re.search(r"<body>(.*?)</body>", shown, re.DOTALL)[1]))
    assert "error" not in out
    assert out["all"] == 3 * len(POINTS)
    assert out["up"] == sorted(out["up"])
    assert out["down"] == sorted(out["down"], reverse=True)
    assert out["aria"] == "descending"
    assert out["points"] == sorted(out["points"])
    assert out["filtered"] == [f"ksgdim=5:mi={mi}" for mi in (0.5, 1.0, 2.0)]
    assert out["said"] == "3 of 18 cells"
    assert set(out["failed"]) == {HOSTILE + " ≤"}
    assert "Log of seed 0" in out["cell"]
    assert HOSTILE in out["cell"]
    assert out["hidden"]
    assert out["focus"] == "cell"
    assert out["back"]
    assert out["wide"], "the page is wider than its window"
    assert out["fetched"] == []
    assert out["refused"] == []
    assert not asked
