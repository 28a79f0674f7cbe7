"""The rows of the table of clients: who asks whom, and why it does not work where it does not."""

from __future__ import annotations

from typing import NamedTuple, Tuple

OPENSSL = "uses OpenSSL's defaults"
NAMED = "the program itself names the file"
ASKS = "asks certifi alone"
ELSEWHERE = "its pip runs in the project's environment"
# What the environment of the clients gets: the newest of each, whose versions are in the table.
# (A row with pins has an environment of its own, such as niquests, which replaces urllib3.)
NEWEST = [
    "aiohttp",
    "aiosmtplib",
    "anthropic",
    "boto3",
    "botocore",
    "certifi",
    "clickhouse-connect",
    "curl_cffi",
    "docker",
    "elastic-transport",
    "geventhttpclient",
    "google-auth",
    "grpcio",
    "httplib2",
    "httpx",
    "httpx2",
    "huggingface_hub",
    "kubernetes",
    "mcp",
    "minio",
    "openai",
    "opensearch-py",
    "paho-mqtt",
    "pip<24.2",
    "psycopg[binary]",
    "pycurl",
    "PyGithub",
    "pyproj",
    "redis",
    "requests",
    "selenium",
    "sentry-sdk",
    "stripe",
    "tornado",
    "treq",
    "truststore",
    "twine",
    "urllib3",
    "websocket-client",
    "websockets",
    "yt-dlp",
]


class Row(NamedTuple):
    """A client: its label in the table, and how it is run."""

    label: str
    distribution: str
    program: str
    server: str = "https"
    why: str = ""  # why not, where one of the ways does not work
    pins: Tuple[str, ...] = ()  # an environment of its own
    layout: str = ""  # the kind of machine, where this one lacks a file that the client needs

    @property
    def id(self) -> str:
        """The name of its test."""
        return self.label.replace("`", "")

    @property
    def is_plain(self) -> bool:
        """Whether this is the distribution as it comes, and nobody gives it certificates."""
        usual = self.label.split(",")[0].split(" with ")[0] == self.distribution
        return usual and "certifi" not in self.label


