# SPDX-License-Identifier: Apache-2.0
"""Events by the schema, made by chance from a seed: as many as one likes, each
with an id and a time of its own, and whatever a test wants different."""
import datetime
import json
import random

DAY = datetime.timedelta(days=1)
UTC = datetime.timezone.utc


def today():
    return datetime.datetime.now(UTC).replace(hour=0, minute=0, second=0,
        microsecond=0)


def iso(when):
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03}Z"


def uuid7(when, chance):
    """As RFC 9562 says, version 7."""
    number = int(when.timestamp() * 1000) << 80 | 7 << 76 \
        | chance.getrandbits(12) << 64 | 2 << 62 | chance.getrandbits(62)
    text = f"{number:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


class Maker:
    def __init__(self, seed=1, when=None):
        self.chance = random.Random(seed)
        self.when = when or datetime.datetime.now(UTC)

    def event(self, **more):
        """One that was rendered just now, with other members where given."""
        c = self.chance
        image = c.randrange(40)
        wide = 100 * (1 + c.randrange(8))
        work = c.uniform(2, 60)
        event = {
            "schema_version": 1, "id": uuid7(self.when, c),
            "source": "/pictor/node-1", "type": "image.rendered",
            "time": iso(self.when), "node": "node-1", "sample_rate": 1,
            "traceparent": None, "cloudfront_id": None,
            "request_id": f"{c.getrandbits(64):016x}", "method": "GET",
            "uri": f"/photo-{image}.jpg?width={wide}", "host": "img.example",
            "viewer_network": "192.0.2.0/24", "viewer_hash": None,
            "user_agent": "test", "referer": None, "tenant": "shop",
            "mount": "shop", "dialect": "query", "store": "files",
            "source_key": f"photo-{image}.jpg",
            "variant_key": f"{c.getrandbits(256):064x}",
            "plan_hash": f"{wide:016x}", "plan": f"resize width={wide}",
            "status": 200, "cache_state": "miss", "error_code": None,
            "error_param": None, "etag": f'"{c.getrandbits(64):016x}"',
            "bytes_out": 20 * wide, "format_in": "jpeg",
            "bytes_in": 400_000 + image, "width_in": 4000, "height_in": 3000,
            "pages_in": 1, "orientation": 1, "has_profile": False,
            "dominant_colour": "#336699", "format_out": "webp",
            "bytes_result": 20 * wide, "width_out": wide,
            "height_out": wide * 3 // 4, "pages_out": 1, "has_alpha": False,
            "shrink": 2, "unchanged": False, "ms_total": round(work + 9, 3),
            "ms_claim": 0.01, "ms_verify": 0.01, "ms_parse": 0.05,
            "ms_lookup": 0.02, "ms_fetch": 5.5, "ms_render": round(work + 2, 3),
            "ms_settle": 0.03, "ms_queue": 1.25, "ms_open": 0.5,
            "ms_work": round(work, 3), "worker": 4711, "channel": None,
            "content_hash": None, "object_store": None, "object_key": None,
            "object_bytes": None, "expires": None, "reason": None}
        event.update(more)
        return event

    def hit(self, **more):
        return self.event(**{"type": "image.served", "cache_state": "hit",
            "ms_total": 0.4, "ms_fetch": 0, "ms_render": 0, "ms_queue": None,
            "ms_open": None, "ms_work": None, "worker": None, **more})

    def failed(self, **more):
        nothing = dict.fromkeys(("etag", "bytes_result", "width_out",
            "height_out", "pages_out", "format_out", "has_alpha", "shrink",
            "unchanged", "dominant_colour", "ms_open", "ms_work", "worker",
            "bytes_in", "width_in", "height_in", "pages_in", "orientation",
            "has_profile", "format_in"))
        return self.event(**{"type": "image.failed", "status": 404,
            "error_code": "no-source", "bytes_out": 120, **nothing, **more})

    def happened(self, what, **more):
        """To an image, without a request: image.archived and the like."""
        nothing = {name: None for name in self.event() if name.startswith("ms_")
            or name in ("method", "uri", "host", "viewer_network", "user_agent",
            "request_id", "variant_key", "plan_hash", "plan", "status", "etag",
            "bytes_out", "format_out", "bytes_result", "width_out",
            "height_out", "pages_out", "shrink", "unchanged",
            "dominant_colour", "worker", "dialect")}
        return self.event(**{**nothing, "type": what, "cache_state": "none",
            "channel": "http" if what == "image.uploaded" else None,
            "content_hash": "ab" * 32, "object_store": "archive",
            "object_key": "photo.jpg", "object_bytes": 400_000,
            "expires": iso(self.when + 7 * DAY), **more})


def lines(events):
    return "".join(json.dumps(e) + "\n" for e in events)
