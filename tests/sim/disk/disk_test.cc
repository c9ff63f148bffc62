#include "sim/disk/disk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/disk/crash_model.h"

namespace squall::sim {
namespace {

constexpr std::uint64_t many_seeds = 200;

DiskOptions tiny() {
    return {.capacity_bytes = 1000,
            .flush_latency = DurationDistribution::Constant{2ms},
            .write_latency = 10us,
            .read_latency = 20us};
}

std::string text_of(const Disk& disk, std::string_view path) {
    return std::string(as_text(disk.inspect(path)));
}

std::string repeated(char letter, std::size_t count) {
    return std::string(count, letter);
}

TEST(Disk, ReadsBackWhatWasAppended) {
    Disk disk({}, Noise(1), "b1");
    ASSERT_TRUE(disk.append("orders-0/0.log", as_bytes("one ")).ok());
    ASSERT_TRUE(disk.append("orders-0/0.log", as_bytes("two")).ok());
    EXPECT_EQ(as_text(disk.read_all("orders-0/0.log")->value), "one two");
    EXPECT_EQ(as_text(disk.read("orders-0/0.log", 2, 3)->value), "e t");
    EXPECT_EQ(as_text(disk.read("orders-0/0.log", 4, 100)->value), "two");
    EXPECT_TRUE(disk.read("orders-0/0.log", 7, 1)->value.empty());
    EXPECT_EQ(*disk.size("orders-0/0.log"), 7u);
}

TEST(Disk, SaysThatAFileIsNotThere) {
    Disk disk({}, Noise(1), "b1");
    EXPECT_EQ(disk.read_all("none").error().failure, Failure::not_found);
    EXPECT_EQ(disk.size("none").error().failure, Failure::not_found);
    EXPECT_EQ(disk.truncate("none", 0).error().failure, Failure::not_found);
    EXPECT_EQ(disk.rename("none", "some").error().failure, Failure::not_found);
    EXPECT_EQ(disk.remove("none").error().failure, Failure::not_found);
    EXPECT_EQ(disk.begin_flush("none").error().failure, Failure::not_found);
    EXPECT_FALSE(disk.exists("none"));
    EXPECT_TRUE(disk.inspect("none").empty());
}

TEST(Disk, RefusesPathsThatAreNotPlain) {
    Disk disk({}, Noise(1), "b1");
    for (const char* path : {"", "/a", "a/", "a//b", "./a", "a/../b"}) {
        EXPECT_THROW((void)disk.append(path, {}), AssertionFailure) << path;
    }
}

TEST(Disk, ChargesEveryCall) {
    Disk disk(tiny(), Noise(1), "b1");
    EXPECT_EQ(*disk.append("a", as_bytes("x")), 10us);
    EXPECT_EQ(disk.read_all("a")->cost, 20us);
    EXPECT_EQ(*disk.replace("a", as_bytes("y")), 10us);
    EXPECT_EQ(*disk.truncate("a", 0), 10us);
    EXPECT_EQ(*disk.flush("a"), 2ms);
    EXPECT_EQ(*disk.rename("a", "b"), 10us);
    EXPECT_EQ(*disk.remove("b"), 10us);
}

TEST(Disk, DrawsFlushLatencyByDiskPathAndOrdinalAlone) {
    const auto latencies = [](bool with_other_file) {
        Disk disk({}, Noise(9), "b1");
        std::vector<Duration> drawn;
        for (int i = 0; i < 5; ++i) {
            EXPECT_TRUE(disk.append("a", as_bytes("x")).ok());
            if (with_other_file) {
                EXPECT_TRUE(disk.append("b", as_bytes("x")).ok());
                EXPECT_TRUE(disk.flush("b").ok());
            }
            drawn.push_back(*disk.flush("a"));
        }
        return drawn;
    };
    const std::vector<Duration> alone = latencies(false);
    EXPECT_EQ(alone, latencies(true));
    EXPECT_GT(std::set<Duration>(alone.begin(), alone.end()).size(), 1u);
}

TEST(Disk, ListsFilesBelowAPrefixInOrder) {
    Disk disk({}, Noise(1), "b1");
    for (const char* path : {"orders-1/0.log", "orders-0/5.log", "orders-0/0.log", "a"}) {
        ASSERT_TRUE(disk.append(path, {}).ok());
    }
    EXPECT_EQ(disk.list("orders-0/"),
              (std::vector<std::string>{"orders-0/0.log", "orders-0/5.log"}));
    EXPECT_EQ(disk.list("").size(), 4u);
}

TEST(Disk, RenameReplacesTheTarget) {
    Disk disk(tiny(), Noise(1), "b1");
    ASSERT_TRUE(disk.append("a", as_bytes("new")).ok());
    ASSERT_TRUE(disk.append("b", as_bytes("older")).ok());
    ASSERT_TRUE(disk.rename("a", "b").ok());
    EXPECT_FALSE(disk.exists("a"));
    EXPECT_EQ(text_of(disk, "b"), "new");
    EXPECT_EQ(disk.used_bytes(), 3u);
    ASSERT_TRUE(disk.rename("b", "b").ok());
    EXPECT_EQ(text_of(disk, "b"), "new");
    EXPECT_EQ(disk.used_bytes(), 3u);
}

// ---- space ----

TEST(Disk, WritesNothingWhenItIsFull) {
    Disk disk(tiny(), Noise(1), "b1");
    std::vector<DiskIncident> incidents;
    disk.on_incident([&](const DiskIncident& incident) { incidents.push_back(incident); });
    ASSERT_TRUE(disk.append("a", as_bytes(repeated('x', 990))).ok());
    EXPECT_EQ(disk.append("a", as_bytes(repeated('y', 11))).error().failure, Failure::no_space);
    EXPECT_EQ(disk.used_bytes(), 990u);
    EXPECT_EQ(*disk.size("a"), 990u);
    ASSERT_TRUE(disk.append("a", as_bytes(repeated('y', 10))).ok());
    ASSERT_EQ(incidents.size(), 1u);
    EXPECT_EQ(incidents[0].fault, "no_space");
    EXPECT_EQ(incidents[0].fault_id, "");
}

TEST(Disk, GivesSpaceBack) {
    Disk disk(tiny(), Noise(1), "b1");
    ASSERT_TRUE(disk.append("a", as_bytes(repeated('x', 600))).ok());
    ASSERT_TRUE(disk.truncate("a", 100).ok());
    EXPECT_EQ(disk.used_bytes(), 100u);
    ASSERT_TRUE(disk.replace("a", as_bytes(repeated('y', 700))).ok());
    EXPECT_EQ(disk.used_bytes(), 700u);
    // A replacement stands beside the old content for a moment.
    EXPECT_EQ(disk.replace("a", as_bytes(repeated('z', 301))).error().failure, Failure::no_space);
    EXPECT_EQ(text_of(disk, "a"), repeated('y', 700));
    ASSERT_TRUE(disk.remove("a").ok());
    EXPECT_EQ(disk.used_bytes(), 0u);
}

TEST(Disk, AFullDiskFaultFailsWritesBelowItsPrefix) {
    Disk disk(tiny(), Noise(1), "b1");
    disk.set_faults({.fault_id = "f1", .full = true, .path_prefix = "orders-0/"});
    EXPECT_EQ(disk.append("orders-0/0.log", as_bytes("x")).error().failure, Failure::no_space);
    EXPECT_TRUE(disk.append("orders-1/0.log", as_bytes("x")).ok());
    disk.clear_faults("f1");
    EXPECT_TRUE(disk.append("orders-0/0.log", as_bytes("x")).ok());
}

// ---- crashes ----

TEST(Disk, AProcessCrashLosesNothing) {
    Disk disk({}, Noise(1), "b1");
    ASSERT_TRUE(disk.append("a", as_bytes("written")).ok());
    const FlushTicket ticket = disk.begin_flush("a").value();
    disk.process_crash();
    EXPECT_EQ(text_of(disk, "a"), "written");
    EXPECT_EQ(disk.finish_flush(ticket).error().failure, Failure::closed);
}

TEST(Disk, APowerLossKeepsWhatAFinishedFlushCovered) {
    bool lost = false, kept = false;
    for (std::uint64_t seed = 0; seed < many_seeds; ++seed) {
        Disk disk({}, Noise(seed), "b1");
        ASSERT_TRUE(disk.append("a", as_bytes(repeated('x', 700))).ok());
        ASSERT_TRUE(disk.flush("a").ok());
        ASSERT_TRUE(disk.append("a", as_bytes(repeated('y', 300))).ok());
        const std::uint64_t lost_bytes = disk.power_loss();
        const std::string text = text_of(disk, "a");
        ASSERT_GE(text.size(), 700u);
        ASSERT_LE(text.size(), 1000u);
        ASSERT_EQ(text.substr(0, 700), repeated('x', 700));
        const auto zeros = std::count(text.begin() + 700, text.end(), '\0');
        const auto written = std::count(text.begin() + 700, text.end(), 'y');
        ASSERT_EQ(static_cast<std::size_t>(zeros + written), text.size() - 700);
        ASSERT_EQ(lost_bytes, 300u - static_cast<std::uint64_t>(written));
        ASSERT_EQ(disk.used_bytes(), text.size());
        lost |= written == 0;
        kept |= written == 300;
    }
    EXPECT_TRUE(lost);
    EXPECT_TRUE(kept);
}

TEST(Disk, AFlushDoesNotCoverWhatWasWrittenAfterItBegan) {
    std::size_t lost = 0;
    for (std::uint64_t seed = 0; seed < many_seeds; ++seed) {
        Disk disk({}, Noise(seed), "b1");
        ASSERT_TRUE(disk.append("a", as_bytes(repeated('x', 512))).ok());
        const FlushTicket ticket = disk.begin_flush("a").value();
        ASSERT_TRUE(disk.append("a", as_bytes(repeated('y', 512))).ok());
        ASSERT_TRUE(disk.finish_flush(ticket).ok());
        disk.power_loss();
        const std::string text = text_of(disk, "a");
        ASSERT_EQ(text.substr(0, 512), repeated('x', 512));
        if (text.find('y') == std::string::npos) ++lost;
    }
    EXPECT_GT(lost, many_seeds / 4);
}

TEST(Disk, AnUnfinishedFlushPromisesNothing) {
    std::size_t lost = 0;
    for (std::uint64_t seed = 0; seed < many_seeds; ++seed) {
        Disk disk({}, Noise(seed), "b1");
        ASSERT_TRUE(disk.append("a", as_bytes("x")).ok());
        ASSERT_TRUE(disk.begin_flush("a").ok());
        disk.power_loss();
        if (text_of(disk, "a") != "x") ++lost;
    }
    EXPECT_GT(lost, many_seeds / 4);
    EXPECT_LT(lost, many_seeds);
}

TEST(Disk, SectorsSurviveOneByOneAndMayTear) {
    std::size_t holes = 0, torn = 0, told_torn = 0;
    for (std::uint64_t seed = 0; seed < many_seeds; ++seed) {
        Disk disk({}, Noise(seed), "b1");
        disk.on_incident([&](const DiskIncident& incident) {
            if (incident.fault == "torn") told_torn += incident.bytes / sector_bytes;
        });
        ASSERT_TRUE(disk.append("a", {}).ok());
        ASSERT_TRUE(disk.flush("a").ok());
        ASSERT_TRUE(disk.append("a", as_bytes(repeated('y', 16 * 512))).ok());
        disk.power_loss();
        const std::string text = text_of(disk, "a");
        bool before_survived = true;
        for (std::size_t at = 0; at + 512 <= text.size(); at += 512) {
            const std::string sector = text.substr(at, 512);
            const auto kept = std::count(sector.begin(), sector.end(), 'y');
            // Torn: its beginning is new, the rest old.
            ASSERT_EQ(sector.substr(0, static_cast<std::size_t>(kept)),
                      repeated('y', static_cast<std::size_t>(kept)));
            if (kept > 0 && kept < 512) ++torn;
            if (kept == 512 && !before_survived) ++holes;
            before_survived = kept == 512;
        }
    }
    EXPECT_GT(holes, 0u);
    EXPECT_GT(torn, 0u);
    EXPECT_GE(told_torn, torn);  // the last, partial sector is not looked at above
}

TEST(Disk, NamesSurviveUpToAPointInTheirOrder) {
    std::set<std::size_t> counts;
    for (std::uint64_t seed = 0; seed < many_seeds; ++seed) {
        Disk disk({}, Noise(seed), "b1");
        for (const char* path : {"a", "b", "c", "d"}) {
            ASSERT_TRUE(disk.replace(path, as_bytes(path)).ok());
        }
        disk.power_loss();
        const std::vector<std::string> names = disk.list("");
        const std::vector<std::string> all{"a", "b", "c", "d"};
        ASSERT_TRUE(std::equal(names.begin(), names.end(), all.begin()));
        for (const std::string& name : names) ASSERT_EQ(text_of(disk, name), name);
        counts.insert(names.size());
    }
    EXPECT_EQ(counts, (std::set<std::size_t>{0, 1, 2, 3, 4}));
}

TEST(Disk, AnyFinishedFlushCommitsTheNamesChangedBeforeItBegan) {
    bool lost_later = false;
    for (std::uint64_t seed = 0; seed < many_seeds; ++seed) {
        Disk disk({}, Noise(seed), "b1");
        ASSERT_TRUE(disk.append("a", as_bytes("x")).ok());
        ASSERT_TRUE(disk.append("gone", as_bytes("x")).ok());
        ASSERT_TRUE(disk.replace("before", as_bytes("x")).ok());
        ASSERT_TRUE(disk.remove("gone").ok());
        ASSERT_TRUE(disk.rename("a", "b").ok());
        const FlushTicket ticket = disk.begin_flush("b").value();
        ASSERT_TRUE(disk.replace("after", as_bytes("x")).ok());
        ASSERT_TRUE(disk.finish_flush(ticket).ok());
        disk.power_loss();
        ASSERT_EQ(text_of(disk, "b"), "x");
        ASSERT_EQ(text_of(disk, "before"), "x");
        ASSERT_FALSE(disk.exists("a"));
        ASSERT_FALSE(disk.exists("gone"));
        lost_later |= !disk.exists("after");
    }
    EXPECT_TRUE(lost_later);
}

TEST(Disk, AReplacedFileIsOldOrNewNeverMixed) {
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < many_seeds; ++seed) {
        Disk disk({}, Noise(seed), "b1");
        ASSERT_TRUE(disk.replace("a", as_bytes(repeated('o', 2000))).ok());
        ASSERT_TRUE(disk.flush("a").ok());
        ASSERT_TRUE(disk.replace("a", as_bytes(repeated('n', 1500))).ok());
        disk.power_loss();
        seen.insert(text_of(disk, "a"));
    }
    EXPECT_EQ(seen, (std::set<std::string>{repeated('o', 2000), repeated('n', 1500)}));
}

TEST(Disk, ALostTruncationBringsTheOldBytesBackAndLosesTheNew) {
    std::set<bool> truncation_lost;
    for (std::uint64_t seed = 0; seed < many_seeds; ++seed) {
        Disk disk({}, Noise(seed), "b1");
        ASSERT_TRUE(disk.append("a", as_bytes(repeated('o', 900))).ok());
        ASSERT_TRUE(disk.flush("a").ok());
        ASSERT_TRUE(disk.truncate("a", 300).ok());
        ASSERT_TRUE(disk.append("a", as_bytes(repeated('n', 100))).ok());
        disk.power_loss();
        const std::string text = text_of(disk, "a");
        const bool lost = text == repeated('o', 900);
        if (!lost) {
            ASSERT_GE(text.size(), 300u);
            ASSERT_LE(text.size(), 400u);
            ASSERT_EQ(text.substr(0, 300), repeated('o', 300));
            ASSERT_EQ(text.find('o', 300), std::string::npos);
        }
        truncation_lost.insert(lost);
    }
    EXPECT_EQ(truncation_lost.size(), 2u);
}

TEST(Disk, AFlushInFlightDoesNotCoverWhatIsTruncatedAndWrittenAgain) {
    bool lost = false;
    for (std::uint64_t seed = 0; seed < many_seeds; ++seed) {
        Disk disk({}, Noise(seed), "b1");
        ASSERT_TRUE(disk.append("a", as_bytes(repeated('o', 600))).ok());
        const FlushTicket ticket = disk.begin_flush("a").value();
        ASSERT_TRUE(disk.truncate("a", 100).ok());
        ASSERT_TRUE(disk.append("a", as_bytes(repeated('n', 500))).ok());
        ASSERT_TRUE(disk.finish_flush(ticket).ok());
        disk.power_loss();
        const std::string text = text_of(disk, "a");
        ASSERT_EQ(text.substr(0, 100), repeated('o', 100));
        lost |= text.find('n') == std::string::npos;
    }
    EXPECT_TRUE(lost);
}

TEST(Disk, TheJournalIsFiniteAndCommitsItsOlderHalf) {
    Disk disk({}, Noise(3), "b1");
    for (int i = 0; i < 3000; ++i) ASSERT_TRUE(disk.replace("a", as_bytes("x")).ok());
    ASSERT_TRUE(disk.replace("b", as_bytes("x")).ok());
    for (int i = 0; i < 1024; ++i) ASSERT_TRUE(disk.replace("c", as_bytes("x")).ok());
    disk.power_loss();
    EXPECT_TRUE(disk.exists("a"));
    EXPECT_TRUE(disk.exists("b"));
}

TEST(Disk, OneFileMoreLeavesTheFatesOfOthersAsTheyWere) {
    const auto after_loss = [](bool with_other_file) {
        Disk disk({}, Noise(11), "b1");
        EXPECT_TRUE(disk.append("a", {}).ok());
        if (with_other_file) {
            EXPECT_TRUE(disk.append("b", {}).ok());
        }
        EXPECT_TRUE(disk.flush("a").ok());
        EXPECT_TRUE(disk.append("a", as_bytes(repeated('y', 8000))).ok());
        if (with_other_file) {
            EXPECT_TRUE(disk.append("b", as_bytes(repeated('z', 8000))).ok());
        }
        disk.power_loss();
        return text_of(disk, "a");
    };
    EXPECT_EQ(after_loss(false), after_loss(true));
}

// ---- faults ----

TEST(Disk, IoErrorsFailCallsWithoutEffect) {
    Disk disk({}, Noise(1), "b1");
    std::vector<DiskIncident> incidents;
    disk.on_incident([&](const DiskIncident& incident) { incidents.push_back(incident); });
    ASSERT_TRUE(disk.append("a", as_bytes("x")).ok());
    disk.set_faults({.fault_id = "f1",
                     .write_error_per_million = 1'000'000,
                     .read_error_per_million = 1'000'000});
    EXPECT_EQ(disk.append("a", as_bytes("y")).error().failure, Failure::io_error);
    EXPECT_EQ(disk.replace("a", as_bytes("y")).error().failure, Failure::io_error);
    EXPECT_EQ(disk.truncate("a", 0).error().failure, Failure::io_error);
    EXPECT_EQ(disk.rename("a", "b").error().failure, Failure::io_error);
    EXPECT_EQ(disk.remove("a").error().failure, Failure::io_error);
    EXPECT_EQ(disk.read_all("a").error().failure, Failure::io_error);
    EXPECT_EQ(text_of(disk, "a"), "x");
    ASSERT_EQ(incidents.size(), 6u);
    EXPECT_EQ(incidents[0].fault, "io_error");
    EXPECT_EQ(incidents[0].path, "a");
    EXPECT_EQ(incidents[0].fault_id, "f1");
    disk.clear_faults();
    EXPECT_TRUE(disk.append("a", as_bytes("y")).ok());
}

TEST(Disk, AFailedFlushIsNotMadeGoodByALaterOne) {
    bool lost = false, kept = false;
    for (std::uint64_t seed = 0; seed < many_seeds; ++seed) {
        Disk disk({}, Noise(seed), "b1");
        ASSERT_TRUE(disk.append("a", as_bytes(repeated('x', 512))).ok());
        disk.set_faults({.fault_id = "f1", .flush_error_per_million = 1'000'000});
        ASSERT_EQ(disk.flush("a").error().failure, Failure::io_error);
        disk.clear_faults("f1");
        ASSERT_TRUE(disk.append("a", as_bytes(repeated('y', 512))).ok());
        ASSERT_TRUE(disk.flush("a").ok());
        // The page cache believes that all is well, and shows it.
        ASSERT_EQ(text_of(disk, "a"), repeated('x', 512) + repeated('y', 512));
        disk.power_loss();
        const std::string text = text_of(disk, "a");
        ASSERT_EQ(text.size(), 1024u);
        ASSERT_EQ(text.substr(512), repeated('y', 512));
        lost |= text.substr(0, 512) == repeated('\0', 512);
        kept |= text.substr(0, 512) == repeated('x', 512);
    }
    EXPECT_TRUE(lost);
    EXPECT_TRUE(kept);
}

TEST(Disk, HealingOneFaultLeavesTheOthers) {
    Disk disk(tiny(), Noise(1), "b1");
    disk.set_faults({.fault_id = "slow", .slowdown_percent = 300});
    disk.set_faults({.fault_id = "slower", .slowdown_percent = 1000});
    EXPECT_EQ(*disk.append("a", as_bytes("x")), 300us);
    disk.clear_faults("slow");
    EXPECT_EQ(*disk.append("a", as_bytes("x")), 100us);
    disk.clear_faults("slower");
    EXPECT_EQ(*disk.append("a", as_bytes("x")), 10us);
}

TEST(Disk, SlowIoIsToldOncePerFaultAndFile) {
    Disk disk(tiny(), Noise(1), "b1");
    std::vector<std::string> slowed;
    disk.on_incident([&](const DiskIncident& incident) {
        EXPECT_EQ(incident.fault, "slow");
        slowed.push_back(incident.path);
    });
    disk.set_faults({.fault_id = "f1", .slowdown_percent = 200});
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(disk.append("a", as_bytes("x")).ok());
        ASSERT_TRUE(disk.append("b", as_bytes("x")).ok());
    }
    EXPECT_EQ(*disk.flush("a"), 4ms);
    EXPECT_EQ(slowed, (std::vector<std::string>{"a", "b"}));
}

