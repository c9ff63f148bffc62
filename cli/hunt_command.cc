#include <fmt/core.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <set>

#include "cli/commands.h"
#include "cli/hunt_output.h"
#include "scenarios/hunt/hunt.h"
#include "scenarios/hunt/repro.h"
#include "scenarios/hunt/results.h"
#include "scenarios/library_texts.h"
#include "scenarios/swarm.h"
#include "scenarios/workloads/workload.h"
#include "sim/base/hash.h"

namespace squall::cli {
namespace {

namespace fs = std::filesystem;
using scenarios::FindingGroup;
using scenarios::FindingKind;
using scenarios::HuntTally;
using scenarios::Results;
using scenarios::RunRecord;
using scenarios::Scenario;

struct HuntCommand {
    std::vector<std::string> names;
    ScenarioChanges changes;
    std::string seeds;
    std::string duration;
    std::string shard;
    std::string strategy;
    std::string out;
    std::vector<std::string> merge;
    unsigned jobs = 0;
    unsigned memory_mib = 2048;
    bool resume = false;
    bool guided = false;
    bool grid = false;
    std::uint64_t depth = 0;
    bool json = false;
    bool quiet = false;
    bool no_color = false;
};

// "1..1000", or "17" alone. Throws BadInput.
std::pair<std::uint64_t, std::uint64_t> parse_seeds(const std::string& text) {
    const std::size_t dots = text.find("..");
    const std::uint64_t first = parse_seed(text.substr(0, dots));
    const std::uint64_t last =
        dots == std::string::npos ? first : parse_seed(text.substr(dots + 2));
    if (last < first) throw BadInput{"--seeds " + text + ": expected A..B with A not above B"};
    return {first, last};
}

// The default swarm comes first: it looks where nobody has looked.
std::vector<std::string> whole_library() {
    std::vector<std::string> names = {"storm"};
    for (const scenarios::LibraryText& entry : scenarios::library_texts()) {
        if (entry.name == "storm") continue;
        // Who needs clients from outside has nothing to show to a hunt.
        const Scenario scenario = scenarios::load_scenario(entry.name);
        if (scenarios::find_workload(scenario.workload.kind)->is_from_outside) continue;
        names.emplace_back(entry.name);
    }
    return names;
}

scenarios::Shard shard_of(const HuntCommand& command) {
    const scenarios::Variable variable = [](const std::string& name) -> std::optional<std::string> {
        const char* const value = std::getenv(name.c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    };
    if (!command.shard.empty()) {
        const Result<scenarios::Shard> shard = scenarios::parse_shard(command.shard, variable);
        if (!shard) throw BadInput{shard.error().detail};
        return *shard;
    }
    const Result<std::optional<scenarios::Shard>> shard = scenarios::shard_of_environment(variable);
    if (!shard) throw BadInput{shard.error().detail};
    return shard->value_or(scenarios::Shard{});
}

// Beside the fingerprint: the scenario as a file, and what the command line changed in it.
constexpr std::string_view file_meta = "file ";
constexpr std::string_view changes_meta = "changes ";

std::string meta_of(std::string_view what, const Scenario& scenario) {
    return std::string(what) + scenario.name;
}

// As a shell takes it for one word.
std::string shell_word(const std::string& text) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,=:/@+%";
    if (text.find_first_not_of(plain) == std::string::npos) return text;
    std::string quoted = "'";
    for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
    return quoted + "'";
}

// What a hunt's runs depend on beside the seed: a resumed or merged hunt must agree in it.
std::string fingerprint(const Scenario& scenario) {
    return to_hex(hash_text(scenarios::write_scenario(scenario)));
}

// The results twice: counted in memory, from which everything is told, and whole on disk, where
// they last. A disk that fills up loses nothing that was found.
class Ledger {
  public:
    explicit Ledger(std::string path) : path_(std::move(path)) {
        if (!path_.empty()) file_.emplace(opened(path_));
    }

    const HuntTally& tally() const { return tally_; }
    const std::string& path() const { return path_; }
    // The first reason why the file is not whole; empty where it is.
    const std::string& trouble() const { return trouble_; }

