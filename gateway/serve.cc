#include "gateway/serve.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <utility>

#include "gateway/inbox.h"
#include "gateway/pacer.h"
#include "gateway/recording.h"
#include "gateway/served_run.h"
#include "gateway/sockets.h"
#include "model/events/controller_events.h"
#include "scenarios/scenario_file.h"
#include "sim/kernel/simulation.h"

namespace squall::gateway {
namespace {

// Booting takes virtual time, and clients' clocks are to agree with the brokers' when they come.
constexpr auto warm_up = std::chrono::seconds(5);
constexpr Duration warm_up_most = 60s;
constexpr Duration head_start = 5ms;
constexpr Duration step_while_asked = 200us;
constexpr Duration step_while_idle = 5ms;
// Virtual time goes on in steps of at least this where nobody waits for it.
constexpr Duration granularity = 2ms;
constexpr Duration endless = std::chrono::hours(24 * 7);

std::chrono::nanoseconds steady_now() {
    return std::chrono::steady_clock::now().time_since_epoch();
}

WallTime date_now() {
    return WallTime(std::chrono::system_clock::now().time_since_epoch());
}

// A storm that does not end before the user says so. Faults that strike every so often are bounded
// in how often.
Duration longest_storm(const scenarios::Scenario& scenario) {
    constexpr std::int64_t strikes_most = 10'000;
    Duration longest = endless;
    for (const scenarios::FaultSection& fault : scenario.faults) {
        if (fault.every) longest = std::min(longest, *fault.every * strikes_most);
    }
    return longest;
}

scenarios::Scenario as_served(scenarios::Scenario scenario, std::uint64_t seed) {
    scenario.run.seed = seed;
    scenario.run.storm = std::max(scenario.run.storm, longest_storm(scenario));
    if (scenario.run.start == scenarios::RunSection{}.start) {
        const auto seconds = std::chrono::floor<std::chrono::seconds>(date_now().since_origin());
        scenario.run.start = WallTime(seconds - warm_up);
    }
    return scenario;
}

// Whether clients can come, told by the trace.
class Readiness {
  public:
    explicit Readiness(const scenarios::Scenario& scenario)
        : brokers_wanted_(scenario.cluster.brokers), topics_wanted_(scenario.topics.size()) {}

    void observe(const sim::Event& event) {
        if (const auto* change = event.as<model::BrokerFenceChanged>()) {
            if (!change->fenced) brokers_.insert(change->broker);
        } else if (const auto* created = event.as<model::TopicCreated>()) {
            topics_.insert(created->topic);
        }
    }
    bool is_ready() const {
        return brokers_.size() >= brokers_wanted_ && topics_.size() >= topics_wanted_;
    }

  private:
    std::size_t brokers_wanted_;
    std::size_t topics_wanted_;
    std::set<model::BrokerId> brokers_;
    std::set<std::string> topics_;
};

// What one server is made of, while it serves.
class Server {
  public:
    Server(const scenarios::Scenario& scenario, std::uint64_t seed, const ServeOptions& options,
           AddressBook addresses, std::unique_ptr<Sockets> sockets, Inbox& inbox,
           std::optional<RecordingWriter> recording)
        : options_(options),
          inbox_(inbox),
          sockets_(std::move(sockets)),
          recording_(std::move(recording)),
          readiness_(scenario),
          served_(scenario, run_options(seed), std::move(addresses), *sockets_) {}

    Result<scenarios::RunResult> serve() {
        boot();
        pace();
        take_in(Ended{});
        sockets_->flush();
        scenarios::RunResult result = served_.finish();
        if (recording_) {
            recording_->write_hash(result.hash);
            if (const Status written = recording_->flush(); !written) return written.error();
        }
        return result;
    }

  private:
    scenarios::RunOptions run_options(std::uint64_t seed) {
        return {.seed = seed,
                .trace_level = sim::TraceLevel::hash_only,
                .prepare = [this](sim::Simulation& simulation) {
                    simulation.trace().observe(
                        [this](const sim::Event& event) { readiness_.observe(event); });
                }};
    }

    bool is_stopped() const { return options_.stop != nullptr && options_.stop->load(); }

