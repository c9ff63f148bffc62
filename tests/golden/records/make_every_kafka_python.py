"""Prints every request and answer that kafka-python has, in all its versions, filled from its own schemas: one
"request.<api>.<version>" or "response.<api>.<version>" and its hex a line. Twice, where something can be empty."""
import importlib
import inspect
import itertools

from kafka.protocol.api import Request, RequestHeader, Response
from kafka.protocol.types import Array, Boolean, Bytes, Int8, Int16, Int32, Int64, Schema, String

# Its names for what Kafka calls otherwise.
NAMES = {"GroupCoordinator": "FindCoordinator", "Offset": "ListOffsets", "ApiVersion": "ApiVersions",
         "SaslHandShake": "SaslHandshake"}


class Filling:
    """Every value is another one, so that none can stand in for its neighbour."""

    def __init__(self, is_empty):
        self.is_empty = is_empty
        self.numbers = itertools.count(1)

    def value(self, field):
        if isinstance(field, Schema):
            return tuple(self.value(each) for each in field.fields)
        if isinstance(field, Array):
            # It cannot forget a topic in Fetch 7 and later: its schema names a class there, not an instance.
            is_broken = isinstance(field.array_of, Schema) and String in field.array_of.fields
            return [] if self.is_empty or is_broken else [self.value(field.array_of) for _ in range(2)]
        number = next(self.numbers)
        kind = field if inspect.isclass(field) else type(field)
        if kind is Boolean:
            return number % 2 == 1
        if kind is String:
            return "" if self.is_empty else f"s{number}"
        if kind is Bytes:
            return b"" if self.is_empty else b"bytes %d" % number
        return number * {Int8: 1, Int16: 100, Int32: 10 ** 6, Int64: 10 ** 14}[kind]


def name_of(message):
    name = message.__name__.rsplit("_v", 1)[0]
    for suffix in ("Request", "Response"):
        name = name.removesuffix(suffix)
    return NAMES.get(name, name)


def messages():
    for module in ("admin", "commit", "fetch", "group", "metadata", "offset", "produce"):
        for _, message in inspect.getmembers(importlib.import_module("kafka.protocol." + module), inspect.isclass):
            if issubclass(message, (Request, Response)) and message not in (Request, Response):
                yield message


# What no broker reads or writes so. DescribeAcls 2 is flexible, a leader epoch has four bytes, authorized operations stand in
# each group, the coordinator's answer begins with a throttle time, errors of records stand in their partition.
LEFT_OUT = {"DescribeAclsRequest_v2", "DescribeAclsResponse_v2", "OffsetRequest_v4", "OffsetRequest_v5",
            "DescribeGroupsResponse_v3", "GroupCoordinatorResponse_v1", "ProduceResponse_v8",
            "ListGroupsRequest_v2"}  # says that it is version 1

for message in sorted(messages(), key=lambda m: (m.API_KEY, m.API_VERSION, m.__name__)):
    if message.__name__ in LEFT_OUT:
        continue
    said = set()
    for is_empty in (False, True):
        filling = Filling(is_empty)
        filled = message(*[filling.value(field) for field in message.SCHEMA.fields])
        data = filled.encode()
        kind = "response"
        if issubclass(message, Request):
            header = RequestHeader(filled, correlation_id=17, client_id="squall")
            kind, data = "request", header.encode() + data
        if data not in said:
            print(f"{kind}.{name_of(message)}.{message.API_VERSION}{'.empty' if is_empty else ''} {data.hex()}")
        said.add(data)
