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

    def test_writes_transactions(self):
        with Squall() as squall:
            write = ["-P", "-t", "orders", "-p", "0", "-X", "transactional.id=tx-1", "-X", "client.id=tx"]
            kcat(squall, *write, text="".join(f"first {i}\n" for i in range(20)))
            # A signal is the end of a transaction that is not committed.
            aborted = subprocess.Popen(["kcat", "-b", squall.bootstrap, *write, "-X", "log_level=0"],
                                       stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            aborted.stdin.write(f"never {'x' * 5000}\n" * 100)  # it reads ahead
            aborted.stdin.flush()
            everything = ["-C", "-t", "orders", "-p", "0", "-o", "beginning", "-e", "-q", "-X"]
            squall.wait_until("what is not committed", lambda: "never" in kcat(
                squall, *everything, "isolation.level=read_uncommitted"))
            aborted.terminate()
            aborted.communicate(timeout=30)
            kcat(squall, *write, text="".join(f"last {i}\n" for i in range(20)))
            read = kcat(squall, *everything, "isolation.level=read_committed")
            self.assertEqual(read.splitlines(), [f"{w} {i}" for w in ("first", "last") for i in range(20)])

    def test_scales_a_group_and_takes_over_from_a_killed_member(self):
        with Squall("--set", "cluster.config.num.partitions=4") as squall:
            def write(values):
                kcat(squall, "-P", "-t", "orders", "-K:", text="".join(f"{v}:{v}\n" for v in values))

            def join(client):
                """Prints what it reads, each line at once."""
                return subprocess.Popen(
                    ["kcat", "-b", squall.bootstrap, "-u", "-q", "-f", "%s\n", "-X", "log_level=0", "-X", "client.id=" + client,
                     "-X", "session.timeout.ms=6000", "-X", "heartbeat.interval.ms=500", "-X", "auto.offset.reset=earliest",
                     "-X", "auto.commit.interval.ms=100", "-G", "readers", "orders"], stdout=subprocess.PIPE, text=True)

            def members():
                return sum(g["members"] for g in squall.ask("/groups")["groups"] if g["group"] == "readers")

            def wait_for(count):
                def committed():
                    return sum(offset["committed"] for g in squall.ask("/groups")["groups"] for offset in g["offsets"])

                squall.wait_until(f"{count} committed", lambda: committed() == count, patience=60)

            write(range(40))
            one, other = join("reader-1"), join("reader-2")
            squall.wait_until("a group of two", lambda: members() == 2)
            write(range(40, 80))
            wait_for(80)
            other.kill()
            squall.strike("restart", "coordinator(readers)", for_="2s")
            write(range(80, 120))
            wait_for(120)
            one.terminate()
            seen = {int(line) for each in (one, other) for line in each.communicate(timeout=30)[0].split()}
            self.assertEqual(seen, set(range(120)))

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
