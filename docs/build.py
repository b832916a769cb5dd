"""Builds the site into docs/_build/html: `python docs/build.py`, or `make site`.

Everything is made anew from an empty cache, a warning is an error, and nothing is fetched from the network
except MathJax, once: it then lies in docs/_build/static.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
MATHJAX = "mathjax@3.2.2"


def fetch_mathjax(target: Path) -> None:
    """Put MathJax's one file with fonts in it to `target`, from npm; without npm, formulas need a network."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if npm := shutil.which("npm"):
        folder = target.parent.parent / "npm"
        command = [npm, "install", "--silent", "--no-save", "--prefix", str(folder), MATHJAX]
        if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode == 0:
            shutil.copy(folder / "node_modules" / "mathjax" / "es5" / "tex-svg.js", target)
            shutil.rmtree(folder)
            return
    print(f"site: npm could not provide {MATHJAX}; the pages will load it from the network", file=sys.stderr)


def main() -> int:
    """Write the generated pages, then let Sphinx build everything."""
    sys.path.insert(0, str(ROOT))
    from docs import pages

    generated = DOCS / "generated"
    for old in (generated, DOCS / "_build" / "html", DOCS / "_build" / "doctrees"):
        shutil.rmtree(old, ignore_errors=True)
    fetch_mathjax(DOCS / "_build" / "static" / "mathjax.js")
    pages.write_tutorials(generated / "tutorials")
    pages.write_law_book(generated / "law_book.md")
    pages.write_atlas(generated / "atlas.md")
    pages.write_reference(generated / "reference")
    pages.write_source(generated / "source")
    pages.write_benchmarks(generated / "benchmarks")
    pages.write_reproduced(generated / "reproduced")
    # The notebooks' kernels run in other folders and import minigrad from here.
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    table = [sys.executable, "-m", "tests.coverage_table", str(generated / "coverage_table.md")]
    if subprocess.run(table, check=False, cwd=ROOT, env=environment).returncode != 0:
        print("site: the table of operations has an empty or a wrong cell", file=sys.stderr)
        return 1
    sphinx = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "--fresh-env"]
    folders = ["-d", DOCS / "_build" / "doctrees", DOCS, DOCS / "_build" / "html"]
    status = subprocess.run([*sphinx, *folders], check=False, env=environment).returncode
    if status == 0:
        print(f"site: open {DOCS / '_build' / 'html' / 'index.html'}")
    return status


if __name__ == "__main__":
    sys.exit(main())
