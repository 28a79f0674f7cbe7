"""``five_clients.py URL…``: five programs that have never heard of us ask each server for a page.

Each asks for a path that begins with its name: the server knows who got through. What the clients
raise is nobody's business here.
"""

import subprocess
import sys
from contextlib import suppress


def requests(url):
    import requests

    requests.get(url, timeout=30)


def httpx(url):
    import httpx

    httpx.get(url, timeout=30)


def httpx2(url):
    import httpx2

    httpx2.get(url, timeout=30)


def botocore(url):
    import botocore.session
    from botocore.config import Config

    keys = dict.fromkeys(("aws_access_key_id", "aws_secret_access_key"), "none")
    config = Config(retries={"total_max_attempts": 1})
    session = botocore.session.get_session()
    client = session.create_client("sts", "eu-west-1", endpoint_url=url, config=config, **keys)
    client.get_caller_identity()


def pip(url):
    # There is no such project, so nothing is installed.
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--retries", "0"]
    command += ["--no-cache-dir", "--no-input", "--disable-pip-version-check", "-i", url, "none"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


CLIENTS = (requests, httpx, httpx2, botocore)

if __name__ == "__main__":
    running = [pip(f"{url}pip/") for url in sys.argv[1:]]
    for client in CLIENTS:
        for url in sys.argv[1:]:
            with suppress(Exception):
                client(f"{url}{client.__name__}/")
    for each in running:
        each.wait()
