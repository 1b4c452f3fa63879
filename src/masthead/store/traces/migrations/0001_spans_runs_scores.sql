-- Spans as they came, with the narrow columns that lists and figures need. One run lies together: runs that ran in the
-- same hour are neighbours, and what repeats between their spans falls into one compressed block.
CREATE TABLE spans
(
    project_id LowCardinality(String),
    start_hour UInt32,
    run_id FixedString(16),
    start_ns Int64 CODEC(Delta, ZSTD(1)),
    span_id FixedString(8),
    parent_span_id FixedString(8),
    end_ns Int64 CODEC(Delta, ZSTD(1)),
    name LowCardinality(String),
    kind UInt8,
    status UInt8,
    status_message String CODEC(ZSTD(1)),
    operation LowCardinality(String),
    agent_id LowCardinality(String),
    agent LowCardinality(String),
    model LowCardinality(String),
    provider LowCardinality(String),
    tool LowCardinality(String),
    input_tokens Nullable(Int64) CODEC(ZSTD(1)),
    output_tokens Nullable(Int64) CODEC(ZSTD(1)),
    cache_read_tokens Nullable(Int64) CODEC(ZSTD(1)),
    cache_write_tokens Nullable(Int64) CODEC(ZSTD(1)),
    reasoning_tokens Nullable(Int64) CODEC(ZSTD(1)),
    cost_usd Nullable(Decimal(38, 12)) CODEC(ZSTD(1)),
    price_version LowCardinality(String),
    session_id String CODEC(ZSTD(1)),
    user_id String CODEC(ZSTD(1)),
    tags Array(LowCardinality(String)),
    metadata Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    task String CODEC(ZSTD(1)),
    system LowCardinality(String),
    outcome LowCardinality(String),
    scope_name LowCardinality(String),
    scope_version LowCardinality(String),
    attributes String CODEC(ZSTD(3)) SETTINGS (min_compress_block_size = 4194304, max_compress_block_size = 4194304),
    events String CODEC(ZSTD(3)) SETTINGS (min_compress_block_size = 4194304, max_compress_block_size = 4194304),
    links String CODEC(ZSTD(1)),
    resource String CODEC(ZSTD(1)),
    received_ns Int64 CODEC(Delta, ZSTD(1)),
    kept_until DateTime('UTC') CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(received_ns)
PARTITION BY toYYYYMM(fromUnixTimestamp64Nano(received_ns, 'UTC'))
ORDER BY (project_id, start_hour, run_id, start_ns, span_id)
TTL kept_until
SETTINGS index_granularity = 1024,
    min_bytes_for_wide_part = 268435456, -- one file a small part: an append costs 17 µs a span instead of 27
    non_replicated_deduplication_window = 1000,
    fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    -- what was erased or merged leaves the disk within seconds
    old_parts_lifetime = 1, cleanup_delay_period = 1, max_cleanup_delay_period = 2, cleanup_delay_period_random_add = 0;

-- One row a run, written anew after every append that touches it; a span sent twice counts once. `parts` splits the run
-- by agent and model. The index tells an appender that a run is new without reading the table.
CREATE TABLE runs
(
    project_id LowCardinality(String),
    run_id FixedString(16),
    name String CODEC(ZSTD(1)),
    system LowCardinality(String),
    task String CODEC(ZSTD(1)),
    start_ns Int64 CODEC(ZSTD(1)),
    end_ns Int64 CODEC(ZSTD(1)),
    outcome LowCardinality(String),
    spans UInt32 CODEC(ZSTD(1)),
    llm_calls UInt32 CODEC(ZSTD(1)),
    tool_calls UInt32 CODEC(ZSTD(1)),
    errors UInt32 CODEC(ZSTD(1)),
    agents Array(LowCardinality(String)) CODEC(ZSTD(1)),
    models Array(LowCardinality(String)) CODEC(ZSTD(1)),
    input_tokens Nullable(Int64) CODEC(ZSTD(1)),
    output_tokens Nullable(Int64) CODEC(ZSTD(1)),
    cost_usd Nullable(Decimal(38, 12)) CODEC(ZSTD(1)),
    session_id String CODEC(ZSTD(1)),
    user_id String CODEC(ZSTD(1)),
    tags Array(LowCardinality(String)) CODEC(ZSTD(1)),
    metadata Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    parts Array(Tuple(
        agent String, model String, spans UInt32, llm_calls UInt32, errors UInt32, unpriced UInt32,
        input_tokens Nullable(Int64), output_tokens Nullable(Int64), cost_usd Nullable(Decimal(38, 12))
    )) CODEC(ZSTD(1)),
    received_ns Int64 CODEC(ZSTD(1)),
    kept_until DateTime('UTC') CODEC(ZSTD(1)),
    INDEX known run_id TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(received_ns)
ORDER BY (project_id, run_id)
TTL kept_until
SETTINGS index_granularity = 1024,
    fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    old_parts_lifetime = 1, cleanup_delay_period = 1, max_cleanup_delay_period = 2, cleanup_delay_period_random_add = 0;

-- Verdicts. A correction is a new row; readers take the last one by the same evaluator on the same subject and name.
CREATE TABLE scores
(
    project_id LowCardinality(String),
    run_id FixedString(16),
    name LowCardinality(String),
    subject LowCardinality(String),
    span_id String CODEC(ZSTD(1)),
    turn Nullable(Int64) CODEC(ZSTD(1)),
    agent String CODEC(ZSTD(1)),
    evaluator LowCardinality(String),
    time_ns Int64 CODEC(ZSTD(1)),
    id String CODEC(ZSTD(1)),
    number Nullable(Float64) CODEC(ZSTD(1)),
    label Nullable(String) CODEC(ZSTD(1)),
    flag Nullable(Bool) CODEC(ZSTD(1)),
    reason Nullable(String) CODEC(ZSTD(1)),
    evidence Array(Int64) CODEC(ZSTD(1)),
    confidence Nullable(Float64) CODEC(ZSTD(1)),
    source LowCardinality(String),
    evaluator_version LowCardinality(String),
    kept_until DateTime('UTC') CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (project_id, run_id, name, evaluator, time_ns, id)
TTL kept_until
SETTINGS index_granularity = 1024,
    fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    old_parts_lifetime = 1, cleanup_delay_period = 1, max_cleanup_delay_period = 2, cleanup_delay_period_random_add = 0;

-- How many days a project's rows are kept, counted from when they were stored; 0 keeps them for ever.
CREATE TABLE retention
(
    project_id String,
    days UInt32,
    changed_ns Int64
)
ENGINE = ReplacingMergeTree(changed_ns)
ORDER BY project_id;
