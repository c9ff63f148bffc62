#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <random>

#include "cli/commands.h"
#include "cli/version.h"

namespace squall::cli {

void ScenarioOptions::add_to(Arguments& arguments) {
    arguments.required_text("scenario", scenario,
                            "a name of the library (squall list scenarios), or a file",
                            "NAME | FILE");
    arguments.text("--seed", seed, "64 bits, decimal or 0x hex; drawn from the system if left out",
                   "N");
    changes.add_to(arguments);
}

scenarios::Scenario ScenarioOptions::load() const {
    return changes.load(scenario);
}

void ScenarioChanges::add_to(Arguments& arguments) {
    arguments.repeatable_text("--set", set, "overrides one value of the scenario; repeatable",
                              "KEY=VALUE");
    arguments.repeatable_text("--bug", bugs, "arms a known bug (squall list bugs); repeatable",
                              "ID[@NODE]");
}

scenarios::Scenario ScenarioChanges::load(const std::string& name_or_path) const {
    return scenarios::load_scenario(name_or_path, parse());
}

scenarios::Changes ScenarioChanges::parse() const {
    scenarios::Changes changes;
    for (const std::string& text : set) {
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos || equals == 0) {
            throw BadInput{"--set " + text + ": expected KEY=VALUE, like workload.rate=50"};
        }
        changes.set.push_back({text.substr(0, equals), text.substr(equals + 1)});
    }
    changes.bugs = bugs;
    return changes;
}

std::uint64_t ScenarioOptions::choose_seed(const scenarios::Scenario& loaded) const {
    if (!seed.empty()) return parse_seed(seed);
    if (loaded.run.seed) return *loaded.run.seed;
    // The one place where chance comes in from outside; it is printed, so the run can be repeated.
    std::random_device device;
    const std::uint64_t high = device();
    const std::uint64_t low = device();
    return (high << 32 | low) % 1'000'000'000;
}

std::uint64_t parse_seed(const std::string& text) {
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    const char* const begin = text.data() + (hex ? 2 : 0);
    const char* const end = text.data() + text.size();
    std::uint64_t value = 0;
    const auto [stopped, error] = std::from_chars(begin, end, value, hex ? 16 : 10);
    if (error != std::errc() || stopped != end || begin == end) {
        throw BadInput{"--seed " + text +
                       ": expected a number from 0 to 18446744073709551615, decimal or 0x hex"};
    }
    return value;
}

void say(std::string_view text) {
    errno = 0;
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
        throw NotWritten{"standard output", std::strerror(errno)};
    }
}

void write_file(const std::string& path, const std::string& content) {
    errno = 0;
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << content;
    out.close();
    if (!out) throw NotWritten{path, errno != 0 ? std::strerror(errno) : "the write failed"};
}

std::string build_commit() {
    return std::string(commit_at_build);
}

}  // namespace squall::cli
