# SPDX-License-Identifier: Apache-2.0
"""What the Power BI project is made of, once: tables and where their columns
come from, relationships, measures with the SQL that says the same, roles, and
the pages of the report. generate.py writes the project from it; the tests read
it too."""

# ---- Tables: name in the model -> columns (name, type, source column, more) ----
# more: words of TMDL besides; hidden ones are keys.
KEY = ("isHidden", "summarizeBy: none")
PLAIN = ("summarizeBy: none",)
BYTES = ("summarizeBy: none", "formatString: #,0")
MS = ("summarizeBy: none", "formatString: #,0.0")


def key(name, source):
    return (name, "int64", source, KEY)


def text(name, source, *more):
    return (name, "string", source, PLAIN + more)


def whole(name, source, *more):
    return (name, "int64", source, PLAIN + more)


def flag(name, source):
    return (name, "boolean", source, PLAIN)


def size(name, source):
    return (name, "int64", source, BYTES)


def ms(name, source):
    return (name, "double", source, MS)


TABLES = {
    "Requests": {
        "source": "fact_request", "text": "One request that reached the "
        "server. What CloudFront answered from its own cache is not here.",
        "incremental": True,
        "columns": [
            key("Date key", "date_key"), key("Time key", "time_key"),
            key("Event type key", "event_type_key"),
            key("Tenant key", "tenant_key"), key("Node key", "node_key"),
            key("Language key", "dialect_key"), key("Image key", "image_key"),
            key("Variant key", "variant_key"), key("Cache key", "cache_key"),
            key("Error key", "error_key"),
            key("Original format key", "original_format_key"),
            key("Format key", "format_key"), key("Status", "status"),
            ("At", "dateTime", "at", PLAIN),
            ("Weight", "double", "weight", KEY),
            text("Wrong parameter", "error_param"),
            size("Bytes out", "bytes_out"), size("Bytes in", "bytes_in"),
            size("Bytes of result", "bytes_result"),
            whole("Width in", "width_in"), whole("Height in", "height_in"),
            whole("Pages in", "pages_in"), whole("Width out", "width_out"),
            whole("Height out", "height_out"), whole("Pages out", "pages_out"),
            whole("Orientation", "orientation"),
            flag("Has profile", "has_profile"), flag("Has alpha", "has_alpha"),
            whole("Shrink", "shrink"), flag("Unchanged", "unchanged"),
            text("Dominant colour", "dominant_colour"),
            ms("ms total", "ms_total"), ms("ms claim", "ms_claim"),
            ms("ms verify", "ms_verify"), ms("ms parse", "ms_parse"),
            ms("ms lookup", "ms_lookup"), ms("ms fetch", "ms_fetch"),
            ms("ms render", "ms_render"), ms("ms settle", "ms_settle"),
            ms("ms queue", "ms_queue"), ms("ms open", "ms_open"),
            ms("ms work", "ms_work")]},
    "Image events": {
        "source": "fact_image", "text": "What happened to an image without a "
        "viewer: it came in, was stored, archived, or its copy removed.",
        "incremental": True,
        "columns": [
            key("Date key", "date_key"), key("Time key", "time_key"),
            key("Event type key", "event_type_key"),
            key("Tenant key", "tenant_key"), key("Node key", "node_key"),
            key("Image key", "image_key"), key("Error key", "error_key"),
            key("Original format key", "original_format_key"),
            ("At", "dateTime", "at", PLAIN),
            ("Weight", "double", "weight", KEY),
            text("Channel", "channel"), text("Store of object", "object_store"),
            size("Object bytes", "object_bytes"),
            size("Bytes in", "bytes_in"), whole("Width in", "width_in"),
            whole("Height in", "height_in"), whole("Pages in", "pages_in"),
            flag("Has profile", "has_profile"), flag("Has alpha", "has_alpha"),
            ("Expires", "dateTime", "expires", PLAIN),
            text("Reason", "reason")]},
    "Date": {
        "source": "dim_date", "text": "Days, UTC.", "date": True,
        "columns": [
            key("Date key", "date_key"),
            ("Date", "dateTime", "date", ("isKey", "summarizeBy: none",
                "formatString: yyyy-mm-dd")),
            whole("Year", "year"), whole("Quarter", "quarter"),
            key("Month number", "month"),
            text("Month", "month_name", "sortByColumn: 'Month number'"),
            whole("Year and month", "year_month"), whole("Week", "iso_week"),
            whole("Day", "day"), key("Weekday number", "weekday"),
            text("Weekday", "weekday_name", "sortByColumn: 'Weekday number'")],
        "hierarchies": {"Calendar": ["Year", "Quarter", "Month", "Day"]}},
    "Time": {
        "source": "dim_time", "text": "Minutes of a day, UTC.",
        "columns": [key("Time key", "time_key"), whole("Hour", "hour"),
            whole("Minute", "minute"), text("Quarter hour", "quarter_hour"),
            text("Minute of day", "label")],
        "hierarchies": {"Clock": ["Hour", "Quarter hour", "Minute of day"]}},
    "Tenant": {"source": "dim_tenant", "text": "Whose the mount is.",
        "columns": [key("Tenant key", "tenant_key"),
            text("Tenant", "tenant")]},
    "Tenant viewer": {"source": "tenant_viewer", "hidden": True,
        "text": "Who of the leadership sees which tenant.",
        "columns": [key("Tenant key", "tenant_key"),
            text("Viewer", "viewer")]},
    "Node": {"source": "dim_node", "text": "The machine that answered.",
        "columns": [key("Node key", "node_key"), text("Node", "node")]},
    "Event type": {"source": "dim_event", "text": "What happened.",
        "columns": [key("Event type key", "event_type_key"),
            text("Event type", "event_type")]},
    "Language": {"source": "dim_dialect", "text": "Of the URL.",
        "columns": [key("Language key", "dialect_key"),
            text("Language", "dialect")]},
    "Cache": {"source": "dim_cache",
        "text": "How the server's cache answered; not CloudFront's.",
        "columns": [key("Cache key", "cache_key"),
            text("Cache state", "cache_state"), flag("Is hit", "is_hit")]},
    "Error": {"source": "dim_error", "text": "Stable names of errors.",
        "columns": [key("Error key", "error_key"),
            text("Error", "error_code")]},
    "Format": {"source": "dim_format", "text": "Of the result.",
        "columns": [key("Format key", "format_key"), text("Format", "format"),
            flag("Is modern", "is_modern")]},
    "Original format": {"source": "dim_original_format",
        "text": "Of the original.",
        "columns": [key("Original format key", "original_format_key"),
            text("Original format", "original_format")]},
    "Status": {"source": "dim_status", "text": "HTTP's.",
        "columns": [whole("Status", "status"),
            text("Class", "status_class"), flag("Is error", "is_error")],
        "hierarchies": {"Statuses": ["Class", "Status"]}},
    "Image": {"source": "dim_image",
        "text": "Originals, as they were when last rendered.",
        "columns": [key("Image key", "image_key"),
            key("Tenant key", "tenant_key"), text("Store", "store"),
            text("Image", "image"), whole("Width", "width"),
            whole("Height", "height"), size("Bytes", "bytes")],
        "hierarchies": {"Originals": ["Store", "Image"]}},
    "Variant": {"source": "dim_variant",
        "text": "What is done to an original, whichever it is.",
        "columns": [key("Variant key", "variant_key"),
            key("Tenant key", "tenant_key"), text("Plan hash", "variant"),
            text("Plan", "plan")]},
}

