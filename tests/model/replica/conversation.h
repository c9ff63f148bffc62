// Conversation: a partition's replicas and the controller's deciders, which speak only when told
// to, and write down what was said. Transcripts are its commands, each followed by what came of it,
// in the manner of etcd-raft. Deciders are the real ones; logs are vectors (tiny_cluster.h).
//
//   brokers 3 min_isr=2         B1, B2, B3 hold t-0, in this order. Also: replicas=1,2 of them,
//                               epoch=4 (its leader epoch), no_elr (without KIP-966)
//   log B1 0 0 1                B1 begins with records of these epochs
//   metadata B2 [1]             B2 replays all [one] of what the controller committed
//   produce B1 a                with acks=all
//   fetch B2 [lost]             one exchange with whom B2 takes for its leader [whose answer is
//   lost] consume B1 0                a consumer's fetch from that offset list B1 a consumer asks
//   where the log ends tick B1 / advance 31        B1 looks at its in-sync set / seconds go by
//   controller                  the first proposal under way arrives, and so does its answer
//   lose                        the first proposal under way does not; its leader sends it again
//   elect                       the preferred replica, as by ElectLeaders
//   reassign 2,3,4 / cancel     as by AlterPartitionReassignments
//   fence B1 / unfence B1       its session ends / it sends heartbeats again
//   crash B1                    its process is gone; `power B1`: and what was not flushed with it
//   wipe B1                     its disk is empty
//   flush B1                    what B1 has is durable
//   start B1 [clean]            a new process registers [after a shutdown in good order]
//   state                       everybody's log
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/bugs.h"
#include "model/controller/cluster_control.h"
#include "model/controller/replica_control.h"
#include "tests/model/replica/tiny_cluster.h"

namespace squall::model {

class ReplicaConversation {
  public:
    explicit ReplicaConversation(const BugSet* bugs = nullptr) : bugs_(bugs) {}

    // What came of one command, in lines.
    std::string obey(const std::string& command);
    // Promises that were broken, in words.
    const std::vector<std::string>& violations() const { return violations_; }

    // The whole text again, each command followed by what came of it.
    static std::string replay(const std::string& transcript, const BugSet* bugs = nullptr,
                              std::vector<std::string>* violations = nullptr);

  private:
    struct Broker {
        BrokerId id;
        BrokerEpoch epoch{-1};
        bool runs = true;
        TinyLog log{};
        std::size_t flushed = 0;
        std::size_t replayed = 0;  // of history_
        std::optional<PartitionLeader> leader{};
        std::optional<PartitionFollower> follower{};
        std::map<ProduceTicket, Offset> waiting{};

        Offset high_watermark() const;
    };
    using Words = std::vector<std::string>;

    void begin(const Words& words);
    void say(std::string line) { said_ += line + "\n"; }
    Broker& broker(const std::string& name);
    Broker& broker(BrokerId id) { return brokers_.at(id); }

    const PartitionImage& partition() const { return *image_.find_partition(name_); }
    void commit(const std::vector<MetadataRecord>& records);
    void replay_metadata(Broker& b, std::size_t batches);
    void take_role(Broker& b, const MetadataImage& image);
    PartitionView view_of(const MetadataImage& image) const;
    void produce(Broker& b, const std::string& text);
    void fetch(Broker& b, bool lose_answer);
    void consume(Broker& b, Offset from);
    void list(Broker& b);
    void deliver_proposal(bool lost);
    void start(Broker& b, bool clean);
    void stop(Broker& b);
    void heartbeat(Broker& b);
    void carry_out(Broker& b, const PartitionLeader::Output& output);
    void carry_out(Broker& b, const PartitionFollower::Output& output,
                   const std::vector<TinyRecord>& records = {});
    std::string print(const TinyRecord& record) const;
    void show_state();
    void violate(std::string what);
    void check_log_matching();

    const BugSet* bugs_;
    ControllerOptions options_;
    std::optional<ReplicaControl> replicas_;
    std::optional<ClusterControl> cluster_;
    MetadataImage image_;
    std::deque<MetadataImage> history_;  // after each committed batch
    TopicPartition name_{"t", 0};
    std::map<BrokerId, Broker> brokers_;
    std::vector<std::pair<BrokerId, IsrChange>> proposals_;
    std::map<Offset, TinyRecord> acknowledged_;
    std::map<std::uint64_t, std::string> texts_;  // of records, by value
    Offset highest_listed_ = no_offset;
    std::vector<std::string> violations_;
    std::string said_;
    LocalTime now_{1s};
    std::uint64_t next_value_ = 1000;
    std::uint64_t next_ticket_ = 1;
    std::uint64_t next_incarnation_ = 1;
};

}  // namespace squall::model
