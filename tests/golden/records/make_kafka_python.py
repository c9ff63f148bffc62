"""Prints batches, message sets, requests and answers as kafka-python encodes them: one "name hex" a
line."""
from kafka.protocol import admin, commit, fetch, group, metadata, offset, produce
from kafka.protocol.api import RequestHeader
from kafka.protocol.commit import GroupCoordinatorRequest
from kafka.record.default_records import DefaultRecordBatchBuilder
from kafka.record.legacy_records import LegacyRecordBatchBuilder

T0 = 1700000000000


def batch(name, records, compression=0, transactional=False, producer=(-1, -1, -1)):
    builder = DefaultRecordBatchBuilder(2, compression, transactional, *producer, 1 << 20)
    for at, (timestamp, key, value, headers) in enumerate(records):
        builder.append(at, timestamp, key, value, headers)
    data = bytes(builder.build())
    print("batch." + name, data.hex())
    return data


one = batch("one_record", [(T0, b"k", b"v", [])])
batch("null_and_empty", [(T0, None, b"v", []), (T0, b"k", None, []), (T0, b"", b"", []), (T0, None, None, [])])
batch("headers", [(T0, b"k", b"v", [("trace-id", b"\x00\xff\x10"), ("retry", b"1"), ("retry", b"2"), ("gone", None), ("\u043a\u043b\u044e\u0447", b"")])])
batch("unicode", [(T0, "\u6ce8\u6587-7".encode(), "\u00a1ol\u00e9! \U0001f680".encode(), [])])
batch("timestamps", [(T0, b"a", b"1", []), (T0 - 5000, b"b", b"2", []), (T0 + 86400000 * 60, b"c", b"3", [])])
batch("many", [(T0 + 7 * i, b"customer-%d" % (i % 5), b"x" * i, []) for i in range(70)])
batch("idempotent", [(T0, b"k", b"%d" % i, []) for i in range(3)], producer=(4711, 3, 2147483646))
batch("transactional", [(T0, b"k", b"v", [])], transactional=True, producer=(9000000000, 0, 0))
for codec, name in enumerate(("gzip", "snappy", "lz4", "zstd"), 1):
    batch(name, [(T0, b"k", b"v" * 50, [])] * 20, compression=codec)


def request(name, message):
    header = RequestHeader(message, correlation_id=17, client_id="squall")
    print("request.%s.%d" % (name, message.API_VERSION), (header.encode() + message.encode()).hex())


for version in (0, 1, 5):
    flag = (False,) if version >= 4 else ()
    request("Metadata", metadata.MetadataRequest[version](["orders", "payments"], *flag))
request("Produce", produce.ProduceRequest[7](None, -1, 30000, [("orders", [(2, one)])]))
request("Fetch", fetch.FetchRequest[4](-1, 500, 1, 52428800, 1, [("orders", [(0, 42, 1048576), (1, 0, 1048576)])]))
request("ListOffsets", offset.OffsetRequest[1](-1, [("orders", [(0, -1), (1, T0)])]))
request("FindCoordinator", GroupCoordinatorRequest[0]("billing"))
request("JoinGroup", group.JoinGroupRequest[2]("billing", 10000, 300000, "", "consumer", [("range", b"\x00\x01"), ("roundrobin", b"")]))
request("SyncGroup", group.SyncGroupRequest[1]("billing", 4, "m-1", [("m-1", b"abc"), ("m-2", b"")]))
request("Heartbeat", group.HeartbeatRequest[1]("billing", 4, "m-1"))
request("LeaveGroup", group.LeaveGroupRequest[1]("billing", "m-1"))
request("OffsetCommit", commit.OffsetCommitRequest[2]("billing", 4, "m-1", -1, [("orders", [(0, 7, "note"), (1, 9, "")])]))
request("OffsetFetch", commit.OffsetFetchRequest[1]("billing", [("orders", [0, 1])]))
request("CreateTopics", admin.CreateTopicsRequest[3]([("orders", 3, 2, [], [("cleanup.policy", "compact")]), ("placed", -1, -1, [(0, [1, 2])], [])], 15000, True))
request("ApiVersions", admin.ApiVersionRequest[0]())


# Message sets of both old formats. A wrapper has offset 0 and timestamp 0 here, whatever it holds.
def message_set(name, magic, records, compression=0):
    builder = LegacyRecordBatchBuilder(magic, compression, 1 << 20)
    for at, (timestamp, key, value) in enumerate(records):
        builder.append(at, timestamp, key, value)
    data = bytes(builder.build())
    print("set.%s.%d" % (name, magic), data.hex())
    return data


few = [(T0, b"k", b"v"), (T0 + 5, None, b""), (T0 + 3, b"", None)]
many = [(T0 + i, b"customer-%d" % (i % 5), b"v" * 50) for i in range(20)]
for magic in (0, 1):
    plain = message_set("plain", magic, few)
    for codec, name in enumerate(("gzip", "snappy", "lz4"), 1):
        message_set(name, magic, many, codec)
    request("Produce", produce.ProduceRequest[2 * magic](-1, 30000, [("orders", [(2, plain)])]))

for version in range(4):
    largest = (52428800,) if version >= 3 else ()
    request("Fetch", fetch.FetchRequest[version](-1, 500, 1, *largest, [("orders", [(0, 42, 1048576)])]))