TEST(Disk, RotFlipsOneBitOfDifferentDurableBytes) {
    Disk disk({}, Noise(5), "b1");
    ASSERT_TRUE(disk.append("logs/a", as_bytes(repeated('\0', 300))).ok());
    ASSERT_TRUE(disk.flush("logs/a").ok());
    ASSERT_TRUE(disk.append("logs/a", as_bytes(repeated('\0', 300))).ok());
    ASSERT_TRUE(disk.append("other", as_bytes(repeated('\0', 300))).ok());
    ASSERT_TRUE(disk.flush("other").ok());
    std::uint64_t told = 0;
    disk.on_incident([&](const DiskIncident& incident) {
        EXPECT_EQ(incident.fault, "bit_rot");
        told += incident.bytes;
    });
    disk.rot("logs/", 20, "f1");
    const Bytes bytes = disk.inspect("logs/a");
    std::size_t flipped = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (bytes[i] == 0) continue;
        EXPECT_LT(i, 300u) << "not at rest yet";
        EXPECT_EQ(bytes[i] & (bytes[i] - 1), 0) << "more than one bit";
        ++flipped;
    }
    EXPECT_EQ(flipped, 20u);
    EXPECT_EQ(told, 20u);
    EXPECT_EQ(disk.inspect("other"), Bytes(300, 0));
    disk.rot("logs/", 1000, "f2");
    EXPECT_EQ(told, 320u) << "no more than there are";
}

