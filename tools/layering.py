#!/usr/bin/env python3
"""Holds every #include line against the arrows of docs/ARCHITECTURE.md.

One table says which rooms a room may include; one law says which model files may park. Exit 1 with a
line for each violation: file, line, what, and what would be allowed.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# room -> rooms it may include besides itself. Closed by hand, not transitively: an arrow is a decision.
SIM_BASE = ["sim/base"]
PROTOCOL = SIM_BASE + ["model/protocol", "model/bugs"]
HOSTS = ["sim/kernel", "sim/network", "sim/trace", "model/rpc", "model/events"]
ALLOWED = {
    "sim/base": [],
    "sim/trace": SIM_BASE,
    "sim/disk": SIM_BASE,
    "sim/kernel": SIM_BASE + ["sim/trace"],
    "sim/network": SIM_BASE + ["sim/trace", "sim/kernel"],
    "model/bugs": SIM_BASE,
    "model/protocol": SIM_BASE,
    "model/events": SIM_BASE + ["sim/trace", "model/protocol"],
    "model/rpc": PROTOCOL + ["model/events", "sim/trace", "sim/kernel", "sim/network"],
    "model/assignors": PROTOCOL,
    "model/log": PROTOCOL + ["sim/disk"],
    "model/raft": PROTOCOL + ["model/log", "sim/disk"] + HOSTS,
    "model/controller": PROTOCOL + ["model/log", "model/raft", "sim/disk"] + HOSTS,
    "model/replica": PROTOCOL + ["model/log", "model/controller", "sim/disk"] + HOSTS,
    "model/coordinator": PROTOCOL + ["model/assignors", "model/controller", "model/replica"] + HOSTS,
    "model/broker": PROTOCOL + ["model/log", "model/assignors", "model/raft", "model/controller",
                                "model/replica", "model/coordinator", "sim/disk"] + HOSTS,
    "model/client": PROTOCOL + ["model/assignors"] + HOSTS,
    "model/patterns": PROTOCOL + ["model/assignors", "model/client"] + HOSTS,
    "checkers": SIM_BASE + ["sim/trace", "model/events", "model/protocol/types.h"],
    "reports": SIM_BASE + ["sim/trace", "model/events", "model/protocol/types.h",
                           "model/protocol/partition_list.h", "checkers/checker.h"],
    "scenarios": ["sim", "model", "checkers"],
    "squall": ["sim", "model", "checkers", "scenarios"],
    "scenarios/hunt": ["sim", "model", "checkers", "scenarios"],
    "gateway": ["sim", "model", "checkers", "scenarios"],
    "cli": ["sim", "model", "checkers", "scenarios", "reports", "gateway"],
}
# Rooms in which only some files may park (see parks()); the others are pure.
PARKING_ROOMS = ["sim/kernel", "sim/network", "sim/trace", "model/rpc", "model/events"]


def room_of(path: str) -> str | None:
    if path.startswith("model/bugs."):
        return "model/bugs"
    for room in sorted(ALLOWED, key=len, reverse=True):
        if path.startswith(room + "/"):
            return room
    return None


def parks(path: str) -> bool:
    """The suffix law: may this file block? Answered by its name."""
    stem = pathlib.PurePath(path).stem
    if path.startswith(("model/rpc/", "model/broker/", "model/patterns/")):
        return True
    if stem.endswith("_host"):
        return True
    return path.startswith("model/client/") and stem in ("producer", "consumer", "admin")


def allowed(target: str, room: str) -> bool:
    if room_of(target) == room:
        return True
    return any(target == arrow or target.startswith((arrow + "/", arrow + ".")) for arrow in ALLOWED[room])


def check(path: str) -> list[str]:
    room = room_of(path)
    if room is None:
        return []
    problems = []
    for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
        include = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
        if not include:
            continue
        bracket, target = include.groups()
        where = f"{path}:{number}"
        if bracket == "<":
            if target.startswith("boost/") and path != "sim/kernel/scheduler.cc":
                problems.append(f"{where}: {target}: Boost belongs in sim/kernel/scheduler.cc alone")
            continue
        # What is installed stands alone: a user has these headers and no others.
        if path.startswith("squall/") and "/internal/" not in path and path.endswith(".h"):
            if not target.startswith("squall/") or "/internal/" in target:
                problems.append(f"{where}: {target}: a public header includes public headers only")
                continue
        if room_of(target) is None:
            problems.append(f"{where}: {target}: not in any room")
        elif not allowed(target, room):
            problems.append(f"{where}: {room} may not include {target}; it may include "
                            + ", ".join(ALLOWED[room] or ["nothing but itself"]))
        elif (room.startswith("model/") and room != "model/events" and not parks(path)
              and target.startswith(tuple(r + "/" for r in PARKING_ROOMS))):
            problems.append(f"{where}: {target}: only *_host, rpc/, broker/, patterns/ and the client's "
                            "producer, consumer and admin may park; this file is pure")
    return problems


def main() -> int:
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.h", "*.cc"], cwd=ROOT,
                           capture_output=True, text=True, check=True).stdout.split()
    problems = [problem for name in names if (ROOT / name).exists() for problem in check(name)]
    for problem in problems:
        print(problem)
    print(f"layering: {len(names)} files, {len(problems)} violations")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
