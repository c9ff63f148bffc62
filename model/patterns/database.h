// Database: what applications keep outside of Kafka. Simulated: a transaction takes place at one
// instant between its call and its answer, all of it or nothing, and what took place is never lost.
// Who crashes in between does not know which side of that instant it was on.
//
// It belongs to no machine: crashes of applications leave it as it is.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <type_traits>
#include <utility>

#include "model/client/producer.h"
#include "model/protocol/types.h"
#include "sim/kernel/node.h"

namespace squall::model {

// Of the transactional outbox: a message that a relay has to publish.
struct OutboxRow {
    ProducerRecord record;
    bool is_published = false;
};

struct Tables {
    // ledger and event -> how often its effect took place
    std::map<std::pair<std::string, std::string>, std::uint32_t> effects;
    // The dedup store: ledger and event -> until when it is remembered, on the clock of who wrote
    // it.
    std::map<std::pair<std::string, std::string>, WallTime> handled;
    // In the order in which they were written; a row's place is its number.
    std::deque<OutboxRow> outbox;
    // How far a topic has been read, kept beside the results.
    std::map<TopicPartition, Offset> positions;
};

class Database {
  public:
    // Runs `change` on the tables, and returns what it returns. `change` must not park; this does.
    template <class Change>
    auto transact(sim::Node& node, Change&& change) {
        node.sleep_for(leg(node));
        if constexpr (std::is_void_v<std::invoke_result_t<Change, Tables&>>) {
            std::forward<Change>(change)(tables_);
            node.sleep_for(leg(node));
        } else {
            auto result = std::forward<Change>(change)(tables_);
            node.sleep_for(leg(node));
            return result;
        }
    }
    const Tables& tables() const { return tables_; }

  private:
    // One way, with half of the work.
    static Duration leg(sim::Node& node) {
        return Duration(node.draws("database").between(100'000, 1'500'000));
    }

    Tables tables_;
};

}  // namespace squall::model
