// FetchSessionCache: the fetch sessions of one broker process (KIP-227).
//
// Says of each Fetch whether it begins a session, goes on with one, or does without, and refuses
// those whose session or epoch is not what we have: the fetcher then names everything again. Keeps
// at most max.incremental.fetch.session.cache.slots sessions; who finds it full takes the place of
// one that is stale, or worth less, or gets none and goes on without. The sessions die with the
// process.
//
//   request (session, epoch)       then
//   any, epoch -1                  that session ends; answered without one
//   any, epoch 0                   that session ends; a new one if there is room
//   unknown, epoch n               FETCH_SESSION_ID_NOT_FOUND
//   known, another epoch n         INVALID_FETCH_SESSION_EPOCH
//   known, the right epoch n       incremental; without one where it forgot all its partitions
//
// After Kafka's FetchManager and FetchSessionCache, with one shard. Pure but for the sessions'
// watch, which it carries along.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "model/broker/fetch_session.h"
#include "model/broker/fetch_session_options.h"
#include "model/protocol/error_code.h"
#include "model/protocol/messages/fetch.h"
#include "model/protocol/types.h"
#include "sim/base/rng.h"
#include "sim/base/time.h"

namespace squall::model {

// ---- the rules of eviction; they could be broken ----

// Nothing was asked of it for so long that whoever had it has gone.
bool is_stale(const FetchSession& session, LocalTime now, Duration min_eviction);
// May it be considered for eviction at all, for the sake of such a fetcher?
bool is_evictable_for(const FetchSession& session, bool is_privileged, Duration min_eviction);
// Followers' sessions are worth more than consumers', large ones more than small ones, later ones
// more than earlier ones.
bool is_worth_less(const FetchSession& session, const FetchSession& than);

class FetchSessionCache {
  public:
    using Watches = std::function<std::unique_ptr<ReplicaHost::FetchWatch>()>;

    // `draws` of session ids; outlives the cache.
    FetchSessionCache(FetchSessionOptions options, Draws& draws);

    // What a request is served with. A session that is not in the cache (its id is 0) is for this
    // request alone, until keep().
    struct Begun {
        ErrorCode error = ErrorCode::none;      // then there is no session
        std::shared_ptr<FetchSession> session;  // a request in flight may outlive its place here
        bool is_incremental = false;
        bool begins_session = false;  // to be kept, once it is answered
        std::int32_t next_epoch = 0;  // of an incremental one: the session's from now on
    };
    Begun begin(const FetchRequest& request, ApiVersion version, bool is_follower,
                const Watches& watches, LocalTime now);
    // A fetch that begins a session was answered: gives it an id and a place, if there is one.
    void keep(const std::shared_ptr<FetchSession>& session, LocalTime now);

    std::size_t size() const { return sessions_.size(); }
    std::uint64_t evictions() const { return evictions_; }

  private:
    bool make_room_for(const FetchSession& session, LocalTime now);
    std::int32_t draw_id();

    FetchSessionOptions options_;
    Draws& draws_;
    std::map<std::int32_t, std::shared_ptr<FetchSession>> sessions_;
    std::uint64_t evictions_ = 0;
};

}  // namespace squall::model
