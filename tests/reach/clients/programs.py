"""``programs.py CLIENT ADDRESS``: programs as the users of each library write them.

None of them has ever heard of us. Each prints what its server answers; what the library raises
is not caught, for the tests look for a certificate error in it.
"""

import asyncio
import sys

# --- HTTPS ------------------------------------------------------------------------------------


def requests(url):
    import requests

    return requests.get(url, timeout=30).text


def requests_session(url):
    import requests

    with requests.Session() as session:
        return session.get(url, timeout=30).text


def httpx(url):
    import httpx

    return httpx.get(url).text


def httpx2(url):
    import httpx2

    return httpx2.get(url).text


def httpx2_async(url):
    import httpx2

    async def ask():
        async with httpx2.AsyncClient() as client:
            return (await client.get(url)).text

    return asyncio.run(ask())


def httpx2_shared(url):
    from concurrent.futures import ThreadPoolExecutor

    import httpx2

    with httpx2.Client() as client, ThreadPoolExecutor(4) as pool:
        (said,) = {answer.text for answer in pool.map(client.get, [url] * 8)}
    return said


def openai(url):
    from openai import OpenAI

    return OpenAI(api_key="none", base_url=f"{url}v1", max_retries=0).models.retrieve("any").id


def openai_async(url):
    from openai import AsyncOpenAI

    async def ask():
        async with AsyncOpenAI(api_key="none", base_url=f"{url}v1", max_retries=0) as client:
            return (await client.models.retrieve("any")).id

    return asyncio.run(ask())


def anthropic(url):
    from anthropic import Anthropic

    return Anthropic(api_key="none", base_url=url, max_retries=0).models.retrieve("any").id


def anthropic_async(url):
    from anthropic import AsyncAnthropic

    async def ask():
        async with AsyncAnthropic(api_key="none", base_url=url, max_retries=0) as client:
            return (await client.models.retrieve("any")).id

    return asyncio.run(ask())


def huggingface(url):
    from huggingface_hub import HfApi

    return HfApi(endpoint=url.rstrip("/"), token="none").whoami()["name"]


def huggingface_async(url):
    from huggingface_hub import AsyncInferenceClient

    async def ask():
        async with AsyncInferenceClient(base_url=url.rstrip("/"), api_key="none") as client:
            return (await client.chat_completion([], model="any")).choices[0].message.content

    return asyncio.run(ask())


def mcp(url):
    from mcp.client.session import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async def ask():
        transport = streamable_http_client(f"{url}mcp")
        async with transport as (read, write, *_), ClientSession(read, write) as session:
            return (await session.initialize()).server_info.name

    return asyncio.run(ask())


def urllib3(url):
    import urllib3

    return urllib3.PoolManager(retries=False).request("GET", url).data.decode()


def urllib3_certifi(url):
    import certifi
    import urllib3

    pool = urllib3.PoolManager(ca_certs=certifi.where(), retries=False)
    return pool.request("GET", url).data.decode()


def urllib(url):
    from urllib.request import urlopen

    return urlopen(url).read().decode()


def truststore(url):
    import ssl
    from urllib.request import urlopen

    import truststore

    return urlopen(url, context=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)).read().decode()


def aiohttp(url):
    import aiohttp

    async def ask():
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return await answer.text()

    return asyncio.run(ask())


def aiohttp_certifi(url):
    import ssl

    import aiohttp
    import certifi

    async def ask():
        context = ssl.create_default_context(cafile=certifi.where())
        async with aiohttp.ClientSession() as session, session.get(url, ssl=context) as answer:
            return await answer.text()

    return asyncio.run(ask())


def httplib2(url):
    import httplib2

    return httplib2.Http().request(url)[1].decode()


def elastic_transport(url):
    from urllib.parse import urlsplit

    from elastic_transport import NodeConfig, Transport

    node = NodeConfig("https", "localhost", urlsplit(url).port)
    return Transport([node], max_retries=0).perform_request("GET", "/").body


def opensearch(url):
    from opensearchpy import OpenSearch

    return OpenSearch(url, max_retries=0).info()


def google_auth_requests(url):
    from google.auth.credentials import AnonymousCredentials
    from google.auth.transport.requests import AuthorizedSession

    return AuthorizedSession(AnonymousCredentials()).get(url).text


def google_auth_urllib3(url):
    from google.auth.credentials import AnonymousCredentials
    from google.auth.transport.urllib3 import AuthorizedHttp

    return AuthorizedHttp(AnonymousCredentials()).request("GET", url).data


def sentry(url):
    import sentry_sdk

    sentry_sdk.init(url.replace("//", "//key@") + "1", debug=True)  # it tells what comes back
    sentry_sdk.capture_message("hello")
    sentry_sdk.flush(20)


