# SPDX-License-Identifier: Apache-2.0
"""As much of Kafka as tests need by themselves: topics by the protocol, and
messages in and out by librdkafka, which Pictor is built with anyway."""
import ctypes
import socket
import struct
import time
from collections import namedtuple

Message = namedtuple("Message", "topic partition offset key value headers")

# The protocol's numbers (kafka.apache.org/protocol).
METADATA, CREATE_TOPICS, DELETE_TOPICS, DELETE_RECORDS = 3, 19, 20, 21
NONE, UNKNOWN_TOPIC, TOPIC_EXISTS = 0, 3, 36


# ---- The protocol, of old versions that are easy to write ----

def text(value):
    data = value.encode()
    return struct.pack(">h", len(data)) + data


def array(items):
    items = list(items)
    return struct.pack(">i", len(items)) + b"".join(items)


class Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def number(self, form):
        value, = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return value

    def text(self):
        size = self.number("h")
        if size < 0:
            return None
        self.at += size
        return self.data[self.at - size:self.at].decode()

    def array(self, read):
        return [read() for _ in range(self.number("i"))]


def call(address, api, version, body, timeout=30):
    """One request on a connection of its own; a Reader of the answer."""
    head = struct.pack(">hhi", api, version, 7) + text("tests")
    with socket.create_connection(address, timeout=timeout) as s, \
            s.makefile("rb") as answer:
        s.sendall(struct.pack(">i", len(head) + len(body)) + head + body)
        size, = struct.unpack(">i", answer.read(4))
        data = answer.read(size)
    assert len(data) == size and data[:4] == b"\0\0\0\7", data
    return Reader(data[4:])


def brokers(address):
    """How many brokers it says there are, and {topic: number of partitions}."""
    r = call(address, METADATA, 4, struct.pack(">i?", -1, False), 5)
    r.number("i")
    count = len(r.array(lambda: (r.number("i"), r.text(), r.number("i"),
        r.text())))
    r.text(), r.number("i")

    def partition():
        r.number("h"), r.number("i"), r.number("i")
        r.array(lambda: r.number("i")), r.array(lambda: r.number("i"))

    def topic():
        r.number("h")
        name = r.text()
        r.number("?")
        return name, len(r.array(partition))

    return count, dict(r.array(topic))


def create_topic(address, name, partitions=1, config=None):
    settings = [text(k) + text(str(v)) for k, v in (config or {}).items()]
    one = (text(name) + struct.pack(">ih", partitions, 1) + array([])
        + array(settings))
    r = call(address, CREATE_TOPICS, 2, array([one])
        + struct.pack(">i?", 20000, False))
    r.number("i")
    (_, error, said), = r.array(lambda: (r.text(), r.number("h"), r.text()))
    assert error == NONE, f"topic {name}: error {error}, {said}"


def delete_topic(address, name):
    r = call(address, DELETE_TOPICS, 1, array([text(name)])
        + struct.pack(">i", 20000))
    r.number("i")
    (_, error), = r.array(lambda: (r.text(), r.number("h")))
    assert error in (NONE, UNKNOWN_TOPIC), f"topic {name}: error {error}"


def delete_records(address, name, partition, before):
    """Removes messages as retention does; returns the first that is left."""
    one = text(name) + array([struct.pack(">iq", partition, before)])
    r = call(address, DELETE_RECORDS, 1, array([one])
        + struct.pack(">i", 20000))
    r.number("i")
    (_, ((_, low, error),)), = r.array(lambda: (r.text(),
        r.array(lambda: (r.number("i"), r.number("q"), r.number("h")))))
    assert error == NONE, f"topic {name}: error {error}"
    return low


# ---- librdkafka ----

class RawMessage(ctypes.Structure):
    _fields_ = [("err", ctypes.c_int), ("rkt", ctypes.c_void_p),
        ("partition", ctypes.c_int32), ("payload", ctypes.c_void_p),
        ("len", ctypes.c_size_t), ("key", ctypes.c_void_p),
        ("key_len", ctypes.c_size_t), ("offset", ctypes.c_int64),
        ("private", ctypes.c_void_p)]


PRODUCER, CONSUMER = 0, 1
PARTITION_EOF = -191
QUEUE_FULL = -184
BEGINNING = -2
# enum rd_kafka_vtype_t
END, TOPIC, PARTITION, VALUE, KEY, FLAGS, HEADER = 0, 1, 3, 4, 5, 7, 9
COPY = 2
NO_CONSUMER_CLOSE = 8


REPORT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(RawMessage),
    ctypes.c_void_p)


