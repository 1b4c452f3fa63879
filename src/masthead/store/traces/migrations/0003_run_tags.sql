-- Tags that people put on runs, or took off them: the last word on a run and tag counts, over what the spans say.
CREATE TABLE run_tags
(
    project_id LowCardinality(String),
    run_id FixedString(16),
    tag String CODEC(ZSTD(1)),
    is_set Bool,
    time_ns Int64 CODEC(ZSTD(1)),
    kept_until DateTime('UTC') CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(time_ns)
ORDER BY (project_id, run_id, tag)
TTL kept_until
SETTINGS index_granularity = 1024,
    fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    old_parts_lifetime = 1, cleanup_delay_period = 1, max_cleanup_delay_period = 2, cleanup_delay_period_random_add = 0;
