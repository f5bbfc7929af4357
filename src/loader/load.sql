-- SPDX-License-Identifier: Apache-2.0
-- From the temporary table "batch" (column.def makes it, COPY fills it) into
-- the star. Runs inside the loader's transaction. "--@ NAME" begins a piece;
-- load.c puts the columns of column.def in place of @...@.
--
-- Rows of dimensions are inserted in the order of their names, so that loaders
-- side by side wait for each other in one order and never in a circle.

--@ dimensions
INSERT INTO bi.dim_tenant (tenant)
SELECT DISTINCT coalesce(b.tenant, b.mount) FROM batch AS b
WHERE coalesce(b.tenant, b.mount) IS NOT NULL AND NOT EXISTS (
    SELECT FROM bi.dim_tenant AS d WHERE d.tenant = coalesce(b.tenant, b.mount))
ORDER BY 1 ON CONFLICT DO NOTHING;

INSERT INTO bi.dim_node (node)
SELECT DISTINCT coalesce(b.node, b.source) FROM batch AS b
WHERE NOT EXISTS (
    SELECT FROM bi.dim_node AS d WHERE d.node = coalesce(b.node, b.source))
ORDER BY 1 ON CONFLICT DO NOTHING;

INSERT INTO bi.dim_event (event_type)
SELECT DISTINCT b.type FROM batch AS b
WHERE NOT EXISTS (SELECT FROM bi.dim_event AS d WHERE d.event_type = b.type)
ORDER BY 1 ON CONFLICT DO NOTHING;

INSERT INTO bi.dim_dialect (dialect)
SELECT DISTINCT b.dialect FROM batch AS b
WHERE b.dialect IS NOT NULL AND NOT EXISTS (
    SELECT FROM bi.dim_dialect AS d WHERE d.dialect = b.dialect)
ORDER BY 1 ON CONFLICT DO NOTHING;

INSERT INTO bi.dim_cache (cache_state)
SELECT DISTINCT b.cache_state FROM batch AS b
WHERE b.cache_state IS NOT NULL AND NOT EXISTS (
    SELECT FROM bi.dim_cache AS d WHERE d.cache_state = b.cache_state)
ORDER BY 1 ON CONFLICT DO NOTHING;

INSERT INTO bi.dim_error (error_code)
SELECT DISTINCT b.error_code FROM batch AS b
WHERE b.error_code IS NOT NULL AND NOT EXISTS (
    SELECT FROM bi.dim_error AS d WHERE d.error_code = b.error_code)
ORDER BY 1 ON CONFLICT DO NOTHING;

INSERT INTO bi.dim_format (format)
SELECT DISTINCT f.format
FROM batch AS b CROSS JOIN LATERAL (VALUES (b.format_in), (b.format_out))
    AS f (format)
WHERE f.format IS NOT NULL AND NOT EXISTS (
    SELECT FROM bi.dim_format AS d WHERE d.format = f.format)
ORDER BY 1 ON CONFLICT DO NOTHING;

INSERT INTO bi.dim_status (status, status_class, is_error)
SELECT DISTINCT b.status, b.status / 100 || 'xx', b.status >= 400
FROM batch AS b
WHERE b.status IS NOT NULL AND NOT EXISTS (
    SELECT FROM bi.dim_status AS d WHERE d.status = b.status)
ORDER BY 1 ON CONFLICT DO NOTHING;

-- Who asks for what is not there, or may not be, makes no rows of dimensions:
-- he could make as many as he likes.
INSERT INTO bi.dim_variant (tenant_key, variant, plan)
SELECT t.tenant_key, b.plan_hash, coalesce(min(b.plan), '')
FROM batch AS b
JOIN bi.dim_tenant AS t ON t.tenant = coalesce(b.tenant, b.mount, '(none)')
WHERE b.plan_hash IS NOT NULL AND b.type <> 'image.failed' AND NOT EXISTS (
    SELECT FROM bi.dim_variant AS d
    WHERE d.tenant_key = t.tenant_key AND d.variant = b.plan_hash)
GROUP BY 1, 2 ORDER BY 1, 2 ON CONFLICT DO NOTHING;

-- The newest event that knows something says what the original is.
WITH seen AS (
	SELECT DISTINCT ON (1, 2, 3) t.tenant_key,
	    coalesce(b.store, b.object_store, '') AS store,
	    coalesce(b.source_key, b.object_key) AS image,
	    coalesce(f.format_key, 0) AS format_key,
	    b.width_in, b.height_in, b.bytes_in, b.time
	FROM batch AS b
	JOIN bi.dim_tenant AS t ON t.tenant = coalesce(b.tenant, b.mount, '(none)')
	LEFT JOIN bi.dim_format AS f ON f.format = b.format_in
	WHERE coalesce(b.source_key, b.object_key) IS NOT NULL
	    AND (b.type <> 'image.failed' OR b.bytes_in IS NOT NULL)
	ORDER BY 1, 2, 3, b.bytes_in IS NULL, b.time DESC
)
INSERT INTO bi.dim_image AS d (tenant_key, store, image, original_format_key,
    width, height, bytes, seen_at)
