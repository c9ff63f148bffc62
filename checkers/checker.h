// Checker: judges one property of a run from its trace alone.
//
// A checker is a fold: `observe` each event that concerns it while the trace grows (or offline,
// from a file), `finish` to a verdict. It is written from docs/GUARANTEES.md, never from the
// model's code; it may know event structs and protocol types, never a decider, a live object, or
// which bugs were armed.
//
// `judged` counts the chances the checker had to object, not the events it saw: a property that was
// never put to the test is not passed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/trace/event.h"

namespace squall::checkers {

class Casebook;

enum class CheckerVerdict {
    pass,
    fail,           // it objects
    inconclusive,   // the answer hinges on an operation left unknown or a bound left open
    not_applicable  // nothing in this run to say anything about
};
std::string_view to_string(CheckerVerdict verdict);

// One thing that is wrong, or allowed and worth telling.
struct Anomaly {
    std::string
        type;  // the literature's name: "lost-write", "duplicate", "inconsistent-offsets", ...
    // For people and scripts: {"partition", "orders-0"}, {"offset", "17"}, ...
    std::vector<std::pair<std::string, std::string>> evidence;
    std::vector<sim::EventSequence> events;  // the trace events that show it, in order
    // Not a failure: the guarantee does not cover it (docs/GUARANTEES.md), because of this cause,
    // whose event stands in the trace.
    bool allowed = false;
    std::string cause;  // "retry without idempotence", "unclean election", ...
};

struct CheckerReport {
    std::string checker;
    CheckerVerdict verdict = CheckerVerdict::not_applicable;
    std::uint64_t judged = 0;
    std::vector<Anomaly> anomalies;   // at most max_anomalies; the first ones
    std::uint64_t anomaly_count = 0;  // all that are not allowed
    std::uint64_t allowed_count = 0;  // all that are allowed
    std::string note;                 // one line for people, may be empty
    static constexpr std::size_t max_anomalies = 32;
};

// Which promises a run is judged by.
enum class Contract {
    configured,  // what the configuration promises: U entries of the zoo are expected findings
    safe,  // the safe contract (acks=all, min ISR 2, unclean off, idempotence ...), whatever was
           // configured: for runs with `--bug` on an unsafe configuration
};

class Checker {
  public:
    virtual ~Checker() = default;

    virtual std::string_view name() const = 0;
    // Whether it looks at events of this kind; it is shown no others. Asked once for each kind: the
    // answer must not change. What it reads of the casebook in `observe` comes with kinds, too.
    virtual bool looks_at(const sim::EventKind& kind) const = 0;
    // Called for each event of such a kind, in order, when the casebook has taken it in. Must not
    // throw but AssertionFailure.
    virtual void observe(const sim::Event& event) = 0;
    // Called once, at the end.
    virtual CheckerReport finish() = 0;
};

struct CheckerEntry {
    std::string_view name;
    std::string_view about;   // one line for `squall list checkers`
    std::string_view source;  // where the property comes from: KIP, paper, guarantees row
    std::unique_ptr<Checker> (*make)(const Casebook& book);
    // It objects to what is missing at the end: of a run that broke off it can say nothing.
    bool judges_the_end = false;
};

// All checkers, in order of name.
const std::vector<CheckerEntry>& all_checkers();

// Runs every checker over a trace as it grows.
class CheckerSet {
  public:
    explicit CheckerSet(Contract contract);
    // One of them alone. Requires: there is one of that name.
    CheckerSet(Contract contract, std::string_view name);
    ~CheckerSet();
    // What frames carry is told by other events: that one came through is no news to a checker.
    static bool looks_at(const sim::EventKind& kind);
    void observe(const sim::Event& event);
    // In order of name.
    std::vector<CheckerReport> finish();

  private:
    struct Audience;
    const Audience& audience_of(const sim::EventKind& kind);

    std::unique_ptr<Casebook> book_;
    std::vector<std::unique_ptr<Checker>> checkers_;
    std::vector<std::unique_ptr<Audience>> audiences_;  // by the kind's number; null: not met yet
};

}  // namespace squall::checkers
