"""A served cluster for one test: starts `squall serve`, asks its control port, ends it, and holds the
verdict and the replay of its recording against what every test promises.

    with Squall() as squall:
        producer = Producer({"bootstrap.servers": squall.bootstrap})
        ...
        squall.strike("crash", "leader(orders-0)", **{"for": "5s"})

The program is named by SQUALL. Leaving the block fails the test unless the verdict is pass, and unless the
recording, replayed without any client, gives the same hash and the same verdict; by the program that SQUALL_ALSO
names, too, if it is set: one that another compiler built.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

# What ctest takes for "skipped".
SKIPPED = 77


def program():
    return os.environ.get("SQUALL", "squall")


class Squall:
    def __init__(self, *options, scenario="serve", seed=1, listen="127.0.0.1:0"):
        self.folder = tempfile.TemporaryDirectory(prefix="squall-")
        self.recording = pathlib.Path(self.folder.name, "run.squall")
        self.log = pathlib.Path(self.folder.name, "log")
        self.process = subprocess.Popen(
            [program(), "serve", scenario, "--listen", listen, "--control", "127.0.0.1:0", "--seed", str(seed),
             "--record", str(self.recording), *options],
            stdout=subprocess.PIPE, stderr=self.log.open("w"), text=True)
        self.bootstrap = self._line("bootstrap: ")
        self.control = self._line("control: ")
        self.expected = "pass"

    def _line(self, prefix):
        line = self.process.stdout.readline()
        if not line.startswith(prefix):
            raise AssertionError(f"expected '{prefix}...', not '{line}': {self.log.read_text()}")
        return line[len(prefix):].strip()

    # ---- the control port ----

    def ask(self, path, method="GET", body=None):
        """The answer's document; an error of the server is raised with its text."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.control + path, data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()}") from error
        return text if path == "/metrics" else json.loads(text)

    def strike(self, kind, target, **options):
        """Returns the names of the machines that it hit, once somebody has the role that the target names.
        Options that Python reserves: for_="5s"."""
        fault = {"kind": kind, "target": target, **{name.rstrip("_"): value for name, value in options.items()}}
        deadline = time.monotonic() + 15
        while True:
            try:
                return self.ask("/faults", "POST", fault)["machines"]
            except AssertionError as error:
                if "nobody is" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def transaction_coordinator(self, transactional_id):
        """Whoever leads the partition of __transaction_state that the id's hash (Java's) falls into."""
        code = 0
        for letter in transactional_id:
            code = (31 * code + ord(letter)) & 0xffffffff
        return f"leader(__transaction_state-{(code & 0x7fffffff) % len(self.ask('/topics')['topics']['__transaction_state'])})"

    def heal(self):
        return self.ask("/faults", "DELETE")["healed"]

    def lag(self, group):
        return sum(g["lag"] for g in self.ask("/groups")["groups"] if g["group"] == group)

    def committed(self, group):
        """How many records it has committed past, where logs start at 0."""
        return sum(offset["committed"] for g in self.ask("/groups")["groups"] if g["group"] == group
                   for offset in g["offsets"])

    def wait_until(self, what, condition, patience=30):
        deadline = time.monotonic() + patience
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {patience} s in vain: {what}")
            time.sleep(0.05)

    # ---- the end ----

    def end(self):
        """The final verdict as a document; the server is gone afterwards."""
        if self.process.poll() is not None:
            raise AssertionError(f"the server died: {self.process.returncode} {self.log.read_text()}")
        verdict = self.ask("/end", "POST", {})
        self.process.communicate(timeout=120)
        return verdict

    def replay(self, program):
        done = subprocess.run([program, "replay", str(self.recording), "--quiet"], capture_output=True, text=True,
                              timeout=300, check=False)
        found = re.search(r"verdict: (\w+).* hash=([0-9a-f]{16})", done.stdout)
        if not found:
            raise AssertionError(f"a replay without a verdict: {done.stdout} {done.stderr}")
        return found.groups()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        try:
            if kind is not None:
                self.process.kill()
                self.process.communicate()
                sys.stderr.write(self.log.read_text())
                return
            verdict = self.end()
            if verdict["verdict"] != self.expected:
                objections = [c for c in verdict["checkers"] if c["verdict"] != "pass"]
                raise AssertionError(f"verdict {verdict['verdict']}: {verdict['why']} {objections} {verdict['faults']}")
            for replaying in filter(None, [program(), os.environ.get("SQUALL_ALSO")]):
                again = self.replay(replaying)
                if again != (verdict["verdict"], verdict["hash"]):
                    raise AssertionError(f"served {verdict['verdict']} {verdict['hash']}, {replaying} replayed {again}")
        finally:
            self.folder.cleanup()


def main(*needs):
    """Runs the tests of the calling file, or says what it lacks. `needs`: modules and programs."""
    missing = [why for is_there, why in needs if not is_there]
    if missing:
        # Where CI runs, which installs all, nothing may be missing.
        in_ci = bool(os.environ.get("CI"))
        print(("failed: " if in_ci else "skipped: ") + ", ".join(missing))
        sys.exit(1 if in_ci else SKIPPED)
    unittest.main(verbosity=2)
