// Snapshots of the metadata log (KIP-630): one file that says what all committed records before an
// offset add up to. Its name is its id, the position in the log that it stands for; its content is
// record batches with offsets of their own, from 0 on:
//
//     control batch   SnapshotHeader: the time of the last record that it contains; and, in a
//     quorum
//                     whose voters may change, its version and voters (KIP-853)
//     data batches    what the state machine wrote
//     control batch   SnapshotFooter: nothing is missing
//
// Pure: files are written and read by raft_host.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/protocol/types.h"
#include "model/raft/log_summary.h"
#include "model/raft/voter_set.h"
#include "sim/base/bytes.h"
#include "sim/base/result.h"

namespace squall::model::raft {

// "<folder>/00000000000000000042-0000000003.checkpoint"
std::string snapshot_path(std::string_view folder, const LogPosition& id);
// The id that a path names; nullopt where it is no snapshot's.
std::optional<LogPosition> snapshot_id(std::string_view path);

// The content of the snapshot `id`: `values` are those of its records, in order. `voters`: in force
// at its end; left out where they are static.
Bytes write_snapshot(const LogPosition& id, TimestampMs last_contained, TimestampMs now,
                     const std::vector<Bytes>& values, const VoterSet& voters = {});
// Corrupt unless it is whole: header, batches with sound CRCs, footer, and nothing behind.
Status check_snapshot(ByteView content);
// Those that a sound snapshot names; nullopt: none.
std::optional<VoterSet> voters_of_snapshot(ByteView content);

}  // namespace squall::model::raft
