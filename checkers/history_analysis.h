// HistoryAnalysis: what is wrong with a recorded history of sends and polls, by the definitions of
// Jepsen's Kafka workload.
//
//   duplicate              a value stands at two or more offsets of a key
//   inconsistent-offsets   an offset of a key holds two or more values
//   lost-write             a value that must have been committed, and lies below the highest one
//                          that was polled, was polled by no op that is ok
//   unseen                 an acknowledged value was polled by no op that is ok, by the end
//   G1a                    an op that is ok polled a value whose send failed
//   no-writer              a value was polled that nobody sent
//   precommitted-read      a transaction polled what it sent itself
//   int-poll-skip, int-nonmonotonic-poll    inside one op: values of a key left out; or repeated,
//                          or backwards. Keys that were rebalanced during the op are exempt
//   int-send-skip, int-nonmonotonic-send    the same of sends
//   poll-skip, nonmonotonic-poll    an op of a process begins behind, or before, where its last ok
//                          op on that key ended; leaving a key resets it
//   nonmonotonic-send      a process's send lands at or before that of its previous op
//   G0, G1c (-realtime)    cycles of dependencies (checkers/dependency_cycles.h)
//   empty-transaction-graph   no op depends on another: nothing was put to the test
//
// Reported and allowed: int-send-skip and G0, since transactions interleave; G1c when it is found
// with ww edges, for the same reason; poll-skip and nonmonotonic-poll when the history subscribes,
// since rebalances move positions. Everything else makes the history invalid. Differs from Jepsen
// only where that throws: a value without a writer is an anomaly here. See docs/GUARANTEES.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "checkers/dependency_cycles.h"
#include "checkers/history_index.h"

namespace squall::checkers {

// Ops are named by their place in the file, from 0.
using HistoryField = std::variant<std::int64_t, Scalar, std::vector<std::int64_t>,
                                  std::vector<Scalar>, std::vector<DependencyStep>>;

struct HistoryAnomaly {
    std::string type;
    bool allowed = false;
    std::vector<std::pair<std::string, HistoryField>> fields;
};

struct HistoryVerdict {
    bool is_valid = false;                  // nothing that is not allowed
    std::vector<HistoryAnomaly> anomalies;  // by type, each in order of finding
};

struct HistoryOptions {
    bool ww_dependencies = false;  // take the order of a log for an order of its writers
};

HistoryVerdict analyse(const KafkaHistory& history, HistoryOptions options = {});

// How many acknowledged values nobody had polled yet, after each op that is ok: what `unseen` is
// the end of. Keys in order of their names.
struct UnseenPoint {
    std::int64_t time = 0;
    std::vector<std::pair<KeyId, std::uint64_t>> unseen;  // of all keys sent to so far
};
std::vector<UnseenPoint> unseen_series(const HistoryIndex& index);

}  // namespace squall::checkers
