#include "sim/base/fifo.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <memory>

namespace squall {
namespace {

RC_GTEST_PROP(Fifo, IsADeque, ()) {
    Fifo<std::unique_ptr<int>> fifo;
    std::deque<int> model;
    int next = 0;
    const int steps = *rc::gen::inRange(0, 600);
    // Long enough at times that what was popped is given back.
    const int pushes_of_ten = *rc::gen::inRange(3, 9);
    for (int i = 0; i < steps; ++i) {
        if (*rc::gen::inRange(0, 10) < pushes_of_ten || model.empty()) {
            model.push_back(next);
            RC_ASSERT(*fifo.push(std::make_unique<int>(next++)) == model.back());
        } else if (*rc::gen::inRange(0, 4) > 0) {
            RC_ASSERT(*fifo.front() == model.front());
            RC_ASSERT(*fifo.pop() == model.front());
            model.pop_front();
        } else {
            RC_ASSERT(*fifo.back() == model.back());
            RC_ASSERT(*fifo.pop_back() == model.back());
            model.pop_back();
        }
        RC_ASSERT(fifo.size() == model.size());
        RC_ASSERT(fifo.empty() == model.empty());
    }
    for (std::size_t n = 0; n < model.size(); ++n) RC_ASSERT(*fifo[n] == model[n]);
}

TEST(Fifo, GivesBackWhatManyPopsLeftBehind) {
    Fifo<int> fifo;
    for (int i = 0; i < 200; ++i) fifo.push(int{i});
    for (int i = 0; i < 150; ++i) EXPECT_EQ(fifo.pop(), i);
    EXPECT_EQ(fifo.size(), 50u);
    for (int i = 150; i < 200; ++i) EXPECT_EQ(fifo.pop(), i);
    EXPECT_TRUE(fifo.empty());
}

}  // namespace
}  // namespace squall