    // At full speed, until everybody is there and the simulated date is today's.
    void boot() {
        const WallTime start = served_.run().scenario().run.start;
        while (!readiness_.is_ready() && served_.now() < Time(warm_up_most) && !is_stopped() &&
               !served_.is_over()) {
            served_.run_until(served_.now() + 50ms);
        }
        if (!readiness_.is_ready()) options_.log("not every broker or topic is there yet");
        const Duration date = date_now() - start;
        if (date > served_.now() - Time{} && date < Duration(warm_up_most)) {
            served_.run_until(Time(date));
        }
        sockets_->flush();
    }

    void pace() {
        Pacer pacer(served_.now(), steady_now(), options_.speed_permille);
        const Time end = options_.duration ? served_.now() + *options_.duration : Time::max();
        Time asked_until{};
        std::string bootstrap;
        for (const Address& address : sockets_->addresses()) {
            bootstrap += (bootstrap.empty() ? "" : ",") + to_string(advertised(address));
        }
        options_.ready(bootstrap);
        while (!is_stopped() && !served_.is_over() && served_.now() < end) {
            const Time due = std::min(pacer.due(served_.now(), steady_now()), end);
            std::vector<Incoming> incoming = inbox_.take();
            if (!incoming.empty()) {
                // What came, came now; a simulation that lags behind is not to lag more.
                if (due > served_.now() && due - served_.now() < step_while_idle) {
                    served_.run_until(due);
                }
                for (Incoming& each : incoming) take_in(each);
                asked_until = served_.now() + head_start;
                flush_recording();
            }
            const bool is_asked =
                served_.gateway().unanswered() > 0 &&
                served_.now() < std::min(std::min(due + head_start, asked_until), end);
            if (is_asked) {
                served_.run_until(served_.now() + step_while_asked);
            } else if (due - served_.now() >= granularity || due == end) {
                served_.run_until(std::min(due, served_.now() + step_while_idle));
            } else {
                inbox_.wait(granularity);
            }
            sockets_->flush();
        }
        if (pacer.let_go() > 0s) {
            options_.log(fmt::format("the simulation could not keep up: virtual time let go of {}",
                                     squall::to_string(pacer.let_go())));
        }
    }

    void take_in(Incoming& incoming) {
        if (auto* inquiry = std::get_if<Inquiry>(&incoming.what)) return inquiry->look();
        take_in(std::get<OutsideEvent>(std::move(incoming.what)));
    }

    void take_in(OutsideEvent event) {
        RecordedEvent recorded{.at = served_.now(), .event = std::move(event)};
        if (recording_) recording_->write(recorded);
        served_.take_in(recorded.event);
    }

    void flush_recording() {
        const auto now = steady_now();
        if (!recording_ || now - last_flush_ < std::chrono::milliseconds(100)) return;
        last_flush_ = now;
        if (const Status written = recording_->flush(); !written) {
            options_.log("nothing more is recorded: " + written.error().detail);
            recording_.reset();
        }
    }

    Address advertised(const Address& bound) const {
        return {options_.advertised_host.empty() ? bound.host : options_.advertised_host,
                bound.port};
    }

    const ServeOptions& options_;
    Inbox& inbox_;
    std::unique_ptr<Sockets> sockets_;
    std::optional<RecordingWriter> recording_;
    std::chrono::nanoseconds last_flush_{};
    Readiness readiness_;
    ServedRun served_;
};

}  // namespace

Result<scenarios::RunResult> serve(const scenarios::Scenario& written, std::uint64_t seed,
                                   const ServeOptions& options) {
    const scenarios::Scenario scenario = as_served(written, seed);
    Inbox inbox;
    Result<std::unique_ptr<Sockets>> sockets =
        Sockets::bind(options.listen, scenario.cluster.brokers, inbox, options.log);
    if (!sockets) return sockets.error();

    AddressBook addresses;
    const std::vector<std::string> brokers = scenarios::broker_names(scenario);
    for (std::size_t i = 0; i < brokers.size(); ++i) {
        Address address = (*sockets)->addresses()[i];
        if (!options.advertised_host.empty()) address.host = options.advertised_host;
        addresses.enter(brokers[i], address);
    }
    std::optional<RecordingWriter> recording;
    if (!options.record.empty()) {
        Result<RecordingWriter> created =
            RecordingWriter::create(options.record, scenarios::write_scenario(scenario));
        if (!created) return created.error();
        recording.emplace(std::move(created).value());
    }
    Server server(scenario, seed, options, std::move(addresses), std::move(sockets).value(), inbox,
                  std::move(recording));
    return server.serve();
}

}  // namespace squall::gateway