TEST(Disk, AMisdirectedWriteStandsInAnotherFile) {
    Disk disk({}, Noise(1), "b1");
    std::map<std::string, std::string> written;
    for (const char letter : {'a', 'b', 'c'}) {
        const std::string path = std::string("logs/") + letter;
        written[path] = repeated(letter, 2000);
        ASSERT_TRUE(disk.append(path, as_bytes(written[path])).ok());
        ASSERT_TRUE(disk.flush(path).ok());
    }
    std::vector<std::string> told;
    disk.on_incident([&](const DiskIncident& incident) {
        EXPECT_EQ(incident.fault, "misdirected");
        EXPECT_EQ(incident.fault_id, "f1");
        told.push_back(incident.path);
    });
    disk.misdirect("logs/", 1, "f1");
    ASSERT_EQ(told.size(), 2u);
    EXPECT_NE(told[0], told[1]);
    for (const auto& [path, before] : written) {
        const std::string after = text_of(disk, path);
        const auto changed = [&](char to) {
            std::size_t count = 0;
            for (std::size_t i = 0; i < after.size(); ++i) {
                count += after[i] != before[i] && after[i] == to ? 1u : 0u;
            }
            return count;
        };
        ASSERT_EQ(after.size(), before.size());
        if (path == told[0]) {
            EXPECT_GT(changed('\0'), 0u) << "its own place was never written";
        } else if (path == told[1]) {
            EXPECT_EQ(changed(told[0].back()), changed(written[told[0]][0]));
            EXPECT_GT(changed(told[0].back()), 0u) << "over what was there";
        } else {
            EXPECT_EQ(after, before);
        }
    }
}