def yt_dlp(url):
    from yt_dlp import YoutubeDL

    with YoutubeDL({"quiet": True}) as downloader:
        return downloader.urlopen(url).read().decode()


def selenium(url):
    from selenium import webdriver

    driver = webdriver.Remote(url.rstrip("/"), options=webdriver.ChromeOptions())
    return driver.title


def pyproj(url):
    import logging
    import os

    logging.basicConfig(level=logging.DEBUG)  # this and PROJ_DEBUG have it say why
    os.environ.update(PROJ_NETWORK_ENDPOINT=url.rstrip("/"), PROJ_DEBUG="3")
    import pyproj

    pyproj.network.set_network_enabled(active=True)
    shift = pyproj.Transformer.from_pipeline("+proj=vgridshift +grids=shift.gtx +multiplier=1")
    return shift.transform(0.0, 0.0, 0.0, errcheck=True)


def kubernetes(url):
    from kubernetes import client

    configuration = client.Configuration(host=url.rstrip("/"))
    configuration.retries = False
    return client.VersionApi(client.ApiClient(configuration)).get_code().git_version


def tornado(url):
    from tornado.httpclient import AsyncHTTPClient

    async def ask():
        return (await AsyncHTTPClient().fetch(url)).body.decode()

    return asyncio.run(ask())


def geventhttpclient(url):
    from geventhttpclient import HTTPClient

    return HTTPClient.from_url(url).get("/").read().decode()


def treq(url):
    import treq
    from twisted.internet.task import react

    async def ask(_reactor):
        print(await treq.text_content(await treq.get(url)))

    react(ask)


def niquests(url):
    import niquests

    return niquests.get(url, timeout=30).text


def curl_cffi(url):
    from curl_cffi import requests

    return requests.get(url).text


def pycurl(url, **options):
    from io import BytesIO

    import pycurl

    curl, answer = pycurl.Curl(), BytesIO()
    curl.setopt(pycurl.URL, url)
    curl.setopt(pycurl.WRITEDATA, answer)
    for name, value in options.items():
        curl.setopt(getattr(pycurl, name), value)
    curl.perform()
    return answer.getvalue().decode()


def pycurl_certifi(url):
    import certifi

    return pycurl(url, CAINFO=certifi.where())


def stripe(url):
    import stripe

    stripe.api_key, stripe.api_base, stripe.max_network_retries = "none", url.rstrip("/"), 0
    return stripe.Balance.retrieve()


def stripe_certifi(url):
    import certifi

    import stripe  # isort: skip

    stripe.ca_bundle_path = certifi.where()
    stripe.api_key, stripe.api_base, stripe.max_network_retries = "none", url.rstrip("/"), 0
    return stripe.Balance.retrieve()


def docker(url):
    import docker

    base = url.rstrip("/").replace("https:", "tcp:")
    client = docker.DockerClient(base, version="1.41", tls=docker.tls.TLSConfig(verify=True))
    return client.version()["Version"]


def github(url):
    from github import Github

    return Github(base_url=url.rstrip("/"), retry=None).get_user("somebody").login


def clickhouse(url, **options):
    from urllib.parse import urlsplit

    import clickhouse_connect

    port = urlsplit(url).port
    client = clickhouse_connect.get_client(
        host="localhost", port=port, secure=True, query_retries=0, **options
    )
    return client.server_version


def clickhouse_certifi(url):
    return clickhouse(url, ca_cert="certifi")


def twine(url):
    import zipfile

    from twine.cli import dispatch

    name, info = "hello-1.0-py3-none-any.whl", "hello-1.0.dist-info"
    with zipfile.ZipFile(name, "w") as wheel:
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: hello\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    options = ["--non-interactive", "--verbose", "-u", "me", "-p", "secret"]
    return dispatch(["upload", *options, "--repository-url", f"{url}upload/", name])


def pip(url, runner=""):
    import runpy

    sys.argv = ["pip", "download", "--no-deps", "--isolated", "--retries=0"]
    sys.argv += ["--disable-pip-version-check", "--index-url", f"{url}simple/", "probe"]
    try:
        if runner:
            runpy.run_path(runner, run_name="__main__")
        else:
            runpy.run_module("pip", run_name="__main__")
    except SystemExit as end:
        if end.code:
            raise
    import zipfile

    with zipfile.ZipFile("probe-1.0-py3-none-any.whl") as wheel:
        return wheel.read("probe.txt").decode()


def command(name, *arguments, **env):
    import os
    import subprocess

    path = os.path.join(sys.prefix, "bin", name)
    environ = {**os.environ, "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}", **env}
    subprocess.run([path, *arguments], env=environ, check=True, timeout=300)


def ansible(url):
    command("ansible", "localhost", "-m", "uri", "-a", f"url={url} return_content=true")