# ---- Relationships: every key of a fact to its dimension's ----
RELATIONSHIPS = [
    (fact, column, dimension, column)
    for fact in ("Requests", "Image events")
    for dimension, column in (("Date", "Date key"), ("Time", "Time key"),
        ("Event type", "Event type key"), ("Tenant", "Tenant key"),
        ("Node", "Node key"), ("Language", "Language key"),
        ("Image", "Image key"), ("Variant", "Variant key"),
        ("Cache", "Cache key"), ("Error", "Error key"),
        ("Original format", "Original format key"),
        ("Format", "Format key"), ("Status", "Status"))
    if any(c[0] == column for c in TABLES[fact]["columns"])]

# ---- Measures: table, name, DAX, the same in SQL, format, sentence ----
OF_TYPE = ("JOIN bi.dim_event AS e USING (event_type_key) "
    "WHERE e.event_type = '{}'")
R = "FROM bi.fact_request AS f"
I = "FROM bi.fact_image AS f"
RENDERED = "'Event type'[Event type] = \"image.rendered\""
IS_RENDERED = OF_TYPE.format("image.rendered")


def of_type(name, what, sentence):
    return ("Image events", name, "CALCULATE([Image events], "
        f"'Event type'[Event type] = \"{what}\")",
        f"SELECT sum(weight) {I} {OF_TYPE.format(what)}", "#,0", sentence)


