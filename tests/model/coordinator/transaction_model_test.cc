// The transaction coordinator's decider against a reference model: one transactional id as a table
// of what each request is answered and what it leaves, written down from the KIPs (98, 360, 890,
// 1228) and not from the code. RapidCheck makes up the requests: of the producer of now, and of
// every one that ever was; time passes, markers are written or not, coordinators fail over.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <rapidcheck/state.h>

#include <optional>
#include <ostream>
#include <set>
#include <vector>

#include "tests/model/coordinator/transaction_world.h"

namespace squall::model {
namespace {

struct Who {
    std::int64_t id = -1;
    std::int16_t epoch = -1;

    auto operator<=>(const Who&) const = default;
    friend std::ostream& operator<<(std::ostream& out, const Who& who) {
        return out << who.id << "/" << who.epoch;
    }
};

// ---- the reference ----

struct Reference {
    enum class Phase { unheard_of, empty, ongoing, preparing, complete };
    static constexpr std::int64_t timeout_ms = 60'000;

    std::int16_t version = 2;
    std::int16_t ceiling = 3;

    Phase phase = Phase::unheard_of;
    bool commits = false;  // preparing, complete: which way
    Who now{};
    std::int64_t id_before = -1;         // before the last transition
    std::int64_t id_after = -1;          // takes over with the last marker
    std::int16_t asked_to_replace = -1;  // the epoch that a producer gave up for the one of now
    std::set<std::int32_t> partitions{};
    std::int64_t clock = 0;
    std::int64_t began = 0;
    std::int64_t next_fresh_id = 1000;
    std::vector<Who> ever{};  // whom a client may take itself for

    bool is_used_up(std::int16_t epoch) const { return epoch >= ceiling; }
    // What a producer is told to go by.
    Who told() const { return id_after == -1 ? now : Who{id_after, 0}; }
    void meet(const Who& who) { ever.push_back(who); }

    ErrorCode init(const std::optional<Who>& as) {
        if (phase == Phase::unheard_of) {
            now = {next_fresh_id++, 0};
            phase = Phase::empty;
            meet(now);
            return ErrorCode::none;
        }
        if (as && as->id != now.id && !goes_by_next_id(*as) &&
            !(as->id == id_before && is_used_up(as->epoch))) {
            return ErrorCode::producer_fenced;
        }
        if (phase == Phase::preparing) return ErrorCode::concurrent_transactions;
        if (phase == Phase::ongoing) {
            fence();
            return ErrorCode::concurrent_transactions;
        }
        const bool is_of_now = !as || as->epoch == now.epoch;
        if (!is_of_now && as->epoch != asked_to_replace) return ErrorCode::producer_fenced;
        id_before = now.id;
        if (is_of_now) {
            asked_to_replace = as ? now.epoch : std::int16_t{-1};
            if (is_used_up(now.epoch)) {
                now = {next_fresh_id++, 0};
            } else {
                ++now.epoch;
            }
            meet(now);
        }
        phase = Phase::empty;
        partitions.clear();
        return ErrorCode::none;
    }

    ErrorCode add(std::int32_t partition, const Who& who) {
        if (goes_by_next_id(who)) return ErrorCode::concurrent_transactions;
        if (const ErrorCode error = check(who); error != ErrorCode::none) return error;
        if (phase == Phase::preparing) return ErrorCode::concurrent_transactions;
        if (has(partition)) return ErrorCode::none;
        if (phase != Phase::ongoing) {
            partitions.clear();
            began = clock;
        }
        phase = Phase::ongoing;
        id_before = now.id;
        partitions.insert(partition);
        return ErrorCode::none;
    }
    bool has(std::int32_t partition) const {
        return phase == Phase::ongoing && partitions.contains(partition);
    }

    ErrorCode verify(std::int32_t partition, const Who& who) const {
        if (const ErrorCode error = check(who); error != ErrorCode::none) return error;
        if (phase == Phase::preparing) return ErrorCode::concurrent_transactions;
        return has(partition) ? ErrorCode::none : ErrorCode::transaction_abortable;
    }

    ErrorCode end(bool commit, const Who& who) {
        return version >= 2 ? end_by_version_2(commit, who) : end_by_version_1(commit, who);
    }

    // All markers stand.
    void complete() {
        if (phase != Phase::preparing) return;
        phase = Phase::complete;
        partitions.clear();
        id_before = now.id;
        if (id_after == -1) return;
        now = {id_after, 0};
        id_after = -1;
    }
    void pass(std::int64_t ms) {
        clock += ms;
        if (phase == Phase::ongoing && clock > began + timeout_ms) fence();
    }
    // Which epoch was replaced by which is not in the log.
    void fail_over() { asked_to_replace = -1; }

