"""What no client means to do, against `squall serve`: very many connections, half-open and slow ones, bombs. Sockets alone;
others are served meanwhile."""
import gzip
import pathlib
import socket
import struct
import time
import unittest
import zlib

from squall_server import Squall, main

API_VERSIONS, METADATA, PRODUCE = 18, 3, 0


def frame(api, version, body=b"", correlation=1, client=b"tester"):
    head = struct.pack(">hhih", api, version, correlation, len(client)) + client
    return struct.pack(">i", len(head) + len(body)) + head + body


def text(word):
    return struct.pack(">h", len(word)) + word


def read_answer(connection):
    """The body behind the correlation id; None: hung up on."""
    data = b""
    while len(data) < 4 or len(data) < 4 + struct.unpack(">i", data[:4])[0]:
        try:
            piece = connection.recv(65536)
        except ConnectionError:
            return None
        if not piece:
            return None
        data += piece
    return data[8:]


def connect(squall, broker=0):
    host, port = squall.bootstrap.split(",")[broker].rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=30)


def ask(connection, *request):
    connection.sendall(frame(*request))
    return read_answer(connection)


def memory(squall):
    """Resident, in bytes."""
    status = pathlib.Path(f"/proc/{squall.process.pid}/status").read_text()
    return next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmRSS"))


def processor_seconds(squall):
    fields = pathlib.Path(f"/proc/{squall.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def produce_of(records):
    """Version 2: what an old client writes to orders-0."""
    return struct.pack(">hii", -1, 5000, 1) + text(b"orders") + struct.pack(">iii", 1, 0, len(records)) + records


def wrapper_of(inside):
    """A message of magic 1 around a message set in gzip."""
    value = gzip.compress(inside)
    body = struct.pack(">bbqii", 1, 1, 0, -1, len(value)) + value
    return struct.pack(">qiI", 0, len(body) + 4, zlib.crc32(body)) + body


class Connections(unittest.TestCase):
    def setUp(self):
        self.squall = Squall("--quiet")
        self.addCleanup(self.squall.process.kill)
        # One connection that is used rightly, before and behind everything.
        self.sound = connect(self.squall)
        self.assert_served()

    def tearDown(self):
        self.assert_served()
        self.sound.close()
        # Nobody wrote anything that could be judged.
        self.squall.expected = "vacuous"
        self.squall.__exit__(None, None, None)

    def assert_served(self):
        self.assertIsNotNone(ask(self.sound, API_VERSIONS, 0))

    def test_serves_a_thousand_connections_at_once(self):
        many = [connect(self.squall, number % 3) for number in range(1000)]
        for connection in many:
            connection.sendall(frame(API_VERSIONS, 0))
        for connection in many:
            self.assertIsNotNone(read_answer(connection))
        self.assertEqual(self.squall.ask("/status")["connections"], 1001)
        # Idle ones cost next to nothing.
        before = processor_seconds(self.squall)
        self.squall.ask("/status")
        time.sleep(1)
        self.assert_served()
        idle = processor_seconds(self.squall) - before
        self.assertLess(idle, 0.8)
        for connection in many:
            connection.close()
        self.squall.wait_until("they are gone", lambda: self.squall.ask("/status")["connections"] == 1)

    def test_bears_half_open_and_slow_ones(self):
        silent = [connect(self.squall) for _ in range(50)]
        # One byte at a time is as good as all at once.
        slow = connect(self.squall)
        for byte in frame(API_VERSIONS, 0):
            slow.sendall(bytes([byte]))
            time.sleep(0.002)
        self.assertIsNotNone(read_answer(slow))
        # The half of a frame, and then a reset; or the half of a frame, and nothing.
        for connection in silent[:25]:
            connection.sendall(frame(METADATA, 1, b"\xff\xff\xff\xff")[:9])
        for connection in silent[:10]:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        # Asks and asks, and never reads.
        deaf = connect(self.squall)
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.settimeout(0.2)
        try:
            for _ in range(20000):
                deaf.sendall(frame(API_VERSIONS, 0))
        except (TimeoutError, ConnectionError):
            pass  # it is not read any more, or was hung up on
        self.assert_served()
        self.assertLess(memory(self.squall), 1 << 30)
        for connection in [slow, deaf, *silent]:
            connection.close()

    def test_survives_bombs(self):
        before = memory(self.squall)
        bombs = [
            struct.pack(">i", 0x7fffffff),                                            # a frame of 2 GiB
            struct.pack(">i", -1),                                                    # one of less than nothing
            frame(METADATA, 1, struct.pack(">i", 0x7fffffff)),                        # 2^31 topics
            frame(METADATA, 9, b"\xff" * 20),                                         # a varint without an end
            frame(METADATA, 9, b"\x00" + b"\xff\xff\xff\xff\x0f" + b"x" * 20),        # 2^32 topics, compactly
            frame(PRODUCE, 2, struct.pack(">hii", -1, 5000, 0x7ffffff)),              # and so on
            frame(77, 0), frame(METADATA, 99), b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00",
        ]
        for bomb in bombs:
            connection = connect(self.squall)
            connection.sendall(bomb + b"\0" * 64)
            connection.shutdown(socket.SHUT_WR)
            self.assertIsNone(read_answer(connection), bomb[:24])
            connection.close()
        # A frame that never comes, of the largest size that is allowed, costs nothing until it does.
        waiting = [connect(self.squall) for _ in range(50)]
        for connection in waiting:
            connection.sendall(struct.pack(">i", 100 << 20) + b"\0" * 1000)
        # A quarter of a gigabyte in a quarter of a megabyte: refused, and not kept.
        topic = connect(self.squall)
        self.squall.wait_until("a topic", lambda: b"orders" in ask(
            topic, METADATA, 1, struct.pack(">i", 1) + text(b"orders")) and self.squall.ask("/topics")["topics"])
        bomb = wrapper_of(b"\0" * (1 << 28))
        self.assertLess(len(bomb), 1 << 20)
        leader = self.squall.ask("/topics")["topics"]["orders"][0]["leader"]
        connection = connect(self.squall, leader - 1)
        answer = ask(connection, PRODUCE, 2, produce_of(bomb))
        self.assertIsNotNone(answer)
        [error] = struct.unpack(">h", answer[20:22])
        self.assertEqual(error, 2)  # CORRUPT_MESSAGE
        self.assertLess(memory(self.squall) - before, 600 << 20)
        for each in [connection, topic, *waiting]:
            each.close()


class Advertised(unittest.TestCase):
    def test_clients_are_told_the_advertised_host_alone(self):
        with Squall("--quiet", "--advertise", "localhost", listen="0.0.0.0:0") as squall:
            squall.expected = "vacuous"
            self.assertEqual([address.rsplit(":", 1)[0] for address in squall.bootstrap.split(",")], ["localhost"] * 3)
            with connect(squall) as connection:
                brokers = ask(connection, METADATA, 1, struct.pack(">i", 0))
            self.assertEqual(brokers.count(text(b"localhost")), 3)
            self.assertNotIn(b"0.0.0.0", brokers)


if __name__ == "__main__":
    main()
