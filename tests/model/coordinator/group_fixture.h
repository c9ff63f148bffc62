// A group coordinator without a host, for tests of the deciders: requests go in, replies are kept
// by call, records are committed when the test says so.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/coordinator/group/group_shard.h"
#include "sim/base/assert.h"

namespace squall::model {

class GroupFixture {
  public:
    struct Pending {
        std::vector<GroupRecord> records;
        std::vector<GroupReply> parked;
        std::optional<GroupFollowUp> follow_up;
    };

    explicit GroupFixture(GroupCoordinatorOptions options = {}, const BugSet* bugs = nullptr)
        : options_(options), bugs_(bugs), shard_(options, bugs) {
        execute(shard_.activate(moment()));
    }

    template <class Request>
    CallId send(const Request& request, ApiVersion version = Request::versions.max) {
        GroupCall call;
        call.call = next_call_;
        ++next_call_;
        call.version = version;
        call.client_id = "app";
        call.client_host = "c1";
        call.fresh_uuid = fmt::format("u{}", call.call);
        call.at = moment();
        if constexpr (std::is_same_v<Request, ConsumerGroupHeartbeatRequest> ||
                      std::is_same_v<Request, JoinGroupRequest> ||
                      std::is_same_v<Request, SyncGroupRequest>) {
            execute(shard_.handle(request, call, image_));
        } else {
            execute(shard_.handle(request, call));
        }
        return call.call;
    }
    // The answer to a call, once. nullopt: still parked.
    template <class Response>
    std::optional<Response> take(CallId call) {
        const auto found = replies_.find(call);
        if (found == replies_.end()) return std::nullopt;
        Response response = std::get<Response>(found->second.response);
        replies_.erase(found);
        return response;
    }
    template <class Request>
    typename Request::Response ask(const Request& request,
                                   ApiVersion version = Request::versions.max) {
        const CallId call = send(request, version);
        auto response = take<typename Request::Response>(call);
        ASSERT(response.has_value(), "call {} is not answered", call);
        return *std::move(response);
    }
    bool is_parked(CallId call) const { return !replies_.contains(call); }

    // Settles the oldest batch.
    void commit_one(ErrorCode error = ErrorCode::none) {
        ASSERT(!pending_.empty(), "nothing is being written");
        Pending write = std::move(pending_.front());
        pending_.pop_front();
        if (error == ErrorCode::none) {
            for (const GroupRecord& record : write.records) {
                shard_.apply(record);
                log_.push_back(record);
            }
            for (GroupReply& reply : write.parked) keep(std::move(reply));
        }
        if (write.follow_up) execute(shard_.on_stored(*write.follow_up, error, moment()));
    }
    void commit_all() {
        while (!pending_.empty()) commit_one();
    }
    // Time passes, and what is due happens.
    void advance(Duration by) {
        const LocalTime end = now_ + by;
        while (shard_.next_deadline() <= end) {
            now_ = std::max(now_, shard_.next_deadline());
            execute(shard_.on_timeout(moment(), image_));
        }
        now_ = end;
    }
    // Another broker takes over: only the log survives.
    void fail_over() {
        pending_.clear();
        replies_.clear();
        shard_ = replayed();
        execute(shard_.activate(moment()));
    }
    GroupShard replayed() const {
        GroupShard shard(options_, bugs_);
        for (const GroupRecord& record : log_) {
            const KeyAndValue bytes = encode_group_record(record);
            std::optional<ByteView> value;
            if (bytes.value) value = ByteView(*bytes.value);
            const auto decoded = decode_group_record(bytes.key, value);
            ASSERT(decoded.ok() && *decoded, "a record does not decode");
            shard.apply(**decoded);
        }
        return shard;
    }

    // A topic as brokers know it from now on.
    void set_topic(const std::string& name, std::size_t partitions) {
        TopicImage& topic = image_.topics[name];
        topic.name = name;
        topic.id = topic_id(name);
        topic.partitions.resize(partitions);
    }
    void remove_topic(const std::string& name) { image_.topics.erase(name); }
    static Uuid topic_id(const std::string& name) {
        return {.high = 7, .low = name.empty() ? 0u : static_cast<std::uint64_t>(name[0])};
    }
    const ConsumerGroup* consumer_group(const std::string& id = "g") const {
        return shard_.find_consumer_group(id);
    }
    const GroupShard& shard() const { return shard_; }
    const ClassicGroup* group(const std::string& id = "g") const { return shard_.find_group(id); }
    const std::vector<GroupRecord>& log() const { return log_; }
    const std::deque<Pending>& pending() const { return pending_; }
    const std::map<CallId, GroupReply>& replies() const { return replies_; }
    const std::vector<GroupChange>& changes() const { return changes_; }
    LocalTime now() const { return now_; }
    Moment moment() const { return {now_, 1'000'000 + now_.ms()}; }
    void expire() { execute(shard_.expire(moment())); }