SELECT s.tenant_key, s.store, s.image, s.format_key, s.width_in, s.height_in,
    s.bytes_in, s.time
FROM seen AS s
LEFT JOIN bi.dim_image AS o
    ON (o.tenant_key, o.store, o.image) = (s.tenant_key, s.store, s.image)
WHERE o.image_key IS NULL OR (s.bytes_in IS NOT NULL
    AND (o.bytes IS NULL OR s.time > o.seen_at)
    AND (o.original_format_key, o.width, o.height, o.bytes) IS DISTINCT FROM
	(s.format_key, s.width_in, s.height_in, s.bytes_in))
ORDER BY 1, 2, 3
ON CONFLICT (tenant_key, store, image) DO UPDATE
SET original_format_key = excluded.original_format_key,
    width = excluded.width, height = excluded.height, bytes = excluded.bytes,
    seen_at = excluded.seen_at
WHERE excluded.bytes IS NOT NULL
    AND (d.bytes IS NULL OR excluded.seen_at > d.seen_at);

--@ request
INSERT INTO bi.fact_request (event_id, at, date_key, time_key, event_type_key,
    tenant_key, node_key, dialect_key, image_key, variant_key, cache_key,
    error_key, original_format_key, format_key, weight, @COLUMNS@)
SELECT b.id, b.time, to_char(b.time, 'YYYYMMDD')::integer,
    (extract(hour FROM b.time) * 60 + extract(minute FROM b.time))::integer,
    e.event_type_key, t.tenant_key, n.node_key, coalesce(l.dialect_key, 0),
    coalesce(i.image_key, 0), coalesce(v.variant_key, 0),
    coalesce(c.cache_key, 0), coalesce(x.error_key, 0),
    coalesce(o.format_key, 0), coalesce(f.format_key, 0),
    coalesce(least(1 / nullif(b.sample_rate, 0), 4294967296), 1), @VALUES@
FROM batch AS b
JOIN bi.dim_event AS e ON e.event_type = b.type
JOIN bi.dim_tenant AS t ON t.tenant = coalesce(b.tenant, b.mount, '(none)')
JOIN bi.dim_node AS n ON n.node = coalesce(b.node, b.source)
LEFT JOIN bi.dim_dialect AS l ON l.dialect = b.dialect
LEFT JOIN bi.dim_image AS i ON i.tenant_key = t.tenant_key
    AND i.store = coalesce(b.store, b.object_store, '')
    AND i.image = coalesce(b.source_key, b.object_key)
LEFT JOIN bi.dim_variant AS v
    ON v.tenant_key = t.tenant_key AND v.variant = b.plan_hash
LEFT JOIN bi.dim_cache AS c ON c.cache_state = b.cache_state
LEFT JOIN bi.dim_error AS x ON x.error_code = b.error_code
LEFT JOIN bi.dim_format AS o ON o.format = b.format_in
LEFT JOIN bi.dim_format AS f ON f.format = b.format_out
WHERE b.channel IS NULL AND b.status IS NOT NULL
ON CONFLICT DO NOTHING

--@ image
INSERT INTO bi.fact_image (event_id, at, date_key, time_key, event_type_key,
    tenant_key, node_key, image_key, error_key, original_format_key, weight,
    @COLUMNS@)
SELECT b.id, b.time, to_char(b.time, 'YYYYMMDD')::integer,
    (extract(hour FROM b.time) * 60 + extract(minute FROM b.time))::integer,
    e.event_type_key, t.tenant_key, n.node_key, coalesce(i.image_key, 0),
    coalesce(x.error_key, 0), coalesce(o.format_key, 0),
    coalesce(least(1 / nullif(b.sample_rate, 0), 4294967296), 1), @VALUES@
FROM batch AS b
JOIN bi.dim_event AS e ON e.event_type = b.type
JOIN bi.dim_tenant AS t ON t.tenant = coalesce(b.tenant, b.mount, '(none)')
JOIN bi.dim_node AS n ON n.node = coalesce(b.node, b.source)
LEFT JOIN bi.dim_image AS i ON i.tenant_key = t.tenant_key
    AND i.store = coalesce(b.store, b.object_store, '')
    AND i.image = coalesce(b.source_key, b.object_key)
LEFT JOIN bi.dim_error AS x ON x.error_code = b.error_code
LEFT JOIN bi.dim_format AS o ON o.format = b.format_in
WHERE NOT (b.channel IS NULL AND b.status IS NOT NULL)
ON CONFLICT DO NOTHING

--@ letter
INSERT INTO pictor.dead_letter (origin, reason, payload, payload_size)
VALUES ($1, $2, decode($3, 'hex'), $4) ON CONFLICT DO NOTHING
