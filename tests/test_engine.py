"""Which trials go together, which device each gets, and what a batch that fails leaves behind."""

import sys
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from mibench import store
from mibench.catalogue import Choice, Point
from mibench.device import Device
from mibench.engine import devices, modules
from mibench.engine.batches import WINDOW, batches
from mibench.engine.local import Queues
from mibench.errors import UsageError
from mibench.trial import Trial


@dataclass(frozen=True)
class Task:
    dim_x: int = 1
    mi: float = 0.5
    dim_y: int = 1

    def sample(self, n, rng):
        return rng.standard_normal((n, self.dim_x)), rng.standard_normal((n, 1))


@dataclass(frozen=True)
class Alone:
    k: int = 3

    def estimate(self, x, y):
        return 0.0


@dataclass(frozen=True)
class Batched(Alone):
    def estimate_many(self, xs, ys, *, seeds):
        return [0.0] * len(xs)

    def trials_at_once(self, n, dim_x, dim_y, device):
        return 4


@dataclass(frozen=True)
class Siblings(Alone):
    family = "k"

    def estimate_family(self, x, y, siblings):
        return [0.0] * len(siblings)


def trials(*estimators, seeds=3, tasks=(Task(),)):
    choices = [Choice(type(made).__name__, {}, made) for made in estimators]
    points = [Point("t", str(task), {}, str(task), task) for task in tasks]
    return [Trial(c, p, 100, seed, "cpu", "c") for seed in range(seeds) for p in points for c in choices]


def test_trials_that_know_nothing_of_one_another_run_alone():
    assert [len(group) for group in batches(trials(Alone()), 2)] == [1, 1, 1]


def test_seeds_and_levels_of_one_shape_train_together_and_other_shapes_do_not():
    tasks = (Task(), Task(mi=1.0), Task(dim_x=2))
    groups = list(batches(trials(Batched(), seeds=4, tasks=tasks), 1))
    assert [len(group) for group in groups] == [4, 4, 4]
    assert all(len({trial.dims for trial in group}) == 1 for group in groups)


def test_a_batch_leaves_work_for_every_job():
    assert [len(group) for group in batches(trials(Batched(), seeds=4), 2)] == [2, 2]
    assert [len(group) for group in batches(trials(Batched(), seeds=3), 8)] == [1, 1, 1]


def test_a_batch_is_not_cut_below_what_pays():
    """Twelve trials for eight jobs: two at once are as slow as one by one where three are the least."""

    @dataclass(frozen=True)
    class Needy(Batched):
        def least_batch(self, n, dim_x, dim_y, device):
            return 3

    assert [len(group) for group in batches(trials(Needy(), seeds=12), 8)] == [3, 3, 3, 3]
    assert [len(group) for group in batches(trials(Needy(), seeds=2), 8)] == [2]


def test_a_batch_that_is_small_beside_the_whole_stays_whole():
    """Sixty-four trials are 32 a job, of which the four of a shape are an eighth; of 12 they would be two thirds."""
    rest = trials(Alone(), seeds=60)
    groups = batches([*trials(Batched(), seeds=4), *rest], 2)
    assert [len(group) for group in groups if len(group) > 1] == [4]
    groups = batches([*trials(Batched(), seeds=4), *rest[:8]], 2)
    assert [len(group) for group in groups if len(group) > 1] == [2, 2]


def test_siblings_share_a_sample_and_nothing_else():
    groups = list(batches(trials(Siblings(3), Siblings(5), Siblings(10), seeds=2), 4))
    assert [len(group) for group in groups] == [3, 3]
    assert all(len({trial.seed for trial in group}) == 1 for group in groups)
    assert len({trial.estimator_seed for trial in groups[0]}) == 1


def test_every_trial_is_in_one_group_and_order_is_kept():
    planned = trials(Alone(), Batched(), Siblings(), Siblings(5), seeds=7, tasks=(Task(), Task(dim_x=3)))
    groups = list(batches(iter(planned), 3))
    assert sorted(t.id for group in groups for t in group) == sorted(t.id for t in planned)
    firsts = [planned.index(group[0]) for group in groups]
    assert firsts == sorted(firsts)


def test_planning_ahead_is_bounded():
    def endless():
        seed = 0
        while True:
            seed += 1
            yield trials(Alone(), seeds=1)[0].__class__(
                Choice("a", {}, Alone()), Point("t", "p", {}, "p", Task()), 9, seed, "cpu", "c"
            )

    groups = batches(endless(), 2)
    assert len(next(groups)) == 1


@pytest.mark.parametrize(
    ("inherited", "expected"),
    [(None, ["0", "1"]), ("3,5", ["3", "5"]), ("GPU-1a2b,MIG-3c4d", ["GPU-1a2b", "MIG-3c4d"])],
)
def test_a_slot_sees_one_device_by_whatever_name_it_was_inherited(monkeypatch, inherited, expected):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if inherited is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", inherited)
    made = devices.slots([Device("cuda", 0), Device("cuda", 1)], jobs=3, jobs_per_gpu=2)
    assert [slot.name for slot in made].count("cpu") == 3
    gpus = [slot for slot in made if slot.device.accelerator]
    assert [slot.visible for slot in gpus] == [expected[0]] * 2 + [expected[1]] * 2
    assert [slot.name for slot in gpus] == ["cuda:0", "cuda:0", "cuda:1", "cuda:1"]


