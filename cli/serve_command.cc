#include <fmt/core.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>

#include "cli/commands.h"
#include "cli/run_output.h"
#include "gateway/serve.h"
#include "sim/base/distribution.h"

namespace squall::cli {
namespace {

struct ServeCommand {
    std::string scenario = "serve";
    std::string seed;
    ScenarioChanges changes;
    std::string listen = "127.0.0.1:9092";
    std::string advertise;
    double speed = 1.0;
    std::string duration;
    std::string record;
    std::string control;
    bool json = false;
    bool quiet = false;
    bool no_color = false;
};

gateway::Address address(const std::string& option, const std::string& text) {
    Result<gateway::Address> parsed = gateway::parse_address(text);
    if (!parsed) throw BadInput{option + ": " + parsed.error().detail};
    return std::move(parsed).value();
}

// As Kafka does with advertised.listeners: clients could be told nothing worse than an address that
// means another machine to each of them.
std::string advertised_host(const ServeCommand& command, const gateway::Address& listen) {
    if (command.advertise.empty()) {
        if (!gateway::is_meta_address(listen.host)) return {};
        throw BadInput{
            fmt::format("--listen {}: clients elsewhere cannot connect to {}; expected "
                        "--advertise HOST beside, with a host that they can",
                        command.listen, listen.host)};
    }
    Result<std::string> host = gateway::parse_host(command.advertise);
    if (!host) throw BadInput{"--advertise: " + host.error().detail};
    if (!gateway::is_meta_address(*host)) return std::move(host).value();
    throw BadInput{fmt::format(
        "--advertise {}: clients elsewhere cannot connect to it; expected a host that they can",
        command.advertise)};
}

gateway::ServeOptions serve_options(const ServeCommand& command) {
    gateway::ServeOptions options;
    options.listen = address("--listen", command.listen);
    options.advertised_host = advertised_host(command, options.listen);
    constexpr double slowest = 0.001;
    constexpr double fastest = 1000.0;
    if (!(command.speed >= slowest && command.speed <= fastest)) {
        throw BadInput{
            fmt::format("--speed {}: expected {} to {}", command.speed, slowest, fastest)};
    }
    options.speed_permille = static_cast<std::int64_t>(command.speed * 1000.0 + 0.5);
    if (!command.duration.empty()) {
        const Result<Duration> duration = parse_duration(command.duration);
        if (!duration) throw BadInput{"--for: " + duration.error().detail};
        if (*duration <= Duration::zero()) {
            throw BadInput{fmt::format("--for {}: expected more than 0s", command.duration)};
        }
        options.duration = *duration;
    }
    options.record = command.record;
    if (!command.control.empty()) options.control = address("--control", command.control);
    options.stop = &stop_requested();
    options.ready = [json = command.json](std::string_view bootstrap, std::string_view control) {
        // Scripts wait for these lines; with --json, stdout is the document's alone.
        std::FILE* const out = json ? stderr : stdout;
        fmt::print(out, "bootstrap: {}\n", bootstrap);
        if (!control.empty()) fmt::print(out, "control: http://{}\n", control);
        std::fflush(out);
    };
    const auto mutex = std::make_shared<std::mutex>();
    options.log = [mutex, quiet = command.quiet](std::string_view line) {
        if (quiet) return;
        const std::lock_guard lock(*mutex);
        fmt::print(stderr, "squall: {}\n", line);
    };
    return options;
}

void warn_of_strangers(const gateway::Address& address) {
    if (gateway::is_loopback(address)) return;
    fmt::print(stderr,
               "squall: warning: {} can be reached from other machines, and nothing here asks who "
               "comes\n",
               to_string(address));
}

int serve(const ServeCommand& command) {
    const scenarios::Scenario scenario = command.changes.load(command.scenario);
    const std::uint64_t seed =
        command.seed.empty() ? ScenarioOptions{}.choose_seed(scenario) : parse_seed(command.seed);
    const gateway::ServeOptions options = serve_options(command);
    warn_of_strangers(options.listen);
    if (options.control) warn_of_strangers(*options.control);
    const auto begin = std::chrono::steady_clock::now();
    const Result<scenarios::RunResult> result = gateway::serve(scenario, seed, options);
    if (!result) throw BadInput{result.error().detail};
    const double wall =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (command.json) {
        say(run_json(*result, wall));
    } else {
        if (!command.quiet) {
            say(describe_run(*result, !command.no_color && isatty(STDOUT_FILENO) != 0));
        }
        say(verdict_line(*result, wall) + "\n");
    }
    return scenarios::exit_code(result->verdict);
}

}  // namespace

Command add_serve(Arguments& arguments, const Environment&) {
    auto command = std::make_shared<ServeCommand>();
    arguments.text("scenario", command->scenario,
                   "a name of the library (squall list scenarios), or a file; `serve` if left out",
                   "NAME | FILE");
    arguments.text("--listen", command->listen,
                   "the first broker's address; the others have the ports after it (0: any)",
                   "HOST:PORT");
    arguments.text("--advertise", command->advertise,
                   "the host that clients are told to connect to; that of --listen if left out, "
                   "which 0.0.0.0 cannot be",
                   "HOST");
    arguments.text("--seed", command->seed,
                   "64 bits, decimal or 0x hex; drawn from the system if left out", "N");
    arguments.real("--speed", command->speed, "of virtual time against the wall clock", "X");
    arguments.text("--for", command->duration, "ends after so much virtual time, like 90s",
                   "DURATION");
    arguments.text("--control", command->control,
                   "listens for HTTP there: faults, status, metrics, the verdict so far (0: any)",
                   "HOST:PORT");
    arguments.text("--record", command->record,
                   "keeps what came in: `squall replay FILE` repeats the run without clients",
                   "FILE");
    command->changes.add_to(arguments);
    arguments.flag("--json", command->json, "one JSON document on stdout, nothing else there");
    arguments.flag("--quiet", command->quiet, "only the bootstrap and the verdict line");
    arguments.flag("--no-color", command->no_color, "no colours, even on a terminal");
    arguments.footer(
        "Example: squall serve --for 60s --record run.squall\n"
        "Ctrl-C ends it with the verdict. docs/SERVE.md is the manual.");
    return [command] { return serve(*command); };
}

}  // namespace squall::cli
