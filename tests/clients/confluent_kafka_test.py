"""librdkafka by way of confluent-kafka (Debian's python3-confluent-kafka) against `squall serve`."""
import subprocess
import sys
import threading
import time
import unittest

from squall_server import Squall, main

try:
    from confluent_kafka import (OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition)
    from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic
    IS_THERE = True
except ImportError:
    IS_THERE = False

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
# The shortest that brokers allow: a member that dies is missed soon.
SESSION = 6000


class Acknowledged:
    """What a producer was told to be written, by key."""

    def __init__(self):
        self.values = []
        self.failed = []

    def __call__(self, error, message):
        if error is None:
            self.values.append(message.value())
        else:
            self.failed.append(str(error))


def producer_of(squall, **settings):
    return Producer({"bootstrap.servers": squall.bootstrap, "client.id": "writer", "linger.ms": 1, "log_level": 0,
                     **settings})


def consumer_of(squall, group, **settings):
    consumer = Consumer({"bootstrap.servers": squall.bootstrap, "client.id": group, "group.id": group,
                         "log_level": 0, "auto.offset.reset": "earliest", "session.timeout.ms": SESSION,
                         "heartbeat.interval.ms": 500, **settings})
    return consumer


def make_topic(squall, name, partitions=1, **config):
    admin = AdminClient({"bootstrap.servers": squall.bootstrap, "client.id": "admin"})
    for made in admin.create_topics([NewTopic(name, partitions, 3, config=config)]).values():
        made.result(10)
    return admin


def drain(consumer, count, patience=30, commit=False):
    """The next `count` messages, of whatever partitions."""
    messages = []
    deadline = time.monotonic() + patience
    while len(messages) < count and time.monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is None:
            continue
        if message.error():
            if message.error().retriable() or message.error().code() in (KafkaError._ALL_BROKERS_DOWN,
                                                                         KafkaError._TRANSPORT):
                continue
            raise KafkaException(message.error())
        messages.append(message)
        if commit:
            consumer.commit(message=message, asynchronous=False)
    return messages


