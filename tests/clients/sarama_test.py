"""sarama, a client in Go (Debian's golang-github-shopify-sarama-dev), against `squall serve`."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

from squall_server import Squall, main

GOPATH = pathlib.Path("/usr/share/gocode")
SOURCE = pathlib.Path(__file__).parent / "sarama" / "main.go"
NUMBERS = [str(i) for i in range(80)]


class Sarama(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="squall-")
        cls.program = pathlib.Path(cls.folder.name, "sarama")
        environment = os.environ | {"GO111MODULE": "off", "GOPATH": str(GOPATH), "CGO_CFLAGS": "-w",
                                    "GOCACHE": str(pathlib.Path(cls.folder.name, "cache"))}
        built = subprocess.run(["go", "build", "-o", str(cls.program), str(SOURCE)], env=environment,
                               capture_output=True, text=True, timeout=240, check=False)
        if built.returncode != 0:
            raise AssertionError(built.stderr)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def start(self, squall, version, *what):
        return subprocess.Popen([str(self.program), squall.bootstrap, version, *map(str, what)], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def finish(self, process):
        out, errors = process.communicate(timeout=90)
        self.assertEqual(process.returncode, 0, errors)
        return out.split()

    def ask(self, squall, version, *what):
        return self.finish(self.start(squall, version, *what))

    # 0.10: message sets of magic 1, the first joins of groups; 0.11: batches, idempotence; 2.1: its newest.
    def test_writes_in_its_codecs_and_reads_alone_and_in_groups_by_each_version(self):
        with Squall() as squall:
            for version in ["0.10.2.0", "0.11.0.0", "2.1.0"]:
                topic = "orders-" + version
                self.ask(squall, version, "create", topic, 3)
                for i, codec in enumerate(["none", "gzip", "snappy", "lz4"]):
                    some = NUMBERS[20 * i:20 * i + 20]
                    self.assertEqual(self.ask(squall, version, "write", topic, codec, some[0], len(some)), some)
                self.assertEqual(sorted(self.ask(squall, version, "read", topic)), sorted(NUMBERS))
                read = self.ask(squall, version, "group", topic, "readers-" + version, 2, 80)
                self.assertEqual(sorted(read), sorted(NUMBERS))

    def test_loses_nothing_acknowledged_while_its_leader_crashes(self):
        with Squall() as squall:
            self.ask(squall, "2.1.0", "create", "orders", 1)
            writer = self.start(squall, "2.1.0", "write", "orders", "none", 0, 300)
            time.sleep(0.5)
            squall.strike("crash", "leader(orders-0)", for_="2s")
            acknowledged = self.finish(writer)
            self.assertGreater(len(acknowledged), 50)
            read = self.ask(squall, "2.1.0", "read", "orders")
            self.assertLessEqual(set(acknowledged), set(read))


if __name__ == "__main__":
    main((shutil.which("go"), "go is not installed"),
         ((GOPATH / "src/github.com/Shopify/sarama").is_dir(), "golang-github-shopify-sarama-dev is not installed"))
