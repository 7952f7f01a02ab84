"""Models at the papers' sizes, with small networks on small files that are written here; on a GPU where one is."""

import dataclasses
import os
from dataclasses import replace

import numpy as np
import pytest
from sweeps import FULL
from test_applications import Term, none
from test_distributions_digits import idx

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")
Image = pytest.importorskip("PIL.Image")

from scipy.ndimage import correlate1d  # noqa: E402

from mibench import catalogue, runs, settings, trial  # noqa: E402
from mibench.applications.reconstruction import LargeBidirectional, WithoutClasses  # noqa: E402
from mibench.applications.training.convolution import Maker, Reader, sides  # noqa: E402
from mibench.applications.training.infomax import moved, one_each  # noqa: E402
from mibench.applications.training.networks import Spectral, begun, dense, maxout  # noqa: E402
from mibench.applications.training.similarity import SHARES, ms_ssim  # noqa: E402
from mibench.distributions import digits  # noqa: E402
from mibench.errors import UsageError  # noqa: E402

SMALL = {
    "steps": 4, "batch_size": 32, "hidden": (16,), "channels": (4, 8), "code": 4, "noise": 4, "percent": 30,
    "stacks": 300, "points": 300, "judge_hidden": (16, 16), "pieces": 3, "train_size": 300, "validation_size": 100,
    "betas": (0.5,), "vib_betas": (0.01,),
}  # fmt: skip
"""Small networks, few pictures and few models; noise is a standard deviation where it is no count."""


