#include "cli/determinism.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <system_error>
#include <utility>

#include "reports/first_difference.h"
#include "reports/trace_lines.h"
#include "sim/base/bytes.h"

namespace squall::cli {

Determinism::Determinism(DeterminismOptions options, const Environment& environment)
    : options_(std::move(options)), environment_(environment) {
    scenarios::load_scenario(options_.scenario, {.set = options_.set, .bugs = {}});
    const auto there = [this](const ChildOptions& child) {
        return
            [this, child](std::uint64_t seed, Keep keep) { return run_there(child, seed, keep); };
    };
    ChildOptions fixed;
    fixed.fixed_addresses = true;
    ChildOptions zeros;
    zeros.heap_fill = 0x00;
    ChildOptions pattern;
    pattern.heap_fill = 0xaa;
    conditions_ = {
        {"a second time in this process",
         [this](std::uint64_t seed, Keep keep) { return run_here(seed, keep); }},
        {"beside another run on a second thread",
         [this](std::uint64_t seed, Keep keep) { return run_beside_another(seed, keep); }},
        {"with messages round-tripped through the wire format",
         [this](std::uint64_t seed, Keep keep) {
             return run_here(seed, keep, {{"network.codec", "roundtrip"}});
         }},
        {"in a fresh process", there({})},
        {"without address randomisation", there(fixed)},
        {"with the heap filled with 0x00", there(zeros)},
        {"with the heap filled with 0xAA", there(pattern)},
    };
}

std::vector<std::string> Determinism::conditions() const {
    std::vector<std::string> names;
    for (const Condition& condition : conditions_) names.push_back(condition.name);
    return names;
}

Determinism::Finding Determinism::examine(const std::string& name) {
    const auto condition = std::ranges::find(conditions_, name, &Condition::name);
    ASSERT(condition != conditions_.end(), "there is no condition '{}'", name);
    for (std::uint64_t n = 0; n < options_.seeds; ++n) {
        const std::uint64_t seed = options_.first + n;
        const Result<std::uint64_t> expected = reference(seed);
        const Result<Observation> found = condition->observe(seed, Keep::hash);
        if (stop_requested()) return {Verdict::interrupted, {}};
        if (!expected) return {Verdict::different, to_string(expected.error())};
        if (!found && found.error().failure == Failure::not_found) {
            return {Verdict::not_possible, found.error().detail};
        }
        if (!found) return {Verdict::different, to_string(found.error())};
        if (found->hash == *expected) continue;
        return {Verdict::different,
                fmt::format("seed {} gives {} and {}\n{}", seed, to_hex(*expected),
                            to_hex(found->hash), first_difference(*condition, seed))};
    }
    return {Verdict::equal, {}};
}

Result<std::uint64_t> Determinism::reference(std::uint64_t seed) {
    const auto known = references_.find(seed);
    if (known != references_.end()) return known->second;
    const Result<Observation> observed = run_here(seed, Keep::hash);
    if (!observed) return observed.error();
    references_.emplace(seed, observed->hash);
    return observed->hash;
}

Result<Determinism::Observation> Determinism::run_here(
    std::uint64_t seed, Keep keep, const std::vector<scenarios::Override>& more) const {
    std::vector<scenarios::Override> set = options_.set;
    set.insert(set.end(), more.begin(), more.end());
    const scenarios::RunResult result = scenarios::run(
        scenarios::load_scenario(options_.scenario, {.set = set, .bugs = {}}),
        {.seed = seed,
         .trace_level = keep == Keep::trace ? sim::TraceLevel::full : sim::TraceLevel::hash_only,
         .stop = &stop_requested(),
         .step_budget = 0,
         .prepare = environment_.prepare});
    if (result.interrupted) return Error{Failure::closed, "interrupted"};
    return Observation{result.hash,
                       keep == Keep::trace ? reports::trace_lines(*result.trace) : std::string()};
}

// Both threads must tell what they tell alone. What fails on the second one is rethrown here.
Result<Determinism::Observation> Determinism::run_beside_another(std::uint64_t seed, Keep keep) {
    const std::uint64_t other_seed = seed + 1;
    const Result<std::uint64_t> expected = reference(other_seed);
    if (!expected) return expected.error();
    std::future<Result<Observation>> running =
        std::async(std::launch::async, [&] { return run_here(other_seed, Keep::hash); });
    Result<Observation> mine = run_here(seed, keep);
    const Result<Observation> other = running.get();
    if (!other) return other.error();
    if (other->hash != *expected) {
        return Error{Failure::corrupt,
                     fmt::format("seed {} on the second thread gives {} and {}", other_seed,
                                 to_hex(*expected), to_hex(other->hash))};
    }
    return mine;
}

Result<Determinism::Observation> Determinism::run_there(ChildOptions child, std::uint64_t seed,
                                                        Keep keep) const {
    child.program = options_.program;
    child.arguments = {"run", options_.scenario, "--quiet", "--seed", std::to_string(seed)};
    for (const scenarios::Override& value : options_.set) {
        child.arguments.insert(child.arguments.end(), {"--set", value.path + "=" + value.value});
    }
    const std::filesystem::path file =
        std::filesystem::temp_directory_path() / fmt::format("squall-trace-{}.jsonl", getpid());
    if (keep == Keep::trace) {
        child.arguments.insert(child.arguments.end(), {"--trace", file.string()});
    }
    const Result<ChildOutput> output = run_child(child);
    if (!output) return output.error();
    if (output->exit_code == exit_condition_denied) {
        return Error{Failure::not_found, "this machine does not allow it"};
    }
    constexpr std::size_t digits = 16;
    const std::size_t at = output->text.find("hash=");
    if (at == std::string::npos || output->text.size() < at + 5 + digits) {
        return Error{Failure::corrupt,
                     fmt::format("the process ended with {} and told no hash", output->exit_code)};
    }
    Observation observation{std::stoull(output->text.substr(at + 5, digits), nullptr, 16), {}};
    if (keep == Keep::trace) {
        std::ostringstream text;
        text << std::ifstream(file, std::ios::binary).rdbuf();
        observation.trace = text.str();
        std::error_code ignored;  // a file left behind in the temporary folder harms nobody
        std::filesystem::remove(file, ignored);
    }
    return observation;
}

std::string Determinism::first_difference(const Condition& condition, std::uint64_t seed) const {
    const Result<Observation> expected = run_here(seed, Keep::trace);
    const Result<Observation> found = condition.observe(seed, Keep::trace);
    if (!expected || !found) return "the traces could not be recorded\n";
    return reports::first_difference(expected->trace, found->trace);
}

}  // namespace squall::cli
