// parallel-handling: a member hands its records to several lanes, so that a slow one does not hold
// up the others, and commits up to the first that is not done. Records of one key stay in one lane,
// and so in order. At least once.
//
//   commit-highest  commits what it has polled: a crash loses what the slower lanes had not done
//   any-lane        deals records out in turn: those of one key overtake each other
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "model/patterns/handler.h"
#include "sim/kernel/wait.h"

namespace squall::model {

// Of one partition: what was handed out, and how much of it is done without a gap.
class CommitFrontier {
  public:
    void begin(Offset offset);
    void finish(Offset offset);
    // The offset to commit: behind the last one before which all are done; nullopt: nothing new.
    std::optional<Offset> take();

  private:
    std::set<Offset> open_;
    Offset next_ = no_offset;  // behind the last that was handed out
    Offset taken_ = no_offset;
};

class ParallelHandler final : public Handler {
  public:
    ParallelHandler(Station station, Business& business, std::string ledger,
                    std::vector<std::string> topics);

  private:
    static constexpr std::size_t lane_count = 4;
    // Records that wait or are worked on, above which nothing more is polled.
    static constexpr std::size_t most_at_once = 40;

    struct Job {
        ConsumerRecord record;
        std::uint64_t term;  // in which the partition was assigned
    };
    struct Lane {
        explicit Lane(sim::Node& node) : has_work(node) {}
        std::deque<Job> jobs;
        sim::Gate has_work;
    };

    void take(const Batch& batch) override;
    void before_poll() override;
    RebalanceCallbacks callbacks() override;
    void run_lane(Lane& lane);
    Lane& lane_of(const ConsumerRecord& record);
    void commit_done();
    // Forgets what was under way; lanes that still work on it are of an earlier term.
    void drop(const std::vector<TopicPartition>& partitions);
    std::uint64_t term_of(const TopicPartition& partition) { return terms_[partition]; }

    std::vector<std::unique_ptr<Lane>> lanes_;
    std::size_t next_lane_ = 0;
    std::map<TopicPartition, CommitFrontier> frontiers_;
    std::map<TopicPartition, std::uint64_t> terms_;
    std::size_t open_ = 0;
    sim::Gate progress_;
};

}  // namespace squall::model
