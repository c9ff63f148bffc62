// Laws of a group whose members speak two protocols, under arbitrary schedules. Clients that behave
// (cooperative ones of the classic protocol, and ones of the consumer protocol) come, go, change
// their protocol, fall silent, lose answers, are late; the group is converted there and back;
// appends are slow and coordinators die. A ledger, which knows nothing of the deciders, keeps who
// owns what as the applications see it:
//
//   - a partition that a client takes is in no hands of another client that is still a member;
//   - after the noise, every partition is owned by exactly one;
//   - what the log says is what the coordinator has.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <map>
#include <ostream>
#include <set>

#include "model/assignors/assignor.h"
#include "tests/model/coordinator/classic_member.h"

namespace squall::model {
namespace {

using namespace std::chrono_literals;

enum class Step {
    go_on,   // a client sends what comes next, or reads its answer
    take,    // the application brings about what it was told
    crash,   // it forgets all and says nothing
    leave,   // it says goodbye, and another process comes
    change,  // the same, and that one speaks the other protocol
    lose_answer,
    pass_time,
    settle,
    fail_over,
};

struct MigrationMove {
    Step step;
    std::size_t client;
    int amount;
};
std::ostream& operator<<(std::ostream& out, const MigrationMove& move) {
    static constexpr std::array names = {"go_on",       "take",      "crash",  "leave",    "change",
                                         "lose_answer", "pass_time", "settle", "fail_over"};
    return out << names[static_cast<std::size_t>(move.step)] << "(c" << move.client << ", "
               << move.amount << ")";
}

rc::Gen<MigrationMove> any_migration_move() {
    const auto step = rc::gen::weightedElement<Step>({
        {70, Step::go_on},
        {30, Step::take},
        {1, Step::crash},
        {1, Step::leave},
        {2, Step::change},
        {2, Step::lose_answer},
        {8, Step::pass_time},
        {40, Step::settle},
        {1, Step::fail_over},
    });
    return rc::gen::map(
        rc::gen::tuple(step, rc::gen::inRange<std::size_t>(0, 4), rc::gen::inRange(1, 4000)),
        [](const std::tuple<Step, std::size_t, int>& parts) {
            return MigrationMove{std::get<0>(parts), std::get<1>(parts), std::get<2>(parts)};
        });
}

std::set<TopicPartition> as_set(const IdPartitions& partitions) {
    std::set<TopicPartition> named;
    for (const IdPartition& each : partitions) named.insert({"orders", each.partition});
    return named;
}

// One process, as it sees itself. It speaks one of the protocols all its life.
struct Process {
    bool is_classic = true;
    std::set<TopicPartition> owned;
    std::optional<CallId> call;
    std::optional<std::set<TopicPartition>> news;  // what it is to own from now on

    // of the classic protocol
    enum class Asks { join, sync, heartbeat } asks = Asks::join;
    ClassicClient classic;
    std::map<std::string, Bytes> assignment;  // to give, as the leader
    bool must_join = true;

    // of the consumer protocol
    ConsumerClient consumer;
    bool must_say_all = true;
    bool must_say_owned = false;  // it owns something else than it said
    bool has_said_owned = false;  // its call lists what it owns

    const std::string& id() const { return is_classic ? classic.member_id : consumer.member_id; }
};

class MigrationWalk {
  public:
    MigrationWalk() {
        fixture_.set_topic("orders", partitions);
        for (std::size_t i = 0; i < processes_.size(); ++i) start(i, true);
    }

    void move(const MigrationMove& move) {
        Process& process = processes_[move.client];
        const bool was_modern = is_modern();
        switch (move.step) {
            case Step::go_on:
                go_on(process, move.client);
                break;
            case Step::take:
                take(process);
                break;
            case Step::crash:
                start(move.client, process.is_classic);
                break;
            case Step::leave:
                leave(process);
                start(move.client, process.is_classic);
                break;
            case Step::change:
                leave(process);
                start(move.client, !process.is_classic);
                break;
            case Step::lose_answer:
                lose_answer(process);
                break;
            case Step::pass_time:
                fixture_.advance(std::chrono::milliseconds(move.amount));
                break;
            case Step::settle:
                if (!fixture_.pending().empty()) fixture_.commit_one();
                break;
            case Step::fail_over:
                check_log();
                fixture_.fail_over();
                for (Process& each : processes_) lose_answer(each);
                break;
        }
        const bool has_members =
            is_modern() ? !fixture_.consumer_group()->members().empty()
                        : fixture_.group() != nullptr && !fixture_.group()->members().empty();
        if (is_modern() != was_modern && has_members) ++(was_modern ? downs_ : ups_);
        if (is_modern()) fixture_.consumer_group()->check_invariants();
    }

