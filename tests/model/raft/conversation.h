// Conversation: a quorum of pure deciders that speaks only when told to, and writes down what was
// said. Transcripts are its commands, each followed by what came of it, in the manner of etcd-raft.
//
//   members 3                   S1, S2, S3, nothing on their disks; a static quorum
//   voters 3                    the same, of a quorum whose voters may change (KIP-853)
//   observer S4                 another member, who does not vote
//   add S1 S4                   S1 is asked to make S4 a voter; `remove S1 S2`: that S2 votes no
//   more replace S2                  S2 comes back with an empty disk disk S1 1 1 4 voted=S2 S1
//   begins with records of these epochs, and what quorum-state says:
//                               the last record's epoch (or epoch=N), a vote, a leader
//   boot                        all of them
//   timeout S1                  time goes on to S1's next deadline; S1 notices
//   deliver                     everything in flight, in order, until nobody has more to say; a
//                               Fetch without news is held by the leader
//   deliver S1 S2               the first message from S1 to S2
//   drop S1 S2                  likewise, but it is lost
//   drop S1                     everything in flight from S1
//   cut S1 / heal S1            whatever is said to or by S1 is lost / comes through again
//   lost S1                     the Fetch of S1 has failed
//   retry S1 S2                 so has S1's request for the vote of S2
//   propose S1                  one record
//   resign S1                   as at a shutdown
//   flush S1                    with `slow disks`: what S1 wrote is durable now
//   slow disks                  nothing is durable until it is flushed
//   crash S1 / restart S1       with what is durable; `power S1`: without the rest
//   snapshot S1                 of all that is committed there, in place of the log's front
//   log                         everybody: epochs of the records, | at the high watermark, voters
//   in
//                               braces where a record names them
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/bugs.h"
#include "model/raft/quorum.h"

namespace squall::model::raft {

class Conversation {
  public:
    explicit Conversation(const BugSet* bugs = nullptr) : bugs_(bugs) {}

    // What came of one command, in lines.
    std::string obey(const std::string& command);
    // Rules of Raft (figure 3 of the paper) that the members broke, in words.
    const std::vector<std::string>& violations() const { return violations_; }

    // The whole text again, each command followed by what came of it.
    static std::string replay(const std::string& transcript, const BugSet* bugs = nullptr,
                              std::vector<std::string>* violations = nullptr);

  private:
    struct Record {
        RaftEpoch epoch;
        std::optional<VoterSet> voters = std::nullopt;  // of a Voters record

        bool operator==(const Record&) const = default;
    };
    struct Member {
        BrokerId id;
        Uuid directory_id;
        std::optional<Quorum> quorum;
        QuorumState durable;
        std::vector<Record> log;  // all records, also those in a snapshot
        std::size_t flushed = 0;
        LogPosition snapshot;
        LogPosition start;
        bool is_cut = false;
    };
    struct Mail {
        BrokerId from;
        BrokerId to;
        Message message;
        std::vector<Record> records;
    };

    // A Fetch that its leader has no answer to yet.
    struct Held {
        BrokerId leader;
        BrokerId from;
        FetchRequest request;
    };

    Member& find(const std::string& name);
    Member& find(BrokerId id);
    void boot(Member& member);
    void step(Member& member, const Input& input, BrokerId from = no_broker,
              const std::vector<Record>& records = {});
    void answer(Member& member, BrokerId to, Message message, const LogPosition& position);
    void answer_held(Member& member);
    void forget_mail_of(BrokerId id);
    void post(Mail mail);
    void deliver(std::size_t index);
    std::optional<std::size_t> first_between(BrokerId from, BrokerId to) const;
    void say(const std::string& line) { out_ += line + "\n"; }
    void check(const Member& member);
    std::string log_of(const Member& member) const;
    Member& add_member(BrokerId id);
    static std::vector<VotersAt> voters_in(const std::vector<Record>& records, Offset from = {});

    const BugSet* bugs_;
    RaftOptions options_;
    std::vector<Member> members_;
    std::vector<Mail> mail_;
    std::vector<Held> held_;
    LocalTime now_{};
    bool slow_disks_ = false;
    std::uint64_t disks_ = 0;
    std::string out_;
    std::map<RaftEpoch, BrokerId> leaders_;
    std::map<std::pair<BrokerId, RaftEpoch>, BrokerId> votes_;
    std::vector<Record> committed_;
    std::vector<std::string> violations_;
};

}  // namespace squall::model::raft
