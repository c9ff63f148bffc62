// The control port: what it does to a cluster is repeated bit for bit, and what it says over HTTP
// is an answer or one clear error.
#include <gtest/gtest.h>
#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "gateway/control_action.h"
#include "gateway/serve.h"
#include "gateway/status_board.h"
#include "model/events/controller_events.h"
#include "model/events/group_events.h"
#include "model/events/replica_events.h"
#include "tests/gateway/outside_client.h"

namespace squall::gateway {
namespace {

using namespace squall::model;
using nlohmann::json;

ControlAnswer act(ServedCluster& cluster, const ControlAction& action) {
    cluster.events.push_back({cluster.served.now(), Controlled{encode_action(action)}});
    return cluster.served.take_in(cluster.events.back().event);
}

StrikeFault strike_of(std::string_view text) {
    return parse_strike(text).value();
}

std::string error_of(const ControlAnswer& answer) {
    return json::parse(answer.body).at("error");
}

TEST(ControlAction, IsWrittenAsItIsRead) {
    const StrikeFault strike = strike_of(
        R"({"id": "x", "kind": "restart", "target": "b1", "for": "1.5s",
            "grace": "2s", "config": {"log.retention.ms": 5, "a": true}})");
    EXPECT_EQ(strike.fault.heal_after, Duration(1500ms));
    EXPECT_EQ(strike.fault.options.at("config.log.retention.ms"), "5");
    EXPECT_EQ(strike.fault.options.at("config.a"), "true");
    const StrikeFault armed = strike_of(
        R"({"kind": "crash", "target": "b1", "when": {"event": "PartitionChanged", "nth": 2,
            "since": "x", "after": "50ms", "match": {"partition": "orders-0", "leader": 2}}})");
    EXPECT_EQ(armed.fault.when->match.at("leader"), "2");
    EXPECT_EQ(armed.fault.when->after, Duration(50ms));
    for (const ControlAction& action :
         {ControlAction(strike), ControlAction(armed),
          ControlAction(strike_of(R"({"kind": "crash", "target": "b1", "in": "2s"})")),
          ControlAction(strike_of(R"({"kind": "crash", "target": "b1", "at": "2m"})")),
          ControlAction(strike_of(R"({"kind": "crash", "target": "b1", "window": ["1s", "2m"]})")),
          ControlAction(strike_of(R"({"kind": "crash", "target": "b1", "every": "1.5s"})")),
          ControlAction(HealFault{}), ControlAction(HealFault{.id = "x"}),
          ControlAction(AdvanceTime{.by = 1234567ns})}) {
        const std::string text = encode_action(action);
        EXPECT_EQ(encode_action(decode_action(text).value()), text);
    }
    for (const std::string_view text : {"", "{}", "[1]", R"({"strike": 1})", R"({"heal": {}})",
                                        R"({"heal": "a", "strike": {}})", "\xff\xfe"}) {
        EXPECT_FALSE(decode_action(text).ok()) << text;
    }
}