  private:
    void execute(GroupDecision decision) {
        for (const GroupChange& change : decision.changes) {
            shard_.apply(change);
            changes_.push_back(change);
        }
        for (GroupReply& reply : decision.replies) keep(std::move(reply));
        for (const GroupRecord& record : decision.records) shard_.begin(record);
        if (!decision.records.empty()) {
            pending_.push_back({std::move(decision.records), std::move(decision.parked),
                                std::move(decision.follow_up)});
        } else {
            ASSERT(!decision.follow_up, "waits for nothing");
            for (GroupReply& reply : decision.parked) {
                if (pending_.empty()) {
                    keep(std::move(reply));
                } else {
                    pending_.back().parked.push_back(std::move(reply));
                }
            }
        }
        for (const auto& [id, group] : shard_.groups()) group.check_invariants();
    }
    void keep(GroupReply reply) {
        const CallId call = reply.call;
        const bool first = replies_.emplace(call, std::move(reply)).second;
        ASSERT(first, "call {} is answered twice", call);
    }

    GroupCoordinatorOptions options_;
    const BugSet* bugs_;
    GroupShard shard_;
    MetadataImage image_;
    LocalTime now_{};
    CallId next_call_{1};
    std::map<CallId, GroupReply> replies_;
    std::deque<Pending> pending_;
    std::vector<GroupRecord> log_;
    std::vector<GroupChange> changes_;
};

inline JoinGroupRequest join_request(std::string member_id = "", Bytes metadata = {1}) {
    JoinGroupRequest request;
    request.group_id = "g";
    request.session_timeout_ms = 10000;
    request.rebalance_timeout_ms = 60000;
    request.member_id = std::move(member_id);
    request.protocol_type = "consumer";
    request.protocols = {{"range", std::move(metadata)}};
    return request;
}

inline SyncGroupRequest sync_request(const std::string& member_id, GenerationId generation,
                                     std::map<std::string, Bytes> assignment = {}) {
    SyncGroupRequest request;
    request.group_id = "g";
    request.member_id = member_id;
    request.generation_id = generation;
    request.protocol_type = "consumer";
    request.protocol_name = "range";
    for (auto& [id, bytes] : assignment) request.assignments.push_back({id, bytes});
    return request;
}

inline HeartbeatRequest heartbeat_request(const std::string& member_id, GenerationId generation) {
    HeartbeatRequest request;
    request.group_id = "g";
    request.member_id = member_id;
    request.generation_id = generation;
    return request;
}

inline LeaveGroupRequest leave_request(const std::string& member_id) {
    LeaveGroupRequest request;
    request.group_id = "g";
    request.members = {{member_id, std::nullopt, std::nullopt}};
    return request;
}

inline OffsetCommitRequest commit_request(const std::string& member_id, GenerationId generation,
                                          std::int64_t offset, std::int32_t partition = 0) {
    OffsetCommitRequest request;
    request.group_id = "g";
    request.member_id = member_id;
    request.generation_id_or_member_epoch = generation;
    OffsetCommitRequest::Partition each;
    each.partition_index = partition;
    each.committed_offset = Offset(offset);
    OffsetCommitRequest::Topic topic;
    topic.name = "orders";
    topic.partitions = {each};
    request.topics = {topic};
    return request;
}

inline ErrorCode error_of(const OffsetCommitResponse& response) {
    return response.topics.at(0).partitions.at(0).error_code;
}

inline Offset committed(const GroupShard& shard, std::int32_t partition = 0) {
    OffsetFetchRequest::Topic topic;
    topic.name = "orders";
    topic.partition_indexes = {partition};
    OffsetFetchRequest::Group request;
    request.group_id = "g";
    request.topics = std::vector{topic};
    return shard.fetch(request).topics.at(0).partitions.at(0).committed_offset;
}

}  // namespace squall::model