class Library:
    def __init__(self):
        self.lib = ctypes.CDLL("librdkafka.so.1")
        pointer = ctypes.c_void_p
        for name, result, arguments in (
                ("destroy_flags", None, [pointer, ctypes.c_int]),
                ("conf_new", pointer, []),
                ("conf_set", ctypes.c_int, [pointer, ctypes.c_char_p,
                    ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t]),
                ("new", pointer, [ctypes.c_int, pointer, ctypes.c_char_p,
                    ctypes.c_size_t]),
                ("destroy", None, [pointer]),
                ("poll_set_consumer", ctypes.c_int, [pointer]),
                ("topic_partition_list_new", pointer, [ctypes.c_int]),
                ("topic_partition_list_add", pointer, [pointer,
                    ctypes.c_char_p, ctypes.c_int32]),
                ("topic_partition_list_set_offset", ctypes.c_int, [pointer,
                    ctypes.c_char_p, ctypes.c_int32, ctypes.c_int64]),
                ("topic_partition_list_destroy", None, [pointer]),
                ("assign", ctypes.c_int, [pointer, pointer]),
                ("consumer_poll", ctypes.POINTER(RawMessage), [pointer,
                    ctypes.c_int]),
                ("message_destroy", None, [ctypes.POINTER(RawMessage)]),
                ("message_headers", ctypes.c_int, [ctypes.POINTER(RawMessage),
                    ctypes.POINTER(pointer)]),
                ("header_get_all", ctypes.c_int, [pointer, ctypes.c_size_t,
                    ctypes.POINTER(ctypes.c_char_p), ctypes.POINTER(pointer),
                    ctypes.POINTER(ctypes.c_size_t)]),
                ("conf_set_dr_msg_cb", None, [pointer, REPORT]),
                ("err2str", ctypes.c_char_p, [ctypes.c_int]),
                ("poll", ctypes.c_int, [pointer, ctypes.c_int]),
                ("flush", ctypes.c_int, [pointer, ctypes.c_int]),
                ("outq_len", ctypes.c_int, [pointer])):
            function = getattr(self.lib, "rd_kafka_" + name)
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)
        self.producev = self.lib.rd_kafka_producev
        self.producev.restype = ctypes.c_int

    def client(self, kind, settings, report=None):
        said = ctypes.create_string_buffer(512)
        conf = self.conf_new()
        if report:
            self.conf_set_dr_msg_cb(conf, report)
        for name, value in settings.items():
            assert self.conf_set(conf, name.encode(), str(value).encode(),
                said, len(said)) == 0, said.value
        it = self.new(kind, conf, said, len(said))
        assert it, said.value
        return ctypes.c_void_p(it)

    def headers(self, raw):
        found, at = [], 0
        several = ctypes.c_void_p()
        if self.message_headers(raw, ctypes.byref(several)) != 0:
            return found
        name, value = ctypes.c_char_p(), ctypes.c_void_p()
        size = ctypes.c_size_t()
        while self.header_get_all(several, at, ctypes.byref(name),
                ctypes.byref(value), ctypes.byref(size)) == 0:
            found.append((name.value.decode(),
                ctypes.string_at(value, size.value) if value else None))
            at += 1
        return found

    def message(self, topic, raw):
        m = raw.contents
        return Message(topic, m.partition, m.offset,
            ctypes.string_at(m.key, m.key_len) if m.key else None,
            ctypes.string_at(m.payload, m.len) if m.payload else None,
            self.headers(raw))


_library = []


def library():
    if not _library:
        _library.append(Library())
    return _library[0]


def produce(settings, topic, messages, seconds=60):
    """Sends all, or fails with what was refused. A message is a value, or (key, value), or
    (key, value, [(header, bytes)])."""
    lib = library()
    refused = []

    @REPORT
    def report(_client, message, _opaque):
        if message.contents.err:
            refused.append(lib.err2str(message.contents.err).decode())

    client = lib.client(PRODUCER, {"linger.ms": 5,
        "queue.buffering.max.messages": 1000000, **settings}, report)
    try:
        for message in messages:
            key, value, headers = ((None, message, ()) if isinstance(message,
                bytes) else (*message, ())[:3])
            words = [TOPIC, topic.encode(), FLAGS, ctypes.c_int(COPY), VALUE,
                value, ctypes.c_size_t(len(value or b""))]
            if key is not None:
                words += [KEY, key, ctypes.c_size_t(len(key))]
            for name, data in headers:
                words += [HEADER, name.encode(), data,
                    ctypes.c_ssize_t(len(data))]
            error = lib.producev(client, *words, END)
            assert error == 0, lib.err2str(error)
        left = lib.flush(client, int(seconds * 1000))
        assert left == 0, f"{lib.outq_len(client)} messages are still to go"
        assert not refused, f"not delivered: {len(refused)}, {refused[0]}"
    finally:
        lib.destroy(client)


def consume(settings, topic, partitions, count=None, seconds=60):
    """All messages of these partitions from the first on, as they come: until
    their ends, or until there are so many."""
    lib = library()
    client = lib.client(CONSUMER, {"group.id": "tests-that-only-look",
        "enable.auto.commit": "false", "enable.partition.eof": "true",
        "fetch.wait.max.ms": 50, **settings})
    lib.poll_set_consumer(client)
    wanted = lib.topic_partition_list_new(partitions)
    for number in range(partitions):
        lib.topic_partition_list_add(wanted, topic.encode(), number)
        lib.topic_partition_list_set_offset(wanted, topic.encode(), number,
            BEGINNING)
    lib.assign(client, wanted)
    lib.topic_partition_list_destroy(wanted)
    found, ended, end = [], set(), time.monotonic() + seconds
    try:
        while len(ended) < partitions if count is None else len(found) < count:
            assert time.monotonic() < end, \
                f"{len(found)} messages within {seconds} s"
            raw = lib.consumer_poll(client, 200)
            if not raw:
                continue
            try:
                m = raw.contents
                if m.err == PARTITION_EOF:
                    ended.add(m.partition)
                elif m.err == 0:
                    found.append(lib.message(topic, raw))
            finally:
                # One that is kept lets no consumer end.
                lib.message_destroy(raw)
    finally:
        lib.destroy_flags(client, NO_CONSUMER_CLOSE)
    return found
