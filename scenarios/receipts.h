// Receipts: what each fault did, told by events of other rooms. A fault that nobody noticed has an
// empty receipt, and a run in which every receipt is empty is vacuous.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/protocol/types.h"
#include "scenarios/run.h"
#include "sim/trace/event.h"
#include "sim/trace/trace.h"

namespace squall::scenarios {

class Receipts {
  public:
    explicit Receipts(const sim::Trace& trace) : trace_(trace) {}

    // A fault struck these nodes now, or ended.
    void struck(const std::string& id, const std::string& kind, const std::string& target,
                const std::vector<std::string>& nodes, Time at);
    void healed(const std::string& id, Time at);
    // It was planned and found no target, or its time never came.
    void missed(const std::string& id, const std::string& kind, const std::string& target);

    // Most of a trace is frames that came through: no receipt tells of one.
    static bool looks_at(const sim::EventKind& kind);
    void observe(const sim::Event& event);
    // In order of striking.
    std::vector<FaultReceipt> finish() const;

  private:
    // One line of a receipt. Leaders that move together are told together.
    struct Fact {
        std::string text;
        std::vector<model::TopicPartition> moved;  // none: the text says it all
    };
    struct Record {
        FaultReceipt receipt;
        std::vector<std::string> nodes;
        bool active = false;
        std::map<std::string, std::uint64_t> frames;   // rule -> how many frames it disturbed
        std::map<std::string, std::uint64_t> disk;     // disk fault -> how often it hit
        std::map<std::string, std::uint64_t> mishaps;  // what an application told -> how often
        std::map<std::string, std::uint64_t, std::less<>> frames_lost;  // by whom it concerns
        // Of its nodes, those that it has done something to: only their misfortunes are its own.
        std::set<std::string, std::less<>> touched;
        std::uint64_t lost_bytes = 0;
        std::map<std::string, std::uint64_t> unsynced;  // lost by machines that were down already
        std::uint64_t retries = 0;
        std::vector<Fact> facts;
    };

    static bool aims_at(const Record& record, std::string_view node);
    static bool concerns(const Record& record, std::string_view node);
    // Whether the fault did this to `node`, directly. Notes it.
    bool touches(Record& record, std::string_view node, const sim::Event& event);
    bool is_member_at(const std::string& member_id, std::string_view node) const;
    static void leader_moved(Record& record, const model::TopicPartition& partition,
                             std::string how);

    const sim::Trace& trace_;
    std::vector<Record> records_;
    std::map<sim::EventSequence, std::size_t> strikes_;  // FaultStarted -> its record
    std::map<model::TopicPartition, model::BrokerId> leaders_;
    std::map<model::BrokerId, std::string> brokers_;
    std::map<std::string, std::string> members_;  // whose client told of it -> its machine
};

}  // namespace squall::scenarios