TEST(Disk, AMisdirectedWriteNeedsAnotherFile) {
    Disk disk({}, Noise(1), "b1");
    ASSERT_TRUE(disk.append("a", as_bytes("alone")).ok());
    ASSERT_TRUE(disk.flush("a").ok());
    ASSERT_TRUE(disk.append("b", as_bytes("not at rest")).ok());
    disk.on_incident([](const DiskIncident& incident) { ADD_FAILURE() << incident.fault; });
    disk.misdirect("", 5, "f1");
    EXPECT_EQ(text_of(disk, "a"), "alone");
}

// ---- death, revival, wiping ----

TEST(Disk, IsClosedToAProcessThatIsDying) {
    Disk disk({}, Noise(1), "b1");
    bool is_dying = false;
    disk.dies_with([&] { return is_dying; });
    ASSERT_TRUE(disk.append("a", as_bytes("before")).ok());
    is_dying = true;
    EXPECT_EQ(disk.append("a", as_bytes("after")).error().failure, Failure::closed);
    EXPECT_EQ(disk.truncate("a", 0).error().failure, Failure::closed);
    is_dying = false;
    EXPECT_EQ(text_of(disk, "a"), "before");
}

TEST(Disk, DiesRightAfterTheArmedOperation) {
    Disk disk({}, Noise(1), "b1");
    int deaths = 0;
    disk.arm_death_after(3, [&] { ++deaths; });
    ASSERT_TRUE(disk.append("a", as_bytes("1")).ok());
    ASSERT_TRUE(disk.read_all("a").ok());  // changes nothing: not counted
    ASSERT_TRUE(disk.append("a", as_bytes("2")).ok());
    EXPECT_EQ(deaths, 0);
    ASSERT_TRUE(disk.append("a", as_bytes("3")).ok());
    EXPECT_EQ(deaths, 1);
    EXPECT_EQ(disk.append("a", as_bytes("4")).error().failure, Failure::closed);
    EXPECT_EQ(disk.read_all("a").error().failure, Failure::closed);
    EXPECT_EQ(disk.flush("a").error().failure, Failure::closed);
    EXPECT_EQ(deaths, 1);
    EXPECT_EQ(text_of(disk, "a"), "123");
    disk.revive();
    EXPECT_TRUE(disk.append("a", as_bytes("4")).ok());
}

