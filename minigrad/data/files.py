"""Where data sets live on disk, and how they get there.

Everything is in one folder: `$MINIGRAD_DATA` if that is set, else the user's cache folder. A data set is a
folder of files in its official format; its archive, fetched or put there by hand, is unpacked beside itself.
"""

import hashlib
import os
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Source:
    """A data set as its authors publish it.

    Attributes
    ----------
    name : str
        What the command line calls it.
    description : str
    folder : str
        The folder in the archive and on disk.
    files : tuple of str
        The files in that folder which have to be there.
    url, md5 : str
        The archive's address and checksum, both as on the authors' page.
    size : int
        Bytes of the archive.
    substitute : str
        What there is for those who cannot get the data.
    """

    name: str
    description: str
    folder: str
    files: tuple[str, ...]
    url: str
    md5: str
    size: int
    substitute: str = "minigrad.data.Shapes() draws its images itself"

    @property
    def archive(self) -> str:
        """The archive's file name."""
        return self.url.rpartition("/")[2]


SOURCES = {
    source.name: source
    for source in (
        Source(
            name="cifar10",
            description="60,000 colour photographs of 32x32 pixels in 10 classes",
            folder="cifar-10-batches-py",
            files=(*(f"data_batch_{i}" for i in range(1, 6)), "test_batch", "batches.meta"),
            url="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
            md5="c58f30108f718f92721af3b95e74349a",
            size=170_498_071,
        ),
        Source(
            name="cifar100",
            description="60,000 colour photographs of 32x32 pixels in 100 classes",
            folder="cifar-100-python",
            files=("train", "test", "meta"),
            url="https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
            md5="eb9058c3a382ffc7106e4002c42a8d85",
            size=169_001_437,
        ),
        Source(
            name="wikitext2",
            description="720 articles of Wikipedia, 2 million words",
            folder="wikitext-2",
            files=("wiki.train.tokens", "wiki.valid.tokens", "wiki.test.tokens"),
            url="https://wikitext.smerity.com/wikitext-2-v1.zip",
            md5="542ccefacc6c27f945fb54453812b3cd",
            size=4_475_746,
            substitute="minigrad.data.TextCorpus.python_topics() is a text that every Python has",
        ),
        Source(
            name="shakespeare",
            description="a million characters from the plays of Shakespeare",
            folder="tinyshakespeare",
            files=("input.txt",),
            url="https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
            md5="6fb458f1232090904fb40fe944165e91",
            size=1_115_394,
            substitute="minigrad.data.TextCorpus.python_topics() is a text that every Python has; "
            "`minigrad gpt --text python` learns from it",
        ),
    )
}


class Entry(NamedTuple):
    """A line of the catalogue: a data set, its folder (None: not on this machine), and its bytes.

    The bytes are those on disk where it is found, else those of the download.
    """

    name: str
    path: Path | None
    bytes: int
    description: str


def data_folder() -> Path:
    """The folder that holds the data sets: `$MINIGRAD_DATA`, else the user's cache folder.

    Raises
    ------
    ModuleNotFoundError
        If `$MINIGRAD_DATA` is not set and pooch, which knows the cache folder, is not installed.
    """
    if chosen := os.environ.get("MINIGRAD_DATA"):
        return Path(chosen).expanduser()
    return Path(_pooch().os_cache("minigrad"))


def catalogue() -> list[Entry]:
    """All data sets that minigrad knows how to find, found or not."""
    entries = []
    for source in SOURCES.values():
        path = locate(source.name)
        size = source.size if path is None else sum((path / file).stat().st_size for file in source.files)
        entries.append(Entry(source.name, path, size, source.description))
    return entries


def locate(name: str, root: str | Path | None = None) -> Path | None:
    """The folder of a data set, or None if it is not on this machine.

    Parameters
    ----------
    name : str
        For example 'cifar10'; `catalogue` lists them all.
    root : path, optional
        Where to look; in `data_folder()` if None.

    Raises
    ------
    ValueError
        If no data set has this name.
    """
    source = _source(name)
    try:
        folder = (Path(root) if root else data_folder()) / source.folder
    except ModuleNotFoundError:  # without pooch nothing can have been fetched
        return None
    return None if _missing(source, folder) else folder


