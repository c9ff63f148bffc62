// WireHistory: what outside clients did, as the checkers read it, told from the requests and
// answers on their connections. Nobody sees into a real client, so what is told is what can be
// known:
//
//   producing      one operation per record. A batch with a number (idempotence) that comes again
//                  is the same operation; without one, every request is an operation of its own.
//   consuming      a fetched record counts as handed to the client. It is a group's where exactly
//                  one member of the client's machine owns the partition; where several do (one
//                  client.id for many groups), each of their groups is told a position only, which
//                  excuses more than it judges.
//   commits        with their member and generation, and their outcome
//   transactions   from the first request that opens one to the answer of its end
//   administration which records were asked to go, and for which elections
//
// A position that jumps is told as the application's seek: whether it was, the wire does not say.
// Clients of old versions read records without their headers: each counts as the last one that was
// sent with this key and value.
// Answers that never came leave their operations unknown. Events are emitted in the name of the
// client's machine.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gateway/outside_event.h"
#include "model/events/client_events.h"
#include "model/protocol/api_key.h"
#include "model/protocol/error_code.h"
#include "model/protocol/messages/delete_records.h"
#include "model/protocol/messages/elect_leaders.h"
#include "model/protocol/messages/fetch.h"
#include "model/protocol/messages/join_group.h"
#include "model/protocol/types.h"
#include "model/rpc/message.h"
#include "sim/kernel/node.h"

namespace squall::gateway {

class WireHistory {
  public:
    struct Speaker {
        sim::Node& machine;
        ConnectionNumber connection;
    };

    // A batch that a produce request carried.
    struct SentBatch {
        model::TopicPartition partition;
        std::vector<model::OperationId> operations;  // of its records, in order
        bool is_numbered = false;
        model::ProducerId producer_id = model::no_producer_id;
        model::ProducerEpoch producer_epoch = model::no_producer_epoch;
        model::SequenceNumber base_sequence = model::no_sequence;
        std::uint32_t attempts = 1;
    };
    using Positions = std::map<model::TopicPartition, model::Offset>;
    // What is to be known of a request when its answer comes.
    struct Note {
        std::vector<SentBatch> batches;
        Positions fetched_from;
        bool read_committed = false;
        std::string group, member_id, transactional_id;
        model::GenerationId generation = model::no_generation;
        std::vector<std::string> leaving;
        std::optional<model::OperationId> commit;  // CommitInvoked
        std::optional<model::OperationId> transaction_offsets;
        model::ProducerId producer_id = model::no_producer_id;
        model::ProducerEpoch producer_epoch = model::no_producer_epoch;
    };

    // The request goes out now. Reads it, and leaves it as it is.
    Note asked(const Speaker& speaker, model::ApiKey key, model::ApiVersion version,
               model::Message& request);
    // Its answer came.
    void answered(const Speaker& speaker, const Note& note, model::ApiKey key,
                  model::ApiVersion version, model::Message& response);

  private:
    using BatchKey = std::tuple<model::ProducerId, model::ProducerEpoch, model::TopicPartition,
                                model::SequenceNumber>;
    using ProducerKey = std::pair<model::ProducerId, model::ProducerEpoch>;

    struct OpenTransaction {
        model::OperationId id;
        std::optional<model::OperationId> end;  // TransactionEndInvoked
        bool commits = true;
        std::uint32_t end_attempts = 0;
    };
    struct Member {
        std::string group;
        sim::NodeId machine;
        model::GenerationId generation = model::no_generation;
        std::set<model::TopicPartition> partitions;
    };

    // As whom a client reads a partition.
    struct Reader {
        std::string client_id, group, member_id;
        model::GenerationId generation = model::no_generation;
        std::vector<std::pair<std::string, std::string>> owners{};  // members and their groups
    };

