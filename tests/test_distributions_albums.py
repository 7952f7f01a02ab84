"""Pictures in files: what is read is what was written, and what cannot be read is said in one line."""

import re

import numpy as np
import pytest

Image = pytest.importorskip("PIL.Image")

from mibench.distributions import albums  # noqa: E402

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (12, 8, 8), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (12, 8, 8, 3), dtype=np.uint8)
CLASSES = np.arange(12) % 2


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MIBENCH_DATA_DIR", str(tmp_path))
    return tmp_path


def png(path, pixels, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **more)


@pytest.mark.parametrize("as_floats", [False, True])
@pytest.mark.parametrize("pictures", [GREY, COLOUR], ids=["grey", "colour"])
def test_an_npz_file_gives_its_pictures_back(folder, pictures, as_floats):
    """Channel by channel, white 1; classes are counted from 0 in their order."""
    x = pictures / 255 if as_floats else pictures
    np.savez(folder / "own.npz", x=x, y=np.where(CLASSES, 7, 3))
    album = albums.album("own")
    assert album.shape == (1 if pictures is GREY else 3, 8, 8)
    seen = np.moveaxis(album.x.reshape(-1, *album.shape), 1, 3).squeeze()
    assert np.allclose(seen, pictures / 255, atol=1e-7)
    assert album.x.dtype == np.float32
    assert album.labels.tolist() == CLASSES.tolist()
    assert album.classes == 2


def test_folders_of_png_are_classes(folder):
    for k, pixels in enumerate(COLOUR):
        png(folder / "own" / "ab"[CLASSES[k]] / f"{k:02}.PNG", pixels)
    album = albums.album("own")
    assert album.labels.tolist() == [0] * 6 + [1] * 6
    expected = np.moveaxis(COLOUR[np.argsort(CLASSES, kind="stable")], 3, 1).reshape(12, -1)
    assert np.allclose(album.x, expected / 255, atol=1e-7)


@pytest.mark.parametrize("below", [".", "all"])
def test_png_files_in_one_folder_have_no_classes(folder, below):
    for k, pixels in enumerate(GREY):
        png(folder / "own" / below / f"{k:02}.png", pixels)
    album = albums.album("own")
    assert album.labels is None
    assert album.classes == 0
    assert np.allclose(album.x, GREY.reshape(12, -1) / 255, atol=1e-7)


def test_the_checksum_is_that_of_the_content(folder):
    np.savez(folder / "own.npz", x=GREY)
    before = albums.checksum("own")
    np.savez(folder / "other.npz", x=GREY)
    assert albums.checksum("other") == before
    np.savez(folder / "own.npz", x=255 - GREY)
    assert albums.checksum("own") != before
    assert albums.checksum("digits") is None


WRONG_ARRAYS = {
    "no x": ({"pictures": GREY}, "no array x in it; there are pictures"),
    "not square": ({"x": GREY[:, :7]}, "x has shape (12, 7, 8); expected (n, side, side)"),
    "flat": ({"x": GREY.reshape(12, -1)}, "x has shape (12, 64)"),
    "five channels": ({"x": np.zeros((3, 8, 8, 5))}, "x has shape (3, 8, 8, 5)"),
    "none": ({"x": GREY[:0]}, "x has shape (0, 8, 8)"),
    "whole numbers": ({"x": GREY.astype(int)}, "x holds int64; expected bytes"),
    "nan": ({"x": np.where(GREY > 250, np.nan, 0.5)}, "x holds nan"),
    "beyond 1": ({"x": GREY.astype(float)}, "floats must lie from 0 to 1"),
    "objects": ({"x": np.array([None, 1], dtype=object)}, "Object arrays cannot be loaded"),
    "too few labels": ({"x": GREY, "y": CLASSES[:5]}, "y has shape (5,)"),
    "labels in fractions": ({"x": GREY, "y": CLASSES + 0.5}, "y has shape (12,) and holds float64"),
    "one class": ({"x": GREY, "y": 0 * CLASSES}, "all pictures are of class 0"),
    "too few of a class": ({"x": GREY, "y": np.arange(12) // 9}, "3 pictures of class 1; give 5 or more of each"),
}


@pytest.mark.parametrize(("arrays", "said"), WRONG_ARRAYS.values(), ids=WRONG_ARRAYS)
def test_an_npz_file_that_holds_no_pictures_is_refused(folder, arrays, said):
    np.savez(folder / "own.npz", **arrays)
    with pytest.raises(ValueError, match=re.escape(said)) as raised:
        albums.album("own")
    assert "own" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("cut", [0, 40, 300])
def test_a_damaged_npz_file_is_named(folder, cut):
    np.savez_compressed(folder / "own.npz", x=GREY)
    (folder / "own.npz").write_bytes((folder / "own.npz").read_bytes()[:cut])
    with pytest.raises(ValueError, match=r"own\.npz: "):
        albums.album("own")


WRONG_PNGS = {
    "of another size": (lambda path: png(path, GREY[0][:6, :6]), "shape (6, 6), and 00.png has (8, 8)"),
    "not square": (lambda path: png(path, GREY[0][:6]), "8 x 6 pixels of mode L"),
    "in colour among grey": (lambda path: png(path, COLOUR[0]), "shape (8, 8, 3), and 00.png has (8, 8)"),
    "of 16 bits": (lambda path: png(path, GREY[0].astype(np.uint16)), "mode I;16"),
    "with a palette": (lambda path: Image.fromarray(GREY[0]).convert("P").save(path), "mode P"),
    "empty": (lambda path: path.write_bytes(b""), "no PNG file that can be read"),
    "cut short": (lambda path: path.write_bytes(path.with_name("00.png").read_bytes()[:60]), "no PNG file"),
    "of another format": (lambda path: Image.fromarray(GREY[0]).save(path, format="BMP"), "no PNG file"),
}


@pytest.mark.parametrize(("write", "said"), WRONG_PNGS.values(), ids=WRONG_PNGS)
def test_a_png_file_that_does_not_fit_is_named(folder, write, said):
    for k, pixels in enumerate(GREY[:3]):
        png(folder / "own" / f"{k:02}.png", pixels)
    write(folder / "own" / "77.png")
    with pytest.raises(ValueError, match=re.escape(said)) as raised:
        albums.album("own")
    assert f"{folder / 'own' / '77.png'}: " in str(raised.value)
    assert "\n" not in str(raised.value)


def test_files_beside_folders_of_classes_are_refused(folder):
    for k, place in enumerate(("a", "b", ".")):
        png(folder / "own" / place / f"{k}.png", GREY[k])
    with pytest.raises(ValueError, match="PNG files beside folders of them"):
        albums.album("own")


def test_what_is_not_there_is_said_with_its_place(folder, monkeypatch):
    with pytest.raises(ValueError, match=rf"own: neither own\.npz nor a folder own with PNG files in {folder}"):
        albums.files("own")
    monkeypatch.delenv("MIBENCH_DATA_DIR")
    with pytest.raises(
        ValueError, match=r"own: say where own\.npz, or a folder own of PNG files, lies with --data-dir"
    ):
        albums.album("own")
