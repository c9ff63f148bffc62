// The header of LZ4 frames as message sets of magic 0 have it: Kafka's first codec took the
// checksum of the frame's descriptor over the frame's magic number too (KAFKA-3160), and later
// versions went on doing so in that format, for the sake of the clients that expected it. Who reads
// such frames does not look at the checksum; who writes them writes the wrong one.
//
// A descriptor is two to fourteen bytes, and its checksum one byte of their XXH32. Frames with a
// header that is cut short or names no known version are left as they are: their reader will say
// so.
#pragma once

#include "sim/base/bytes.h"

namespace squall::model {

// Makes the checksum what the frame format says, so that liblz4 reads the frame.
void mend_lz4_header(Bytes& frame);
// Makes it what the first codec wrote.
void break_lz4_header(Bytes& frame);

}  // namespace squall::model
