"""Other frameworks compute the same, where they are installed."""

from importlib.util import find_spec

import pytest

from benchmarks import peers, workloads
from benchmarks.timing import check_agreement


@pytest.mark.parametrize("peer", peers.NAMES)
@pytest.mark.filterwarnings("ignore")  # theirs
def test_they_compute_the_same(peer):
    if find_spec(peer) is None:
        pytest.skip(f"{peer} is not installed")
    found = []
    for name, cls in workloads.WORKLOADS.items():
        workload = cls(**cls.tiny)
        side = peers.side(peer, workload)
        if side is not None:
            check_agreement({"minigrad": workload.minigrad(), peer: side}, workload.digits)
            found.append(name)
    assert {"mlp", "cnn", "op-forward", "op-backward"} < set(found)
