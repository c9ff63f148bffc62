// FetchSessionHandler: the fetcher's end of a fetch session with one broker (KIP-227), for
// followers and consumers alike; after Kafka's class of that name.
//
// A fetcher says before each request which partitions it wants now, and from where. The first
// request names all of them; if the broker begins a session, the next ones name only those that are
// new or changed, and those that are not wanted any more. What an answer does not mention has no
// news. A session that failed, or about whose last answer nothing is known, is given up: the next
// request names everything again, and ends the old session where the broker still has it.
//
//   next epoch   input                                     then
//   0            answer with a session id                  1
//   0            answer without one, or not to all of it   0, no session
//   n >= 1       answer with the session id                n + 1
//   n >= 1       answer without one                        0, no session
//   any          FETCH_SESSION_ID_NOT_FOUND                0, no session
//   any          other error, no answer, a stranger in it  0, and the old session ends
//
// Guarantees: what broker and fetcher take for the session's partitions agree whenever a request is
// accepted. Where nothing changed, a partition costs one comparison. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "model/protocol/error_code.h"
#include "model/protocol/fetch_session_epoch.h"
#include "model/protocol/messages/fetch.h"
#include "model/protocol/types.h"

namespace squall::model {

// Does it say no more than that the session is not what the fetcher takes it for?
bool is_session_error(ErrorCode error);

class FetchSessionHandler {
  public:
    // A partition of the session, as it was asked for last.
    struct Entry {
        TopicPartition name;
        Uuid topic_id;
        FetchRequest::Partition asked;

        bool operator==(const Entry&) const = default;
    };

    // The next request is to ask for this partition. Requires: no request is in flight; what is
    // wanted for one request comes in ascending order, each partition once.
    void want(const TopicPartition& name, const Uuid& topic_id,
              const FetchRequest::Partition& asked) {
        // Nearly always the next entry is it, and asks for the same; the id tells the topic.
        if (place_ < entries_.size() && entries_[place_].asked == asked &&
            entries_[place_].topic_id == topic_id && !topic_id.is_zero() &&
            next_epoch_ > initial_session_epoch) {
            ++place_;
        } else {
            want_something_else(name, topic_id, asked);
        }
    }
    // All is said: gives the request its session and its topics. From here on it is in flight.
    void complete(FetchRequest& request);
    // The answer came. False: it tells of no partition, and everything is to be asked for again.
    bool take(const FetchResponse& response);
    // No answer came, or nobody will ask for a while.
    void give_up();

    // What the last request asked for, in ascending order.
    const std::vector<Entry>& entries() const { return entries_; }
    // The one that a part of an answer is about; null: none. `topic` or `topic_id` is empty where
    // the version of the answer does not have it. Quick where answers come in the order of
    // entries.
    const Entry* find(const std::string& topic, const Uuid& topic_id, std::int32_t partition) const;

  private:
    void want_something_else(const TopicPartition& name, const Uuid& topic_id,
                             const FetchRequest::Partition& asked);
    bool is_complete(const FetchResponse& response) const;
    bool has_stranger(const FetchResponse& response) const;
    void send(const Entry& entry);
    void forget(const Entry& entry);

    std::int32_t session_id_ = 0;
    std::int32_t next_epoch_ = 0;
    std::vector<Entry> entries_;  // ascending by name
    // Of the request that is being made.
    std::size_t place_ = 0;               // entries before it are wanted, or forgotten
    std::vector<std::size_t> forgotten_;  // places of those that are not wanted any more
    std::vector<FetchRequest::Topic> topics_;
    std::vector<FetchRequest::ForgottenTopic> forgotten_topics_;
    mutable std::size_t found_ = 0;  // where find() found something last
};

}  // namespace squall::model
