"""Without any network: the downloader is replaced by one that copies a file, or fails."""

import hashlib
import shutil
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from minigrad.data import CIFAR10, files
from tests.data import official


@pytest.fixture
def root(tmp_path, monkeypatch):
    folder = tmp_path / "data"
    monkeypatch.setenv("MINIGRAD_DATA", str(folder))
    return folder


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """An archive like the official one of CIFAR-10, and its checksum where the official one is kept."""
    folder = official.write_cifar10(tmp_path / "authors")
    path = tmp_path / "authors" / "cifar-10-python.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(folder, folder.name)
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    monkeypatch.setitem(files.SOURCES, "cifar10", replace(files.SOURCES["cifar10"], md5=md5))
    return path


@pytest.fixture
def network(monkeypatch):
    """Stands in for the network: does what the test puts into `.answer`, and counts the calls."""

    class Network:
        calls = 0

        def answer(self, url, target):
            raise requests.exceptions.ConnectionError("no route to host")

        def __call__(self, url, target, pooch):
            self.calls += 1
            assert url == "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
            self.answer(url, target)

    fake = Network()
    monkeypatch.setattr("pooch.core.choose_downloader", lambda url, progressbar: fake)
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)
    return fake


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_fetch_downloads_checks_and_unpacks(root, archive, network):
    network.answer = lambda url, target: shutil.copy(archive, target)
    folder = files.fetch("cifar10")
    assert folder == root / "cifar-10-batches-py"
    assert names(folder) == sorted(files.SOURCES["cifar10"].files)
    assert names(root) == ["cifar-10-batches-py", "cifar-10-python.tar.gz"]
    assert files.fetch("cifar10") == files.find("cifar10") == files.locate("cifar10") == folder
    assert network.calls == 1
    assert len(CIFAR10()) == 15


def test_fetch_tries_again(root, archive, network):
    def answer(url, target):
        if network.calls < 3:
            raise requests.exceptions.ReadTimeout("too slow")
        shutil.copy(archive, target)

    network.answer = answer
    assert CIFAR10(download=True).images.shape == (15, 3, 32, 32)


def test_fetch_takes_an_archive_put_there_by_hand(root, archive, network):
    root.mkdir()
    shutil.copy(archive, root)
    files.fetch("cifar10")
    assert network.calls == 0


def test_offline_says_which_file_to_put_where(root, archive, network):
    with pytest.raises(ConnectionError) as caught:
        files.fetch("cifar10")
    assert network.calls == 3
    url = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    assert str(caught.value) == (
        f"cifar10 could not be downloaded from {url}\n"
        "(no route to host).\n"
        f"Without network: bring {url} from elsewhere, put it here:\n"
        f"    {root / 'cifar-10-python.tar.gz'}\n"
        "and fetch again. If you have the data, set MINIGRAD_DATA to the folder in which "
        "cifar-10-batches-py lies.\n"
        "Without data: minigrad.data.Shapes() draws its images itself."
    )
    assert names(root) == []


def test_a_download_with_another_content_is_refused(root, archive, network):
    network.answer = lambda url, target: Path(target).write_bytes(b"<html>Sign in to this wifi</html>")
    with pytest.raises(ConnectionError, match=r"(?s)cifar10 could not be downloaded .* hash .*put it here"):
        files.fetch("cifar10")
    assert names(root) == []


def test_a_truncated_archive_is_named_and_left_alone(root, archive, network):
    root.mkdir()
    broken = root / archive.name
    broken.write_bytes(archive.read_bytes()[:-100])
    with pytest.raises(
        ValueError, match=r"cifar-10-python.tar.gz is damaged or incomplete: its MD5 sum is \w+, the"
    ):
        files.fetch("cifar10")
    assert names(root) == ["cifar-10-python.tar.gz"]
    assert broken.stat().st_size == archive.stat().st_size - 100


def test_an_interrupted_unpacking_leaves_nothing_half_done(root, archive, network, monkeypatch):
    root.mkdir()
    shutil.copy(archive, root)

    def write_bytes(path, content):
        if path.name == "data_batch_4":
            raise OSError("no space left on device")
        return original(path, content)

    original = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    with pytest.raises(OSError, match="no space left"):
        files.fetch("cifar10")
    assert names(root) == ["cifar-10-python.tar.gz"]
    monkeypatch.undo()


def test_an_incomplete_folder_is_not_overwritten(root, archive, network):
    folder = official.write_cifar10(root)
    (folder / "test_batch").unlink()
    assert files.locate("cifar10") is None
    with pytest.raises(FileNotFoundError, match=r"there is no .*test_batch"):
        files.find("cifar10")
    with pytest.raises(
        FileExistsError, match="is incomplete, there is no test_batch: delete it and fetch again"
    ):
        files.fetch("cifar10")
    assert len(names(folder)) == 6


def test_find_says_how_to_get_it(root):
    with pytest.raises(FileNotFoundError) as caught:
        files.find("cifar100")
    message = str(caught.value)
    assert message.startswith(f"cifar100 is not here: there is no {root / 'cifar-100-python' / 'train'}.\n")
    assert "Fetch it (161 MiB) with `minigrad data fetch cifar100`, or with download=True" in message
    assert f"    {root / 'cifar-100-python.tar.gz'}\n" in message


def test_another_root(tmp_path, root):
    folder = official.write_cifar10(tmp_path / "elsewhere")
    assert (
        files.locate("cifar10", tmp_path / "elsewhere")
        == files.find("cifar10", str(tmp_path / "elsewhere"))
        == folder
    )
    assert files.fetch("cifar10", tmp_path / "elsewhere") == folder
    assert files.locate("cifar10") is None


def test_catalogue(root):
    folder = official.write_cifar10(root)
    here, absent, *texts = files.catalogue()
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert here == ("cifar10", folder, size, "60,000 colour photographs of 32x32 pixels in 10 classes")
    assert absent[:3] == ("cifar100", None, 169_001_437)
    assert [entry.name for entry in texts] == ["wikitext2", "shakespeare"]


def test_the_cache_folder_is_the_users(monkeypatch, tmp_path):
    monkeypatch.delenv("MINIGRAD_DATA", raising=False)
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path / name)
    assert files.data_folder() == tmp_path / "minigrad"


def test_without_pooch(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pooch", None)
    monkeypatch.delenv("MINIGRAD_DATA", raising=False)
    assert files.locate("cifar10") is None
    assert [entry.path for entry in files.catalogue()] == [None] * len(files.SOURCES)
    with pytest.raises(
        ModuleNotFoundError, match=r"needs pooch: pip install 'minigrad\[data\]', or set MINIGRAD_DATA"
    ):
        files.find("cifar10")
    monkeypatch.setenv("MINIGRAD_DATA", str(tmp_path))
    official.write_cifar10(tmp_path)
    assert len(CIFAR10()) == 15


def test_unknown_names_are_refused():
    for function in (files.locate, files.find, files.fetch):
        with pytest.raises(
            ValueError, match="no data set is called 'cifar'; these can be fetched: cifar10, cifar100"
        ):
            function("cifar")


def test_the_official_checksums():
    assert files.SOURCES["cifar10"].md5 == "c58f30108f718f92721af3b95e74349a"
    assert files.SOURCES["cifar100"].md5 == "eb9058c3a382ffc7106e4002c42a8d85"
