// Laws of the consumer group protocol under arbitrary schedules. Clients that behave (heartbeat,
// give up what they are told to, take what they are given) are interrupted by crashes, leaves, lost
// answers, late revocations, time, slow appends and failovers. A ledger, which knows nothing of the
// decider, keeps who owns what as the applications see it. Half of them name the topic, the others
// have an expression that matches it:
//
//   - a partition that a client takes is in no hands of another client that is still a member;
//   - after the noise, every partition is owned by exactly one, within one of even shares;
//   - what the log says is what the coordinator has.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <map>
#include <ostream>

#include "tests/model/coordinator/consumer_member.h"

namespace squall::model {
namespace {

using namespace std::chrono_literals;

enum class Action {
    step,   // a client sends what comes next, or reads its answer
    take,   // the application brings about what it was told
    crash,  // it forgets all and says nothing
    leave,
    leave_static,
    lose_answer,  // its connection breaks: it says everything again
    grow_topic,
    pass_time,
    settle,
    fail_over,
};

struct Move {
    Action action;
    std::size_t client;
    int amount;
};
std::ostream& operator<<(std::ostream& out, const Move& move) {
    static constexpr std::array names = {"step",         "take",        "crash", "leave",
                                         "leave_static", "lose_answer", "grow",  "pass_time",
                                         "settle",       "fail_over"};
    return out << names[static_cast<std::size_t>(move.action)] << "(c" << move.client << ", "
               << move.amount << ")";
}

rc::Gen<Move> any_move() {
    const auto action = rc::gen::weightedElement<Action>({
        {60, Action::step},
        {30, Action::take},
        {1, Action::crash},
        {1, Action::leave},
        {1, Action::leave_static},
        {2, Action::lose_answer},
        {1, Action::grow_topic},
        {8, Action::pass_time},
        {40, Action::settle},
        {1, Action::fail_over},
    });
    return rc::gen::map(
        rc::gen::tuple(action, rc::gen::inRange<std::size_t>(0, 4), rc::gen::inRange(1, 6000)),
        [](const std::tuple<Action, std::size_t, int>& parts) {
            return Move{std::get<0>(parts), std::get<1>(parts), std::get<2>(parts)};
        });
}

class Walk {
  public:
    Walk() {
        fixture_.set_topic("orders", partitions_);
        for (std::size_t i = 0; i < clients_.size(); ++i) start(i);
    }

    void move(const Move& move) {
        Client& client = clients_[move.client];
        switch (move.action) {
            case Action::step:
                step(client);
                break;
            case Action::take:
                take(client);
                break;
            case Action::crash:
                start(move.client);
                break;
            case Action::leave:
            case Action::leave_static:
                leave(move.client, move.action == Action::leave_static);
                break;
            case Action::lose_answer:
                client.call.reset();
                client.must_say_all = true;
                break;
            case Action::grow_topic:
                if (partitions_ < 12) fixture_.set_topic("orders", ++partitions_);
                break;
            case Action::pass_time:
                fixture_.advance(std::chrono::milliseconds(move.amount));
                break;
            case Action::settle:
                if (!fixture_.pending().empty()) fixture_.commit_one();
                break;
            case Action::fail_over:
                check_log();
                fixture_.fail_over();
                for (Client& each : clients_) {
                    each.call.reset();
                    each.must_say_all = true;
                }
                break;
        }
        const ConsumerGroup* const group = fixture_.consumer_group();
        if (group != nullptr) group->check_invariants();
    }

    // No more trouble: everybody does what is asked, and the group comes to rest.
    void calm_down() {
        for (int round = 0; round < 40; ++round) {
            for (std::size_t i = 0; i < clients_.size(); ++i) {
                for (const Action action :
                     {Action::step, Action::settle, Action::settle, Action::step, Action::take}) {
                    move({action, i, 1});
                }
            }
            while (!fixture_.pending().empty()) move({Action::settle, 0, 1});
            move({Action::pass_time, 0, 2000});
        }
        check_log();
        std::map<IdPartition, int> owners;
        for (const Client& each : clients_) {
            RC_ASSERT(each.state.owned.size() * clients_.size() + clients_.size() > partitions_);
            RC_ASSERT(each.state.owned.size() * clients_.size() < partitions_ + clients_.size());
            for (const IdPartition& partition : each.state.owned) ++owners[partition];
        }
        RC_ASSERT(owners.size() == partitions_);
        for (const auto& [partition, count] : owners) RC_ASSERT(count == 1);
        RC_ASSERT(fixture_.consumer_group()->state() == ConsumerGroupState::stable);
    }
    int taken() const { return taken_; }