PIPFILE = """
[[source]]
url = "{}simple/"
verify_ssl = true
name = "under-test"
[packages]
probe = "*"
"""
PYPROJECT = """
[project]
name = "nothing"
version = "1.0"
requires-python = ">=3.9"
dependencies = ["probe"]
[tool.poetry]
package-mode = false
[[tool.poetry.source]]
name = "under-test"
url = "{}simple/"
"""


def pipenv(url):
    write("Pipfile", PIPFILE.format(url))
    command("pipenv", "install", PIPENV_VENV_IN_PROJECT="1", PIPENV_IGNORE_VIRTUALENVS="1")
    return probe()


def poetry(url):
    write("pyproject.toml", PYPROJECT.format(url))
    command("poetry", "install", "--no-interaction", POETRY_VIRTUALENVS_IN_PROJECT="1")
    return probe()


def uv(url):
    command("uv", "venv", ".venv")
    options = ("--no-cache", "--python", ".venv", "--default-index", f"{url}simple/")
    command("uv", "pip", "install", *options, "probe")
    return probe()


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def probe():
    """Return what the package from the index holds."""
    import glob

    (path,) = glob.glob(".venv/lib/*/site-packages/probe.txt")
    with open(path) as file:
        return file.read()


def pipenv_requests(url):
    from pipenv.patched.pip._vendor import requests

    return requests.get(url, timeout=30).text


# --- S3 ---------------------------------------------------------------------------------------


def boto3(url):
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=Config(retries={"max_attempts": 0}),
    )
    return client.list_buckets()["Buckets"]


def botocore(url):
    from botocore.config import Config
    from botocore.session import Session

    session = Session()
    session.set_credentials("key", "secret")
    config = Config(retries={"max_attempts": 0})
    client = session.create_client("s3", "us-east-1", endpoint_url=url, config=config)
    return client.list_buckets()["Buckets"]


def minio(url):
    from urllib.parse import urlsplit

    from minio import Minio

    client = Minio(urlsplit(url).netloc, "key", "secret", region="us-east-1")
    return [bucket.name for bucket in client.list_buckets()]


# --- other protocols --------------------------------------------------------------------------


def redis(address, **options):
    import redis

    host, port = address.split(":")
    client = redis.Redis(host=host, port=int(port), ssl=True, **options)
    return client.config_get("syslog-ident")


def redis_certifi(address):
    import certifi

    return redis(address, ssl_ca_certs=certifi.where())


def psycopg(address, sslrootcert="system"):
    import psycopg

    host, port = address.split(":")
    options = f"host={host} port={port} user=postgres dbname=postgres sslmode=verify-full"
    with psycopg.connect(f"{options} sslrootcert={sslrootcert}") as connection:
        return connection.execute("show cluster_name").fetchone()[0]


def psycopg_certifi(address):
    import certifi

    return psycopg(address, certifi.where())


def websocket_client(address):
    from websocket import create_connection

    return create_connection(f"wss://{address}/").recv()


def websockets(address):
    from websockets.asyncio.client import connect

    async def ask():
        async with connect(f"wss://{address}/") as connection:
            return await connection.recv()

    return asyncio.run(ask())


def grpc(address):
    import grpc

    channel = grpc.secure_channel(address, grpc.ssl_channel_credentials())
    return channel.unary_unary("/probe.Probe/Ask")(b"", timeout=10).decode()


def grpc_certifi(address):
    import certifi
    import grpc

    with open(certifi.where(), "rb") as file:
        credentials = grpc.ssl_channel_credentials(file.read())
    channel = grpc.secure_channel(address, credentials)
    return channel.unary_unary("/probe.Probe/Ask")(b"", timeout=10).decode()


def aiosmtplib(address, **options):
    from email.message import EmailMessage

    import aiosmtplib

    message = EmailMessage()
    message["From"] = message["To"] = "somebody@localhost"
    message.set_content("hello")
    host, port = address.split(":")
    sent = aiosmtplib.send(message, hostname=host, port=int(port), **options)
    return asyncio.run(sent)[1]


def aiosmtplib_tls(address):
    return aiosmtplib(address, use_tls=True)


def aiosmtplib_starttls(address):
    return aiosmtplib(address, start_tls=True)


def paho(address):
    import queue

    from paho.mqtt import client as mqtt

    host, port = address.split(":")
    client, messages = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2), queue.Queue()
    client.on_message = lambda _client, _userdata, message: messages.put(message.payload)
    client.on_connect = lambda client, *_: client.subscribe("$SYS/broker/version")
    client.tls_set()
    client.connect(host, int(port))
    client.loop_start()
    try:
        return messages.get(timeout=20).decode()
    finally:
        client.loop_stop()


if __name__ == "__main__":
    print(globals()[sys.argv[1]](sys.argv[2]))