def percentile(share):
    return ("Requests", f"p{round(share * 100)} ms",
        f"PERCENTILE.INC('Requests'[ms total], {share})",
        f"SELECT percentile_cont({share}) WITHIN GROUP (ORDER BY ms_total) {R}",
        "#,0.0", f"{round(share * 100)} of 100 answers took no longer.")


def stage(name, column, source, sentence):
    return ("Requests", name,
        f"CALCULATE(AVERAGE(Requests[{column}]), {RENDERED})",
        f"SELECT avg({source}) {R} {IS_RENDERED}", "#,0.0", sentence)


MEASURES = [
    ("Requests", "Request count", "SUM('Requests'[Weight])",
        f"SELECT sum(weight) {R}", "#,0",
        "Requests that reached the server, sampled ones extrapolated."),
    ("Requests", "Requests a day",
        "DIVIDE([Request count], DISTINCTCOUNT('Requests'[Date key]))",
        f"SELECT sum(weight) / count(DISTINCT date_key) {R}", "#,0",
        "On days that have any."),
    ("Requests", "Images requested", "CALCULATE(DISTINCTCOUNT("
        "'Requests'[Image key]), 'Requests'[Image key] <> 0)",
        f"SELECT count(DISTINCT image_key) {R} WHERE image_key <> 0", "#,0",
        "Different originals."),
    ("Requests", "Bytes sent",
        "SUMX('Requests', 'Requests'[Weight] * 'Requests'[Bytes out])",
        f"SELECT sum(weight * bytes_out) {R}", "#,0", "Of answers' bodies."),
    ("Requests", "Hits", "CALCULATE([Request count], 'Cache'[Is hit] = TRUE())",
        f"SELECT sum(weight) {R} JOIN bi.dim_cache AS c USING (cache_key) "
        "WHERE c.is_hit", "#,0", "Answered without rendering anew."),
    ("Requests", "Cache hit %", "DIVIDE([Hits], [Request count])",
        "SELECT sum(weight) FILTER (WHERE c.is_hit) / sum(weight) "
        f"{R} JOIN bi.dim_cache AS c USING (cache_key)", "0.0%",
        "Of the server's own cache."),
    ("Requests", "Rendered", f"CALCULATE([Request count], {RENDERED})",
        f"SELECT sum(weight) {R} {IS_RENDERED}", "#,0",
        "Images made for a request."),
    percentile(0.5), percentile(0.95), percentile(0.99),
    ("Requests", "Rendered p95 ms", f"CALCULATE([p95 ms], {RENDERED})",
        "SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY ms_total) "
        f"{R} {IS_RENDERED}", "#,0.0", "Of those that were rendered."),
    stage("Fetch ms", "ms fetch", "ms_fetch",
        "Mean time until the original's first bytes."),
    stage("Queue ms", "ms queue", "ms_queue", "Mean wait for a worker."),
    stage("Work ms", "ms work", "ms_work",
        "Mean time of decoding, operations and encoding."),
    ("Requests", "Original bytes", "CALCULATE(SUMX('Requests', "
        f"'Requests'[Weight] * 'Requests'[Bytes in]), {RENDERED})",
        f"SELECT sum(weight * bytes_in) {R} {IS_RENDERED}", "#,0",
        "Of the originals of what was rendered."),
    ("Requests", "Result bytes", "CALCULATE(SUMX('Requests', "
        f"'Requests'[Weight] * 'Requests'[Bytes of result]), {RENDERED})",
        f"SELECT sum(weight * bytes_result) {R} {IS_RENDERED}", "#,0",
        "Of what was rendered."),
    ("Requests", "Bytes saved", "[Original bytes] - [Result bytes]",
        f"SELECT sum(weight * bytes_in) - sum(weight * bytes_result) {R} "
        f"{IS_RENDERED}", "#,0", "Originals less results."),
    ("Requests", "Bytes saved %", "DIVIDE([Bytes saved], [Original bytes])",
        "SELECT 1 - sum(weight * bytes_result) / sum(weight * bytes_in) "
        f"{R} {IS_RENDERED}", "0.0%", "Of the originals' bytes."),
    ("Requests", "Modern format %", "DIVIDE(CALCULATE([Rendered], "
        "'Format'[Is modern] = TRUE()), [Rendered])",
        "SELECT sum(weight) FILTER (WHERE m.is_modern) / sum(weight) "
        f"{R} JOIN bi.dim_format AS m USING (format_key) {IS_RENDERED}",
        "0.0%", "Results in WebP, AVIF, HEIC or JPEG XL."),
    ("Requests", "Errors",
        "CALCULATE([Request count], 'Status'[Is error] = TRUE())",
        f"SELECT sum(weight) {R} WHERE status >= 400", "#,0",
        "Answered with 400 or more."),
    ("Requests", "Error %", "DIVIDE([Errors], [Request count])",
        "SELECT sum(weight) FILTER (WHERE status >= 400) / sum(weight) " + R,
        "0.00%", "Of all requests."),
    ("Requests", "Server errors",
        "CALCULATE([Request count], 'Status'[Class] = \"5xx\")",
        f"SELECT sum(weight) {R} WHERE status >= 500", "#,0",
        "Answered with 500 or more: somebody must act."),
    ("Image events", "Image events", "SUM('Image events'[Weight])",
        f"SELECT sum(weight) {I}", "#,0", "All of them."),
    of_type("Uploaded", "image.uploaded", "Originals that came in."),
    of_type("Archived", "image.archived", "Copies made for compliance."),
    of_type("Expired", "image.expired", "Copies removed."),
    of_type("Uploads refused", "image.failed", "Uploads that were refused."),
    ("Image events", "Copies held", "[Archived] - [Expired]",
        "SELECT sum(weight) FILTER (WHERE e.event_type = 'image.archived') - "
        "sum(weight) FILTER (WHERE e.event_type = 'image.expired') "
        f"{I} JOIN bi.dim_event AS e USING (event_type_key)", "#,0",
        "Copies of the archive that are there, of those in sight."),
    ("Image events", "Archived bytes", "CALCULATE(SUMX('Image events', "
        "'Image events'[Weight] * 'Image events'[Object bytes]), "
        "'Event type'[Event type] = \"image.archived\")",
        f"SELECT sum(weight * object_bytes) {I} "
        + OF_TYPE.format("image.archived"), "#,0", "Of the copies made."),
]

