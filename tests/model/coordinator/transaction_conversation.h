// TransactionConversation: two producers of one transactional id, its coordinator and the leaders
// of two partitions, who speak only when told to, and write down what was said. Transcripts are its
// commands, each followed by what came of it, in the manner of etcd-raft. Deciders are the real
// ones: the coordinator's shard, the partitions' producer states and verification.
//
//   version 1 [ceiling=2] [unverified]   transaction.version; the last epoch; leaders do not ask
//   init A                A asks for its producer id; CONCURRENT_TRANSACTIONS is said, not retried
//   add A p0              A tells the coordinator of a partition (version 1 does, before it sends)
//   produce A p0 x        a batch with the record x reaches the leader, who has it verified
//   send A p0 x           it is on its way ...
//   end A commit          EndTxn reaches the coordinator, and its record the log
//   delay A commit        it is on its way ...
//   arrive                ... and what was sent first arrives
//   forget A              A gives up waiting and goes on: its next transaction
//   hold / store / refuse records of the coordinator wait / the first is stored / is not
//   markers               the missing markers are written, and the transaction completes
//   markers p0            only this one
//   failover kept|lost    the coordinator dies; what was on its way is in the log, or not
//   tick 61               seconds go by, and the coordinator looks for transactions out of time
//   state                 the coordinator's, and its log's last word
//   read                  what read_committed consumers see of each partition, and how far
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/log/producer_state.h"
#include "model/replica/transaction_verification.h"
#include "tests/model/coordinator/transaction_world.h"

namespace squall::model {

class TransactionConversation {
  public:
    TransactionConversation() { reset({}, 2); }

    // What came of one command, in lines.
    std::string obey(const std::string& command);

  private:
    struct Client {
        ProducerId id = no_producer_id;
        ProducerEpoch epoch = no_producer_epoch;
        std::map<std::string, std::int32_t> sequences{};
    };
    struct Leader {
        struct Entry {
            std::string text;  // "" for a marker
            ProducerId producer;
        };
        ProducerStates states{};
        TransactionVerification verification{};
        std::vector<Entry> log{};
        std::vector<AbortedTransaction> aborted{};
    };

    void reset(TransactionOptions options, std::int16_t version);
    void init(const std::string& name);
    void add(const std::string& name, const std::string& partition);
    void produce(Client who, const std::string& name, const std::string& partition,
                 const std::string& text, std::int32_t sequence);
    void end(Client who, const std::string& name, bool commit);
    void write_marker(const std::string& partition);
    void write_markers();
    void read();
    void state();
    void say(const std::string& line) { said_ += line + "\n"; }
    // Answers as soon as they are there: at once, or when the record is stored.
    void take(std::vector<TransactionReply> replies);
    void store(ErrorCode error);
    ErrorCode verify(const Client& who, const std::string& partition, bool adds);

    std::unique_ptr<TransactionWorld> world_;
    std::int16_t version_ = 2;
    bool verifies_ = true;
    bool holds_ = false;
    std::map<std::string, Client> clients_;
    std::map<std::string, Leader> leaders_;
    std::deque<std::function<void()>> on_its_way_;
    std::function<void(const TransactionReply&)> listener_;
    std::string said_;
};

}  // namespace squall::model
