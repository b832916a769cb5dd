"""The paper's claims about AGR, one after the other, each with a verdict and what it rests on.

`minigrad verify` runs it: the law book on numbers, and experiments on a network and data of one's choice.
"""
