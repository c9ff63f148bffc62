// What applications did to the world outside of Kafka, and what they owed it: told by the delivery
// patterns (model/patterns). An event here is one of the business ("order-000017"), not of the
// trace; a ledger is where one group of appliers writes down what it did.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/protocol/types.h"
#include "sim/trace/event.h"

namespace squall::model {

// What a ledger promises of each accepted event.
enum class EffectPromise : std::uint8_t { at_most_once, at_least_once, exactly_once };
inline std::string_view to_string(EffectPromise promise) {
    switch (promise) {
        case EffectPromise::at_most_once:
            return "at-most-once";
        case EffectPromise::at_least_once:
            return "at-least-once";
        case EffectPromise::exactly_once:
            return "exactly-once";
    }
    return "?";
}

// Once each ledger, before anything else of it.
struct LedgerOpened {
    static constexpr std::string_view event_name = "LedgerOpened";
    std::string ledger;
    EffectPromise promise = EffectPromise::at_least_once;
    bool in_order = false;  // the first effects of one key come in the order of their numbers
    std::string flaw;       // the mistake that the pattern is built with on purpose; "": none
    std::string groups{};   // whose members work for it: "checking,pricing"
    std::string topic{};    // what its own reader reads, without a group; "": there is none

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("ledger", self.ledger);
        fields("promise", self.promise);
        fields("in_order", self.in_order);
        fields("flaw", self.flaw);
        fields("groups", self.groups);
        fields("topic", self.topic);
    }
};

// The source stands for it from now on: each ledger owes it its effect.
struct BusinessEventAccepted {
    static constexpr std::string_view event_name = "BusinessEventAccepted";
    std::string event;
    std::string key;
    std::uint64_t number = 0;  // in the order in which the source made them
    RecordId record{};         // the content of all records that carry it

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("event", self.event);
        fields("key", self.key);
        fields("number", self.number);
        fields("record", self.record);
    }
};

// It has not happened and never will: no ledger may show an effect of it.
struct BusinessEventWithdrawn {
    static constexpr std::string_view event_name = "BusinessEventWithdrawn";
    std::string event;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("event", self.event);
    }
};

struct EffectApplied {
    static constexpr std::string_view event_name = "EffectApplied";
    std::string ledger;
    std::string event;
    std::string key;
    std::uint64_t number = 0;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("ledger", self.ledger);
        fields("event", self.event);
        fields("key", self.key);
        fields("number", self.number);
    }
};

// Its handler gave it up and put it aside for people to look at: a dead-letter topic has it.
struct BusinessEventParked {
    static constexpr std::string_view event_name = "BusinessEventParked";
    std::string ledger;
    std::string event;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("ledger", self.ledger);
        fields("event", self.event);
    }
};

}  // namespace squall::model
