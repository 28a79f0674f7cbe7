"""A web application, as WSGI and as ASGI: each request has a worker ask a server, or sleep."""

import json
import time
from urllib.parse import parse_qs

import task


def answer(query):
    """Do what the query says: be slow, or ask a server, see task.py."""
    wanted = {name: values[0] for name, values in parse_qs(query).items()}
    if "sleep" in wanted:
        time.sleep(float(wanted["sleep"]))
        return b'"slept"'
    return json.dumps(task.work(wanted["url"], wanted["meeting"], int(wanted["size"]))).encode()


def wsgi(environ, start_response):
    body = answer(environ["QUERY_STRING"])
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


async def asgi(scope, receive, send):
    assert scope["type"] == "http"
    body = answer(scope["query_string"].decode())  # and accept nothing meanwhile
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
