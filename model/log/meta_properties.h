// meta.properties: what a log directory was formatted as, by kafka-storage before its first start:
// the node that it belongs to, and its directory id, by which a disk is told from the one that
// replaced it (KIP-858; KIP-853).
//
//     version=1
//     node.id=1001
//     directory.id=<22 characters>
#pragma once

#include <string>
#include <string_view>

#include "model/protocol/types.h"
#include "sim/base/result.h"
#include "sim/base/time.h"
#include "sim/disk/disk.h"

namespace squall::model {

struct MetaProperties {
    BrokerId node_id = no_broker;
    Uuid directory_id;

    bool operator==(const MetaProperties&) const = default;
};

inline constexpr std::string_view meta_properties_path = "meta.properties";

std::string encode_meta_properties(const MetaProperties& properties);
// Corrupt where it is not what encode_meta_properties writes.
Result<MetaProperties> decode_meta_properties(std::string_view text);

// Writes them durably; returns what it costs.
Result<Duration> format_directory(sim::Disk& disk, const MetaProperties& properties);
// Not found where the directory was not formatted.
Result<sim::Costed<MetaProperties>> read_meta_properties(const sim::Disk& disk);
// What a process asks before it opens a single log, for opening them writes: corrupt where the
// directory belongs to another node. One that was not formatted belongs to whoever comes first.
// Returns what reading costs.
Result<Duration> check_directory_of(BrokerId node, const sim::Disk& disk);

}  // namespace squall::model
