#include "model/protocol/fetch_session_handler.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"

namespace squall::model {

bool is_session_error(ErrorCode error) {
    return error == ErrorCode::fetch_session_id_not_found ||
           error == ErrorCode::invalid_fetch_session_epoch ||
           error == ErrorCode::fetch_session_topic_id_error;
}

void FetchSessionHandler::want_something_else(const TopicPartition& name, const Uuid& topic_id,
                                              const FetchRequest::Partition& asked) {
    ASSERT(name.partition == asked.partition, "{} asked for as partition {}", name,
           asked.partition);
    const bool is_full = is_full_fetch(next_epoch_);
    while (place_ < entries_.size() && entries_[place_].name < name) {
        forgotten_.push_back(place_++);
    }
    const bool is_known = place_ < entries_.size() && entries_[place_].name == name;
    if (!is_known) {
        ASSERT(place_ == 0 || entries_[place_ - 1].name < name, "{} wanted behind {}", name,
               entries_[place_ - 1].name);
        entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(place_),
                        {.name = name, .topic_id = topic_id, .asked = asked});
        send(entries_[place_++]);
        return;
    }
    Entry& known = entries_[place_++];
    // A topic of that name that was made anew is another one (KIP-516).
    if (known.topic_id != topic_id) {
        if (!is_full) forget(known);
    } else if (!is_full && known.asked == asked) {
        return;
    }
    known.topic_id = topic_id;
    known.asked = asked;
    send(known);
}

void FetchSessionHandler::complete(FetchRequest& request) {
    for (; place_ < entries_.size(); ++place_) forgotten_.push_back(place_);
    if (!forgotten_.empty()) {
        std::vector<Entry> kept;
        kept.reserve(entries_.size() - forgotten_.size());
        auto gone = forgotten_.begin();
        for (std::size_t i = 0; i < entries_.size(); ++i) {
            if (gone == forgotten_.end() || *gone != i) {
                kept.push_back(std::move(entries_[i]));
                continue;
            }
            // A full request has nothing to forget: it names what there is.
            if (!is_full_fetch(next_epoch_)) forget(entries_[i]);
            ++gone;
        }
        entries_ = std::move(kept);
        forgotten_.clear();
    }
    request.session_id = session_id_;
    request.session_epoch = next_epoch_;
    request.topics = std::exchange(topics_, {});
    request.forgotten_topics_data = std::exchange(forgotten_topics_, {});
    place_ = 0;
}

bool FetchSessionHandler::take(const FetchResponse& response) {
    if (response.error_code == ErrorCode::fetch_session_id_not_found) {
        session_id_ = no_fetch_session;
        next_epoch_ = initial_session_epoch;
        return false;
    }
    if (response.error_code != ErrorCode::none) {
        give_up();
        return false;
    }
    const bool was_full = is_full_fetch(next_epoch_);
    if (was_full ? !is_complete(response) : has_stranger(response)) {
        if (was_full) session_id_ = no_fetch_session;
        give_up();
        return false;
    }
    session_id_ = response.session_id;
    next_epoch_ =
        session_id_ == no_fetch_session ? initial_session_epoch : next_session_epoch(next_epoch_);
    return true;
}

void FetchSessionHandler::give_up() {
    next_epoch_ = initial_session_epoch;
    // What was said for a request that is not made is said again.
    place_ = 0;
    forgotten_.clear();
    topics_.clear();
    forgotten_topics_.clear();
}

const FetchSessionHandler::Entry* FetchSessionHandler::find(const std::string& topic,
                                                            const Uuid& topic_id,
                                                            std::int32_t partition) const {
    const std::size_t count = entries_.size();
    if (found_ >= count) found_ = 0;
    for (std::size_t tried = 0; tried < count; ++tried) {
        const Entry& entry = entries_[found_];
        const bool is_topic =
            topic_id.is_zero() ? entry.name.topic == topic : entry.topic_id == topic_id;
        if (is_topic && entry.name.partition == partition) return &entry;
        if (++found_ == count) found_ = 0;
    }
    return nullptr;
}

bool FetchSessionHandler::is_complete(const FetchResponse& response) const {
    std::size_t parts = 0;
    for (const FetchResponse::Topic& topic : response.responses) parts += topic.partitions.size();
    return parts == entries_.size() && !has_stranger(response);
}

bool FetchSessionHandler::has_stranger(const FetchResponse& response) const {
    for (const FetchResponse::Topic& topic : response.responses) {
        for (const FetchResponse::Partition& part : topic.partitions) {
            if (find(topic.topic, topic.topic_id, part.partition_index) == nullptr) return true;
        }
    }
    return false;
}

void FetchSessionHandler::send(const Entry& entry) {
    if (topics_.empty() || topics_.back().topic != entry.name.topic) {
        topics_.push_back(
            {.topic = entry.name.topic, .topic_id = entry.topic_id, .partitions = {}});
    }
    topics_.back().partitions.push_back(entry.asked);
}

void FetchSessionHandler::forget(const Entry& entry) {
    if (forgotten_topics_.empty() || forgotten_topics_.back().topic_id != entry.topic_id ||
        forgotten_topics_.back().topic != entry.name.topic) {
        forgotten_topics_.push_back(
            {.topic = entry.name.topic, .topic_id = entry.topic_id, .partitions = {}});
    }
    forgotten_topics_.back().partitions.push_back(entry.name.partition);
}

}  // namespace squall::model