request("ListOffsets", offset.OffsetRequest[0](-1, [("orders", [(0, -1, 1)])]))
request("OffsetCommit", commit.OffsetCommitRequest[0]("billing", [("orders", [(0, 7, "note")])]))
request("OffsetCommit", commit.OffsetCommitRequest[1]("billing", 4, "m-1", [("orders", [(0, 7, T0, "note")])]))
request("OffsetFetch", commit.OffsetFetchRequest[3]("billing", None))
request("JoinGroup", group.JoinGroupRequest[0]("billing", 10000, "", "consumer", [("range", b"\x00\x01")]))
request("DeleteTopics", admin.DeleteTopicsRequest[3](["orders", "payments"], 15000))
request("CreatePartitions", admin.CreatePartitionsRequest[1]([("orders", (6, [[1, 2], [2, 3]])), ("payments", (4, None))], 15000, True))
request("DescribeConfigs", admin.DescribeConfigsRequest[0]([(2, "orders", ["retention.ms"]), (4, "1", None)]))
request("DescribeConfigs", admin.DescribeConfigsRequest[2]([(2, "orders", None)], True))
request("AlterConfigs", admin.AlterConfigsRequest[1]([(2, "orders", [("retention.ms", "1000"), ("cleanup.policy", None)])], True))
request("ListGroups", admin.ListGroupsRequest[1]())
request("DescribeGroups", admin.DescribeGroupsRequest[3](["billing", "audit"], True))
request("DeleteGroups", admin.DeleteGroupsRequest[1](["billing", "audit"]))
request("DescribeAcls", admin.DescribeAclsRequest[0](2, "orders", None, "*", 3, 1))
request("DescribeAcls", admin.DescribeAclsRequest[1](2, None, 3, "User:ann", None, 1, 3))
request("CreateAcls", admin.CreateAclsRequest[1]([(2, "orders", 4, "User:ann", "*", 3, 3)]))
request("DeleteAcls", admin.DeleteAclsRequest[1]([(2, "orders", 1, None, None, 1, 1)]))
request("SaslHandshake", admin.SaslHandShakeRequest[1]("PLAIN"))
request("SaslAuthenticate", admin.SaslAuthenticateRequest[1](b"\x00ann\x00secret"))


# Bodies of answers.
def response(name, message):
    print("response.%s.%d" % (name, message.API_VERSION), message.encode().hex())


broker, partitions = (1, "b1", 9092, "eu-1a"), [(0, 0, 1, [1, 2], [1], [2]), (5, 1, -1, [2], [2], [])]
response("Metadata", metadata.MetadataResponse[5](7, [broker, (2, "b2", 9093, None)], "cluster", 1, [(0, "orders", False, partitions)]))
response("Metadata", metadata.MetadataResponse[0]([broker[:3]], [(3, "nowhere", [])]))
response("Produce", produce.ProduceResponse[0]([("orders", [(2, 0, 40)])]))
response("Produce", produce.ProduceResponse[5]([("orders", [(2, 0, 40, -1, 3)])], 7))
response("Fetch", fetch.FetchResponse[0]([("orders", [(0, 0, 43, plain)])]))
response("Fetch", fetch.FetchResponse[4](7, [("orders", [(0, 0, 43, 41, [(4711, 12), (4712, 30)], one), (1, 3, -1, -1, None, b"")])]))
response("ListOffsets", offset.OffsetResponse[0]([("orders", [(0, 0, [43, 0]), (1, 3, [])])]))
response("ListOffsets", offset.OffsetResponse[2](7, [("orders", [(0, 0, T0, 42)])]))
response("JoinGroup", group.JoinGroupResponse[2](7, 0, 4, "range", "m-1", "m-1", [("m-1", b"\x00\x01"), ("m-2", b"")]))
response("SyncGroup", group.SyncGroupResponse[1](7, 0, b"abc"))
response("OffsetFetch", commit.OffsetFetchResponse[3](7, [("orders", [(0, 7, "note", 0), (1, -1, "", 0)])], 0))
response("FindCoordinator", commit.GroupCoordinatorResponse[0](15, -1, "", -1))
response("CreateTopics", admin.CreateTopicsResponse[3](7, [("orders", 0, None), ("payments", 36, "there already")]))
response("DeleteTopics", admin.DeleteTopicsResponse[3](7, [("orders", 0), ("payments", 3)]))
response("DescribeConfigs", admin.DescribeConfigsResponse[0](7, [(0, None, 2, "orders", [("retention.ms", "1000", False, True, False)])]))
response("AlterConfigs", admin.AlterConfigsResponse_v1(7, [(40, "no such setting", 2, "orders")]))
response("ListGroups", admin.ListGroupsResponse[1](7, 0, [("billing", "consumer")]))
response("DescribeGroups", admin.DescribeGroupsResponse[2](7, [(0, "billing", "Stable", "consumer", "range", [("m-1", "c", "/127.0.0.1", b"\x00\x01", b"abc")])]))
response("DeleteGroups", admin.DeleteGroupsResponse[1](7, [("billing", 0), ("audit", 68)]))
response("DescribeAcls", admin.DescribeAclsResponse[1](7, 54, "no authorizer", [(2, "orders", 3, [("User:ann", "*", 3, 3)])]))
response("SaslHandshake", admin.SaslHandShakeResponse[1](34, ["PLAIN"]))
response("ApiVersions", admin.ApiVersionResponse[1](0, [(18, 0, 4), (3, 0, 13)], 7))
