// Records of a user's file: what is understood, and that everything else is refused with its line.
#include "scenarios/workloads/input_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "scenarios/run.h"
#include "tests/scenarios/small_storm.h"

namespace squall::scenarios {
namespace {

class InputFileTest : public testing::Test {
  protected:
    ~InputFileTest() override { std::filesystem::remove(path); }

    std::vector<model::ProducerRecord> read(std::string_view content) {
        write(content);
        return read_input_file(path, "orders");
    }
    ScenarioError error_of(std::string_view content) {
        try {
            read(content);
        } catch (const ScenarioError& error) {
            return error;
        }
        ADD_FAILURE() << "was accepted: " << content;
        return {};
    }
    void write(std::string_view content) { std::ofstream(path, std::ios::binary) << content; }

    // Tests of one binary may run side by side.
    const std::string path = testing::TempDir() + "squall-" +
                             testing::UnitTest::GetInstance()->current_test_info()->name() +
                             ".jsonl";
};

TEST_F(InputFileTest, ReadsOneRecordALine) {
    const auto records = read(
        "{\"key\": \"k\", \"value\": \"text\", \"headers\": {\"h\": \"v\", \"n\": null}, "
        "\"timestamp\": 1735689600000}\r\n"
        "\n"
        "{\"value\": {\"b\": [1, 2], \"a\": \"x\"}}\n"
        "{\"key\": 7, \"value\": null}");
    ASSERT_EQ(records.size(), 3u);
    EXPECT_EQ(records[0].topic, "orders");
    EXPECT_EQ(records[0].key, to_bytes("k"));
    EXPECT_EQ(records[0].value, to_bytes("text"));
    ASSERT_EQ(records[0].headers.size(), 2u);
    EXPECT_EQ(records[0].headers[0].key, "h");
    EXPECT_EQ(records[0].headers[0].value, to_bytes("v"));
    EXPECT_EQ(records[0].headers[1].value, std::nullopt);
    EXPECT_EQ(records[0].timestamp, 1735689600000);
    EXPECT_EQ(records[1].key, std::nullopt);
    EXPECT_EQ(records[1].value, to_bytes(R"({"b":[1,2],"a":"x"})")) << "keys stay in their order";
    EXPECT_EQ(records[2].key, to_bytes("7"));
    EXPECT_EQ(records[2].value, std::nullopt) << "a tombstone";
}

TEST_F(InputFileTest, RefusesABrokenLineByItsNumber) {
    const std::string good = "{\"value\": \"v\"}\n";
    struct Bad {
        std::string_view line;
        int column;
        std::string_view message;
    };
    for (const Bad& bad : std::initializer_list<Bad>{
             // What is no JSON stops at a column; what is, but says too little or too much, is
             // pointed at as a whole.
             {"{\"value\": ", 11, "not JSON"},
             {"{\"value\" 1}", 10, "not JSON"},
             {"\xff\xfe", 1, "not JSON"},
             {"[1]", 1, "expected an object"},
             {"{\"key\": \"k\"}", 1, "no \"value\""},
             {"{\"value\": 1, \"kye\": 2}", 1, "unknown key \"kye\"; did you mean 'key'?"},
             {"{\"value\": 1, \"headers\": []}", 1, "\"headers\" must be an object"},
             {"{\"value\": 1, \"timestamp\": -1}", 1, "\"timestamp\" must be milliseconds"},
             {"{\"value\": 1, \"timestamp\": 1.5}", 1, "\"timestamp\" must be milliseconds"}}) {
        const ScenarioError error = error_of(good + "\n" + std::string(bad.line) + "\n" + good);
        EXPECT_EQ(error.file, path);
        EXPECT_EQ(error.line, 3) << bad.line;
        EXPECT_EQ(error.column, bad.column) << bad.line;
        EXPECT_NE(error.message.find(bad.message), std::string::npos) << error.message;
    }
}

TEST_F(InputFileTest, RefusesAFileWithoutRecordsAndOneThatCannotBeRead) {
    EXPECT_NE(error_of("").message.find("holds no record"), std::string::npos);
    EXPECT_NE(error_of("\n\n").message.find("holds no record"), std::string::npos);
    const auto message = [](const std::string& file) {
        try {
            read_input_file(file, "orders");
        } catch (const ScenarioError& error) {
            return error.text();
        }
        return std::string("was read");
    };
    EXPECT_EQ(message("no/such.jsonl"), "no/such.jsonl: workload.input: the file cannot be opened");
    EXPECT_EQ(message(testing::TempDir()),
              testing::TempDir() + ": workload.input: the file cannot be read");
}

TEST_F(InputFileTest, ItsRecordsAreWhatTheOrderServiceSends) {
    std::string content;
    for (int i = 0; i < 25; ++i) content += "{\"key\": \"k\", \"value\": \"v\"}\n";
    write(content);
    Scenario scenario = small_storm();
    scenario.workload.input = path;
    scenario.workload.groups.clear();
    const RunResult result = run(scenario, {.seed = 1, .trace_level = sim::TraceLevel::hash_only});
    EXPECT_EQ(result.operations.at("send").ok, 25u);
    EXPECT_EQ(result.verdict, Verdict::pass) << result.why;
}

}  // namespace
}  // namespace squall::scenarios
