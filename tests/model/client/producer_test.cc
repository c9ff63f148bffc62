// The producer as an application has it: what send, flush and close wait for, for how long, and
// what callbacks say and in which order. One broker, which answers, keeps silent, or takes its
// time.
#include "model/client/producer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/model/client/fake_broker.h"

namespace squall::model {
namespace {

using testing::Each;
using testing::ElementsAre;

class ProducerTest : public testing::Test {
  public:
    class Application final : public sim::Process {
      public:
        using Script = std::function<void(Producer&, sim::Node&)>;
        Application(sim::Node& node, Fabric fabric, ProducerOptions options, Script script)
            : producer_(node, fabric, {"b1"}, std::move(options)), script_(std::move(script)) {
            node.spawn("main", [this, &node] { script_(producer_, node); });
        }

      private:
        Producer producer_;
        Script script_;
    };

  protected:
    ProducerTest() {
        broker_ =
            &simulation_.add_node({.name = "b1", .factory = [this](sim::Node& node) {
                                       return std::make_unique<FakeBroker>(node, fabric_, state_);
                                   }});
        network_.attach(*broker_);
        state_.topics["orders"] = 3;
    }
    ~ProducerTest() override { simulation_.finish(); }

    static ProducerOptions quick() {
        ProducerOptions options;
        options.client.client_id = "app";
        options.linger = std::chrono::milliseconds(0);
        return options;
    }
    void run(ProducerOptions options, Application::Script script, Duration time = 200s) {
        broker_->start();
        sim::Node& node = simulation_.add_node(
            {.name = "app", .factory = [this, options, script](sim::Node& process_node) {
                 return std::make_unique<Application>(process_node, fabric_, options, script);
             }});
        network_.attach(node);
        node.start();
        simulation_.run_until(simulation_.now() + time);
    }
    ProducerRecord record(std::int32_t partition, std::size_t bytes = 10) {
        ProducerRecord made;
        made.topic = "orders";
        made.partition = partition;
        made.value = Bytes(bytes, 'x');
        return made;
    }
    // Remembers when each send completed, as which one, and how.
    SendCallback note(int number) {
        return [this, number](const SendResult& result) {
            completed_.push_back(number);
            results_[number] = result;
        };
    }