TEST(ControlAction, SaysWhatIsWrong) {
    const auto told = [](std::string_view text) { return parse_strike(text).error().detail; };
    EXPECT_EQ(told("{"), "the body is no JSON");
    EXPECT_EQ(told("[]"), "expected a JSON object");
    EXPECT_EQ(told(R"({"target": "b1"})"),
              "kind: a fault names its kind (see `squall list faults`)");
    EXPECT_EQ(told(R"({"kind": "crash"})"), "target: a fault names its target");
    EXPECT_EQ(told(R"({"kind": 1})"), "kind: expected a string, not 1");
    EXPECT_EQ(told(R"({"kind": "crash", "target": "b1", "for": "soon"})").substr(0, 4), "for:");
    EXPECT_EQ(told(R"({"kind": "crash", "target": "b1", "every": "0s"})"),
              "every: expected more than 0s");
    EXPECT_EQ(told(R"({"kind": "crash", "target": "b1", "every": "1ms"})"),
              "every: it would strike more than 100 times a second");
    EXPECT_EQ(told(R"({"kind": "crash", "target": "b1", "every": 15})"),
              "every: expected a string, not 15");
    for (const std::string_view window :
         {R"("5s")", R"(["5s"])", R"(["5s", "4s"])", R"(["-1s", "4s"])", R"(["1s", "2s", "3s"])"}) {
        EXPECT_EQ(told(fmt::format(R"({{"kind": "crash", "target": "b1", "window": {}}})", window)),
                  R"(window: expected two times, the earlier first: ["5s", "20s"])");
    }
    EXPECT_EQ(told(R"({"kind": "crash", "target": "b1", "window": [5, 20]})"),
              "window: expected a string, not 5");
    EXPECT_EQ(told(R"({"kind": "crash", "target": "b1", "window": ["5s", "late"]})").substr(0, 7),
              "window:");
    for (const std::string_view two : {R"("in": "1s", "at": "9s")", R"("every": "1s", "in": "9s")",
                                       R"("every": "1s", "window": ["5s", "6s"])"}) {
        EXPECT_EQ(told(fmt::format(R"({{"kind": "crash", "target": "b1", {}}})", two)),
                  "when: a fault has one of at, in, window, every and when, or none and strikes "
                  "now");
    }
    EXPECT_EQ(told(R"({"kind": "crash", "target": "b1", "in": "-1s"})").substr(0, 3), "in:");
    EXPECT_EQ(told(R"({"kind": "crash", "target": "b1", "when": "ThisHappens"})"),
              R"(when: expected an event, like {"event": "PartitionChanged"})");
    EXPECT_EQ(told(R"({"kind": "crash", "target": "b1", "when": {"nth": 1}})"),
              "when.event: a condition names its event");
    EXPECT_EQ(told(R"({"kind": "crash", "target": "b1", "when": {"nth": 0}})"),
              "when.nth: expected a whole number from 1 on, not 0");
    EXPECT_EQ(told(R"({"kind": "crash", "target": "b1", "when": {"evnt": "X"}})"),
              "when.evnt: unknown key; expected event, nth, match, since or after");
    EXPECT_EQ(told(R"({"kind": "crash", "target": "b1", "by": [1]})"),
              "by: expected text, a number or a boolean, not an array");
    EXPECT_EQ(parse_advance(R"({"by": "25h"})").error().detail.substr(0, 3), "by:");
    EXPECT_EQ(parse_advance(R"({"to": "1s"})").error().detail, "unknown key 'to'; expected 'by'");
}

TEST(ControlAction, RefusesWhatCannotStrike) {
    ServedCluster cluster;
    const auto refused = [&](std::string_view text) { return act(cluster, strike_of(text)); };
    const ControlAnswer unknown = refused(R"({"kind": "crsh", "target": "b1"})");
    EXPECT_EQ(unknown.status, 400);
    EXPECT_EQ(error_of(unknown),
              "kind: unknown fault 'crsh'; did you mean 'crash'? (see `squall list faults`)");
    EXPECT_EQ(error_of(refused(R"({"kind": "crash", "target": "b9"})")),
              "target: there is no node 'b9'; did you mean 'b1'?");
    EXPECT_EQ(refused(R"({"kind": "crash", "target": "b1", "fro": "5s"})").status, 400);
    const ControlAnswer nobody =
        refused(R"json({"kind": "crash", "target": "leader(orders-0)"})json");
    EXPECT_EQ(nobody.status, 409);
    EXPECT_EQ(error_of(nobody), "target: nobody is leader(orders-0) now");
    EXPECT_EQ(refused(R"({"id": "x", "kind": "crash", "target": "b1"})").status, 200);
    EXPECT_EQ(refused(R"({"id": "x", "kind": "pause", "target": "b2"})").status, 409);
    EXPECT_EQ(act(cluster, HealFault{.id = "y"}).status, 404);
    EXPECT_EQ(act(cluster, HealFault{}).body, R"({"healed":["x"]})");
    cluster.take_in(Ended{});
    EXPECT_EQ(refused(R"({"kind": "crash", "target": "b1"})").status, 409);
}

