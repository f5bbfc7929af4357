# SPDX-License-Identifier: Apache-2.0
"""Every answered request gives one event and one line of the access log, both
well-formed whatever was asked; none is lost uncounted."""
import json

import images
from server import until


def test_rendered(server):
    assert server.get("/cat.png?width=32&format=webp", {
        "User-Agent": "test/1", "X-Amz-Cf-Id": "abc-123",
        "Referer": "https://example.org/a?who=me"}).status == 200
    server.get("/cat.png?width=32&format=webp")
    first, second = server.events(2)
    assert first["type"] == "image.rendered"
    assert first["cache_state"] == "miss"
    assert first["request_id"] == "abc-123"
    assert first["user_agent"] == "test/1"
    assert first["referer"] == "https://example.org/a"
    assert first["viewer_network"] == "127.0.0.0/24"
    assert first["uri"] == "/cat.png?width=32&format=webp"
    assert (first["store"], first["source_key"]) == ("files", "cat.png")
    assert (first["format_in"], first["format_out"]) == ("png", "webp")
    assert (first["width_in"], first["height_in"]) == (64, 48)
    assert (first["width_out"], first["height_out"]) == (32, 24)
    assert first["bytes_out"] == first["bytes_result"] > 0
    assert first["ms_total"] >= first["ms_work"] > 0
    assert second["type"] == "image.served"
    assert second["cache_state"] == "hit"
    assert second["ms_work"] is None
    assert second["variant_key"] == first["variant_key"]
    assert second["etag"] == first["etag"]

    one, two = server.accesses(2)
    assert (one["cache"], two["cache"]) == ("miss", "hit")
    assert one["id"] == "abc-123"
    assert one["viewer"] == "127.0.0.1"
    assert one["out"].startswith("webp:32x24:")
    assert int(one["bytes"]) == first["bytes_out"]


def test_not_sent(server):
    """What was sent counts, not what was made."""
    etag = server.get("/cat.png?width=32").headers["ETag"]
    server.get("/cat.png?width=32", {"If-None-Match": etag})
    server.get("/cat.png?width=32", method="HEAD")
    server.get("/cat.png?width=32", {"Range": "bytes=0-9"})
    whole, same, head, part = server.events(4)
    assert (same["status"], same["bytes_out"]) == (304, 0)
    assert (head["status"], head["method"], head["bytes_out"]) \
        == (200, "HEAD", 0)
    assert (part["status"], part["bytes_out"]) == (206, 10)
    for event in (same, head, part):
        assert event["bytes_result"] == whole["bytes_out"]
        assert event["etag"] == etag


def test_failed(server):
    server.get("/none.png?width=32")
    server.get("/cat.png?width=zwei")
    server.get("/cat.png?width=32", method="POST")
    missing, bad, method = server.events(3)
    assert [e["type"] for e in (missing, bad, method)] == ["image.failed"] * 3
    assert (missing["status"], missing["error_code"]) == (404, "no-source")
    assert (bad["status"], bad["error_code"], bad["error_param"]) \
        == (400, "bad-value", "width")
    assert (method["status"], method["error_code"]) == (405, "not-allowed")
    assert bad["cache_state"] == "none"
    assert bad["variant_key"] is None
    assert missing["bytes_in"] is None
    line = server.accesses(3)[0]
    assert (line["status"], line["error"]) == ("404", "no-source")


def test_hostile(server):
    """Any byte that HTTP lets through, in all that a client can say."""
    fields = [b"\"\\\x80\xff\xc3\x28", b"\xed\xa0\x80 \xf4\x90\x80\x80",
        b"\xe2\x80\xa8 </script>", b"a\tb", b"%s%n{}", b"x" * 4000,
        bytes(range(0x80, 0x100)), "\u202eäöü\U0001f600".encode(), b"\x7f"]
    for field in fields:
        for path in (b"/cat.png?width=16", b"/" + field.replace(b" ", b"%20")
                .replace(b"\t", b"%09") + b"?width=16"):
            server.raw(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n"
                b"User-Agent: " + field + b"\r\nReferer: " + field
                + b"\r\nX-Amz-Cf-Id: " + field + b"\r\nConnection: close"
                b"\r\n\r\n")
    assert server.get("/cat.png?width=16").status == 200
    answered = server.metric("pictor_requests_total")
    assert answered >= len(fields)
    events = server.events(answered)
    assert len(events) == answered
    assert len(server.accesses(answered)) == answered


def test_none_lost(server):
    """stored + lost = answered, also under load."""
    for i in range(300):
        server.get(f"/cat.png?width={16 + i % 5}")
    answered = server.metric("pictor_requests_total")
    assert answered == 300
    until(lambda: server.metric("pictor_events_total") == 300, "all counted")
    stored = server.metric("pictor_events_total", sink="stored")
    assert len(server.events(stored)) == stored


def test_written_before_end(server):
    """What was answered is on the disk when the daemon has ended."""
    for _ in range(50):
        server.get("/cat.png?width=16")
    server.stop()
    assert len(server.events(50)) == 50
    assert len(server.accesses(50)) == 50


def test_rotated(server, place):
    """Moved away by a log rotation: after SIGHUP the new names are used."""
    server.get("/cat.png?width=16")
    server.events(1)
    server.event_path.rename(place / "events.1")
    server.access_path.rename(place / "access.1")
    server.get("/cat.png?width=17")
    until(lambda: (place / "events.1").read_bytes().count(b"\n") == 2,
        "the old file is still written")
    assert "reloaded" in server.reload()
    server.get("/cat.png?width=18")
    assert len(server.events(1)) == 1
    assert len(server.accesses(1)) == 1
    assert (place / "events.1").read_bytes().count(b"\n") == 2
    assert (place / "access.1").read_bytes().count(b"\n") == 2


def test_full_disk(start):
    """Answers do not depend on it; what is lost is counted, and said once."""
    server = start({"event": {"file": "/dev/full"}})
    for width in (16, 17, 18):
        assert server.get(f"/cat.png?width={width}").status == 200
    until(lambda: server.metric("pictor_events_total", sink="lost") == 3,
        "three lost")
    assert server.metric("pictor_events_total", sink="stored") == 0
    assert server.log().count("event.file = /dev/full: No space left") == 1
    assert len(server.accesses(3)) == 3


def test_standard_output(start):
    server = start({"log": {"access": "-"}, "event": {"file": ""}})
    server.get("/cat.png?width=16")
    server.said(" uri=/cat.png?width=16 status=200 ")
    assert not server.event_path.exists()


def test_dialects(server, files):
    (files / "big.png").write_bytes(images.png(300, 200))
    server.get("/dit/eyJrZXkiOiJiaWcucG5nIiwiZWRpdHMiOnsicmVzaXplIjp7IndpZHR"
        "oIjo1MH19fQ==")
    (event,) = server.events(1)
    assert (event["mount"], event["dialect"]) == ("dit", "dit")
    assert event["source_key"] == "big.png", json.dumps(event)
    assert (event["width_out"], event["height_out"]) == (50, 33)
