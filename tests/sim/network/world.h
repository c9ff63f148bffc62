// A small world for tests of the network: nodes, ears that hear, words that are sent, and the trace
// as lines of text.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/kernel/simulation.h"
#include "sim/network/network.h"

namespace squall::sim {

class Word final : public Payload {
  public:
    explicit Word(std::string text, std::string label = "word", std::uint32_t size_bytes = 100,
                  bool is_request = true)
        : text_(std::move(text)),
          label_(std::move(label)),
          size_bytes_(size_bytes),
          is_request_(is_request) {}

    std::unique_ptr<Payload> clone() const override {
        return std::make_unique<Word>(text_, label_, size_bytes_, is_request_);
    }
    std::string_view label() const override { return label_; }
    std::uint32_t size_bytes() const override { return size_bytes_; }
    bool is_request() const override { return is_request_; }
    const std::string& text() const { return text_; }

  private:
    std::string text_, label_;
    std::uint32_t size_bytes_;
    bool is_request_;
};

// One end of a connection, and what it heard.
struct Ear final : FrameHandler {
    explicit Ear(Node& owner) : node(&owner) {}

    Node* node;
    std::shared_ptr<Connection> connection;
    std::vector<std::string> heard;
    std::vector<Time> heard_at;
    std::string closed;  // why; empty: it is not
    Time closed_at{};
    std::string failure;  // of the attempt to connect
    Time settled_at{};
    bool answers = false;  // every request with "re: <text>"

    void say(std::string text, std::string label = "word", std::uint32_t size_bytes = 100) {
        const TraceScope scope(*node, EventSequence{0});
        connection->send(std::make_unique<Word>(std::move(text), std::move(label), size_bytes));
    }
    void on_frame(Connection& from, std::unique_ptr<Payload> payload) override {
        const std::string& text = static_cast<Word&>(*payload).text();
        heard.push_back(text);
        heard_at.push_back(node->simulation().now());
        if (answers && payload->is_request()) {
            from.send(std::make_unique<Word>("re: " + text, "answer", 100u, false));
        }
    }
    void on_closed(Connection&, std::string_view reason) override {
        closed = reason;
        closed_at = node->simulation().now();
    }
};

inline NetworkOptions steady(Duration latency) {
    return {.latency = DurationDistribution::Constant{latency}, .bandwidth_bits_per_second = 0};
}

class World {
  public:
    static constexpr Port port = 9092;

    explicit World(NetworkOptions options = steady(1ms), std::uint64_t seed = 1)
        : simulation({.seed = seed}), network(simulation, options) {
        simulation.trace().observe([this](const Event& event) {
            lines.push_back(fmt::format("{} {} {}", simulation.trace().node_name(event.node),
                                        event.name(), event.print()));
        });
    }
    ~World() { simulation.finish(); }

    // Started, plugged in, and listening; also after every later start.
    Node& add(std::string name) {
        Node& node = simulation.add_node(
            {.name = std::move(name), .clock = {}, .factory = [this](Node& booting) {
                 serve(booting);
                 return std::make_unique<Process>();
             }});
        network.attach(node);
        node.start();
        return node;
    }
    // Started and plugged in; nobody listens.
    Node& add_deaf(std::string name) {
        Node& node = simulation.add_node({.name = std::move(name), .clock = {}, .factory = {}});
        network.attach(node);
        node.start();
        return node;
    }
    // Connects; what came of it is in the ear once the simulation has run.
    Ear& dial(Node& from, Node& to, Duration patience = 10s) {
        ears_.push_back(std::make_unique<Ear>(from));
        Ear& ear = *ears_.back();
        from.spawn("dial", [this, &from, &ear, target = to.id(), patience] {
            auto connected = network.connect(from, target, port, from.now() + patience);
            ear.settled_at = simulation.now();
            if (!connected) {
                ear.failure = to_string(connected.error());
                return;
            }
            ear.connection = *connected;
            ear.connection->set_handler(&ear);
        });
        return ear;
    }
    // The n-th end that a node has accepted.
    Ear& accepted(const Node& node, std::size_t n = 0) { return *accepted_.at(node.id()).at(n); }
    std::size_t accepted_count(const Node& node) const {
        const auto found = accepted_.find(node.id());
        return found == accepted_.end() ? 0 : found->second.size();
    }
    void run_for(Duration duration) { simulation.run_until(simulation.now() + duration); }
    // How many lines of the trace contain all of the words.
    std::size_t count(std::initializer_list<std::string_view> words) const {
        std::size_t total = 0;
        for (const std::string& line : lines) {
            bool has_all = true;
            for (const std::string_view word : words) {
                has_all = has_all && line.find(word) != std::string::npos;
            }
            total += has_all ? 1 : 0;
        }
        return total;
    }

    Simulation simulation;
    Network network;
    std::vector<std::string> lines;
    bool accepted_ones_answer = false;

  private:
    void serve(Node& node) {
        network.listen(node, port, [this, &node](std::shared_ptr<Connection> connection) {
            accepted_[node.id()].push_back(std::make_unique<Ear>(node));
            Ear& ear = *accepted_[node.id()].back();
            ear.answers = accepted_ones_answer;
            ear.connection = std::move(connection);
            ear.connection->set_handler(&ear);
        });
    }

    std::vector<std::unique_ptr<Ear>> ears_;
    std::map<NodeId, std::vector<std::unique_ptr<Ear>>> accepted_;
};

using Words = std::vector<std::string>;

}  // namespace squall::sim