TEST(Disk, DiesAtAnOperationOnAFileOfThatName) {
    Disk disk({}, Noise(1), "b1");
    int deaths = 0;
    disk.arm_death_after(
        2, [&] { ++deaths; }, ".swap");
    ASSERT_TRUE(disk.append("a.log", as_bytes("1")).ok());
    ASSERT_TRUE(disk.append("b.log", as_bytes("2")).ok());
    ASSERT_TRUE(disk.rename("a.log", "a.log.swap").ok());
    ASSERT_TRUE(disk.remove("b.log").ok());
    EXPECT_EQ(deaths, 0);
    ASSERT_TRUE(disk.rename("a.log.swap", "a.log").ok());
    EXPECT_EQ(deaths, 1);
    EXPECT_EQ(disk.remove("a.log").error().failure, Failure::closed);
}

TEST(Disk, ADeathBetweenBeginAndFinishLeavesTheFlushUndone) {
    Disk disk({}, Noise(1), "b1");
    ASSERT_TRUE(disk.append("a", as_bytes("1")).ok());
    bool is_dead = false;
    disk.arm_death_after(1, [&] { is_dead = true; });
    const FlushTicket ticket = disk.begin_flush("a").value();
    EXPECT_TRUE(is_dead);
    EXPECT_EQ(disk.finish_flush(ticket).error().failure, Failure::closed);
}