TEST(ControlAction, StrikesAndIsRepeatedBitForBit) {
    ServedCluster cluster;
    const ConnectionNumber leader = connect_to_leader(cluster, "orders");
    ASSERT_TRUE(cluster.call(leader, produce_of("orders", batch_of({"one"})), 7));
    const ControlAnswer crashed =
        act(cluster,
            strike_of(R"json({"kind": "crash", "target": "leader(orders-0)", "for": "20s"})json"));
    ASSERT_EQ(crashed.status, 200) << crashed.body;
    cluster.pass(100ms);
    EXPECT_TRUE(cluster.outlet.closed.contains(leader));
    cluster.pass(15s);
    // The machine of an outside client is a target like any other.
    const ConnectionNumber again = connect_to_leader(cluster, "orders");
    ASSERT_TRUE(cluster.call(again, produce_of("orders", batch_of({"two"})), 7));
    const StrikeFault isolate =
        strike_of(R"({"id": "cut", "kind": "isolate", "target": "outside-tester"})");
    ASSERT_EQ(act(cluster, isolate).status, 200);
    EXPECT_FALSE(cluster.call(again, fetch_of("orders"), 11));
    ASSERT_EQ(act(cluster, HealFault{.id = "cut"}).status, 200);
    cluster.pass(2s);
    EXPECT_TRUE(cluster.answer<FetchResponse>(again, 11));
    act(cluster, AdvanceTime{.by = 1s});
    // The same id again, whose draws go on.
    const StrikeFault delay =
        strike_of(R"({"id": "cut", "kind": "delay", "target": "any-broker", "extra": "2ms"})");
    ASSERT_EQ(act(cluster, delay).status, 200);
    cluster.pass(3s);
    const Time end = cluster.served.now();
    std::vector<TakenIn> so_far;
    for (const RecordedEvent& event : cluster.events) {
        so_far.push_back(std::make_shared<const RecordedEvent>(event));
    }
    const scenarios::RunResult served = cluster.end();
    EXPECT_EQ(served.verdict, scenarios::Verdict::pass) << served.why;
    ASSERT_EQ(served.faults.size(), 3u);
    EXPECT_FALSE(served.faults[0].effects.empty());
    EXPECT_EQ(replay(cluster.scenario, cluster.events, cluster.options()).hash, served.hash);
    // What is told as the verdict so far is the verdict, if nothing comes any more.
    EXPECT_EQ(repeat(cluster.scenario, so_far, end, cluster.options()).hash, served.hash);
}