    // What an earlier hunt left in the file counts.
    void load() {
        if (file_) count_all(*file_, path_);
    }
    bool has(std::string_view scenario, std::uint64_t seed) const {
        return file_ && file_->has(scenario, seed);
    }
    std::optional<std::string> meta(const std::string& name) const {
        return file_ ? file_->meta(name) : std::nullopt;
    }
    void set_meta(const std::string& name, const std::string& value) {
        if (file_) note(file_->set_meta(name, value));
    }
    // Returns the findings that nobody had before.
    std::vector<FindingGroup> add(const RunRecord& record) {
        if (file_) note(file_->add(record));
        return tally_.count(record);
    }
    void commit() {
        if (file_) note(file_->commit());
    }
    // Joins files, and what the own one has. Returns what they say of their hunts (`meta`).
    std::map<std::string, std::string> merge(const std::vector<std::string>& files) {
        Results joined = opened("");
        if (file_) must(joined.merge(path_), path_);
        for (const std::string& file : files) {
            must(joined.merge(file), file);
            if (file_) note(file_->merge(file));
        }
        count_all(joined, path_);
        return joined.metas("");
    }

  private:
    static Results opened(const std::string& path) {
        Result<Results> results = Results::open(path);
        if (!results) throw_error(results.error(), path);
        return std::move(results).value();
    }
    [[noreturn]] static void throw_error(const Error& error, const std::string& path) {
        if (error.failure == Failure::invalid_input) throw BadInput{path + ": " + error.detail};
        if (error.failure == Failure::corrupt || error.failure == Failure::not_found) {
            throw BadInput{path + ": not the results of a hunt: " + error.detail};
        }
        throw NotWritten{path, error.detail};
    }
    static void must(const Status& status, const std::string& path) {
        if (!status) throw_error(status.error(), path);
    }
    void note(const Status& status) {
        if (!status && trouble_.empty()) trouble_ = status.error().detail;
    }
    void count_all(const Results& results, const std::string& path) {
        must(results.visit([this](const RunRecord& record) { tally_.count(record); }), path);
    }

    std::string path_;
    HuntTally tally_;
    std::optional<Results> file_;
    std::string trouble_;
};

std::string results_path(const HuntCommand& command, const scenarios::Shard& shard) {
    if (command.out.empty()) return {};
    std::error_code error;
    fs::create_directories(command.out, error);
    if (error) throw BadInput{"--out " + command.out + ": " + error.message()};
    const std::string name =
        shard.of == 1 ? "hunt.sqlite" : fmt::format("hunt-{}-of-{}.sqlite", shard.number, shard.of);
    return (fs::path(command.out) / name).string();
}

class Progress {
  public:
    Progress(bool shown, std::optional<std::uint64_t> planned)
        : shown_(shown && isatty(STDERR_FILENO) != 0), planned_(planned) {}

    void tell(std::uint64_t runs, std::size_t findings) {
        if (!shown_) return;
        const std::string of = planned_ ? fmt::format("/{}", *planned_) : "";
        fmt::print(stderr, "\r\033[K  {}{} runs, {} findings", runs, of, findings);
        std::fflush(stderr);
    }
    void clear() {
        if (shown_) fmt::print(stderr, "\r\033[K");
    }

  private:
    bool shown_;
    std::optional<std::uint64_t> planned_;
};

class HuntRun {
  public:
    explicit HuntRun(const HuntCommand& command)
        : command_(command),
          shard_(command.merge.empty() ? shard_of(command) : scenarios::Shard{}),
          ledger_(results_path(command, shard_)) {}

    int hunt() {
        load_scenarios();
        scenarios::HuntOptions options = make_options();
        resume_or_refuse();
        scenarios::Hunt hunt(std::move(options));
        Progress progress(!command_.quiet, hunt.planned());
        const Status status = hunt.run(
            [&](std::string_view scenario, std::uint64_t seed) {
                return command_.resume && ledger_.has(scenario, seed);
            },
            [&](const RunRecord& record) {
                const std::vector<FindingGroup> first = ledger_.add(record);
                ++runs_;
                findings_ += first.size();
                tell(first, progress);
                return ledger_.trouble().empty();
            },
            [&] {
                ledger_.commit();
                progress.tell(runs_, findings_);
            },
            stop_requested());
        ledger_.commit();
        progress.clear();
        if (!status) {
            throw BadInput{"workers cannot be made: " + status.error().detail};
        }
        return finish();
    }

    int merge() {
        std::vector<std::string> files;
        for (const std::string& folder : command_.merge) {
            std::error_code error;
            if (fs::is_regular_file(folder, error)) {
                files.push_back(folder);
                continue;
            }
            const std::size_t before = files.size();
            for (const auto& entry : fs::directory_iterator(folder, error)) {
                if (entry.path().extension() == ".sqlite") files.push_back(entry.path().string());
            }
            if (error) throw BadInput{"--merge " + folder + ": " + error.message()};
            if (files.size() == before) {
                throw BadInput{"--merge " + folder + ": holds no results (*.sqlite)"};
            }
        }
        std::ranges::sort(files);
        std::erase_if(files, [&](const std::string& file) {
            return !ledger_.path().empty() && fs::exists(ledger_.path()) &&
                   fs::equivalent(file, ledger_.path());
        });
        for (const auto& [key, text] : ledger_.merge(files)) {
            if (key.starts_with(changes_meta)) changes_[key.substr(changes_meta.size())] = text;
            if (!key.starts_with(file_meta)) continue;
            try {
                scenarios_.push_back(scenarios::parse_scenario(text, key.substr(file_meta.size())));
            } catch (const scenarios::ScenarioError&) {
                // Of another version: its findings are told, without files to repeat them.
            }
        }
        return finish();
    }

