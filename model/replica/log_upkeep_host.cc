#include "model/replica/log_upkeep_host.h"

#include <utility>

namespace squall::model {

LogUpkeepHost::LogUpkeepHost(LogUpkeepOptions options, LogUpkeepSurroundings surroundings)
    : surroundings_(std::move(surroundings)) {
    surroundings_.logs.deleted_files().wait_by([this](const std::string& path, Duration delay) {
        surroundings_.node.spawn("delete_file", [this, path, delay] {
            surroundings_.node.sleep_for(delay);
            surroundings_.logs.deleted_files().remove(path);
        });
    });
    const auto delay = options.log_initial_task_delay;
    every(
        options.log_retention_check_interval, "log_retention",
        [this, cleans = options.log_cleaner_enable] {
            for_each([cleans](PartitionHost& host) {
                if (!cleans || !host.is_compacted()) host.apply_retention();
            });
        },
        delay);
    every(
        options.log_flush_scheduler_interval, "log_flusher",
        [this] { for_each([](PartitionHost& host) { host.flush_if_due(); }); }, delay);
    // A checkpoint that cannot be written leaves the older one: a start from it recovers more.
    every(
        options.log_flush_offset_checkpoint_interval, "recovery_point_checkpoint",
        [this] { static_cast<void>(surroundings_.logs.checkpoint_recovery_points()); }, delay);
    every(
        options.log_flush_start_offset_checkpoint_interval, "log_start_checkpoint",
        [this] { static_cast<void>(surroundings_.logs.checkpoint_log_starts()); }, delay);
    every(
        options.producer_id_expiration_check_interval, "producer_expiration",
        [this] { for_each([](PartitionHost& host) { host.expire_producers(); }); },
        options.producer_id_expiration_check_interval);
    if (!options.log_cleaner_enable) return;
    every(
        options.log_cleaner_backoff, "log_cleaner",
        [this] {
            for_each([](PartitionHost& host) {
                if (host.is_compacted()) host.clean_if_due();
                if (host.is_compacted()) host.apply_retention();
            });
        },
        LogUpkeepOptions::Milliseconds{0});
}

void LogUpkeepHost::every(LogUpkeepOptions::Milliseconds interval, std::string_view name,
                          std::function<void()> work, LogUpkeepOptions::Milliseconds delay) {
    if (interval == LogUpkeepOptions::never) return;
    sim::Node& node = surroundings_.node;
    node.spawn(name, [&node, interval, delay, work = std::move(work)] {
        node.sleep_for(delay);
        for (;;) {
            work();
            node.sleep_for(interval);
        }
    });
}

void LogUpkeepHost::for_each(const std::function<void(PartitionHost&)>& work) {
    for (const TopicPartition& partition : surroundings_.partitions()) {
        if (PartitionHost* const host = surroundings_.find(partition)) work(*host);
    }
}

}  // namespace squall::model
