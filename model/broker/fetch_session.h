// FetchSession: what a broker keeps of one fetcher between its requests (KIP-227): which partitions
// it fetches, from where, and what it was told of each last.
//
// Partitions are served in the order of the list. One that gave records goes to its end, so that
// under max.bytes none starves. A partition that had nothing to read is not looked at again before
// there is news of it, or the fetcher asks for something else of it: `must_look`. That is ours;
// Kafka reads each partition again for each request.
//
// After Kafka's FetchSession and CachedPartition. Decides nothing about replication, and parks
// never.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "model/protocol/messages/fetch.h"
#include "model/protocol/types.h"
#include "model/replica/replica_host.h"
#include "sim/base/time.h"

namespace squall::model {

struct CachedPartition {
    std::string topic;  // as the fetcher names it: empty where its version names topics by id
    Uuid topic_id;      // zero where it names them by name
    FetchRequest::Partition asked;

    // As the fetcher knows them from us; no_offset: they are to be told in any case.
    Offset told_high_watermark = no_offset;
    Offset told_log_start_offset = no_offset;

    bool must_look = true;
    // Among what the session watches; nullopt while the topic is not known here.
    std::optional<ReplicaHost::FetchWatch::Slot> slot;

    // The fetcher asks for this now.
    void ask(const FetchRequest::Partition& wanted);
    // Is there something about the partition that the fetcher does not know? It does from now on.
    bool tell(const FetchResponse::Partition& part);
};

// ---- the rule of incremental answers; it could be broken ----

// Records, an error, a divergence, another replica to read from, or an offset that moved since it
// was told (CachedPartition.maybeUpdateResponseData). The last stable offset is none of them, as in
// Kafka: it moves when something is appended or committed.
bool must_respond(const CachedPartition& known, const FetchResponse::Partition& part);

class FetchSession {
  public:
    // A follower's is privileged. `watch` may be null where nobody looks (in tests).
    FetchSession(bool is_privileged, bool uses_topic_ids,
                 std::unique_ptr<ReplicaHost::FetchWatch> watch);

    // Adds what is new in the request, changes what it names again, and forgets what it says to.
    void update(const FetchRequest& request);
    // A request is served. Where an earlier one is still open, whose findings nobody will hear of,
    // all is looked at again.
    void open_request();
    using Partitions = std::list<CachedPartition>;
    Partitions& partitions() { return partitions_; }
    const Partitions& partitions() const { return partitions_; }
    // The next in turn is served before this one. Does not invalidate it.
    void move_to_end(Partitions::iterator partition);

    ReplicaHost::FetchWatch& watch() { return *watch_; }
    bool is_privileged() const { return is_privileged_; }
    bool uses_topic_ids() const { return uses_topic_ids_; }

    // ---- for the cache ----

    std::int32_t id = 0;     // 0: in no cache
    std::int32_t epoch = 0;  // that the next request has to have
    LocalTime created_at;
    LocalTime last_used_at;

    bool has_open_request = false;  // until it is answered

  private:
    struct Key {
        std::int32_t partition;
        Uuid topic_id;
        std::string topic;

        auto operator<=>(const Key&) const = default;
    };

    bool is_privileged_;
    bool uses_topic_ids_;
    std::unique_ptr<ReplicaHost::FetchWatch> watch_;
    Partitions partitions_;
    std::map<Key, Partitions::iterator> places_;
};

}  // namespace squall::model