  private:
    void load_scenarios() {
        std::set<std::string> seen;
        for (const std::string& name : command_.names.empty() ? whole_library() : command_.names) {
            Scenario scenario = command_.changes.load(name);
            if (!seen.insert(scenario.name).second) {
                throw BadInput{"two scenarios are named '" + scenario.name + "'"};
            }
            scenarios_.push_back(std::move(scenario));
        }
    }

    scenarios::HuntOptions make_options() const {
        scenarios::HuntOptions options;
        options.scenarios = scenarios_;
        options.is_guided = command_.guided;
        options.shard = shard_;
        options.limits.workers =
            command_.jobs != 0 ? command_.jobs : scenarios::usable_processors();
        options.limits.memory_bytes = std::uint64_t{command_.memory_mib} << 20;
        if (!command_.seeds.empty()) {
            const auto [first, last] = parse_seeds(command_.seeds);
            options.first_seed = first;
            options.last_seed = last;
        }
        if (!command_.duration.empty()) {
            const Result<Duration> duration = parse_duration(command_.duration);
            if (!duration) throw BadInput{"--for: " + duration.error().detail};
            options.duration = *duration;
        }
        if (command_.seeds.empty() && command_.duration.empty()) {
            throw BadInput{"hunt: expected --seeds A..B or --for DURATION"};
        }
        return options;
    }

    // Results of other scenarios, or of an earlier hunt that is not to go on, stay untouched.
    void resume_or_refuse() {
        for (const Scenario& scenario : scenarios_) {
            const std::string key = meta_of(Results::scenario_meta, scenario);
            const std::optional<std::string> earlier = ledger_.meta(key);
            if (earlier && !command_.resume) {
                throw BadInput{ledger_.path() +
                               ": holds the results of a hunt; --resume goes on with it"};
            }
            if (earlier && *earlier != fingerprint(scenario)) {
                throw BadInput{ledger_.path() + ": the hunt that it holds ran another " +
                               scenario.name + "; expected the same scenarios and --set"};
            }
            ledger_.set_meta(key, fingerprint(scenario));
            ledger_.set_meta(meta_of(file_meta, scenario), scenarios::write_scenario(scenario));
            ledger_.set_meta(meta_of(changes_meta, scenario), changes_text());
            changes_[scenario.name] = changes_text();
        }
        ledger_.set_meta("commit", build_commit());
        if (command_.resume) ledger_.load();
    }

    void tell(const std::vector<FindingGroup>& findings, Progress& progress) {
        if (command_.json || command_.quiet) return;
        for (const FindingGroup& group : findings) {
            progress.clear();
            say("finding: " + finding_line(group) + "\n");
            std::fflush(stdout);
        }
    }

    // A file where results are kept, a command line where they are not.
    std::string repro_of(const FindingGroup& group) const {
        const auto written = repros_.find(group.kind);
        if (written != repros_.end()) return written->second;
        if (!group.plan.empty()) return "bred: the same hunt with --out keeps it as a file";
        const auto changes = changes_.find(group.kind.scenario);
        return fmt::format("squall run {} --seed {}{}", group.kind.scenario, group.seed,
                           changes == changes_.end() ? "" : changes->second);
    }

    // " --set workload.rate=5 --bug Z01"
    std::string changes_text() const {
        std::string text;
        for (const std::string& set : command_.changes.set) text += " --set " + shell_word(set);
        for (const std::string& bug : command_.changes.bugs) text += " --bug " + bug;
        return text;
    }

