"""``cluster.py TOOL METHOD SIZE MEETING URL``: has SIZE workers ask a server, and ends normally.

Prints what each of them reports, and the bundles there were while they lived, as JSON.
"""

import json
import os
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import certifi
import task


@contextmanager
def with_pool(method, size):
    import multiprocessing

    pool = multiprocessing.get_context(method).Pool(size)
    yield lambda work: pool.starmap(work, [()] * size, chunksize=1)
    pool.close()
    pool.join()


@contextmanager
def with_process(method, size):
    import multiprocessing

    context = multiprocessing.get_context(method)
    queue, end = context.Queue(), context.Event()
    processes = []

    def run(work):
        for _ in range(size):
            processes.append(context.Process(target=report, args=(work, queue, end)))
            processes[-1].start()
        return [queue.get(timeout=120) for _ in processes]

    yield run
    end.set()
    for process in processes:
        process.join()


def report(work, queue, end):
    """Live until the program has counted."""
    queue.put(work())
    end.wait(120)


@contextmanager
def with_futures(method, size):
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(size, mp_context=multiprocessing.get_context(method)) as pool:
        yield lambda work: [each.result() for each in [pool.submit(work) for _ in range(size)]]


@contextmanager
def with_joblib(method, size):
    import joblib

    with joblib.parallel_config(backend=method, n_jobs=size):
        yield lambda work: joblib.Parallel()(joblib.delayed(work)() for _ in range(size))


@contextmanager
def with_dask(method, size):
    from distributed import Client, LocalCluster

    options = {"dashboard_address": None, "threads_per_worker": 1, "processes": True}
    with LocalCluster(n_workers=size, **options) as cluster, Client(cluster) as client:
        yield lambda work: client.gather([client.submit(work, pure=False) for _ in range(size)])


@contextmanager
def with_ray(method, size):
    import ray

    folder = os.environ["TMPDIR"] + "/ray"  # Ray lets everybody write there
    options = {"include_dashboard": False, "log_to_driver": False, "_temp_dir": folder}
    ray.init(num_cpus=size, object_store_memory=100 << 20, **options)

    def ask(work):
        return ray.remote(lambda: work()).remote()  # noqa: PLW0108 - it takes no partial

    yield lambda work: ray.get([ask(work) for _ in range(size)])
    ray.shutdown()


@contextmanager
def with_spark(method, size):
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(f"local[{size}]").config("spark.ui.enabled", "false")
    spark = builder.config("spark.driver.host", "127.0.0.1").getOrCreate()
    numbers = spark.sparkContext.parallelize(range(size), size)
    yield lambda work: numbers.map(lambda _: work()).collect()
    spark.stop()


def bundles():
    """Return the temporary bundles that exist now."""
    return sorted(map(str, Path(os.environ["TMPDIR"]).glob("certifi-system-store-wrapper-*/*/*")))


def main(tool, method, size, meeting, url):
    """Run the tool; certifi's function goes along in the task, as closures carry it."""
    work = partial(task.work, url, meeting, int(size), certifi.where)
    with globals()[f"with_{tool}"](method, int(size)) as run:
        reports = run(work)
        running = bundles()
    print(json.dumps({"reports": reports, "running": running}))


if __name__ == "__main__":
    main(*sys.argv[1:])
