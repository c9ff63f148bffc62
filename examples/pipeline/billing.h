// The code under test: a handler that makes a bill of every order, once.
//
// It is at-least-once as everybody's: it remembers what it has billed, so that an order that comes
// again does no harm. What is left to get wrong is the order of things.
#pragma once

#include <squall/client.h>

#include <chrono>
#include <map>
#include <string>

// What has been billed: of which order, how often. In the world a table with a unique key.
using Bills = std::map<std::string, int>;

inline void bill(squall::Client& client, const squall::Received& order) {
    Bills& bills = client.database<Bills>("bills");
    if (bills.contains(*order.key)) return;
    client.sleep(std::chrono::milliseconds(60));  // the payment provider takes its time
    ++bills[*order.key];
}

// Commits when the work is done.
inline void billing(squall::Client& client) {
    squall::Consumer& consumer = client.consumer("billing");
    consumer.subscribe({"orders"});
    while (!client.is_stopping()) {
        for (const squall::Received& order : consumer.poll()) {
            bill(client, order);
            consumer.handled(order);
        }
        consumer.commit();
    }
    consumer.close();
}

// Commits when the work is in hand: who dies then has lost it.
inline void hasty_billing(squall::Client& client) {
    squall::Consumer& consumer = client.consumer("billing");
    consumer.subscribe({"orders"});
    while (!client.is_stopping()) {
        const auto orders = consumer.poll();
        consumer.commit();
        for (const squall::Received& order : orders) bill(client, order);
    }
    consumer.close();
}
