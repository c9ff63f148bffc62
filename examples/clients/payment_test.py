"""A payment service that must pay every order, tested in a storm, with confluent-kafka:

    examples/clients/with-squall python3 examples/clients/payment_test.py

The wrong service commits an order before it has paid it. Without a fault nobody notices; in the storm that the test asks
for, it dies between the two, and what it had committed is never paid.
"""
import json
import os
import unittest
import urllib.request

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

BOOTSTRAP = os.environ["SQUALL_BOOTSTRAP"]
CONTROL = os.environ["SQUALL_CONTROL"]
ORDERS = 30


def control(method, path, body=None):
    request = urllib.request.Request(CONTROL + path, method=method, data=body and json.dumps(body).encode())
    return json.load(urllib.request.urlopen(request, timeout=60))


class NotPaid(Exception):
    """What makes the service die, and its supervisor start another."""


class PaymentService:
    """Reads orders, writes payments."""

    commits_first = False

    def __init__(self, name):
        self.name = name
        self.consumer = Consumer({"bootstrap.servers": BOOTSTRAP, "client.id": name, "group.id": name, "log_level": 0,
                                  "auto.offset.reset": "earliest", "enable.auto.commit": False,
                                  "session.timeout.ms": 6000})
        self.producer = Producer({"bootstrap.servers": BOOTSTRAP, "client.id": name, "log_level": 0,
                                  "message.timeout.ms": 2000, "linger.ms": 0})
        self.consumer.subscribe([name + "-orders"])

    def handle_next(self):
        """True if there was an order."""
        order = self.consumer.poll(0.2)
        if order is None or order.error():
            return False
        if self.commits_first:
            self.consumer.commit(order, asynchronous=False)
        self.pay(order)
        if not self.commits_first:
            self.consumer.commit(order, asynchronous=False)
        return True

    def pay(self, order):
        outcomes = []
        self.producer.produce(self.name + "-payments", order.value(), on_delivery=lambda error, _: outcomes.append(error))
        self.producer.flush(5)
        if any(error is not None for error in outcomes) or not outcomes:
            raise NotPaid(order.value())

    def close(self):
        self.consumer.close()


class HastyPaymentService(PaymentService):
    commits_first = True


class PaysEveryOrder(unittest.TestCase):
    def run_in_a_storm(self, name, service_class):
        """Which orders were paid, and how often the service died."""
        admin = AdminClient({"bootstrap.servers": BOOTSTRAP, "client.id": "admin"})
        for made in admin.create_topics([NewTopic(f"{name}-{t}", 1, 3) for t in ("orders", "payments")]).values():
            made.result(10)
        producer = Producer({"bootstrap.servers": BOOTSTRAP, "client.id": "shop", "log_level": 0})
        for number in range(ORDERS):
            producer.produce(name + "-orders", str(number))
        self.assertEqual(producer.flush(20), 0)

        service, handled, deaths = service_class(name), 0, 0
        quiet, is_calm = 0, True
        while quiet < 15:
            if handled == 5 and is_calm:
                is_calm = False
                # From here on every payment's connection breaks before the broker has read it.
                control("POST", "/faults", {"id": name, "kind": "reset", "target": f"leader({name}-payments-0)",
                                            "peer": "outside-" + name, "label": "Produce", "per_million": 1000000})
            try:
                is_busy = service.handle_next()
            except NotPaid:
                deaths += 1
                service.close()
                control("DELETE", "/faults/" + name)
                service = service_class(name)
                continue
            handled += is_busy
            quiet = 0 if is_busy else quiet + 1
        service.close()

        audit = Consumer({"bootstrap.servers": BOOTSTRAP, "client.id": name + "-audit", "group.id": name + "-audit",
                          "log_level": 0})
        payments = TopicPartition(name + "-payments", 0, 0)
        _, end = audit.get_watermark_offsets(payments, 10)
        audit.assign([payments])
        paid = [int(m.value()) for m in audit.consume(end, 10)]
        audit.close()
        return set(paid), deaths

    def test_the_service_pays_every_order(self):
        paid, deaths = self.run_in_a_storm("payment", PaymentService)
        self.assertGreater(deaths, 0)
        self.assertEqual(set(range(ORDERS)) - paid, set(), "never paid")

    # So that this example can be a test of ours, the wrong service is expected to be found.
    @unittest.expectedFailure
    def test_the_hasty_service_pays_every_order(self):
        paid, _ = self.run_in_a_storm("hasty", HastyPaymentService)
        self.assertEqual(set(range(ORDERS)) - paid, set(), "never paid")


if __name__ == "__main__":
    unittest.main(verbosity=2)
