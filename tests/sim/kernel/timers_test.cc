#include "sim/kernel/timers.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <vector>

#include "sim/base/assert.h"

namespace squall::sim {
namespace {

class RecordingTimer final : public Timer {
  public:
    RecordingTimer(std::vector<int>& fired, int number) : fired_(fired), number_(number) {}
    void fire() override { fired_.push_back(number_); }

  private:
    std::vector<int>& fired_;
    int number_;
};

struct TimersTest : testing::Test {
    std::vector<int> fired;
    Timers timers;

    void fire_all() {
        while (!timers.empty()) timers.fire_next();
    }
};

TEST_F(TimersTest, FireInOrderOfTimeThenTieThenArming) {
    RecordingTimer late(fired, 1), tied_high(fired, 2), tied_low(fired, 3), same(fired, 4);
    timers.arm(late, Time(2s), 0);
    timers.arm(tied_high, Time(1s), 9);
    timers.arm(tied_low, Time(1s), 3);
    timers.arm(same, Time(1s), 9);
    fire_all();
    EXPECT_EQ(fired, (std::vector<int>{3, 2, 4, 1}));
}

TEST_F(TimersTest, ATimerIsNoLongerArmedWhenItFires) {
    struct Asking final : Timer {
        bool was_armed = true;
        void fire() override { was_armed = is_armed(); }
    } asking;
    timers.arm(asking, Time(1s), 0);
    EXPECT_TRUE(asking.is_armed());
    EXPECT_EQ(asking.due(), Time(1s));
    timers.fire_next();
    EXPECT_FALSE(asking.was_armed);
}

TEST_F(TimersTest, ATimerMayArmItselfAgainWhileItFires) {
    struct Periodic final : Timer {
        Timers& timers;
        int count = 0;
        explicit Periodic(Timers& all) : timers(all) {}
        void fire() override {
            if (++count < 3) timers.arm(*this, due() + 1s, 0);
        }
    } periodic(timers);
    timers.arm(periodic, Time(1s), 0);
    fire_all();
    EXPECT_EQ(periodic.count, 3);
    EXPECT_EQ(periodic.due(), Time(3s));
}

TEST_F(TimersTest, ACancelledTimerLeavesNothingBehind) {
    RecordingTimer timer(fired, 1);
    for (int i = 0; i < 1000; ++i) {
        timers.arm(timer, Time(Duration(i)), 0);
        timer.cancel();
    }
    EXPECT_EQ(timers.size(), 0u);
    timer.cancel();
    EXPECT_FALSE(timer.is_armed());
}

TEST_F(TimersTest, DestructionCancels) {
    RecordingTimer kept(fired, 1);
    {
        RecordingTimer gone(fired, 2);
        timers.arm(gone, Time(1s), 0);
        timers.arm(kept, Time(2s), 0);
    }
    fire_all();
    EXPECT_EQ(fired, std::vector<int>{1});
}

TEST(Timer, OutlivesItsTimers) {
    std::vector<int> fired;
    RecordingTimer timer(fired, 1);
    {
        Timers timers;
        timers.arm(timer, Time(1s), 0);
    }
    EXPECT_FALSE(timer.is_armed());
}

TEST(Timer, CannotBeCancelledWhereItWasNotArmed) {
    std::vector<int> fired;
    Timers here, there;
    RecordingTimer timer(fired, 1);
    here.arm(timer, Time(1s), 0);
    EXPECT_THROW(there.cancel(timer), AssertionFailure);
}

// Any mixture of arming, re-arming, cancelling, destroying and firing does what an ordered map of
// (time, tie, arming) does.
RC_GTEST_PROP(Timers, AgreeWithAnOrderedMap, ()) {
    using Key = std::tuple<Time, std::uint64_t, std::uint64_t>;
    std::vector<int> fired;
    Timers timers;
    std::vector<std::unique_ptr<RecordingTimer>> all;
    std::map<Key, int> model;
    std::map<int, Key> key_of;
    for (int i = 0; i < 24; ++i) all.push_back(std::make_unique<RecordingTimer>(fired, i));
    const auto forget = [&](int number) {
        const auto found = key_of.find(number);
        if (found == key_of.end()) return;
        model.erase(found->second);
        key_of.erase(found);
    };

    std::uint64_t arming = 0;
    const auto steps = *rc::gen::container<std::vector<std::tuple<int, int, int, int>>>(
        rc::gen::tuple(rc::gen::inRange(0, 10), rc::gen::inRange(0, 24), rc::gen::inRange(0, 12),
                       rc::gen::inRange(0, 3)));
    for (const auto& [what, number, due, tie] : steps) {
        if (what < 6) {
            const Key key{Time(Duration(due)), tie, arming++};
            timers.arm(*all[static_cast<std::size_t>(number)], Time(Duration(due)),
                       static_cast<std::uint64_t>(tie));
            forget(number);
            model[key] = number;
            key_of[number] = key;
        } else if (what < 8) {
            all[static_cast<std::size_t>(number)]->cancel();
            forget(number);
        } else if (what == 8) {
            all[static_cast<std::size_t>(number)] = std::make_unique<RecordingTimer>(fired, number);
            forget(number);
        } else if (!model.empty()) {
            RC_ASSERT(timers.next_due() == std::get<0>(model.begin()->first));
            timers.fire_next();
            RC_ASSERT(fired.back() == model.begin()->second);
            forget(fired.back());
        }
        RC_ASSERT(timers.size() == model.size());
    }
    while (!model.empty()) {
        timers.fire_next();
        RC_ASSERT(fired.back() == model.begin()->second);
        forget(fired.back());
    }
    RC_ASSERT(timers.empty());
}

}  // namespace
}  // namespace squall::sim
