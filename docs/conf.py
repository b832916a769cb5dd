"""Sphinx's settings. The site is built by `make site`, which runs build.py."""

import inspect
import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

import minigrad

ROOT = Path(minigrad.__file__).resolve().parent.parent

project = "minigrad"
author = "minigrad contributors"
copyright = f"2026, {author}"
release = version = minigrad.__version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.linkcode",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_exercise",
    "sphinx_togglebutton",
]
exclude_patterns = ["_build"]

# The tutorials run anew in each build: a cache would not see that the library has changed.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_execution_timeout = 300
nb_merge_streams = True
nb_code_prompt_show = "Show the code of the figure"
nb_code_prompt_hide = "Hide the code of the figure"
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

# One page for each namespace: what is listed there is documented there.
default_role = "code"  # single backticks in docstrings mean code
autosummary_generate = False
autodoc_typehints = "none"  # the docstrings say it with shapes
numpydoc_show_class_members = False
togglebutton_hint = "Show a solution"
togglebutton_hint_hide = "Hide the solution"

html_theme = "pydata_sphinx_theme"
html_title = "minigrad"
html_static_path = ["_static", "_build/static"]
html_css_files = ["minigrad.css"]
html_show_sourcelink = False
html_sidebars = {
    page: []
    for page in (
        *("how_it_works", "where_the_time_goes", "benchmarks", "on_a_gpu", "generated/coverage_table"),
        *("laboratory", "ablation", "scale", "generated/atlas", "generated/law_book"),
        *("pictures_and_text", "reproduced"),
    )
}
html_theme_options = {"navigation_with_keys": False, "show_toc_level": 1}
if (Path(__file__).parent / "_build" / "static" / "mathjax.js").exists():
    mathjax_path = "mathjax.js"


def linkcode_resolve(domain: str, info: dict[str, str]) -> str | None:
    """The page (and line) of our own source that shows a documented object."""
    value = sys.modules[info["module"]]
    for name in info["fullname"].split("."):
        value = getattr(value, name)
    value = inspect.unwrap(value.fget if isinstance(value, property) else value)
    try:
        file = Path(inspect.getsourcefile(value) or "").resolve().relative_to(ROOT)
        line = inspect.getsourcelines(value)[1]
    except (TypeError, ValueError, OSError):  # not written in Python, or not by us
        return None
    return f"../source/{file.with_suffix('.html').as_posix()}#line-{line}"


def escape(app: object, what: str, name: str, value: object, options: object, lines: list[str]) -> None:
    """Keep mathematics and shapes in docstrings, such as g |g| and (N, *), from being read as markup."""
    for i, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            parts = line.split("`")  # what stands at odd places is in backticks
            lines[i] = "`".join(p if k % 2 else re.sub(r"([|*])", r"\\\1", p) for k, p in enumerate(parts))


def setup(app: Sphinx) -> None:
    """Register the above, to run before numpydoc."""
    app.connect("autodoc-process-docstring", escape, priority=400)
