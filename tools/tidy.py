#!/usr/bin/env python3
"""Lint as a test: "X is banned, use Y". The determinism law of docs/ARCHITECTURE.md, and a few habits.

A line may carry `// tidy: allow <reason>` where the ban does not fit. Comments are not searched.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DETERMINISTIC = ("sim/", "model/", "scenarios/", "checkers/")
# The only part of scenarios that sees processes and real time.
REAL_WORLD = ("scenarios/hunt/",)

# (pattern, where, except in, what to use)
BANS = [
    (r"std::random_device|std::mt19937|\bs?rand\(", DETERMINISTIC, (), "Draws (sim/base/rng.h)"),
    (r"std::\w+_distribution\b|std::shuffle|std::sample", DETERMINISTIC, (), "sim/base/distribution.h: the standard's differ between libraries"),
    (r"(system|steady|high_resolution)_clock", DETERMINISTIC,
     # The scheduling algorithm's interface names it; nothing reads it.
     REAL_WORLD + ("sim/kernel/scheduler.cc",), "Node::now() or Simulation::now()"),
    (r"std::hash\b", DETERMINISTIC, (), "sim/base/hash.h"),
    (r"std::unordered_", DETERMINISTIC, (), "std::map or a sorted vector: iteration order is seen"),
    (r"\bthread_local\b", DETERMINISTIC, ("sim/kernel/scheduler.cc",), "a member of Simulation"),
    (r"\bgetenv\b", DETERMINISTIC + ("reports/",), REAL_WORLD, "an option struct"),
    (r"\b(float|double)\b", ("sim/", "model/", "checkers/"), (), "integers: floating point differs between machines"),
    (r"this_thread::|std::thread|std::mutex|condition_variable", ("sim/", "model/", "checkers/"), (), "tasks and wait.h"),
    (r"catch\s*\(\s*\.\.\.\s*\)", ("",), ("sim/kernel/scheduler.cc",), "a named exception: NodeCrashed must pass"),
    (r"\bassert\(", ("",), (), "ASSERT (sim/base/assert.h): always on, and survivable"),
    (r"#\s*ifdef\s+NDEBUG|#\s*ifndef\s+NDEBUG", ("",), (), "one behaviour in every build"),
    (r"\bstd::(cout|cerr)\b", ("sim/", "model/", "checkers/", "scenarios/", "reports/"), REAL_WORLD, "a trace event, or a value returned to cli"),
    (r"\b(TODO|FIXME|XXX|HACK)\b", ("",), ("tools/tidy.py",), "an issue"),
    (r"\b(idx|mgr|tmp2|ctx2)\b", ("",), ("tools/tidy.py",), "a word"),
]


def without_comments(line: str) -> str:
    """The code of a line: no comment, string literals emptied."""
    return re.sub(r"//.*", "", re.sub(r'"(?:[^"\\]|\\.)*"', '""', line))


def bug_names() -> list[str]:
    text = (ROOT / "model/bugs.h").read_text()
    enum = re.search(r"enum class Bug[^{]*\{([^}]*)\}", text)
    return re.findall(r"\b(z\w+)\b", enum.group(1)) if enum else []


def main() -> int:
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.h", "*.cc"], cwd=ROOT,
                           capture_output=True, text=True, check=True).stdout.split()
    names = [name for name in names if (ROOT / name).exists()]
    problems = []
    model_text = ""
    for name in names:
        text = (ROOT / name).read_text()
        if name.startswith("model/") and not name.startswith("model/bugs."):
            model_text += text
        if name.startswith("checkers/") and "model/bugs.h" in text:
            problems.append(f"{name}: a checker cannot know which bugs are armed")
        for number, line in enumerate(text.splitlines(), 1):
            if "tidy: allow" in line:
                continue
            # Words in comments count only for the unfinished-work ban.
            code = without_comments(line)
            for pattern, where, exempt, use in BANS:
                subject = line if "TODO" in pattern else code
                if not name.startswith(where) or (exempt and name.startswith(exempt)):
                    continue
                found = re.search(pattern, subject)
                if found:
                    problems.append(f"{name}:{number}: '{found.group(0)}' is banned, use {use}")
    table = (ROOT / "model/bugs.cc").read_text()
    for bug in bug_names():
        entry = re.search(rf"\{{Bug::{bug},(.*?)\}},\n", table, re.S)
        if not entry:
            problems.append(f"model/bugs.cc: Bug::{bug} has no row in the table")
        elif f"Bug::{bug}" not in model_text and '"cluster.config.' not in entry.group(1) and "workload." not in entry.group(1) and "topics." not in entry.group(1):
            problems.append(f"model: no rule function consults Bug::{bug}, and it is no configuration")
    for problem in problems:
        print(problem)
    print(f"tidy: {len(names)} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
