"""examples/clients, as its README runs them."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from squall_server import main, program

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples" / "clients"


def has(*command):
    return shutil.which(command[0]) is not None and subprocess.run(command, capture_output=True, check=False).returncode == 0


HAS_CONFLUENT_KAFKA = has(sys.executable, "-c", "import confluent_kafka")
HAS_KAFKAJS = has("node", "-e", "require('kafkajs')")


class Examples(unittest.TestCase):
    def run_example(self, *command):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([EXAMPLES / "with-squall", *command], cwd=folder, capture_output=True, text=True,
                                  timeout=120, env={**os.environ, "SQUALL": program()}, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("verdict: pass", done.stdout)
            again = subprocess.run([program(), "replay", "squall-example.recording"], cwd=folder, capture_output=True,
                                   text=True, check=False)
            self.assertIn("replay: bit for bit", again.stdout)

    @unittest.skipUnless(HAS_CONFLUENT_KAFKA, "python3-confluent-kafka is not installed")
    def test_confluent_kafka(self):
        self.run_example(sys.executable, EXAMPLES / "payment_test.py")

    @unittest.skipUnless(HAS_KAFKAJS, "kafkajs is not installed")
    def test_kafkajs(self):
        self.run_example("node", EXAMPLES / "payment_test.js")


if __name__ == "__main__":
    main((HAS_CONFLUENT_KAFKA or HAS_KAFKAJS, "neither python3-confluent-kafka nor kafkajs is installed"))
