#include "model/patterns/parallel_handler.h"

#include <algorithm>
#include <utility>

#include "sim/base/hash.h"

namespace squall::model {

// ---- frontier ----

void CommitFrontier::begin(Offset offset) {
    if (taken_ == no_offset) taken_ = offset;
    open_.insert(offset);
    next_ = std::max(next_, offset.next());
}

void CommitFrontier::finish(Offset offset) {
    open_.erase(offset);
}

std::optional<Offset> CommitFrontier::take() {
    const Offset reached = open_.empty() ? next_ : *open_.begin();
    if (reached <= taken_) return std::nullopt;
    taken_ = reached;
    return reached;
}

// ---- handler ----

ParallelHandler::ParallelHandler(Station station, Business& business, std::string ledger,
                                 std::vector<std::string> topics)
    : Handler(std::move(station), business, std::move(ledger), std::move(topics)),
      progress_(station_.node) {
    for (std::size_t i = 0; i < lane_count; ++i) {
        Lane& lane = *lanes_.emplace_back(std::make_unique<Lane>(station_.node));
        station_.node.spawn("lane", [this, &lane] { run_lane(lane); });
    }
}

RebalanceCallbacks ParallelHandler::callbacks() {
    RebalanceCallbacks made;
    // Who is asked to give a partition up may still commit what is done of it.
    made.revoked = [this](const std::vector<TopicPartition>& partitions) {
        commit_done();
        drop(partitions);
    };
    made.lost = [this](const std::vector<TopicPartition>& partitions) { drop(partitions); };
    return made;
}

ParallelHandler::Lane& ParallelHandler::lane_of(const ConsumerRecord& record) {
    if (business_.has("any-lane")) return *lanes_[next_lane_++ % lane_count];
    return *lanes_[hash_bytes(record.key ? ByteView(*record.key) : ByteView()) % lane_count];
}

void ParallelHandler::take(const Batch& batch) {
    for (const ConsumerRecord& record : batch) {
        frontiers_[record.partition].begin(record.offset);
        ++open_;
        Lane& lane = lane_of(record);
        lane.jobs.push_back({record, term_of(record.partition)});
        lane.has_work.open();
    }
}

void ParallelHandler::before_poll() {
    while (open_ >= most_at_once) {
        progress_.close();
        progress_.wait();
    }
    if (business_.has("commit-highest")) {
        consumer_.commit_sync();
    } else {
        commit_done();
    }
}

void ParallelHandler::run_lane(Lane& lane) {
    for (;;) {
        while (lane.jobs.empty()) {
            lane.has_work.close();
            lane.has_work.wait();
        }
        const Job job = std::move(lane.jobs.front());
        lane.jobs.pop_front();
        // Nobody waits for what was taken away before it was begun.
        const TopicPartition& partition = job.record.partition;
        if (job.term == term_of(partition)) {
            work(job.record);
            apply(job.record);
        }
        if (job.term == term_of(partition)) frontiers_[partition].finish(job.record.offset);
        --open_;
        progress_.open();
    }
}

void ParallelHandler::commit_done() {
    std::map<TopicPartition, Offset> done;
    for (auto& [partition, frontier] : frontiers_) {
        if (const std::optional<Offset> offset = frontier.take()) done[partition] = *offset;
    }
    if (!done.empty()) consumer_.commit_sync(done);
}

void ParallelHandler::drop(const std::vector<TopicPartition>& partitions) {
    for (const TopicPartition& partition : partitions) {
        ++terms_[partition];
        frontiers_.erase(partition);
    }
}

}  // namespace squall::model
