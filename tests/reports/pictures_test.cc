// The two pictures: what stands in the graph, and that Graphviz takes it.
#include <gtest/gtest.h>

#include "reports/graphviz.h"
#include "reports/sequence_diagram.h"
#include "reports/topology.h"
#include "tests/reports/recorded.h"

namespace squall::reports {
namespace {

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

TEST(Graphviz, QuotesWhatItsLanguageWouldTakeForItsOwn) {
    EXPECT_EQ(dot_quote("a \"b\" \\ c\nd"), R"("a \"b\" \\ c\nd")");
}

TEST(Graphviz, DrawsAGraphAndRefusesWhatIsNone) {
    const Result<std::string> svg = render_svg({.text = "digraph { a -> b }"});
    ASSERT_TRUE(svg.ok()) << to_string(svg.error());
    EXPECT_TRUE(has(*svg, "<svg"));
    EXPECT_TRUE(has(*svg, "</svg>"));
    const Result<std::string> refused = render_svg({.text = "digraph { -> }"});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().failure, Failure::corrupt);
}

// Larger than a pipe: neither side may wait for the other.
TEST(Graphviz, TakesGraphsLargerThanAPipe) {
    std::string text = "digraph {\n";
    for (int i = 0; i < 3000; ++i) {
        text += "  n" + std::to_string(i) + " [pos=\"0," + std::to_string(i) + "!\" label=\"" +
                std::string(60, 'x') + "\"];\n";
    }
    const Result<std::string> svg = render_svg({.text = text + "}\n", .engine = "neato"});
    ASSERT_TRUE(svg.ok()) << to_string(svg.error());
    EXPECT_TRUE(has(*svg, "</svg>"));
}

TEST(SequenceDiagram, ShowsTheFaultTheLanesAndWhatDidNotArrive) {
    Recorded recorded;
    record_a_crash(recorded);
    const Graph graph = sequence_diagram(recorded.trace());
    EXPECT_EQ(graph.engine, "neato");
    for (const char* const part :
         {"kill-leader: crash leader(orders-0) = b1", "golden lane: leads orders-0", "label=\"c1\"",
          "label=\"b1\"", "label=\"app\"", "crashes", "arrowhead=tee",
          "Produce (lost: receiver crashed)", "5.000 s", "1.9 s later"}) {
        EXPECT_TRUE(has(graph.text, part)) << part << "\n" << graph.text;
    }
    const Result<std::string> svg = render_svg(graph);
    ASSERT_TRUE(svg.ok()) << to_string(svg.error());
    EXPECT_TRUE(has(*svg, "crash leader(orders")) << *svg;
}

TEST(SequenceDiagram, ShowsTheBeginningOfARunInWhichNothingBroke) {
    Recorded recorded;
    recorded.start_brokers(1);
    recorded.send_frame(1s, "app", "b1", "Produce");
    const Graph graph = sequence_diagram(recorded.trace());
    EXPECT_TRUE(has(graph.text, "the beginning; nothing was broken"));
    EXPECT_TRUE(render_svg(graph).ok());
}

TEST(Topology, ShowsWhoWritesWhoReadsAndWhereReplicasLive) {
    Recorded recorded;
    recorded.start_brokers(3);
    for (const int id : {1, 2, 3}) {
        recorded.at(1s, "c1",
                    model::BrokerFenceChanged{.broker = model::BrokerId(id), .fenced = id == 3});
    }
    recorded.change(1s, orders, 2, {1, 2}, "created");
    recorded.change(1s, {.topic = "__consumer_offsets", .partition = 0}, 1, {1, 2, 3}, "created");
    recorded.invoke(2s, "shop", 1);
    recorded.at(
        3s, "audit-1",
        model::RecordsPolled{.client_id = "audit-1", .group = "audit", .partition = orders});
    recorded.at(4s, "b3", sim::NodeStopped{.reason = sim::StopReason::crash});
    const Graph graph = topology(recorded.trace());
    for (const char* const part :
         {"\"shop\" -> \"topic orders\"", "\"topic orders\" -> \"audit-1\"", "\"group audit\"",
          "leads 1 of 2 partitions",
          // in order of the brokers: in sync, leading, out of sync
          "in sync</td><td bgcolor=\"#ffe08a\"><b>leader</b></td><td bgcolor=\"#f6cfcf\">behind",
          "<td bgcolor=\"#dbe9f6\">b3</td><td bgcolor=\"#f6cfcf\">down</td>"}) {
        EXPECT_TRUE(has(graph.text, part)) << part << "\n" << graph.text;
    }
    EXPECT_FALSE(has(graph.text, "__consumer_offsets")) << "nobody asked for the internals";
    EXPECT_TRUE(render_svg(graph).ok());
}

}  // namespace
}  // namespace squall::reports
