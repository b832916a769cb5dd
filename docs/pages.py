"""Writes the pages made from something else: tutorials, laws, atlas, reference, source, results."""

import ast
import importlib
import inspect
import json
import re
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import jupytext
from nbformat.v4 import new_markdown_cell
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from benchmarks import charts, report
from benchmarks.comparison import comparisons
from experiments.atlas.page import page as atlas_page
from experiments.laws.page import markdown as law_book
from experiments.report import markdown_table
from experiments.reproduce import catalogue
from experiments.reproduce.paper import published
from tutorials.build import chapters, notebook, solved, with_holes

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ["minigrad", "optim", "models", "experiments"]
NAMESPACES = {
    "minigrad": "Tensors and what can be done with them (`import minigrad as mg`). "
    "A function of a tensor is also a method: `mg.exp(x)` is `x.exp()`",
    "minigrad.autograd": "Gradients on demand, checked derivatives, operations of your own",
    "minigrad.profiler": "Where time and memory go, by operation and by layer (`mg.profile`)",
    "minigrad.nn": "Layers and the modules they make up",
    "minigrad.nn.functional": "The functions behind the layers (`import minigrad.nn.functional as F`)",
    "minigrad.nn.init": "First values for parameters",
    "minigrad.data": "Datasets, transforms and the loader",
    "optim": "Optimizers, AGR and clipping",
    "optim.probe": "What AGR changes in a running training (`optim.Probe`)",
    "optim.interop": "Runs that change to PyTorch and back",
    "optim.lr_scheduler": "Learning rates that change over time",
    "models": "Networks",
}


def write(path: Path, text: str) -> None:
    """Write a text file, and make the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def heading(text: str, underline: str) -> str:
    """A heading in reStructuredText."""
    return f"{text}\n{underline * len(text)}\n\n"


def toctree(entries: list[str], depth: int = 1) -> str:
    """A table of contents in reStructuredText."""
    return f".. toctree::\n   :maxdepth: {depth}\n\n" + "".join(f"   {entry}\n" for entry in entries) + "\n"


# ---------------------------------------------------------------------- tutorials


def write_tutorials(folder: Path) -> None:
    """Write each chapter as a notebook whose exercises stand in boxes and whose solutions are folded away."""
    for path in chapters():
        book = notebook(path.read_text(encoding="utf-8"), ".ipynb", "../source/")
        cells: list[Any] = []
        for cell in book.cells:
            if "exercise" in cell.metadata.get("tags", []):
                first, _, text = cell.source.partition("\n")
                cell.source = f"{first}\n\n:::{{exercise}}\n:label: {path.stem}\n{text}\n:::"
            if cell.cell_type == "markdown":
                cell.source = re.sub(r"\]\((\.\./source/[\w/]+)\.py\)", r"](\1.rst)", cell.source)
            if "# BEGIN SOLUTION" not in cell.source:
                cells.append(cell)
                continue
            start = f":::{{solution-start}} {path.stem}\n:class: dropdown\n:::"
            cells.append(new_markdown_cell(f"```python\n{with_holes(cell.source)}\n```\n\n{start}"))
            cell.source = solved(cell.source)
            cells += [cell, new_markdown_cell(":::{solution-end}\n:::")]
        book.cells = cells
        write(folder / f"{path.stem}.ipynb", jupytext.writes(book, fmt="ipynb"))


# ---------------------------------------------------------------------- laws


def write_law_book(path: Path) -> None:
    """Write the page of all laws of AGR, their proofs and their tests."""
    write(path, law_book())


def write_atlas(path: Path) -> None:
    """Write the page of the conventions of optimizers."""
    write(path, atlas_page())


# ---------------------------------------------------------------------- reference


def write_reference(folder: Path) -> None:
    """Write one page for each namespace that exists: a table of what it offers, then each thing in full."""
    written: list[str] = []
    known: dict[Any, str] = {}
    for name, about in NAMESPACES.items():
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if not name.startswith(error.name or " "):
                raise
            continue
        about = re.sub(r"`(.+?)`", r"``\1``", about)
        text = heading(name, "=") + f"{about}.\n\n.. currentmodule:: {name}\n\n"
        public = {entry: getattr(module, entry) for entry in public_names(module)}
        public = {entry: value for entry, value in public.items() if documented(value)}
        if repeated := [known[value] for value in public.values() if value in known]:
            text += f"Also here: {', '.join(f':obj:`~{entry}`' for entry in sorted(repeated))}.\n\n"
        new = {entry: value for entry, value in public.items() if value not in known}
        known |= {value: f"{name}.{entry}" for entry, value in new.items()}
        for source, entries in grouped(new).items():
            text += heading(source_title(source), "-")
            text += f"Read it: :doc:`/generated/source/{source_path(source).with_suffix('').as_posix()}`\n\n"
            text += ".. autosummary::\n\n" + "".join(f"   {entry}\n" for entry in entries) + "\n"
            text += "".join(directive(entry, value) for entry, value in entries.items())
        write(folder / f"{name}.rst", text)
        written.append(name)
    write(folder / "index.rst", heading("Reference", "=") + toctree(written))


def public_names(module: ModuleType) -> list[str]:
    """What a module defines, or passes on by `import y as y` or `import *`; not what it only uses."""
    names: list[str] = list(getattr(module, "__all__", []))
    for statement in ast.parse(inspect.getsource(module)).body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            names.append(statement.name)
        elif isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*":
            names += importlib.import_module(statement.module or "").__all__
        elif isinstance(statement, ast.ImportFrom):
            names += [alias.asname for alias in statement.names if alias.asname]
    return sorted({name for name in names if not name.startswith("_")})


def documented(value: Any) -> bool:
    """Whether this is a function or a class of ours."""
    ours = (getattr(value, "__module__", None) or "").split(".")[0] in PACKAGES
    return ours and (inspect.isfunction(value) or inspect.isclass(value))


def grouped(entries: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Functions and classes by the module that defines them; the Tensor comes first."""
    groups: dict[str, dict[str, Any]] = {}
    for name, value in entries.items():
        groups.setdefault(value.__module__, {})[name] = value
    return dict(sorted(groups.items(), key=lambda group: (group[0] != "minigrad.tensor", group[0])))


