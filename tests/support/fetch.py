"""``fetch.py CLIENT URL``: a program that has never heard of us asks a server for a page.

Prints the status of the answer, or the verify code of the certificate error that it met.
"""

import sys


def with_requests(url):
    import requests

    return requests.get(url, timeout=30).status_code


def with_httpx(url):
    import httpx

    return httpx.get(url, timeout=30).status_code


def with_botocore(url):
    from botocore.awsrequest import AWSRequest
    from botocore.httpsession import URLLib3Session

    return URLLib3Session().send(AWSRequest("GET", url).prepare()).status_code


def with_urllib3(url):
    import certifi
    import urllib3

    with urllib3.PoolManager(ca_certs=certifi.where(), retries=False) as pool:
        return pool.request("GET", url).status


def with_aiohttp(url):
    import asyncio
    import ssl

    import aiohttp
    import certifi

    async def get():
        context = ssl.create_default_context(cafile=certifi.where())
        async with aiohttp.ClientSession() as session, session.get(url, ssl=context) as answer:
            return answer.status

    return asyncio.run(get())


def verify_code(error):
    """Return the code of the certificate error that `error` stems from, or raise `error`."""
    import ssl

    pending, seen = [error], []
    while pending:
        one = pending.pop(0)
        if isinstance(one, ssl.SSLCertVerificationError) and hasattr(one, "verify_code"):
            return one.verify_code  # aiohttp's own error has none, but its cause does
        if isinstance(one, BaseException) and one not in seen:
            seen.append(one)
            pending += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    raise error


if __name__ == "__main__":
    try:
        print(globals()["with_" + sys.argv[1]](sys.argv[2]))
    except Exception as error:  # noqa: BLE001 - each client wraps it in its own
        print("verify code", verify_code(error))
        sys.exit(1)
