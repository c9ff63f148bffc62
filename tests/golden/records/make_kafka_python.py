"""Prints batches and requests as kafka-python encodes them: one "name hex" a line."""
from kafka.protocol import admin, commit, fetch, group, metadata, offset, produce
from kafka.protocol.api import RequestHeader
from kafka.protocol.commit import GroupCoordinatorRequest
from kafka.record.default_records import DefaultRecordBatchBuilder

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
