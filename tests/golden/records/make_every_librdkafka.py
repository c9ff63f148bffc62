"""Prints what librdkafka says on the wire, both ways: requests of its clients, as `squall serve` recorded them
("request.<api>.<version>.<n> hex"), and answers of its mock cluster ("response.<api>.<version>.<n> hex") to those and to
the requests of the other files here. SQUALL names the program."""
import pathlib
import socket
import struct
import sys
import threading
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "clients"))
from squall_server import Squall  # noqa: E402

NAMES = {0: "Produce", 1: "Fetch", 2: "ListOffsets", 3: "Metadata", 8: "OffsetCommit", 9: "OffsetFetch",
         10: "FindCoordinator", 11: "JoinGroup", 12: "Heartbeat", 13: "LeaveGroup", 14: "SyncGroup",
         15: "DescribeGroups", 16: "ListGroups", 17: "SaslHandshake", 18: "ApiVersions", 19: "CreateTopics",
         20: "DeleteTopics", 21: "DeleteRecords", 22: "InitProducerId", 23: "OffsetForLeaderEpoch",
         24: "AddPartitionsToTxn", 25: "AddOffsetsToTxn", 26: "EndTxn", 28: "TxnOffsetCommit", 32: "DescribeConfigs",
         33: "AlterConfigs", 36: "SaslAuthenticate", 37: "CreatePartitions", 42: "DeleteGroups", 47: "OffsetDelete"}
KEYS = {name: key for key, name in NAMES.items()} | {"GroupCoordinator": 10}
# From which version on the headers have tagged fields.
FLEXIBLE = {0: 9, 1: 12, 2: 6, 3: 9, 8: 8, 9: 6, 10: 3, 11: 6, 12: 4, 13: 4, 14: 4, 15: 5, 16: 3, 18: 3, 19: 5, 20: 4,
            21: 2, 22: 2, 23: 4, 24: 3, 25: 3, 26: 3, 28: 3, 32: 4, 33: 2, 36: 2, 37: 2, 42: 2}


def printer(most):
    """Prints a line unless there are enough of its kind, or it was there before."""
    said = {}

    def tell(kind, key, version, data):
        lines = said.setdefault((kind, key, version), [])
        if len(lines) < most and data not in lines:
            lines.append(data)
            print(f"{kind}.{NAMES[key]}.{version}.{len(lines)} {data.hex()}")

    return tell


def use_all(squall):
    """What librdkafka can ask for, in the versions that it likes best and in those of brokers of old."""
    settings = {"bootstrap.servers": squall.bootstrap, "log_level": 0}
    admin = AdminClient({**settings, "client.id": "admin"})
    for made in admin.create_topics([NewTopic("orders", 2, 3, config={"retention.ms": "60000"})]).values():
        made.result(10)
    old = [{"api.version.request": "false", "broker.version.fallback": version}
           for version in ("0.8.2.0", "0.9.0.0", "0.10.0.0", "0.10.1.0", "0.11.0.0")]
    for number, extra in enumerate([{}, *old]):
        client = f"c{number}"
        producer = Producer({**settings, **extra, "client.id": client, "linger.ms": 5})
        for i in range(3):
            headers = [("h", "1")] if not extra or "0.11" in extra["broker.version.fallback"] else []
            producer.produce("orders", key=str(i), value=f"value {i}", partition=0, headers=headers)
        producer.flush(20)
        if extra.get("broker.version.fallback") == "0.8.2.0":
            continue
        consumer = Consumer({**settings, **extra, "client.id": client, "group.id": "g" + client,
                             "auto.offset.reset": "earliest", "session.timeout.ms": 6000, "heartbeat.interval.ms": 300,
                             "enable.auto.commit": False,
                             **({} if extra else {"group.instance.id": "till-1",
                                                  "partition.assignment.strategy": "cooperative-sticky"})})
        consumer.subscribe(["orders"])
        seen = []
        while len(seen) < 3:
            message = consumer.poll(0.2)
            if message is not None and not message.error():
                seen.append(message)
        consumer.commit(message=seen[-1], asynchronous=False)
        consumer.committed([TopicPartition("orders", 0)], 10)
        try:
            consumer.offsets_for_times([TopicPartition("orders", 0, 1)], 10)
        except KafkaException:
            pass  # brokers of old have no such thing
        time.sleep(0.7)
        consumer.close()
    producer = Producer({**settings, "client.id": "tx", "transactional.id": "tx-1"})
    producer.init_transactions(20)
    reader = Consumer({**settings, "client.id": "tx", "group.id": "tx", "auto.offset.reset": "earliest",
                       "session.timeout.ms": 6000, "isolation.level": "read_committed"})
    reader.subscribe(["orders"])
    while reader.poll(0.2) is None:
        pass
    for end in (producer.abort_transaction, producer.commit_transaction):
        producer.begin_transaction()
        producer.produce("orders", "paid")
        producer.send_offsets_to_transaction([TopicPartition("orders", 0, 1)], reader.consumer_group_metadata(), 20)
        end(20)
    reader.close()
    admin.list_topics(timeout=10)
    admin.list_groups(timeout=10)
    for done in (admin.describe_configs([ConfigResource("topic", "orders")]),
                 admin.alter_configs([ConfigResource("topic", "orders", set_config={"retention.ms": "70000"})]),
                 admin.create_partitions([NewPartitions("orders", 3)]), admin.delete_topics(["orders"])):
        for result in done.values():
            result.result(10)


