#include "gateway/control_action.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "scenarios/scenario_file.h"
#include "sim/base/distribution.h"

namespace squall::gateway {
namespace {

using nlohmann::ordered_json;

constexpr Duration advance_most = std::chrono::hours(24);
constexpr Duration shortest_period = 10ms;
constexpr int conflict = 409;

Error wrong(std::string what) {
    return {Failure::invalid_input, std::move(what)};
}

Result<ordered_json> parse_object(std::string_view text) {
    ordered_json document = ordered_json::parse(text, nullptr, false);
    if (document.is_discarded()) return wrong("the body is no JSON");
    if (!document.is_object()) return wrong("expected a JSON object");
    return document;
}

// As the scenario file's reader has options: dotted keys, and values as text. False: there is a
// value that none can have.
bool flatten(const std::string& key, const ordered_json& value,
             std::map<std::string, std::string>& options) {
    if (value.is_object()) {
        bool is_plain = true;
        for (const auto& [name, inner] : value.items()) {
            is_plain = flatten(key + "." + name, inner, options) && is_plain;
        }
        return is_plain;
    }
    if (value.is_array() || value.is_null()) return false;
    options[key] = value.is_string() ? value.get<std::string>() : value.dump();
    return true;
}

Result<std::string> text_of(const std::string& key, const ordered_json& value) {
    if (value.is_string()) return value.get<std::string>();
    return wrong(fmt::format("{}: expected a string, not {}", key, value.dump()));
}

Result<Duration> duration_of(const std::string& key, const ordered_json& value) {
    Result<std::string> text = text_of(key, value);
    if (!text) return text.error();
    const Result<Duration> duration = parse_duration(*text);
    if (!duration) return wrong(fmt::format("{}: {}", key, duration.error().detail));
    return *duration;
}

Result<Duration> time_of(const std::string& key, const ordered_json& value) {
    const Result<Duration> time = duration_of(key, value);
    if (time && *time < Duration::zero()) return wrong(key + ": expected a time that is to come");
    return time;
}

Result<std::pair<Duration, Duration>> window_of(const ordered_json& value) {
    const auto refuse_times = [] {
        return wrong("window: expected two times, the earlier first: [\"5s\", \"20s\"]");
    };
    if (!value.is_array() || value.size() != 2) return refuse_times();
    const Result<Duration> begin = duration_of("window", value[0]);
    if (!begin) return begin.error();
    const Result<Duration> end = duration_of("window", value[1]);
    if (!end) return end.error();
    if (*begin > *end || *begin < Duration::zero()) return refuse_times();
    return std::pair(*begin, *end);
}

Result<Duration> period_of(const ordered_json& value) {
    const Result<Duration> period = duration_of("every", value);
    if (!period) return period;
    if (*period <= Duration::zero()) return wrong("every: expected more than 0s");
    if (*period < shortest_period) {
        return wrong(fmt::format("every: it would strike more than {} times a second",
                                 Duration(1s) / shortest_period));
    }
    return period;
}

Status read_condition_key(const std::string& name, const ordered_json& value,
                          scenarios::EventCondition& condition) {
    const std::string key = "when." + name;
    if (name == "event" || name == "since") {
        Result<std::string> text = text_of(key, value);
        if (!text) return text.error();
        (name == "event" ? condition.event : condition.since) = std::move(text).value();
        return success();
    }
    if (name == "nth") {
        if (!value.is_number_unsigned() || value == 0u || value > UINT32_MAX) {
            return wrong(
                fmt::format("{}: expected a whole number from 1 on, not {}", key, value.dump()));
        }
        condition.nth = value.get<std::uint32_t>();
        return success();
    }
    if (name == "after") {
        const Result<Duration> after = time_of(key, value);
        if (!after) return after.error();
        condition.after = *after;
        return success();
    }
    if (name != "match") {
        return wrong(key + ": unknown key; expected event, nth, match, since or after");
    }
    if (!value.is_object()) {
        return wrong(key + R"(: expected fields and their values, like {"partition": "orders-0"})");
    }
    for (const auto& [field, wanted] : value.items()) {
        if (!flatten(field, wanted, condition.match)) {
            return wrong(fmt::format("{}.{}: expected text, a number or a boolean", key, field));
        }
    }
    return success();
}

Result<scenarios::EventCondition> condition_of(const ordered_json& value) {
    if (!value.is_object()) {
        return wrong(R"(when: expected an event, like {"event": "PartitionChanged"})");
    }
    scenarios::EventCondition condition;
    for (const auto& [name, inner] : value.items()) {
        if (const Status read = read_condition_key(name, inner, condition); !read) {
            return read.error();
        }
    }
    if (condition.event.empty()) return wrong("when.event: a condition names its event");
    return condition;
}

Status read_fault_key(const std::string& key, const ordered_json& value, StrikeFault& strike) {
    scenarios::FaultSection& fault = strike.fault;
    if (key == "id" || key == "kind" || key == "target") {
        Result<std::string> text = text_of(key, value);
        if (!text) return text.error();
        std::string& member = key == "id" ? fault.id : key == "kind" ? fault.kind : fault.target;
        member = std::move(text).value();
        if (key != "id" || !member.empty()) return success();
        return wrong("id: expected a name, or none at all");
    }
    if (key == "for") {
        const Result<Duration> duration = duration_of(key, value);
        if (!duration) return duration.error();
        if (*duration <= Duration::zero()) return wrong("for: expected more than 0s");
        fault.heal_after = *duration;
        return success();
    }
    if (key == "at" || key == "in") {
        const Result<Duration> time = time_of(key, value);
        if (!time) return time.error();
        (key == "at" ? fault.at : strike.in) = *time;
        return success();
    }
    if (key == "when") {
        Result<scenarios::EventCondition> condition = condition_of(value);
        if (!condition) return condition.error();
        fault.when = std::move(condition).value();
        return success();
    }
    if (key == "window") {
        const auto window = window_of(value);
        if (!window) return window.error();
        fault.window = *window;
        return success();
    }
    if (key == "every") {
        const Result<Duration> period = period_of(value);
        if (!period) return period.error();
        fault.every = *period;
        return success();
    }
    if (flatten(key, value, fault.options)) return success();
    return wrong(fmt::format("{}: expected text, a number or a boolean, not {}", key,
                             value.is_null() ? "null" : "an array"));
}

int times_given(const StrikeFault& strike) {
    const scenarios::FaultSection& fault = strike.fault;
    return (strike.in ? 1 : 0) + (fault.at ? 1 : 0) + (fault.window ? 1 : 0) +
           (fault.every ? 1 : 0) + (fault.when ? 1 : 0);
}

Result<StrikeFault> strike_of(const ordered_json& document) {
    StrikeFault strike;
    for (const auto& [key, value] : document.items()) {
        if (const Status read = read_fault_key(key, value, strike); !read) {
            return read.error();
        }
    }
    if (strike.fault.kind.empty()) {
        return wrong("kind: a fault names its kind (see `squall list faults`)");
    }
    if (strike.fault.target.empty()) return wrong("target: a fault names its target");
    if (times_given(strike) > 1) {
        return wrong(
            "when: a fault has one of at, in, window, every and when, or none and strikes now");
    }
    return strike;
}

Result<AdvanceTime> advance_of(const ordered_json& document) {
    AdvanceTime advance;
    for (const auto& [key, value] : document.items()) {
        if (key != "by") return wrong(fmt::format("unknown key '{}'; expected 'by'", key));
        const Result<Duration> by = duration_of(key, value);
        if (!by) return by.error();
        advance.by = *by;
    }
    if (advance.by <= Duration::zero() || advance.by > advance_most) {
        return wrong(fmt::format("by: expected a duration of up to {}, like \"30s\"",
                                 squall::to_string(advance_most)));
    }
    return advance;
}

std::string exact(Duration duration) {
    return fmt::format("{}ns", duration.count());
}

std::vector<std::string> machine_names(const scenarios::Cluster& cluster) {
    std::vector<std::string> names;
    for (const auto& machine : cluster.machines()) names.push_back(machine->name);
    return names;
}

// "fault.fault-1.target: there is no node 'b9'": the id says nothing to who gave it.
std::string without_path(std::string_view text, const std::string& id) {
    const std::string prefix = "fault." + id + ".";
    if (text.starts_with(prefix)) return std::string(text.substr(prefix.size()));
    const std::string whole = "fault." + id + ": ";
    if (text.starts_with(whole)) return std::string(text.substr(whole.size()));
    return std::string(text);
}

// The answer to what strikes later.
ControlAnswer arm(const StrikeFault& wanted, scenarios::JudgedRun& run) {
    constexpr int accepted = 202;
    constexpr int bad_request = 400;
    scenarios::FaultSection fault = wanted.fault;
    const Duration now = run.now().since_origin();
    const Duration storm = run.scenario().run.storm;
    const std::string_view key = wanted.in      ? "in"
                                 : fault.at     ? "at"
                                 : fault.window ? "window"
                                 : fault.every  ? "every"
                                                : "when";
    if ((fault.at && *fault.at < now) || (fault.window && fault.window->first < now)) {
        return refuse(conflict,
                      fmt::format("{}: virtual time is {} already", key, squall::to_string(now)));
    }
    const Duration left = storm - now;
    if ((fault.at && *fault.at >= storm) || (fault.window && fault.window->second >= storm) ||
        (wanted.in && *wanted.in >= left) || (fault.every && *fault.every >= left)) {
        return refuse(conflict, fmt::format("{}: the storm ends at {} (run.storm)", key,
                                            squall::to_string(storm)));
    }
    if (wanted.in) fault.at = now + *wanted.in;
    if (fault.when && !fault.when->since.empty() && !run.faults().knows(fault.when->since)) {
        return refuse(bad_request,
                      fmt::format("when.since: there is no fault '{}'", fault.when->since));
    }
    const scenarios::FaultPlan::Armed armed = run.faults().arm(fault);
    return {.status = accepted,
            .body = ordered_json{{"id", armed.id},
                                 {"kind", armed.kind},
                                 {"target", armed.target},
                                 {"awaits", awaited_by(armed)}}
                        .dump()};
}

ControlAnswer strike(StrikeFault wanted, scenarios::JudgedRun& run) {
    scenarios::FaultPlan& plan = run.faults();
    scenarios::FaultSection& fault = wanted.fault;
    if (plan.storm_is_over())
        return refuse(conflict, "the storm is over: nothing strikes any more");
    if (fault.id.empty()) fault.id = plan.fresh_id();
    if (!plan.may_give(fault.id)) {
        return refuse(conflict, fmt::format("id: a fault '{}' is there already", fault.id));
    }
    try {
        validate_given(run.scenario(), fault, machine_names(run.cluster()));
    } catch (const scenarios::ScenarioError& error) {
        constexpr int bad_request = 400;
        return refuse(bad_request, without_path(error.message, fault.id));
    }
    if (times_given(wanted) > 0) return arm(wanted, run);
    const std::vector<std::string> hit = plan.strike(fault);
    if (hit.empty()) {
        return refuse(conflict, fmt::format("target: nobody is {} now", fault.target));
    }
    return {.body = ordered_json{
                {"id", fault.id},
                {"kind", fault.kind},
                {"target", fault.target},
                {"machines",
                 hit}}.dump()};
}

ControlAnswer heal(const HealFault& wanted, scenarios::JudgedRun& run) {
    std::vector<std::string> healed;
    const auto choose = [&](const auto& faults) {
        for (const auto& fault : faults) {
            // What strikes again and again is at work, and armed.
            const bool is_chosen = std::ranges::find(healed, fault.id) != healed.end();
            if (!is_chosen && (wanted.id.empty() || fault.id == wanted.id)) {
                healed.push_back(fault.id);
            }
        }
    };
    choose(run.faults().at_work());
    choose(run.faults().armed());
    if (healed.empty() && !wanted.id.empty()) {
        constexpr int not_found = 404;
        return refuse(not_found, fmt::format("no fault '{}' is at work or armed", wanted.id));
    }
    for (const std::string& id : healed) run.faults().end(id);
    return {.body = ordered_json{{"healed", healed}}.dump()};
}

}  // namespace

Result<StrikeFault> parse_strike(std::string_view json) {
    const Result<ordered_json> document = parse_object(json);
    if (!document) return document.error();
    return strike_of(*document);
}

Result<AdvanceTime> parse_advance(std::string_view json) {
    const Result<ordered_json> document = parse_object(json);
    if (!document) return document.error();
    return advance_of(*document);
}

std::string encode_action(const ControlAction& action) {
    ordered_json document;
    if (const auto* strike = std::get_if<StrikeFault>(&action)) {
        ordered_json fault = {{"kind", strike->fault.kind}, {"target", strike->fault.target}};
        if (!strike->fault.id.empty()) fault["id"] = strike->fault.id;
        if (strike->fault.heal_after) fault["for"] = exact(*strike->fault.heal_after);
        if (strike->in) fault["in"] = exact(*strike->in);
        if (strike->fault.at) fault["at"] = exact(*strike->fault.at);
        if (const auto& window = strike->fault.window) {
            fault["window"] = {exact(window->first), exact(window->second)};
        }
        if (strike->fault.every) fault["every"] = exact(*strike->fault.every);
        if (const auto& when = strike->fault.when) {
            ordered_json& condition = fault["when"];
            condition = {{"event", when->event}, {"nth", when->nth}};
            if (!when->match.empty()) condition["match"] = when->match;
            if (!when->since.empty()) condition["since"] = when->since;
            condition["after"] = exact(when->after);
        }
        for (const auto& [name, value] : strike->fault.options) fault[name] = value;
        document["strike"] = std::move(fault);
    } else if (const auto* heal = std::get_if<HealFault>(&action)) {
        document["heal"] = heal->id;
    } else if (const auto* advance = std::get_if<AdvanceTime>(&action)) {
        document["advance"] = {{"by", exact(advance->by)}};
    }
    return document.dump();
}

Result<ControlAction> decode_action(std::string_view text) {
    const Result<ordered_json> document = parse_object(text);
    if (!document) return document.error();
    if (document->size() == 1) {
        const std::string& key = document->begin().key();
        const ordered_json& value = document->begin().value();
        if (key == "strike" && value.is_object()) {
            Result<StrikeFault> strike = strike_of(value);
            if (!strike) return strike.error();
            return ControlAction(std::move(strike).value());
        }
        if (key == "heal" && value.is_string()) {
            return ControlAction(HealFault{.id = value.get<std::string>()});
        }
        if (key == "advance" && value.is_object()) {
            const Result<AdvanceTime> advance = advance_of(value);
            if (!advance) return advance.error();
            return ControlAction(*advance);
        }
    }
    return wrong("expected one of strike, heal and advance");
}

ControlAnswer carry_out(const ControlAction& action, scenarios::JudgedRun& run) {
    if (const auto* wanted = std::get_if<StrikeFault>(&action)) return strike(*wanted, run);
    if (const auto* wanted = std::get_if<HealFault>(&action)) return heal(*wanted, run);
    return {.body = "{}"};
}

std::string awaited_by(const scenarios::FaultPlan::Armed& armed) {
    return armed.event.empty() ? squall::to_string(armed.next.since_origin()) : armed.event;
}

ControlAnswer refuse(int status, std::string_view what) {
    return {.status = status,
            .body = ordered_json{{"error", what}}.dump(-1, ' ', false,
                                                       ordered_json::error_handler_t::replace)};
}

}  // namespace squall::gateway
