#include "model/patterns/group_handlers.h"

#include <utility>

namespace squall::model {

// ---- at most once ----

void AtMostOnceHandler::take(const Batch& batch) {
    const bool commits_first = !business_.has("commit-after-handling");
    // Nothing was done yet, so that they may come again.
    if (commits_first && !consumer_.commit_sync().ok()) return rewind(batch);
    for (const ConsumerRecord& record : batch) {
        work(record);
        apply(record);
    }
    if (!commits_first) consumer_.commit_sync();
}

// ---- at least once ----

AtLeastOnceHandler::AtLeastOnceHandler(Station station, Business& business, std::string ledger,
                                       std::vector<std::string> topics)
    : Handler(std::move(station), business, std::move(ledger), std::move(topics)),
      has_work_(station_.node) {
    if (hands_aside()) station_.node.spawn("aside", [this] { handle_aside(); });
}

void AtLeastOnceHandler::take(const Batch& batch) {
    if (hands_aside()) {
        aside_.insert(aside_.end(), batch.begin(), batch.end());
        has_work_.open();
        return;
    }
    const bool commits = !station_.consumer.enable_auto_commit;
    const bool commits_first = business_.has("commit-before-handling");
    if (commits && commits_first) consumer_.commit_sync();
    for (const ConsumerRecord& record : batch) {
        work(record);
        apply(record);
    }
    if (commits && !commits_first) consumer_.commit_sync();
}

void AtLeastOnceHandler::handle_aside() {
    for (;;) {
        while (aside_.empty()) {
            has_work_.close();
            has_work_.wait();
        }
        const ConsumerRecord record = std::move(aside_.front());
        aside_.pop_front();
        work(record);
        apply(record);
    }
}

// ---- as good as once ----

void IdempotentHandler::take(const Batch& batch) {
    for (const ConsumerRecord& record : batch) {
        work(record);
        apply_once(record);
        tell_handled(record);
    }
    consumer_.commit_sync();
}

void IdempotentHandler::apply_once(const ConsumerRecord& record) {
    const Order order = order_in(record.key, record.value);
    const std::pair<std::string, std::string> entry{ledger_, order.id};
    const WallTime now = station_.node.wall_now();
    // Longer than a log keeps its records (retention.ms, 7 days), and than a clock is off.
    const Duration memory = business_.has("short-memory") ? Duration(200ms) : Duration(24h * 8);
    const WallTime until = now + memory;
    const auto is_known = [&](const Tables& tables) {
        const auto found = tables.handled.find(entry);
        return found != tables.handled.end() && found->second > now;
    };
    Database& database = business_.database;
    sim::Node& node = station_.node;
    if (business_.has("mark-after-effect") || business_.has("mark-before-effect")) {
        const bool marks_first = business_.has("mark-before-effect");
        const bool is_new = database.transact(node, [&](Tables& tables) {
            if (is_known(tables)) return false;
            if (marks_first) {
                tables.handled[entry] = until;
            } else {
                note_effect(tables, order);
            }
            return true;
        });
        if (!is_new) return;
        work(record);  // whatever else there is to do, between one transaction and the other
        database.transact(node, [&](Tables& tables) {
            if (marks_first) {
                note_effect(tables, order);
            } else {
                tables.handled[entry] = until;
            }
        });
        return;
    }
    database.transact(node, [&](Tables& tables) {
        if (is_known(tables)) return;
        note_effect(tables, order);
        tables.handled[entry] = until;
    });
}

}  // namespace squall::model
