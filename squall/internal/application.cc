#include "squall/internal/application.h"

#include <exception>
#include <optional>
#include <utility>

#include "scenarios/workloads/cast.h"
#include "scenarios/workloads/topic_reader.h"
#include "sim/kernel/node.h"
#include "squall/internal/client_impl.h"

namespace squall::internal {
namespace {

class ApplicationProcess final : public sim::Process {
  public:
    ApplicationProcess(sim::Node& node, scenarios::Cluster& cluster, Shared& shared,
                       const Application& application)
        : node_(node),
          shared_(shared),
          application_(application),
          client_(std::make_unique<Client::Impl>(
              Client::Impl{.node = node, .cluster = cluster, .shared = shared})) {
        node.spawn("main", [this] { run(); });
    }

    // The flag is for main to see; who has returned already has nothing to wind up.
    bool begin_shutdown() override {
        client_.impl().is_stopping = true;
        return !has_returned_;
    }

  private:
    void run() {
        std::optional<std::string> thrown;
        try {
            application_.main(client_);
        } catch (const std::exception& exception) {
            thrown = exception.what();
        }
        has_returned_ = true;
        if (thrown) {
            shared_.thrown.push_back(application_.name + ": " + *thrown);
            // A mistake of the test's own: another start would only make it again.
            client_.impl().cluster.find(node_.name())->hold_down("exception");
            node_.die_at_next_park(sim::StopReason::crash);
        } else if (client_.is_stopping()) {
            node_.die_at_next_park(sim::StopReason::shutdown);
        }
    }

    sim::Node& node_;
    Shared& shared_;
    const Application& application_;
    Client client_;
    bool has_returned_ = false;
};

class Applications final : public scenarios::Workload {
  public:
    explicit Applications(Shared& shared) : shared_(shared) {}

    void start(scenarios::Cluster& cluster) override {
        cast_.emplace(cluster);
        for (const Application& application : shared_.pipeline.applications) {
            cast_->add_application(application.name, [this, &cluster,
                                                      &application](sim::Node& node) {
                return std::make_unique<ApplicationProcess>(node, cluster, shared_, application);
            });
        }
        cast_->set_reader([&cluster](sim::Node& node) {
            return std::make_unique<scenarios::TopicReader>(node, cluster);
        });
        cast_->begin();
    }

    void begin_calm(scenarios::Cluster&) override {
        shared_.is_calm = true;
        cast_->begin_calm();
    }

  private:
    Shared& shared_;
    std::optional<scenarios::Cast> cast_;
};

}  // namespace

std::unique_ptr<scenarios::Workload> make_applications(Shared& shared) {
    return std::make_unique<Applications>(shared);
}

}  // namespace squall::internal
