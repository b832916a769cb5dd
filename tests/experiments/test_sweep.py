"""Sweeps: every job once, on a cluster when there is one, and clear words when there is none."""

import builtins
import os

import pytest

from experiments.sweep import sweep


def test_every_job_comes_out():
    assert sorted(sweep(divmod, [(7, 2), (9, 4)])) == [(2, 1), (3, 1)]
    assert list(sweep(divmod, [])) == []


def test_no_workers_are_refused():
    with pytest.raises(ValueError, match="workers must be at least 1, got 0"):
        next(sweep(divmod, [(1, 1)], workers=0))


def test_without_dask_the_cluster_is_refused(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "distributed":
            raise ModuleNotFoundError("no module named distributed")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(
        ModuleNotFoundError, match=r"tcp://here:1 needs Dask: pip install 'minigrad\[cluster\]'"
    ):
        next(sweep(divmod, [(1, 1)], cluster="tcp://here:1"))


@pytest.mark.filterwarnings("ignore")
def test_on_a_cluster():
    """Of one worker, so that it is also seen that jobs need no second one."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None, processes=True
    ) as cluster:
        processes = list(sweep(os.getpid, [(), ()], cluster=cluster.scheduler_address))
        assert len(processes) == 2
        assert os.getpid() not in processes
        with pytest.raises(ZeroDivisionError):
            list(sweep(divmod, [(1, 0)], cluster=cluster.scheduler_address))


@pytest.mark.filterwarnings("ignore")
def test_an_address_without_a_scheduler():
    pytest.importorskip("distributed")
    with pytest.raises(ConnectionError, match="there is no Dask scheduler at tcp://127.0.0.1:9"):
        next(sweep(divmod, [(1, 1)], cluster="tcp://127.0.0.1:9"))
