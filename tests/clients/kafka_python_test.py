"""kafka-python (Debian's python3-kafka) against `squall serve`: as it is, and as it speaks to brokers of
0.9 and 0.10, in message sets."""
import shutil
import subprocess
import threading
import time
import unittest

from squall_server import Squall, main

try:
    from kafka import KafkaConsumer, KafkaProducer, TopicPartition
    from kafka.admin import (ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType)
    from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewPartitions, NewTopic
    from kafka.codec import has_lz4, has_snappy, has_zstd
    from kafka.errors import CommitFailedError, SecurityDisabledError, TopicAlreadyExistsError
    IS_THERE = True
    HAS_CODECS = has_snappy() and has_lz4() and has_zstd()
except ImportError:
    IS_THERE = HAS_CODECS = False

# Those that it can read, too.
CODECS = [None, "gzip", "snappy", "lz4"]


def producer_of(squall, **settings):
    return KafkaProducer(bootstrap_servers=squall.bootstrap, client_id="writer", acks="all", **settings)


def consumer_of(squall, *topics, group=None, **settings):
    return KafkaConsumer(*topics, bootstrap_servers=squall.bootstrap, client_id=group or "reader", group_id=group,
                         auto_offset_reset="earliest", session_timeout_ms=6000, heartbeat_interval_ms=500,
                         **settings)


def make_topic(squall, name, partitions=1, **config):
    admin = KafkaAdminClient(bootstrap_servers=squall.bootstrap, client_id="admin")
    admin.create_topics([NewTopic(name, partitions, 3, topic_configs=config)], timeout_ms=10000)
    return admin


def drain(consumer, count, patience=30):
    records = []
    deadline = time.monotonic() + patience
    while len(records) < count and time.monotonic() < deadline:
        for batch in consumer.poll(200).values():
            records += batch
    return records