# ---- Who sees what: role -> table -> DAX ----
MINE = ("CALCULATETABLE(VALUES('Tenant viewer'[Tenant key]), "
    "'Tenant viewer'[Viewer] = USERPRINCIPALNAME())")
ROLES = {
    "BI team": {},
    "Leadership": {
        "Tenant": f"'Tenant'[Tenant key] IN {MINE}",
        "Image": f"'Image'[Image key] = 0 || 'Image'[Tenant key] IN {MINE}",
        "Variant":
            f"'Variant'[Variant key] = 0 || 'Variant'[Tenant key] IN {MINE}",
        "Tenant viewer": "'Tenant viewer'[Viewer] = USERPRINCIPALNAME()"},
}

# ---- The report: page -> visuals (name, type, title, roles, x, y, w, h) ----
# A field is "Table.Name"; whether it is a measure is looked up.


def cards(*measures):
    width = 1240 // len(measures)
    return [(f"card{i + 1}", "cardVisual", m.split(".")[1], {"Data": [m]},
        20 + i * width, 80, width - 20, 100) for i, m in enumerate(measures)]


def slicers():
    return [("when", "slicer", "Day", {"Values": ["Date.Date"]},
            20, 10, 600, 60),
        ("whose", "slicer", "Tenant", {"Values": ["Tenant.Tenant"]},
            640, 10, 600, 60)]