    // No more trouble: everybody does what is asked, and the group comes to rest.
    void calm_down() {
        for (int round = 0; round < 60; ++round) {
            for (std::size_t i = 0; i < processes_.size(); ++i) {
                for (const Step step :
                     {Step::go_on, Step::settle, Step::settle, Step::go_on, Step::take}) {
                    move({step, i, 1});
                }
            }
            while (!fixture_.pending().empty()) move({Step::settle, 0, 1});
            move({Step::pass_time, 0, 1500});
        }
        check_log();
        std::map<TopicPartition, int> owners;
        for (const Process& each : processes_) {
            for (const TopicPartition& partition : each.owned) ++owners[partition];
        }
        RC_ASSERT(owners.size() == partitions);
        for (const auto& [partition, count] : owners) RC_ASSERT(count == 1);
        const bool is_settled =
            is_modern() ? fixture_.consumer_group()->state() == ConsumerGroupState::stable
                        : fixture_.group()->is_in(GroupState::stable);
        RC_ASSERT(is_settled);
        // The group speaks the newest protocol that anybody in it speaks.
        const bool is_any_modern =
            std::ranges::any_of(processes_, [](const Process& each) { return !each.is_classic; });
        RC_ASSERT(is_modern() == is_any_modern);
    }
    int taken() const { return taken_; }
    int ups() const { return ups_; }
    int downs() const { return downs_; }

  private:
    static constexpr std::size_t partitions = 6;

    bool is_modern() const { return fixture_.consumer_group() != nullptr; }

    // A new process: its predecessor's ownership ends with it. The first has a name of its own.
    void start(std::size_t index, bool is_classic) {
        Process next;
        next.is_classic = is_classic;
        next.consumer.member_id = fmt::format("m{}", ++started_);
        if (index == 0) {
            next.classic.instance_id = "pod";
            next.consumer.instance_id = "pod";
        }
        processes_[index] = std::move(next);
    }

    void leave(Process& process) {
        if (process.is_classic) {
            if (!process.id().empty()) fixture_.send(process.classic.leaving());
        } else if (process.consumer.epoch > 0) {
            fixture_.send(process.consumer.leaving());
        }
    }

    // Its connection breaks: it says everything again.
    static void lose_answer(Process& process) {
        if (process.is_classic && process.call && process.asks != Process::Asks::heartbeat) {
            process.must_join = true;
        }
        process.call.reset();
        process.must_say_all = true;
    }

    void go_on(Process& process, std::size_t index) {
        if (process.is_classic) {
            if (process.call) {
                read_classic(process, index);
            } else {
                send_classic(process);
            }
        } else if (process.call) {
            read_consumer(process);
        } else {
            send_consumer(process);
        }
    }

    // ---- the classic protocol ----

    void send_classic(Process& process) {
        ClassicClient& self = process.classic;
        using Asks = Process::Asks;
        if (process.must_join && !process.news) {
            self.owned.assign(process.owned.begin(), process.owned.end());
            process.asks = Asks::join;
            process.must_join = false;
            process.call = fixture_.send(self.joining());
        } else if (process.asks == Asks::join && !process.must_join) {
            process.asks = Asks::sync;
            process.call = fixture_.send(self.syncing(process.assignment));
        } else {
            process.asks = Asks::heartbeat;
            process.call = fixture_.send(self.beating());
        }
    }

    void read_classic(Process& process, std::size_t index) {
        ErrorCode error = ErrorCode::none;
        switch (process.asks) {
            case Process::Asks::join: {
                const auto answer = fixture_.take<JoinGroupResponse>(*process.call);
                if (!answer) return;
                error = answer->error_code;
                if (error == ErrorCode::none || error == ErrorCode::member_id_required) {
                    process.classic.take(*answer);
                }
                process.assignment = lead(process, *answer);
                break;
            }
            case Process::Asks::sync: {
                const auto answer = fixture_.take<SyncGroupResponse>(*process.call);
                if (!answer) return;
                error = answer->error_code;
                if (error == ErrorCode::none) {
                    process.classic.take(*answer);
                    const auto& given = process.classic.given;
                    process.news.emplace(given.begin(), given.end());
                    process.asks = Process::Asks::heartbeat;
                }
                break;
            }
            case Process::Asks::heartbeat: {
                const auto answer = fixture_.take<HeartbeatResponse>(*process.call);
                if (!answer) return;
                error = answer->error_code;
                break;
            }
        }
        process.call.reset();
        switch (error) {
            case ErrorCode::none:
                return;
            case ErrorCode::member_id_required:
            case ErrorCode::rebalance_in_progress:
                process.must_join = true;
                return;
            case ErrorCode::unknown_member_id:
                process.classic.member_id.clear();
                [[fallthrough]];
            case ErrorCode::illegal_generation:
                // Everything is lost.
                process.classic.generation = no_generation;
                process.owned.clear();
                process.news.reset();
                process.must_join = true;
                return;
            case ErrorCode::fenced_instance_id:
                start(index, true);
                return;
            default:
                RC_FAIL(std::string(to_string(error)));
        }
    }

