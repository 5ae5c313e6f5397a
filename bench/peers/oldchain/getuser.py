"""GET /getuser as an application of the old stack answers it: Tornado and PyMySQL.

Four processes of this program stand behind nginx. Each keeps one connection to
MariaDB: a process answers one request at a time, since PyMySQL waits for the
server in the thread that also serves, so a second connection would be idle for
ever. Nobody serves the public with it but nginx, which also writes the access
log.

What makes it as fast as such an application gets: the connection is kept, no
line is logged, no ETag is hashed, and the answer is put together by hand.
"""

import argparse
import asyncio
import base64
import binascii

import pymysql
import tornado.httpserver
import tornado.web

COUNT = "select count(*) as count from user where user = %s and passwd = %s"

# Seconds that one statement may take, as with the other peers.
STATEMENT_TIMEOUT = 2


def text(value):
    """Return bytes as text, which compares by the column's index; what is no
    UTF-8 stays bytes, and no user has it."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def credentials(authorization):
    """Return user and password out of an Authorization header, or None where
    that is missing or malformed."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return (text(user), text(password)) if colon else None


class GetUser(tornado.web.RequestHandler):
    """Answers how many users have the name and the password of the request."""

    def initialize(self, connection):
        self.connection = connection

    def compute_etag(self):
        return None

    def get(self):
        given = credentials(self.request.headers.get("Authorization", ""))
        if given is None:
            self.set_status(401)
            self.set_header("WWW-Authenticate", 'Basic realm="getuser", charset="UTF-8"')
            return
        with self.connection.cursor() as cursor:
            cursor.execute(COUNT, given)
            (count,) = cursor.fetchone()
        self.set_header("Content-Type", "application/json")
        self.write('[{"count":%d}]' % count)


def connect(options):
    """Return the process's one connection to MariaDB."""
    if options.socket:
        where = {"unix_socket": options.socket}
    else:
        where = {"host": options.host, "port": options.database_port}
    return pymysql.connect(
        user=options.user, password=options.password, database=options.database,
        charset="utf8mb4", autocommit=True, read_timeout=STATEMENT_TIMEOUT, **where)


async def serve(options):
    application = tornado.web.Application(
        [("/getuser", GetUser, {"connection": connect(options)})],
        log_function=lambda handler: None)
    tornado.httpserver.HTTPServer(application).listen(options.port, "127.0.0.1")
    await asyncio.Event().wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, required=True, help="of 127.0.0.1, to serve on")
    parser.add_argument("--socket", help="MariaDB's unix socket")
    parser.add_argument("--host", help="MariaDB's host, where there is no socket")
    parser.add_argument("--database-port", type=int, help="MariaDB's port there")
    parser.add_argument("--user", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--database", required=True)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
