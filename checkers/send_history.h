// SendHistory: every send of the run, folded from the producers' events: who sent which record
// when, and what it was told.
//
// Client ids, topics and partitions are interned (see interned.h).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "checkers/interned.h"
#include "model/events/client_events.h"
#include "sim/trace/event.h"

namespace squall::checkers {

struct Send {
    model::OperationId operation;
    model::RecordId record;
    model::OperationId transaction;  // that it belongs to; 0: none
    std::uint32_t client = 0;
    std::uint32_t topic = 0;
    sim::NodeId node;
    sim::EventSequence invoked{0};
    sim::EventSequence completed{0};  // 0: never
    model::Outcome outcome = model::Outcome::unknown;
    std::uint32_t attempts = 0;
    std::uint32_t partition = 0;  // of an acknowledged send
    model::Offset offset = model::no_offset;

    // Told that it happened, and where. (acks=0 is never told where.)
    bool is_acknowledged() const {
        return completed.value() != 0 && outcome == model::Outcome::ok && offset.value() >= 0;
    }
};

class SendHistory {
  public:
    struct Producer {
        std::int16_t acks = -1;
        bool enable_idempotence = false;
        std::int32_t max_in_flight = 5;
    };

    static bool looks_at(const sim::EventKind& kind);
    // Returns the send that this event acknowledges, else null; valid until the next call.
    const Send* observe(const sim::Event& event);

    // In order of invocation.
    const std::vector<Send>& sends() const { return sends_; }
    const std::string& client(const Send& send) const { return clients_[send.client]; }
    const std::string& topic(const Send& send) const { return topics_[send.topic]; }
    const model::TopicPartition& partition(const Send& send) const {
        return partitions_[send.partition];
    }
    // The defaults for a client that never told.
    Producer producer(const Send& send) const;
    // Whether, between the invocation of this send and its completion, it went out more than once,
    // or some batch of its client to that partition did.
    bool has_retried(const Send& send, const model::TopicPartition& partition) const;

  private:
    struct OpenSend {
        model::OperationId operation;
        std::size_t place;
    };
    using Open = std::deque<OpenSend>;
    Open::iterator find_open(model::OperationId operation);

    Interned<std::string> clients_;
    Interned<std::string> topics_;
    Interned<model::TopicPartition> partitions_;
    std::vector<Send> sends_;
    // Sends without an outcome, in order of operation: begun at the end, mostly, and over near it,
    // or, of a large batch, at the front.
    Open open_;
    std::map<std::uint32_t, Producer> producers_;  // by client
    std::map<std::pair<std::uint32_t, model::TopicPartition>, std::vector<sim::EventSequence>>
        retries_;  // by client and partition, in order
};

}  // namespace squall::checkers