  private:
    bool goes_by_next_id(const Who& who) const {
        return phase == Phase::preparing && id_after != -1 && who.id == id_after;
    }
    ErrorCode check(const Who& who) const {
        if (phase == Phase::unheard_of || who.id != now.id) {
            return ErrorCode::invalid_producer_id_mapping;
        }
        return who.epoch == now.epoch ? ErrorCode::none : ErrorCode::producer_fenced;
    }
    void prepare(bool commit) {
        phase = Phase::preparing;
        commits = commit;
        id_before = now.id;
        if (version >= 2) {
            if (is_used_up(now.epoch)) id_after = next_fresh_id++;
            asked_to_replace = now.epoch;
            ++now.epoch;
            meet(told());
        }
        if (partitions.empty()) complete();
    }
    // Nobody is told of the epoch that shuts the producer out.
    void fence() {
        if (version < 2) {
            ++now.epoch;
            asked_to_replace = -1;
        }
        prepare(false);
    }
    ErrorCode end_by_version_1(bool commit, const Who& who) {
        if (const ErrorCode error = check(who); error != ErrorCode::none) return error;
        switch (phase) {
            case Phase::ongoing:
                prepare(commit);
                return ErrorCode::none;
            case Phase::preparing:
                return commit == commits ? ErrorCode::concurrent_transactions
                                         : ErrorCode::invalid_txn_state;
            case Phase::complete:
                return commit == commits ? ErrorCode::none : ErrorCode::invalid_txn_state;
            case Phase::empty:
            case Phase::unheard_of:
                return ErrorCode::invalid_txn_state;
        }
        return ErrorCode::unknown_server_error;
    }
    ErrorCode end_by_version_2(bool commit, const Who& who) {
        // The end before, asked for again: its epoch is the one before, or the last of the id
        // before.
        const bool is_of_id_before = who.id == id_before && is_used_up(who.epoch) &&
                                     now.epoch == 0 && phase != Phase::preparing &&
                                     phase != Phase::ongoing;
        if (phase == Phase::unheard_of || (who.id != now.id && !is_of_id_before)) {
            return ErrorCode::invalid_producer_id_mapping;
        }
        const bool is_again = is_of_id_before || who.epoch + 1 == now.epoch;
        const bool is_of_now = who.id == now.id && who.epoch == now.epoch;
        switch (phase) {
            case Phase::preparing:
                if (!is_again) return ErrorCode::producer_fenced;
                return commit == commits ? ErrorCode::concurrent_transactions
                                         : ErrorCode::invalid_txn_state;
            case Phase::complete:
                if (is_again) {
                    return commit == commits ? ErrorCode::none : ErrorCode::invalid_txn_state;
                }
                [[fallthrough]];
            case Phase::empty:
                if (!is_of_now) return ErrorCode::producer_fenced;
                if (commit) return ErrorCode::invalid_txn_state;
                partitions.clear();
                prepare(false);
                return ErrorCode::none;
            case Phase::ongoing:
                if (!is_of_now) return ErrorCode::producer_fenced;
                prepare(commit);
                return ErrorCode::none;
            case Phase::unheard_of:
                break;
        }
        return ErrorCode::unknown_server_error;
    }
};

// ---- the system ----

class Coordinator : public TransactionWorld {
  public:
    Coordinator(const TransactionOptions& options, std::int16_t version)
        : TransactionWorld(options), version_(version) {}

    struct Answer {
        ErrorCode error = ErrorCode::none;
        Who told{};  // of init and, by version 2, of end
    };
    Answer init(const std::optional<Who>& as) {
        std::optional<std::pair<ProducerId, ProducerEpoch>> expected;
        if (as) expected = {ProducerId(as->id), ProducerEpoch(as->epoch)};
        const auto response = answer<InitProducerIdResponse>(init_request("t", expected));
        return {response.error_code,
                {response.producer_id.value(), response.producer_epoch.value()}};
    }
    ErrorCode add(std::int32_t partition, const Who& who, bool verify_only) {
        const TopicPartition wanted{"orders", partition};
        return answer<PartitionsAdded>(AddPartitions{.transactional_id = "t",
                                                     .producer_id = ProducerId(who.id),
                                                     .producer_epoch = ProducerEpoch(who.epoch),
                                                     .partitions = {wanted},
                                                     .verify_only = verify_only})
            .errors.at(wanted);
    }
    Answer end(bool commit, const Who& who) {
        const auto response = answer<EndTxnResponse>(
            end_request("t", ProducerId(who.id), ProducerEpoch(who.epoch), commit));
        return {response.error_code,
                {response.producer_id.value(), response.producer_epoch.value()}};
    }

