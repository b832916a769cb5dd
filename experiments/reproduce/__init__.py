"""The paper's experiments as commands: `minigrad reproduce NAME --scale SCALE --out DIR`.

An `Experiment` is data; a `Reproduction` is its folder, with a plan, a ledger that only grows, and a report.
"""
