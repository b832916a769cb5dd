"""A tiny set in the official format: found, decoded, cached, and refused where it is damaged."""

import os

import numpy as np
import pytest
from PIL import Image

from minigrad.data import DataLoader, TinyImageNet, tiny_imagenet

WNIDS = ["n02", "n01"]


def picture(seed, grey=False):
    """Eight by eight blocks of one colour, which JPEG keeps nearly as they are."""
    blocks = np.random.default_rng(seed).integers(0, 256, (8, 8) if grey else (8, 8, 3), np.uint8)
    return blocks.repeat(8, 0).repeat(8, 1)


def save(path, seed, grey=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture(seed, grey)).save(path, "JPEG", quality=100, subsampling=0)


@pytest.fixture
def folder(tmp_path):
    """Eleven training images of each class and three for validation, one of which is grey."""
    folder = tmp_path / "tiny-imagenet-200"
    for c, wnid in enumerate(WNIDS):
        for i in range(11):
            save(folder / "train" / wnid / "images" / f"{wnid}_{i}.JPEG", 100 * c + i, grey=(c, i) == (1, 10))
    (folder / "wnids.txt").write_text("n02\nn01\n")
    (folder / "words.txt").write_text("n01\tgoldfish, Carassius auratus\nn02\tlemon\nn03\tmonarch\n")
    lines = []
    for i, wnid in enumerate(["n01", "n02", "n01"]):
        save(folder / "val" / "images" / f"val_{i}.JPEG", 1000 + i)
        lines.append(f"val_{i}.JPEG\t{wnid}\t0\t0\t63\t63\n")
    (folder / "val" / "val_annotations.txt").write_text("".join(lines))
    return folder


def near(image, seed, grey=False):
    expected = picture(seed, grey)
    expected = np.stack([expected] * 3) if grey else expected.transpose(2, 0, 1)
    return abs(image.astype(int) - expected).mean() < 3  # JPEG's own rounding


def test_training_images_come_class_by_class_in_turn(folder):
    data = TinyImageNet(folder.parent)
    assert data.images.shape == (22, 3, 64, 64)
    assert (data.images.dtype, data.labels.dtype) == (np.uint8, np.int64)
    assert data.classes == ("lemon", "goldfish")
    assert data.labels.tolist() == [0, 1] * 11
    for i in (0, 2, 10):  # 10 comes after 9, not after 1
        assert near(data.images[2 * i], i)
        assert near(data.images[2 * i + 1], 100 + i, grey=i == 10)


def test_it_is_found_by_its_first_file(folder, monkeypatch):
    monkeypatch.setenv("MINIGRAD_DATA", str(folder.parent))
    assert tiny_imagenet.locate() == folder
    (folder / "wnids.txt").unlink()
    assert tiny_imagenet.locate() is None


def test_validation_labels_come_from_the_table(folder, monkeypatch):
    monkeypatch.setenv("MINIGRAD_DATA", str(folder.parent))
    data = TinyImageNet(train=False)
    assert data.labels.tolist() == [1, 0, 1]
    assert all(near(data.images[i], 1000 + i) for i in range(3))
    images, labels = next(iter(DataLoader(data, 3)))
    assert (images.shape, labels.tolist()) == ((3, 3, 64, 64), [1, 0, 1])


def test_decoded_once_and_again_when_a_file_changes(folder, monkeypatch):
    first = TinyImageNet(folder.parent)
    real, decoded = tiny_imagenet._pixels, []
    monkeypatch.setattr(tiny_imagenet, "_pixels", lambda *args: decoded.append(1) or real(*args))
    np.testing.assert_array_equal(TinyImageNet(folder.parent).images, first.images)
    assert decoded == []
    path = folder / "train" / "n02" / "images" / "n02_0.JPEG"
    stat = path.stat()
    save(path, 55)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert near(TinyImageNet(folder.parent).images[0], 55)
    assert len(decoded) == 22


@pytest.mark.parametrize("damage", [lambda c: c[: len(c) // 2], lambda c: b"", lambda c: b"not numpy"])
def test_a_damaged_cache_is_made_anew(folder, damage):
    first = TinyImageNet(folder.parent)
    (cache,) = folder.glob(".decoded*")
    cache.write_bytes(damage(cache.read_bytes()))
    np.testing.assert_array_equal(TinyImageNet(folder.parent).images, first.images)
    assert len(list(folder.glob(".decoded*"))) == 1


def test_a_folder_that_cannot_be_written_to_is_read_all_the_same(folder, monkeypatch):
    def refuse(*args):
        raise PermissionError("read-only")

    monkeypatch.setattr(tiny_imagenet.os, "replace", refuse)
    assert len(TinyImageNet(folder.parent)) == 22
    assert list(folder.glob(".decoded*")) == []


def test_absent(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"(?s)not here: there is no .*wnids.txt.*cs231n.*MINIGRAD_DATA"
    ):
        TinyImageNet(tmp_path)


@pytest.mark.parametrize("keep", [0, 1, 200, -200])
def test_a_truncated_image_is_named(folder, keep):
    path = folder / "train" / "n01" / "images" / "n01_3.JPEG"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(
        ValueError, match=r"n01_3.JPEG is damaged or incomplete .*; unpack the data set again"
    ):
        TinyImageNet(folder.parent)
    assert list(folder.glob(".decoded*")) == []


def _remove(path):
    return lambda folder: (folder / path).unlink()


def _write(path, text):
    return lambda folder: (folder / path).write_text(text)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (_remove("words.txt"), FileNotFoundError, "there is no .*words.txt"),
        (
            _write("words.txt", "n01\tgoldfish\n"),
            ValueError,
            "words.txt is damaged: it does not say what n02 is",
        ),
        (_write("wnids.txt", "n03\n"), ValueError, "incomplete: there are no images in train/n03/images"),
        (_remove("val/val_annotations.txt"), FileNotFoundError, "val_annotations.txt"),
        (
            _write("val/val_annotations.txt", "val_0.JPEG\tn09\n"),
            ValueError,
            r"begins \['val_0.JPEG', 'n09'\]",
        ),
        (_write("val/val_annotations.txt", "val_0.JPEG"), ValueError, "val_annotations.txt is damaged"),
        (_remove("val/images/val_1.JPEG"), ValueError, "incomplete: there is no .*val_1.JPEG"),
    ],
)
def test_what_is_missing_or_foreign_is_named(folder, change, error, message):
    change(folder)
    with pytest.raises(error, match=message):
        [TinyImageNet(folder.parent, train) for train in (True, False)]


def test_other_sizes_are_refused(folder):
    path = folder / "val" / "images" / "val_2.JPEG"
    Image.fromarray(np.zeros((32, 48, 3), np.uint8)).save(path, "JPEG")
    with pytest.raises(ValueError, match=r"val_2.JPEG has 48x32 pixels, expected 64x64"):
        TinyImageNet(folder.parent, train=False)
