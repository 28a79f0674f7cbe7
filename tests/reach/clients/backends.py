"""``backends.py KIND SECRET CERTIFICATE``: a server of that kind, run in the servers' environment.

Prints its port and serves until it is ended. The certificate is a PEM file with the key.
"""

import asyncio
import ssl
import sys


def context(certificate):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made


def websocket(secret, certificate):
    from websockets.asyncio.server import serve

    async def hello(connection):
        await connection.send(secret)

    async def run():
        async with serve(hello, "127.0.0.1", 0, ssl=context(certificate)) as server:
            tell(server.sockets[0].getsockname()[1])
            await server.serve_forever()

    asyncio.run(run())


def smtp(secret, certificate, *, starttls=False):
    from aiosmtpd.smtp import SMTP

    class Handler:
        async def handle_DATA(self, *_):  # noqa: N802 - its name
            return f"250 {secret}"

    async def run():
        tls = context(certificate)

        def session():
            return SMTP(Handler(), tls_context=tls if starttls else None, require_starttls=starttls)

        loop = asyncio.get_running_loop()
        outer = None if starttls else tls
        server = await loop.create_server(session, "127.0.0.1", 0, ssl=outer)
        tell(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def starttls(secret, certificate):
    smtp(secret, certificate, starttls=True)


def grpc(secret, certificate):
    from concurrent import futures

    import grpc

    with open(certificate, "rb") as file:
        pem = file.read()
    server = grpc.server(futures.ThreadPoolExecutor(2))
    answer = grpc.unary_unary_rpc_method_handler(lambda _request, _context: secret.encode())
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("probe.Probe", {"Ask": answer}),)
    )
    tell(server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(pem, pem)])))
    server.start()
    server.wait_for_termination()


def s3(secret, _certificate):
    import socketserver
    from urllib.request import Request, urlopen
    from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

    from moto.server import DomainDispatcherApplication, create_backend_app

    class Server(socketserver.ThreadingMixIn, WSGIServer):
        daemon_threads = True

    class Silent(WSGIRequestHandler):
        def log_message(self, *arguments):
            pass

    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, application, Server, Silent)
    import threading

    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/{secret}"
    urlopen(Request(address, method="PUT")).close()  # a bucket of that name
    tell(server.server_port)
    threading.Event().wait()


def tell(port):
    print(port, flush=True)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