def small(point, **more):
    fields = {f.name: type(getattr(point, f.name)) for f in dataclasses.fields(point)}
    return replace(point, **{k: v for k, v in SMALL.items() if fields.get(k) is type(v)} | more)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """600 digits of 28 pixels as MNIST's files hold them, and 200 each in colour: an NPZ file and PNG files."""
    folder = tmp_path_factory.mktemp("data")
    found, labels = digits.pictures("digits")
    upright = (255 * found).astype(np.uint8).reshape(-1, 8, 8)
    large = np.pad(np.kron(upright, np.ones((3, 3), np.uint8)), [(0, 0), (2, 2), (2, 2)])
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part, rows in (("train", slice(500)), ("t10k", slice(500, 600))):
        (raw / f"{part}-images-idx3-ubyte").write_bytes(idx(large[rows]))
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(idx(labels[rows]))
    colour = np.pad(large[:200], [(0, 0), (2, 2), (2, 2)])[..., None] * np.array([[[1, 0, 1]]], np.uint8)
    np.savez(folder / "cifar10.npz", x=colour, y=labels[:200].astype(int))
    for k, label in enumerate(labels[:200]):
        (folder / "pictures" / f"{label:.0f}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(colour[k]).save(folder / "pictures" / f"{label:.0f}" / f"{k}.png")
    digits.pictures.cache_clear()
    yield folder
    digits.pictures.cache_clear()


@pytest.fixture(autouse=True)
def data(written, monkeypatch):
    monkeypatch.setenv("MIBENCH_DATA_DIR", str(written))
    return written


ELSEWHERE = "reconstruction-full/mnist5k", "reconstruction-full/pictures"
"""Points that differ from another in their data alone."""
HERE = {name: point for name, point in FULL.items() if name not in ELSEWHERE}


@pytest.mark.parametrize("point", HERE.values(), ids=HERE)
def test_an_outcome_has_every_declared_score(point):
    """And a term of weight 0 is no term, whatever happens to global streams."""
    with_term = small(point).train(Term, seed=3, device="cpu")
    without = small(point).train(none, seed=3, device="cpu")
    torch.manual_seed(5)
    idle = small(point, weight=0.0, critic_rate=0.01).train(Term, seed=3, device="cpu")
    for outcome in (with_term, without, idle):
        assert list(outcome.scores) == list(point.scores)
        finite = {key for key, value in outcome.scores.items() if np.isfinite(value)}
        assert {*point.scores} - finite <= {"reverse-kl-of-high-quality"}
        assert all(np.isfinite(picture).all() for picture in outcome.pictures.values())
    assert np.isfinite(with_term.mi_estimate)
    assert repr(idle.scores) == repr(without.scores)
    assert all(np.array_equal(idle.pictures[key], without.pictures[key]) for key in without.pictures)
    assert any(not np.array_equal(with_term.pictures[key], without.pictures[key]) for key in without.pictures)


@pytest.mark.parametrize("name", ["reconstruction-full/pictures", "representation-full/cifar10-local"])
def test_baselines_are_scored_without_a_term(name):
    point = FULL[name]
    for baseline in point.baselines:
        outcome = small(point, steps=2).train(none, seed=3, device="cpu", baseline=baseline)
        assert {*point.scores} - {*outcome.scores} <= {"generated-kl"}
        assert all(map(np.isfinite, outcome.scores.values()))


@pytest.mark.parametrize(
    "more", [{}, {"form": "local"}, {"form": "two-view", "shift": 1}], ids=["global", "local", "two-view"]
)
def test_perceptrons_take_the_place_of_convolutions(more):
    point = small(FULL["representation-full/cifar10-global"], networks="perceptron", **more)
    outcome = point.train(Term, seed=3, device="cpu")
    assert np.isfinite(outcome.scores["linear-gain"])


def test_small_pictures_have_no_similarity_over_scales():
    outcome = small(LargeBidirectional(data="digits", percent=15)).train(none, seed=3, device="cpu")
    assert np.isnan(outcome.scores["ms-ssim"])
    assert np.isfinite(outcome.scores["accuracy"])


def test_classes_that_are_not_there_are_asked_for_before_training(data):
    np.savez(data / "bare.npz", x=np.zeros((50, 28, 28), np.uint8))
    names = (
        "mode-collapse/stacked-mnist",
        "reconstruction/mnist",
        "bottleneck/mnist-gaussian",
        "representation/cifar10-global",
    )
    for name in (name.replace("/", "-full/") for name in names):
        with pytest.raises(ValueError, match="bare: its pictures have no classes; put each class into a folder"):
            small(FULL[name], data="bare").train(none, seed=3, device="cpu")
    outcome = small(WithoutClasses(data="bare")).train(none, seed=3, device="cpu")
    assert outcome.pictures["originals"].shape == (32, 784)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU at hand")
@pytest.mark.parametrize("name", HERE)
def test_a_gpu_trains_the_same_twice(name):
    first, again = (small(HERE[name]).train(mine_on_gpu, seed=3, device="cuda") for _ in range(2))
    assert repr(first.scores) == repr(again.scores)


def mine_on_gpu(dim_x, dim_z):
    import mibench

    return mibench.estimator("mine").term(dim_x, dim_z, seed=0, device="cuda")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("networks", "transformer", "networks='transformer' must be one of perceptron, convolution"),
        ("channels", (), r"channels=\(\) must be whole numbers of at least 1"),
        ("channels", (4, 0), r"channels=\(4, 0\) must be whole numbers"),
        ("data", "../secret", "data='../secret' must be one of digits, mnist5k, mnist.* or a name of your own"),
        ("percent", 100, "percent=100 must be at least 1 and at most 99"),
    ],
)
def test_bad_fields_are_refused_by_name(field, value, said):
    with pytest.raises(ValueError, match=said):
        replace(LargeBidirectional(), **{field: value})


# --- before the run


def test_what_is_lacking_ends_a_run_before_it_starts(tmp_path, monkeypatch):
    monkeypatch.setenv("MIBENCH_DATA_DIR", str(tmp_path))
    asked = settings.of(
        {"estimators": ("none",), "tasks": ("reconstruction-full/mnist",), "output": str(tmp_path / "o")}
    )
    with pytest.raises(UsageError, match=r"^-t reconstruction-full/mnist: mnist: no folder .*MNIST/raw \(torchvision"):
        runs.prepare(asked)
    assert not (tmp_path / "o").exists()