    // What the leader of a classic group gives to whom.
    std::map<std::string, Bytes> lead(const Process& process,
                                      const JoinGroupResponse& answer) const {
        std::map<std::string, Bytes> given;
        if (answer.error_code != ErrorCode::none || answer.leader != process.id()) return given;
        std::vector<SubscribedMember> members;
        for (const JoinGroupResponse::Member& each : answer.members) {
            SubscribedMember& member = members.emplace_back();
            member.member_id = each.member_id;
            member.group_instance_id = each.group_instance_id;
            member.subscription = decode_subscription(ByteView(each.metadata)).value();
        }
        const PartitionAssignor* const assignor = find_assignor("cooperative-sticky");
        const PartitionCounts counts = {{"orders", static_cast<std::int32_t>(partitions)}};
        for (const auto& [id, assignment] : assignor->assign(counts, members)) {
            given[id] = encode_assignment(assignment);
        }
        return given;
    }

    // ---- the consumer protocol ----

    void send_consumer(Process& process) {
        ConsumerClient& self = process.consumer;
        self.owned.clear();
        for (const TopicPartition& each : process.owned) {
            self.owned.insert(orders_partition(each.partition));
        }
        Heartbeat request = self.keep_alive();
        if (process.must_say_all || self.epoch == 0) {
            request = self.full();
        } else if (process.must_say_owned) {
            request = self.owning();
        }
        process.has_said_owned = request.topic_partitions.has_value();
        process.must_say_owned = false;
        process.must_say_all = false;
        process.call = fixture_.send(request);
    }

    void read_consumer(Process& process) {
        const auto answer = fixture_.take<ConsumerGroupHeartbeatResponse>(*process.call);
        if (!answer) return;
        process.call.reset();
        process.has_said_owned = false;
        process.consumer.take(*answer);
        switch (answer->error_code) {
            case ErrorCode::none:
                if (answer->assignment) process.news = as_set(process.consumer.target);
                return;
            case ErrorCode::unknown_member_id:
            case ErrorCode::fenced_member_epoch:
            case ErrorCode::fenced_instance_id:
            case ErrorCode::group_id_not_found:
                // Everything is lost; it joins again, without anything.
                process.owned.clear();
                process.news.reset();
                process.consumer.target.clear();
                process.consumer.epoch = 0;
                process.must_say_all = true;
                return;
            case ErrorCode::unreleased_instance_id:
                process.must_say_all = true;
                return;
            default:
                RC_FAIL(std::string(to_string(answer->error_code)));
        }
    }

    // ---- the application ----

    // Gives up what it must, then takes. Members of the consumer protocol take nothing while a
    // statement of all that they own is on its way; those of the classic protocol join once more
    // if they gave something up.
    void take(Process& process) {
        if (!process.news) return;
        if (!process.is_classic && process.call && process.has_said_owned) return;
        process.must_say_owned = true;
        const std::set<TopicPartition> next = *std::exchange(process.news, std::nullopt);
        const auto gone = std::erase_if(
            process.owned, [&](const TopicPartition& each) { return !next.contains(each); });
        if (process.is_classic && gone > 0) process.must_join = true;
        for (const TopicPartition& partition : next) {
            if (!process.owned.insert(partition).second) continue;
            ++taken_;
            if (!is_member(process)) continue;  // a zombie may believe what it likes
            for (const Process& other : processes_) {
                if (&other == &process || !is_member(other)) continue;
                RC_ASSERT(!other.owned.contains(partition));
            }
        }
    }

    void check_log() const { RC_ASSERT(fixture_.replayed().has_same_records_as(fixture_.shard())); }

    // The coordinator has not fenced it.
    bool is_member(const Process& process) const {
        if (is_modern()) return fixture_.consumer_group()->find_member(process.id()) != nullptr;
        const ClassicGroup* const group = fixture_.group();
        return group != nullptr && group->find_member(process.id()) != nullptr;
    }

    GroupFixture fixture_;
    int started_ = 0;
    int taken_ = 0;
    int ups_ = 0;
    int downs_ = 0;
    std::array<Process, 4> processes_;
};

// The laws judge nothing if nobody takes a partition or no group is converted, so that is judged as
// well.
TEST(GroupMigrationWalk, KeepsTheLawsUnderAnyScheduleAndComesToRestAfterIt) {
    int taken = 0;
    int ups = 0;
    int downs = 0;
    rc::detail::checkGTest([&](const std::vector<std::uint8_t>& lengthener) {
        const auto length = 150 + 3 * lengthener.size();
        const auto moves =
            *rc::gen::container<std::vector<MigrationMove>>(length, any_migration_move());
        MigrationWalk walk;
        for (const MigrationMove& move : moves) walk.move(move);
        walk.calm_down();
        taken += walk.taken();
        ups += walk.ups();
        downs += walk.downs();
    });
    EXPECT_GT(taken, 500);
    EXPECT_GT(ups, 20);
    EXPECT_GT(downs, 10);
}

}  // namespace
}  // namespace squall::model
