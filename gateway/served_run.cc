#include "gateway/served_run.h"

#include <algorithm>
#include <utility>

namespace squall::gateway {

ServedRun::ServedRun(const scenarios::Scenario& scenario, const scenarios::RunOptions& options,
                     AddressBook addresses, Outlet& outlet)
    : run_(std::make_unique<scenarios::JudgedRun>(scenario, options)) {
    gateway_ = std::make_unique<Gateway>(run_->cluster(), std::move(addresses), outlet);
    run_->begin();
}

ServedRun::~ServedRun() {
    run_.reset();
}

void ServedRun::run_until(Time end) {
    // What came in at one moment came in before anything else happened: nothing runs in between.
    if (end <= now()) return;
    run_->run_until(end);
    if (!is_over()) gateway_->watch_ports();
}

ControlAnswer ServedRun::take_in(const OutsideEvent& event) {
    constexpr int conflict = 409;
    ControlAnswer answer = refuse(conflict, "the run is over");
    run_->act([&] {
        // It comes because of nothing that went before. What ran last is not the same in a server,
        // which stops more often, and in a replay.
        sim::Trace::Context& context = run_->cluster().simulation().trace().context();
        const sim::Trace::Context saved = context;
        context = {.time = saved.time, .node = sim::harness_node};
        if (const auto* connected = std::get_if<Connected>(&event)) {
            gateway_->connected(*connected);
        } else if (const auto* received = std::get_if<Received>(&event)) {
            gateway_->received(*received);
        } else if (const auto* disconnected = std::get_if<Disconnected>(&event)) {
            gateway_->disconnected(*disconnected);
        } else if (const auto* controlled = std::get_if<Controlled>(&event)) {
            constexpr int bad_request = 400;
            const Result<ControlAction> action = decode_action(controlled->action);
            answer =
                action ? carry_out(*action, *run_) : refuse(bad_request, action.error().detail);
        } else if (std::holds_alternative<Ended>(event)) {
            gateway_->close_all();
            run_->end_storm();
        }
        context = saved;
    });
    return answer;
}

scenarios::RunResult ServedRun::finish() {
    run_->run_until(run_->end());
    return run_->finish();
}

scenarios::RunResult repeat(const scenarios::Scenario& scenario, const std::vector<TakenIn>& events,
                            Time end, const scenarios::RunOptions& options) {
    SilentOutlet outlet;
    ServedRun served(scenario, options, AddressBook(), outlet);
    for (const TakenIn& taken : events) {
        served.run_until(taken->at);
        served.take_in(taken->event);
    }
    served.run_until(end);
    served.take_in(Ended{});
    return served.finish();
}

scenarios::RunResult replay(const scenarios::Scenario& scenario,
                            const std::vector<RecordedEvent>& events,
                            const scenarios::RunOptions& options) {
    SilentOutlet outlet;
    ServedRun served(scenario, options, AddressBook(), outlet);
    for (const RecordedEvent& recorded : events) {
        served.run_until(recorded.at);
        served.take_in(recorded.event);
    }
    // The server may have been killed before it could end in good order.
    if (events.empty() || !std::holds_alternative<Ended>(events.back().event)) {
        served.take_in(Ended{});
    }
    return served.finish();
}

}  // namespace squall::gateway