def test_a_run_keeps_where_its_data_lies_and_what_they_were(data, tmp_path, monkeypatch):
    """A row's code ends with the checksum of the files; a folder is gone on with wherever it is resumed."""
    monkeypatch.setenv("MIBENCH_DATA_DIR", "elsewhere")
    asked = {"estimators": ("none",), "tasks": ("reconstruction-full/without-classes",), "data_dir": str(data)}
    prepared = runs.prepare(settings.of({**asked, "output": str(tmp_path / "o")}))
    assert os.environ["MIBENCH_DATA_DIR"] == prepared.settings.data_dir == str(data)
    assert f"--data-dir {data}" in settings.command(asked)
    (point,) = prepared.points
    code = trial.code_of(prepared.catalogue, prepared.choices[0], point)
    assert code.endswith(f"-{point.task.content}")
    assert len(point.task.content) == 8


SEEDS = {
    "mode-collapse/grid25": 4115911351,
    "mode-collapse/stacked-digits": 1475480766,
    "reconstruction/digits": 1547832136,
    "bottleneck/noisy": 1998181702,
    "bottleneck/clean": 109911160,
    "representation/digits": 1022353212,
    "representation/digits-local": 3409697169,
}


def test_small_points_are_seeded_as_they_always_were():
    """A field more in their classes would be another task, with other data and first weights under the same name."""
    found = catalogue.discover()
    seeds = {
        f"{point.sweep}/{point.name}": trial.Trial(found.estimator("none"), point, None, 0, "cpu", "").model_seed
        for sweep in ("mode-collapse", "reconstruction", "bottleneck", "representation")
        for point in found.points(sweep)
    }
    assert seeds == SEEDS


# --- networks


@pytest.mark.parametrize("side", [8, 25, 28, 32])
@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_of_any_side_are_read_and_made(side, channels):
    shape, first = (channels, side, side), torch.Generator().manual_seed(0)
    made = Maker(5, (4, 8, 16), shape, first)(torch.zeros(2, 5))
    assert made.shape == (2, channels * side**2)
    read = Reader(shape, (4, 8, 16), (7,), 3, first, beside=5)
    assert [z.shape[-1] for z in read.maps(made)] == sides(side, 3)[1:]
    assert read(torch.cat([made, torch.zeros(2, 5)], 1)).shape == (2, 3)


def test_sides_halve_as_in_dcgan():
    assert sides(28, 4) == [28, 14, 7, 4, 2]


def test_a_reader_sees_what_stands_beside_the_picture():
    read = Reader((1, 8, 8), (4,), (7,), 1, torch.Generator().manual_seed(0), between="spectral", beside=1)
    x = torch.zeros(2, 65)
    x[1, 64] = 3
    one, other = read(x)
    assert one != other


def test_a_spectral_convolution_comes_to_norm_1():
    """Of its weights as a matrix (outputs, all else)."""
    first = torch.Generator().manual_seed(1)
    layer = begun(torch.nn.Conv2d(3, 10, 5, stride=2, padding=2, device="meta"), 75, first)
    spectral = Spectral(layer, first)
    for _ in range(200):
        spectral(torch.zeros(1, 3, 5, 5))
    spectral.eval()
    weight = torch.stack([spectral(pixel.view(1, 3, 5, 5))[0, :, 1, 1] for pixel in torch.eye(75)], 1)
    image = weight - layer.bias[:, None]
    assert torch.linalg.matrix_norm(image, 2).item() == pytest.approx(1, abs=1e-4)


def test_maxout_takes_the_greatest_of_its_pieces():
    net = maxout((3, 4, 1), 5, torch.Generator().manual_seed(0))
    first = torch.Generator().manual_seed(0)
    inner, outer = dense(3, 20, first), dense(4, 1, first)
    x = torch.randn(6, 3, generator=first)
    by_hand = outer(torch.stack([inner(x)[:, 5 * k : 5 * k + 5].max(1).values for k in range(4)], 1))
    assert torch.equal(net(x), by_hand)


