// Laws of the classic protocol under arbitrary schedules. Clients that behave (join, come back,
// sync, commit, heartbeat) are interrupted by crashes, leaves, lost answers, time, slow and failed
// appends, and failovers of the coordinator. A ledger, which knows nothing of the decider, keeps
// what members were told and holds it against the laws.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <map>
#include <ostream>
#include <set>

#include "tests/model/coordinator/group_fixture.h"

namespace squall::model {
namespace {

using namespace std::chrono_literals;

enum class Action {
    step,       // a client does what comes next for it
    heartbeat,  // or commits, or looks in
    commit,
    commit_stale,
    forget_answer,  // the client's connection breaks: it asks again
    crash,          // the client forgets all and says nothing
    leave,
    change_subscription,
    pass_time,
    settle,
    fail_append,
    fail_over,
};

struct Move {
    Action action;
    std::size_t client;
    int amount;
};
std::ostream& operator<<(std::ostream& out, const Move& move) {
    static constexpr std::array names = {"step",      "heartbeat", "commit", "commit_stale",
                                         "forget",    "crash",     "leave",  "subscribe",
                                         "pass_time", "settle",    "fail",   "fail_over"};
    return out << names[static_cast<std::size_t>(move.action)] << "(c" << move.client << ", "
               << move.amount << ")";
}

rc::Gen<Move> any_move() {
    const auto action = rc::gen::weightedElement<Action>({
        {60, Action::step},
        {8, Action::heartbeat},
        {8, Action::commit},
        {3, Action::commit_stale},
        {1, Action::forget_answer},
        {1, Action::crash},
        {1, Action::leave},
        {1, Action::change_subscription},
        {12, Action::pass_time},
        {20, Action::settle},
        {1, Action::fail_append},
        {1, Action::fail_over},
    });
    return rc::gen::map(
        rc::gen::tuple(action, rc::gen::inRange<std::size_t>(0, 4), rc::gen::inRange(1, 5000)),
        [](const std::tuple<Action, std::size_t, int>& parts) {
            return Move{std::get<0>(parts), std::get<1>(parts), std::get<2>(parts)};
        });
}

struct Client {
    enum class Doing { nothing, joining, joined, syncing, member };

    Doing doing = Doing::nothing;
    std::string member_id;
    GenerationId generation = no_generation;
    std::vector<JoinGroupResponse::Member> members;  // as the leader was told
    bool is_leader = false;
    CallId call;
    Bytes subscription{1};
};

// What is known of a generation: a number can come again after a failover, if nobody stored it.
struct GenerationFacts {
    std::string leader;
    std::set<std::string> members;                     // as the leader was told
    std::map<std::string, std::set<Bytes>> handed_in;  // parts, by member, from the leader
};

class Walk {
  public:
    void move(const Move& move) {
        Client& client = clients_[move.client];
        switch (move.action) {
            case Action::step:
                step(client);
                break;
            case Action::heartbeat:
                heartbeat(client);
                break;
            case Action::commit:
                commit(client, client.generation, move.amount);
                break;
            case Action::commit_stale:
                commit(client, client.generation - 1, move.amount);
                break;
            case Action::forget_answer:
                if (client.doing == Client::Doing::joining) client.doing = Client::Doing::nothing;
                if (client.doing == Client::Doing::syncing) client.doing = Client::Doing::joined;
                break;
            case Action::crash:
                client = Client();
                break;
            case Action::leave:
                if (!client.member_id.empty()) fixture_.ask(leave_request(client.member_id));
                client = Client();
                break;
            case Action::change_subscription:
                client.subscription = {static_cast<std::uint8_t>(move.amount)};
                if (client.doing == Client::Doing::member) client.doing = Client::Doing::nothing;
                break;
            case Action::pass_time:
                fixture_.advance(std::chrono::milliseconds(move.amount));
                break;
            case Action::settle:
                if (!fixture_.pending().empty()) settle(ErrorCode::none);
                break;
            case Action::fail_append:
                if (!fixture_.pending().empty()) settle(ErrorCode::not_enough_replicas);
                break;
            case Action::fail_over:
                fail_over();
                break;
        }
        check_generation_steps();
        RC_ASSERT(fixture_.replayed().has_same_records_as(fixture_.shard()));
    }
    int stable_generations() const { return stable_generations_; }

  private:
    void step(Client& client) {
        switch (client.doing) {
            case Client::Doing::nothing: {
                const CallId call =
                    fixture_.send(join_request(client.member_id, client.subscription));
                client.call = call;
                client.doing = Client::Doing::joining;
                break;
            }
            case Client::Doing::joining:
                read_join(client);
                break;
            case Client::Doing::joined: {
                SyncGroupRequest request = sync_request(client.member_id, client.generation);
                if (client.is_leader) hand_in(client, request);
                client.call = fixture_.send(request);
                client.doing = Client::Doing::syncing;
                break;
            }
            case Client::Doing::syncing:
                read_sync(client);
                break;
            case Client::Doing::member:
                heartbeat(client);
                break;
        }
    }