TEST(ControlAction, StrikesWhenItsTimeOrItsEventComes) {
    ServedCluster cluster;
    const auto ask = [&](std::string_view text) { return act(cluster, strike_of(text)); };
    const auto at_work = [&] { return cluster.served.run().faults().at_work(); };
    const ControlAnswer timed =
        ask(R"({"id": "soon", "kind": "pause", "target": "b3", "in": "2s", "for": "1s"})");
    EXPECT_EQ(timed.status, 202) << timed.body;
    EXPECT_EQ(json::parse(timed.body)["awaits"],
              squall::to_string(cluster.served.now().since_origin() + 2s));
    // What that brings about, or something else of its kind.
    const ControlAnswer awaited = ask(
        R"({"id": "then", "kind": "restart", "target": "b2", "for": "1s",
            "when": {"event": "FaultHealed", "match": {"id": "soon"}, "since": "soon", "after": "1s"}})");
    EXPECT_EQ(awaited.status, 202) << awaited.body;
    EXPECT_EQ(json::parse(awaited.body)["awaits"], "FaultHealed");
    ASSERT_EQ(ask(R"({"id": "never", "kind": "crash", "target": "b1", "in": "3s"})").status, 202);
    EXPECT_EQ(ask(R"({"id": "soon", "kind": "crash", "target": "b1"})").status, 409);
    EXPECT_EQ(act(cluster, HealFault{.id = "never"}).body, R"({"healed":["never"]})");
    EXPECT_TRUE(at_work().empty());
    cluster.pass(1900ms);
    EXPECT_TRUE(at_work().empty());
    cluster.pass(200ms);
    ASSERT_EQ(at_work().size(), 1u);
    EXPECT_EQ(at_work()[0].machines, std::vector<std::string>{"b3"});
    EXPECT_EQ(cluster.served.run().faults().armed().size(), 1u);
    cluster.pass(1s);
    EXPECT_TRUE(at_work().empty()) << "it waits for a second more";
    cluster.pass(1s);
    ASSERT_EQ(at_work().size(), 1u);
    EXPECT_EQ(at_work()[0].id, "then");
    cluster.pass(20s);
    // One that waits in vain.
    ASSERT_EQ(ask(R"({"id": "vain", "kind": "crash", "target": "b1",
                      "when": {"event": "FaultHealed", "match": {"id": "vain"}}})")
                  .status,
              202);
    const ConnectionNumber leader = connect_to_leader(cluster, "orders");
    ASSERT_TRUE(cluster.call(leader, produce_of("orders", batch_of({"one"})), 7));
    const scenarios::RunResult served = cluster.end();
    EXPECT_EQ(served.verdict, scenarios::Verdict::pass) << served.why;
    ASSERT_EQ(served.faults.size(), 3u);
    EXPECT_EQ(served.faults[2].id, "vain");
    EXPECT_EQ(served.faults[2].at, Time::max());
    EXPECT_EQ(replay(cluster.scenario, cluster.events, cluster.options()).hash, served.hash);
}

TEST(ControlAction, StrikesAgainAndAgainUntilItIsEnded) {
    ServedCluster cluster;
    const auto is_down = [&] { return !cluster.served.run().faults().at_work().empty(); };
    const auto awaited = [&] {
        const auto armed = cluster.served.run().faults().armed();
        return armed.empty() ? std::string() : awaited_by(armed.front());
    };
    const Time given = cluster.served.now();
    const auto after = [&](Duration time) {
        return squall::to_string((given + time).since_origin());
    };
    const ControlAnswer answer =
        act(cluster,
            strike_of(
                R"({"id": "beat", "kind": "crash", "target": "b3", "every": "4s", "for": "1s"})"));
    ASSERT_EQ(answer.status, 202) << answer.body;
    EXPECT_EQ(json::parse(answer.body)["awaits"], after(4s));
    cluster.pass(3900ms);
    EXPECT_FALSE(is_down());
    cluster.pass(200ms);
    EXPECT_TRUE(is_down());
    EXPECT_EQ(awaited(), after(8s));
    cluster.pass(1s);
    EXPECT_FALSE(is_down());
    cluster.pass(2800ms);
    EXPECT_FALSE(is_down());
    cluster.pass(200ms);
    EXPECT_TRUE(is_down());
    EXPECT_EQ(awaited(), after(12s));
    // It is taken: at work, and still to come.
    EXPECT_EQ(act(cluster, strike_of(R"({"id": "beat", "kind": "pause", "target": "b1"})")).status,
              409);
    EXPECT_EQ(act(cluster, HealFault{.id = "beat"}).body, R"({"healed":["beat"]})");
    EXPECT_FALSE(is_down());
    EXPECT_EQ(awaited(), "");
    cluster.pass(4s);
    EXPECT_FALSE(is_down()) << "it was ended";
    // The same id again is another one: the earlier one's beat is over.
    ASSERT_EQ(
        act(cluster, strike_of(R"({"id": "beat", "kind": "pause", "target": "b2", "every": "6s"})"))
            .status,
        202);
    cluster.pass(5900ms);
    EXPECT_FALSE(is_down());
    cluster.pass(200ms);
    EXPECT_TRUE(is_down());
    EXPECT_EQ(act(cluster, HealFault{}).body, R"({"healed":["beat"]})");
    // Nobody has the role yet: its turn passes, and the next one comes.
    const std::string owner =
        R"json({"id": "late", "kind": "pause", "target": "leader(orders-0)", "every": "5s", "for": "1s"})json";
    ASSERT_EQ(act(cluster, strike_of(owner)).status, 202);
    cluster.pass(5100ms);
    EXPECT_FALSE(is_down());
    const ConnectionNumber leader = connect_to_leader(cluster, "orders");
    ASSERT_TRUE(cluster.call(leader, produce_of("orders", batch_of({"one"})), 7));
    cluster.pass(5s);
    const scenarios::RunResult served = cluster.end();
    EXPECT_EQ(served.verdict, scenarios::Verdict::pass) << served.why;
    std::vector<std::string> struck;
    for (const auto& fault : served.faults) {
        if (fault.at != Time::max()) struck.push_back(fault.id);
    }
    EXPECT_EQ(struck.size(), served.faults.size() - 1) << "one turn had nobody to hit";
    EXPECT_EQ(std::ranges::count(struck, "beat"), 3);
    EXPECT_GE(std::ranges::count(struck, "late"), 1);
    EXPECT_EQ(replay(cluster.scenario, cluster.events, cluster.options()).hash, served.hash);
}

