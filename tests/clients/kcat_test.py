"""kcat (Debian) against `squall serve`."""
import shutil
import subprocess
import time
import unittest

from squall_server import Squall, main


def kcat(squall, *arguments, text="", patience=40):
    done = subprocess.run(["kcat", "-b", squall.bootstrap, "-X", "log_level=3", *arguments], input=text,
                          capture_output=True, text=True, timeout=patience, check=False)
    if done.returncode != 0:
        raise AssertionError(f"kcat {' '.join(arguments)}: {done.returncode} {done.stderr}")
    return done.stdout


class Kcat(unittest.TestCase):
    def test_writes_in_every_codec_and_reads_from_the_beginning_by_time_and_by_group(self):
        with Squall() as squall:
            expected = []
            for codec in ["none", "gzip", "snappy", "lz4", "zstd"]:
                lines = [f"key{i}:{codec}-{i}" for i in range(20)]
                kcat(squall, "-P", "-t", "orders", "-p", "0", "-z", codec, "-K:", "-H", "codec=" + codec,
                     text="\n".join(lines) + "\n")
                expected += [line + " codec=" + codec for line in lines]
                if codec == "gzip":
                    time.sleep(0.1)
                    middle = int(time.time() * 1000)
                    time.sleep(0.1)
            read = ["-t", "orders", "-e", "-q", "-f", "%k:%s %h\n"]
            self.assertEqual(kcat(squall, "-C", *read, "-o", "beginning").splitlines(), expected)
            self.assertEqual(kcat(squall, "-C", *read, "-o", f"s@{middle}").splitlines(), expected[40:])
            self.assertEqual(kcat(squall, "-Q", "-t", f"orders:0:{middle}"), "orders [0] offset 40\n")
            group = ["-X", "session.timeout.ms=6000", "-X", "auto.offset.reset=earliest", "-G", "readers"]
            grouped = kcat(squall, "-e", "-q", "-f", "%k:%s %h\n", *group, "orders")
            self.assertEqual(grouped.splitlines(), expected)
            # What a group has read, it has committed.
            self.assertEqual(squall.lag("readers"), 0)
            self.assertIn("3 brokers:", kcat(squall, "-L"))

    def test_loses_nothing_acknowledged_while_its_leader_crashes(self):
        with Squall() as squall:
            kcat(squall, "-P", "-t", "orders", "-p", "0", text="first\n")
            writer = subprocess.Popen(["kcat", "-b", squall.bootstrap, "-P", "-t", "orders", "-p", "0", "-X",
                                       "log_level=0", "-X", "enable.idempotence=true"],
                                      stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for i in range(300):
                if i == 100:
                    squall.strike("crash", "leader(orders-0)", for_="2s")
                if i == 200:
                    squall.strike("stall", "leader(orders-0)", for_="1s")
                writer.stdin.write(f"{i}\n")
                writer.stdin.flush()
                time.sleep(0.01)
            _, errors = writer.communicate(timeout=60)
            self.assertEqual(writer.returncode, 0, errors)
            read = kcat(squall, "-C", "-t", "orders", "-e", "-q", "-o", "beginning").split()
            self.assertEqual(read, ["first"] + [str(i) for i in range(300)])


if __name__ == "__main__":
    main((shutil.which("kcat"), "kcat is not installed"))
