#include "model/broker/fetch_session_cache.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "model/protocol/fetch_session_epoch.h"
#include "sim/base/assert.h"

namespace squall::model {
namespace {

constexpr ApiVersion first_with_sessions = 7;
constexpr ApiVersion first_with_topic_ids = 13;

}  // namespace

bool is_stale(const FetchSession& session, LocalTime now, Duration min_eviction) {
    return now - session.last_used_at > min_eviction;
}

// Its age is taken from when it was used last, as Kafka does: then its place in the order of
// eviction is settled.
bool is_evictable_for(const FetchSession& session, bool is_privileged, Duration min_eviction) {
    if (session.last_used_at - session.created_at > min_eviction) return true;
    return is_privileged && !session.is_privileged();
}

bool is_worth_less(const FetchSession& session, const FetchSession& than) {
    const auto worth = [](const FetchSession& one) {
        return std::tuple(one.is_privileged(), one.partitions().size(), one.id);
    };
    return worth(session) < worth(than);
}

FetchSessionCache::FetchSessionCache(FetchSessionOptions options, Draws& draws)
    : options_(options), draws_(draws) {}

FetchSessionCache::Begun FetchSessionCache::begin(const FetchRequest& request, ApiVersion version,
                                                  bool is_follower, const Watches& watches,
                                                  LocalTime now) {
    const bool uses_topic_ids = version >= first_with_topic_ids;
    const auto anew = [&](bool begins_session) {
        Begun begun;
        begun.session = std::make_shared<FetchSession>(is_follower, uses_topic_ids, watches());
        begun.session->update(request);
        begun.session->open_request();
        begun.begins_session = begins_session;
        return begun;
    };
    if (version < first_with_sessions) return anew(false);
    if (is_full_fetch(request.session_epoch)) {
        sessions_.erase(request.session_id);
        return anew(request.session_epoch == initial_session_epoch);
    }
    const auto found = sessions_.find(request.session_id);
    if (found == sessions_.end()) return {.error = ErrorCode::fetch_session_id_not_found};
    const std::shared_ptr<FetchSession> session = found->second;
    if (session->epoch != request.session_epoch) {
        return {.error = ErrorCode::invalid_fetch_session_epoch};
    }
    if (session->uses_topic_ids() != uses_topic_ids) {
        return {.error = ErrorCode::fetch_session_topic_id_error};
    }
    session->update(request);
    if (session->partitions().empty()) {
        sessions_.erase(found);
        return anew(false);
    }
    session->open_request();
    session->last_used_at = now;
    session->epoch = next_session_epoch(session->epoch);
    return {.error = ErrorCode::none,
            .session = session,
            .is_incremental = true,
            .begins_session = false,
            .next_epoch = session->epoch};
}

void FetchSessionCache::keep(const std::shared_ptr<FetchSession>& session, LocalTime now) {
    ASSERT(session->id == no_fetch_session, "session {} is kept twice", session->id);
    if (!make_room_for(*session, now)) return;
    session->id = draw_id();
    session->epoch = next_session_epoch(initial_session_epoch);
    session->created_at = session->last_used_at = now;
    sessions_.emplace(session->id, session);
}

bool FetchSessionCache::make_room_for(const FetchSession& session, LocalTime now) {
    const auto slots = static_cast<std::size_t>(options_.max_incremental_fetch_session_cache_slots);
    if (sessions_.size() < slots) return true;
    if (sessions_.empty()) return false;
    const Duration limit = options_.min_incremental_fetch_session_eviction;
    const auto oldest = std::ranges::min_element(sessions_, {}, [](const auto& entry) {
        return std::pair(entry.second->last_used_at, entry.first);
    });
    auto victim = sessions_.end();
    if (is_stale(*oldest->second, now, limit)) {
        victim = oldest;
    } else {
        for (auto it = sessions_.begin(); it != sessions_.end(); ++it) {
            if (!is_evictable_for(*it->second, session.is_privileged(), limit)) continue;
            if (victim == sessions_.end() || is_worth_less(*it->second, *victim->second)) {
                victim = it;
            }
        }
        if (victim == sessions_.end() || is_worth_less(session, *victim->second)) return false;
    }
    sessions_.erase(victim);
    ++evictions_;
    return true;
}

// Positive, and of no other session.
std::int32_t FetchSessionCache::draw_id() {
    for (;;) {
        const auto id = static_cast<std::int32_t>(draws_.between(1, INT32_MAX));
        if (!sessions_.contains(id)) return id;
    }
}

}  // namespace squall::model
