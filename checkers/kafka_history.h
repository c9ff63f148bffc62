// KafkaHistory: a recorded history of sends and polls in the op grammar of Jepsen's Kafka workload
// (jepsen.tests.kafka), whatever system it was recorded from.
//
// A key stands for one partition, a value for one record, unique to its send. Every op is invoked,
// and completes as ok (it happened), fail (it did not) or info (nobody knows); a completion carries
// what was learned, whichever it is. Of an op that never completed nobody knows. Ops of processes
// that are no numbers (the nemesis) are left out, as are :crash and :debug-topic-partitions, which
// say nothing of data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "checkers/edn.h"
#include "checkers/interned.h"

namespace squall::checkers {

using KeyId = Interned<Scalar>::Id;
using ValueId = Interned<Scalar>::Id;

// One of an op's micro-operations, in order.
struct HistoryMop {
    struct Read {
        KeyId key = 0;
        std::int64_t offset = -1;  // -1: unknown
        ValueId value = 0;
    };
    bool is_send = false;
    Read sent;                 // of a send; its offset may be unknown
    std::vector<Read> polled;  // of a poll, key by key, in order
};

struct HistoryOp {
    enum class Type : std::uint8_t { invoke, ok, fail, info };
    enum class Kind : std::uint8_t { send, poll, txn, assign, subscribe };

    std::size_t place = 0;  // which op of the file, from 0, whatever its :index says
    std::int64_t time = 0;
    std::int64_t process = 0;
    Type type = Type::invoke;
    Kind kind = Kind::send;
    std::vector<HistoryMop> mops;  // of send, poll, txn
    std::vector<KeyId> keys;       // of assign, subscribe
    std::set<KeyId> rebalanced;    // keys that came or went during the op
    // Of a completion: the invocation's place in KafkaHistory::ops; of itself, if it has none.
    std::size_t invocation = 0;

    bool is_completion() const { return type != Type::invoke; }
    bool has_mops() const { return kind != Kind::assign && kind != Kind::subscribe; }
};
std::string_view to_string(HistoryOp::Type type);

struct KafkaHistory {
    // In order; those that never completed get an info completion at the end.
    std::vector<HistoryOp> ops;
    Interned<Scalar> keys;
    Interned<Scalar> values;
    std::size_t ops_read = 0;  // of the file, those left out included
};

// The text of an .edn file: op maps one after the other, or one vector of them.
std::variant<KafkaHistory, TextProblem> read_kafka_history(std::string_view edn);

}  // namespace squall::checkers
