// The plain ways to handle what a group is handed. What each promises, and how it is done wrong:
//
//   at-most-once         commits, then handles. Not in order: who is taken for dead meanwhile still
//                        handles what it has committed, and its successor is further by then.
//       commit-after-handling            handles first: what a crash interrupts is done twice
//   at-least-once        handles, then commits; or, with auto commit, leaves that to the next poll,
//                        which commits what earlier ones gave.
//       commit-before-handling           what a crash interrupts is not done at all
//       auto-commit-with-handling-aside  hands records to another task and polls on: the client
//                                        commits what still waits there
//   idempotent-consumer  remembers each event in the transaction that brings its effect about, and
//                        does nothing for one that it remembers: exactly once, until memory ends.
//       mark-after-effect, mark-before-effect   in a transaction of its own
//       short-memory                            forgets before a redelivery can come
#pragma once

#include <deque>
#include <memory>

#include "model/patterns/handler.h"
#include "sim/kernel/wait.h"

namespace squall::model {

class AtMostOnceHandler final : public Handler {
  public:
    using Handler::Handler;

  private:
    void take(const Batch& batch) override;
};

class AtLeastOnceHandler final : public Handler {
  public:
    AtLeastOnceHandler(Station station, Business& business, std::string ledger,
                       std::vector<std::string> topics);

  private:
    bool hands_aside() const { return business_.has("auto-commit-with-handling-aside"); }
    void take(const Batch& batch) override;
    void handle_aside();

    std::deque<ConsumerRecord> aside_;  // handed over, and not handled yet
    sim::Gate has_work_;
};

class IdempotentHandler final : public Handler {
  public:
    using Handler::Handler;

  private:
    void take(const Batch& batch) override;
    void apply_once(const ConsumerRecord& record);
};

}  // namespace squall::model
