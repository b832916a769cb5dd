"""Ablations of AGR that can say no: many arms, paired seeds, an equivalence test, a plan made beforehand.

`minigrad ablate run` trains, `minigrad ablate report` makes every table and figure anew from the ledger.
"""