  private:
    struct Client {
        ConsumerClient state;
        std::optional<CallId> call;
        bool must_say_all = true;
        bool has_news = false;        // it owns something else than it said
        bool has_stated_all = false;  // the call lists what it owns
    };

    // A new process: its predecessor's ownership ends with it.
    void start(std::size_t index) {
        Client& client = clients_[index];
        client = Client();
        client.state.member_id = fmt::format("m{}", ++processes_);
        if (index == 0) client.state.instance_id = "pod";
        if (index % 2 == 0) {
            client.state.topics = {};
            client.state.expression = "ord.*";
        }
    }

    void leave(std::size_t index, bool is_static) {
        Client& client = clients_[index];
        if (is_static && !client.state.instance_id) return;
        if (client.state.epoch > 0) {
            fixture_.send(client.state.leaving(is_static ? static_leaving_member_epoch
                                                         : leaving_member_epoch));
        }
        start(index);
    }

    void step(Client& client) {
        if (client.call) return read(client);
        Heartbeat request = client.state.keep_alive();
        if (client.must_say_all || client.state.epoch == 0) {
            request = client.state.full();
        } else if (client.has_news) {
            request = client.state.owning();
        }
        client.has_news = false;
        client.has_stated_all = request.topic_partitions.has_value();
        client.call = fixture_.send(request);
        client.must_say_all = false;
    }

    void read(Client& client) {
        const auto response = fixture_.take<ConsumerGroupHeartbeatResponse>(*client.call);
        if (!response) return;
        client.call.reset();
        client.state.take(*response);
        switch (response->error_code) {
            case ErrorCode::none:
                return;
            case ErrorCode::unknown_member_id:
            case ErrorCode::fenced_member_epoch:
            case ErrorCode::fenced_instance_id:
            case ErrorCode::group_id_not_found: {
                // Everything is lost; it joins again, without anything.
                client.state.owned.clear();
                client.state.target.clear();
                client.state.epoch = 0;
                client.must_say_all = true;
                return;
            }
            case ErrorCode::unreleased_instance_id:
                client.must_say_all = true;
                return;
            default:
                RC_FAIL(std::string(to_string(response->error_code)));
        }
    }

    // First it gives up, and says so; then it takes. While a statement of all that it owns is on
    // its way it takes nothing: the coordinator gives to others what is not on that list.
    void take(Client& client) {
        if (client.call && client.has_stated_all) return;
        if (client.state.epoch == 0 || client.state.owned == client.state.target) return;
        const IdPartitions before = client.state.owned;
        client.state.revoke();
        for (const IdPartition& partition : client.state.target) {
            if (!client.state.owned.insert(partition).second) continue;
            ++taken_;
            if (!is_member(client)) continue;  // a zombie may believe what it likes
            for (const Client& other : clients_) {
                if (&other == &client || !is_member(other)) continue;
                RC_ASSERT(!other.state.owned.contains(partition));
            }
        }
        client.has_news = true;
    }

    void check_log() const { RC_ASSERT(fixture_.replayed().has_same_records_as(fixture_.shard())); }

    // The coordinator has not fenced it.
    bool is_member(const Client& client) const {
        const ConsumerGroup* const group = fixture_.consumer_group();
        return group != nullptr && group->find_member(client.state.member_id) != nullptr;
    }

    GroupFixture fixture_;
    std::size_t partitions_ = 5;
    int processes_ = 0;
    int taken_ = 0;
    std::array<Client, 4> clients_;
};

// The laws judge nothing if the clients never take a partition, so that is judged as well.
TEST(ConsumerGroupWalk, KeepsTheLawsUnderAnyScheduleAndComesToRestAfterIt) {
    int taken = 0;
    rc::detail::checkGTest([&](const std::vector<std::uint8_t>& lengthener) {
        const auto length = 100 + 2 * lengthener.size();
        const auto moves = *rc::gen::container<std::vector<Move>>(length, any_move());
        Walk walk;
        for (const Move& move : moves) walk.move(move);
        walk.calm_down();
        taken += walk.taken();
    });
    EXPECT_GT(taken, 500);
}

}  // namespace
}  // namespace squall::model