ROWS = [
    Row("aiohttp", "aiohttp", "aiohttp", why=OPENSSL),
    Row("aiohttp with `certifi.where()`", "aiohttp", "aiohttp_certifi", why=NAMED),
    Row("aiosmtplib, STARTTLS", "aiosmtplib", "aiosmtplib_starttls", "starttls", OPENSSL),
    Row("aiosmtplib, TLS", "aiosmtplib", "aiosmtplib_tls", "smtp", OPENSSL),
    Row("ansible-core", "ansible-core", "ansible", why=OPENSSL, pins=("ansible-core", "certifi")),
    Row("anthropic", "anthropic", "anthropic"),
    Row("anthropic, async", "anthropic", "anthropic_async"),
    Row("boto3", "boto3", "boto3", "s3"),
    Row("botocore", "botocore", "botocore", "s3"),
    Row("clickhouse-connect", "clickhouse-connect", "clickhouse", why=OPENSSL),
    Row(
        'clickhouse-connect with `ca_cert="certifi"`',
        "clickhouse-connect",
        "clickhouse_certifi",
        why=NAMED,
    ),
    Row(
        "curl_cffi",
        "curl_cffi",
        "curl_cffi",
        why="asks certifi only where OpenSSL has no file of its own",
    ),
    Row("docker", "docker", "docker"),
    Row("elastic-transport", "elastic-transport", "elastic_transport", why=ASKS),
    Row(
        "geventhttpclient",
        "geventhttpclient",
        "geventhttpclient",
        why="loads the system's file by its name",
    ),
    Row("google-auth, requests", "google-auth", "google_auth_requests"),
    Row("google-auth, urllib3", "google-auth", "google_auth_urllib3", why=ASKS),
    Row("grpcio", "grpcio", "grpc", "grpc", "brings its own roots"),
    Row("grpcio with `certifi.where()`", "grpcio", "grpc_certifi", "grpc", why=NAMED),
    Row("httplib2", "httplib2", "httplib2"),
    Row("httpx", "httpx", "httpx"),
    Row("httpx2", "httpx2", "httpx2"),
    Row("httpx2, a client that is shared", "httpx2", "httpx2_shared"),
    Row("httpx2, async", "httpx2", "httpx2_async"),
    Row("httpx2, no store in the image", "httpx2", "httpx2", layout="empty"),
    Row("huggingface_hub", "huggingface_hub", "huggingface"),
    Row("huggingface_hub, async", "huggingface_hub", "huggingface_async"),
    Row("kubernetes", "kubernetes", "kubernetes", why=OPENSSL),
    Row("mcp", "mcp", "mcp"),
    Row("minio", "minio", "minio", "s3"),
    Row(
        "niquests",
        "niquests",
        "niquests",
        why="reads the system's store by itself",
        pins=("niquests", "certifi"),
    ),
    Row("openai", "openai", "openai"),
    Row("openai, async", "openai", "openai_async"),
    Row("opensearch-py", "opensearch-py", "opensearch"),
    Row("paho-mqtt", "paho-mqtt", "paho", "mqtt", OPENSSL),
    Row("pip before 24.2", "pip", "pip"),
    Row("pip 24.2", "pip", "pip", pins=("pip==24.2", "certifi")),
    Row("newest pip", "pip", "pip", pins=("pip>=24.2", "certifi")),
    Row("pipenv", "pipenv", "pipenv", why=ELSEWHERE, pins=("pipenv", "certifi")),
    Row("requests in pipenv", "pipenv", "pipenv_requests", pins=("pipenv", "certifi")),
    Row("poetry", "poetry", "poetry", pins=("poetry",)),
    Row(
        "psycopg with `sslrootcert=system`",
        "psycopg",
        "psycopg",
        "postgresql",
        "uses an OpenSSL of its own",
    ),
    Row("psycopg with `certifi.where()`", "psycopg", "psycopg_certifi", "postgresql", why=NAMED),
    Row("pycurl", "pycurl", "pycurl", why="reads the path that its libcurl was built with"),
    Row("pycurl with `certifi.where()`", "pycurl", "pycurl_certifi", why=NAMED),
    Row("PyGithub", "PyGithub", "github"),
    Row(
        "pyproj",
        "pyproj",
        "pyproj",
        why="reads its libcurl's own path where `SSL_CERT_FILE` or `CURL_CA_BUNDLE` is set",
        layout="rhel",
    ),
    Row("redis", "redis", "redis", "redis", OPENSSL),
    Row("redis with `certifi.where()`", "redis", "redis_certifi", "redis", why=NAMED),
    Row("requests", "requests", "requests"),
    Row("requests 2.28, urllib3 1.26", "requests", "requests_session", pins=("requests==2.28.2",)),
    Row("requests 2.31", "requests", "requests_session", pins=("requests==2.31.0",)),
    Row("requests 2.32.2", "requests", "requests_session", pins=("requests==2.32.2",)),
    Row("requests.Session", "requests", "requests_session"),
    Row("selenium", "selenium", "selenium"),
    Row("sentry-sdk", "sentry-sdk", "sentry"),
    Row("stripe", "stripe", "stripe", why="brings its own roots"),
    Row("stripe with `certifi.where()`", "stripe", "stripe_certifi", why=NAMED),
    Row("tornado", "tornado", "tornado", why=OPENSSL),
    Row("treq", "treq", "treq", why="uses an OpenSSL of its own"),
    Row("truststore", "truststore", "truststore", why=OPENSSL),
    Row("twine", "twine", "twine"),
    Row("urllib3", "urllib3", "urllib3", why=OPENSSL),
    Row("urllib3 with `certifi.where()`", "urllib3", "urllib3_certifi", why=NAMED),
    Row("urllib3 1.26", "urllib3", "urllib3", why=OPENSSL, pins=("urllib3<2",)),
    Row("uv", "uv", "uv", why="brings its own roots", pins=("uv", "certifi")),
    Row("websocket-client", "websocket-client", "websocket_client", "websocket", OPENSSL),
    Row("websockets", "websockets", "websockets", "websocket", OPENSSL),
    Row("yt-dlp", "yt-dlp", "yt_dlp", why=ASKS),
]
