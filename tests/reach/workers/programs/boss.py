"""``boss.py work URL MEETING SIZE`` or ``boss.py sleep SECONDS``: gives tasks to Celery's workers.

Prints what they answer, as JSON.
"""

import json
import sys

import jobs
from celery import group


def main(name, *arguments):
    if name == "work":
        url, meeting, size = arguments
        many = group(jobs.work.s(url, meeting, int(size)) for _ in range(int(size)))
        print(json.dumps(many.apply_async().get(timeout=120)))
    else:
        result = jobs.sleep.delay(float(arguments[0]))
        print(json.dumps(result.get(timeout=120)))


if __name__ == "__main__":
    main(*sys.argv[1:])
