// serve: a simulated cluster on real ports, until it is told to stop.
//
// The pacing loop: outside events that have come are taken in at the virtual time that it is, then
// virtual time goes on to where the wall clock says, in small steps; while a client waits for an
// answer to something it asked a moment ago, up to `head_start` further, so that simulated
// latencies need not be waited out. Everything that it takes in is recorded where that is wanted.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/address.h"
#include "scenarios/run.h"
#include "scenarios/scenario.h"
#include "sim/base/result.h"
#include "sim/base/time.h"

namespace squall::gateway {

struct ServeOptions {
    Address listen{.host = "127.0.0.1", .port = 9092};
    std::string advertised_host;  // what clients are told to connect to; empty: listen.host
    std::int64_t speed_permille = 1000;
    std::optional<Duration> duration;  // of virtual time, from when it is ready; nullopt: no end
    std::string record;                // a file; empty: nothing is recorded
    std::optional<Address> control;    // where to listen for HTTP
    // Set by a signal handler: serving ends, and the verdict comes.
    const std::atomic<bool>* stop = nullptr;
    // Called with "127.0.0.1:9092,...", and the control port's "127.0.0.1:8080" or nothing, once
    // clients can come.
    std::function<void(std::string_view, std::string_view)> ready;
    std::function<void(std::string_view)> log;  // lines for people; from two threads
};

// Errors: io_error where a port (the control port too) or the recording's file cannot be had.
// Throws ScenarioError where the scenario cannot be run.
Result<scenarios::RunResult> serve(const scenarios::Scenario& scenario, std::uint64_t seed,
                                   const ServeOptions& options);

}  // namespace squall::gateway
