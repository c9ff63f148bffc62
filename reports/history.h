// Histories: what clients did and were told, for checkers elsewhere.
//
// EDN in the op grammar of Jepsen's Kafka workload (jepsen.tests.kafka): one op map a line; a key
// is an integer that stands for one partition (see the comment lines at the top), a value an
// integer that stands for one record's content. A process does one thing at a time: sends that
// overlap get processes of their own; a client's crash ends all of its processes. A transaction is
// one :txn op from its beginning to its last answer: ok if its commit was, fail if nothing of it
// can be committed, info otherwise. Records that are alike are told apart by where they were
// acknowledged. A group consumer's partitions are told as :assign ops, so that a rebalance resets
// positions as it does in Kafka; of a consumer that does not read committed only, the grammar is
// not told what it saw of transactions that came to nothing.
#pragma once

#include <string>

#include "sim/trace/trace.h"

namespace squall::reports {

// Requires: a full trace.
std::string history_edn(const sim::Trace& trace);
// Our own: the events of clients (model/events/client_events.h, transaction_events.h) and the stops
// of nodes, one JSON object a line, as trace_lines writes them; except that lists and structs are
// JSON, too, so that they can be read again. Scalars stand as text: some have 64 bits.
std::string history_jsonl(const sim::Trace& trace);

}  // namespace squall::reports
