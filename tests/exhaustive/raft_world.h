// RaftWorld: three voters of the metadata quorum, each the real decider (model/raft/quorum.h), and
// everything that can happen between them within some bounds, for the exhaustive search.
//
// In every state each of these may happen: a timer of a member runs out; a message in flight
// arrives, arrives and stays (so that it comes again, later than others sent after it), or is lost;
// a Fetch or a request for a vote counts as failed at its sender; a flush completes; a leader takes
// a record; a member loses power and starts again with what was durable. Messages in flight have no
// order. Time has no length: all timeouts are zero, so a deadline may pass whenever it is set.
//
// A crash that keeps the page cache is a flush followed by a loss of power. Members do what their
// host does, in its order: the quorum state is durable before anything is sent; a leader adds the
// records to the answer of a Fetch, and answers at once.
//
// Beyond the bounds: later epochs, longer logs, more in flight at a time, more timers that run out
// (each starts or ends an election, or a leadership); snapshots, changes of the set of voters.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "checkers/invariants.h"
#include "model/bugs.h"
#include "model/raft/quorum.h"
#include "tests/exhaustive/interned.h"
#include "tests/exhaustive/search.h"

namespace squall::exhaustive {

struct RaftBounds {
    int epochs = 2;
    int records = 1;    // that clients propose; each new leader adds its LeaderChange
    int in_flight = 2;  // messages at any one time
    int power_losses = 0;
    int duplicates = 0;    // messages that arrive once more
    int timeouts = 4;      // of elections, of fetching, of being fetched from: over all members
    int failed_calls = 0;  // requests that count as failed at their sender while under way
    // Who knows no leader asks the others for one, by Fetch. False: nobody hears it; it learns of
    // leaders from what they say themselves, and from answers to votes.
    bool searches = false;
};

class RaftWorld {
  public:
    static constexpr int voters = 3;
    static constexpr int epochs_max = 3;
    static constexpr int log_max = 6;
    static constexpr int in_flight_max = 4;

    struct State {
        std::array<std::uint32_t, voters> members;           // numbers of local states
        std::array<std::uint16_t, in_flight_max> in_flight;  // number + 1 of a message, ascending
        // What was once so: who led each epoch; whom each member voted for in each; one bit each.
        std::array<std::uint8_t, epochs_max> leaders;
        std::array<std::uint8_t, epochs_max * voters> votes;
        // What was once committed, and in which epoch that became known.
        std::array<std::uint8_t, log_max> committed;
        std::array<std::uint8_t, log_max> committed_in;
        std::uint8_t power_losses;
        std::uint8_t duplicates;
        std::uint8_t proposed;
        std::uint8_t timeouts;
        std::uint8_t failed_calls;
        std::array<std::uint8_t, 2> unused;  // in place of padding
        std::uint8_t failure;                // number + 1 of what a decider asserted
    };
    enum class Kind : std::uint8_t {
        timer,
        arrives,
        arrives_and_stays,
        is_lost,
        fetch_fails,
        vote_fails,
        flush,
        propose,
        power_loss
    };
    struct Action {
        Kind kind;
        std::uint8_t member = 0;  // whom it happens to
        std::uint16_t what = 0;   // message number, or the voter that was asked
    };

    explicit RaftWorld(RaftBounds bounds = {}, const model::BugSet* bugs = nullptr);

    State initial();
    void actions(const State& state, std::vector<Action>& into) const;
    std::optional<State> apply(const State& state, const Action& action);
    const std::vector<Invariant<RaftWorld>>& invariants() const { return invariants_; }

    std::string narrate(const State& before, const Action& action, const State& after) const;
    std::string show(const State& state) const;
    // Distinct local states of members, distinct messages, and steps that the deciders took.
    std::string figures() const;

    // ---- invariants ----
    bool has_one_leader_per_epoch(const State& state) const;   // election safety
    bool has_one_vote_per_epoch(const State& state) const;     // a vote is never given twice
    bool has_matching_logs(const State& state) const;          // log matching
    bool has_complete_leaders(const State& state) const;       // leader completeness
    bool has_one_committed_history(const State& state) const;  // state machine safety
    bool is_free_of_failures(const State& state) const;        // what deciders assert themselves

  private:
    struct Member {
        model::raft::Quorum quorum;
        model::raft::QuorumState durable;
        LocalTime now;  // only deadlines set on the way here depend on it
        // Read off the quorum.
        std::vector<checkers::invariants::Entry> log;
        std::size_t high_watermark = 0;
        int epoch = 0;
        bool has_fetch_in_flight = false;
        std::uint32_t next_fetch_target = 0;
    };
    struct Mail {
        int from = 0;
        int to = 0;
        model::raft::Message message;
    };
    struct Outcome {
        std::uint32_t member = 0;
        std::vector<std::uint16_t> sent;  // numbers of messages
        int voted_for = -1;
        std::uint8_t failure = 0;
    };

    static Member look_at(model::raft::Quorum quorum, model::raft::QuorumState durable,
                          LocalTime now);
    model::raft::QuorumConfig config_of(int member) const;
    std::uint32_t number_of(Member member);
    std::uint16_t number_of(Mail mail);
    const Outcome& outcome_of(const State& state, const Action& action);
    Outcome step(std::uint32_t number, int self, const Action& action);
    void carry_out(model::raft::Output output, const model::raft::Message* request, Member& after,
                   int self, Outcome& outcome);
    void add_batches(const model::raft::FetchRequest& request, const Member& leader,
                     model::raft::FetchResponse& response) const;
    std::uint8_t note_failure(const std::string& text);
    bool remember(State& state, int member, const Outcome& outcome) const;

    RaftBounds bounds_;
    const model::BugSet* bugs_;
    model::RaftOptions options_;
    Interned<Member> members_;
    Interned<Mail> mail_;
    std::vector<Outcome> outcomes_;
    Memory memory_;
    std::vector<std::string> failures_;
    std::vector<Invariant<RaftWorld>> invariants_;
};

}  // namespace squall::exhaustive
