"""`python -m experiments.scale DIR` measures, fits and predicts, and writes scale.json, scale.md, scale.png.

With `--redraw` tables and figure are made again from scale.json.
"""

import argparse
import json
from pathlib import Path

from experiments.scale.measure import WIDTHS, measure
from experiments.scale.page import draw, markdown
from experiments.scale.prediction import study


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m experiments.scale", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--redraw", action="store_true")
    options = parser.parse_args()
    raw = options.folder / "scale.json"
    if not options.redraw:
        samples = []
        for family, widths in WIDTHS.items():
            for width in widths:
                for seed in options.seeds:
                    print(f"{family}, width {width}, seed {seed} ...", flush=True)
                    samples += measure(family, width, options.steps, seed)
        options.folder.mkdir(parents=True, exist_ok=True)
        raw.write_text(json.dumps(study(samples), indent=1) + "\n")
    result = json.loads(raw.read_text())
    (options.folder / "scale.md").write_text(markdown(result))
    draw(result, options.folder / "scale.png")
    print(markdown(result))


if __name__ == "__main__":
    main()