class KafkaPython(unittest.TestCase):
    def test_reads_what_every_version_of_it_writes(self):
        # What each version of a broker is spoken to with: 0.9 magic 0, 0.10 magic 1, 0.11 batches.
        versions = [(0, 9), (0, 10, 1), (0, 11), None]
        with Squall() as squall:
            make_topic(squall, "orders")
            expected = []
            for version in versions:
                for codec in CODECS:
                    producer = producer_of(squall, api_version=version, compression_type=codec)
                    sent = [producer.send("orders", key=b"key", value=f"{version} {codec} {i}".encode())
                            for i in range(10)]
                    producer.flush(20)
                    self.assertEqual([f.get(1).offset for f in sent],
                                     list(range(len(expected), len(expected) + 10)))
                    expected += [f"{version} {codec} {i}".encode() for i in range(10)]
                    producer.close()
            for version in versions:
                consumer = consumer_of(squall, api_version=version)
                partition = TopicPartition("orders", 0)
                consumer.assign([partition])
                consumer.seek_to_beginning()
                records = drain(consumer, len(expected))
                self.assertEqual([r.value for r in records], expected, version)
                self.assertEqual([r.offset for r in records], list(range(len(expected))))
                consumer.seek(partition, 25)
                self.assertEqual(drain(consumer, 1)[0].offset, 25)
                consumer.close()

    # It fetches by a version that brokers have no zstd for.
    def test_writes_zstd_for_others_to_read(self):
        with Squall() as squall:
            make_topic(squall, "orders")
            producer = producer_of(squall, compression_type="zstd", linger_ms=50)
            values = [f"{i} {'x' * 100}" for i in range(40)]
            sent = [producer.send("orders", value.encode()) for value in values]
            producer.flush(20)
            self.assertEqual([f.get(1).offset for f in sent], list(range(40)))
            producer.close()
            read = subprocess.run(["kcat", "-b", squall.bootstrap, "-C", "-t", "orders", "-e", "-q"], check=True,
                                  capture_output=True, text=True, timeout=40)
            self.assertEqual(read.stdout.splitlines(), values)

    def test_writes_headers_and_reads_by_time(self):
        with Squall() as squall:
            make_topic(squall, "orders")
            producer = producer_of(squall)
            now = int(time.time() * 1000)
            for i in range(10):
                producer.send("orders", value=str(i).encode(), headers=[("n", str(i).encode())],
                              timestamp_ms=now + 1000 * i)
            producer.flush(20)
            consumer = consumer_of(squall)
            partition = TopicPartition("orders", 0)
            consumer.assign([partition])
            found = consumer.offsets_for_times({partition: now + 3500})[partition]
            self.assertEqual((found.offset, found.timestamp), (4, now + 4000))
            consumer.seek(partition, found.offset)
            self.assertEqual(drain(consumer, 1)[0].headers, [("n", b"4")])
            self.assertEqual(consumer.end_offsets([partition]), {partition: 10})
            consumer.close()

    def test_scales_a_group_and_takes_over(self):
        with Squall() as squall:
            make_topic(squall, "orders", 4)
            producer = producer_of(squall)
            for i in range(100):
                producer.send("orders", key=str(i).encode(), value=str(i).encode())
            producer.flush(20)
            first = consumer_of(squall, "orders", group="readers", enable_auto_commit=False)
            seen = {int(r.value) for r in drain(first, 100)}
            first.commit()
            # Another member reads a part of its half, commits nothing, and leaves.
            has_half, may_leave = threading.Event(), threading.Event()
            left_uncommitted = []

            def be_second():
                second = consumer_of(squall, "orders", group="readers", enable_auto_commit=False)
                while not may_leave.is_set():
                    left_uncommitted.extend(drain(second, 1, patience=0.1))
                    if len(second.assignment()) == 2:
                        has_half.set()
                second.close(autocommit=False)

            other = threading.Thread(target=be_second, daemon=True)
            other.start()

            def read(what, condition):
                deadline = time.monotonic() + 40
                while not condition():
                    self.assertLess(time.monotonic(), deadline, what)
                    seen.update(int(r.value) for r in drain(first, 1, patience=0.2))
                    first.commit()

            read("two each", lambda: has_half.is_set() and len(first.assignment()) == 2)
            for i in range(100, 200):
                producer.send("orders", key=str(i).encode(), value=str(i).encode())
            producer.flush(20)
            read("what the other has", lambda: left_uncommitted)
            may_leave.set()
            read("what the other left", lambda: seen == set(range(200)) and squall.lag("readers") == 0)
            other.join(20)
            first.close()

    def test_administers(self):
        with Squall() as squall:
            admin = make_topic(squall, "orders", 2, **{"retention.ms": "60000"})
            with self.assertRaises(TopicAlreadyExistsError):
                make_topic(squall, "orders", 2)
            admin.create_partitions({"orders": NewPartitions(3)})
            squall.wait_until("three partitions", lambda: len(
                squall.ask("/topics")["topics"]["orders"]) == 3)
            [answer] = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, "orders")])
            configs = {entry[0]: entry[1] for entry in answer.resources[0][4]}
            self.assertEqual(configs["retention.ms"], "60000")
            producer = producer_of(squall)
            producer.send("orders", b"x").get(10)
            consumer = consumer_of(squall, "orders", group="readers")
            self.assertEqual(len(drain(consumer, 1)), 1)
            consumer.close()
            refused = admin.create_acls([ACL("User:ann", "*", ACLOperation.READ, ACLPermissionType.ALLOW,
                                             ResourcePattern(ResourceType.TOPIC, "orders"))])
            self.assertEqual([error for _, error in refused["failed"]], [SecurityDisabledError])
            self.assertEqual(admin.list_consumer_groups(), [("readers", "consumer")])
            [offsets] = [admin.list_consumer_group_offsets("readers")]
            self.assertEqual(sum(o.offset for o in offsets.values() if o.offset > 0), 1)
            admin.delete_topics(["orders"])
            squall.wait_until("no topic", lambda: "orders" not in admin.list_topics())

    def test_loses_nothing_acknowledged_while_the_cluster_breaks(self):
        for version in [None, (0, 10, 1)]:
            with self.subTest(version), Squall() as squall:
                make_topic(squall, "orders")
                acknowledged, seen, errors = [], set(), []
                stop = threading.Event()

                def write():
                    producer = producer_of(squall, api_version=version, retries=1000, retry_backoff_ms=50,
                                           request_timeout_ms=10000, max_in_flight_requests_per_connection=1)
                    number = 0
                    while not stop.is_set():
                        value = str(number).encode()
                        sent = producer.send("orders", value)
                        sent.add_callback(lambda _, value=value: acknowledged.append(value))
                        sent.add_errback(errors.append)
                        number += 1
                        time.sleep(0.01)
                    producer.flush(60)

                def read():
                    consumer = consumer_of(squall, "orders", group="readers", enable_auto_commit=False,
                                           api_version=version)
                    while not (stop.is_set() and seen.issuperset(acknowledged) and not writer.is_alive()):
                        seen.update(r.value for r in drain(consumer, 1, patience=1))
                        try:
                            consumer.commit()
                        except CommitFailedError:
                            pass  # it is read again by whoever has the partition
                    consumer.close()

                writer = threading.Thread(target=write, daemon=True)
                reader = threading.Thread(target=read, daemon=True)
                writer.start()
                reader.start()
                squall.wait_until("something read", lambda: seen)
                squall.strike("crash", "leader(orders-0)", for_="3s")
                time.sleep(4)
                squall.strike("restart", "coordinator(readers)", for_="2s")
                time.sleep(3)
                squall.strike("stall", "leader(orders-0)", peer="outside-writer", for_="1s")
                time.sleep(2)
                stop.set()
                for thread in (writer, reader):
                    thread.join(90)
                    self.assertFalse(thread.is_alive())
                self.assertEqual(errors, [])
                self.assertGreater(len(acknowledged), 100)
                self.assertEqual(set(acknowledged) - seen, set())


if __name__ == "__main__":
    main((IS_THERE, "python3-kafka is not installed"),
         (HAS_CODECS, "not all of python3-snappy, python3-lz4 and python3-zstandard are installed"),
         (shutil.which("kcat"), "kcat is not installed"))