def directive(name: str, value: Any) -> str:
    """The autodoc directive for a function, or for a class with the methods written in it."""
    if inspect.isfunction(value):
        return f".. autofunction:: {name}\n\n"
    own = [
        key
        for key, member in vars(value).items()
        if not key.startswith("_")
        and getattr(getattr(member, "fget", member), "__qualname__", "").startswith(f"{value.__name__}.")
    ]
    members = f"   :members: {', '.join(own)}\n" if own else ""
    return f".. autoclass:: {name}\n{members}\n"


def source_path(module_name: str) -> Path:
    """The file of a module, from the root of the repository."""
    return Path(importlib.import_module(module_name).__file__ or "").resolve().relative_to(ROOT)


def source_title(module_name: str) -> str:
    """The first sentence of a module's docstring."""
    text = inspect.getdoc(importlib.import_module(module_name)) or module_name
    return re.split(r"[.:;]\s|\.$", text.split("\n")[0], maxsplit=1)[0].replace("`", "")


# ---------------------------------------------------------------------- source


def write_source(folder: Path) -> None:
    """Write every file of the library as a page, coloured, with numbered lines that can be linked to."""
    pages = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            code = path.read_text(encoding="utf-8")
            if not code.strip():
                continue
            name = path.relative_to(ROOT)
            shown = highlight(code, PythonLexer(), HtmlFormatter(linenos="inline", lineanchors="line"))
            raw = ".. raw:: html\n\n" + "".join(f"   {line}\n" for line in shown.splitlines())
            write(folder / name.with_suffix(".rst"), heading(name.as_posix(), "=") + raw)
            pages.append(name.with_suffix("").as_posix())
    about = "The whole library, file by file; each is meant to be read from top to bottom.\n\n"
    write(folder / "index.rst", heading("Source", "=") + about + toctree(pages))


# ---------------------------------------------------------------------- benchmarks

MEASURED = {
    "steps": "Whole training steps: forward, loss, backward, optimizer.",
    "kernels": "Single operations, forward and backward apart.",
    "memory": "How far resident memory rises during three steps, above what network and data need.",
    "scaling": "The time of a step, and what it grows with.",
    "gpu": "Training steps and steps of optimizers on a GPU.",
}


def write_benchmarks(folder: Path, results: Path = ROOT / "benchmarks" / "results") -> None:
    """Write, for the page on benchmarks, chart and table of every result that is committed."""
    text = ""
    kernels_last = sorted(report.results_in(results), key=lambda path: path.stem == "kernels")
    for path in kernels_last:
        result = json.loads(path.read_text(encoding="utf-8"))
        text += f"## {report.title(result)}\n\n{MEASURED[result['kind']]}\n\n"
        if any(comparisons(result)):
            chart = folder / "-".join(path.relative_to(results).with_suffix(".png").parts)
            folder.mkdir(parents=True, exist_ok=True)
            charts.draw(result, chart)
            text += f"![{report.title(result)}]({chart.name})\n\n"
        text += ":::{dropdown} All numbers\n:class-container: measurements\n\n"
        text += f"{report.markdown(result)}\n:::\n\n"
    write(folder / "results.inc", text)


# ---------------------------------------------------------------------- what was reproduced


def write_reproduced(folder: Path, results: Path = ROOT / "experiments" / "results" / "reproduce") -> None:
    """Write, for the page on the paper's experiments, what is committed of each, and the paper's numbers."""
    parts = []
    for experiment in catalogue.select("all"):
        run = results / experiment.name
        if not (run / "summary.json").exists():
            command = f"minigrad reproduce {experiment.name} --scale laptop --out DIR"
            parts.append(f"## {experiment.title}\n\nNot run yet: `{command}`\n")
            continue
        pictures = [run / "curves.png", *sorted(run.glob("samples/*-grid-*.png"))]
        table = (run / "table.md").read_text(encoding="utf-8")
        parts.append(
            f"{table}\n" + "".join(_copied(picture, experiment.name, folder) for picture in pictures)
        )
        known = published(experiment.name)
        parts.append(f"**In the paper.** {known.remark}\n")
        if known.rows:
            parts.append(markdown_table(known.header, known.rows, "l" + "r" * (len(known.header) - 1)) + "\n")
        summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
        seeds = " ".join(map(str, summary["seeds"]))
        command = f"minigrad reproduce {experiment.name} --scale {summary['scale']} --seeds {seeds} --out DIR"
        parts.append(f"Again: `{command}`\n")
    write(folder / "results.inc", "\n".join(parts))


def _copied(picture: Path, experiment: str, folder: Path) -> str:
    """The picture, beside the text that shows it."""
    name = f"{experiment}-{picture.name}"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(picture, folder / name)
    return f"{picture.stem.replace('-', ', ')}:\n\n![{picture.stem}]({name})\n\n"
