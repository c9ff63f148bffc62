// Where orders come from.
//
//   OrderSource   sends each to Kafka; an order counts as taken when it is acknowledged.
//   OutboxSource  stores each in its database, together with a message for a relay (transactional
//                 outbox); it counts as taken when that transaction is there. Some are refused.
//       dual-write     stores the order, then sends it by itself: a crash in between loses it
//       publish-first  sends, then stores: readers see orders that were refused
//   OutboxRelay   publishes the messages in their order, and marks what is acknowledged.
//       relay-marks-first  marks, then sends
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/client/producer.h"
#include "model/patterns/business.h"
#include "model/patterns/station.h"
#include "sim/base/distribution.h"

namespace squall::model {

// The clock of a source, and its producer.
class Source : public sim::Process {
  public:
    Source(Station station, Business& business, std::uint32_t rate);

  protected:
    virtual void place(std::uint64_t number) = 0;
    // Of this order, now.
    ProducerRecord make(std::uint64_t number) const;

    Station station_;
    Business& business_;
    Producer producer_;

  private:
    void run();

    DurationDistribution interval_;
};

class OrderSource final : public Source {
  public:
    using Source::Source;

  private:
    void place(std::uint64_t number) override;
};

class OutboxSource final : public Source {
  public:
    using Source::Source;

  private:
    void place(std::uint64_t number) override;
    // The transaction that decides about the order; true: taken. May park.
    bool store(const Order& order, const ProducerRecord& message, bool with_message);
};

class OutboxRelay final : public sim::Process {
  public:
    OutboxRelay(Station station, Business& business);

  private:
    void run();
    // Rows that are not published, from the first on.
    std::vector<std::size_t> due();
    // Sends them all, and returns how many of the first ones are acknowledged. May park.
    std::size_t publish(const std::vector<std::size_t>& rows);
    void mark(const std::vector<std::size_t>& rows, std::size_t count);

    Station station_;
    Business& business_;
    Producer producer_;
};

}  // namespace squall::model