    // An EndTxn of the same producer arrives while the record of its partition is on its way;
    // nullopt where there is none.
    std::optional<ErrorCode> end_during_add(std::int32_t partition, bool commit, const Who& who) {
        ask(AddPartitions{.transactional_id = "t",
                          .producer_id = ProducerId(who.id),
                          .producer_epoch = ProducerEpoch(who.epoch),
                          .partitions = {{"orders", partition}}},
            version_);
        if (!has_writes()) return std::nullopt;
        const ErrorCode error =
            only<EndTxnResponse>(
                ask(end_request("t", ProducerId(who.id), ProducerEpoch(who.epoch), commit),
                    version_))
                .error_code;
        settle();
        return error;
    }

    // Agrees with the reference in all that anybody can see.
    void check(const Reference& expected) const {
        const TransactionMetadata* const found = shard().find("t");
        RC_ASSERT((found == nullptr) == (expected.phase == Reference::Phase::unheard_of));
        RC_ASSERT(shard().has_same_records_as(replayed()));
        if (found == nullptr) return;
        RC_ASSERT(found->state == state_of(expected));
        RC_ASSERT(Who(found->producer_id.value(), found->producer_epoch.value()) == expected.now);
        std::set<std::int32_t> partitions;
        for (const TopicPartition& each : found->partitions) partitions.insert(each.partition);
        const bool is_open = expected.phase == Reference::Phase::ongoing ||
                             expected.phase == Reference::Phase::preparing;
        if (is_open) RC_ASSERT(partitions == expected.partitions);
        const auto due = shard().due_marker("t");
        RC_ASSERT(due.has_value() == (expected.phase == Reference::Phase::preparing));
        if (!due) return;
        // The marker carries the epoch of what comes next, so that nothing late can follow it.
        RC_ASSERT(due->commit == expected.commits);
        RC_ASSERT(due->producer_id.value() == expected.now.id);
        RC_ASSERT(due->producer_epoch.value() == expected.now.epoch);
    }

  private:
    template <class Response, class Request>
    Response answer(const Request& request) {
        std::vector<TransactionReply> replies = ask(request, version_);
        std::vector<TransactionReply> later = settle();
        replies.insert(replies.end(), later.begin(), later.end());
        return only<Response>(replies);
    }
    static TransactionState state_of(const Reference& expected) {
        switch (expected.phase) {
            case Reference::Phase::empty:
                return TransactionState::empty;
            case Reference::Phase::ongoing:
                return TransactionState::ongoing;
            case Reference::Phase::preparing:
                return expected.commits ? TransactionState::prepare_commit
                                        : TransactionState::prepare_abort;
            case Reference::Phase::complete:
                return expected.commits ? TransactionState::complete_commit
                                        : TransactionState::complete_abort;
            case Reference::Phase::unheard_of:
                break;
        }
        return TransactionState::dead;
    }

    std::int16_t version_;
};

// ---- the commands ----

using Command = rc::state::Command<Reference, Coordinator>;

// Mostly the one of now, sometimes anybody who ever was.
Who somebody(const Reference& reference) {
    if (reference.ever.empty()) return {999, 0};
    if (*rc::gen::inRange(0, 3) > 0) return reference.told();
    return *rc::gen::elementOf(reference.ever);
}

struct Init : Command {
    std::optional<Who> as;

    explicit Init(const Reference& reference) {
        if (*rc::gen::arbitrary<bool>()) as = somebody(reference);
    }
    void apply(Reference& reference) const override { reference.init(as); }
    void run(const Reference& before, Coordinator& coordinator) const override {
        Reference expected = before;
        const ErrorCode error = expected.init(as);
        const Coordinator::Answer answer = coordinator.init(as);
        RC_ASSERT(answer.error == error);
        if (error == ErrorCode::none) RC_ASSERT(answer.told == expected.now);
        coordinator.check(expected);
    }
    void show(std::ostream& out) const override {
        out << "Init";
        if (as) out << " as " << *as;
    }
};

struct Add : Command {
    std::int32_t partition;
    Who who;
    bool verify_only;

