"""Many runs, several at a time: in processes of this machine, or on the workers of a Dask cluster."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any


def sweep(
    run: Callable[..., Any], jobs: Sequence[tuple[Any, ...]], workers: int = 1, cluster: str | None = None
) -> Iterator[Any]:
    """Yield `run(*job)` of every job as it comes out, in any order, under a bar of progress.

    Parameters
    ----------
    run : callable
        Of a module, so that another process can import it.
    jobs : sequence of tuple
    workers : int
        Jobs at a time on this machine.
    cluster : str, optional
        The address of a Dask scheduler, such as "tcp://10.0.0.1:8786", which then decides how many. Its
        workers need this code, the data, and the folders that jobs write to.

    Raises
    ------
    ValueError
        If `workers` is less than 1.
    ModuleNotFoundError
        If Dask is asked for and is not installed.
    ConnectionError
        If there is no scheduler at the address.
    """
    from tqdm.auto import tqdm

    if workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}")
    results = _on_cluster(run, jobs, cluster) if cluster else _here(run, jobs, workers)
    yield from tqdm(results, "runs", len(jobs), disable=None)


def _here(run: Callable[..., Any], jobs: Sequence[tuple[Any, ...]], workers: int) -> Iterator[Any]:
    from joblib import Parallel, delayed

    parallel = Parallel(workers, return_as="generator_unordered", pre_dispatch="n_jobs", batch_size=1)
    yield from parallel(delayed(run)(*job) for job in jobs)


def _on_cluster(run: Callable[..., Any], jobs: Sequence[tuple[Any, ...]], address: str) -> Iterator[Any]:
    # joblib's own backend for Dask would run everything here if the cluster has a single worker
    try:
        from distributed import Client, as_completed
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"the cluster at {address} needs Dask: pip install 'minigrad[cluster]'"
        ) from error

    try:
        client = Client(address, timeout=10)
    except (OSError, ValueError) as error:  # a TimeoutError is an OSError
        raise ConnectionError(f"there is no Dask scheduler at {address}: {error}") from error
    with client:
        futures = [client.submit(run, *job, pure=False) for job in jobs]
        for future in as_completed(futures):
            yield future.result()