TEST(Disk, CanDieAtOnceAndBeDisarmed) {
    Disk disk({}, Noise(1), "b1");
    int deaths = 0;
    disk.arm_death_after(0, [&] { ++deaths; });
    EXPECT_EQ(deaths, 1);
    disk.revive();
    disk.arm_death_after(1, [&] { ++deaths; });
    disk.revive();
    EXPECT_TRUE(disk.append("a", {}).ok());
    EXPECT_TRUE(disk.append("a", {}).ok());
    EXPECT_EQ(deaths, 1);
}

TEST(Disk, CountsChangingCalls) {
    Disk disk({}, Noise(1), "b1");
    ASSERT_TRUE(disk.append("a", as_bytes("1")).ok());
    ASSERT_TRUE(disk.flush("a").ok());
    EXPECT_FALSE(disk.remove("none").ok());
    EXPECT_EQ(disk.operations(), 4u);
}

TEST(Disk, WipingLeavesNothing) {
    Disk disk({}, Noise(1), "b1");
    ASSERT_TRUE(disk.append("a", as_bytes("1")).ok());
    ASSERT_TRUE(disk.flush("a").ok());
    disk.wipe();
    EXPECT_TRUE(disk.list("").empty());
    EXPECT_EQ(disk.used_bytes(), 0u);
    disk.power_loss();
    EXPECT_TRUE(disk.list("").empty());
    EXPECT_TRUE(disk.append("a", as_bytes("1")).ok());
}

}  // namespace
}  // namespace squall::sim
