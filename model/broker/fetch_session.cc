#include "model/broker/fetch_session.h"

#include <utility>

namespace squall::model {

bool must_respond(const CachedPartition& known, const FetchResponse::Partition& part) {
    return !part.records.empty() || part.error_code != ErrorCode::none ||
           part.diverging_epoch.epoch != no_leader_epoch ||
           part.preferred_read_replica != no_broker ||
           part.high_watermark != known.told_high_watermark ||
           part.log_start_offset != known.told_log_start_offset;
}

void CachedPartition::ask(const FetchRequest::Partition& wanted) {
    if (asked == wanted) return;
    // A fetcher that met another leader epoch may have dropped what the last answer said.
    if (asked.current_leader_epoch != wanted.current_leader_epoch) told_high_watermark = no_offset;
    asked = wanted;
    must_look = true;
}

bool CachedPartition::tell(const FetchResponse::Partition& part) {
    const bool is_news = must_respond(*this, part);
    // What stands beside an error, or a divergence, is not taken: it is to be told once that is
    // over.
    const bool is_taken =
        part.error_code == ErrorCode::none && part.diverging_epoch.epoch == no_leader_epoch;
    told_high_watermark = is_taken ? part.high_watermark : no_offset;
    told_log_start_offset = part.log_start_offset;
    return is_news;
}

FetchSession::FetchSession(bool is_privileged, bool uses_topic_ids,
                           std::unique_ptr<ReplicaHost::FetchWatch> watch)
    : is_privileged_(is_privileged), uses_topic_ids_(uses_topic_ids), watch_(std::move(watch)) {}

void FetchSession::update(const FetchRequest& request) {
    const auto key_of = [this](const auto& topic, std::int32_t partition) {
        return uses_topic_ids_ ? Key{partition, topic.topic_id, {}}
                               : Key{partition, {}, topic.topic};
    };
    for (const FetchRequest::Topic& topic : request.topics) {
        for (const FetchRequest::Partition& wanted : topic.partitions) {
            const Key key = key_of(topic, wanted.partition);
            const auto found = places_.find(key);
            if (found != places_.end()) {
                found->second->ask(wanted);
                continue;
            }
            CachedPartition& added = partitions_.emplace_back();
            added.topic = key.topic;
            added.topic_id = key.topic_id;
            added.asked = wanted;
            places_.emplace(key, std::prev(partitions_.end()));
        }
    }
    for (const FetchRequest::ForgottenTopic& topic : request.forgotten_topics_data) {
        for (const std::int32_t partition : topic.partitions) {
            const auto found = places_.find(key_of(topic, partition));
            if (found == places_.end()) continue;
            if (found->second->slot) watch_->remove(*found->second->slot);
            partitions_.erase(found->second);
            places_.erase(found);
        }
    }
}

void FetchSession::open_request() {
    if (!std::exchange(has_open_request, true)) return;
    for (CachedPartition& partition : partitions_) partition.must_look = true;
}

void FetchSession::move_to_end(Partitions::iterator partition) {
    partitions_.splice(partitions_.end(), partitions_, partition);
}

}  // namespace squall::model