def find(name: str, root: str | Path | None = None) -> Path:
    """The folder of a data set that has to be there; arguments as for `locate`.

    Raises
    ------
    FileNotFoundError
        If it is not there, saying how to get it.
    """
    source = _source(name)
    root = Path(root) if root else data_folder()
    missing = _missing(source, root / source.folder)
    if missing is None:
        return root / source.folder
    raise FileNotFoundError(
        f"{name} is not here: there is no {missing}.\n"
        f"Fetch it ({source.size / 2**20:.0f} MiB) with `minigrad data fetch {name}`, or with download=True "
        "in Python.\n"
        f"{_by_hand(source, root)}"
    )


def fetch(name: str, root: str | Path | None = None) -> Path:
    """The folder of a data set, downloaded first if it is not there; arguments as for `locate`.

    Raises
    ------
    ConnectionError
        If the download fails, saying which file to put where instead.
    ValueError
        If an archive is damaged.
    FileExistsError
        If the folder is there, but incomplete.
    """
    source = _source(name)
    root = Path(root) if root else data_folder()
    folder = root / source.folder
    missing = _missing(source, folder)
    if missing is None:
        return folder
    if folder.exists():
        raise FileExistsError(
            f"{folder} is incomplete, there is no {missing.name}: delete it and fetch again"
        )
    root.mkdir(parents=True, exist_ok=True)
    archive = root / source.archive
    if not archive.exists():
        _download(source, root)
    _unpack(source, archive)
    return folder


def read_text(path: Path) -> str:
    """The text in a file of a data set, with its line ends as they are.

    Raises
    ------
    ValueError
        If it is empty or not UTF-8.
    """
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is damaged: it is not UTF-8 text ({error})") from None
    if not text:
        raise ValueError(f"{path} is damaged: it is empty")
    return text


def _download(source: Source, root: Path) -> None:
    registry = _pooch().create(
        path=root,
        base_url="",
        registry={source.archive: f"md5:{source.md5}"},
        urls={source.archive: source.url},
        retry_if_failed=2,
    )
    try:
        registry.fetch(source.archive, progressbar=True)
    except (OSError, ValueError) as error:  # no network, or a file that fails its checksum
        raise ConnectionError(
            f"{source.name} could not be downloaded from {source.url}\n({error}).\n{_by_hand(source, root)}"
        ) from error


def _unpack(source: Source, archive: Path) -> None:
    """Unpack aside and rename, so that the folder is complete from the moment it exists."""
    with archive.open("rb") as stream:
        md5 = hashlib.file_digest(stream, "md5").hexdigest()
    if md5 != source.md5:
        raise ValueError(
            f"{archive} is damaged or incomplete: its MD5 sum is {md5}, the official one {source.md5}. "
            "Delete it and fetch again."
        )
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix=".unpacking-") as aside:
        folder = Path(aside) / source.folder
        folder.mkdir()
        for file, content in _contents(source, archive):
            (folder / file).write_bytes(content)
        folder.rename(archive.parent / source.folder)


def _contents(source: Source, archive: Path) -> Iterator[tuple[str, bytes]]:
    """The files of the data set; taken by name, so that no path in an archive can lead anywhere else."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            for file in source.files:
                yield file, packed.read(f"{source.folder}/{file}")
    elif tarfile.is_tarfile(archive):
        with tarfile.open(archive) as tar:
            for file in source.files:
                yield file, tar.extractfile(f"{source.folder}/{file}").read()  # type: ignore[union-attr]
    else:  # a data set of one file is published as it is
        yield source.files[0], archive.read_bytes()


def _missing(source: Source, folder: Path) -> Path | None:
    """The first file of the data set that is not in the folder."""
    return next((folder / file for file in source.files if not (folder / file).is_file()), None)


def _by_hand(source: Source, root: Path) -> str:
    return (
        f"Without network: bring {source.url} from elsewhere, put it here:\n    {root / source.archive}\n"
        "and fetch again. If you have the data, set MINIGRAD_DATA to the folder in which "
        f"{source.folder} lies.\nWithout data: {source.substitute}."
    )


def _source(name: str) -> Source:
    if name not in SOURCES:
        raise ValueError(f"no data set is called {name!r}; these can be fetched: {', '.join(SOURCES)}")
    return SOURCES[name]


def _pooch() -> Any:
    try:
        import pooch
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "downloading data needs pooch: pip install 'minigrad[data]', "
            "or set MINIGRAD_DATA to a folder that holds the data already"
        ) from error
    return pooch
