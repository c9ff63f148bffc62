// The small parts of the gateway: addresses, frames, recordings, and the pace of time.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "gateway/address.h"
#include "gateway/frame_cutter.h"
#include "gateway/gateway.h"
#include "gateway/pacer.h"
#include "gateway/recording.h"

namespace squall::gateway {
namespace {

TEST(Address, IsReadAsPeopleWriteIt) {
    EXPECT_EQ(parse_address("127.0.0.1:9092").value(), (Address{"127.0.0.1", 9092}));
    EXPECT_EQ(parse_address("[::1]:0").value(), (Address{"::1", 0}));
    EXPECT_EQ(to_string(Address{"::1", 9092}), "[::1]:9092");
    for (const char* const bad : {"", "9092", ":9092", "host:", "host:70000", "::1:9092", "a:b"}) {
        EXPECT_FALSE(parse_address(bad)) << bad;
    }
    EXPECT_TRUE(is_loopback({"127.0.0.1", 1}));
    EXPECT_FALSE(is_loopback({"0.0.0.0", 1}));
    for (const char* host : {"kafka.example", "b_1", "192.0.2.1", "::1"}) {
        EXPECT_EQ(parse_host(host).value(), host);
    }
    EXPECT_EQ(parse_host("[::1]").value(), "::1");
    for (const char* host : {"", "kafka:9092", "[kafka]", "ka fka", "http://kafka", "[]"}) {
        EXPECT_FALSE(parse_host(host).ok()) << host;
    }
    for (const char* host : {"0.0.0.0", "0", "::", "0:0::0", "::ffff:0.0.0.0"}) {
        EXPECT_TRUE(is_meta_address(host)) << host;
    }
    for (const char* host : {"127.0.0.1", "::1", "::ffff:127.0.0.1", "localhost", "0.example"}) {
        EXPECT_FALSE(is_meta_address(host)) << host;
    }
}

TEST(MachineName, HoldsOnlyWhatNamesOfNodesHave) {
    EXPECT_EQ(machine_name(""), "outside");
    EXPECT_EQ(machine_name("payment service(1)"), "outside-payment-service-1-");
}

Bytes framed(const std::vector<Bytes>& frames) {
    Bytes bytes;
    ByteWriter writer(bytes);
    for (const Bytes& frame : frames) {
        writer.integer(static_cast<std::int32_t>(frame.size()));
        writer.bytes(frame);
    }
    return bytes;
}

RC_GTEST_PROP(FrameCutter, GivesTheFramesHoweverTheStreamWasCut,
              (const std::vector<Bytes>& frames)) {
    const Bytes stream = framed(frames);
    FrameCutter cutter;
    std::vector<Bytes> cut;
    std::size_t at = 0;
    while (at < stream.size()) {
        const std::size_t most = std::min<std::size_t>(stream.size() - at, 9);
        const auto size = *rc::gen::inRange<std::size_t>(1, most + 1);
        cutter.feed(ByteView(stream).subspan(at, size));
        at += size;
        while (const auto frame = cutter.next().value())
            cut.emplace_back(frame->begin(), frame->end());
    }
    RC_ASSERT(cut == frames);
}

TEST(FrameCutter, RefusesLengthsThatNoFrameHas) {
    FrameCutter cutter(1000);
    cutter.feed(Bytes{0, 0, 3, 0xe9});
    EXPECT_FALSE(cutter.next());
    FrameCutter negative;
    negative.feed(Bytes{0xff, 0xff, 0xff, 0xff});
    EXPECT_FALSE(negative.next());
}

std::vector<RecordedEvent> some_events() {
    return {{Time(1s), Connected{ConnectionNumber(1), 2}},
            {Time(1s), Received{ConnectionNumber(1), {0, 1, 255}}},
            {Time(2s), Controlled{"advance 3s"}},
            {Time(3s), Disconnected{ConnectionNumber(1)}},
            {Time(4s), Ended{}}};
}

class RecordingFile : public testing::Test {
  protected:
    void SetUp() override {
        path_ = testing::TempDir() + "recording_test.squall";
        RecordingWriter writer = RecordingWriter::create(path_, "name = \"x\"\n").value();
        for (const RecordedEvent& event : some_events()) writer.write(event);
        writer.write_hash(0x1234);
        ASSERT_TRUE(writer.flush());
        std::ifstream in(path_, std::ios::binary);
        content_.assign(std::istreambuf_iterator<char>(in), {});
    }
    void TearDown() override { std::filesystem::remove(path_); }

    std::string path_;
    std::string content_;
};

TEST_F(RecordingFile, GivesBackWhatWasWritten) {
    EXPECT_TRUE(is_recording(path_));
    const Recording recording = read_recording(path_).value();
    EXPECT_EQ(recording.scenario, "name = \"x\"\n");
    EXPECT_EQ(recording.events, some_events());
    EXPECT_EQ(recording.hash, 0x1234u);
}

// A server that was killed leaves a beginning: whole entries of it are there, and no hash.
TEST_F(RecordingFile, OfAKilledServerHoldsAllButItsLastMoment) {
    const std::size_t head = content_.find("name") + 11;
    for (std::size_t size = head; size < content_.size(); ++size) {
        const Result<Recording> part = parse_recording(as_bytes(content_).first(size));
        ASSERT_TRUE(part) << size;
        EXPECT_FALSE(part->hash);
        EXPECT_LE(part->events.size(), some_events().size());
    }
}

TEST_F(RecordingFile, RefusesBytesThatChanged) {
    for (std::size_t at = 0; at < content_.size(); ++at) {
        std::string damaged = content_;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x01);
        const Result<Recording> read = parse_recording(as_bytes(damaged));
        // A length that grew makes the rest look like the end of a killed server's file.
        if (!read) continue;
        const std::size_t whole = some_events().size() + 1;
        EXPECT_LT(read->events.size() + (read->hash ? 1 : 0), whole) << at;
    }
}

TEST(Pacer, FollowsTheWallClockAtItsSpeed) {
    Pacer pacer(Time(10s), 100s, 2000);
    EXPECT_EQ(pacer.due(Time(10s), 100s), Time(10s));
    EXPECT_EQ(pacer.due(Time(10s), 100s + 50ms), Time(10s + 100ms));
    pacer.jump(Time(40s), 101s);
    EXPECT_EQ(pacer.due(Time(40s), 101s + 1ms), Time(40s + 2ms));
}

TEST(Pacer, LetsGoOfTimeThatASlowSimulationMissed) {
    Pacer pacer(Time(0s), 0s, 1000);
    EXPECT_EQ(pacer.due(Time(0s), 10s), Time(Pacer::lag_most));
    EXPECT_EQ(pacer.let_go(), 10s - Pacer::lag_most);
    EXPECT_EQ(pacer.due(Time(200ms), 10s + 100ms), Time(Pacer::lag_most + 100ms));
}

}  // namespace
}  // namespace squall::gateway
