// ConsumerDraft: a decision on a group of the consumer protocol in the making. A copy of the group
// runs ahead of the real one, record by record, so that each rule sees the effect of the ones
// before. Members of both protocols take the same steps: they join, the group's epoch moves on, a
// target is made, and each goes its own way towards it.
//
// Whoever removes a member by expel() may find that only members of the classic protocol are left:
// then the group becomes a classic one, and this is the last step (group_migration.h).
//
// Not a rule by itself: who may do what is decided in consumer_group_protocol.h and
// classic_member_protocol.h. Pure.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "model/bugs.h"
#include "model/controller/image.h"
#include "model/coordinator/group/classic_group.h"
#include "model/coordinator/group/consumer_group.h"
#include "model/coordinator/group/group_decision.h"
#include "model/coordinator/group/group_options.h"

namespace squall::model {

class ConsumerDraft {
  public:
    using Timer = ConsumerGroup::Timer;

    // `options`, `image` and `bugs` (may be null) outlive it.
    ConsumerDraft(const ConsumerGroup& group, const GroupCoordinatorOptions& options,
                  const MetadataImage& image, const Moment& at, const BugSet* bugs)
        : group_(group), options_(options), image_(image), at_(at), bugs_(bugs) {}

    const ConsumerGroup& group() const { return group_; }

    // ---- single facts ----

    template <class Value>
    void write(std::string subject, std::optional<Value> value) {
        const ConsumerGroupRecord record =
            ConsumerStateRecord<Value>{group_.id(), std::move(subject), std::move(value)};
        group_.apply(record);
        decision_.records.push_back(record);
    }
    // The timer goes off after this time.
    void start_timer(const std::string& member_id, Timer timer, Duration patience);
    void stop_timer(const std::string& member_id, Timer timer);
    // The session of who speaks the classic protocol is as long as it asked for.
    void renew_session(const std::string& member_id);

    // ---- steps ----

    void bump_epoch(std::int64_t metadata_hash);
    void remove(const std::string& member_id);
    // A member is gone: what it had is free, and the others shall have it.
    void expel(const std::string& member_id);
    // The new process of a static member has its place, its target and what it held; the target's
    // epoch it has to be told (KIP-345).
    void replace_static(const std::string& from, const std::string& to);
    void come_back(const std::string& member_id);
    // What the member says of itself from now on. Whether the group may need another assignment.
    bool describe_member(const std::string& member_id, ConsumerMemberMetadata next);
    // What the group's expressions stand for is to be looked up, if it is time: some are new, some
    // match more than they did, or the last time is long ago.
    void refresh_expressions();
    // It is looked up. Members have what was found with the next target.
    void resolve_expressions();
    // Moves the group's epoch on if something changed, and brings the target to it.
    void assign(bool is_asked_for);
    // The member's next step towards the target. `owned`: as it said; nullopt: it did not.
    void reconcile_member(const std::string& member_id, const std::optional<IdPartitions>& owned);
    // Nobody but members of the classic protocol is left: the group becomes one of theirs, which is
    // returned. Nothing but the end may follow. `is_settled`: as in ConvertedToClassic.
    ClassicGroup convert_to_classic(bool is_settled);

    // ---- the end ----

    // The answer waits for the records, and for all that was decided before.
    template <class Response>
    GroupDecision answer(CallId call, Response response, std::string reason = "") {
        decision_.answer_when_stored(call, std::move(response));
        return take(std::move(reason));
    }
    // `reason`: why members were removed, if any were.
    GroupDecision take(std::string reason);

  private:
    // Expressions to which nobody subscribes any more are forgotten.
    void forget_expressions();

    ConsumerGroup group_;
    const GroupCoordinatorOptions& options_;
    const MetadataImage& image_;
    Moment at_;
    const BugSet* bugs_;
    bool is_converted_ = false;
    GroupDecision decision_;
};

// What the topics of a group look like: when it changes, so must the assignment (KIP-1101).
std::int64_t hash_topics(const std::set<std::string>& topics, const MetadataImage& image);

}  // namespace squall::model