    void ask_fetch(const Speaker& speaker, const model::FetchRequest& fetch, Note& note);
    Reader reader_of(const Speaker& speaker, const model::TopicPartition& partition) const;
    void read_from(const Speaker& speaker, const Reader& reader,
                   const model::TopicPartition& partition, model::Offset from, bool read_committed);
    static void tell_position(const Speaker& speaker, const model::TopicPartition& partition,
                              const std::string& client, const std::string& group,
                              model::Offset offset);
    void ask_produce(const Speaker& speaker, model::ApiVersion version, model::Message& request,
                     Note& note);
    void answer_produce(const Speaker& speaker, const Note& note, model::Message& response);
    void conclude(const Speaker& speaker, const SentBatch& batch, model::ErrorCode error,
                  model::Offset base_offset);
    void answer_fetch(const Speaker& speaker, const Note& note, model::ApiVersion version,
                      model::Message& response);
    void hand_out(const Speaker& speaker, const Note& note, model::ApiVersion version,
                  const model::TopicPartition& partition,
                  const model::FetchResponse::Partition& fetched);
    // Appends the records from `first` on. Returns the offset behind them; `first` without any.
    model::Offset read_message_set(ByteView records, model::Offset first,
                                   std::vector<model::PolledRecord>& polled) const;
    void ask_commit(const Speaker& speaker, model::Message& request, Note& note);
    void answer_commit(const Speaker& speaker, const Note& note, model::Message& response);
    void tell_listed_position(const Speaker& speaker, const std::string& member_id,
                              const model::TopicPartition& partition, model::Offset offset);
    void tell_sought_back(const Speaker& speaker, const std::string& member_id,
                          const model::TopicPartition& partition, model::Offset offset);
    void answer_list_offsets(const Speaker& speaker, model::Message& response);
    void ask_transaction_offsets(const Speaker& speaker, model::ApiVersion version,
                                 model::Message& request, Note& note);
    void ask_end(const Speaker& speaker, model::Message& request, Note& note);
    void answer_end(const Speaker& speaker, const Note& note, model::Message& response);
    static void ask_deletion(const Speaker& speaker, const model::DeleteRecordsRequest& request);
    static void ask_election(const Speaker& speaker, const model::ElectLeadersRequest& request);

    OpenTransaction& transaction_of(const Speaker& speaker, ProducerKey producer,
                                    const std::string& transactional_id, std::int16_t version);
    void identify(const Speaker& speaker, ProducerKey producer, std::string_view reason);
    // "outside-kafkajs/1000" of a producer with an id, "outside-kafkajs#17" of a connection.
    static std::string name_of(const Speaker& speaker, model::ProducerId producer);
    static model::OperationId next_operation(const Speaker& speaker);
    void configure_producer(const Speaker& speaker, const std::string& name, std::int16_t acks,
                            model::ProducerId producer);

    void ask_join(const Speaker& speaker, const model::JoinGroupRequest& join);
    void assign(const Speaker& speaker, const std::string& member_id, const std::string& group,
                model::GenerationId generation, std::set<model::TopicPartition> partitions);
    void drop_member(const Speaker& speaker, const std::string& member_id,
                     model::AssignmentChange change);
    // The name of a topic that a request or an answer names by its id, from earlier metadata.
    std::string topic_name(const std::string& name, const model::Uuid& id) const;

    std::map<BatchKey, SentBatch> open_batches_;  // numbered ones that were not answered for good
    std::map<ProducerKey, OpenTransaction> open_transactions_;
    std::map<model::ProducerId, std::string> transactional_ids_;
    std::map<std::string, std::int16_t> configured_;  // producers, with the acks that were told
    std::set<std::string> configured_consumers_;
    std::map<std::string, Member> members_;
    std::map<std::pair<std::string, model::TopicPartition>, model::Offset> positions_;
    // What members asked for last.
    std::map<std::pair<std::string, model::TopicPartition>, model::Offset> committed_;
    std::map<model::Uuid, std::string> topic_names_;
    // What ListOffsets told a machine last.
    std::map<std::pair<sim::NodeId, model::TopicPartition>, model::Offset> listed_;
    // What records with headers are without them.
    std::map<model::RecordId, model::RecordId> headed_;
    // Of open fetch sessions (KIP-227): brokers draw their ids from the same 31 bits each, so two
    // are hardly ever of the same.
    std::map<std::int32_t, Positions> fetch_sessions_;
};

}  // namespace squall::gateway
