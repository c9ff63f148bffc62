#include <fmt/core.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <thread>

#include "cli/child.h"
#include "cli/commands.h"
#include "reports/first_difference.h"
#include "reports/graphviz.h"
#include "sim/base/bytes.h"

namespace squall::cli {
namespace {

struct Options {
    std::string scenario = "order-flow";
    std::uint64_t first = 1;
    std::uint64_t seeds = 20;
};

struct Condition {
    std::string name;
    // The hash under this condition, or what went wrong.
    std::function<Result<std::uint64_t>(std::uint64_t seed)> hash;
    // How to get the trace of it, where it is another process: for the first difference.
    std::optional<ChildOptions> child;
};

class Doctor {
  public:
    Doctor(const Options& options, const Environment& environment)
        : options_(options), environment_(environment) {}

    int examine() {
        bool healthy = true;
        const Result<std::string> drawing = reports::render_svg({.text = "digraph { a -> b }"});
        fmt::print("{}  graphviz draws pictures{}\n", drawing ? "ok  " : "MISSING",
                   drawing ? ""
                           : ": " + to_string(drawing.error()) +
                                 "; install the package graphviz, or do without --report");
        for (const Condition& condition : conditions()) {
            if (stop_requested()) return exit_interrupted;
            healthy = examine(condition) && healthy;
        }
        fmt::print("{}\n", healthy ? "doctor: runs are deterministic on this machine"
                                   : "doctor: runs are NOT deterministic on this machine");
        return healthy ? exit_pass : exit_broken;
    }

  private:
    Result<std::uint64_t> run_here(std::uint64_t seed,
                                   const std::vector<scenarios::Override>& set) const {
        const scenarios::RunResult result =
            scenarios::run(scenarios::load_scenario(options_.scenario, {.set = set, .bugs = {}}),
                           {.seed = seed,
                            .trace_level = sim::TraceLevel::hash_only,
                            .stop = &stop_requested(),
                            .step_budget = 0,
                            .prepare = environment_.prepare});
        return result.hash;
    }

    static Result<std::uint64_t> run_there(ChildOptions child, const std::string& scenario,
                                           std::uint64_t seed) {
        const std::vector<std::string> extra = child.arguments;
        child.arguments = {"run", scenario, "--quiet", "--seed", std::to_string(seed)};
        child.arguments.insert(child.arguments.end(), extra.begin(), extra.end());
        const Result<ChildOutput> output = run_child(child);
        if (!output) return output.error();
        const std::size_t at = output->text.find("hash=");
        if (at == std::string::npos || output->text.size() < at + 21) {
            return Error{Failure::corrupt, fmt::format("exit code {}, no hash", output->exit_code)};
        }
        return std::stoull(output->text.substr(at + 5, 16), nullptr, 16);
    }

    Result<std::uint64_t> run_beside_another(std::uint64_t seed) const {
        Result<std::uint64_t> mine = Error{Failure::closed, "not run"};
        Result<std::uint64_t> other = Error{Failure::closed, "not run"};
        std::thread thread([&] { other = run_here(seed + 1, {}); });
        mine = run_here(seed, {});
        thread.join();
        return mine;
    }

    std::vector<Condition> conditions() const {
        const auto there = [this](std::string name, ChildOptions child) {
            return Condition{std::move(name),
                             [this, child](std::uint64_t seed) {
                                 return run_there(child, options_.scenario, seed);
                             },
                             child};
        };
        return {
            {"a second time in this process",
             [this](std::uint64_t seed) { return run_here(seed, {}); },
             {}},
            {"beside another run on a second thread",
             [this](std::uint64_t seed) { return run_beside_another(seed); },
             {}},
            {"messages round-tripped through the wire format",
             [this](std::uint64_t seed) {
                 return run_here(seed, {{"network.codec", "roundtrip"}});
             },
             ChildOptions{.arguments = {"--set", "network.codec=roundtrip"}}},
            there("in a fresh process", {}),
            there("without address randomisation", {.arguments = {}, .fixed_addresses = true}),
            there("with the heap filled with 0x00", {.arguments = {}, .heap_fill = 0x00}),
            there("with the heap filled with 0xAA", {.arguments = {}, .heap_fill = 0xaa}),
        };
    }

    bool examine(const Condition& condition) {
        for (std::uint64_t seed = options_.first; seed < options_.first + options_.seeds; ++seed) {
            if (stop_requested()) return true;
            const Result<std::uint64_t> reference = run_here(seed, {});
            const Result<std::uint64_t> hash = condition.hash(seed);
            if (!hash) {
                fmt::print("BROKEN  {}: {}\n", condition.name, to_string(hash.error()));
                return false;
            }
            if (*hash == *reference) continue;
            fmt::print("BROKEN  {}: seed {} gives {} and {}\n", condition.name, seed,
                       to_hex(*reference), to_hex(*hash));
            print_first_difference(condition, seed);
            return false;
        }
        fmt::print("ok    equal hashes {} ({} seeds of {})\n", condition.name, options_.seeds,
                   options_.scenario);
        return true;
    }

    void print_first_difference(const Condition& condition, std::uint64_t seed) const {
        const std::filesystem::path folder =
            std::filesystem::temp_directory_path() / fmt::format("squall-doctor-{}", getpid());
        std::filesystem::create_directories(folder);
        const std::string left = (folder / "reference.jsonl").string();
        const std::string right = (folder / "other.jsonl").string();
        const auto record = [&](ChildOptions child, const std::string& file) {
            const std::vector<std::string> extra = child.arguments;
            child.arguments = {"run",    options_.scenario,    "--quiet",
                               "--seed", std::to_string(seed), "--trace",
                               file};
            child.arguments.insert(child.arguments.end(), extra.begin(), extra.end());
            return run_child(child).ok();
        };
        if (record({}, left) && record(condition.child.value_or(ChildOptions{}), right)) {
            fmt::print("{}", reports::first_difference_of_files(left, right));
        }
        std::filesystem::remove_all(folder);
    }

    const Options& options_;
    const Environment& environment_;
};

}  // namespace

Command add_doctor(CLI::App& app, const Environment& environment) {
    auto options = std::make_shared<Options>();
    app.add_option("--scenario", options->scenario, "which scenario to run");
    app.add_option("--first", options->first, "the first seed");
    app.add_option("--seeds", options->seeds, "how many seeds for each condition");
    app.footer("Example: squall doctor --seeds 5");
    return [options, environment] { return Doctor(*options, environment).examine(); };
}

}  // namespace squall::cli