def test_a_view_is_the_picture_moved():
    """Pictures of one white pixel in colour: it moves by at most the shift, each on its own, its colour with it."""
    x = torch.zeros(200, 3, 9, 9)
    x[:, :, 4, 4] = torch.tensor([1.0, 2.0, 3.0])
    found = moved(x.flatten(1), 2, (3, 9, 9), torch.Generator().manual_seed(0)).view(-1, 3, 9, 9)
    assert torch.equal(found.sum((2, 3)), x.sum((2, 3)))
    places = found[:, 0].nonzero()[:, 1:]
    assert {tuple(place) for place in places.tolist()} == {(a, b) for a in range(2, 7) for b in range(2, 7)}
    assert torch.equal(found[:, 0] * 3, found[:, 2])


def test_one_place_each():
    said = torch.arange(160.0).view(40, 4, 1)
    found = one_each(said, torch.Generator().manual_seed(0))
    assert torch.equal(found[:, 0] // 4, torch.arange(40.0))
    assert len(torch.unique(found % 4)) == 4


# --- similarity


def by_hand(x, y):
    """The index and its factor of contrast and structure, in float64, from windows that lie inside the picture."""
    bell = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    bell /= bell.sum()

    def mean(z):
        return correlate1d(correlate1d(z, bell, axis=0), bell, axis=1)[5:-5, 5:-5]

    covariance, variances = mean(x * y) - mean(x) * mean(y), mean(x**2) - mean(x) ** 2 + mean(y**2) - mean(y) ** 2
    structure = (2 * covariance + 0.03**2) / (variances + 0.03**2)
    luminance = (2 * mean(x) * mean(y) + 0.01**2) / (mean(x) ** 2 + mean(y) ** 2 + 0.01**2)
    return (structure * luminance).mean(), structure.mean()


def halved(z):
    return z.reshape(len(z) // 2, 2, -1, 2).mean((1, 3))


@pytest.fixture
def pair():
    rng = np.random.default_rng(1)
    x = np.clip(0.5 + 0.2 * rng.normal(size=(64, 64)).cumsum(0).cumsum(1) / 8, 0, 1)
    return x, np.clip(x + 0.1 * rng.normal(size=x.shape), 0, 1)


def similar(x, y):
    return ms_ssim(*(torch.from_numpy(np.array(z, dtype=np.float64))[None, None] for z in (x, y))).item()


def test_one_scale_is_the_structural_similarity(pair):
    x, y = (z[:16, :16] for z in pair)
    assert similar(x, y) == pytest.approx(by_hand(x, y)[0], rel=1e-9)


def test_scales_are_weighed_as_in_the_paper(pair):
    x, y = pair
    total, product = sum(SHARES[:3]), 1.0
    for k, share in enumerate(SHARES[:3]):
        product *= by_hand(x, y)[0 if k == 2 else 1] ** (share / total)
        x, y = halved(x), halved(y)
    assert similar(*pair) == pytest.approx(product, rel=1e-9)
    assert 0.2 < product < 0.99


def test_similarity_is_1_of_the_same_and_symmetric(pair):
    x, y = pair
    assert similar(x, x) == pytest.approx(1, abs=1e-12)
    assert similar(x, y) == pytest.approx(similar(y, x), abs=1e-12)
    assert similar(x, y) < similar(x, (x + y) / 2) < 1
    assert similar(x, 1 - x) < 0.1


def test_colours_count_alike(pair):
    x, y = (torch.from_numpy(z)[None, None] for z in pair)
    colour = ms_ssim(torch.cat([x, x], 1), torch.cat([y, x], 1)).item()
    assert colour == pytest.approx((ms_ssim(x, y).item() + 1) / 2)
