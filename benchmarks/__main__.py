"""minigrad measured against PyTorch: `python -m benchmarks --help`."""

import argparse
import sys
from pathlib import Path

from benchmarks import fresh, machine, report, steps, workloads
from benchmarks.workloads.base import SETTINGS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("steps", help="whole training steps")
    command.add_argument("names", nargs="*", help=f"of {', '.join(workloads.WORKLOADS)}; all by default")
    command.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    command.add_argument("--rounds", type=int, default=5)
    command.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    command.add_argument("--against", nargs="+", choices=["pytorch"], default=["pytorch"])
    command.add_argument("--out", type=Path)
    options = parser.parse_args()
    try:
        run(options)
    except (ValueError, fresh.Failed) as error:
        sys.exit(f"benchmarks: {error}")


def run(options: argparse.Namespace) -> None:
    names = workloads.chosen(options.names)
    result = {
        "kind": "steps",
        "machine": machine.machine(),
        "versions": machine.versions(),
        "options": {key: value for key, value in vars(options).items() if key not in ("command", "out")},
        "rows": [],
    }
    for row in steps.measure(names, options.threads, options.rounds, options.settings, options.against):
        result["rows"].append(row)
        if options.out:
            report.save(result, options.out)
    print(report.markdown(result))


if __name__ == "__main__":
    main()