TEST(ControlAction, StrikesOnceWithinItsWindow) {
    std::set<std::string> times;
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
        ServedCluster cluster({}, seed);
        const ControlAnswer answer = act(
            cluster, strike_of(R"({"kind": "pause", "target": "b3", "window": ["8s", "12s"]})"));
        ASSERT_EQ(answer.status, 202) << answer.body;
        times.insert(json::parse(answer.body)["awaits"]);
        cluster.pass(2900ms);
        EXPECT_TRUE(cluster.served.run().faults().at_work().empty());
        cluster.pass(4200ms);
        EXPECT_EQ(cluster.served.run().faults().at_work().size(), 1u);
        EXPECT_TRUE(cluster.served.run().faults().armed().empty());
        const scenarios::RunResult served = cluster.end();
        ASSERT_EQ(served.faults.size(), 1u);
        EXPECT_EQ(json::parse(answer.body)["awaits"],
                  squall::to_string(served.faults[0].at.since_origin()));
        EXPECT_EQ(replay(cluster.scenario, cluster.events, cluster.options()).hash, served.hash);
    }
    EXPECT_EQ(times.size(), 3u) << "the seed draws it";
}

TEST(ControlAction, RefusesWhatCannotBeAwaited) {
    ServedCluster cluster;
    const auto told = [&](std::string_view text) { return act(cluster, strike_of(text)); };
    const ControlAnswer past = told(R"({"kind": "crash", "target": "b1", "at": "1ms"})");
    EXPECT_EQ(past.status, 409);
    EXPECT_TRUE(error_of(past).starts_with("at: virtual time is ")) << error_of(past);
    EXPECT_EQ(told(R"({"kind": "crash", "target": "b1", "in": "99999h"})").status, 409);
    EXPECT_EQ(error_of(told(R"({"kind": "crash", "target": "b1", "window": ["1s", "2m"]})")),
              "window: virtual time is 5s already");
    for (const std::string_view late : {R"("window": ["6s", "99999h"])", R"("every": "99999h")"}) {
        const ControlAnswer answer =
            told(fmt::format(R"({{"kind": "crash", "target": "b1", {}}})", late));
        EXPECT_EQ(answer.status, 409);
        EXPECT_NE(error_of(answer).find(": the storm ends at "), std::string::npos)
            << error_of(answer);
    }
    EXPECT_EQ(error_of(told(R"({"kind": "crash", "target": "b1", "when": {"event": "Nothing"}})"))
                  .substr(0, 36),
              "when.event: unknown event 'Nothing'");
    EXPECT_EQ(error_of(told(R"({"kind": "crash", "target": "b1",
                                "when": {"event": "FaultHealed", "match": {"of": 1}}})"))
                  .substr(0, 44),
              "when.match.of: FaultHealed has no field 'of'");
    EXPECT_EQ(error_of(told(R"({"kind": "crash", "target": "b1",
                                "when": {"event": "FaultHealed", "since": "x"}})")),
              "when.since: there is no fault 'x'");
}