class ConfluentKafka(unittest.TestCase):
    def test_produces_in_every_codec_and_reads_from_the_beginning_and_by_time(self):
        with Squall() as squall:
            make_topic(squall, "orders")
            told = Acknowledged()
            written_at = int(time.time() * 1000)
            expected = []
            for number, codec in enumerate(CODECS):
                producer = producer_of(squall, **{"compression.type": codec})
                for i in range(20):
                    value = f"{codec}-{i}-" + "x" * 200
                    expected.append(value.encode())
                    producer.produce("orders", key=f"key-{i}", value=value, timestamp=written_at + number * 1000 + i,
                                     headers=[("codec", codec), ("twice", "1"), ("twice", None)], on_delivery=told)
                self.assertEqual(producer.flush(20), 0)
            self.assertEqual(told.failed, [])
            consumer = consumer_of(squall, "readers")
            consumer.assign([TopicPartition("orders", 0, OFFSET_BEGINNING)])
            messages = drain(consumer, len(expected))
            self.assertEqual([m.value() for m in messages], expected)
            self.assertEqual(messages[0].headers(), [("codec", b"none"), ("twice", b"1"), ("twice", None)])
            self.assertEqual(messages[5].key(), b"key-5")
            [found] = consumer.offsets_for_times([TopicPartition("orders", 0, written_at + 2003)], 10)
            self.assertEqual(found.offset, 43)
            consumer.seek(TopicPartition("orders", 0, found.offset))
            self.assertTrue(drain(consumer, 1)[0].value().startswith(b"snappy-3-"))
            low, high = consumer.get_watermark_offsets(TopicPartition("orders", 0), 10)
            self.assertEqual((low, high), (0, 100))
            consumer.close()

    def test_scales_a_group_and_takes_over_from_a_killed_member(self):
        with Squall() as squall:
            make_topic(squall, "orders", 4)
            producer = producer_of(squall)
            first = consumer_of(squall, "readers", **{"enable.auto.commit": False})
            first.subscribe(["orders"])
            seen = set()

            def take():
                message = first.poll(0.1)
                if message is not None and not message.error():
                    seen.add(int(message.value()))
                    first.commit(message=message, asynchronous=False)

            def write(values):
                for value in values:
                    producer.produce("orders", key=str(value), value=str(value))
                self.assertEqual(producer.flush(20), 0)

            def take_until(what, condition):
                deadline = time.monotonic() + 40
                while not condition():
                    self.assertLess(time.monotonic(), deadline, what)
                    take()

            write(range(100))
            take_until("all four", lambda: len(first.assignment()) == 4 and len(seen) == 100)
            # Another member, in a process of its own, has half of them, and reads and commits.
            other = subprocess.Popen([sys.executable, __file__, "member", squall.bootstrap], stdout=subprocess.PIPE,
                                     text=True)
            take_until("two each", lambda: len(first.assignment()) == 2)
            write(range(100, 200))
            got = {int(other.stdout.readline()) for _ in range(10)}
            self.assertTrue(got <= set(range(100, 200)))
            other.kill()
            got |= {int(line) for line in other.communicate()[0].split()}
            write(range(200, 300))
            take_until("what the dead one had", lambda: len(first.assignment()) == 4 and
                       seen | got == set(range(300)) and squall.lag("readers") == 0)
            first.close()

    def test_writes_transactions_and_an_exactly_once_pipeline(self):
        with Squall() as squall:
            make_topic(squall, "orders", 2)
            make_topic(squall, "payments", 2)
            plain = producer_of(squall, **{"enable.idempotence": True})
            for i in range(60):
                plain.produce("orders", key=str(i), value=str(i))
            self.assertEqual(plain.flush(20), 0)
            consumer = consumer_of(squall, "pipeline",
                                   **{"enable.auto.commit": False, "isolation.level": "read_committed"})
            consumer.subscribe(["orders"])
            producer = producer_of(squall, **{"client.id": "pipeline", "transactional.id": "pipeline-0"})
            producer.init_transactions(20)
            done = 0
            aborts = 0
            while done < 60:
                messages = drain(consumer, min(20, 60 - done), patience=20)
                self.assertTrue(messages)
                producer.begin_transaction()
                for message in messages:
                    producer.produce("payments", key=message.key(), value=b"paid " + message.value())
                ends = {}
                for m in messages:
                    ends[m.partition()] = max(ends.get(m.partition(), 0), m.offset() + 1)
                offsets = [TopicPartition("orders", partition, end) for partition, end in ends.items()]
                producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata(), 20)
                if aborts == 0:
                    # What is aborted is not read, and what it was made of is read again.
                    producer.abort_transaction(20)
                    aborts += 1
                    for partition in consumer.committed(consumer.assignment(), 10):
                        consumer.seek(TopicPartition("orders", partition.partition, max(partition.offset, 0)))
                    continue
                producer.commit_transaction(20)
                done += len(messages)
            consumer.close()
            reader = consumer_of(squall, "audit", **{"isolation.level": "read_committed"})
            reader.subscribe(["payments"])
            paid = sorted(int(m.value().split()[1]) for m in drain(reader, 60))
            self.assertEqual(paid, list(range(60)))
            self.assertEqual(drain(reader, 1, patience=1), [])
            reader.close()

    def test_tears_no_transaction_while_the_cluster_breaks(self):
        with Squall() as squall:
            make_topic(squall, "orders", 2)
            make_topic(squall, "payments", 2)
            plain = producer_of(squall, **{"enable.idempotence": True})
            orders = range(240)
            for i in orders:
                plain.produce("orders", key=str(i), value=str(i))
            self.assertEqual(plain.flush(20), 0)
            settings = {"client.id": "pipeline", "isolation.level": "read_committed"}
            consumer = consumer_of(squall, "pipeline", **{**settings, "enable.auto.commit": False})
            consumer.subscribe(["orders"])

            def new_producer():
                producer = producer_of(squall, **{"client.id": "pipeline", "transactional.id": "pipeline-0",
                                                  "transaction.timeout.ms": 20000})
                producer.init_transactions(60)
                return producer

            def go_back():
                """What was read for a transaction that is none is read again."""
                for partition in consumer.committed(consumer.assignment(), 30):
                    consumer.seek(TopicPartition("orders", partition.partition, max(partition.offset, 0)))

            def persist(call, *arguments):
                """Again, as long as the client says that it helps."""
                while True:
                    try:
                        return call(*arguments)
                    except KafkaException as error:
                        if not error.args[0].retriable():
                            raise

            producer = new_producer()
            storm = [lambda: squall.strike("crash", "leader(payments-0)", for_="3s"),
                     lambda: squall.strike("restart", "coordinator(pipeline)", for_="2s"),
                     lambda: squall.strike("crash", squall.transaction_coordinator("pipeline-0"), for_="2s"),
                     lambda: squall.strike("stall", "leader(payments-1)", peer="outside-pipeline", for_="2s")]
            deadline = time.monotonic() + 120
            turn = 0
            while squall.committed("pipeline") < len(orders):
                self.assertLess(time.monotonic(), deadline)
                messages = drain(consumer, 12, patience=3)
                if not messages:
                    continue
                turn += 1
                try:
                    producer.begin_transaction()
                    for message in messages:
                        producer.produce("payments", key=message.key(), value=b"paid " + message.value())
                    if turn % 3 == 0 and storm:
                        storm.pop(0)()
                    ends = {}
                    for m in messages:
                        ends[m.partition()] = max(ends.get(m.partition(), 0), m.offset() + 1)
                    persist(producer.send_offsets_to_transaction,
                            [TopicPartition("orders", partition, end) for partition, end in ends.items()],
                            consumer.consumer_group_metadata(), 30)
                    persist(producer.commit_transaction, 30)
                except KafkaException as error:
                    if error.args[0].txn_requires_abort():
                        persist(producer.abort_transaction, 30)
                    else:
                        producer = new_producer()  # which ends what the other has left open
                    go_back()
            self.assertEqual(storm, [])
            consumer.close()
            reader = consumer_of(squall, "audit", **{"isolation.level": "read_committed"})
            reader.subscribe(["payments"])
            paid = [int(m.value().split()[1]) for m in drain(reader, len(orders))]
            self.assertEqual(sorted(paid), list(orders))
            self.assertEqual(drain(reader, 1, patience=1), [])
            reader.close()

    def test_administers(self):
        with Squall() as squall:
            admin = make_topic(squall, "orders", 2, **{"retention.ms": "60000"})
            with self.assertRaises(KafkaException) as refused:
                make_topic(squall, "orders")
            self.assertEqual(refused.exception.args[0].code(), KafkaError.TOPIC_ALREADY_EXISTS)
            [grown] = admin.create_partitions([NewPartitions("orders", 3)]).values()
            grown.result(10)
            squall.wait_until("three partitions", lambda: len(
                admin.list_topics("orders", 10).topics["orders"].partitions) == 3)
            [described] = admin.describe_configs([ConfigResource("topic", "orders")]).values()
            self.assertEqual(described.result(10)["retention.ms"].value, "60000")
            [altered] = admin.alter_configs([ConfigResource("topic", "orders",
                                                            set_config={"retention.ms": "70000"})]).values()
            altered.result(10)
            [described] = admin.describe_configs([ConfigResource("topic", "orders")]).values()
            self.assertEqual(described.result(10)["retention.ms"].value, "70000")
            producer = producer_of(squall)
            producer.produce("orders", "x")
            self.assertEqual(producer.flush(20), 0)
            reader = consumer_of(squall, "readers")
            reader.subscribe(["orders"])
            self.assertEqual(len(drain(reader, 1)), 1)
            reader.close()
            [deleted] = admin.delete_topics(["orders"]).values()
            deleted.result(10)
            squall.wait_until("no topic", lambda: "orders" not in admin.list_topics(timeout=10).topics)

    def test_loses_nothing_acknowledged_while_the_cluster_breaks(self):
        with Squall() as squall:
            make_topic(squall, "orders", 2)
            told = Acknowledged()
            seen = set()
            stop = threading.Event()

            def write():
                producer = producer_of(squall, **{"enable.idempotence": True, "message.timeout.ms": 60000})
                number = 0
                while not stop.is_set():
                    producer.produce("orders", key=str(number), value=str(number), on_delivery=told)
                    number += 1
                    producer.poll(0.01)
                producer.flush(60)

            def read():
                consumer = consumer_of(squall, "readers", **{"enable.auto.commit": False})
                consumer.subscribe(["orders"])
                last = None
                while threads[0].is_alive() or not seen.issuperset(told.values):
                    message = consumer.poll(0.2)
                    if message is None or message.error():
                        continue
                    seen.add(message.value())
                    last = message
                    if len(seen) % 20 == 0:
                        try:
                            consumer.commit(message=last, asynchronous=False)
                        except KafkaException:
                            pass  # it is read again by whoever has the partition
                consumer.close()

            threads = [threading.Thread(target=write, daemon=True), threading.Thread(target=read, daemon=True)]
            for thread in threads:
                thread.start()
            squall.wait_until("something read", lambda: seen)
            squall.strike("crash", "leader(orders-0)", for_="3s")
            time.sleep(4)
            squall.strike("restart", "coordinator(readers)", for_="3s")
            time.sleep(4)
            squall.strike("stall", "leader(orders-1)", peer="outside-writer", for_="2s")
            time.sleep(3)
            stop.set()
            for thread in threads:
                thread.join(90)
                self.assertFalse(thread.is_alive())
            self.assertEqual(told.failed, [])
            self.assertGreater(len(told.values), 100)
            self.assertEqual(set(told.values) - seen, set())


def member(bootstrap):
    """A member of the group, until it is killed."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "client.id": "readers", "group.id": "readers",
                         "auto.offset.reset": "earliest", "enable.auto.commit": False, "log_level": 0,
                         "session.timeout.ms": SESSION, "heartbeat.interval.ms": 500})
    consumer.subscribe(["orders"])
    while True:
        message = consumer.poll(0.1)
        if message is not None and not message.error():
            # Told first: it may be killed in between, and what is committed is read by nobody else.
            print(message.value().decode(), flush=True)
            consumer.commit(message=message, asynchronous=False)


if __name__ == "__main__":
    if sys.argv[1:2] == ["member"]:
        member(sys.argv[2])
    main((IS_THERE, "python3-confluent-kafka is not installed"))
