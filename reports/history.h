// Histories: what clients did and were told, for checkers elsewhere.
//
// EDN in the op grammar of Jepsen's Kafka workload (jepsen.tests.kafka): one op map a line; a key
// is an integer that stands for one partition (see the comment lines at the top), a value an
// integer that stands for one record's content. A process does one thing at a time: sends that
// overlap get processes of their own; a client's crash ends all of its processes. A group
// consumer's partitions are told as :assign ops, so that a rebalance resets positions as it does in
// Kafka.
#pragma once

#include <string>

#include "sim/trace/trace.h"

namespace squall::reports {

// Requires: a full trace.
std::string history_edn(const sim::Trace& trace);
// Our own: the events of model/events/client_events.h, as trace_lines writes them.
std::string history_jsonl(const sim::Trace& trace);

}  // namespace squall::reports
