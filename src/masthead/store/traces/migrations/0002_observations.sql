-- One row a diagnosed run, written anew at each diagnosis: what comparisons over many runs need, without any text of
-- the turns but the findings' reasons. `spans` and `verdict_ns` tell what it was made from.
CREATE TABLE observations
(
    project_id LowCardinality(String),
    run_id FixedString(16),
    time_ns Int64 CODEC(ZSTD(1)),
    version LowCardinality(String),
    spans UInt32 CODEC(ZSTD(1)),
    verdict_ns Int64 CODEC(ZSTD(1)),
    task_id Nullable(String) CODEC(ZSTD(1)),
    task Nullable(String) CODEC(ZSTD(1)),
    system Nullable(String) CODEC(ZSTD(1)),
    is_success Nullable(Bool) CODEC(ZSTD(1)),
    ending LowCardinality(String),
    agents Array(LowCardinality(String)) CODEC(ZSTD(1)),
    models Array(LowCardinality(String)) CODEC(ZSTD(1)),
    tags Array(LowCardinality(String)) CODEC(ZSTD(1)),
    metadata Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    day Nullable(Int64) CODEC(ZSTD(1)),
    codes Array(LowCardinality(String)) CODEC(ZSTD(1)),
    reasons Array(String) CODEC(ZSTD(1)),
    origin_agent Nullable(String) CODEC(ZSTD(1)),
    origin_turn Nullable(Int64) CODEC(ZSTD(1)),
    origin_confidence Nullable(Float64) CODEC(ZSTD(1)),
    origin_because Nullable(String) CODEC(ZSTD(1)),
    total_turns Int64 CODEC(ZSTD(1)),
    total_input_tokens Nullable(Int64) CODEC(ZSTD(1)),
    total_output_tokens Nullable(Int64) CODEC(ZSTD(1)),
    total_usd Nullable(Decimal(38, 12)) CODEC(ZSTD(1)),
    total_seconds Nullable(Float64) CODEC(ZSTD(1)),
    after_turns Nullable(Int64) CODEC(ZSTD(1)),
    after_input_tokens Nullable(Int64) CODEC(ZSTD(1)),
    after_output_tokens Nullable(Int64) CODEC(ZSTD(1)),
    after_usd Nullable(Decimal(38, 12)) CODEC(ZSTD(1)),
    after_seconds Nullable(Float64) CODEC(ZSTD(1)),
    share_lost Nullable(Float64) CODEC(ZSTD(1)),
    kept_until DateTime('UTC') CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(time_ns)
ORDER BY (project_id, run_id)
TTL kept_until
SETTINGS index_granularity = 1024,
    fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    old_parts_lifetime = 1, cleanup_delay_period = 1, max_cleanup_delay_period = 2, cleanup_delay_period_random_add = 0;