    void read_join(Client& client) {
        const auto response = fixture_.take<JoinGroupResponse>(client.call);
        if (!response) return;
        client.doing = Client::Doing::nothing;
        if (response->error_code == ErrorCode::member_id_required) {
            RC_ASSERT(client.member_id.empty());
            client.member_id = response->member_id;
        }
        if (response->error_code == ErrorCode::unknown_member_id) client.member_id.clear();
        if (response->error_code != ErrorCode::none) return;

        client.doing = Client::Doing::joined;
        client.member_id = response->member_id;
        client.generation = response->generation_id;
        client.is_leader = response->leader == response->member_id;
        client.members = response->members;
        // An answer that arrives after a failover may be of a generation that nobody knows.
        GenerationFacts& facts = generations_[response->generation_id];
        if (facts.leader.empty()) facts.leader = response->leader;
        RC_ASSERT(facts.leader == response->leader);
        RC_ASSERT(client.is_leader != response->members.empty());
        for (const auto& member : response->members) facts.members.insert(member.member_id);
    }

    void hand_in(const Client& leader, SyncGroupRequest& request) {
        GenerationFacts& facts = generations_[leader.generation];
        for (const auto& member : leader.members) {
            const Bytes part = {static_cast<std::uint8_t>(++parts_),
                                static_cast<std::uint8_t>(parts_ >> 8)};
            request.assignments.push_back({member.member_id, part});
            facts.handed_in[member.member_id].insert(part);
        }
    }

    void read_sync(Client& client) {
        const auto response = fixture_.take<SyncGroupResponse>(client.call);
        if (!response) return;
        react(client, response->error_code);
        if (response->error_code != ErrorCode::none) return;
        client.doing = Client::Doing::member;
        const GenerationFacts& facts = generations_.at(client.generation);
        const auto handed_in = facts.handed_in.find(client.member_id);
        RC_ASSERT(handed_in != facts.handed_in.end());
        RC_ASSERT(handed_in->second.contains(response->assignment));
        ++stable_generations_;
    }

    void heartbeat(Client& client) {
        if (client.doing != Client::Doing::member) return;
        react(client,
              fixture_.ask(heartbeat_request(client.member_id, client.generation)).error_code);
    }

    void commit(Client& client, GenerationId generation, int offset) {
        if (client.member_id.empty() || generation < GenerationId(0)) return;
        const ClassicGroup* const group = fixture_.group();
        const bool is_current = group != nullptr && generation == group->generation() &&
                                group->find_member(client.member_id) != nullptr;
        const CallId call = fixture_.send(commit_request(client.member_id, generation, offset));
        const auto refused = fixture_.take<OffsetCommitResponse>(call);
        if (!is_current) {
            RC_ASSERT(refused.has_value());
            RC_ASSERT(error_of(*refused) != ErrorCode::none);
        }
        if (!refused) commits_.push_back(offset);
    }

    void react(Client& client, ErrorCode error) {
        if (error == ErrorCode::none) return;
        client.doing = Client::Doing::nothing;
        if (error == ErrorCode::unknown_member_id) client.member_id.clear();
    }

    void settle(ErrorCode error) {
        const bool is_commit =
            std::holds_alternative<OffsetCommitRecord>(fixture_.pending().front().records.front());
        if (is_commit) {
            const int offset = commits_.front();
            commits_.erase(commits_.begin());
            if (error == ErrorCode::none) committed_ = Offset(offset);
        }
        fixture_.commit_one(error);
        RC_ASSERT(committed(fixture_.shard()) == committed_);
    }

    void fail_over() {
        fixture_.fail_over();
        commits_.clear();
        RC_ASSERT(committed(fixture_.shard()) == committed_);
        const ClassicGroup* const group = fixture_.group();
        const GenerationId stored = group == nullptr ? GenerationId(0) : group->generation();
        std::erase_if(generations_, [&](const auto& each) { return each.first > stored; });
        last_generation_ = stored;
        for (Client& client : clients_) {
            // Every connection broke.
            if (client.doing == Client::Doing::joining || client.generation > stored) {
                client.doing = Client::Doing::nothing;
                client.generation = std::min(client.generation, stored);
            } else if (client.doing == Client::Doing::syncing) {
                client.doing = Client::Doing::joined;
            }
        }
    }

    // The generation grows by one with each completed join phase, and never else.
    void check_generation_steps() {
        const auto& changes = fixture_.changes();
        for (; changes_seen_ < changes.size(); ++changes_seen_) {
            if (std::holds_alternative<group_change::GenerationStarted>(
                    changes[changes_seen_].what)) {
                ++last_generation_;
            }
        }
        const ClassicGroup* const group = fixture_.group();
        RC_ASSERT((group == nullptr ? GenerationId(0) : group->generation()) == last_generation_);
    }

    GroupFixture fixture_;
    std::array<Client, 4> clients_;
    std::map<GenerationId, GenerationFacts> generations_;
    std::vector<int> commits_;  // on their way to the log
    Offset committed_ = no_offset;
    GenerationId last_generation_{0};
    std::size_t changes_seen_ = 0;
    int parts_ = 0;
    int stable_generations_ = 0;
};

// The laws judge nothing if the clients never get an assignment, so that is judged as well.
TEST(ClassicGroupWalk, KeepsTheLawsUnderAnyScheduleAndOftenReachesAStableGeneration) {
    int stable_generations = 0;
    rc::detail::checkGTest([&](const std::vector<std::uint8_t>& lengthener) {
        const auto length = 200 + 2 * lengthener.size();
        const auto moves = *rc::gen::container<std::vector<Move>>(length, any_move());
        Walk walk;
        for (const Move& move : moves) walk.move(move);
        stable_generations += walk.stable_generations();
    });
    EXPECT_GT(stable_generations, 50);
}

}  // namespace
}  // namespace squall::model