def test_threads_are_divided_over_the_jobs(monkeypatch):
    monkeypatch.setattr(devices, "cores", lambda: 8)
    assert {slot.threads for slot in devices.slots([devices.CPU], jobs=2, jobs_per_gpu=1)} == {4}
    assert {slot.threads for slot in devices.slots([devices.CPU], jobs=16, jobs_per_gpu=1)} == {1}


def test_estimators_that_know_no_gpu_stay_on_the_cpu():
    @dataclass(frozen=True)
    class Neural(Alone):
        devices = ("cpu", "cuda")

    gpu = [Device("cuda", 0)]
    assert devices.kind_for(Neural(), gpu) == "cuda"
    assert devices.kind_for(Alone(), gpu) == "cpu"
    assert devices.kind_for(Neural(), [devices.CPU]) == "cpu"
    assert devices.kind_for(Neural(), gpu, automatic=True) == "cpu", "it names the CPU first"


@pytest.mark.parametrize("name", ["cpu", "cuda", "cuda:3", "mps"])
def test_a_device_is_called_as_it_was_asked_for(name):
    device = Device.of(name)
    assert device.name == str(device) == name
    assert device.accelerator == (name != "cpu")
    assert device.dtype == ("float32" if name == "mps" else "float64")


def test_devices_that_are_not_here_are_told(monkeypatch):
    monkeypatch.setattr(devices, "accelerators", lambda: {"torch": "2.0", "built": "13", "cuda": ["A"], "mps": False})
    assert devices.resolve(["cuda"]) == devices.resolve(["cuda:0", "cuda"]) == [Device("cuda", 0)]
    for asked, message in (("cuda:1", "there are cuda:0"), ("mps", "not available"), ("tpu", "no device 'tpu'")):
        with pytest.raises(UsageError, match=message):
            devices.resolve([asked])
    with pytest.raises(UsageError, match="with --executor dask"):
        devices.resolve(["cuda:1"], remote=True)


def test_near_the_end_the_longest_go_first():
    quick, slow, unseen = ([trial] for trial in trials(Alone(1), Alone(2), Alone(3), seeds=1))
    queues = Queues(["cpu"], iter([quick, slow, unseen, quick]))
    queues.learn(quick, 0.1)
    queues.learn(slow, 9.0)
    assert [queues.take("cpu") for _ in range(5)] == [unseen, slow, quick, quick, None]


def test_a_slot_without_work_does_not_pull_the_whole_plan():
    planned = 0

    def endless():
        nonlocal planned
        while True:
            planned += 1
            yield trials(Alone(planned), seeds=1)

    queues = Queues(["cpu", "cuda"], endless())
    assert queues.take("cuda") is None
    assert queues.take("cpu") is not None
    assert planned <= WINDOW


SPOILT = '''"""A batch of which one trial, by its sample, ends the whole process."""
import os
from dataclasses import dataclass
from mibench import hookimpl

@dataclass(frozen=True)
class Spoilt:
    def estimate(self, x, y):
        return self.estimate_many([x], [y])[0]

    def estimate_many(self, xs, ys):
        for x in xs:
            if 0.6 < x[0, 0] % 1 < 0.8:
                os._exit(9)
        return [float(x[0, 0]) for x in xs]

    def trials_at_once(self, n, dim_x, dim_y, device):
        return 16

@hookimpl
def mibench_estimators():
    return {"spoilt": Spoilt()}
'''


def test_a_batch_that_dies_is_split_until_the_culprits_stand_alone(mibench, tmp_path):
    (tmp_path / "spoilt.py").write_text(SPOILT)
    done = mibench(
        "run",
        "-e",
        "spoilt,gaussian",
        "-p",
        "spoilt.py",
        "-t",
        "gaussian/dim=1:mi=0.5",
        "-n",
        10,
        "--seeds",
        24,
        "-o",
        "out",
    )
    assert done.returncode == 1, done.stderr
    frame = store.load(tmp_path / "out")
    spoilt = frame[frame["estimator"] == "spoilt"]
    assert len(spoilt) == 24
    from mibench import catalogue, trial

    point = catalogue.discover().points("gaussian/dim=1:mi=0.5")[0]
    firsts = {seed: point.task.sample(10, trial.stream(point, 10, seed))[0][0, 0] for seed in range(24)}
    for row in spoilt.itertuples():
        culprit = 0.6 < firsts[row.seed] % 1 < 0.8
        assert row.status == ("crashed" if culprit else "ok")
        assert culprit or row.mi_estimate == firsts[row.seed]
    assert set(spoilt["status"]) == {"ok", "crashed"}


def test_kernels_that_are_to_be_compiled_are_told(tmp_path, monkeypatch, capsys):
    """One file of each module that numba has kept is enough."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    asked = []
    monkeypatch.setattr(modules, "importlib", SimpleNamespace(import_module=asked.append))
    monkeypatch.setattr(modules, "sys", SimpleNamespace(modules={}, stderr=sys.stderr))
    modules.load(["mibench.neighbors.warm", "mibench.applications.warm"])
    told = capsys.readouterr().err.splitlines()
    assert told == ["mibench: mibench.neighbors: compiling kernels, once: half a minute of a core that is free"]
    (tmp_path / "compiled_0").mkdir()
    (tmp_path / "compiled_0" / "tree.widest_leaf-199.py311.nbi").touch()
    modules.load(["mibench.neighbors.warm"])
    assert not capsys.readouterr().err
    assert asked == ["mibench.neighbors.warm", "mibench.applications.warm", "mibench.neighbors.warm"]
