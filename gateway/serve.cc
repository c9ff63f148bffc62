#include "gateway/serve.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <utility>

#include "gateway/control_documents.h"
#include "gateway/control_server.h"
#include "gateway/inbox.h"
#include "gateway/pacer.h"
#include "gateway/recording.h"
#include "gateway/served_run.h"
#include "gateway/sockets.h"
#include "gateway/status_board.h"
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

    static bool looks_at(const sim::EventKind& kind) {
        return kind.is_one_of<model::BrokerFenceChanged, model::TopicCreated>();
    }
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
           std::optional<RecordingWriter> recording, std::unique_ptr<ControlServer> control)
        : options_(options),
          scenario_(scenario),
          inbox_(inbox),
          sockets_(std::move(sockets)),
          recording_(std::move(recording)),
          readiness_(scenario),
          served_(scenario, run_options(seed), std::move(addresses), *sockets_),
          control_(std::move(control)) {}

    // Whoever waits at the control port is let go before the port is.
    ~Server() {
        advancing_.reset();
        on_end_ = nullptr;
        control_.reset();
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

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
        if (on_end_) on_end_({.body = verdict_document(result)});
        return result;
    }

  private:
    scenarios::RunOptions run_options(std::uint64_t seed) {
        return {.seed = seed,
                .trace_level = sim::TraceLevel::hash_only,
                .prepare = [this](sim::Simulation& simulation) {
                    sim::Trace& trace = simulation.trace();
                    trace.observe([this](const sim::Event& event) { readiness_.observe(event); },
                                  Readiness::looks_at);
                    if (!options_.control) return;
                    trace.observe(
                        [this, &trace](const sim::Event& event) { board_.observe(event, trace); },
                        StatusBoard::looks_at);
                }};
    }

    bool is_stopped() const {
        return on_end_ != nullptr || (options_.stop != nullptr && options_.stop->load());
    }

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
        if (control_) {
            control_->start([this](ControlServer::Question question,
                                   ControlServer::Answerer answer) { tell(question, answer); });
        }
        sockets_->settle();
        options_.ready(bootstrap, control_ ? to_string(control_->address()) : "");
        while (!is_stopped() && !served_.is_over() && served_.now() < end) {
            if (advancing_) pacer.jump(served_.now(), steady_now());
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
            if (advancing_) {
                go_on(end);
            } else if (is_asked) {
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
        auto& event = std::get<OutsideEvent>(incoming.what);
        std::optional<AdvanceTime> advance;
        if (const auto* controlled = std::get_if<Controlled>(&event)) {
            const Result<ControlAction> action = decode_action(controlled->action);
            if (action) {
                const auto* wanted = std::get_if<AdvanceTime>(&*action);
                if (wanted != nullptr) advance = *wanted;
            }
        }
        ControlAnswer answer = take_in(std::move(event));
        if (advance) return begin_advance(*advance, std::move(incoming.answer));
        if (incoming.answer) incoming.answer(std::move(answer));
    }

    ControlAnswer take_in(OutsideEvent event) {
        const auto taken = std::make_shared<const RecordedEvent>(
            RecordedEvent{.at = served_.now(), .event = std::move(event)});
        if (recording_) recording_->write(*taken);
        // Only who can be asked for the verdict so far needs to know.
        if (control_) taken_in_.push_back(taken);
        return served_.take_in(taken->event);
    }

    // ---- the control port ----

    // Several at once add up.
    void begin_advance(const AdvanceTime& advance, ControlServer::Answerer answer) {
        if (!advancing_) advancing_.emplace(Advancing{.until = served_.now()});
        advancing_->until = advancing_->until + advance.by;
        advancing_->answers.push_back(std::move(answer));
    }
    void go_on(Time end) {
        const Time until = std::min(advancing_->until, end);
        served_.run_until(std::min(until, served_.now() + step_while_idle));
        if (served_.now() < until && !served_.is_over()) return;
        const Advancing done = std::move(*advancing_);
        advancing_.reset();
        const std::string body = status_document(view());
        for (const ControlServer::Answerer& answer : done.answers) answer({.body = body});
    }

    ControlView view() { return {board_, served_.run(), served_.gateway()}; }

    void tell(ControlServer::Question question, ControlServer::Answerer answer) {
        using enum ControlServer::Question;
        switch (question) {
            case status:
                return answer({.body = status_document(view())});
            case topics:
                return answer({.body = topics_document(view())});
            case groups:
                return answer({.body = groups_document(view())});
            case transactions:
                return answer({.body = transactions_document(view())});
            case faults:
                return answer({.body = faults_document(view())});
            case metrics:
                return answer({.body = metrics_text(view())});
            case verdict:
                return judge_so_far(answer);
            case end:
                on_end_ = std::move(answer);
                return;
        }
    }
    // What went on so far is run again, beside this, to an end and to its verdict.
    void judge_so_far(const ControlServer::Answerer& answer) {
        auto judge = [events = taken_in_, now = served_.now(), scenario = scenario_,
                      stop = options_.stop] {
            const scenarios::RunResult result = repeat(scenario, events, now,
                                                       {.seed = scenario.run.seed.value_or(0),
                                                        .trace_level = sim::TraceLevel::hash_only,
                                                        .stop = stop});
            constexpr int unavailable = 503;
            if (result.interrupted) return refuse(unavailable, "serving is over");
            return ControlAnswer{.body = verdict_document(result)};
        };
        answer({.body = {}, .later = std::move(judge)});
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

    struct Advancing {
        Time until;
        std::vector<ControlServer::Answerer> answers{};
    };

    const ServeOptions& options_;
    const scenarios::Scenario scenario_;
    Inbox& inbox_;
    std::unique_ptr<Sockets> sockets_;
    std::optional<RecordingWriter> recording_;
    std::chrono::nanoseconds last_flush_{};
    Readiness readiness_;
    StatusBoard board_;
    ServedRun served_;
    std::vector<TakenIn> taken_in_;
    std::optional<Advancing> advancing_;
    ControlServer::Answerer on_end_;
    std::unique_ptr<ControlServer> control_;
};

}  // namespace

Result<scenarios::RunResult> serve(const scenarios::Scenario& written, std::uint64_t seed,
                                   const ServeOptions& options) {
    const scenarios::Scenario scenario = as_served(written, seed);
    Inbox inbox;
    Result<std::unique_ptr<Sockets>> sockets =
        Sockets::bind(options.listen, scenario.cluster.brokers, inbox, options.log);
    if (!sockets) return sockets.error();

    std::unique_ptr<ControlServer> control;
    if (options.control) {
        Result<std::unique_ptr<ControlServer>> bound = ControlServer::bind(*options.control, inbox);
        if (!bound) return bound.error();
        control = std::move(bound).value();
    }

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
                  std::move(recording), std::move(control));
    return server.serve();
}

}  // namespace squall::gateway