LEFT, RIGHT = (20, 190, 610, 250), (640, 190, 620, 250)
LOW_LEFT, LOW_RIGHT = (20, 450, 610, 260), (640, 450, 620, 260)

PAGES = {
    "traffic": ("Traffic", slicers() + cards("Requests.Request count",
        "Requests.Bytes sent", "Requests.Cache hit %",
        "Requests.Images requested") + [
        ("byday", "lineChart", "Requests by day", {"Category": ["Date.Date"],
            "Y": ["Requests.Request count", "Requests.Rendered"]}, *LEFT),
        ("bytenant", "columnChart", "By tenant and cache",
            {"Category": ["Tenant.Tenant"], "Series": ["Cache.Cache state"],
            "Y": ["Requests.Request count"]}, *RIGHT),
        ("byhour", "clusteredColumnChart", "By hour of the day (UTC)",
            {"Category": ["Time.Hour"], "Y": ["Requests.Request count"]},
            *LOW_LEFT),
        ("images", "tableEx", "Most asked images", {"Values": ["Image.Image",
            "Requests.Request count", "Requests.Bytes sent"]}, *LOW_RIGHT)]),
    "performance": ("Performance", slicers() + cards("Requests.p50 ms",
        "Requests.p95 ms", "Requests.p99 ms", "Requests.Rendered p95 ms") + [
        ("byday", "lineChart", "Time of answers by day",
            {"Category": ["Date.Date"], "Y": ["Requests.p50 ms",
            "Requests.p95 ms", "Requests.p99 ms"]}, *LEFT),
        ("stages", "columnChart", "Where the time of a rendering goes",
            {"Category": ["Date.Date"], "Y": ["Requests.Fetch ms",
            "Requests.Queue ms", "Requests.Work ms"]}, *RIGHT),
        ("nodes", "tableEx", "Nodes", {"Values": ["Node.Node",
            "Requests.Request count", "Requests.p95 ms", "Requests.Queue ms",
            "Requests.Work ms"]}, *LOW_LEFT),
        ("variants", "tableEx", "What is asked for, and what it costs",
            {"Values": ["Variant.Plan", "Requests.Rendered",
            "Requests.Work ms"]}, *LOW_RIGHT)]),
    "formats": ("Formats and savings", slicers() + cards(
        "Requests.Bytes saved", "Requests.Bytes saved %",
        "Requests.Modern format %", "Requests.Rendered") + [
        ("formats", "donutChart", "Results by format",
            {"Category": ["Format.Format"], "Y": ["Requests.Rendered"]},
            *LEFT),
        ("saved", "clusteredBarChart", "Originals and results, bytes",
            {"Category": ["Format.Format"], "Y": ["Requests.Original bytes",
            "Requests.Result bytes"]}, *RIGHT),
        ("matrix", "pivotTable", "From which format to which",
            {"Rows": ["Original format.Original format"],
            "Columns": ["Format.Format"], "Values": ["Requests.Rendered"]},
            *LOW_LEFT),
        ("byday", "lineChart", "Modern formats by day",
            {"Category": ["Date.Date"], "Y": ["Requests.Modern format %"]},
            *LOW_RIGHT)]),
    "errors": ("Errors and retention", slicers() + cards("Requests.Errors",
        "Requests.Error %", "Requests.Server errors",
        "Image events.Copies held") + [
        ("byday", "lineChart", "Errors by day", {"Category": ["Date.Date"],
            "Y": ["Requests.Errors", "Requests.Server errors"]}, *LEFT),
        ("kinds", "clusteredBarChart", "By error",
            {"Category": ["Error.Error"], "Y": ["Requests.Errors"]}, *RIGHT),
        ("statuses", "tableEx", "Statuses", {"Values": ["Status.Status",
            "Error.Error", "Requests.Wrong parameter",
            "Requests.Request count"]}, *LOW_LEFT),
        ("archive", "columnChart", "Uploads and the archive by day",
            {"Category": ["Date.Date"], "Y": ["Image events.Uploaded",
            "Image events.Archived", "Image events.Expired"]},
            *LOW_RIGHT)]),
}