    explicit Add(const Reference& reference)
        : partition(*rc::gen::inRange(0, 3)),
          who(somebody(reference)),
          verify_only(*rc::gen::inRange(0, 4) == 0) {}
    void apply(Reference& reference) const override {
        if (!verify_only) reference.add(partition, who);
    }
    void run(const Reference& before, Coordinator& coordinator) const override {
        Reference expected = before;
        const ErrorCode error =
            verify_only ? expected.verify(partition, who) : expected.add(partition, who);
        RC_ASSERT(coordinator.add(partition, who, verify_only) == error);
        coordinator.check(expected);
    }
    void show(std::ostream& out) const override {
        out << (verify_only ? "Verify " : "Add ") << partition << " by " << who;
    }
};

struct End : Command {
    bool commit;
    Who who;

    explicit End(const Reference& reference)
        : commit(*rc::gen::arbitrary<bool>()), who(somebody(reference)) {}
    void apply(Reference& reference) const override { reference.end(commit, who); }
    void run(const Reference& before, Coordinator& coordinator) const override {
        Reference expected = before;
        const ErrorCode error = expected.end(commit, who);
        const Coordinator::Answer answer = coordinator.end(commit, who);
        RC_ASSERT(answer.error == error);
        if (error == ErrorCode::none && before.version >= 2) {
            RC_ASSERT(answer.told == expected.told());
        }
        coordinator.check(expected);
    }
    void show(std::ostream& out) const override {
        out << (commit ? "Commit by " : "Abort by ") << who;
    }
};

struct EndDuringAdd : Command {
    std::int32_t partition;
    bool commit;
    Who who;

    explicit EndDuringAdd(const Reference& reference)
        : partition(*rc::gen::inRange(0, 3)),
          commit(*rc::gen::arbitrary<bool>()),
          who(somebody(reference)) {}
    void apply(Reference& reference) const override { reference.add(partition, who); }
    void run(const Reference& before, Coordinator& coordinator) const override {
        Reference expected = before;
        const bool is_stored =
            !before.has(partition) && expected.add(partition, who) == ErrorCode::none;
        const std::optional<ErrorCode> error = coordinator.end_during_add(partition, commit, who);
        RC_ASSERT(error.has_value() == is_stored);
        if (error) RC_ASSERT(*error == ErrorCode::concurrent_transactions);
        coordinator.check(expected);
    }
    void show(std::ostream& out) const override {
        out << (commit ? "Commit" : "Abort") << " during Add " << partition << " by " << who;
    }
};

struct WriteMarkers : Command {
    void apply(Reference& reference) const override { reference.complete(); }
    void run(const Reference& before, Coordinator& coordinator) const override {
        Reference expected = before;
        expected.complete();
        coordinator.write_markers("t");
        coordinator.check(expected);
    }
    void show(std::ostream& out) const override { out << "WriteMarkers"; }
};

struct Pass : Command {
    std::int64_t ms = *rc::gen::element<std::int64_t>(1, 20'000, 60'000, 60'001);

    void apply(Reference& reference) const override { reference.pass(ms); }
    void run(const Reference& before, Coordinator& coordinator) const override {
        Reference expected = before;
        expected.pass(ms);
        coordinator.now_ms += ms;
        coordinator.scan_timeouts();
        coordinator.settle();
        coordinator.check(expected);
    }
    void show(std::ostream& out) const override { out << "Pass " << ms; }
};

struct FailOver : Command {
    void apply(Reference& reference) const override { reference.fail_over(); }
    void run(const Reference& before, Coordinator& coordinator) const override {
        Reference expected = before;
        expected.fail_over();
        coordinator.fail_over(true);
        coordinator.settle();
        coordinator.check(expected);
    }
    void show(std::ostream& out) const override { out << "FailOver"; }
};

void walk(std::int16_t version) {
    TransactionOptions options;
    options.producer_epoch_ceiling = static_cast<std::int16_t>(*rc::gen::inRange(1, 6));
    Reference reference;
    reference.version = version;
    reference.ceiling = options.producer_epoch_ceiling;
    Coordinator coordinator(options, version);
    rc::state::check(reference, coordinator,
                     rc::state::gen::execOneOfWithArgs<Init, Add, Add, End, End, EndDuringAdd,
                                                       WriteMarkers, Pass, FailOver>());
}

RC_GTEST_PROP(TransactionModel, OfVersionOneAnswersAsTheReferenceDoes, ()) {
    walk(1);
}
RC_GTEST_PROP(TransactionModel, OfVersionTwoAnswersAsTheReferenceDoes, ()) {
    walk(2);
}

}  // namespace
}  // namespace squall::model