    // The shortest run of each group, whole, as a file that lasts.
    void write_repros() {
        if (command_.out.empty()) return;
        std::uint64_t number = 0;
        for (const FindingGroup& group : ledger_.tally().findings()) {
            const FindingKind& kind = group.kind;
            const auto scenario = std::ranges::find(scenarios_, kind.scenario, &Scenario::name);
            if (scenario == scenarios_.end() || kind.anomaly == "scenario-error") continue;
            Scenario repro = group.plan.empty()
                                 ? scenarios::expand(*scenario, group.seed)
                                 : scenarios::parse_scenario(group.plan, kind.scenario);
            repro.run.seed = group.seed;
            if (group.hash != 0) repro.run.hash = group.hash;
            repro.repro = scenarios::ReproSection{.checker = kind.checker,
                                                  .anomaly = kind.anomaly,
                                                  .struck = {},
                                                  .commit = build_commit()};
            const std::string path =
                (fs::path(command_.out) / fmt::format("finding-{}-{}.toml", ++number, kind.checker))
                    .string();
            write_file(path, fmt::format("# {}\n", finding_line(group)) +
                                 scenarios::write_scenario(repro));
            repros_[kind] = path;
        }
    }

    int finish() {
        std::string trouble = ledger_.trouble();
        try {
            write_repros();
        } catch (const NotWritten& error) {
            if (trouble.empty()) trouble = error.path + ": " + error.why;
        }
        const HuntSummary summary{
            .tally = &ledger_.tally(),
            .wall_seconds =
                std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count(),
            .repro_of = [this](const FindingGroup& group) { return repro_of(group); }};
        const bool color = !command_.no_color && isatty(STDOUT_FILENO) != 0;
        if (command_.json) {
            say(hunt_json(summary));
        } else {
            if (!command_.quiet) say(describe_hunt(summary, color));
            if (command_.grid) say(coverage_grid(summary, color));
            say(hunt_line(summary) + "\n");
        }
        if (!trouble.empty()) {
            fmt::print(stderr, "squall: {}: cannot be written: {}\n", ledger_.path(), trouble);
            return exit_not_written;
        }
        if (stop_requested().load()) return exit_interrupted;
        return hunt_exit_code(ledger_.tally().totals());
    }

    const HuntCommand& command_;
    scenarios::Shard shard_;
    Ledger ledger_;
    std::vector<Scenario> scenarios_;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    std::uint64_t runs_ = 0;
    std::size_t findings_ = 0;                    // told since it began
    std::map<std::string, std::string> changes_;  // by scenario, as on a command line
    std::map<FindingKind, std::string> repros_;   // paths
};

}  // namespace

Command add_hunt(Arguments& arguments, const Environment&) {
    auto command = std::make_shared<HuntCommand>();
    arguments.texts("scenarios", command->names,
                    "names of the library or files; none: storm, and the rest of the library",
                    "[NAME | FILE]...");
    arguments.text("--seeds", command->seeds, "which seeds, both ends included", "A..B");
    arguments.text("--for", command->duration, "how long to hunt, of wall time: 90s, 10m, 2h",
                   "DURATION");
    arguments.number("--jobs", command->jobs, "worker processes; as many as processors if left out",
                     "N", {1, 1024});
    arguments.number("--memory", command->memory_mib, "MiB that a run may take", "MIB",
                     {16, 1 << 20});
    arguments.text(
        "--shard", command->shard,
        "the part that this machine does; in an array job of Slurm, Kubernetes, AWS Batch "
        "or GitLab it is known",
        "I/N");
    arguments.text("--strategy", command->strategy,
                   "who goes first among tasks of one instant: random, or pct (run.strategy)",
                   "NAME");
    arguments.number("--depth", command->depth,
                     "of pct: how many orderings have to fit (run.depth)", "N", {1, 1'000});
    arguments.flag("--guided", command->guided,
                   "every second storm is bred from those that reached something new");
    arguments.flag("--grid", command->grid,
                   "which transitions were seen under which faults, and which never");
    arguments.text("--out", command->out, "keeps results (SQLite) and repro files there", "DIR");
    arguments.flag("--resume", command->resume, "goes on with the hunt in --out");
    arguments.texts("--merge", command->merge, "joins results of other hunts instead of hunting",
                    "DIR...");
    command->changes.add_to(arguments);
    arguments.flag("--json", command->json, "one JSON document on stdout, nothing else there");
    arguments.flag("--quiet", command->quiet, "only the last line");
    arguments.flag("--no-color", command->no_color, "no colours, even on a terminal");
    arguments.footer("Example: squall hunt order-flow --seeds 1..1000 --out hunt");
    return [command] {
        if (!command->strategy.empty()) {
            command->changes.set.push_back("run.strategy=" + command->strategy);
        }
        if (command->depth != 0) {
            command->changes.set.push_back("run.depth=" + std::to_string(command->depth));
        }
        if (command->resume && command->out.empty()) {
            throw BadInput{"--resume: expected --out DIR, the hunt to go on with"};
        }
        HuntRun run(*command);
        return command->merge.empty() ? run.hunt() : run.merge();
    };
}

}  // namespace squall::cli
