// A property: whatever storm comes, every order that was accepted is billed once, and no checker of
// Squall has anything to say.
#include "billing.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <squall/rc.h>
#include <squall/run.h>

#include <chrono>
#include <functional>
#include <set>
#include <string>

namespace {

using Accepted = std::set<std::string>;

// The other side: takes orders, and remembers which of them Kafka has confirmed.
void shop(squall::Client& client) {
    squall::Producer& producer = client.producer();
    Accepted& accepted = client.database<Accepted>("accepted");
    int& orders = client.database<int>("orders");
    while (!client.is_calm()) {
        client.sleep(std::chrono::milliseconds(50 + client.draw(100)));
        const std::string order = "order-" + std::to_string(++orders);
        producer.send({.topic = "orders", .key = order, .value = "a book"},
                      [&accepted, order](const squall::Answer& answer) {
                          if (answer.ok()) accepted.insert(order);
                      });
    }
    producer.flush();
}

squall::Pipeline pipeline(std::function<void(squall::Client&)> handler) {
    return {.name = "billing",
            .topics = {{.name = "orders", .partitions = 2}},
            .applications = {{"shop", shop}, {"billing", std::move(handler)}},
            .groups = {"billing"}};
}

void expect_every_order_billed(const squall::Outcome& outcome) {
    RC_LOG() << outcome;
    RC_ASSERT(outcome.holds());
    const Bills& bills = outcome.database<Bills>("bills");
    for (const std::string& order : outcome.database<Accepted>("accepted")) {
        RC_ASSERT(bills.contains(order));
    }
    for (const auto& [order, times] : bills) RC_ASSERT(times == 1);
}

RC_GTEST_PROP(Billing, BillsEveryOrder, (squall::rc::Storm storm)) {
    expect_every_order_billed(squall::run(pipeline(billing), storm));
}

RC_GTEST_PROP(HastyBilling, BillsEveryOrder, (squall::rc::Storm storm)) {
    expect_every_order_billed(squall::run(pipeline(hasty_billing), storm));
}

}  // namespace
