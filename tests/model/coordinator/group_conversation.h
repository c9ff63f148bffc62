// GroupConversation: members of both protocols and their group's coordinator, who speak only
// when told to, and write down what was said. Transcripts are its commands, each followed by what
// came of it, in the manner of etcd-raft. The coordinator's decider is the real one.
//
//   topic 4 [name]        the topic, "orders" if not named, has so many partitions
//   pattern X expression  X, of the consumer protocol, subscribes by this, and to "orders" no more
//   resolve               the coordinator looks up what expressions stand for, if it is to
//   eager A B             they give up all they own before they join, as under range; others are
//                         cooperative, and keep it
//   instance A pod        A, a classic member, has this group.instance.id; who is named later with
//   the same one is
//                         another process of it
//   join A B              classic members ask to join, with what they own; answers that wait for
//                         each other are told when they come. Ids are given out without being told
//   sync A B              they fetch what they have; if one of them leads, it assigns round robin,
//                         but leaves to everybody what it claims and to nobody what is claimed
//   heartbeat A           says whether A must join again
//   beat X                the heartbeat of a member of the consumer protocol, with what it owns
//   adopt A               the application gives up what A was not given, and takes what it was
//   commit A              A commits an offset in its generation or epoch
//   leave A / crash A     A says goodbye / is heard of no more
//   pass 5                seconds go by
//   failover              the coordinator dies; the next one reads the log
//   state                 the group, as its coordinator sees it
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/model/coordinator/classic_member.h"

namespace squall::model {

class GroupConversation {
  public:
    // What came of one command, in lines.
    std::string obey(const std::string& command);

  private:
    void tell_joined(const std::string& name, const JoinGroupResponse& answer);
    void join(const std::vector<std::string>& names);
    void sync(const std::vector<std::string>& names);
    void heartbeat(const std::string& name);
    void beat(const std::string& name);
    void adopt(const std::string& name);
    void commit(const std::string& name);
    void leave(const std::string& name);
    void state();
    void topic(const std::string& name, std::size_t partitions);
    void resolve();
    void tell(const std::string& verb, const std::string& name);
    std::map<std::string, Bytes> assign() const;
    std::string name_of(const std::string& member_id) const;
    std::string names_of(const IdPartitions& partitions) const;
    void say(const std::string& line) { said_ += "  " + line + "\n"; }

    GroupFixture fixture_;
    std::map<std::string, ClassicClient> classic_;
    std::map<std::string, ConsumerClient> modern_;
    std::map<Uuid, std::string> topics_;
    std::size_t partitions_ = 0;  // of "orders"
    std::string said_;
};

}  // namespace squall::model
