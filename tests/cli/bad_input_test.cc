// Whatever is wrong with the input: exit 2, nothing on stdout, one message that says what and
// where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/program.h"

namespace squall::cli {
namespace {

using testing::HasSubstr;

struct Case {
    std::string name;
    std::vector<std::string> arguments;
    std::vector<std::string> message;
};

std::ostream& operator<<(std::ostream& out, const Case& bad) {
    return out << bad.name;
}

class BadInput : public testing::TestWithParam<Case> {};

TEST_P(BadInput, IsRefusedWithOneMessage) {
    const Said said = run_program(GetParam().arguments);
    EXPECT_EQ(said.exit_code, 2);
    EXPECT_EQ(said.out, "");
    EXPECT_THAT(said.err, testing::StartsWith("squall: "));
    for (const std::string& part : GetParam().message) EXPECT_THAT(said.err, HasSubstr(part));
}

std::vector<std::string> with(const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"run", "order-flow", "--seed", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

INSTANTIATE_TEST_SUITE_P(
    Usage, BadInput,
    testing::Values(
        Case{"nothing", {}, {"a command is needed", "squall --help"}},
        Case{"unknown_command", {"rnu", "order-flow"}, {"unknown command 'rnu'", "'run'"}},
        Case{"far_command", {"frobnicate"}, {"unknown command 'frobnicate'"}},
        Case{"unknown_option", with({"--sed", "3"}), {"unknown option '--sed'", "'--seed'"}},
        Case{"no_scenario", {"run"}, {"scenario is required", "squall run --help"}},
        Case{"unknown_scenario", {"run", "ordr-flow"}, {"unknown scenario", "'order-flow'"}},
        Case{"missing_file", {"run", "missing.toml"}, {"missing.toml", "cannot be read"}},
        Case{"folder_as_file", {"run", "/tmp"}, {"/tmp", "cannot be read"}},
        Case{"report_without_folder", {"report", "order-flow"}, {"--out is required"}},
        Case{"unknown_list", {"list", "fautls"}, {"list fautls", "'faults'"}},
        Case{"no_list", {"list"}, {"required"}},
        Case{"list_of_two", {"list", "faults", "bugs"}, {"bugs"}},
        Case{"doctor_of_nothing", {"doctor", "--seeds", "0"}, {"--seeds", "from 1 to 999999"}},
        Case{"doctor_of_unknown", {"doctor", "--scenario", "nope"}, {"unknown scenario 'nope'"}},
        Case{"doctor_of_fewer", {"doctor", "--seeds", "-1"}, {"--seeds", "-1"}},
        Case{"doctor_of_words", {"doctor", "--seeds", "many"}, {"--seeds", "many"}},
        Case{"serve_at_no_speed", {"serve", "--speed", "fast"}, {"--speed", "a number", "fast"}},
        Case{"serve_for_no_time", {"serve", "--for", "0s"}, {"--for 0s", "more than 0s"}},
        Case{"serve_as_an_option",
             {"serve", "--advertise", "--quiet"},
             {"--advertise", "expected HOST, found --quiet"}},
        Case{"serve_as_an_address",
             {"serve", "--advertise", "kafka:9092"},
             {"--advertise", "'kafka:9092' is no host", "without a port"}},
        Case{"serve_as_any",
             {"serve", "--listen", "127.0.0.1:0", "--advertise", "0.0.0.0"},
             {"--advertise 0.0.0.0", "expected a host that they can"}},
        Case{"serve_on_all_as_none",
             {"serve", "--listen", "0.0.0.0:0"},
             {"--listen 0.0.0.0:0", "expected --advertise HOST"}},
        Case{"serve_on_all_of_ipv6",
             {"serve", "--listen", "[::]:0"},
             {"--listen [::]:0", "expected --advertise HOST"}},
        Case{"record_into_an_option",
             {"serve", "--record", "--json"},
             {"--record", "expected FILE, found --json"}},
        Case{"set_an_option", with({"--set", "--quiet"}), {"--set", "expected KEY=VALUE"}},
        Case{"run_of_an_option", with({"--report", "--json"}), {"--report", "found --json"}},
        Case{"hunt_without_workers",
             {"hunt", "--jobs", "0"},
             {"--jobs", "from 1 to 1024", "found 0"}},
        Case{"hunt_of_no_seeds", {"hunt", "order-flow"}, {"--seeds A..B or --for DURATION"}},
        Case{"hunt_backwards", {"hunt", "--seeds", "9..3"}, {"--seeds 9..3", "A not above B"}},
        Case{"shard_beyond_the_last",
             {"hunt", "--seeds", "1..9", "--shard", "3/2"},
             {"--shard 3/2", "from 1 to the number of shards", "3/2"}},
        Case{"merge_of_nothing", {"hunt", "--merge", "/proc/sys"}, {"--merge /proc/sys"}},
        Case{"resume_of_nothing", {"hunt", "--seeds", "1", "--resume"}, {"--resume", "--out DIR"}},
        Case{"shrink_into_nowhere",
             {"shrink", "order-flow", "--seed", "1", "-o", "no/such/folder/x.toml"},
             {"-o no/such/folder/x.toml", "no folder no/such/folder"}},
        Case{"shrink_of_a_pass",
             {"shrink", "unclean-election", "--seed", "1"},
             {"does not fail", "nothing to shrink"}}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Values, BadInput,
    testing::Values(
        Case{"seed_of_letters", {"run", "order-flow", "--seed", "abc"}, {"--seed abc", "0x hex"}},
        Case{"seed_too_big",
             {"run", "order-flow", "--seed", "18446744073709551616"},
             {"from 0 to 18446744073709551615"}},
        Case{"negative_seed", {"run", "order-flow", "--seed", "-1"}, {"--seed -1"}},
        Case{"empty_hex_seed", {"run", "order-flow", "--seed", "0x"}, {"--seed 0x"}},
        Case{"seed_and_more", {"run", "order-flow", "--seed", "12x"}, {"--seed 12x"}},
        Case{"set_without_value", with({"--set", "nonsense"}), {"KEY=VALUE"}},
        Case{"set_unknown_key", with({"--set", "workload.rat=50"}), {"'rat'", "'rate'"}},
        Case{"set_wrong_type",
             with({"--set", "workload.rate=abc"}),
             {"workload.rate", "expected a whole number, found a string"}},
        Case{"impossible_replication",
             with({"--set", "topics.orders.replication=5"}),
             {"topics.orders.replication", "5 replicas", "3"}},
        Case{"unknown_bug", with({"--bug", "Z99"}), {"unknown bug 'Z99'", "squall list bugs"}},
        Case{"bug_on_a_client", with({"--bug", "Z01@payment-1"}), {"Z01@payment-1", "client"}},
        Case{"report_folder_of_report",
             {"report", "order-flow", "-o", "/proc/x"},
             {"squall: -o /proc/x"}},
        Case{"disk_fault_of_a_client",
             with({"--set", "fault.kill-payment.kind=slow-disk", "--set",
                   "fault.kill-payment.target=owner(orders-0)"}),
             {"fault.kill-payment.target", "needs a server with a disk"}},
        Case{"bug_on_no_node", with({"--bug", "Z01@b9"}), {"no node 'b9'", "'b1'"}},
        Case{"history_of_unknown_kind", with({"--history", "x.txt"}), {".edn or .jsonl"}},
        Case{"report_below_no_folder", with({"--report", "/proc/x"}), {"--report /proc/x"}},
        Case{"missing_input",
             with({"--set", "workload.input=none.jsonl"}),
             {"none.jsonl", "cannot be opened"}},
        Case{"input_is_a_folder",
             with({"--set", "workload.input=/tmp"}),
             {"/tmp", "cannot be read"}}),
    [](const auto& test) { return test.param.name; });

void expect_refused(const std::vector<std::string>& arguments, const std::string& message) {
    const Said said = run_program(arguments);
    EXPECT_EQ(said.exit_code, 2);
    EXPECT_EQ(said.out, "");
    EXPECT_THAT(said.err, HasSubstr(message));
    EXPECT_EQ(std::ranges::count(said.err, '\n'), 1) << said.err;
}

TEST(BadFile, IsNamedWithLineAndColumn) {
    const Folder folder;
    const std::string syntax = folder.write("syntax.toml", "name = \"x\"\nrun = { storm = \n");
    expect_refused({"run", syntax}, syntax + ":2:");
    const std::string unknown = folder.write("unknown.toml", "name = \"x\"\nclutser = 1\n");
    expect_refused({"run", unknown}, unknown + ":2:");
    expect_refused({"run", unknown}, "unknown key 'clutser'; did you mean 'cluster'?");
    const std::string broker = folder.write(
        "broker.toml", read_file(SQUALL_SOURCE_DIR "/tests/cli/one-crash.toml") +
                           "\n[[fault]]\nid = \"x\"\nkind = \"crash\"\ntarget = \"b9\"\nat = "
                           "\"9s\"\nfor = \"1s\"\n");
    expect_refused({"run", broker}, "b9");
}

TEST(BadFile, BrokenInputLineIsNumbered) {
    const Folder folder;
    const std::string input =
        folder.write("in.jsonl", "{\"key\":\"a\",\"value\":\"b\"}\n{\"key\":oops}\n");
    expect_refused(with({"--set", "workload.input=" + input}), input + ":2:");
    expect_refused(with({"--set", "workload.input=" + input}), "not JSON; expected an object");
}

TEST(BadFile, ReportFolderThatIsAFileIsRefusedBeforeTheRun) {
    const Folder folder;
    const std::string file = folder.write("file", "");
    expect_refused(with({"--report", file}), "--report " + file + ": is a file, expected a folder");
    expect_refused(with({"--report", file + "/below"}), "--report " + file + "/below");
}

}  // namespace
}  // namespace squall::cli
