"""What is packed: a program that has never heard of us.

``requests URL``, ``urllib3 URL`` and ``urllib URL`` ask a server for a page, as
clients/fetch.py does; ``contents`` prints what certifi answers with; ``loaded`` prints what of
ours was there before the first line.
"""

import sys

LOADED = sorted(name for name in sys.modules if name.startswith("certifi"))


def with_urllib(url):
    import ssl
    import urllib.request

    import certifi

    context = ssl.create_default_context(cafile=certifi.where())
    return urllib.request.urlopen(url, context=context, timeout=30).status


def fetch(client, url):
    """Print the status of the answer, or the verify code of the error; return the status."""
    import fetch as clients

    ask = with_urllib if client == "urllib" else getattr(clients, f"with_{client}")
    try:
        print(ask(url))
    except Exception as error:  # noqa: BLE001 - each client wraps it in its own
        print("verify code", clients.verify_code(error))
        return 1
    return 0


def main():
    """Do what the first argument says; return the exit status."""
    if sys.argv[1] not in ("loaded", "contents"):
        return fetch(*sys.argv[1:])
    if sys.argv[1] == "loaded":
        print(*LOADED)
    else:
        import certifi

        print(certifi.contents(), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
