// What a snapshot of the metadata says: the records that make an empty image equal to a given one
// (Kafka's image writers), and back. Pure.
//
// Whatever an image holds must be written here: what is forgotten is lost to every member that
// loads the snapshot. A property test holds the two against each other.
#pragma once

#include <vector>

#include "model/controller/image.h"
#include "model/controller/records.h"
#include "sim/base/bytes.h"
#include "sim/base/result.h"

namespace squall::model {

// In an order in which they can be applied.
std::vector<MetadataRecord> snapshot_records(const MetadataImage& image);
// The same, encoded: the values of the snapshot's records.
std::vector<Bytes> snapshot_values(const MetadataImage& image);

// The image that a snapshot of everything below `end` holds. Corrupt where it makes no sense.
Result<MetadataImage> image_of_snapshot(ByteView content, Offset end);

}  // namespace squall::model
