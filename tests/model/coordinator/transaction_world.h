// TransactionWorld: the transaction coordinator's decider with a log that stores when it is told
// to, and partitions that take markers when they are told to. The order of effects is the host's.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "model/coordinator/transaction/transaction_shard.h"

namespace squall::model {

class TransactionWorld {
  public:
    explicit TransactionWorld(TransactionOptions options = {}, const BugSet* bugs = nullptr)
        : options_(options), bugs_(bugs), shard_(options, bugs) {}

    // ---- what happens ----

    // The answers that came, in their order.
    template <class Request>
    std::vector<TransactionReply> ask(const Request& request, std::int16_t version = 2) {
        TransactionCall call;
        call.call = CallId(++calls_);
        call.client_version = version;
        call.fresh_producer_id = ProducerId(next_producer_id_);
        call.at = {LocalTime{}, now_ms};
        return execute(shard_.handle(request, call));
    }
    // The first record on its way is committed, or certainly not written.
    std::vector<TransactionReply> store(ErrorCode error = ErrorCode::none) {
        ASSERT(!writes_.empty(), "nothing is on its way to the log");
        Write write = std::move(writes_.front());
        writes_.pop_front();
        std::vector<TransactionReply> replies;
        if (error == ErrorCode::none) {
            for (const TransactionRecord& record : write.records) {
                log_.push_back(record);
                shard_.apply(record);
            }
            replies = std::move(write.parked);
        }
        const Moment at{LocalTime{}, now_ms};
        append(replies, execute(shard_.on_stored(write.stored, error, at)));
        return replies;
    }
    // Whatever is on its way is committed, until nothing is.
    std::vector<TransactionReply> settle() {
        std::vector<TransactionReply> replies;
        while (!writes_.empty()) append(replies, store());
        return replies;
    }
    // One marker stands; what follows is on its way to the log.
    void mark(const DueMarker& marker, const TopicPartition& partition) {
        written.push_back(marker);
        execute(shard_.on_marker_written(marker, partition, {LocalTime{}, now_ms}));
    }
    // All missing markers of the id are written, and the transaction completes.
    void write_markers(const std::string& id) {
        while (const auto marker = shard_.due_marker(id)) {
            mark(*marker, *marker->partitions.begin());
        }
        settle();
    }
    std::size_t scan_timeouts() {
        std::set<std::string> asked;
        for (;;) {
            TransactionDecision decision =
                shard_.abort_timed_out(asked, ProducerId(next_producer_id_), {LocalTime{}, now_ms});
            if (decision.records.empty()) return asked.size();
            asked.insert(decision.records.front().transactional_id);
            execute(std::move(decision));
        }
    }
    // The coordinator is gone. What was on its way is in the log, as far as `survives` tells; the
    // next one knows the log alone.
    void fail_over(bool survives) {
        for (Write& write : std::exchange(writes_, {})) {
            if (!survives) continue;
            for (TransactionRecord& record : write.records) log_.push_back(std::move(record));
        }
        shard_ = replayed();
        execute(shard_.activate());
    }

    // ---- what is ----

    const TransactionShard& shard() const { return shard_; }
    const std::vector<TransactionRecord>& log() const { return log_; }
    bool has_writes() const { return !writes_.empty(); }
    TransactionShard replayed() const {
        TransactionShard fresh(options_, bugs_);
        for (const TransactionRecord& record : log_) {
            // By way of the bytes: what they cannot say, the next coordinator does not know.
            const TransactionRecordBytes bytes = encode_transaction_record(record);
            std::optional<ByteView> value;
            if (bytes.value) value = ByteView(*bytes.value);
            fresh.apply(decode_transaction_record(bytes.key, value).value().value());
        }
        return fresh;
    }

    TimestampMs now_ms = 1'000'000;
    std::vector<DueMarker> written;  // a marker for each partition

  private:
    struct Write {
        std::vector<TransactionRecord> records;
        std::vector<TransactionReply> parked;
        TransactionStored stored;
    };

    static void append(std::vector<TransactionReply>& all, std::vector<TransactionReply> more) {
        for (TransactionReply& each : more) all.push_back(std::move(each));
    }
    std::vector<TransactionReply> execute(TransactionDecision decision) {
        for (const TransactionChange& change : decision.changes) shard_.apply(change);
        shard_.check_invariants();
        for (const TransactionRecord& record : decision.records) {
            if (record.value && (record.value->producer_id == ProducerId(next_producer_id_) ||
                                 record.value->next_producer_id == ProducerId(next_producer_id_))) {
                ++next_producer_id_;
            }
        }
        if (!decision.records.empty()) {
            writes_.push_back({std::move(decision.records), std::move(decision.parked),
                               std::move(*decision.follow_up)});
        }
        return std::move(decision.replies);
    }

    TransactionOptions options_;
    const BugSet* bugs_;
    TransactionShard shard_;
    std::vector<TransactionRecord> log_;
    std::deque<Write> writes_;
    std::uint64_t calls_ = 0;
    std::int64_t next_producer_id_ = 1000;
};

inline InitProducerIdRequest init_request(
    const std::string& id,
    std::optional<std::pair<ProducerId, ProducerEpoch>> known = std::nullopt) {
    InitProducerIdRequest request;
    request.transactional_id = id;
    request.transaction_timeout_ms = 60000;
    if (known) std::tie(request.producer_id, request.producer_epoch) = *known;
    return request;
}

inline EndTxnRequest end_request(const std::string& id, ProducerId producer, ProducerEpoch epoch,
                                 bool commit) {
    EndTxnRequest request;
    request.transactional_id = id;
    request.producer_id = producer;
    request.producer_epoch = epoch;
    request.committed = commit;
    return request;
}

template <class Response>
const Response& only(const std::vector<TransactionReply>& replies) {
    ASSERT(replies.size() == 1, "{} answers", replies.size());
    return std::get<Response>(replies.front().response);
}

}  // namespace squall::model