// Lag is counted from the high watermark of the leader, and goes with the partition.
TEST(StatusBoard, TellsHowFarAGroupIsBehind) {
    sim::Trace trace(sim::TraceOptions{});
    StatusBoard board;
    trace.observe([&](const sim::Event& event) { board.observe(event, trace); });
    const TopicPartition orders{"orders", 0};
    trace.emit(PartitionChanged{.partition = orders, .leader = BrokerId{1}});
    trace.emit(LogOpened{.broker = BrokerId{1},
                         .partition = orders,
                         .log_end_offset = Offset{9},
                         .high_watermark = Offset{7}});
    trace.emit(OffsetCommitted{.group = "g", .partition = orders, .offset = Offset{4}});
    ASSERT_EQ(board.groups().at("g").committed.at(orders), Offset{4});
    EXPECT_EQ(board.lag(orders, Offset{4}), 3);
    trace.emit(HighWatermarkAdvanced{.broker = BrokerId{1}, .partition = orders, .to = Offset{9}});
    EXPECT_EQ(board.lag(orders, Offset{4}), 5);
    EXPECT_EQ(board.lag(orders, Offset{12}), 0) << "its replica is behind";
    trace.emit(TopicDeleted{.topic = "orders"});
    EXPECT_EQ(board.lag(orders, Offset{4}), std::nullopt);
    EXPECT_TRUE(board.groups().at("g").committed.empty());
}

TEST(ControlAction, LastsUntilTheStormIsOver) {
    ServedCluster cluster;
    ASSERT_EQ(act(cluster, strike_of(R"({"id": "x", "kind": "pause", "target": "b1"})")).status,
              200);
    cluster.pass(1s);
    const Time end = cluster.served.now();
    const scenarios::RunResult served = cluster.end();
    ASSERT_EQ(served.faults.size(), 1u);
    EXPECT_EQ(served.faults[0].healed_at, end);
}

// ---- over HTTP ----

class Serving {
  public:
    Serving() {
        options_.listen = {"127.0.0.1", 0};
        options_.control = Address{"127.0.0.1", 0};
        options_.stop = &stop_;
        options_.log = [](std::string_view) {};
        options_.ready = [this](std::string_view, std::string_view control) {
            control_.set_value(std::string(control));
        };
        result_ = std::async(std::launch::async, [this] {
            return serve(scenarios::load_scenario("serve"), 1, options_);
        });
        client_ = std::make_unique<httplib::Client>("http://" + control_.get_future().get());
        client_->set_read_timeout(60s);
    }
    ~Serving() { stop_ = true; }

    httplib::Client& client() { return *client_; }
    scenarios::RunResult end() {
        stop_ = true;
        return result_.get().value();
    }

  private:
    ServeOptions options_;
    std::atomic<bool> stop_{false};
    std::promise<std::string> control_;
    std::future<Result<scenarios::RunResult>> result_;
    std::unique_ptr<httplib::Client> client_;
};

TEST(ControlServer, TellsHowTheClusterStands) {
    Serving serving;
    httplib::Client& client = serving.client();
    const json status = json::parse(client.Get("/status")->body);
    ASSERT_EQ(status.at("brokers").size(), 3u);
    EXPECT_EQ(status["brokers"][0]["name"], "b1");
    EXPECT_EQ(status["brokers"][0]["running"], true);
    EXPECT_EQ(status["controller"], "c1");
    for (const char* path : {"/topics", "/groups", "/transactions", "/faults"}) {
        const auto answer = client.Get(path);
        ASSERT_EQ(answer->status, 200) << path;
        EXPECT_TRUE(json::parse(answer->body).contains(std::string_view(path).substr(1)));
    }
    const auto metrics = client.Get("/metrics");
    EXPECT_TRUE(metrics->get_header_value("Content-Type").starts_with("application/openmetrics"));
    EXPECT_TRUE(metrics->body.ends_with("# EOF\n"));
    EXPECT_NE(metrics->body.find("kafka_server_replicamanager_leadercount{broker=\"1\"} 0\n"),
              std::string::npos);
    EXPECT_EQ(json::parse(client.Get("/verdict")->body).at("verdict"), "vacuous");
}

