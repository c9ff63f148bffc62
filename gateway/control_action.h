// ControlAction: what the control port was asked to do with the cluster, and how it is written in a
// recording (one line of JSON). Whoever only looks changes nothing and is not recorded.
//
// The deterministic half: an action comes at a virtual time, does the same in a server and in a
// replay, and is answered with a status of HTTP and a JSON document.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "scenarios/judged_run.h"
#include "scenarios/scenario.h"
#include "sim/base/result.h"
#include "sim/base/time.h"

namespace squall::gateway {

struct ControlAnswer {
    int status = 200;
    std::string body;  // JSON
    // Of what takes its time: whoever waits for the answer works it out, on a thread of its own.
    std::function<ControlAnswer()> later{};
};

// A fault strikes: now, or at its time (`at`, or so long from now, or one within a window), or when
// its condition is met, or again and again. Without an id it is given one.
struct StrikeFault {
    scenarios::FaultSection fault;
    std::optional<Duration> in{};
};
// A fault ends, or is not awaited any more; with an empty id, every one that is at work or armed.
struct HealFault {
    std::string id;
};
// Virtual time goes on by so much as fast as it can. It does nothing to the cluster: the events
// that follow are later.
struct AdvanceTime {
    Duration by{};
};
using ControlAction = std::variant<StrikeFault, HealFault, AdvanceTime>;

// What clients write, as JSON. Errors: invalid_input, what is wrong and what was expected.
Result<StrikeFault> parse_strike(std::string_view json);
Result<AdvanceTime> parse_advance(std::string_view json);

// What stands in a recording.
std::string encode_action(const ControlAction& action);
// Errors: invalid_input.
Result<ControlAction> decode_action(std::string_view text);

// Does it, on the main context.
ControlAnswer carry_out(const ControlAction& action, scenarios::JudgedRun& run);

// What a fault that is armed waits for: "12.5s" of virtual time, or an event.
std::string awaited_by(const scenarios::FaultPlan::Armed& armed);

// {"error": "what is wrong"}
ControlAnswer refuse(int status, std::string_view what);

}  // namespace squall::gateway