def recorded_frames(path):
    """The frames in a recording (docs/SERVE.md), without their lengths."""
    data = path.read_bytes()
    at = data.index(b"\n") + 1
    streams = {}
    while at < len(data):
        [size] = struct.unpack_from(">I", data, at)
        body = data[at + 8:at + 8 + size]
        at += 8 + size
        if body[0] != 2:
            continue
        stream = streams.setdefault(body[9:17], bytearray())
        stream += body[17:]
        while len(stream) >= 4 and len(stream) >= 4 + struct.unpack_from(">i", stream)[0]:
            [length] = struct.unpack_from(">i", stream)
            yield bytes(stream[4:4 + length])
            del stream[:4 + length]


def frames_of_others():
    for file in ("every_kafka_python.txt", "every_kafkajs.txt", "every_platformatic.txt"):
        for line in (HERE / file).read_text().splitlines():
            name, data = line.split()
            kind, api, version = name.split(".")[:3]
            if kind == "request":
                yield bytes.fromhex(data)
            elif kind == "body" and api in KEYS:
                key, version = KEYS[api], int(version)
                tags = b"\0" if version >= FLEXIBLE.get(key, 99) else b""
                yield struct.pack(">hhih", key, version, 17, 6) + b"squall" + tags + bytes.fromhex(data)


class Mock:
    """librdkafka's own cluster, which is for its tests."""

    def __init__(self):
        self.owner = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "", "log_level": 0})
        [broker] = self.owner.list_topics(timeout=10).brokers.values()
        self.address = (broker.host, broker.port)

    def answer(self, frame, patience=6):
        """The body; None where it has none."""
        key, version = struct.unpack_from(">hh", frame)
        try:
            with socket.create_connection(self.address, timeout=patience) as connection:
                connection.sendall(struct.pack(">i", len(frame)) + frame)
                data = b""
                while len(data) < 4 or len(data) < 4 + struct.unpack_from(">i", data)[0]:
                    piece = connection.recv(65536)
                    if not piece:
                        return None
                    data += piece
        except OSError:
            return None
        head = 8 + (key != 18 and version >= FLEXIBLE.get(key, 99))
        return data[head:]

    def versions(self):
        body = self.answer(struct.pack(">hhih", 18, 0, 1, 6) + b"squall")
        [count] = struct.unpack_from(">i", body, 2)
        return {key: (low, high) for key, low, high in (struct.unpack_from(">hhh", body, 6 + 6 * i) for i in range(count))}


def is_sound(key, version, answer):
    """Not what Kafka has no such encoding of: Produce 5 without a log start offset, leader epochs of eight bytes in
    ListOffsets, null for a host and an assignment beside an error."""
    if (key, version) in {(0, 5), (2, 4), (2, 5)}:
        return False
    if key not in (10, 14):
        return True
    [error] = struct.unpack_from(">h", answer, 4 if version >= 1 else 0)
    return error == 0


def main():
    squall = Squall("--quiet")
    try:
        use_all(squall)
        squall.end()
        requests = list(recorded_frames(squall.recording))
    finally:
        squall.process.kill()
        squall.folder.cleanup()
    tell = printer(2)
    for frame in requests:
        key, version = struct.unpack_from(">hh", frame)
        tell("request", key, version, frame)

    mock = Mock()
    versions = mock.versions()
    asked = []
    for frame in [*requests, *frames_of_others()]:
        key, version = struct.unpack_from(">hh", frame)
        low, high = versions.get(key, (1, 0))
        # Members who ask as librdkafka does not break it.
        if low <= version <= high and (key != 11 or frame in requests):
            asked.append([key, version, frame, None])

    def ask(each):
        # Who joins a group twice at once breaks it.
        asked_of = Mock() if each[0] == 11 else mock
        each[3] = asked_of.answer(each[2])

    # Some wait for others of their group: all at once.
    for start in range(0, len(asked), 50):
        threads = [threading.Thread(target=ask, args=(each,)) for each in asked[start:start + 50]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for key, version, _, answer in sorted(asked, key=lambda each: each[:2]):
        if answer is not None and is_sound(key, version, answer):
            tell("response", key, version, answer)


if __name__ == "__main__":
    main()
