"""A Celery application: the broker that the environment names, and two tasks."""

import os
import time

import task
from celery import Celery

app = Celery(broker=os.environ["BROKER"], backend=os.environ["BROKER"])
app.conf.worker_prefetch_multiplier = 1
app.conf.broker_connection_retry_on_startup = True


@app.task
def work(url, meeting, size):
    return task.work(url, meeting, size)


@app.task
def sleep(seconds):
    time.sleep(seconds)
    return "slept"