    sim::Simulation simulation_{{.seed = 7}};
    sim::Network network_{simulation_, {}};
    Fabric fabric_{network_, CodecMode::roundtrip};
    FakeBrokerState state_;
    sim::Node* broker_ = nullptr;
    std::vector<int> completed_;
    std::map<int, SendResult> results_;
};

TEST_F(ProducerTest, FlushDoesNotLingerAndReturnsWhenAllIsDone) {
    ProducerOptions options = quick();
    options.linger = std::chrono::milliseconds(60000);
    Duration took{};
    std::size_t left = 99;
    std::size_t before = 0;
    run(options, [&](Producer& producer, sim::Node& node) {
        for (int i = 0; i < 3; ++i) producer.send(record(i), note(i));
        before = producer.pending();
        const LocalTime begin = node.now();
        producer.flush();
        took = node.now() - begin;
        left = producer.pending();
    });
    EXPECT_EQ(before, 3u);
    EXPECT_EQ(left, 0u);
    EXPECT_LT(took, 2s);
    EXPECT_EQ(completed_.size(), 3u);
}

TEST_F(ProducerTest, WithoutAFlushARecordLingers) {
    ProducerOptions options = quick();
    options.linger = std::chrono::milliseconds(3000);
    Duration took{};
    run(options, [&](Producer& producer, sim::Node& node) {
        producer.send_and_wait(record(0));  // metadata, and a producer id
        const LocalTime begin = node.now();
        producer.send_and_wait(record(1));
        took = node.now() - begin;
    });
    EXPECT_GE(took, 3s);
    EXPECT_LT(took, 4s);
}

TEST_F(ProducerTest, CallbacksOfAPartitionComeInTheOrderOfTheSends) {
    run(quick(), [&](Producer& producer, sim::Node& node) {
        for (int i = 0; i < 40; ++i) {
            producer.send(record(0), note(i));
            if (i % 7 == 0) node.sleep_for(1ms);
        }
        producer.flush();
    });
    ASSERT_EQ(completed_.size(), 40u);
    EXPECT_TRUE(std::ranges::is_sorted(completed_));
    EXPECT_TRUE(std::ranges::all_of(results_, [](const auto& each) { return each.second.ok(); }));
}

// The first is on its way, and its leader knows nothing of this producer yet: the others wait.
TEST_F(ProducerTest, CloseGivesUpInOrderAndCallsFailedOnlyWhatNeverLeft) {
    ProducerOptions options = quick();
    options.batch_size = 1;
    state_.is_silent_about_produce = true;
    Duration took{};
    run(options, [&](Producer& producer, sim::Node& node) {
        for (int i = 0; i < 4; ++i) producer.send(record(0), note(i));
        const LocalTime begin = node.now();
        producer.close(3s);
        took = node.now() - begin;
    });
    EXPECT_GE(took, 3s);
    EXPECT_LT(took, 3100ms);
    EXPECT_THAT(completed_, ElementsAre(0, 1, 2, 3));
    EXPECT_EQ(results_[0].outcome, Outcome::unknown);
    EXPECT_EQ(results_[1].outcome, Outcome::failed);
    EXPECT_EQ(results_[3].error, "closed");
}

TEST_F(ProducerTest, CloseWaitsForWhatWasSentAndNoLonger) {
    ProducerOptions options = quick();
    options.linger = std::chrono::milliseconds(60000);
    Duration took{};
    run(options, [&](Producer& producer, sim::Node& node) {
        producer.send(record(0), note(0));
        const LocalTime begin = node.now();
        producer.close(100s);
        took = node.now() - begin;
        producer.close(100s);  // again: nothing
    });
    EXPECT_LT(took, 2s);
    EXPECT_TRUE(results_[0].ok());
}

// Two batches fill the memory; the third send has nowhere to go.
TEST_F(ProducerTest, WaitsForMemoryAsLongAsItMay) {
    ProducerOptions options = quick();
    options.buffer_memory = 2 * options.batch_size;
    options.max_block = std::chrono::milliseconds(5000);
    state_.is_silent_about_produce = true;
    Duration took{};
    run(options, [&](Producer& producer, sim::Node& node) {
        producer.send(record(0), note(0));
        producer.send(record(1), note(1));
        const LocalTime begin = node.now();
        producer.send(record(2), note(2));
        took = node.now() - begin;
    });
    EXPECT_EQ(took, Duration(5s));
    EXPECT_EQ(results_[2].outcome, Outcome::failed);
    EXPECT_EQ(results_[2].error, "max.block.ms passed without buffer.memory");
    EXPECT_EQ(completed_.front(), 2) << "the others are still tried";
}

TEST_F(ProducerTest, GoesOnAsSoonAsThereIsMemoryAndDoesNotLingerUnderPressure) {
    ProducerOptions options = quick();
    options.linger = std::chrono::milliseconds(50000);
    options.buffer_memory = 2 * options.batch_size;
    Duration took{};
    run(options, [&](Producer& producer, sim::Node& node) {
        producer.send(record(0), note(0));
        producer.send(record(1), note(1));
        const LocalTime begin = node.now();
        producer.send(record(2), note(2));
        took = node.now() - begin;
        producer.flush();
    });
    EXPECT_LT(took, 2s);
    EXPECT_EQ(results_.size(), 3u);
    EXPECT_TRUE(results_[2].ok());
}

TEST_F(ProducerTest, RefusesWhatCanNeverBeSent) {
    ProducerOptions options = quick();
    options.max_request_size = 1000;
    run(options, [&](Producer& producer, sim::Node&) {
        producer.send(record(0, 2000), note(0));
        producer.send(record(0, 10), note(1));
        producer.flush();
    });
    EXPECT_EQ(results_[0].outcome, Outcome::failed);
    EXPECT_EQ(results_[0].error, "MESSAGE_TOO_LARGE");
    EXPECT_TRUE(results_[1].ok());
}

// Kafka's BufferPool: a legal setting with which nothing can be sent.
TEST_F(ProducerTest, RefusesEverySendWhereABatchIsLargerThanTheMemory) {
    ProducerOptions options = quick();
    options.buffer_memory = options.batch_size - 1;
    run(options, [&](Producer& producer, sim::Node&) {
        producer.send(record(0), note(0));
        producer.send(record(1), note(1));
        producer.flush();
    });
    EXPECT_EQ(results_[0].outcome, Outcome::failed);
    EXPECT_EQ(results_[0].error, "a batch of 16384 bytes is more than buffer.memory");
    EXPECT_EQ(results_[1].outcome, Outcome::failed);
    EXPECT_EQ(state_.produce_requests, 0);
}

TEST_F(ProducerTest, EndsASendThatWaitsForMemoryWhenItIsClosed) {
    ProducerOptions options = quick();
    options.buffer_memory = options.batch_size;
    state_.is_silent_about_produce = true;
    Duration took{};
    run(options, [&](Producer& producer, sim::Node& node) {
        producer.send(record(0), note(0));
        node.spawn("closer", [&] {
            node.sleep_for(1s);
            producer.close(Duration{});
        });
        const LocalTime begin = node.now();
        producer.send(record(1), note(1));
        took = node.now() - begin;
    });
    EXPECT_EQ(took, Duration(1s));
    EXPECT_EQ(results_[1].outcome, Outcome::failed);
    EXPECT_EQ(results_[1].error, "closed");
}

TEST_F(ProducerTest, GivesUpAfterTheDeliveryTimeoutAndDoesNotKnow) {
    ProducerOptions options = quick();
    options.client.request_timeout = std::chrono::milliseconds(3000);
    options.delivery_timeout = std::chrono::milliseconds(8000);
    state_.is_silent_about_produce = true;
    Duration took{};
    run(options, [&](Producer& producer, sim::Node& node) {
        const LocalTime begin = node.now();
        producer.send_and_wait(record(0));
        took = node.now() - begin;
        producer.send(record(1), note(1));
    });
    EXPECT_GE(took, 8s);
    EXPECT_LT(took, 9s);
    EXPECT_EQ(results_[1].outcome, Outcome::unknown);
    EXPECT_GE(results_[1].attempts, 2u);
}

}  // namespace
}  // namespace squall::model
