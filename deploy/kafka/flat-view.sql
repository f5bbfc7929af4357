-- SPDX-License-Identifier: Apache-2.0
-- For who loads with the managed connector: what a report asks of the flat table
-- public.image_events, without the star.
CREATE SCHEMA IF NOT EXISTS flat;

CREATE OR REPLACE VIEW flat.request AS
SELECT id AS event_id, CAST("time" AS timestamptz) AT TIME ZONE 'UTC' AS at,
    type AS event_type, coalesce(tenant, mount) AS tenant, coalesce(node, source) AS node,
    dialect, store, source_key AS image, plan_hash AS variant, cache_state,
    cache_state IN ('hit', 'joined', 'stale', 'revalidated') AS is_hit,
    error_code, status, format_in, format_out, bytes_in, bytes_out, bytes_result,
    ms_total, ms_fetch, ms_queue, ms_work,
    coalesce(1 / nullif(sample_rate, 0), 1) AS weight
FROM public.image_events
WHERE channel IS NULL AND status IS NOT NULL;

CREATE OR REPLACE VIEW flat.image AS
SELECT id AS event_id, CAST("time" AS timestamptz) AT TIME ZONE 'UTC' AS at,
    type AS event_type, coalesce(tenant, mount) AS tenant, channel, content_hash,
    object_store, object_key, object_bytes, expires, reason
FROM public.image_events
WHERE NOT (channel IS NULL AND status IS NOT NULL);