TEST(ControlServer, ActsAndEnds) {
    Serving serving;
    httplib::Client& client = serving.client();
    const auto struck = client.Post("/faults", R"({"id": "k", "kind": "crash", "target": "b2"})",
                                    "application/json");
    ASSERT_EQ(struck->status, 200) << struck->body;
    EXPECT_EQ(json::parse(struck->body)["machines"], json::array({"b2"}));
    EXPECT_EQ(json::parse(client.Get("/status")->body)["brokers"][1]["running"], false);
    const auto advanced = client.Post("/advance", R"({"by": "20s"})", "application/json");
    ASSERT_EQ(advanced->status, 200);
    EXPECT_EQ(json::parse(advanced->body)["brokers"][1]["fenced"], true);
    EXPECT_EQ(client.Delete("/faults/k")->status, 200);
    EXPECT_EQ(json::parse(client.Get("/status")->body)["brokers"][1]["running"], true);
    const auto repeating =
        client.Post("/faults", R"({"id": "r", "kind": "crash", "target": "b3", "every": "40s"})",
                    "application/json");
    ASSERT_EQ(repeating->status, 202) << repeating->body;
    ASSERT_EQ(client.Post("/advance", R"({"by": "50s"})", "application/json")->status, 200);
    const json faults = json::parse(client.Get("/faults")->body);
    EXPECT_EQ(faults["faults"][0]["id"], "r");
    EXPECT_EQ(faults["armed"][0]["id"], "r");
    EXPECT_EQ(json::parse(client.Delete("/faults/r")->body).at("healed"), json::array({"r"}));
    ASSERT_EQ(client.Post("/advance", R"({"by": "50s"})", "application/json")->status, 200);
    EXPECT_EQ(json::parse(client.Get("/status")->body)["brokers"][2]["running"], true);
    const json none = json::parse(client.Get("/faults")->body);
    EXPECT_TRUE(none["faults"].empty() && none["armed"].empty()) << none;
    const json verdict = json::parse(client.Post("/end", "{}", "application/json")->body);
    const scenarios::RunResult result = serving.end();
    EXPECT_EQ(verdict["hash"], fmt::format("{:016x}", result.hash));
    EXPECT_EQ(verdict["faults"][0]["id"], "k");
    EXPECT_FALSE(client.Get("/status"));
}

TEST(ControlServer, AnswersBadRequestsWithOneClearError) {
    Serving serving;
    httplib::Client& client = serving.client();
    const auto post = [&](const char* path, const std::string& body) {
        return client.Post(path, body, "application/json");
    };
    const auto expect = [](const httplib::Result& answer, int status, std::string_view error) {
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, status);
        const json document = json::parse(answer->body);
        EXPECT_EQ(document.size(), 1u);
        EXPECT_EQ(document.at("error"), error);
    };
    expect(client.Get("/nothing"), 404, "there is no /nothing; docs/SERVE.md lists what there is");
    expect(client.Put("/faults", "{}", "application/json"), 405, "/faults does not know PUT");
    expect(post("/faults", ""), 400, "the body is no JSON");
    expect(post("/faults", "[]"), 400, "expected a JSON object");
    expect(post("/faults", R"({"kind": "crash", "target": "b7"})"), 400,
           "target: there is no node 'b7'; did you mean 'b1'?");
    expect(post("/advance", R"({"by": "-1s"})"), 400,
           "by: expected a duration of up to 86400s, like \"30s\"");
    expect(client.Delete("/faults/none"), 404, "no fault 'none' is at work or armed");
    const auto large = post("/faults", std::string(2 << 20, 'x'));
    // Who sends that much may be hung up on before the answer is read.
    EXPECT_EQ(large ? large->status : 413, 413);
    EXPECT_EQ(client.Get("/status")->status, 200);
}

}  // namespace
}  // namespace squall::gateway
